/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/scenario.h"

#define S 1000   /* thousandths of a second or of one */
#define ALL 1000 /* thousandths of the members */
#define AT_MOST DTT_SIM_AT_MOST
#define AT_LEAST DTT_SIM_AT_LEAST

/* A DHT of so many nodes: percent of libtorrent, mainline, dead and lying ones. */
#define USUAL(nodes_) .stores = nodes_, .mix = {60, 20, 15, 5}
/* Percent of members behind no NAT, full cones, restricted ones, symmetric ones. */
#define SOME_NAT     \
    {                \
        0, 20, 25, 5 \
    }

/* The links of iroh-gossip's own simulations, and a DHT without faults. */
static const struct dtt_sim_links lab = {
    .is_uniform = true, .min_us = 10000, .max_us = 50000, .mtu = 1500};
#define LAB .stores = 200, .mix = {100}, .links = &lab

static const struct dtt_sim_scenario table[] = {
    {.name = "cold_start_2",
     .checks = "Two members start within a second on a DHT that knows nothing of the topic. They "
               "must be neighbours within 10 s and hear each other.",
     .nodes = 2,
     .nodes_max = 100,
     USUAL(200),
     .whole_within_s = 10,
     .end_s = 60,
     .script = {{0, DTT_SIM_START, ALL, 1}, {30, DTT_SIM_SAY, 4, 0}},
     .must = {{"whole_s", AT_MOST, 10 * S}, {"delivered", AT_LEAST, 1 * S}}},
    {.name = "cold_start_100_at_once",
     .checks = "A hundred members start within a second, half of them behind NATs of all kinds. "
               "They must be one component within 30 s and all messages must reach all.",
     .nodes = 100,
     .nodes_max = 1000,
     USUAL(300),
     .nat = SOME_NAT,
     .whole_within_s = 30,
     .end_s = 150,
     .script = {{0, DTT_SIM_START, ALL, 1}, {60, DTT_SIM_CHAT, 60, 60}},
     .must = {{"whole_s", AT_MOST, 30 * S}, {"delivered", AT_LEAST, 1 * S}}},
    {.name = "join_1000_over_10_min",
     .checks = "A thousand members start evenly over ten minutes. Half a minute after the last "
               "start they must be one component, and all messages must reach all.",
     .nodes = 1000,
     .nodes_max = 5000,
     USUAL(500),
     .nat = SOME_NAT,
     .whole_within_s = 30,
     .end_s = 720,
     .script = {{0, DTT_SIM_START, ALL, 600}, {600, DTT_SIM_MARK}, {630, DTT_SIM_CHAT, 30, 60}},
     .must = {{"whole_s", AT_MOST, 30 * S}, {"delivered", AT_LEAST, 1 * S}}},
    {.name = "churn_10_percent_a_minute",
     .checks = "For ten minutes a tenth of the members vanishes each minute without a goodbye, and "
               "as many start. Of those that stay, 99 % of all messages must reach each; a minute "
               "after it is over all must be one component.",
     .nodes = 100,
     .nodes_max = 2000,
     USUAL(300),
     .end_s = 780,
     .script = {{0, DTT_SIM_START, ALL, 10},
                {60, DTT_SIM_CHURN, 100, 600},
                {90, DTT_SIM_CHAT, 30, 540},
                {660, DTT_SIM_MARK}},
     .must = {{"whole_s", AT_MOST, 60 * S}, {"delivered", AT_LEAST, 990}}},
    {.name = "heal_50_50",
     .checks = "The network is cut into two halves, members and DHT nodes alike, for five minutes. "
               "90 s after it has been joined again the members must be one component.",
     .nodes = 100,
     .nodes_max = 2000,
     USUAL(300),
     .islands = 2,
     .end_s = 540,
     .script = {{0, DTT_SIM_START, ALL, 10},
                {60, DTT_SIM_CUT},
                {360, DTT_SIM_UNCUT},
                {360, DTT_SIM_MARK},
                {460, DTT_SIM_SAY, 20}},
     .must = {{"whole_s", AT_MOST, 90 * S}, {"delivered", AT_LEAST, 1 * S}}},
    {.name = "heal_after_bubbles",
     .checks = "The swarm is born in ten bubbles that cannot reach each other. 180 s after the "
               "walls have fallen the members must be one component.",
     .nodes = 100,
     .nodes_max = 2000,
     USUAL(300),
     .islands = 10,
     .end_s = 540,
     .script = {{0, DTT_SIM_CUT},
                {0, DTT_SIM_START, ALL, 10},
                {300, DTT_SIM_UNCUT},
                {300, DTT_SIM_MARK},
                {490, DTT_SIM_SAY, 20}},
     .must = {{"whole_s", AT_MOST, 180 * S}, {"delivered", AT_LEAST, 1 * S}}},
    {.name = "lost_neighbors",
     .checks =
         "Each minute all neighbours of one member vanish at once; then four of five members "
         "do. A member that has lost its last neighbour must have one again within 10 s (95th "
         "percentile), and those that are left must be one component within a minute.",
     .nodes = 150,
     .nodes_max = 1000,
     USUAL(300),
     .end_s = 460,
     .script = {{0, DTT_SIM_START, ALL, 10},
                {61, DTT_SIM_ISOLATE, 4, 60},
                {360, DTT_SIM_KILL, 800},
                {360, DTT_SIM_MARK}},
     .must = {{"lonely", AT_LEAST, 1 * S},
              {"lonely_p95_s", AT_MOST, 10 * S},
              {"whole_s", AT_MOST, 60 * S}}},
    {.name = "crowd_leaves",
     .checks = "Of four hundred members half vanish each minute until a dozen are left. Who comes "
               "then must have a neighbour within a minute, as if there had been no crowd.",
     .nodes = 400,
     .nodes_max = 5000,
     USUAL(300),
     .end_s = 1080,
     .script = {{0, DTT_SIM_START, 980, 60},
                {300, DTT_SIM_KILL, 500},
                {360, DTT_SIM_KILL, 500},
                {420, DTT_SIM_KILL, 500},
                {480, DTT_SIM_KILL, 500},
                {540, DTT_SIM_KILL, 500},
                {900, DTT_SIM_START, 20, 60}},
     .must = {{"components", AT_MOST, 1 * S}, {"join_max_s", AT_MOST, 60 * S}}},
    {.name = "sleep_8_hours",
     .checks = "Half of the members sleep for eight hours, as laptops do. Within 30 s of their "
               "waking all must be one component.",
     .nodes = 20,
     .nodes_max = 200,
     USUAL(200),
     .drift_ppm = 50,
     .end_s = 28980,
     .script = {{0, DTT_SIM_START, ALL, 10},
                {60, DTT_SIM_SLEEP, 500, 28800},
                {28860, DTT_SIM_MARK},
                {28900, DTT_SIM_SAY, 20}},
     .must = {{"whole_s", AT_MOST, 30 * S}, {"delivered", AT_LEAST, 1 * S}}},
    {.name = "clock_skew_90_s",
     .checks =
         "The wall clocks of all members are wrong by up to 90 s either way. They must be one "
         "component within 120 s.",
     .nodes = 50,
     .nodes_max = 1000,
     USUAL(300),
     .whole_within_s = 120,
     .end_s = 240,
     .script = {{0, DTT_SIM_SKEW, ALL, 90}, {0, DTT_SIM_START, ALL, 10}, {150, DTT_SIM_SAY, 20}},
     .must = {{"whole_s", AT_MOST, 120 * S}, {"delivered", AT_LEAST, 1 * S}}},
    {.name = "squatted_slots",
     .checks = "Somebody who knows the topic but not the secret holds its public slots on every "
               "DHT node: each value found there is his. All members must meet within 60 s.",
     .nodes = 20,
     .nodes_max = 200,
     USUAL(200),
     .is_read_only = true,
     .whole_within_s = 60,
     .end_s = 240,
     .script = {{0, DTT_SIM_SQUAT, 0, 240}, {0, DTT_SIM_START, ALL, 10}, {120, DTT_SIM_SAY, 20}},
     .must = {{"whole_s", AT_MOST, 60 * S}, {"delivered", AT_LEAST, 1 * S}}},
    {.name = "bootstrap_dead_after_start",
     .checks =
         "The contacts that members started from die; then all change their address, and half "
         "of them sleep for two minutes. What they know must do: within 60 s of waking all "
         "are one component.",
     .nodes = 50,
     .nodes_max = 1000,
     USUAL(300),
     .end_s = 420,
     .script = {{0, DTT_SIM_START, ALL, 10},
                {30, DTT_SIM_ROUTERS_DIE},
                {60, DTT_SIM_MOVE, ALL, 0},
                {120, DTT_SIM_SLEEP, 500, 120},
                {240, DTT_SIM_MARK},
                {320, DTT_SIM_SAY, 20}},
     .must = {{"whole_s", AT_MOST, 60 * S}, {"delivered", AT_LEAST, 1 * S}}},
    {.name = "busy_topic_no_false_merge",
     .checks = "Five messages a second for twenty minutes, more than records can tell of. Healthy "
               "members must not take the swarm for torn: at most 0.1 needless joins a member and "
               "hour.",
     .nodes = 50,
     .nodes_max = 500,
     USUAL(300),
     .end_s = 1440,
     .script = {{0, DTT_SIM_START, ALL, 10}, {90, DTT_SIM_CHAT, 300, 1320}, {180, DTT_SIM_MARK}},
     .must = {{"needless_per_node_hour", AT_MOST, 100}, {"delivered", AT_LEAST, 1 * S}}},
    {.name = "steady_hour",
     .checks = "A swarm that has formed says a word each minute for an hour. What it costs the DHT "
               "is measured; all messages must reach all.",
     .nodes = 100,
     .nodes_max = 2000,
     USUAL(2000),
     .end_s = 3720,
     .script = {{0, DTT_SIM_START, ALL, 10}, {60, DTT_SIM_MARK}, {60, DTT_SIM_CHAT, 1, 3600}},
     .must = {{"components", AT_MOST, 1 * S}, {"delivered", AT_LEAST, 1 * S}}},
    {.name = "plumtree_single",
     .checks = "Thirty broadcasts by one member over links of 10 to 50 ms without loss, as the "
               "authors of PlumTree and iroh-gossip measure: redundancy, hops, time. Nothing may "
               "be missed.",
     .nodes = 100,
     .nodes_max = 2000,
     LAB,
     .end_s = 180,
     .script = {{0, DTT_SIM_START, ALL, 10}, {120, DTT_SIM_ROUNDS, 30, DTT_SIM_SINGLE}},
     .must = {{"round_missed", AT_MOST, 0}, {"rmr", AT_MOST, 200}, {"last_hop", AT_MOST, 15 * S}}},
    {.name = "plumtree_multi",
     .checks = "The same with another sender in each of the thirty rounds.",
     .nodes = 100,
     .nodes_max = 2000,
     LAB,
     .end_s = 180,
     .script = {{0, DTT_SIM_START, ALL, 10}, {120, DTT_SIM_ROUNDS, 30, DTT_SIM_MULTI}},
     .must = {{"round_missed", AT_MOST, 0},
              {"rmr", AT_MOST, 1 * S},
              {"last_hop", AT_MOST, 18 * S}}},
    {.name = "plumtree_all",
     .checks = "The same with all members broadcasting at once in each of the thirty rounds.",
     .nodes = 20,
     .nodes_max = 200,
     LAB,
     .end_s = 180,
     .script = {{0, DTT_SIM_START, ALL, 10}, {120, DTT_SIM_ROUNDS, 30, DTT_SIM_ALL}},
     .must = {{"round_missed", AT_MOST, 0},
              {"rmr", AT_MOST, 3 * S},
              {"last_hop", AT_MOST, 30 * S}}},
    {.name = "plumtree_burst",
     .checks = "The same with five rounds, by a hundred members at once: what a burst costs.",
     .nodes = 100,
     .nodes_max = 200,
     LAB,
     .end_s = 150,
     .script = {{0, DTT_SIM_START, ALL, 10}, {120, DTT_SIM_ROUNDS, 5, DTT_SIM_ALL}},
     .must = {{"round_missed", AT_MOST, 0},
              {"rmr", AT_MOST, 3 * S},
              {"last_hop", AT_MOST, 30 * S}}},
    {.name = "big_10000",
     .checks =
         "Ten thousand members start evenly over twenty minutes. A minute after the last start "
         "they must be one component, every message must reach all, and the process may take "
         "8 GiB.",
     .nodes = 10000,
     .nodes_max = 20000,
     USUAL(2000),
     .whole_within_s = 60,
     .end_s = 1800,
     .script = {{0, DTT_SIM_START, ALL, 1200}, {1200, DTT_SIM_MARK}, {1260, DTT_SIM_CHAT, 12, 480}},
     .must = {{"whole_s", AT_MOST, 60 * S},
              {"delivered", AT_LEAST, 1 * S},
              {"memory_mib", AT_MOST, 8192 * S}}},
};

const struct dtt_sim_scenario *dtt_sim_scenario_at(size_t i)
{
    const size_t n = sizeof(table) / sizeof(table[0]);
    const struct dtt_sim_scenario *s = i < n ? &table[i] : &dtt_sim_scenario_hostile_table[0];
    for (size_t k = n; k < i && s->name; k++) {
        s++;
    }
    return s->name ? s : NULL;
}

const struct dtt_sim_scenario *dtt_sim_scenario_named(const char *name)
{
    const struct dtt_sim_scenario *s;
    for (size_t i = 0; (s = dtt_sim_scenario_at(i)) != NULL; i++) {
        if (strcmp(s->name, name) == 0) {
            return s;
        }
    }
    return NULL;
}
