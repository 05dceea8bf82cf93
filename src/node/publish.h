/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A one-time record of an application that need not join: the slots of the current minute are read,
 * to see who else is there, then it is put into them.
 */
#ifndef DTT_NODE_PUBLISH_H
#define DTT_NODE_PUBLISH_H

#include "base/rng.h"
#include "node/events.h"
#include "record/record.h"
#include "tracker/tuning.h"

struct dtt_publication {
    uint32_t op;
    uint8_t topic[32];
    struct dtt_secret secret;
    struct dtt_tracker_tuning tuning;
    uint64_t minute;
    unsigned pending; /**< slots being read, then written */
    bool is_writing;
    int status;
    uint32_t copies;
    uint32_t n_values; /**< looked into */
    size_t n_others;
    struct dtt_id others[64];
    bool has_seq[DTT_SLOT_KINDS];
    int64_t seq[DTT_SLOT_KINDS]; /**< largest one seen */
    size_t len;
    uint8_t content[DTT_CONTENT_MAX];
};

/** Of the minute it is now. `len` at most DTT_CONTENT_MAX. Errors as dtt_topic_read_config. */
int dtt_publication_new(struct dtt_publication **ret, const struct dtt_topic_config *cfg,
                        struct dtt_slice content, uint32_t op, struct dtt_now now);
/** Wipes it. */
void dtt_publication_free(struct dtt_publication *p);

/** A slot it goes into; false when slots of this kind are not in use. */
bool dtt_publication_slot(const struct dtt_publication *p, enum dtt_slot_kind kind,
                          struct dtt_slot *ret);
/** A value that was read. `self`: our own id, which does not count. */
void dtt_publication_value(struct dtt_publication *p, enum dtt_slot_kind kind, int64_t seq,
                           struct dtt_slice value, const struct dtt_id *self);
/** As many others are there as the tuning's record_cap. */
bool dtt_publication_is_capped(const struct dtt_publication *p);
/** Signs and seals it. DTT_ETOOBIG. */
int dtt_publication_seal(const struct dtt_publication *p, const uint8_t node_seed[32],
                         struct dtt_rng *rng, struct dtt_writer *ret);
/** The event that ends it. */
void dtt_publication_tell(const struct dtt_publication *p, struct dtt_now now,
                          struct dtt_events *events);

#endif
