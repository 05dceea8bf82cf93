/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/scenario.h"

#define S 1000   /* thousandths of a second or of one */
#define ALL 1000 /* thousandths of the members */
#define AT_MOST DTT_SIM_AT_MOST
#define AT_LEAST DTT_SIM_AT_LEAST

#define MEMBERS(usual, most) .nodes = usual, .nodes_max = most
/* Members on a DHT of so many nodes: percent of libtorrent, mainline, dead and lying ones. */
#define WORLD(usual, most, dht_nodes) \
    MEMBERS(usual, most), .stores = dht_nodes, .mix = {60, 20, 15, 5}
/* Percent of members behind no NAT, full cones, restricted ones, symmetric ones. */
#define SOME_NAT     \
    {                \
        0, 20, 25, 5 \
    }

/* The links of iroh-gossip's own simulations, and a DHT without faults. */
static const struct dtt_sim_links lab = {
    .is_uniform = true, .min_us = 10000, .max_us = 50000, .mtu = 1500};
#define LAB .stores = 200, .mix = {100}, .links = &lab

/*
 * Swarms under attack. Nine of ten members, which know the secret, have formed a swarm when the
 * hostile begin, and the others start amid the attack. What must hold is the same nearly
 * everywhere: a newcomer has a neighbour that is not hostile within a minute, and 99 % of the
 * messages arrive.
 */
#define SCRIPT(messages_a_minute)                                              \
    {                                                                          \
        {0, DTT_SIM_START, 900, 10}, {60, DTT_SIM_ATTACK}, {90, DTT_SIM_MARK}, \
            {90, DTT_SIM_CHAT, messages_a_minute, 150},                        \
        {                                                                      \
            100, DTT_SIM_START, 100, 30                                        \
        }                                                                      \
    }
#define JOINS                             \
    {                                     \
        "newcomer_max_s", AT_MOST, 60 * S \
    }
#define HEARS                      \
    {                              \
        "delivered", AT_LEAST, 990 \
    }
#define SWARM WORLD(20, 200, 200), .end_s = 260
#define BESIEGED .script = SCRIPT(60), .must = {JOINS, HEARS}

/* Homes in a DHT of millions, that is to say where no node names one to another. */
#define HOMES .nat = {[DTT_SIM_NAT_RESTRICTED] = 100}, .hides_homes = true
#define CARRIERS(percent) \
    .nat = {[DTT_SIM_NAT_CARRIER] = percent}, .nat_hard_s = 60, .hides_homes = true
/* Half of the members form a swarm, and then the others come evenly over 100 s. */
#define ONE_BY_ONE                                          \
    .end_s = 420, .script = {{0, DTT_SIM_START, 500, 20},   \
                             {90, DTT_SIM_MARK},            \
                             {90, DTT_SIM_START, 500, 100}, \
                             {90, DTT_SIM_CHAT, 60, 300}}
#define TALK      \
    .end_s = 420, \
    .script = {{0, DTT_SIM_START, ALL, 3}, {30, DTT_SIM_MARK}, {30, DTT_SIM_CHAT, 600, 380}}

static const struct dtt_sim_scenario table[] = {
    {.name = "cold_start_2",
     .checks = "Two members start within a second on a DHT that knows nothing of the topic. They "
               "must be neighbours within 10 s and hear each other.",
     WORLD(2, 100, 200),
     .whole_within_s = 10,
     .end_s = 60,
     .script = {{0, DTT_SIM_START, ALL, 1}, {30, DTT_SIM_SAY, 4, 0}},
     .must = {{"whole_s", AT_MOST, 10 * S}, {"delivered", AT_LEAST, 1 * S}}},
    {.name = "cold_start_100_at_once",
     .checks = "A hundred members start within a second, half of them behind NATs of all kinds. "
               "They must be one component within 30 s and all messages must reach all.",
     WORLD(100, 1000, 300),
     .nat = SOME_NAT,
     .whole_within_s = 30,
     .end_s = 150,
     .script = {{0, DTT_SIM_START, ALL, 1}, {60, DTT_SIM_CHAT, 60, 60}},
     .must = {{"whole_s", AT_MOST, 30 * S}, {"delivered", AT_LEAST, 1 * S}}},
    {.name = "join_1000_over_10_min",
     .checks = "A thousand members start evenly over ten minutes. Half a minute after the last "
               "start they must be one component, and all messages must reach all.",
     WORLD(1000, 5000, 500),
     .nat = SOME_NAT,
     .whole_within_s = 30,
     .end_s = 720,
     .script = {{0, DTT_SIM_START, ALL, 600}, {600, DTT_SIM_MARK}, {630, DTT_SIM_CHAT, 30, 60}},
     .must = {{"whole_s", AT_MOST, 30 * S}, {"delivered", AT_LEAST, 1 * S}}},
    {.name = "churn_10_percent_a_minute",
     .checks = "For ten minutes a tenth of the members vanishes each minute without a goodbye, and "
               "as many start. Of those that stay, 99 % of all messages must reach each; a minute "
               "after it is over all must be one component.",
     WORLD(100, 2000, 300),
     .end_s = 780,
     .script = {{0, DTT_SIM_START, ALL, 10},
                {60, DTT_SIM_CHURN, 100, 600},
                {90, DTT_SIM_CHAT, 30, 540},
                {660, DTT_SIM_MARK}},
     .must = {{"whole_s", AT_MOST, 60 * S}, {"delivered", AT_LEAST, 990}}},
    {.name = "heal_50_50",
     .checks = "The network is cut into two halves, members and DHT nodes alike, for five minutes. "
               "90 s after it has been joined again the members must be one component.",
     WORLD(100, 2000, 300),
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
     WORLD(100, 2000, 300),
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
     WORLD(150, 1000, 300),
     .end_s = 460,
     .script = {{0, DTT_SIM_START, ALL, 10},
                {61, DTT_SIM_ISOLATE, 4, 60},
                {360, DTT_SIM_KILL, 800},
                {360, DTT_SIM_MARK}},
     .must = {{"lonely", AT_LEAST, 1 * S},
              {"lonely_p95_s", AT_MOST, 10 * S},
              {"whole_s", AT_MOST, 60 * S}}},
    {.name = "crowd_leaves",
     .checks =
         "Of four hundred members half vanish each minute until a dozen are left. A member "
         "that comes then must have a neighbour within a minute, as if there had been no crowd.",
     WORLD(400, 5000, 300),
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
     WORLD(20, 200, 200),
     .drift_ppm = 50,
     .end_s = 28980,
     .script = {{0, DTT_SIM_START, ALL, 10},
                {60, DTT_SIM_SLEEP, 500, 28800},
                {28860, DTT_SIM_MARK},
                {28900, DTT_SIM_SAY, 20}},
     .must = {{"whole_s", AT_MOST, 30 * S}, {"delivered", AT_LEAST, 1 * S}}},
    {.name = "away_100_s",
     .checks = "One member in ten sleeps for 100 s, in which 250 messages are said. Within 20 s of "
               "their waking all must have heard all of them, and none twice.",
     WORLD(20, 200, 200),
     .end_s = 190,
     .script = {{0, DTT_SIM_START, ALL, 10},
                {60, DTT_SIM_MARK},
                {60, DTT_SIM_SLEEP, 100, 100},
                {60, DTT_SIM_CHAT, 150, 100}},
     .must = {{"heard_least", AT_LEAST, 1 * S},
              {"heard_most", AT_MOST, 1 * S},
              {"repeated", AT_MOST, 0}}},
    {.name = "away_100_s_busy",
     .checks =
         "The same with 1,000 messages, of which as many are kept as were said in 30 s. Who was "
         "away must have heard those at least, and nobody anything twice.",
     WORLD(20, 200, 200),
     .end_s = 190,
     .script = {{0, DTT_SIM_START, ALL, 10},
                {60, DTT_SIM_MARK},
                {60, DTT_SIM_SLEEP, 100, 100},
                {60, DTT_SIM_CHAT, 600, 100}},
     .must = {{"heard_least", AT_LEAST, 256},
              {"heard_most", AT_MOST, 1 * S},
              {"repeated", AT_MOST, 0}}},
    {.name = "clock_skew_90_s",
     .checks =
         "The wall clocks of all members are wrong by up to 90 s either way. They must be one "
         "component within 120 s.",
     WORLD(50, 1000, 300),
     .whole_within_s = 120,
     .end_s = 240,
     .script = {{0, DTT_SIM_SKEW, ALL, 90}, {0, DTT_SIM_START, ALL, 10}, {150, DTT_SIM_SAY, 20}},
     .must = {{"whole_s", AT_MOST, 120 * S}, {"delivered", AT_LEAST, 1 * S}}},
    {.name = "clock_skew_300_s",
     .checks =
         "The wall clock of one member in fifty is wrong by up to five minutes either way. It "
         "too must be in within 60 s, and hear what is said.",
     WORLD(50, 1000, 300),
     .end_s = 240,
     .script = {{0, DTT_SIM_SKEW, 20, 300},
                {0, DTT_SIM_START, ALL, 10},
                {10, DTT_SIM_MARK},
                {150, DTT_SIM_SAY, 20}},
     .must = {{"whole_s", AT_MOST, 60 * S},
              {"join_max_s", AT_MOST, 60 * S},
              {"delivered", AT_LEAST, 1 * S}}},
    {.name = "squatted_slots",
     .checks = "A node that knows the topic but not the secret holds its public slots on every "
               "DHT node: each value found there is its own. All members must meet within 60 s.",
     WORLD(20, 200, 200),
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
     WORLD(50, 1000, 300),
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
     WORLD(50, 500, 300),
     .end_s = 1440,
     .script = {{0, DTT_SIM_START, ALL, 10}, {90, DTT_SIM_CHAT, 300, 1320}, {180, DTT_SIM_MARK}},
     .must = {{"needless_per_node_hour", AT_MOST, 100}, {"delivered", AT_LEAST, 1 * S}}},
    {.name = "steady_hour",
     .checks = "A swarm that has formed says a word each minute for an hour. What it costs the DHT "
               "is measured; all messages must reach all.",
     WORLD(100, 2000, 2000),
     .end_s = 3720,
     .script = {{0, DTT_SIM_START, ALL, 10}, {60, DTT_SIM_MARK}, {60, DTT_SIM_CHAT, 1, 3600}},
     .must = {{"components", AT_MOST, 1 * S}, {"delivered", AT_LEAST, 1 * S}}},
    {.name = "weeks",
     .checks =
         "Three days of a swarm that talks: members vanish and come, move and sleep, and four "
         "of them and eight DHT nodes last. 99 % of the messages must arrive. What the "
         "lasting ones hold in memory must not grow: './dev weeks' counts it.",
     WORLD(10, 100, 24),
     .nat = SOME_NAT,
     .drift_ppm = 50,
     .servers = 8,
     .lasting = 4,
     .end_s = 72 * 3600,
     .script = {{0, DTT_SIM_START, ALL, 10},
                {120, DTT_SIM_SAY, .every_s = 30},
                {300, DTT_SIM_CHURN, .every_s = 60},
                {1000, DTT_SIM_MOVE, 100, .every_s = 2700},
                {2000, DTT_SIM_SLEEP, 200, 1200, .every_s = 5400}},
     .must = {{"delivered", AT_LEAST, 990}, {"join_p95_s", AT_MOST, 10 * S}}},
    {.name = "plumtree_single",
     .checks = "Thirty broadcasts by one member over links of 10 to 50 ms without loss, as the "
               "authors of PlumTree and iroh-gossip measure: redundancy, hops, time. Nothing may "
               "be missed.",
     MEMBERS(100, 2000),
     LAB,
     .end_s = 180,
     .script = {{0, DTT_SIM_START, ALL, 10}, {120, DTT_SIM_ROUNDS, 30, DTT_SIM_SINGLE}},
     .must = {{"round_missed", AT_MOST, 0}, {"rmr", AT_MOST, 200}, {"last_hop", AT_MOST, 15 * S}}},
    {.name = "plumtree_multi",
     .checks = "The same with another sender in each of the thirty rounds.",
     MEMBERS(100, 2000),
     LAB,
     .end_s = 180,
     .script = {{0, DTT_SIM_START, ALL, 10}, {120, DTT_SIM_ROUNDS, 30, DTT_SIM_MULTI}},
     .must = {{"round_missed", AT_MOST, 0},
              {"rmr", AT_MOST, 1 * S},
              {"last_hop", AT_MOST, 18 * S}}},
    {.name = "plumtree_all",
     .checks = "The same with all members broadcasting at once in each of the thirty rounds.",
     MEMBERS(20, 200),
     LAB,
     .end_s = 180,
     .script = {{0, DTT_SIM_START, ALL, 10}, {120, DTT_SIM_ROUNDS, 30, DTT_SIM_ALL}},
     .must = {{"round_missed", AT_MOST, 0},
              {"rmr", AT_MOST, 3 * S},
              {"last_hop", AT_MOST, 30 * S}}},
    {.name = "plumtree_burst",
     .checks = "The same with five rounds, by a hundred members at once: what a burst costs.",
     MEMBERS(100, 200),
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
     WORLD(10000, 20000, 2000),
     .whole_within_s = 60,
     .end_s = 1800,
     .script = {{0, DTT_SIM_START, ALL, 1200}, {1200, DTT_SIM_MARK}, {1260, DTT_SIM_CHAT, 12, 480}},
     .must = {{"whole_s", AT_MOST, 60 * S},
              {"delivered", AT_LEAST, 1 * S},
              {"memory_mib", AT_MOST, 8192 * S}}},
    {.name = "home_swarm",
     .checks =
         "Twenty homes, all behind NATs that let in only what was sent to: ten form a swarm, and "
         "then one comes each ten seconds. All must have a neighbour within 15 s, and 98 % of the "
         "messages must arrive; nobody may hear nothing for longer than 30 s.",
     WORLD(20, 200, 200),
     HOMES,
     ONE_BY_ONE,
     .must = {{"newcomer_max_s", AT_MOST, 15 * S},
              {"silence_max_s", AT_MOST, 30 * S},
              {"delivered", AT_LEAST, 980}}},
    {.name = "home_pair",
     .checks = "Two such homes form a swarm, and a third one comes when they have been together "
               "for 45 s. It must have a neighbour within 12 s, and all must hear what is said.",
     WORLD(3, 3, 200),
     HOMES,
     .end_s = 180,
     .script = {{0, DTT_SIM_START, 600, 3},
                {48, DTT_SIM_MARK},
                {48, DTT_SIM_START, 400, 1},
                {90, DTT_SIM_SAY, 10}},
     .must = {{"newcomer_max_s", AT_MOST, 12 * S}, {"delivered", AT_LEAST, 1 * S}}},
    {.name = "late_elder",
     .checks = "Of two homes whose routers shift ports after an unexpected packet the first one "
               "sleeps when the second one comes, which dials it in vain. They must meet within "
               "120 s all the same.",
     WORLD(2, 2, 200),
     .nat = {[DTT_SIM_NAT_SHIFTING] = 100},
     .hides_homes = true,
     .end_s = 300,
     .script = {{0, DTT_SIM_START, 500, 1},
                {30, DTT_SIM_MARK},
                {30, DTT_SIM_SLEEP, ALL, 30},
                {32, DTT_SIM_START, 500, 1}},
     .must = {{"newcomer_max_s", AT_MOST, 120 * S}}},
    {.name = "home_steady",
     .checks = "Twenty such homes are together for half an hour. That may cost the DHT "
               "120 datagrams a minute for each, which leaves room for two members, as these share "
               "the least; all must be one component, and all messages must reach all.",
     WORLD(20, 200, 2000),
     HOMES,
     .end_s = 2100,
     .script = {{0, DTT_SIM_START, ALL, 20}, {300, DTT_SIM_MARK}, {300, DTT_SIM_CHAT, 1, 1770}},
     .must = {{"components", AT_MOST, 1 * S},
              {"delivered", AT_LEAST, 1 * S},
              {"dht_per_node_min", AT_MOST, 120 * S}}},
    {.name = "mixed_homes",
     .checks =
         "Twenty members, two of them public and the others behind NATs and firewalls of all "
         "kinds: ten form a swarm, and then one comes each ten seconds. 95 % of them must have a "
         "neighbour within 20 s; all must be one component, and all messages must reach all.",
     WORLD(20, 200, 200),
     .nat = {[DTT_SIM_NAT_FULL_CONE] = 10,
             [DTT_SIM_NAT_RESTRICTED] = 20,
             [DTT_SIM_NAT_SYMMETRIC] = 5,
             [DTT_SIM_NAT_ADDRESS] = 10,
             [DTT_SIM_NAT_FIREWALL] = 10,
             [DTT_SIM_NAT_MASQUERADE] = 10,
             [DTT_SIM_NAT_SHIFTING] = 10,
             [DTT_SIM_NAT_SEQUENTIAL] = 5,
             [DTT_SIM_NAT_CARRIER] = 10},
     .hides_homes = true,
     ONE_BY_ONE,
     .must = {{"newcomer_p95_s", AT_MOST, 20 * S},
              {"components", AT_MOST, 1 * S},
              {"delivered", AT_LEAST, 1 * S}}},
    {.name = "carrier",
     .checks = "Two homes behind carriers whose NATs forget each mapping 60 s after its birth, "
               "however busy it is. Neither may hear nothing for longer than 8 s.",
     WORLD(2, 2, 200),
     CARRIERS(100),
     TALK,
     .must = {{"silence_max_s", AT_MOST, 8 * S}}},
    {.name = "carrier_common",
     .checks = "The same with a public member between the two: 3 s.",
     WORLD(3, 3, 200),
     CARRIERS(67),
     TALK,
     .must = {{"silence_max_s", AT_MOST, 3 * S}}},
    {.name = "lan_party",
     .checks =
         "Two homes without a DHT and without a way to each other, each with a dozen members that "
         "start within 10 s, a thirteenth that comes a minute later, and one that vanishes then. "
         "Multicast alone must make each home one component within 2 s of a start; the two never "
         "meet, and all messages must reach all of a home.",
     MEMBERS(26, 400),
     .nat = {[DTT_SIM_NAT_RESTRICTED] = 100},
     .islands = 2,
     .is_lan = true,
     .whole_within_s = 2,
     .end_s = 180,
     .script = {{0, DTT_SIM_CUT},
                {0, DTT_SIM_START, 923, 10},
                {10, DTT_SIM_MARK},
                {20, DTT_SIM_CHAT, 60, 140},
                {70, DTT_SIM_MARK},
                {70, DTT_SIM_START, 76, 1},
                {120, DTT_SIM_MARK},
                {120, DTT_SIM_KILL, 38}},
     .must = {{"components", AT_MOST, 2 * S},
              {"components", AT_LEAST, 2 * S},
              {"join_max_s", AT_MOST, 2 * S},
              {"delivered", AT_LEAST, 1 * S}}},
    {.name = "relay_only",
     .checks = "Members from whose networks no datagram gets out are connected to one relay, and "
               "know one of them. They must be one component within 10 s, and lose nothing while "
               "the relay is away for 12 s: all hear all that is said.",
     WORLD(10, 60, 20),
     .relays = 1,
     .blocked_percent = 100,
     .whole_within_s = 10,
     .end_s = 120,
     .script = {{0, DTT_SIM_START, ALL, 2},
                {20, DTT_SIM_CHAT, 60, 70},
                {40, DTT_SIM_RELAY_ENDS, 0},
                {52, DTT_SIM_RELAY_SERVES, 0}},
     .must = {{"whole_s", AT_MOST, 10 * S},
              {"delivered", AT_LEAST, 1 * S},
              {"lonely_p95_s", AT_MOST, 2 * S}}},
    {.name = "relay_lost",
     .checks = "Half of the members are as in relay_only, and all are connected to two relays. "
               "Their home relay ends for good: within 10 s they must be one component, and all "
               "must hear what is said meanwhile.",
     WORLD(10, 60, 20),
     .relays = 2,
     .blocked_percent = 50,
     .whole_within_s = 10,
     .end_s = 120,
     .script = {{0, DTT_SIM_START, ALL, 2},
                {20, DTT_SIM_CHAT, 60, 70},
                {40, DTT_SIM_RELAY_ENDS, 0},
                {40, DTT_SIM_MARK}},
     .must = {{"whole_s", AT_MOST, 10 * S},
              {"delivered", AT_LEAST, 1 * S},
              {"silence_max_s", AT_MOST, 5 * S},
              {"lonely_p95_s", AT_MOST, 2 * S}}},
    {.name = "hostile_places",
     .checks = "Two hundred strangers from one address hold connections of each member and come "
               "again when they lose them. A newcomer must be in within 60 s.",
     SWARM,
     BESIEGED,
     .gangs = {{DTT_SIM_SQUATTER, .n = 200, .hosts = 1}}},
    {.name = "hostile_places_net",
     .checks = "Two hundred strangers from forty addresses of one /24 do as in hostile_places.",
     SWARM,
     BESIEGED,
     .gangs = {{DTT_SIM_SQUATTER, .n = 200, .hosts = 40, .is_near = true}}},
    {.name = "hostile_places_wide",
     .checks = "Two hundred strangers from fifty networks do as in hostile_places.",
     SWARM,
     BESIEGED,
     .gangs = {{DTT_SIM_SQUATTER, .n = 200, .hosts = 50}}},
    {.name = "hostile_silence",
     .checks = "Twelve outsiders with addresses of their own say Join to each member each second "
               "and pass nothing on. 99 % of the messages between members must arrive.",
     SWARM,
     BESIEGED,
     .gangs = {{DTT_SIM_SILENCER, .n = 12}}},
    {.name = "hostile_silence_garbage",
     .checks = "Six such outsiders from one address publish garbage as well, a message a second.",
     SWARM,
     BESIEGED,
     .gangs = {{DTT_SIM_BABBLER, .n = 6, .hosts = 1}}},
    {.name = "hostile_silence_secret_10",
     .checks = "Of all, a tenth are silencers with the secret: records of theirs are on the DHT.",
     SWARM,
     BESIEGED,
     .gangs = {{DTT_SIM_SILENCER, .percent = 10, .has_secret = true}}},
    {.name = "hostile_silence_secret_30",
     .checks = "Of all, three tenths are silencers with the secret: as hostile_silence_secret_10.",
     SWARM,
     BESIEGED,
     .gangs = {{DTT_SIM_SILENCER, .percent = 30, .has_secret = true}}},
    {.name = "hostile_black_holes_10",
     .checks = "Of all, a tenth are members like any other, but neither messages nor announcements "
               "get out of them. 99 % must arrive among the rest.",
     SWARM,
     BESIEGED,
     .gangs = {{DTT_SIM_BLACK_HOLE, .percent = 10, .has_secret = true}}},
    {.name = "hostile_black_holes_30",
     .checks = "Of all, three tenths are black holes with the secret: as hostile_black_holes_10.",
     SWARM,
     BESIEGED,
     .gangs = {{DTT_SIM_BLACK_HOLE, .percent = 30, .has_secret = true}}},
    {.name = "hostile_hearsay",
     .checks = "Of all, a tenth are outsiders that name peers at silent addresses, ten and more a "
               "second. Members must still dial and be dialled.",
     SWARM,
     BESIEGED,
     .gangs = {{DTT_SIM_GOSSIPER, .percent = 10}}},
    {.name = "hostile_slow",
     .checks = "Of all, three tenths are neighbours that take nothing in any more, while 40 kB/s "
               "are said. The others must hear it.",
     SWARM,
     .gangs = {{DTT_SIM_SLOW_READER, .percent = 30}},
     .text_bytes = 2000,
     .script = SCRIPT(1200),
     .must = {JOINS, HEARS}},
    {.name = "hostile_flap",
     .checks = "Of all, a tenth are outsiders that leave and join ten times a second.",
     SWARM,
     BESIEGED,
     .gangs = {{DTT_SIM_FLAPPER, .percent = 10}}},
    {.name = "hostile_reflect",
     .checks = "Of all, a tenth are outsiders that name a third party's address in Join and "
               "ForwardJoin. It must get at most 600 bytes a second of each member, and at most "
               "four times what the attackers spend.",
     SWARM,
     .gangs = {{DTT_SIM_REFLECTOR, .percent = 10}},
     .script = SCRIPT(60),
     .must =
         {JOINS, HEARS, {"third_per_member_s", AT_MOST, 600 * S}, {"third_ratio", AT_MOST, 4 * S}}},
    {.name = "hostile_reflect_secret",
     .checks = "Holders of the secret do as in hostile_reflect, and their records name the third "
               "party too.",
     SWARM,
     .gangs = {{DTT_SIM_REFLECTOR, .percent = 10, .has_secret = true}},
     .script = SCRIPT(60),
     .must =
         {JOINS, HEARS, {"third_per_member_s", AT_MOST, 600 * S}, {"third_ratio", AT_MOST, 4 * S}}},
    {.name = "hostile_mixed",
     .checks =
         "All kinds at once: squatters from a few hosts, outsiders that silence, babble, name "
         "false peers, do not read, flap and reflect, and black holes with the secret.",
     SWARM,
     .gangs = {{DTT_SIM_SQUATTER, .n = 200, .hosts = 10},
               {DTT_SIM_SILENCER, .n = 6},
               {DTT_SIM_BABBLER, .n = 2},
               {DTT_SIM_GOSSIPER, .n = 2},
               {DTT_SIM_SLOW_READER, .n = 2},
               {DTT_SIM_FLAPPER, .n = 2},
               {DTT_SIM_REFLECTOR, .n = 1},
               {DTT_SIM_BLACK_HOLE, .percent = 10, .has_secret = true}},
     .script = SCRIPT(60),
     .must =
         {JOINS, HEARS, {"third_per_member_s", AT_MOST, 600 * S}, {"third_ratio", AT_MOST, 4 * S}}},
    {.name = "hostile_half_rust",
     .checks =
         "Five members and five that are as Rust nodes, under six silencers from addresses of "
         "their own. What the members say to each other must arrive; what goes from or to "
         "the others is measured.",
     WORLD(10, 100, 200),
     .end_s = 260,
     .old_percent = 50,
     .gangs = {{DTT_SIM_SILENCER, .n = 6}},
     .script = SCRIPT(60),
     .must = {JOINS, HEARS}},
};

const struct dtt_sim_scenario *dtt_sim_scenario_at(size_t i)
{
    return i < sizeof(table) / sizeof(table[0]) ? &table[i] : NULL;
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
