/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Scenarios are data: what the world is made of, what happens in it when, and what must hold. The
 * table is in scenario.c; script.c carries the actions out.
 */
#ifndef DTT_SIM_SCENARIO_H
#define DTT_SIM_SCENARIO_H

#include "sim/foreign.h"
#include "sim/hostile.h"
#include "sim/sim.h"

#define DTT_SIM_ACTIONS 12
#define DTT_SIM_CHECKS 6
#define DTT_SIM_GANGS 8

/** What an action does. `n` and `arg` mean what is said here; members are picked at random. */
enum dtt_sim_verb {
    DTT_SIM_NOTHING,     /**< ends a script */
    DTT_SIM_START,       /**< n thousandths of the members start, spread over arg seconds */
    DTT_SIM_CUT,         /**< islands are cut off from each other */
    DTT_SIM_UNCUT,       /**< and joined again */
    DTT_SIM_KILL,        /**< n thousandths of the live members vanish */
    DTT_SIM_CHURN,       /**< for arg seconds, n thousandths of the members a minute vanish, and as
                              many start */
    DTT_SIM_SLEEP,       /**< n thousandths of the live members sleep for arg seconds */
    DTT_SIM_SKEW,        /**< wall clocks of n thousandths are wrong by up to arg seconds */
    DTT_SIM_MOVE,        /**< n thousandths get another address */
    DTT_SIM_ROUTERS_DIE, /**< contacts to start from answer no more */
    DTT_SIM_SQUAT,       /**< for arg seconds every foreign node holds, in the public slots of the
                              topic, a squatter's value that nobody can replace */
    DTT_SIM_ISOLATE,     /**< n times, every arg seconds, all neighbours of a member vanish */
    DTT_SIM_CHAT,        /**< for arg seconds, n messages a minute, each by a random member */
    DTT_SIM_SAY,         /**< n messages by random members, 100 ms apart */
    DTT_SIM_ROUNDS,      /**< n rounds of broadcasts, one after the other, by an
                              enum dtt_sim_senders */
    DTT_SIM_MARK,        /**< measuring begins anew: being whole, traffic, needless joins */
    DTT_SIM_ATTACK,      /**< the hostile begin, and go on to the end */
    DTT_SIM_RELAY_ENDS,  /**< relay n serves no more */
    DTT_SIM_RELAY_SERVES /**< it does again */
};

/** The members that broadcast in a round, as PlumTree's authors measured. */
enum dtt_sim_senders {
    DTT_SIM_SINGLE, /**< one random member, the same in all rounds */
    DTT_SIM_MULTI,  /**< a random member each round */
    DTT_SIM_ALL     /**< every member */
};

struct dtt_sim_action {
    uint32_t at_s; /**< since the start of the world */
    enum dtt_sim_verb verb;
    uint32_t n, arg;
    uint32_t every_s; /**< once more each time this has passed; of those that last, one step */
};

/** A metric at the end of the run must be at most, or at least, a number of thousandths. */
struct dtt_sim_check {
    const char *metric;
    enum { DTT_SIM_AT_MOST, DTT_SIM_AT_LEAST } is;
    int64_t thousandths;
};

struct dtt_sim_scenario {
    const char *name;
    const char *checks;
    uint32_t nodes, nodes_max;
    uint32_t stores;                    /**< DHT nodes of others */
    uint8_t mix[DTT_SIM_FOREIGN_KINDS]; /**< percent of them by kind */
    uint32_t servers;                   /**< DHT nodes of ours that are in no topic */
    uint32_t lasting;                   /**< members that never vanish: the first ones */
    uint8_t nat[DTT_SIM_NAT_KINDS];     /**< percent of the members; the rest has none */
    uint32_t nat_hard_s;                /**< mappings end at this age, however busy; 0: never */
    bool hides_homes;                   /**< no DHT node names homes to each other (home.h) */
    uint32_t islands;                   /**< 0: one */
    bool is_lan;     /**< the members of an island are in one home and look for each other there;
                          they know no DHT node to start from, and take turns to start. Each home
                          is to be whole, and none to meet another */
    uint32_t relays; /**< to which the members stay connected. They speak QUIC then, and know
                          the one that starts first by its id */
    uint8_t blocked_percent; /**< of the members: no datagram leaves their networks or gets in */
    uint8_t old_percent; /**< of the members: as Rust nodes, whatever the preset of the others */
    struct dtt_sim_gang_config gangs[DTT_SIM_GANGS]; /**< the hostile, beside the members */
    uint32_t text_bytes;                             /**< of a message; 0: DTT_SIM_TEXT_BYTES */
    bool is_read_only;                               /**< members store nothing for others */
    const struct dtt_sim_links *links;               /**< NULL: the internet's */
    uint32_t drift_ppm;                              /**< clocks run wrong by up to this */
    uint32_t whole_within_s; /**< after the last mark, or the run ends; 0: no bound */
    uint32_t end_s;
    struct dtt_sim_action script[DTT_SIM_ACTIONS];
    struct dtt_sim_check must[DTT_SIM_CHECKS];
};

/** NULL beyond the last. */
const struct dtt_sim_scenario *dtt_sim_scenario_at(size_t i);
const struct dtt_sim_scenario *dtt_sim_scenario_named(const char *name);

/** Runs one that need not be in the table; params->scenario is not looked at. */
int dtt_sim_scenario_play(const struct dtt_sim_scenario *s, const struct dtt_sim_params *params,
                          struct dtt_sim_result *ret);

#endif
