/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Which peer of a view makes room for another (docs/design/admission.md). In the active view: the
 * lowest rank, in it the largest source, in it a random one. In the passive view: hearsay before
 * own experience before proven peers; of hearsay the neighbour that named most.
 */
#ifndef DTT_GOSSIP_ADMISSION_H
#define DTT_GOSSIP_ADMISSION_H

#include "gossip/view.h"

/* Places for strangers, however many proven neighbours there are. */
#define DTT_GOSSIP_STRANGERS 2
/* Passive peers that are known from one neighbour's word only. */
#define DTT_GOSSIP_HEARSAY_MAX 8

/** What has to happen before a peer can enter the active view. */
enum dtt_gossip_room { DTT_ROOM_FREE, DTT_ROOM_STRANGER_GOES, DTT_ROOM_PROVEN_GOES };

/**
 * `places` are those for proven peers; strangers have the ones that are left, and at least
 * DTT_GOSSIP_STRANGERS. The newcomer may be in the view already, having changed its standing.
 */
enum dtt_gossip_room dtt_admission_room(const struct dtt_gossip_view *active, size_t places,
                                        const struct dtt_gossip_peer *newcomer);
/** The peer that goes when `room` is not free; never the newcomer. */
struct dtt_gossip_peer *dtt_admission_victim(const struct dtt_gossip_view *active,
                                             enum dtt_gossip_room room,
                                             const struct dtt_gossip_peer *newcomer,
                                             struct dtt_rng *rng);
/** The peer that goes, or NULL while there is room. */
struct dtt_gossip_peer *dtt_admission_passive_victim(const struct dtt_gossip_view *passive,
                                                     const struct dtt_gossip_peer *newcomer,
                                                     struct dtt_rng *rng);

#endif
