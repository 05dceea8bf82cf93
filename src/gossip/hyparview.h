/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * HyParView membership of one topic: an active view of a few peers, with whom messages are
 * exchanged (the neighbours), and a passive view of more, from which lost neighbours are replaced.
 * Output goes to the port's outbox.
 */
#ifndef DTT_GOSSIP_HYPARVIEW_H
#define DTT_GOSSIP_HYPARVIEW_H

#include "base/bucket.h"
#include "gossip/outbox.h"
#include "gossip/request.h"
#include "gossip/standing.h"
#include "gossip/view.h"
#include "gossip/visits.h"

/** A neighbour that said nothing for so many shuffles, though asked, is reported as mute. */
#define DTT_HYPARVIEW_MUTE_SHUFFLES 2

struct dtt_hyparview_config {
    struct dtt_id me;
    uint32_t active_view;  /**< 1..DTT_GOSSIP_ACTIVE_MAX - DTT_GOSSIP_STRANGERS */
    uint32_t passive_view; /**< 1..DTT_GOSSIP_PASSIVE_MAX */
    uint64_t shuffle_ns;
};

struct dtt_hyparview {
    struct dtt_gossip_port port;
    struct dtt_hyparview_config cfg;
    struct dtt_gossip_blob *my_data; /**< NULL: empty */
    struct dtt_timerq timers;
    struct dtt_timer shuffle_timer;
    struct dtt_bucket stranger_replies; /**< ShuffleReplies for which we may have to dial */
    struct dtt_standings standings;
    struct dtt_visits visits;
    struct dtt_gossip_view active;
    struct dtt_gossip_view passive;
    struct dtt_gossip_peer active_peers[DTT_GOSSIP_ACTIVE_MAX];
    struct dtt_gossip_peer passive_peers[DTT_GOSSIP_PASSIVE_MAX];
    struct dtt_requests requests;
    uint32_t n_replaced; /**< see dtt_hyparview_ask_out */
    bool is_contested;   /**< a neighbour had to make room; the caller takes this back */
};

/** DTT_ENOMEM leaves nothing to free. The struct must not move afterwards. */
int dtt_hyparview_init(struct dtt_hyparview *h, struct dtt_now now,
                       const struct dtt_gossip_port *port, const struct dtt_hyparview_config *cfg,
                       const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES]);
void dtt_hyparview_fini(struct dtt_hyparview *h);

/**
 * Sends Join, unless the peer is a neighbour; one that was a neighbour is asked to be one again,
 * without the ForwardJoins of a Join. DTT_ENOMEM also when the outbox is full.
 */
int dtt_hyparview_join(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *peer,
                       bool was_neighbor);
/**
 * `m` is one of the HyParView messages. True when it was a Join from a peer that is a neighbour
 * already: it was started anew.
 */
bool dtt_hyparview_recv(struct dtt_hyparview *h, struct dtt_now now,
                        const struct dtt_gossip_source *source, const struct dtt_gossip_message *m);
/**
 * A peer sends what only neighbours do. When it was asked, this is its yes: iroh-gossip leaves the
 * answer out when it believes to have asked us. Otherwise it gets a goodbye (bounded), or it would
 * take us for a neighbour for ever. Nothing when it is one.
 */
void dtt_hyparview_taken_for_neighbor(struct dtt_hyparview *h, struct dtt_now now,
                                      const struct dtt_gossip_source *source);
void dtt_hyparview_peer_gone(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *peer,
                             enum dtt_reason reason);
/** A neighbour passes nothing on: it loses its place, and is not taken back for a while. */
void dtt_hyparview_dismiss(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *peer);
/** The peer is known to hold the secret. */
void dtt_hyparview_prove(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *peer);
static inline bool dtt_hyparview_is_proven(const struct dtt_hyparview *h, struct dtt_now now,
                                           const struct dtt_id *peer)
{
    const struct dtt_gossip_peer *p = dtt_gossip_view_find(&h->active, peer);
    return p ? p->is_proven : dtt_standings_is_proven(&h->standings, now, peer, &h->active);
}
/** Own PeerData for later messages; takes a reference of its own. */
void dtt_hyparview_set_data(struct dtt_hyparview *h, struct dtt_gossip_blob *data);
/** All neighbours are told that they are, and with it our PeerData. */
void dtt_hyparview_confirm(struct dtt_hyparview *h, struct dtt_now now);
/** Goodbye to all neighbours, without NEIGHBOR_DOWN. Only dtt_hyparview_fini may follow. */
void dtt_hyparview_quit(struct dtt_hyparview *h);

bool dtt_hyparview_is_active(const struct dtt_hyparview *h, const struct dtt_id *peer);
/** In the active view, or an answer of it is awaited: its connection must stay. */
bool dtt_hyparview_needs(const struct dtt_hyparview *h, const struct dtt_id *peer);

/** Asserts what holds between two calls: bounded views, disjoint and without ourselves. */
void dtt_hyparview_check(const struct dtt_hyparview *h);
/** A neighbour said anything at all. */
void dtt_hyparview_heard(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *peer);

uint64_t dtt_hyparview_deadline(const struct dtt_hyparview *h);
/** Fires the earliest timer that is due; false when none is. */
bool dtt_hyparview_tick(struct dtt_hyparview *h, struct dtt_now now);

#endif
