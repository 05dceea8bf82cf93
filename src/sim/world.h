/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The simulated world: hosts on a network in virtual time. Everything that happens is an event at
 * an instant; events of one instant happen in the order in which they were made. The same seed and
 * the same calls give the same run, told by the trace hash.
 */
#ifndef DTT_SIM_WORLD_H
#define DTT_SIM_WORLD_H

#include "base/ctx.h"
#include "base/timerq.h"
#include "node/core.h"
#include "node/core_dht.h"
#include "node/core_topic.h"
#include "node/limits.h"
#include "sim/clock.h"
#include "sim/nat.h"

#include <sodium.h>

#define DTT_SIM_RELAYS 2
#define DTT_SIM_PORT 6881 /**< of every host, inside its NAT */
#define DTT_SIM_ISLANDS 64
#define DTT_SIM_ROUTERS 4 /**< contacts a host is given to start from */

struct dtt_sim_foreign;
struct dtt_sim_watch;
struct dtt_sim_world;

/** What the links between all hosts are like. Parts in a million are written ppm. */
struct dtt_sim_links {
    bool is_uniform;         /**< delays spread evenly; else log-uniform */
    uint32_t min_us, max_us; /**< one way, stable for each pair of hosts */
    uint32_t jitter_us;      /**< plus random [0, this) for each datagram */
    uint32_t loss_ppm;
    uint32_t late_ppm; /**< datagrams held up by `late_us` more: they are overtaken */
    uint32_t late_us;
    uint32_t mtu; /**< bytes of an IP packet; larger ones vanish */
};

enum dtt_sim_event_kind { DTT_SIM_EV_HOST, DTT_SIM_EV_PACKET, DTT_SIM_EV_TASK };

/* The beginning of everything that waits in the world's queue. */
struct dtt_sim_event {
    struct dtt_timer timer;
    enum dtt_sim_event_kind kind;
};

/** Something to be done at an instant. Embedded in its owner, which keeps it until it has run. */
struct dtt_sim_task {
    struct dtt_sim_event event;
    void (*run)(void *user);
    void *user;
};

/** What a host has of a relay. */
struct dtt_sim_client {
    struct dtt_sim_host *host;
    struct dtt_sim_task task; /**< the next try to connect */
    bool is_up;
};

struct dtt_sim_host {
    struct dtt_sim_event event; /**< when it has something to do */
    struct dtt_sim_world *world;
    uint32_t number;
    uint32_t island;         /**< cut off from other islands while the world is cut */
    struct dtt_addr addr;    /**< as the host sees it: private behind a NAT */
    uint8_t ip[4];           /**< as the world sees it */
    struct dtt_sim_nat *nat; /**< the first one on its way out (home.h); NULL: none */
    struct dtt_sim_clock clock;
    struct dtt_sim_task wake;
    bool is_asleep;
    uint8_t node_seed[32]; /**< of its identity */
    bool keeps_identity;   /**< over the next start; else it is another node then */
    bool is_member;        /**< of the topic, or will be; else it is there for the DHT */
    bool is_plain;         /**< a member as a Rust node: without addresses in records and proofs */
    struct dtt_sim_client relays[DTT_SIM_RELAYS]; /**< its connections to relays */
    bool is_hostile;                              /**< reached at all ports */
    bool is_blocked; /**< its network lets no datagram in or out, only what goes to relays */
    bool has_lan;    /**< looks for members in its home, too, by multicast DNS */

    /* Whole node; core is NULL while it is not running. */
    struct dtt_ctx ctx;
    struct dtt_core *core;
    struct dtt_topic *topic;
    struct dtt_id id;
    void *user; /**< the observer's */

    const struct dtt_transport_ops *transport; /**< NULL: the world's */

    /** Or something else that gets the host's datagrams, with the port they came to. */
    void *guest;
    void (*guest_recv)(void *guest, uint16_t port, const struct dtt_addr *from,
                       struct dtt_slice datagram);
    struct dtt_sim_foreign *foreign; /**< another kind of DHT node, and how to free it */
    void (*foreign_free)(struct dtt_sim_foreign *f);

    uint64_t dht_sent, dht_got;     /**< KRPC datagrams */
    uint64_t other_sent, other_got; /**< of the transport */
    uint64_t bytes_sent;            /**< of both */
};

/** Called for what happens inside dtt_sim_world_run; must not change the world. */
struct dtt_sim_hooks {
    void *user;
    void (*event)(void *user, struct dtt_sim_host *h, const struct dtt_event *ev);
    void (*trace)(void *user, struct dtt_sim_host *h, const struct dtt_trace_record *rec);
    const struct dtt_sim_watch *watch; /**< or NULL */
};

struct dtt_sim_world {
    uint64_t t_ns;    /**< since the world began */
    int64_t epoch_ns; /**< unix time at which it began */
    struct dtt_rng rng;
    uint64_t seed;
    struct dtt_sim_links links;
    const struct dtt_transport_ops *transport; /**< of members; NULL: QUIC */
    struct dtt_sim_hooks hooks;
    struct dtt_timerq queue;
    struct dtt_sim_host **hosts;
    size_t n_hosts, cap_hosts;
    struct dtt_sim_nat **nats;
    size_t n_nats, cap_nats;
    struct dtt_map by_ip;          /**< as the world sees it -> struct dtt_sim_host without NAT */
    struct dtt_map nats_by_ip;     /**< and those NATs that the internet sees */
    bool hides_homes;              /**< no DHT node names one behind a NAT to others (home.h) */
    struct dtt_map by_id;          /**< endpoint id -> struct dtt_sim_host */
    struct dtt_memo valid, opened; /**< of all nodes: each item is checked once, not by thousands */
    uint32_t routers[DTT_SIM_ISLANDS][DTT_SIM_ROUTERS]; /**< numbers of hosts */
    uint32_t n_routers[DTT_SIM_ISLANDS];
    struct dtt_addr third; /**< a third party that nobody has reason to send to; or family none */
    uint64_t third_bytes;  /**< sent to it, at any port */
    uint32_t n_relays;     /**< to which whole nodes that start from now on stay connected */
    bool is_relay_up[DTT_SIM_RELAYS];   /**< dtt_sim_world_set_relay */
    bool is_relay_hung[DTT_SIM_RELAYS]; /**< takes connections and passes nothing on */
    bool is_cut;
    bool is_out_of_memory; /**< something was lost: ends the run */
    crypto_generichash_state trace;
    uint64_t packets, lost; /**< datagrams sent; of them lost for any reason */
    uint64_t events;
};

/** With links as the internet's. */
int dtt_sim_world_init(struct dtt_sim_world *w, uint64_t seed);
void dtt_sim_world_fini(struct dtt_sim_world *w);

/** A host with a global address, or in a home of its own. NULL: out of memory. */
struct dtt_sim_host *dtt_sim_host_add(struct dtt_sim_world *w, enum dtt_sim_nat_kind kind);
/** Another one in the home of a host that is behind a NAT, and no firewall. */
struct dtt_sim_host *dtt_sim_host_add_inside(struct dtt_sim_world *w,
                                             const struct dtt_sim_host *other);
/** One in another home at the carrier of one that has a carrier. */
struct dtt_sim_host *dtt_sim_host_add_neighbor(struct dtt_sim_world *w,
                                               const struct dtt_sim_host *other);
/** One with a global address in the same /24 as another. */
struct dtt_sim_host *dtt_sim_host_add_beside(struct dtt_sim_world *w,
                                             const struct dtt_sim_host *other);
/** Starts a node on it that knows the routers of its island. A dht_only node has no topic. */
int dtt_sim_host_start(struct dtt_sim_host *h, bool dht_only, bool read_only);
int dtt_sim_host_join(struct dtt_sim_host *h, const struct dtt_topic_config *cfg);
/** Ends the node without a goodbye. */
void dtt_sim_host_kill(struct dtt_sim_host *h);
/** Suspends the host: it neither hears nor does anything for this time. */
void dtt_sim_host_sleep(struct dtt_sim_host *h, uint64_t ns);
/** Sets the wall clock of the host. */
void dtt_sim_host_set_clock(struct dtt_sim_host *h, int64_t offset_ns);
/**
 * Relay `i` (node/relays.h) begins or ends to take datagrams. Hosts lose it at once and connect
 * anew within a second; the first one is home where both serve. The way by a relay takes twice as
 * long as the direct one and loses nothing, no cut concerns it, and both ends have to be connected.
 */
void dtt_sim_world_set_relay(struct dtt_sim_world *w, size_t i, bool is_up);
/** The host, and all behind its NAT, move to another network: a new address in front of it. */
void dtt_sim_host_move(struct dtt_sim_host *h);
/** Broadcasts in its topic. DTT_E... as dtt_core_topic_send. */
int dtt_sim_host_say(struct dtt_sim_host *h, struct dtt_slice text);
struct dtt_now dtt_sim_host_now(const struct dtt_sim_host *h);
/** Its node runs and is awake. */
bool dtt_sim_host_is_up(const struct dtt_sim_host *h);
/** Sends what the node has ready and takes its events; call after talking to a core directly. */
void dtt_sim_host_settle(struct dtt_sim_host *h);
/** A datagram of a host without a node. */
void dtt_sim_host_send(struct dtt_sim_host *h, const struct dtt_addr *to, struct dtt_slice data);
/** The same from one of its ports. */
void dtt_sim_host_send_from(struct dtt_sim_host *h, uint16_t port, const struct dtt_addr *to,
                            struct dtt_slice data);
/** The address at which the world reaches it; behind a NAT without port. */
struct dtt_addr dtt_sim_host_global(const struct dtt_sim_host *h);

/** Runs `t` at world time `t_ns`. */
void dtt_sim_world_task_at(struct dtt_sim_world *w, struct dtt_sim_task *t, uint64_t t_ns);

/** Runs until world time `until_ns`, or until `is_over` says so after an event; true then. */
bool dtt_sim_world_run(struct dtt_sim_world *w, uint64_t until_ns, bool (*is_over)(void *user),
                       void *user);

/** What happened so far, as 32 hex digits. */
void dtt_sim_world_trace_hash(const struct dtt_sim_world *w, char ret[33]);
/** Adds a decision or observation to the trace. */
void dtt_sim_world_trace(struct dtt_sim_world *w, uint32_t what, uint32_t subject, uint64_t value);

#endif
