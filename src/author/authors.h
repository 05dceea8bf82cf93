/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Who is in a topic, as far as a member can know it: the authors of signed messages and its
 * neighbours. Which of an author's messages were heard before stands there, too, so that a message
 * counts once (docs/protocol/signed.md).
 *
 * Bounded. Of the neighbour that brought the most of the authors, the one heard longest ago makes
 * room. What it has said may come again then: of authors that are not known, messages of before the
 * last word of one that was forgotten count as heard.
 */
#ifndef DTT_AUTHOR_AUTHORS_H
#define DTT_AUTHOR_AUTHORS_H

#include "author/envelope.h"
#include "author/gaps.h"
#include "author/replay.h"
#include "base/ctx.h"
#include "base/list.h"
#include "base/map.h"

#include <dtt/event.h>

#define DTT_AUTHORS_MAX 256 /**< a topic */
/**
 * A fresh message was signed at most so long ago, or so far ahead: two minutes, for which members
 * keep what others may have missed, and the time that it takes to bring it.
 */
#define DTT_AUTHORS_WINDOW_NS (130 * DTT_S)
/** Who was not heard for so long, and is no neighbour, is gone. */
#define DTT_AUTHORS_GONE_NS (900 * DTT_S)
/** What has not come for one to two of these is missed. */
#define DTT_AUTHORS_TURN_NS (10 * DTT_S)

struct dtt_author {
    struct dtt_id id;
    struct dtt_list_link order; /**< in one of the two lists below */
    struct dtt_replay replay;
    struct dtt_gaps gaps;
    uint64_t turn_ns;  /**< the next turn, while there are gaps */
    struct dtt_id via; /**< the neighbour that brought the first of it */
    uint64_t heard_ns; /**< monotonic */
    uint64_t heard_ms; /**< unix time */
    bool is_neighbor;
    bool is_dated;   /**< it writes the extension, so that a name without it is not its latest */
    size_t name_len; /**< 0: it has told none */
    char name[DTT_NAME_MAX + 1];
};

struct dtt_authors {
    struct dtt_ctx *ctx;
    struct dtt_map map;    /**< id -> struct dtt_author */
    struct dtt_list here;  /**< by when they were heard */
    struct dtt_list gone;  /**< likewise */
    uint64_t turn_ns;      /**< when one of them has a turn; DTT_NEVER: none has gaps */
    uint64_t forgotten_ms; /**< the last word of those that had to make room */
    int64_t ahead_ms;      /**< by how much our clock is ahead of the others' */
};

/** What has changed; `author` is valid until the next call. */
struct dtt_author_news {
    int change; /**< enum dtt_member_change; 0: nothing */
    const struct dtt_author *author;
    char was[DTT_NAME_MAX + 1]; /**< NAMED: the name it had, or empty */
};

void dtt_authors_init(struct dtt_authors *a, struct dtt_ctx *ctx,
                      const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES]);
void dtt_authors_fini(struct dtt_authors *a);

/** Unix time as most members have it. */
uint64_t dtt_authors_now_ms(const struct dtt_authors *a, struct dtt_now now);

/**
 * A good message of the topic came by way of the neighbour `via`: enum dtt_replayed. `is_once`:
 * equal ones of the last minute come once. One that was replayed changes nothing.
 */
int dtt_authors_hear(struct dtt_authors *a, struct dtt_now now, const struct dtt_envelope *e,
                     const struct dtt_id *via, bool is_once, struct dtt_author_news *ret);
/** What the time of a dated message alone says: enum dtt_replayed. */
int dtt_authors_judge_time(const struct dtt_authors *a, struct dtt_now now, uint64_t sent_ms);
void dtt_authors_neighbor_up(struct dtt_authors *a, struct dtt_now now, const struct dtt_id *peer,
                             struct dtt_author_news *ret);
/** `has_left`: it has said goodbye to the topic. */
void dtt_authors_neighbor_down(struct dtt_authors *a, struct dtt_now now, const struct dtt_id *peer,
                               bool has_left, struct dtt_author_news *ret);

/** Writes up to cap of them, the one heard last first, those gone at the end; returns how many. */
size_t dtt_authors_list(const struct dtt_authors *a, const struct dtt_author **ret, size_t cap);
bool dtt_authors_is_here(const struct dtt_authors *a, const struct dtt_author *author);

/** When somebody will be gone, or something is missed. */
uint64_t dtt_authors_deadline(const struct dtt_authors *a);
/** The next one that is gone; `ret->change` is 0 when there is none. */
void dtt_authors_tick(struct dtt_authors *a, struct dtt_now now, struct dtt_author_news *ret);
/** The next one of whom messages are missed, and how many; NULL: none. */
const struct dtt_author *dtt_authors_missed(struct dtt_authors *a, struct dtt_now now,
                                            uint64_t *ret_messages);

#endif
