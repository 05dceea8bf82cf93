/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Swarms under attack. A swarm of members that know the secret has formed when the hostile begin,
 * and newcomers start amid the attack. What must hold is the same nearly everywhere: a newcomer has
 * a neighbour that is not hostile within a minute, and 99 % of the messages arrive.
 */
#include "sim/scenario.h"

#define S 1000
#define AT_MOST DTT_SIM_AT_MOST
#define AT_LEAST DTT_SIM_AT_LEAST
#define DHT .stores = 200, .mix = {60, 20, 15, 5}

/* Nine of ten members are there before the attack, the others start amid it. */
#define SCRIPT(messages_a_minute)                                              \
    {                                                                          \
        {0, DTT_SIM_START, 900, 10}, {60, DTT_SIM_ATTACK}, {90, DTT_SIM_MARK}, \
            {90, DTT_SIM_CHAT, messages_a_minute, 150},                        \
        {                                                                      \
            100, DTT_SIM_START, 100, 30                                        \
        }                                                                      \
    }
#define SWARM .nodes = 20, .nodes_max = 200, DHT, .end_s = 260
#define JOINS                             \
    {                                     \
        "newcomer_max_s", AT_MOST, 60 * S \
    }
#define HEARS                      \
    {                              \
        "delivered", AT_LEAST, 990 \
    }

const struct dtt_sim_scenario dtt_sim_scenario_hostile_table[] = {
    {.name = "hostile_places",
     .checks = "Two hundred strangers from one address hold connections of each member and come "
               "again when they lose them. A newcomer must be in within 60 s.",
     SWARM,
     .gangs = {{DTT_SIM_SQUATTER, .n = 200, .hosts = 1}},
     .script = SCRIPT(60),
     .must = {JOINS, HEARS}},
    {.name = "hostile_places_net",
     .checks = "Two hundred strangers from forty addresses of one /24 do as in hostile_places.",
     SWARM,
     .gangs = {{DTT_SIM_SQUATTER, .n = 200, .hosts = 40, .is_near = true}},
     .script = SCRIPT(60),
     .must = {JOINS, HEARS}},
    {.name = "hostile_places_wide",
     .checks = "Two hundred strangers from fifty networks do as in hostile_places.",
     SWARM,
     .gangs = {{DTT_SIM_SQUATTER, .n = 200, .hosts = 50}},
     .script = SCRIPT(60),
     .must = {JOINS, HEARS}},
    {.name = "hostile_silence",
     .checks = "Twelve outsiders with addresses of their own say Join to each member each second "
               "and pass nothing on. 99 % of the messages between members must arrive.",
     SWARM,
     .gangs = {{DTT_SIM_SILENCER, .n = 12}},
     .script = SCRIPT(60),
     .must = {JOINS, HEARS}},
    {.name = "hostile_silence_garbage",
     .checks = "Six such outsiders from one address publish garbage as well, a message a second.",
     SWARM,
     .gangs = {{DTT_SIM_BABBLER, .n = 6, .hosts = 1}},
     .script = SCRIPT(60),
     .must = {JOINS, HEARS}},
    {.name = "hostile_silence_secret_10",
     .checks = "Of all, a tenth are silencers with the secret: records of theirs are on the DHT.",
     SWARM,
     .gangs = {{DTT_SIM_SILENCER, .percent = 10, .has_secret = true}},
     .script = SCRIPT(60),
     .must = {JOINS, HEARS}},
    {.name = "hostile_silence_secret_30",
     .checks = "Of all, three tenths are silencers with the secret: as hostile_silence_secret_10.",
     SWARM,
     .gangs = {{DTT_SIM_SILENCER, .percent = 30, .has_secret = true}},
     .script = SCRIPT(60),
     .must = {JOINS, HEARS}},
    {.name = "hostile_black_holes_10",
     .checks = "Of all, a tenth are members like any other, but neither messages nor announcements "
               "get out of them. 99 % must arrive among the rest.",
     SWARM,
     .gangs = {{DTT_SIM_BLACK_HOLE, .percent = 10, .has_secret = true}},
     .script = SCRIPT(60),
     .must = {JOINS, HEARS}},
    {.name = "hostile_black_holes_30",
     .checks = "Of all, three tenths are black holes with the secret: as hostile_black_holes_10.",
     SWARM,
     .gangs = {{DTT_SIM_BLACK_HOLE, .percent = 30, .has_secret = true}},
     .script = SCRIPT(60),
     .must = {JOINS, HEARS}},
    {.name = "hostile_hearsay",
     .checks = "Of all, a tenth are outsiders that name peers at silent addresses, ten and more a "
               "second. Members must still dial and be dialled.",
     SWARM,
     .gangs = {{DTT_SIM_GOSSIPER, .percent = 10}},
     .script = SCRIPT(60),
     .must = {JOINS, HEARS}},
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
     .gangs = {{DTT_SIM_FLAPPER, .percent = 10}},
     .script = SCRIPT(60),
     .must = {JOINS, HEARS}},
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
     .nodes = 10,
     .nodes_max = 100,
     DHT,
     .end_s = 260,
     .old_percent = 50,
     .gangs = {{DTT_SIM_SILENCER, .n = 6}},
     .script = SCRIPT(60),
     .must = {JOINS, HEARS}},
    {.name = NULL},
};
