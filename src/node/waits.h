/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * DHT operations and who waits for them, shared by the files that start them: ops.c (slots of
 * topics), ops_record.c (lookups and publications), ops_addr.c (address packets), ops_app.c (the
 * application's own).
 */
#ifndef DTT_NODE_WAITS_H
#define DTT_NODE_WAITS_H

#include "node/inside.h"

/** Numbers of lookups and publications have this bit, those of DHT operations do not. */
#define DTT_OP_LOOKUP_BIT UINT32_C(0x80000000)

enum dtt_op_kind {
    DTT_OP_SLOT_GET,
    DTT_OP_SLOT_PUT,
    DTT_OP_LOOKUP,
    DTT_OP_PUBLISH_GET,
    DTT_OP_PUBLISH_PUT,
    DTT_OP_ADDR_GET,
    DTT_OP_ADDR_PUT,
    DTT_OP_APP
};

enum dtt_op_app { DTT_OP_APP_QUERY, DTT_OP_APP_PUT, DTT_OP_APP_ANNOUNCE };

/** Who waits for an operation. Each one that the core starts is in core.ops under its number. */
struct dtt_op {
    enum dtt_op_kind kind;
    struct dtt_topic *topic; /**< SLOT_GET, SLOT_PUT; NULL once the topic is gone */
    struct dtt_lookup *lookup;
    struct dtt_publication *publication; /**< PUBLISH_GET, PUBLISH_PUT: shared by `pending` ones */
    enum dtt_slot_kind slot;             /**< SLOT_..., LOOKUP, PUBLISH_... */
    uint64_t minute;
    enum dtt_op_app app; /**< APP; for a put or announce also what is reported back: */
    uint16_t port;
    uint8_t target[20];
    uint8_t key[32]; /**< ADDR_GET: whose addresses */
    int64_t seq;     /**< ADDR_GET: of the newest ones found */
};

/** Remembers a copy of `op`, or cancels the DHT operation and returns DTT_ENOMEM. */
int dtt_ops_add(struct dtt_core *c, struct dtt_now now, dtt_dht_op number, const struct dtt_op *op);
/** Reads a slot for `op`; DTT_E... when that could not be started. */
int dtt_ops_slot_get(struct dtt_core *c, struct dtt_now now, const struct dtt_slot *slot,
                     uint8_t width, bool is_brief, const struct dtt_op *op);
/** Writes a->value into a->slot for `op`; likewise. */
int dtt_ops_slot_put(struct dtt_core *c, struct dtt_now now, const struct dtt_tracker_action *a,
                     const struct dtt_op *op);
/** Contents of a bencoded byte string; false for another type. */
bool dtt_ops_string(struct dtt_slice v, struct dtt_slice *ret);

/* What the DHT says of an operation of theirs; it is forgotten afterwards when it is over. */
void dtt_ops_record_event(struct dtt_core *c, struct dtt_now now, struct dtt_op *op,
                          const struct dtt_dht_event *ev);
void dtt_ops_addr_event(struct dtt_core *c, struct dtt_now now, struct dtt_op *op,
                        const struct dtt_dht_event *ev);
void dtt_ops_app_event(struct dtt_core *c, struct dtt_now now, const struct dtt_op *op,
                       const struct dtt_dht_event *ev);

static inline bool dtt_ops_is_over(const struct dtt_dht_event *ev)
{
    return ev->type == DTT_DHT_EV_DONE || ev->type == DTT_DHT_EV_PUT_DONE;
}

#endif
