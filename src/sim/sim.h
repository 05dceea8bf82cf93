/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The simulator as a command sees it: scenarios by name, run with a seed, and what came of them.
 * The production code runs in virtual time on a simulated network; the same parameters give the
 * same result and the same trace hash. Not part of libdtt.
 */
#ifndef DTT_SIM_SIM_H
#define DTT_SIM_SIM_H

#include <dtt/dtt.h>
#include <stdbool.h>

#define DTT_SIM_METRICS 48
#define DTT_SIM_WHY_MAX 256

/** One scenario of the table, for lists. */
struct dtt_sim_about {
    const char *name;
    const char *checks; /**< what it shows and when it fails, one paragraph */
    uint32_t nodes;     /**< members unless told otherwise */
    uint32_t nodes_max;
};

/** Scenario number `i`; false beyond the last. */
bool dtt_sim_about(size_t i, struct dtt_sim_about *ret);

struct dtt_sim_world;

/** For a program that counts what each host allocates. */
struct dtt_sim_watch {
    void *user;
    /** From now on it is the node of this host that runs. */
    void (*inside)(void *user, uint32_t host);
    /** Called each virtual second. */
    void (*look)(void *user, const struct dtt_sim_world *w);
};

struct dtt_sim_params {
    const char *scenario;
    uint64_t seed;
    uint32_t nodes; /**< members, 0: as the scenario says */
    int preset;     /**< enum dtt_preset */
    bool is_real;   /**< members speak QUIC with its cryptography; else a light stand-in */
    /** Bytes of memory the process uses; NULL: not measured. */
    uint64_t (*memory)(void *user);
    void *user;
    const struct dtt_sim_watch *watch; /**< or NULL */
};

/** A figure in thousandths; whole numbers, so that all builds print the same. */
struct dtt_sim_metric {
    const char *name;
    int64_t thousandths;
};

/** What is seen once a virtual second, for plots. */
struct dtt_sim_sample {
    uint32_t live, joined, components;
    uint32_t neighbors;     /**< of all members together */
    uint32_t min_neighbors; /**< of a joined member */
    uint64_t dht;           /**< KRPC datagrams of members since the sample before */
    uint64_t other;         /**< of the transport, likewise */
};

struct dtt_sim_result {
    const char *scenario;
    uint64_t seed;
    uint32_t nodes;
    bool passed;
    char why[DTT_SIM_WHY_MAX]; /**< the first check that failed */
    char trace_hash[33];
    size_t n_metrics;
    struct dtt_sim_metric metrics[DTT_SIM_METRICS];
    size_t n_samples;
    struct dtt_sim_sample *samples; /**< dtt_sim_result_fini frees them */
};

/**
 * Runs a scenario to its end. DTT_ENOENT (no such scenario), DTT_EINVAL (too few or too many
 * nodes), DTT_ENOMEM; a check that fails is no error.
 */
int dtt_sim_scenario_run(const struct dtt_sim_params *params, struct dtt_sim_result *ret);
void dtt_sim_result_fini(struct dtt_sim_result *r);

#endif
