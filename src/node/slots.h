/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Slots read and written in the DHT. */
#ifndef DTT_NODE_SLOTS_H
#define DTT_NODE_SLOTS_H

#include "node/inside.h"

/**
 * Which topic a config means, and its secret. DTT_EINVAL without a secret, or with two names;
 * DTT_ENOMEM of a closed topic.
 */
int dtt_slots_topic(const struct dtt_topic_config *cfg, uint8_t ret_topic[32],
                    struct dtt_secret *ret_secret);

/**
 * Start an operation for `wait`. Which slot it is about they fill in there and in `args`, and what
 * is put (raw, it is bencoded as a string); the caller sets the rest. DTT_E...
 */
int dtt_slots_get(struct dtt_core *c, struct dtt_now now, const struct dtt_slot *slot,
                  struct dtt_dht_get_args *args, struct dtt_wait *wait);
/** `args->seq` is also sent as cas. */
int dtt_slots_put(struct dtt_core *c, struct dtt_now now, const struct dtt_slot *slot,
                  struct dtt_slice value, struct dtt_dht_put_args *args, struct dtt_wait *wait);
/** The contents of a value; a value that is no bencoded string is given as it is. */
struct dtt_slice dtt_slots_value(const struct dtt_dht_event *ev);
/** Tells a topic's tracker what the DHT says of the slot. */
void dtt_slots_event(struct dtt_now now, const struct dtt_wait *wait,
                     const struct dtt_dht_event *ev);

#endif
