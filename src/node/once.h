/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A one-time reading of a topic's slots in two minutes for an application that does not join.
 * Counted references: one for each slot still being read.
 */
#ifndef DTT_NODE_ONCE_H
#define DTT_NODE_ONCE_H

#include "node/events.h"
#include "record/record.h"

struct dtt_lookup;

/** With one reference. Errors as dtt_topic_read_config. */
int dtt_lookup_new(struct dtt_lookup **ret, const struct dtt_topic_config *cfg, uint32_t op,
                   struct dtt_now now);
void dtt_lookup_ref(struct dtt_lookup *l);
void dtt_lookup_unref(struct dtt_lookup *l);
uint32_t dtt_lookup_op(const struct dtt_lookup *l);
/** A slot to be read; false when slots of this kind are not in use. */
bool dtt_lookup_slot(const struct dtt_lookup *l, enum dtt_slot_kind kind, uint64_t minute,
                     struct dtt_slot *ret);
/** Slots being read, that is references beyond the creator's. */
unsigned dtt_lookup_pending(const struct dtt_lookup *l);

/** A value of a slot of `minute`: gives a RECORD event when it is a new verified record. */
void dtt_lookup_value(struct dtt_lookup *l, struct dtt_now now, uint64_t minute,
                      struct dtt_slice value, struct dtt_events *events);
/** One slot is read. The last one gives LOOKUP_DONE and true. */
bool dtt_lookup_done(struct dtt_lookup *l, struct dtt_now now, uint32_t asked, uint32_t answered,
                     struct dtt_events *events);

#endif
