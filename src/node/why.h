/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Explains to the user how far a topic has come, in figures and in a sentence. */
#ifndef DTT_NODE_WHY_H
#define DTT_NODE_WHY_H

#include "dht/dht.h"
#include "gossip/gossip.h"
#include "node/dials.h"
#include "node/relays.h"
#include "tracker/tracker.h"

#include <dtt/dtt.h>

/** Of the bootstrap hosts' names. */
struct dtt_why_names {
    unsigned resolving;  /**< being looked up */
    unsigned threadless; /**< not looked up, as the host has no thread for it */
};

/** The word for an enum dtt_stage. */
const char *dtt_why_stage_word(int stage);
/** `failure`: the last dial that failed. */
void dtt_why_explain(const struct dtt_tracker_status *s, const struct dtt_dht_stats *dht,
                     const struct dtt_gossip_facts *facts, const struct dtt_dial_failure *failure,
                     struct dtt_why_names names, struct dtt_now now, struct dtt_why *ret);
/** Adds to the sentence of `w` that a relay does not serve, and why; nothing if all do. */
void dtt_why_add_relay(struct dtt_why *w, const struct dtt_relays *relays);

#endif
