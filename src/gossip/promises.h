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
#define DTT_GOSSIP_BROKEN_MAX 3 /* in a row: the neighbour is useless */
/* A neighbour that said nothing for so long, while others brought so many messages, is asked. */
#define DTT_GOSSIP_SILENT_NS (60 * DTT_S)
#define DTT_GOSSIP_SILENT_HEARD 32

/** A message that a neighbour was asked for and must have, and how it kept the earlier ones. */
struct dtt_gossip_promise {
    struct dtt_gossip_message_id id;
    uint64_t due_ns;     /**< 0: none is owed */
    bool is_probe;       /**< asked only to see whether it answers */
    uint32_t n_broken;   /**< in a row */
    uint64_t said_ns;    /**< the neighbour's last Gossip, IHave or Graft; at first its coming */
    uint64_t heard_then; /**< `n_heard` at that time */
};

struct dtt_gossip_promises {
    struct dtt_ctx *ctx;
    uint64_t n_heard;                     /**< messages of others */
    struct dtt_gossip_message_id witness; /**< one that all neighbours should have by now */
    uint64_t witness_ns;                  /**< when it came; 0: never */
    uint8_t useless;                      /**< slot of a neighbour that should go; or none */
    struct dtt_gossip_promise slots[DTT_GOSSIP_ACTIVE_MAX]; /**< as in struct dtt_plumtree */
};

/** Allocates nothing. */
void dtt_gossip_promises_init(struct dtt_gossip_promises *s, struct dtt_ctx *ctx);

/** A new neighbour owes nothing. */
void dtt_gossip_promises_add_slot(struct dtt_gossip_promises *s, struct dtt_now now, uint8_t slot);
/** A neighbour is gone. */
void dtt_gossip_promises_forget_slot(struct dtt_gossip_promises *s, uint8_t slot);
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
/** Counts a promise that is due as broken; not a slow neighbour's, which may not know of it. */
void dtt_gossip_promises_judge(struct dtt_gossip_promises *s, struct dtt_now now, uint8_t slot,
                               bool is_slow);

/**
 * A new message came, which all will have soon. False when the witness is too young yet. Else the
 * message takes its place, and all neighbours are to be judged: while messages come, which is when
 * it matters. `*ret` is the old witness, zero when there is none that all can still serve.
 */
bool dtt_gossip_promises_next_witness(struct dtt_gossip_promises *s, struct dtt_now now,
                                      const struct dtt_gossip_message_id *id,
                                      struct dtt_gossip_message_id *ret);
/** Whether a neighbour is to be asked for the old witness, which it owes then. */
bool dtt_gossip_promises_probe(struct dtt_gossip_promises *s, struct dtt_now now, uint8_t slot,
                               bool is_slow, const struct dtt_gossip_message_id *witness);

/** It did not bring what it was asked for. */
bool dtt_gossip_promises_is_silent(const struct dtt_gossip_promises *s, uint8_t slot);
/** A neighbour that broke its promises three times in a row; told once. */
bool dtt_gossip_promises_take_useless(struct dtt_gossip_promises *s, uint8_t *ret);

#endif
