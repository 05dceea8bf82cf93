/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a topic's members say signed: each message heard is judged, each of ours gets its time and
 * its number, and our name is told again when somebody may not know it.
 */
#ifndef DTT_NODE_TALK_H
#define DTT_NODE_TALK_H

#include "author/authors.h"
#include "base/ctx.h"
#include "gossip/gossip.h"

/** Largest content of a signed message. */
#define DTT_TALK_SIGNED_MAX (DTT_GOSSIP_CONTENT_MAX - DTT_ENVELOPE_EXTRA)
/** Our name is told no more often than this, or than this for each two members. */
#define DTT_TALK_NAME_NS (10 * DTT_S)
#define DTT_TALK_NAME_MEMBER_NS (1 * DTT_S)
/** And as often as this, so that others know that we are here. */
#define DTT_TALK_NAME_KEEP_NS (300 * DTT_S)

struct dtt_talk {
    struct dtt_ctx *ctx;
    struct dtt_authors authors;
    struct dtt_rng rng;
    struct dtt_id me;
    struct dtt_gossip_topic_id topic;
    uint64_t first_seq; /**< what is not above it is of a former process of ours */
    uint64_t seq;       /**< of our last message */
    size_t name_len;    /**< 0: none is told */
    char name[DTT_NAME_MAX];
    uint64_t name_said_ns; /**< 0: never */
    uint64_t name_due_ns;  /**< it is told then */
};

void dtt_talk_init(struct dtt_talk *t, struct dtt_ctx *ctx, struct dtt_now now,
                   const struct dtt_id *me, const struct dtt_gossip_topic_id *topic);
void dtt_talk_fini(struct dtt_talk *t);

/** What has become of a message. */
struct dtt_talk_heard {
    bool is_message; /**< else it is none for the program */
    struct dtt_event_message message;
    struct dtt_author_news news;
};

/** A message came from a neighbour. The event's slices point into `data`. */
void dtt_talk_hear(struct dtt_talk *t, struct dtt_now now, const struct dtt_id *from,
                   enum dtt_gossip_scope scope, struct dtt_slice data, struct dtt_talk_heard *ret);
/** Writes a signed message of ours; dtt_talk_said follows when it has been sent. */
void dtt_talk_write(const struct dtt_talk *t, struct dtt_now now, struct dtt_slice content,
                    const uint8_t seed[32], struct dtt_writer *w);
void dtt_talk_said(struct dtt_talk *t);

/* ---- our name */

/** DTT_EINVAL, DTT_ETOOBIG. Length 0: none any more. */
int dtt_talk_set_name(struct dtt_talk *t, struct dtt_now now, struct dtt_slice name);
/** Somebody came. */
void dtt_talk_greet(struct dtt_talk *t, struct dtt_now now);
bool dtt_talk_is_name_due(const struct dtt_talk *t, struct dtt_now now);
/** As dtt_talk_write; dtt_talk_named follows, said or not. */
void dtt_talk_write_name(const struct dtt_talk *t, struct dtt_now now, const uint8_t seed[32],
                         struct dtt_writer *w);
void dtt_talk_named(struct dtt_talk *t, struct dtt_now now, bool is_said, bool is_alone);

/* ---- time */
uint64_t dtt_talk_deadline(const struct dtt_talk *t);

#endif
