/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The standing of peers in one topic: which of them are known to hold its secret. Bounded; the one
 * proven longest ago that is no neighbour makes room. Proofs that are over go when another one
 * comes.
 */
#ifndef DTT_GOSSIP_STANDING_H
#define DTT_GOSSIP_STANDING_H

#include "base/map.h"
#include "base/time.h"

#include <dtt/types.h>

#include <stdbool.h>

#define DTT_STANDING_MAX 512                /**< proven peers a topic */
#define DTT_STANDING_KEPT_NS (3600 * DTT_S) /**< a proof is good for this long */

struct dtt_gossip_view;
struct dtt_standing_entry;

struct dtt_standings {
    struct dtt_map proven;                      /**< id -> struct dtt_standing_entry */
    struct dtt_standing_entry *oldest, *newest; /**< by the time of their last proof */
};

void dtt_standings_init(struct dtt_standings *s, const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES]);
void dtt_standings_fini(struct dtt_standings *s);
/** The peer holds the secret. Without memory, or room beside the neighbours, it is not kept. */
void dtt_standings_prove(struct dtt_standings *s, struct dtt_now now, const struct dtt_id *peer,
                         const struct dtt_gossip_view *neighbors);
/** A neighbour stays proven for as long as it is one and is remembered. */
bool dtt_standings_is_proven(const struct dtt_standings *s, struct dtt_now now,
                             const struct dtt_id *peer, const struct dtt_gossip_view *neighbors);

#endif
