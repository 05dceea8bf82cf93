/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The connections of a plain transport: a table by our id of each, their states and their timers.
 *
 *   we dial     DIALING    hello sent, again each second
 *               FINISHING  welcomed, finish sent, again each second
 *               OPEN
 *   they dial   ACCEPTING  welcome sent
 *               OPEN
 */
#ifndef DTT_SIM_CONN_H
#define DTT_SIM_CONN_H

#include "base/map.h"
#include "base/rng.h"
#include "base/timerq.h"
#include "quic/quic.h"
#include "sim/channel.h"

#define DTT_SIM_CONNS_MAX 256
#define DTT_SIM_CONNS_ACCEPT (DTT_SIM_CONNS_MAX / 8 * 7) /**< dialled by others, at most */

enum dtt_sim_conn_state {
    DTT_SIM_CONN_DIALING,
    DTT_SIM_CONN_ACCEPTING,
    DTT_SIM_CONN_FINISHING,
    DTT_SIM_CONN_OPEN
};

struct dtt_sim_conn {
    dtt_quic_conn cid; /**< ours, and the handle; never 0 */
    uint64_t remote_cid;
    enum dtt_sim_conn_state state;
    bool is_dialed; /**< by us */
    bool is_held;   /**< nothing of its streams is told */
    bool is_dirty;  /**< in the transport's list of connections with something to send */
    struct dtt_id peer;
    struct dtt_addr remote;
    struct dtt_timer timer;
    uint64_t opened_ns;
    uint64_t heard_ns;
    uint64_t active_ns;  /**< last datagram in either direction */
    uint64_t hello_ns;   /**< last hello or finish */
    unsigned hellos;     /**< sent in this state */
    unsigned hellos_max; /**< DIALING */
    uint32_t next_stream;
    size_t untaken; /**< bytes received whose events nobody has taken yet */
    struct dtt_sim_channel channel;
};

struct dtt_sim_conns {
    uint64_t idle_ns, keep_alive_ns, handshake_ns;
    struct dtt_map by_cid; /**< struct dtt_sim_conn */
    size_t n_accepted;
    struct dtt_timerq timers;
};

/** 0 in `cfg` is a default. */
void dtt_sim_conns_init(struct dtt_sim_conns *cs, const struct dtt_quic_config *cfg,
                        struct dtt_rng *rng);
void dtt_sim_conns_fini(struct dtt_sim_conns *cs);

/** A connection in `state`, DIALING or ACCEPTING, without timer. NULL: no room, or no memory. */
struct dtt_sim_conn *dtt_sim_conn_new(struct dtt_sim_conns *cs, struct dtt_rng *rng,
                                      uint64_t mono_ns, enum dtt_sim_conn_state state,
                                      const struct dtt_id *peer, const struct dtt_addr *remote);
void dtt_sim_conn_free(struct dtt_sim_conns *cs, struct dtt_sim_conn *c);
/** The next state of its row above. */
void dtt_sim_conn_enter(struct dtt_sim_conn *c, enum dtt_sim_conn_state state);

struct dtt_sim_conn *dtt_sim_conn_find(const struct dtt_sim_conns *cs, dtt_quic_conn cid);
/** By the other end's id. */
struct dtt_sim_conn *dtt_sim_conn_find_remote(const struct dtt_sim_conns *cs,
                                              const struct dtt_addr *remote, uint64_t remote_cid);

/** When it ends unless more is heard. */
uint64_t dtt_sim_conn_end_ns(const struct dtt_sim_conns *cs, const struct dtt_sim_conn *c);
/** Sets the timer to the next thing to be done. */
void dtt_sim_conn_arm(struct dtt_sim_conns *cs, struct dtt_sim_conn *c);

#endif
