/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Lookups and publications: a topic's records read or written once, without joining it. A lookup
 * reads the slots of two minutes and reports each distinct record. A publication reads those of
 * this minute, to count the other publishers, then writes its record into them.
 */
#ifndef DTT_NODE_ONCE_H
#define DTT_NODE_ONCE_H

#include "dht/dht.h"
#include "node/core.h"

struct dtt_wait;

/** Both: errors as in <dtt/dtt.h>. *ret_op, the number of the events, is never 0. */
int dtt_once_lookup(struct dtt_core *c, struct dtt_now now, const struct dtt_topic_config *cfg,
                    uint32_t *ret_op);
/** `content` has at most DTT_RECORD_CONTENT_MAX bytes. */
int dtt_once_publish(struct dtt_core *c, struct dtt_now now, const struct dtt_topic_config *cfg,
                     struct dtt_slice content, uint32_t *ret_op);

/** What the DHT says of such an operation. */
void dtt_once_event(struct dtt_core *c, struct dtt_now now, const struct dtt_wait *wait,
                    const struct dtt_dht_event *ev);
/** Frees all lookups and publications without an event. */
void dtt_once_free_all(struct dtt_core *c);

#endif
