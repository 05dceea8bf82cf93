/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A whole node without I/O: DHT, QUIC, gossip and one tracker per topic, and the routing of what
 * they ask of each other. Sockets, clocks and names are the driver's business (src/io, simulator):
 *
 *     recv* -> run -> next_packet until false -> wait until deadline -> run ...
 */
#ifndef DTT_NODE_CORE_H
#define DTT_NODE_CORE_H

#include "base/addr.h"
#include "base/ctx.h"
#include "node/events.h"
#include "node/spares.h"

struct dtt_core;
struct dtt_portmap_job;
struct dtt_portmap_done;
struct dtt_transport_ops;

/** Whether the home router is asked for a mapping of our port, where we are behind one. */
enum dtt_core_portmap {
    DTT_CORE_PORTMAP_OFF,
    DTT_CORE_PORTMAP_TOPICS, /**< while there are topics */
    DTT_CORE_PORTMAP_ALWAYS
};

struct dtt_core_config {
    struct dtt_ctx *ctx;   /**< with seed and trace set; outlives the core */
    uint8_t node_seed[32]; /**< Ed25519 secret */
    bool dht_only;
    bool read_only;
    enum dtt_core_portmap portmap;
    bool is_lan_iroh;         /**< and iroh's own service there is spoken */
    bool has_lan;             /**< members are looked for in the local network, too */
    const char *const *pkarr; /**< URLs of pkarr servers that are asked and told where we are */
    size_t n_pkarr;           /**< 0 to DTT_PKARR_SERVERS */
    const char *const *dns_origins; /**< domains whose name servers are asked where peers are */
    size_t n_dns_origins;           /**< 0 to DTT_LOOKUPS_ORIGINS */
    bool is_addrs_public;           /**< pkarr servers are told our addresses */
    bool is_plain; /**< as a Rust node: no addresses in records, and no proofs; for the simulator */
    const char *const *relays; /**< URLs of relays, 0 to DTT_RELAYS_MAX */
    size_t n_relays;
    struct dtt_addr bound[2]; /**< our sockets, at most one a family; family none: no socket */
    const struct dtt_transport_ops *transport; /**< NULL: QUIC; outlives the core */
};

int dtt_core_new(struct dtt_core **ret, const struct dtt_core_config *cfg, struct dtt_now now);
/**
 * Frees at once. For a goodbye: dtt_core_shutdown, send its packets, dtt_core_hang_up, send its
 * packets, then free.
 */
void dtt_core_free(struct dtt_core *c);
/**
 * Makes events of all that has arrived, however many wait: its senders have been told that it did.
 * Comes before a topic is left whose events are still read.
 */
void dtt_core_hear_out(struct dtt_core *c, struct dtt_now now);
/** Leaves all topics, which says goodbye to their neighbours. */
void dtt_core_shutdown(struct dtt_core *c, struct dtt_now now);
/** Closes all connections; what was not sent before is lost. */
void dtt_core_hang_up(struct dtt_core *c, struct dtt_now now);

const struct dtt_id *dtt_core_id(const struct dtt_core *c);

/* ---- driver side */

/** `local`: the address of ours it came to; what answers it will leave from there. */
void dtt_core_recv(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *local,
                   const struct dtt_addr *remote, unsigned ecn, struct dtt_slice datagram);
/** ICMP: nobody listens at `remote`. */
void dtt_core_unreachable(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *remote);
/** This host has no route to `remote`, where something was to be sent. */
void dtt_core_no_route(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *remote);
void dtt_core_add_bootstrap(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *addr);
/**
 * The number of bootstrap names being looked up: DHT operations wait for them; and of those for
 * whose look-up the host has no thread.
 */
void dtt_core_set_resolving(struct dtt_core *c, struct dtt_now now, unsigned names,
                            unsigned threadless);
/** Routes or addresses of this host have changed: connections are probed. */
void dtt_core_moved(struct dtt_core *c, struct dtt_now now);
/** Addresses of this host's interfaces with our port, best first, when bound to all of them. */
void dtt_core_set_local_addrs(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *addrs,
                              size_t n);
/**
 * Our IPv4 router, and the address of ours (with our port) from which datagrams to it leave. Family
 * none: there is none.
 */
void dtt_core_set_gateway(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *gateway,
                          const struct dtt_addr *client);
/** The driver does UPnP: it takes jobs, one at a time, and tells when each has ended. */
void dtt_core_set_upnp(struct dtt_core *c, bool is_there);
bool dtt_core_next_upnp(struct dtt_core *c, struct dtt_now now, struct dtt_portmap_job *ret);
void dtt_core_upnp_done(struct dtt_core *c, struct dtt_now now,
                        const struct dtt_portmap_done *done);
/** What is to be done with spare sockets next, or false (spares.h); comes before the packets. */
bool dtt_core_next_socket(struct dtt_core *c, struct dtt_socket_wish *ret);
/** Such sockets have been opened: so many as asked, fewer, or none. */
void dtt_core_opened(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *bound,
                     size_t n);
/** The system did not send what was to leave from a spare socket. */
void dtt_core_send_failed(struct dtt_core *c, struct dtt_now now);
/** Runs what is due and routes. Call after receiving and at the deadline. */
void dtt_core_run(struct dtt_core *c, struct dtt_now now);
uint64_t dtt_core_deadline(const struct dtt_core *c);

struct dtt_core_packet {
    struct dtt_addr local;  /**< its port names a spare socket, if one has it; no family, or a
                                 wildcard: the kernel chooses the address */
    struct dtt_addr remote; /**< its family names the socket */
    bool is_relayed; /**< to be sent over `relay` to `peer` instead, the addresses mean nothing */
    size_t relay;    /**< its place in struct dtt_core_config */
    struct dtt_id peer;
    unsigned ecn;
    uint8_t hops;          /**< hop limit; 0: that of the system */
    size_t segment;        /**< bytes per datagram; data may hold several */
    struct dtt_slice data; /**< valid until the next call into c */
};
/**
 * Hands on what calls into c have caused, unless dtt_core_run did. Comes before the packets are
 * taken.
 */
void dtt_core_settle(struct dtt_core *c, struct dtt_now now);
/** The next packet, if any. */
bool dtt_core_next_packet(struct dtt_core *c, struct dtt_now now, struct dtt_core_packet *ret);

/* ---- application side; the rest is in core_topic.h, once.h and core_dht.h */

struct dtt_events *dtt_core_events(struct dtt_core *c);

#endif
