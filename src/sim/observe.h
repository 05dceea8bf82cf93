/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Watches the members of a topic while a world runs: which are joined, how many components they
 * form, which messages arrive where, what that costs.
 */
#ifndef DTT_SIM_OBSERVE_H
#define DTT_SIM_OBSERVE_H

#include "sim/sim.h"
#include "sim/world.h"

#define DTT_SIM_TEXT_BYTES 16          /**< of a message, at least */
#define DTT_SIM_SETTLE_NS (20 * DTT_S) /**< a message has arrived by then, or is missed */
#define DTT_SIM_NEW_NS (60 * DTT_S)    /**< under attack, after this a member must be reached */

struct dtt_sim_member {
    struct dtt_sim_host *host;
    uint64_t started_ns; /**< last start; DTT_NEVER before the first */
    uint64_t up_ns;      /**< joined and awake without a break since; DTT_NEVER */
    uint64_t lonely_ns;  /**< lost its last neighbour then; DTT_NEVER */
    uint64_t joined_ns;  /**< time spent joined since the mark */
    uint64_t counted_ns; /**< up to when that is counted */
    uint32_t neighbors;  /**< UP less DOWN */
    uint32_t component;  /**< at the last sample */
    bool has_joined;     /**< since its last start */
    bool was_started;    /**< ever */
    bool is_old;         /**< as a Rust node */
    uint64_t unheard_ns; /**< the first message since then that it should hear; DTT_NEVER: none */
    uint64_t dht_mark;   /**< datagrams when measuring began, or at the last start */
    uint64_t heard;      /**< messages since then, its own included */
};

struct dtt_sim_message;

/** A round of broadcasts, and the sums over the rounds before it. */
struct dtt_sim_rounds {
    bool is_open;
    uint64_t start_ns, last_ns;  /**< of the last delivery */
    uint64_t sent, got;          /**< messages, and their deliveries */
    uint64_t payloads, last_hop; /**< contents received, repeated ones too; hops of the farthest */
    uint64_t n, sum_rmr, sum_hops, sum_ns, missed; /**< relative message redundancy, thousandths */
};

/** Messages that had to arrive somewhere, and those of them that did. */
struct dtt_sim_arrivals {
    uint64_t expected, delivered;
};

/** Durations, in order when asked for. */
struct dtt_sim_times {
    uint64_t *ns;
    size_t n, cap;
};

struct dtt_sim_observer {
    struct dtt_sim_world *world;
    struct dtt_sim_member *members;
    uint32_t n;
    struct dtt_sim_task sampling;

    struct dtt_sim_sample *samples;
    size_t n_samples, cap_samples;
    uint64_t last_dht, last_other;

    uint64_t mark_ns;
    uint64_t whole_ns;         /**< one component since then; DTT_NEVER: it is not */
    uint32_t whole_within_s;   /**< since the mark; 0: no bound */
    bool is_parted;            /**< the islands are to be whole each, and never to meet */
    char why[DTT_SIM_WHY_MAX]; /**< an invariant that broke, or empty */

    struct dtt_sim_times joins;       /**< from start to first neighbour that is not hostile */
    struct dtt_sim_times newcomers;   /**< the same of those that started after the mark */
    struct dtt_sim_times lonely;      /**< from the last neighbour lost to the next one */
    struct dtt_sim_message *messages; /**< on their way */
    uint32_t next_message;
    struct dtt_sim_arrivals arrivals; /**< between members */
    struct dtt_sim_arrivals old;      /**< from or at one that is as a Rust node */
    uint64_t repeated, refused;
    uint64_t places, hostile_places; /**< neighbours in all samples since the mark */
    uint64_t third_mark;             /**< bytes of the world's third party at the mark */
    uint32_t text_bytes;             /**< of a message */
    /** Members must be reached DTT_SIM_NEW_NS after their start, joined or not. */
    bool is_strict;
    uint64_t needless_joins;
    uint64_t said;       /**< messages since the mark */
    uint64_t silence_ns; /**< longest that a member heard nothing of what others said */
    struct dtt_sim_rounds rounds;
    uint32_t *edges; /**< scratch of the sampling */
};

int dtt_sim_observer_init(struct dtt_sim_observer *o, struct dtt_sim_world *w, uint32_t members);
void dtt_sim_observer_fini(struct dtt_sim_observer *o);
/** A member's node is about to start, or has ended. */
void dtt_sim_observer_started(struct dtt_sim_observer *o, uint32_t member);
void dtt_sim_observer_ended(struct dtt_sim_observer *o, uint32_t member);
/** Measuring begins anew. */
void dtt_sim_observer_mark(struct dtt_sim_observer *o);
/** Lets a member broadcast, and counts the deliveries. */
void dtt_sim_observer_say(struct dtt_sim_observer *o, uint32_t member);
/** Begins a round; false while the round before lacks deliveries, up to 5 s. */
bool dtt_sim_observer_round(struct dtt_sim_observer *o);
/** Fills in metrics and samples at the end of the run. */
void dtt_sim_observer_report(struct dtt_sim_observer *o, struct dtt_sim_result *ret);

#endif
