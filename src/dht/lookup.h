/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Iterative lookup (Kademlia) in one address family: the nodes heard of, sorted by distance, which
 * one to ask next, and whether the `width` closest are settled. Sends nothing and knows no time.
 *
 *     FRESH -> ASKED -> ANSWERED
 *              ASKED -> SLOW (soft timeout: another may be asked in its place) -> ASKED, once
 *              ASKED -> DEAD
 *     ANSWERED -> RETELL (has more to say) -> RETELLING -> ANSWERED, or RETELL_SLOW -> RETELLING
 *
 * A late answer counts in any state. When a node that was only asked again is silent or says
 * "error", its first answer counts.
 */
#ifndef DTT_DHT_LOOKUP_H
#define DTT_DHT_LOOKUP_H

#include "base/addr.h"
#include "dht/krpc_wire.h"

#define DTT_LOOKUP_ALPHA 3   /**< queries in flight while replies bring closer nodes */
#define DTT_LOOKUP_NODES 128 /**< at most; the farthest are forgotten first */
#define DTT_LOOKUP_WIDTH_MAX 32
#define DTT_LOOKUP_SENDS 2       /**< the query and one retransmission */
#define DTT_LOOKUP_QUERIES 96    /**< per lookup, whatever the nodes say */
#define DTT_LOOKUP_PER_NETWORK 2 /**< global nodes of one /24 or /64 */
#define DTT_LOOKUP_PER_REPLY 16  /**< contacts taken from one reply */
#define DTT_LOOKUP_TELLERS 97    /**< may have named a node: 0 we, then nodes that answered */
#define DTT_LOOKUP_LIES 3        /**< silent contacts, and no other, of a liar: it names no more */
#define DTT_LOOKUP_NEIGHBOURS 8  /**< nodes next to ourselves that show how dense the network is */
/** A node within this multiple of the usual neighbour distance counts as one of the closest. */
#define DTT_LOOKUP_NEAR 2
/** Nodes this many times closer than the usual neighbour distance are a crowd. */
#define DTT_LOOKUP_CROWDED 4

/** As many nodes as are wished for, within the limit. */
static inline size_t dtt_lookup_width(size_t wished)
{
    return wished < DTT_LOOKUP_WIDTH_MAX ? wished : DTT_LOOKUP_WIDTH_MAX;
}

enum dtt_lookup_node_state {
    DTT_LOOKUP_NODE_FRESH,
    DTT_LOOKUP_NODE_ASKED,
    DTT_LOOKUP_NODE_SLOW,
    DTT_LOOKUP_NODE_ANSWERED,
    DTT_LOOKUP_NODE_DEAD,
    DTT_LOOKUP_NODE_RETELL,    /**< has answered and is to be asked again, with its token */
    DTT_LOOKUP_NODE_RETELLING, /**< is asked again */
    DTT_LOOKUP_NODE_RETELL_SLOW
};

struct dtt_lookup_node {
    uint8_t id[DTT_NODE_ID_BYTES];
    struct dtt_addr addr;
    uint32_t rtt_us; /**< 0: not known */
    uint8_t state;   /**< enum dtt_lookup_node_state */
    uint8_t sends;
    bool has_value;   /**< returned a valid value: a put may send cas to it */
    uint16_t sampled; /**< times it was asked again as one of a sample (walk.h) */
    uint8_t siblings; /**< values it says it holds, if several */
    uint8_t named_by; /**< number of a teller */
    uint8_t teller;   /**< its own number as a teller; 0: has not answered */
    uint8_t token_len;
    uint8_t token[DTT_KRPC_TOKEN_MAX];
};

struct dtt_lookup {
    uint8_t target[DTT_NODE_ID_BYTES];
    size_t width;                  /**< how many closest nodes have to answer */
    struct dtt_lookup_node *nodes; /**< the closest first */
    size_t n;
    size_t cap;
    size_t in_flight;
    size_t asked;    /**< distinct nodes */
    size_t answered; /**< distinct nodes */
    size_t queries;
    size_t dead_queries;       /**< of them, to nodes that proved dead */
    size_t budget;             /**< of queries; dead_queries are not charged */
    bool is_improving;         /**< contacts that came last were among the closest */
    bool needs_token;          /**< a node that answers without a token is not one of the closest */
    double neighbour_distance; /**< that a node's first neighbour usually has; 0: not known */
    double crowd_distance; /**< nodes closer than this are a crowd: asked, but they neither count
                                nor name others; 0 none */
    uint8_t n_tellers;     /**< numbers given */
    uint8_t silent[DTT_LOOKUP_TELLERS]; /**< contacts that each named and that were silent */
    uint8_t proven[DTT_LOOKUP_TELLERS]; /**< and that answered */
};

/** Allocates nothing yet. `budget` is DTT_LOOKUP_QUERIES until it is set. */
void dtt_lookup_init(struct dtt_lookup *lookup, const uint8_t target[DTT_NODE_ID_BYTES],
                     size_t width);
void dtt_lookup_fini(struct dtt_lookup *lookup);

/**
 * The DTT_LOOKUP_NEIGHBOURS closest to `self` reach up to `neighbour`. Nodes as close to the target
 * are taken for the closest there are, and all asked at once.
 */
void dtt_lookup_set_neighbourhood(struct dtt_lookup *lookup, const uint8_t self[DTT_NODE_ID_BYTES],
                                  const uint8_t neighbour[DTT_NODE_ID_BYTES]);

/** True when the contact is new. `named_by`: the teller's number, 0 we ourselves. */
bool dtt_lookup_add(struct dtt_lookup *lookup, const uint8_t id[DTT_NODE_ID_BYTES],
                    const struct dtt_addr *addr, uint8_t named_by);
/** A node known to have answered with a token not long ago: needs not be asked again. */
bool dtt_lookup_add_answered(struct dtt_lookup *lookup, const struct dtt_lookup_node *node);

/** The node at this endpoint, or NULL. Valid until the next add. */
struct dtt_lookup_node *dtt_lookup_find(const struct dtt_lookup *lookup,
                                        const struct dtt_addr *addr);

/** The node says that its id is another one, and it knows best. Returns its new place. */
struct dtt_lookup_node *dtt_lookup_rename(struct dtt_lookup *lookup, struct dtt_lookup_node *node,
                                          const uint8_t id[DTT_NODE_ID_BYTES]);

/** The node to ask now, or NULL. Follow it with sent (or dead, when it cannot be asked). */
struct dtt_lookup_node *dtt_lookup_next(struct dtt_lookup *lookup);
void dtt_lookup_sent(struct dtt_lookup *lookup, struct dtt_lookup_node *node);
/** Answered; contacts of its reply are added next. False for a second answer. */
bool dtt_lookup_answered(struct dtt_lookup *lookup, struct dtt_lookup_node *node);
/** It answered, but has more to say: to be asked again, with its token. */
void dtt_lookup_ask_again(struct dtt_lookup *lookup, struct dtt_lookup_node *node);
bool dtt_lookup_is_retelling(const struct dtt_lookup_node *node);
/** The soft timeout of its last query passed. True when it is now DEAD. */
bool dtt_lookup_slow(struct dtt_lookup *lookup, struct dtt_lookup_node *node);
void dtt_lookup_dead(struct dtt_lookup *lookup, struct dtt_lookup_node *node);

/** The `width` closest that are of use have all answered, or none is left to ask. */
bool dtt_lookup_is_done(const struct dtt_lookup *lookup);

/**
 * Nodes name only the eight closest they know, the dead included. When one of the `rank` closest
 * is dead: a target whose closest nodes are those next to the last of these. False when none is
 * dead, or there are not as many.
 */
bool dtt_lookup_beyond(const struct dtt_lookup *lookup, size_t rank,
                       uint8_t ret[DTT_NODE_ID_BYTES]);

/**
 * Looks for a crowd: the closest that answered are far closer than they can be in this network (see
 * dtt_lookup_set_neighbourhood). True when it has found one, once in a lookup: it is disbelieved
 * from now on, as if it did not exist; seed the lookup anew and go on.
 */
bool dtt_lookup_avoid_crowd(struct dtt_lookup *lookup, const uint8_t self[DTT_NODE_ID_BYTES],
                            const uint8_t neighbour[DTT_NODE_ID_BYTES]);
/** One of a crowd that was found and is disbelieved. */
bool dtt_lookup_is_crowd(const struct dtt_lookup *lookup, const struct dtt_lookup_node *node);

/** No more queries: the first answer of a node that was to be asked again stands. */
void dtt_lookup_end(struct dtt_lookup *lookup);

/** Some node has answered, in this lookup or before it. */
bool dtt_lookup_has_answers(const struct dtt_lookup *lookup);
/** Forgets all but the closest `max` that answered. For keeping. */
void dtt_lookup_compact(struct dtt_lookup *lookup, size_t max);

/** What always holds, for assertions: sorted by distance, and what is in flight counted. */
bool dtt_lookup_is_sound(const struct dtt_lookup *lookup);

#endif
