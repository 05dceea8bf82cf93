/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Slots read and written in the DHT. */
#ifndef DTT_NODE_SLOTS_H
#define DTT_NODE_SLOTS_H

#include "node/inside.h"

/** Which topic a config means, and its secret. DTT_EINVAL without a secret, or with two names. */
int dtt_slots_topic(const struct dtt_topic_config *cfg, uint8_t ret_topic[32],
                    struct dtt_secret *ret_secret);

struct dtt_slot_get {
    const struct dtt_slot *slot;
    uint64_t fresh_ns; /**< as in dtt_dht_get_args, like the other two */
    uint8_t width;
    bool is_brief;
};

struct dtt_slot_put {
    const struct dtt_slot *slot;
    struct dtt_slice value; /**< raw: it is bencoded as a string */
    int64_t seq;            /**< also sent as cas */
    uint8_t copies;         /**< stored on so many of the `width` closest nodes */
    uint8_t width;
    bool is_brief;
};

/** Start an operation for `wait`, whose slot and minute they fill in. DTT_E... */
int dtt_slots_get(struct dtt_core *c, struct dtt_now now, const struct dtt_slot_get *get,
                  struct dtt_wait *wait);
int dtt_slots_put(struct dtt_core *c, struct dtt_now now, const struct dtt_slot_put *put,
                  struct dtt_wait *wait);
/** The contents of a value; a value that is no bencoded string is given as it is. */
struct dtt_slice dtt_slots_value(const struct dtt_dht_event *ev);
/** Tells a topic's tracker what the DHT says of the slot. */
void dtt_slots_event(struct dtt_now now, const struct dtt_wait *wait,
                     const struct dtt_dht_event *ev);

#endif
