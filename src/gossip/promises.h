/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the neighbours of a topic owe. A neighbour must answer a Graft for what it announced, and
 * for a message that all have. A leaf of the tree may have nothing to say for hours, and is as
 * silent as a peer that passes nothing on: so a silent one is asked for a message, and one that
 * answers is honest.
 */
#ifndef DTT_GOSSIP_PROMISES_H
#define DTT_GOSSIP_PROMISES_H

#include "base/ctx.h"
#include "base/time.h"
#include "gossip/message.h"
#include "gossip/view.h"

/* A Graft that a neighbour owes a message for is answered by then, or it counts as broken. */
#define DTT_GOSSIP_PROMISE_NS (3 * DTT_S)
/* What a neighbour owes that acknowledges nothing is put off: either may be cut off. Not for ever.
 */
#define DTT_GOSSIP_PUT_OFF_NS (40 * DTT_S)
#define DTT_GOSSIP_BROKEN_MAX 3 /* in a row: the neighbour is useless */
/* A neighbour that said nothing for so long, while others brought so many messages, is asked. */
#define DTT_GOSSIP_SILENT_NS (60 * DTT_S)
#define DTT_GOSSIP_SILENT_HEARD 32

/* So long after a place was contested neighbours that have brought nothing are asked. */
#define DTT_GOSSIP_CONTEST_NS (10 * DTT_S)
/* A message is so old when neighbours are asked for it: all have it by then. */
#define DTT_GOSSIP_WITNESS_NS (1 * DTT_S)

/** A message that a neighbour was asked for and must have, and how it kept the earlier ones. */
struct dtt_gossip_promise {
    struct dtt_gossip_message_id id;
    uint64_t due_ns; /**< 0: none is owed */
    uint64_t asked_ns;
    bool is_probe;     /**< asked only to see whether it answers */
    bool has_brought;  /**< it was the first to bring a message, or brought one that it owed */
    uint32_t n_broken; /**< in a row */
    uint64_t came_ns;
    uint64_t said_ns;    /**< the neighbour's last Gossip, IHave or Graft; at first its coming */
    uint64_t heard_then; /**< `n_heard` at that time */
};

struct dtt_gossip_promises {
    struct dtt_ctx *ctx;
    uint64_t n_heard;                     /**< messages of others */
    uint64_t message_ns;                  /**< when the last one came or was sent; 0: never */
    uint64_t contested_until_ns;          /**< until then newcomers are asked as well */
    struct dtt_gossip_message_id witness; /**< a message that all will have soon */
    uint64_t witness_ns;                  /**< when it came; 0: there is none */
    struct dtt_gossip_promise slots[DTT_GOSSIP_ACTIVE_MAX]; /**< as in struct dtt_plumtree */
};

/** Allocates nothing. */
void dtt_gossip_promises_init(struct dtt_gossip_promises *s, struct dtt_ctx *ctx);

/** A new neighbour owes nothing. */
void dtt_gossip_promises_add_slot(struct dtt_gossip_promises *s, struct dtt_now now, uint8_t slot);
/** A neighbour is gone. */
void dtt_gossip_promises_forget_slot(struct dtt_gossip_promises *s, uint8_t slot);
/** A neighbour had to make room for another. Of no interest while nobody speaks. */
void dtt_gossip_promises_contest(struct dtt_gossip_promises *s, struct dtt_now now);
/** A neighbour sent Gossip, IHave or Graft. */
void dtt_gossip_promises_said(struct dtt_gossip_promises *s, struct dtt_now now, uint8_t slot);
/** A neighbour was the first to bring a message: what it broke is forgiven. */
void dtt_gossip_promises_brought(struct dtt_gossip_promises *s, uint8_t slot);

/** A neighbour is asked for a message and owes it; unless it owes another, which is watched. */
void dtt_gossip_promises_make(struct dtt_gossip_promises *s, struct dtt_now now, uint8_t slot,
                              const struct dtt_gossip_message_id *id);
/** A neighbour brought a message. Whether that was owed as the answer to a probe. */
bool dtt_gossip_promises_keep(struct dtt_gossip_promises *s, uint8_t slot,
                              const struct dtt_gossip_message_id *id);
/**
 * Counts a promise that is due as broken; not a slow neighbour's, which may not know of it. One
 * that acknowledges nothing has it put off.
 */
void dtt_gossip_promises_judge(struct dtt_gossip_promises *s, struct dtt_now now, uint8_t slot,
                               bool is_slow, bool is_silent);

/** A message came, or was sent: it is the witness, unless there is one. */
void dtt_gossip_promises_witness(struct dtt_gossip_promises *s, struct dtt_now now,
                                 const struct dtt_gossip_message_id *id);
/** Whether a neighbour is to be asked for the witness, which it owes then. */
bool dtt_gossip_promises_probe(struct dtt_gossip_promises *s, struct dtt_now now, uint8_t slot,
                               bool is_slow);

/** It broke its promises three times in a row, or the first one. */
bool dtt_gossip_promises_is_useless(const struct dtt_gossip_promises *s, uint8_t slot);

#endif
