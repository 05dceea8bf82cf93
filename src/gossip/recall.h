/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The messages a topic remembers: ids, so that each is delivered once, and for a shorter time
 * contents, so that a peer that missed one can graft it: all of the last 30 s, and of older ones as
 * many as the topic's window says, for members that were away. Both are dropped by age, and when a
 * bound is reached: then the neighbour that brought the most loses its oldest one, so that a
 * neighbour that floods pushes out what it brought itself. Own messages have a share too, and so
 * have neighbours that are gone while their ids live. Of an id that was pushed out a fingerprint
 * stays, so that its message is known when it comes around over a slower neighbour.
 */
#ifndef DTT_GOSSIP_RECALL_H
#define DTT_GOSSIP_RECALL_H

#include "base/ctx.h"
#include "base/map.h"
#include "gossip/blob.h"
#include "gossip/fingerprints.h"
#include "gossip/message.h"
#include "gossip/view.h"

#define DTT_GOSSIP_RECALL_IDS 8192
#define DTT_GOSSIP_RECALL_BYTES (1024 * 1024) /* of contents */
#define DTT_GOSSIP_RECALL_BYTES_MIN 512       /* a content counts as so many at least */
/* Only contents of the last so many messages are announced to new neighbours: others may have
 * forgotten the ids of older ones, and would deliver them again. */
#define DTT_GOSSIP_RECALL_RECENT 2048
/* Own messages, all neighbours, and those that are gone. When there are more, those with the fewest
 * ids share. */
#define DTT_GOSSIP_RECALL_SHARES (DTT_GOSSIP_ACTIVE_MAX + 8)

struct dtt_gossip_recall_entry {
    struct dtt_gossip_message_id id;
    uint64_t number; /**< it was the topic's message number so and so */
    uint64_t heard_ns;
    uint64_t content_until_ns;    /**< when its age is that of the window */
    struct dtt_gossip_blob *blob; /**< the encoded Gossip message, NULL when dropped */
    bool is_lost;                 /**< our own, dropped before anybody had it */
    struct dtt_gossip_recall_entry *next;
};

enum dtt_gossip_recall_room {
    DTT_GOSSIP_RECALL_ROOM_IDS,
    DTT_GOSSIP_RECALL_ROOM_CONTENTS,
    DTT_GOSSIP_RECALL_ROOM_BYTES, /**< of contents, as they count */
    DTT_GOSSIP_RECALL_ROOMS
};

/** What one neighbour brought, oldest first. */
struct dtt_gossip_recall_share {
    struct dtt_id from;
    struct dtt_gossip_recall_entry *oldest, *newest;
    struct dtt_gossip_recall_entry *oldest_content; /**< no content before this one */
    size_t held[DTT_GOSSIP_RECALL_ROOMS];
};

struct dtt_gossip_recall {
    struct dtt_ctx *ctx;
    struct dtt_gossip_window window;
    struct dtt_map ids;
    size_t held[DTT_GOSSIP_RECALL_ROOMS]; /**< by all shares */
    uint64_t n_heard;
    struct dtt_gossip_fingerprints pushed_out; /**< shares are numbered as here */
    struct dtt_gossip_recall_share shares[DTT_GOSSIP_RECALL_SHARES]; /**< the first one is ours */
};

/** A walk over the contents. Zero it to begin. Valid while nothing is added or expired. */
struct dtt_gossip_recall_walk {
    bool is_begun;
    const struct dtt_gossip_recall_entry *next[DTT_GOSSIP_RECALL_SHARES];
};

void dtt_gossip_recall_init(struct dtt_gossip_recall *r, struct dtt_ctx *ctx,
                            const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES]);
void dtt_gossip_recall_fini(struct dtt_gossip_recall *r);

/** Whether the message was heard or said. */
bool dtt_gossip_recall_has(const struct dtt_gossip_recall *r,
                           const struct dtt_gossip_message_id *id);
/**
 * Remembers a message that is not there yet, brought by `from` (NULL: it is our own). `blob` (may
 * be NULL) is served until `content_until_ns`; takes a reference of its own. DTT_ENOMEM.
 */
int dtt_gossip_recall_add(struct dtt_gossip_recall *r, uint64_t now_ns, const struct dtt_id *from,
                          const struct dtt_gossip_message_id *id, struct dtt_gossip_blob *blob,
                          uint64_t content_until_ns);
/** The encoded message while it may be served, or NULL. Borrowed. */
struct dtt_gossip_blob *dtt_gossip_recall_content(const struct dtt_gossip_recall *r,
                                                  uint64_t now_ns,
                                                  const struct dtt_gossip_message_id *id);
/**
 * The next of the recent entries that may be served and are no older than `age_ns`, oldest first,
 * or NULL.
 */
const struct dtt_gossip_recall_entry *
dtt_gossip_recall_next_content(const struct dtt_gossip_recall *r, uint64_t now_ns, uint64_t age_ns,
                               struct dtt_gossip_recall_walk *walk);
/** How old the message is whose content ends at `until_ns`, not before now. */
uint64_t dtt_gossip_recall_age(const struct dtt_gossip_recall *r, uint64_t now_ns,
                               uint64_t until_ns);
/** How long ids are remembered. */
uint64_t dtt_gossip_recall_id_ns(const struct dtt_gossip_recall *r);

/** The content of `id`, when we keep it, has come to somebody. */
void dtt_gossip_recall_taken(const struct dtt_gossip_recall *r,
                             const struct dtt_gossip_message_id *id);
/** Forgets `id` if it is of a message of our own that was lost: it may be said again. */
void dtt_gossip_recall_forget_lost(struct dtt_gossip_recall *r,
                                   const struct dtt_gossip_message_id *id);

/** Drops contents and fingerprints and keeps the ids: the topic has been left, and may be joined
 * again. */
void dtt_gossip_recall_rest(struct dtt_gossip_recall *r);

/** Drops ids and contents that are too old. */
void dtt_gossip_recall_expire(struct dtt_gossip_recall *r, uint64_t now_ns);
/** When dtt_gossip_recall_expire has something to do, or DTT_NEVER. */
uint64_t dtt_gossip_recall_deadline(const struct dtt_gossip_recall *r);

#endif
