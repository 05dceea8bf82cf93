/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The proofs that go over one connection (docs/protocol/proof.md): ours, one for each topic, on a
 * stream of their own, and those of the peer.
 */
#ifndef DTT_NODE_LINK_PROOFS_H
#define DTT_NODE_LINK_PROOFS_H

#include "gossip/gossip.h"
#include "node/transport.h"

#define DTT_LINK_PROOFS_READ 64 /**< frames of a peer that are looked at */

/** What proofs are made of. */
struct dtt_prover {
    struct dtt_id me;
    const uint8_t *node_seed; /**< signs for `me`, 32 bytes; NULL: we take part in no meetings */
    void *user;
    /** The encryption seed of a topic that we are in; false: we are not, or it has none. */
    bool (*seed)(void *user, const struct dtt_gossip_topic_id *topic, uint64_t minute,
                 uint8_t ret_seed[32]);
    /** `peer`, a holder of the topic's secret, has just said that its clock shows `minute`. */
    void (*clock)(void *user, struct dtt_now now, const struct dtt_gossip_topic_id *topic,
                  const struct dtt_id *peer, uint64_t minute);
};

/** Of one connection. Zero the struct to initialise. */
struct dtt_link_proofs {
    bool has_stream;
    int64_t stream;
    struct dtt_gossip_topic_id *told; /**< topics that we have proven, or tried to */
    size_t n_told;
    unsigned n_read;
};

struct dtt_links;
struct dtt_link;
struct dtt_link_conn;

void dtt_link_proofs_fini(struct dtt_link_proofs *p);
/** Whether a stream with this header carries proofs. */
bool dtt_link_proofs_is_stream(const struct dtt_gossip_topic_id *topic);
/** Whether the topic has been proven, or tried to: asked before each message, so it is cheap. */
bool dtt_link_proofs_is_told(const struct dtt_link_proofs *p,
                             const struct dtt_gossip_topic_id *topic);
/** Proves on connection `c` that we hold the secret of the topic; not again for one that is told.
 */
void dtt_link_proofs_tell(struct dtt_links *links, struct dtt_now now, const struct dtt_link *link,
                          struct dtt_link_conn *c, const struct dtt_gossip_topic_id *topic);
/** A frame of the peer; whether it proves that the peer holds the secret of *ret_topic. */
bool dtt_link_proofs_recv(struct dtt_links *links, struct dtt_now now, const struct dtt_link *link,
                          struct dtt_link_conn *c, struct dtt_slice frame,
                          struct dtt_gossip_topic_id *ret_topic);

#endif
