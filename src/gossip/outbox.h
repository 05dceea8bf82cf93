/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the state machines of all topics want done, in the order they wanted it: one bounded queue
 * which dtt_gossip_next empties. A full queue drops and counts, which peers see as a lost message;
 * it takes a caller that does not drain, for dtt_gossip_tick pauses long before.
 */
#ifndef DTT_GOSSIP_OUTBOX_H
#define DTT_GOSSIP_OUTBOX_H

#include "base/ring.h"
#include "gossip/blob.h"
#include "gossip/message.h"

#define DTT_GOSSIP_ACTIONS_MAX 2048
/* Timers rest while more actions wait: no single input or timer adds anything near the rest. */
#define DTT_GOSSIP_ACTIONS_BUSY 1024

struct dtt_gossip_outbox_item {
    enum dtt_gossip_action_type type;
    enum dtt_gossip_scope scope;
    bool last;
    bool is_hearsay;
    struct dtt_id via;
    struct dtt_gossip_topic_id topic;
    struct dtt_id peer;
    enum dtt_reason reason;
    struct dtt_gossip_blob *blob; /**< one reference, or NULL */
    size_t skip, len;             /**< the part of `blob` that is the action's data */
};

struct dtt_gossip_outbox {
    struct dtt_ring items;
};

/** What the two state machines of one topic share with the rest. Copied; pointers are borrowed. */
struct dtt_gossip_port {
    struct dtt_ctx *ctx;
    struct dtt_rng *rng;
    struct dtt_gossip_outbox *outbox;
    struct dtt_gossip_topic_id topic;
};

void dtt_gossip_outbox_init(struct dtt_gossip_outbox *o);
void dtt_gossip_outbox_fini(struct dtt_gossip_outbox *o);
/** Takes the oldest item out; the caller owns its blob reference. */
bool dtt_gossip_outbox_pop(struct dtt_gossip_outbox *o, struct dtt_gossip_outbox_item *ret);

static inline bool dtt_gossip_outbox_is_busy(const struct dtt_gossip_outbox *o)
{
    return o->items.count > DTT_GOSSIP_ACTIONS_BUSY;
}

/** The bytes of a message. DTT_ETOOBIG when it does not fit into a frame, DTT_ENOMEM. */
int dtt_gossip_outbox_encode(const struct dtt_gossip_message *m, struct dtt_gossip_blob **ret);
/** Queues a message for a peer. False, counted, when it did not fit or memory is short. */
bool dtt_gossip_send(const struct dtt_gossip_port *p, const struct dtt_id *to,
                     const struct dtt_gossip_message *m);
/** The same to a peer that only `via` vouches for, unless that is NULL. */
bool dtt_gossip_send_hearsay(const struct dtt_gossip_port *p, const struct dtt_id *to,
                             const struct dtt_id *via, const struct dtt_gossip_message *m);
/** Queues an encoded message, of which the outbox takes its own reference. */
bool dtt_gossip_send_blob(const struct dtt_gossip_port *p, const struct dtt_id *to,
                          struct dtt_gossip_blob *encoded);
void dtt_gossip_emit_disconnect(const struct dtt_gossip_port *p, const struct dtt_id *peer);
void dtt_gossip_emit_mute(const struct dtt_gossip_port *p, const struct dtt_id *peer);
void dtt_gossip_emit_refused(const struct dtt_gossip_port *p, const struct dtt_id *peer);
void dtt_gossip_emit_peer_data(const struct dtt_gossip_port *p, const struct dtt_id *peer,
                               struct dtt_gossip_blob *data);
void dtt_gossip_emit_up(const struct dtt_gossip_port *p, const struct dtt_id *peer);
void dtt_gossip_emit_down(const struct dtt_gossip_port *p, const struct dtt_id *peer,
                          enum dtt_reason reason);
/** The content is the `len` bytes of `blob` after the first `skip`. */
void dtt_gossip_emit_received(const struct dtt_gossip_port *p, const struct dtt_id *from,
                              enum dtt_gossip_scope scope, struct dtt_gossip_blob *blob,
                              size_t skip, size_t len);

#endif
