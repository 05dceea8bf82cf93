/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Links: between gossip, which speaks to peers by id, and QUIC, which knows connections. Queues
 * messages until a connection is up, keeps one outgoing stream per topic, feeds incoming streams to
 * gossip, and lets connections go that no topic needs. The life of a link:
 *
 *     first message, no address known ──► LOCATING ───────────┐ none found ─► told and freed
 *                                            │ addresses       │
 *     first message, addresses known ───► DIALLING ───────────┤ race lost ──► told and freed
 *                                            │ connected       │
 *     the peer connects ────────────────► LIVE ◄──► LINGERING ┘ last connection ended
 *                                            (a neighbour in some topic, or in none)
 *
 * LINGERING ends after DTT_LINKS_LINGER_NS without a word of a topic of ours. When the last
 * connection ends while a dial of ours is still under way, the link is DIALLING again.
 *
 * Of the connections that peers made one makes room for each that is too many (places.h).
 */
#ifndef DTT_NODE_LINKS_H
#define DTT_NODE_LINKS_H

#include "base/ring.h"
#include "base/rng.h"
#include "base/timerq.h"
#include "gossip/gossip.h"
#include "node/backlog.h"
#include "node/birthday.h"
#include "node/book.h"
#include "node/destinations.h"
#include "node/door.h"
#include "node/events.h"
#include "node/link_proofs.h"
#include "node/meetings.h"
#include "node/outflow.h"
#include "node/relays.h"
#include "node/spares.h"
#include "node/transport.h"

#define DTT_LINKS_MAX 512                /**< peers with a connection or a dial */
#define DTT_LINKS_KNOCKS 64              /**< knocks that wait for the socket */
#define DTT_LINKS_MEETS 32               /**< datagrams of meetings that do */
#define DTT_LINKS_SOUGHT 16              /**< silent neighbours that slots are to be read for */
#define DTT_LINKS_CONNS 4                /**< connections a peer */
#define DTT_LINKS_FRESH_NS (10 * DTT_S)  /**< heard within this: the connection lives */
#define DTT_LINKS_MUTE_NS (120 * DTT_S)  /**< unheard for so long: it says nothing */
#define DTT_LINKS_LINGER_NS (15 * DTT_S) /**< an unneeded connection stays this long */

struct dtt_links {
    struct dtt_ctx *ctx;
    struct dtt_transport transport;
    struct dtt_gossip *gossip;
    struct dtt_prover prover;
    struct dtt_book book;
    struct dtt_destinations destinations;
    struct dtt_addr own[DTT_RECORD_ADDRS]; /**< our own addresses, those seen from outside too */
    size_t n_own;
    enum dtt_addr_scope nearest; /**< of our own addresses: others may name none that is nearer */
    struct dtt_map peers;        /**< id -> struct dtt_link */
    struct dtt_timerq timers;
    struct dtt_relays *relays;  /**< NULL: none is used */
    struct dtt_timer directing; /**< the search for direct ways to relayed peers goes on */
    struct dtt_timer look;      /**< at the links that have something to take */
    struct dtt_timer parting;   /**< what peers that left may still acknowledge is over */
    struct dtt_ring wanted;     /**< struct dtt_id, at most DTT_LINKS_MAX */
    struct dtt_ring named;      /**< the same on hearsay */
    struct dtt_ring sought;     /**< struct dtt_id, at most DTT_LINKS_SOUGHT */
    struct dtt_ring rerouted;   /**< struct dtt_id, at most DTT_LINKS_MAX: reached in another way */
    struct dtt_ring failures;   /**< struct dtt_dial_failure, at most DTT_LINKS_MAX */
    struct dtt_book_reach me;   /**< our own reach and when we joined; all zero: not known */
    struct dtt_doors doors;
    struct dtt_timer knocking; /**< at the next door */
    struct dtt_birthday birthday;
    struct dtt_spares spares;
    uint32_t dht_answered; /**< by the DHT, up to dht_ns; it had been asked so much then */
    uint32_t dht_asked;
    uint64_t dht_ns;
    struct dtt_timer guessing; /**< and at the next port */
    struct dtt_ring knocks;    /**< struct dtt_knock, at most DTT_LINKS_KNOCKS */
    struct dtt_meetings meetings;
    struct dtt_timer meeting;     /**< something is due in one */
    struct dtt_ring meet_ends;    /**< struct dtt_meet_end, at most DTT_MEETINGS_MAX */
    struct dtt_ring meet_packets; /**< struct dtt_meet_packet, at most DTT_LINKS_MEETS */
    struct dtt_rng rng;           /**< of nonces and transactions */
    uint8_t node_id[20];          /**< of our DHT node */
    size_t streams_in;
    uint32_t turns;    /**< of the event queue, up to which dtt_links_follow has followed */
    size_t n_accepted; /**< connections that peers made, those that we closed left out */
};

void dtt_links_init(struct dtt_links *p, struct dtt_ctx *ctx, const struct dtt_transport *transport,
                    struct dtt_gossip *gossip, const struct dtt_prover *prover,
                    const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES]);
void dtt_links_fini(struct dtt_links *p);

/**
 * A gossip message for a peer; dials when there is no connection. `via`: the peer that named this
 * one, when nobody else vouches for it; or NULL.
 */
void dtt_links_send(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                    const struct dtt_outflow_message *m, const struct dtt_id *via);
/** The peer became (+1) or ceased to be (-1) a neighbour in some topic. */
void dtt_links_neighbor(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                        int change);
/** The peer has left a topic: what it does not acknowledge of it very soon it does not have. */
void dtt_links_parted(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                      const struct dtt_gossip_topic_id *topic);
/**
 * The peer says nothing in a topic though asked. If it says nothing on its connections either, they
 * are closed for that, and gossip is told: one that is made anew heals a peer of iroh-gossip that
 * can no longer send (docs/compatibility.md).
 */
void dtt_links_mute(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id);
void dtt_links_quic_event(struct dtt_links *p, struct dtt_now now, const struct dtt_quic_event *ev);
/** Bytes the peer has not acknowledged yet, those that wait for a connection included. */
size_t dtt_links_unacked(const struct dtt_links *p, const struct dtt_id *id);
/** Messages are pushed to the peer: it is not slow, and `max` bytes at most are unacknowledged. */
bool dtt_links_may_push(const struct dtt_links *p, const struct dtt_id *id, size_t max);
/** Looks which broadcasts of our own have been acknowledged. */
void dtt_links_settle(struct dtt_links *p);
/** The peer has been slow for so long that what it lacks is not waited for. */
bool dtt_links_is_late(const struct dtt_links *p, struct dtt_now now, const struct dtt_id *id);
/** The peer has acknowledged nothing of late: either of us may be cut off. */
bool dtt_links_is_silent(const struct dtt_links *p, const struct dtt_id *id);
/** Whether dtt_links_follow has something to do. */
bool dtt_links_lag(const struct dtt_links *p, const struct dtt_events *events);
/** Takes nothing of the streams of those peers whose events fill the queue. */
void dtt_links_follow(struct dtt_links *p, const struct dtt_events *events);
/** Closes every connection with a goodbye. */
void dtt_links_close_all(struct dtt_links *p, struct dtt_now now);

uint64_t dtt_links_deadline(const struct dtt_links *p);
void dtt_links_tick(struct dtt_links *p, struct dtt_now now);

#endif
