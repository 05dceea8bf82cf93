/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Iterative lookup (Kademlia) in one address family: the candidates sorted by distance, which one
 * to ask next, and whether the `width` closest are settled. Sends nothing and knows no time.
 *
 * A candidate's way: FRESH -> ASKED -> ANSWERED, or ASKED -> SLOW (soft timeout: its place among
 * the parallel queries is free again) -> ASKED once more -> DEAD. A late answer counts in any
 * state.
 *
 * Liars: a node whose contacts were silent three times and never answered names no more. A crowd:
 * more answering nodes next to the target than a network of this size can have there; the lookup
 * then goes on as if they, and everything that near, did not exist.
 */
#ifndef DTT_DHT_LOOKUP_H
#define DTT_DHT_LOOKUP_H

#include "base/addr.h"
#include "dht/krpc_wire.h"

#define DTT_LOOKUP_ALPHA       3   /**< queries in flight while replies bring closer nodes */
#define DTT_LOOKUP_CANDIDATES  128 /**< at most; the farthest are forgotten first */
#define DTT_LOOKUP_WIDTH_MAX   32
#define DTT_LOOKUP_SENDS       2  /**< the query and one retransmission */
#define DTT_LOOKUP_QUERIES     96 /**< per lookup, whatever the candidates say */
#define DTT_LOOKUP_PER_NETWORK 2  /**< global candidates of one /24 or /64 */
#define DTT_LOOKUP_PER_REPLY   16 /**< contacts taken from one reply */
#define DTT_LOOKUP_TELLERS     97 /**< who named a candidate: 0 ourselves, then who answered */
#define DTT_LOOKUP_LIES        3  /**< silent contacts, and no other, of a liar */
#define DTT_LOOKUP_NEAR        2  /**< times as far as usual, and yet the closest there are */
#define DTT_LOOKUP_CROWDED     4  /**< times as close as they should be */
#define DTT_LOOKUP_USUAL       8  /**< nodes next to ourselves by which we know what is usual */

enum dtt_lookup_node_state {
    DTT_LOOKUP_NODE_FRESH,
    DTT_LOOKUP_NODE_ASKED,
    DTT_LOOKUP_NODE_SLOW,
    DTT_LOOKUP_NODE_ANSWERED,
    DTT_LOOKUP_NODE_DEAD
};

struct dtt_lookup_node {
    uint8_t id[DTT_NODE_ID_BYTES];
    struct dtt_addr addr;
    uint32_t rtt_us; /**< 0: not known */
    uint8_t state;   /**< enum dtt_lookup_node_state */
    uint8_t sends;
    bool has_value;   /**< returned a valid value: a put may send cas to it */
    bool again;       /**< has answered and is asked once more, with its token */
    uint8_t siblings; /**< values it says it holds, if several */
    uint8_t teller;   /**< who named it */
    uint8_t number;   /**< as a teller; 0: has not answered */
    uint8_t token_len;
    uint8_t token[DTT_KRPC_TOKEN_MAX];
};

struct dtt_lookup {
    uint8_t target[DTT_NODE_ID_BYTES];
    size_t width; /**< how many closest nodes have to answer */
    size_t n;
    size_t cap;
    size_t in_flight;
    size_t asked;    /**< distinct nodes */
    size_t answered; /**< distinct nodes */
    size_t queries;
    size_t wasted;     /**< of them, on nodes that turned out to be dead */
    size_t most;       /**< queries besides those wasted; nobody is asked beyond this many */
    bool improves;     /**< contacts that came last were among the closest */
    double usual;      /**< distance of the first neighbour a node usually has; 0: not known */
    bool needs_token;  /**< who answers without a token does not count as one of the closest */
    double crowd;      /**< what is closer is one of a crowd: asked, but it neither counts nor names
                            others; 0 none */
    uint8_t n_tellers; /**< numbers given */
    uint8_t lies[DTT_LOOKUP_TELLERS];  /**< contacts of each that were silent */
    uint8_t truth[DTT_LOOKUP_TELLERS]; /**< and that answered */
    struct dtt_lookup_node *c;
};

/** Allocates nothing yet. `most` is DTT_LOOKUP_QUERIES until somebody sets it. */
void dtt_lookup_init(struct dtt_lookup *l, const uint8_t target[DTT_NODE_ID_BYTES], size_t width);
void dtt_lookup_fini(struct dtt_lookup *l);

/**
 * How close nodes of this network are: the DTT_LOOKUP_USUAL closest to `self` reach up to
 * `neighbour`. Candidates as close to the target are taken for the closest there are and asked all
 * at once.
 */
void dtt_lookup_set_neighbourhood(struct dtt_lookup *l, const uint8_t self[DTT_NODE_ID_BYTES],
                                  const uint8_t neighbour[DTT_NODE_ID_BYTES]);

/** True when the contact is a new candidate. `teller`: number of who named it, 0 we ourselves. */
bool dtt_lookup_add(struct dtt_lookup *l, const uint8_t id[DTT_NODE_ID_BYTES],
                    const struct dtt_addr *addr, uint8_t teller);
/** A node known to have answered with a token not long ago: needs not be asked again. */
bool dtt_lookup_add_answered(struct dtt_lookup *l, const struct dtt_lookup_node *c);

/** The candidate at this endpoint, or NULL. Valid until the next add. */
struct dtt_lookup_node *dtt_lookup_find(const struct dtt_lookup *l, const struct dtt_addr *addr);

/**
 * The node at this endpoint says that its id is another one than we were told. It knows best: who
 * told us may have old news, or want to keep it out. The candidate's new place.
 */
struct dtt_lookup_node *dtt_lookup_rename(struct dtt_lookup *l, struct dtt_lookup_node *c,
                                          const uint8_t id[DTT_NODE_ID_BYTES]);

/** Who is to be asked now, or NULL. Follow it with sent (or dead, when it cannot be asked). */
struct dtt_lookup_node *dtt_lookup_next(struct dtt_lookup *l);
void dtt_lookup_sent(struct dtt_lookup *l, struct dtt_lookup_node *c);
/** Answered; contacts of its reply are added next. False for a second answer. */
bool dtt_lookup_answered(struct dtt_lookup *l, struct dtt_lookup_node *c);
/** It answered, but has more to say: to be asked once more, with its token. */
void dtt_lookup_ask_again(struct dtt_lookup_node *c);
/** The soft timeout of its last query passed. True when that was the last one: now DEAD. */
bool dtt_lookup_slow(struct dtt_lookup *l, struct dtt_lookup_node *c);
void dtt_lookup_dead(struct dtt_lookup *l, struct dtt_lookup_node *c);

/** The `width` closest that are of use have all answered, or nobody is left to ask. */
bool dtt_lookup_is_done(const struct dtt_lookup *l);

/**
 * Nodes name only the eight closest they know, the dead included. When one of the `rank` closest
 * candidates is dead: a target whose closest nodes are those next to the last of these. False when
 * none is, or there are not as many.
 */
bool dtt_lookup_beyond(const struct dtt_lookup *l, size_t rank, uint8_t ret[DTT_NODE_ID_BYTES]);

/**
 * The closest that answered are far closer than they can be in a network in which the
 * DTT_LOOKUP_USUAL closest to `self` reach up to `neighbour`: disbelieves them from now on, once.
 * True when it does; seed it anew then and go on.
 */
bool dtt_lookup_avoid_crowd(struct dtt_lookup *l, const uint8_t self[DTT_NODE_ID_BYTES],
                            const uint8_t neighbour[DTT_NODE_ID_BYTES]);
/** One of a crowd that was found and is disbelieved. */
bool dtt_lookup_is_crowd(const struct dtt_lookup *l, const struct dtt_lookup_node *c);

/** Nobody is asked any more: who was to be asked once more has answered before, and that stands. */
void dtt_lookup_end(struct dtt_lookup *l);

/** Forgets all but the closest `max` that answered. For keeping. */
void dtt_lookup_compact(struct dtt_lookup *l, size_t max);

#endif
