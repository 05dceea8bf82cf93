/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One topic: HyParView finds the neighbours, PlumTree broadcasts over them. After each input the
 * active view of the one becomes the neighbours of the other.
 */
#ifndef DTT_GOSSIP_SWARM_H
#define DTT_GOSSIP_SWARM_H

#include "codec/json.h"
#include "gossip/hyparview.h"
#include "gossip/plumtree.h"

struct dtt_swarm {
    struct dtt_hyparview hyparview;
    struct dtt_plumtree plumtree;
};

/** DTT_ENOMEM leaves nothing to free. The struct must not move afterwards. */
int dtt_swarm_init(struct dtt_swarm *s, struct dtt_now now, const struct dtt_gossip_port *port,
                   const struct dtt_hyparview_config *cfg,
                   const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES]);
void dtt_swarm_fini(struct dtt_swarm *s);
/** Takes over the ids of messages that the topic had when it was left; `r` is empty then. */
void dtt_swarm_recall(struct dtt_swarm *s, struct dtt_now now, struct dtt_gossip_recall *r);
/** The ids of messages, for a topic that is left; the caller frees them. */
void dtt_swarm_part(struct dtt_swarm *s, struct dtt_gossip_recall *ret);

void dtt_swarm_recv(struct dtt_swarm *s, struct dtt_now now, const struct dtt_gossip_source *from,
                    const struct dtt_gossip_message *m);
void dtt_swarm_peer_gone(struct dtt_swarm *s, struct dtt_now now, const struct dtt_id *peer,
                         enum dtt_reason reason);

/** The peer is known to hold the topic's secret. */
void dtt_swarm_prove(struct dtt_swarm *s, struct dtt_now now, const struct dtt_id *peer);

struct dtt_gossip_facts dtt_swarm_facts(const struct dtt_swarm *s);
/**
 * Adds its views to the open object: "active", with how messages are pushed and what the neighbour
 * is worth, and "passive".
 */
void dtt_swarm_snapshot(struct dtt_json *j, const struct dtt_swarm *s);

uint64_t dtt_swarm_deadline(const struct dtt_swarm *s);
/** Fires the earliest timer that is due; false when none is. */
bool dtt_swarm_tick(struct dtt_swarm *s, struct dtt_now now);

#endif
