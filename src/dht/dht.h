/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A DHT node as a state machine: BEP 5 and BEP 44, client and storing node, IPv4 and IPv6 tables
 * side by side (BEP 32). No I/O: datagrams, commands and time go in; datagrams and events come out.
 *
 *     recv / commands -> next_packet until false, next_event until false -> deadline -> tick
 */
#ifndef DTT_DHT_DHT_H
#define DTT_DHT_DHT_H

#include "base/addr.h"
#include "base/ctx.h"
#include "base/time.h"

#include <dtt/event.h>

#define DTT_DHT_PACKET_MAX 1400 /**< largest datagram sent */
#define DTT_DHT_HOLDERS 96      /**< told of a get */

struct dtt_dht;

struct dtt_dht_config {
    bool read_only;      /**< BEP 43: asks, does not answer */
    bool has_v4, has_v6; /**< which sockets exist; a family without socket is never used */
};

/** Node id and token secret come from the ctx's random stream "dht". */
int dtt_dht_new(struct dtt_dht **ret, struct dtt_ctx *ctx, const struct dtt_dht_config *cfg,
                struct dtt_now now);
void dtt_dht_free(struct dtt_dht *d);

/* ---- input */

/**
 * One datagram. DTT_EPROTO when it is not a KRPC message at all (the caller may offer it to
 * another protocol); everything else is handled or counted and dropped here. `local`: the address
 * of ours it came to (NULL: not known); what goes back to `from` because of it leaves from there.
 */
int dtt_dht_recv(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *local,
                 const struct dtt_addr *from, struct dtt_slice datagram);

/** An ICMP error says that nobody listens at `to`: its transactions fail at once. */
void dtt_dht_unreachable(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *to);

/**
 * A contact to start from, id unknown. Asked for nodes near us at once and again with back-off (5 s
 * doubling to 5 min) while the table of its family has fewer than 8 live nodes. At most 64.
 */
void dtt_dht_add_bootstrap(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr);

/**
 * Contacts are still to come (names being resolved): operations wait for them. A node without
 * contacts, known nodes or such a promise is alone, and its operations end at once.
 */
void dtt_dht_expect_bootstrap(struct dtt_dht *d, struct dtt_now now, bool is_expected);

/** Identifies an operation in its events; never 0. */
typedef uint32_t dtt_dht_op;

struct dtt_dht_get_args {
    uint8_t target[20]; /**< immutable; for mutable items it is derived from key and salt */
    bool is_mutable;
    uint8_t key[32];
    uint8_t salt[64];
    size_t salt_len;
    uint64_t fresh_ns; /**< a result of the same get this old will do, DTT_DHT_FRESH_MAX_NS at most;
                            0: ask anew. A get under way is joined in any case */
    uint8_t width;     /**< closest nodes to hear; 0: 8 */
    uint8_t sample;    /**< ask so many of the closest that a get of the same item found within the
                            last minutes, and no others, by turns; 0, or none known: look */
    uint8_t first;     /**< half of a sample are of so many closest nodes */
    bool is_brief;     /**< finding nothing is no reason to look further */
};

/** How long the result of a get is kept to be shared. */
#define DTT_DHT_FRESH_MAX_NS (3 * DTT_S)

struct dtt_dht_put_args {
    struct dtt_slice v; /**< bencoded value, at most 1000 bytes; copied */
    bool is_mutable;
    uint8_t key[32]; /**< public */
    uint8_t sig[64]; /**< over the BEP 44 signable bytes */
    uint8_t salt[64];
    size_t salt_len;
    int64_t seq;
    bool has_cas;
    int64_t cas;    /**< sent only to nodes that returned a value for the target */
    bool verify;    /**< read back afterwards and count the nodes that return v */
    uint8_t copies; /**< nodes to store on; 0: 8 */
    /**
     * Above `copies`: the copies go to random ones of this many closest nodes, mostly to those that
     * have returned no value, so that the values of several writers stay visible.
     */
    uint8_t among;
    uint8_t first; /**< so many of the copies go to the closest nodes, whatever they hold */
    uint8_t spare; /**< none goes to so many closest nodes, if there are enough others */
    bool is_brief; /**< as in dtt_dht_get_args */
};

/*
 * Operations start at once, or with the first live node of a table. Each ends with exactly one
 * DONE, PUT_DONE event. At most 64 (DTT_EFULL). A get and a put of the same target share one walk.
 * A put whose signature does not fit is refused (DTT_EAUTH), sizes over the limits are DTT_ETOOBIG.
 */
int dtt_dht_get(struct dtt_dht *d, struct dtt_now now, const struct dtt_dht_get_args *args,
                dtt_dht_op *ret);
int dtt_dht_put(struct dtt_dht *d, struct dtt_now now, const struct dtt_dht_put_args *args,
                dtt_dht_op *ret);
int dtt_dht_find(struct dtt_dht *d, struct dtt_now now, const uint8_t target[20], dtt_dht_op *ret);
int dtt_dht_ping(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr,
                 dtt_dht_op *ret);
/** Peers of an info hash (BEP 5): one PEER event for each, then DONE. */
int dtt_dht_get_peers(struct dtt_dht *d, struct dtt_now now, const uint8_t info_hash[20],
                      dtt_dht_op *ret);
/** Announces us as a peer at `port`, 0: the port our queries come from. Ends with PUT_DONE. */
int dtt_dht_announce(struct dtt_dht *d, struct dtt_now now, const uint8_t info_hash[20],
                     uint16_t port, dtt_dht_op *ret);
/** Its last event still comes, status DTT_ECLOSED. */
void dtt_dht_cancel(struct dtt_dht *d, struct dtt_now now, dtt_dht_op op);

/* ---- output */

struct dtt_dht_packet {
    struct dtt_addr from; /**< no family: the kernel chooses */
    struct dtt_addr to;
    size_t len;
    uint8_t data[DTT_DHT_PACKET_MAX];
};

/** Next datagram to send, or false. Queue bounded at 4096; more are dropped and counted. */
bool dtt_dht_next_packet(struct dtt_dht *d, struct dtt_dht_packet *ret);

enum dtt_dht_event_type {
    DTT_DHT_EV_VALUE, /**< a distinct valid value, handed out the moment it arrived */
    DTT_DHT_EV_NODE,  /**< ping: the node that answered; find: one of the closest */
    DTT_DHT_EV_DONE,  /**< get, find, ping ended */
    DTT_DHT_EV_PUT_DONE,
    DTT_DHT_EV_EXTERNAL_ADDR, /**< BEP 42 `ip` votes agree on a (new) address of ours */
    DTT_DHT_EV_READY,         /**< a first node has answered since the table was empty */
    DTT_DHT_EV_PEER           /**< a peer of the info hash asked for */
};

struct dtt_dht_event {
    enum dtt_dht_event_type type;
    dtt_dht_op op; /**< 0 for EXTERNAL_ADDR and READY */
    union {
        struct {
            struct dtt_addr from;
            int64_t seq;
            uint32_t holders;
            size_t v_len;
            uint8_t v[1000]; /**< bencoded, as received */
        } value;
        struct dtt_event_dht_node node; /* these payloads are public; `op` is the one above */
        struct dtt_event_dht_peer peer;
        struct dtt_event_dht_done done; /**< a get's holders are in `holders` */
        struct dtt_event_dht_put put;
        struct {
            struct dtt_addr addr;
            uint32_t votes;
        } external;
    } u;
    struct dtt_dht_holder holders[DTT_DHT_HOLDERS];
};

/**
 * Next event, or false. No event of an operation is ever lost: operations pause asking while 256
 * events wait.
 */
bool dtt_dht_next_event(struct dtt_dht *d, struct dtt_dht_event *ret);

struct dtt_dht_stats {
    uint8_t id[20];
    uint32_t nodes_v4, nodes_v6; /**< live nodes in the tables */
    uint32_t bootstraps;         /**< contacts to start from */
    uint32_t asked, answered;    /**< queries sent, matched replies, since new */
    uint32_t items;              /**< stored for others */
    uint32_t peers;              /**< stored for others */
};
/** Our IPv4 address as most nodes see it, whatever ports they do; port 0. False: unknown. */
bool dtt_dht_seen_ip(const struct dtt_dht *d, struct dtt_addr *ret);
void dtt_dht_stats(const struct dtt_dht *d, struct dtt_dht_stats *ret);

/** What the answers so far say of the router before us: never OPEN. */
struct dtt_reach dtt_dht_mapping(const struct dtt_dht *d, struct dtt_now now, uint8_t family);

/* ---- time */
uint64_t dtt_dht_deadline(const struct dtt_dht *d);
/** The host has another address: asks anew which nodes are there, and so how they see us. */
void dtt_dht_moved(struct dtt_dht *d, struct dtt_now now);
void dtt_dht_tick(struct dtt_dht *d, struct dtt_now now);

#endif
