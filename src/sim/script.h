/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Makes the world of a scenario and carries its script out. */
#ifndef DTT_SIM_SCRIPT_H
#define DTT_SIM_SCRIPT_H

#include "sim/observe.h"
#include "sim/scenario.h"

struct dtt_sim_stage;

/**
 * One use of an action. Those that last or repeat carry on by running again: `left` times, each
 * `step_ns`.
 */
struct dtt_sim_act {
    struct dtt_sim_task task;
    struct dtt_sim_stage *stage;
    const struct dtt_sim_action *action;
    uint64_t left, step_ns;
    uint32_t sender; /**< of the rounds; UINT32_MAX: not chosen yet */
};

struct dtt_sim_stage {
    const struct dtt_sim_scenario *scenario;
    struct dtt_sim_world *world;
    struct dtt_sim_observer *observer;
    int preset;
    struct dtt_rng rng; /* of the script: picks do not disturb the links */
    struct dtt_sim_act acts[DTT_SIM_ACTIONS];
    uint32_t *order; /* members in the order in which they start */
    uint32_t n_started;
    struct dtt_peer_addr first; /* the member that starts first, whom the others know */
    struct dtt_sim_gang *gangs[DTT_SIM_GANGS];
    size_t n_gangs;
};

/** Makes hosts and foreign nodes and plans the script. DTT_E... */
int dtt_sim_stage_init(struct dtt_sim_stage *s, const struct dtt_sim_scenario *scenario,
                       struct dtt_sim_world *w, struct dtt_sim_observer *o, int preset);
void dtt_sim_stage_fini(struct dtt_sim_stage *s);

#endif
