/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/sim.h"

#include "sim/plain.h"
#include "sim/scenario.h"
#include "sim/script.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define NODES_MIN 2

bool dtt_sim_about(size_t i, struct dtt_sim_about *ret)
{
    const struct dtt_sim_scenario *s = dtt_sim_scenario_at(i);
    if (s) {
        *ret = (struct dtt_sim_about){
            .name = s->name, .checks = s->checks, .nodes = s->nodes, .nodes_max = s->nodes_max};
    }
    return s != NULL;
}

static const struct dtt_sim_metric *metric_named(const struct dtt_sim_result *r, const char *name)
{
    for (size_t i = 0; i < r->n_metrics; i++) {
        if (strcmp(r->metrics[i].name, name) == 0) {
            return &r->metrics[i];
        }
    }
    return NULL;
}

/* A negative time means that it never came to that. */
static bool holds(const struct dtt_sim_check *c, int64_t thousandths)
{
    return thousandths >= 0 && (c->is == DTT_SIM_AT_MOST ? thousandths <= c->thousandths
                                                         : thousandths >= c->thousandths);
}

static void judge(const struct dtt_sim_scenario *s, const char *broken, struct dtt_sim_result *ret)
{
    ret->passed = broken[0] == '\0';
    snprintf(ret->why, sizeof(ret->why), "%s", broken);
    for (size_t i = 0; i < DTT_SIM_CHECKS && s->must[i].metric; i++) {
        const struct dtt_sim_check *c = &s->must[i];
        const struct dtt_sim_metric *m = metric_named(ret, c->metric);
        if (m && holds(c, m->thousandths)) {
            continue;
        }
        if (ret->passed) {
            snprintf(ret->why, sizeof(ret->why),
                     "%s is %" PRId64 " thousandths, must be at %s %" PRId64, c->metric,
                     m ? m->thousandths : -1, c->is == DTT_SIM_AT_MOST ? "most" : "least",
                     c->thousandths);
        }
        ret->passed = false;
    }
}

/* An invariant that is broken ends the run. */
static bool is_broken(void *user)
{
    const struct dtt_sim_observer *o = user;
    return o->why[0] != '\0';
}

static int play(struct dtt_sim_stage *stage, const struct dtt_sim_params *params,
                struct dtt_sim_result *ret)
{
    struct dtt_sim_world *w = stage->world;
    struct dtt_sim_observer *o = stage->observer;
    dtt_sim_world_run(w, stage->scenario->end_s * DTT_S, is_broken, o);
    if (w->is_out_of_memory) {
        return DTT_ENOMEM;
    }
    dtt_sim_observer_report(o, ret);
    dtt_sim_world_trace_hash(w, ret->trace_hash);
    if (params->memory && ret->n_metrics < DTT_SIM_METRICS) {
        ret->metrics[ret->n_metrics++] = (struct dtt_sim_metric){
            .name = "memory_mib",
            .thousandths = (int64_t)(params->memory(params->user) >> 20) * 1000};
    }
    judge(stage->scenario, o->why, ret);
    return DTT_OK;
}

int dtt_sim_scenario_run(const struct dtt_sim_params *params, struct dtt_sim_result *ret)
{
    const struct dtt_sim_scenario *s = dtt_sim_scenario_named(params->scenario);
    return s ? dtt_sim_scenario_play(s, params, ret) : DTT_ENOENT;
}

int dtt_sim_scenario_play(const struct dtt_sim_scenario *s, const struct dtt_sim_params *params,
                          struct dtt_sim_result *ret)
{
    uint32_t nodes = params->nodes ? params->nodes : s->nodes;
    if (nodes < NODES_MIN || nodes > s->nodes_max) {
        return DTT_EINVAL;
    }
    struct dtt_sim_world world;
    struct dtt_sim_observer observer;
    struct dtt_sim_stage stage;
    memset(ret, 0, sizeof(*ret));
    ret->scenario = s->name;
    ret->seed = params->seed;
    ret->nodes = nodes;
    int err = dtt_sim_world_init(&world, params->seed);
    if (err) {
        return err;
    }
    if (s->links) {
        world.links = *s->links;
    }
    world.transport = params->is_real || s->relays > 0 ? NULL : &dtt_sim_plain;
    err = dtt_sim_observer_init(&observer, &world, nodes);
    if (!err) {
        world.hooks.watch = params->watch;
        err = dtt_sim_stage_init(&stage, s, &world, &observer, params->preset);
        if (!err) {
            err = play(&stage, params, ret);
        }
        dtt_sim_stage_fini(&stage);
        dtt_sim_observer_fini(&observer);
    }
    dtt_sim_world_fini(&world);
    return err;
}

void dtt_sim_result_fini(struct dtt_sim_result *r)
{
    free(r->samples);
    r->samples = NULL;
    r->n_samples = 0;
}
