/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/scenario.h"

#define S        1000 /* thousandths of a second or of one */
#define ALL      1000 /* thousandths of the members */
#define AT_MOST  DTT_SIM_AT_MOST
#define AT_LEAST DTT_SIM_AT_LEAST

/* Percent of libtorrent, mainline, dead and lying nodes among those of a usual DHT. */
#define USUAL_MIX     \
    {                 \
        60, 20, 15, 5 \
    }
/* Percent of members behind no NAT, full cones, restricted ones, symmetric ones. */
#define SOME_NAT     \
    {                \
        0, 20, 25, 5 \
    }

static const struct dtt_sim_scenario table[] = {
    {.name = "cold_start_2",
     .checks = "Two members start within a second on a DHT that knows nothing of the topic. They "
               "must be neighbours within 10 s and hear each other.",
     .nodes = 2,
     .nodes_max = 100,
     .stores = 200,
     .mix = USUAL_MIX,
     .whole_within_s = 10,
     .end_s = 60,
     .script = {{0, DTT_SIM_START, ALL, 1}, {30, DTT_SIM_SAY, 4, 0}},
     .must = {{"whole_s", AT_MOST, 10 * S}, {"delivered", AT_LEAST, 1 * S}}},
    {.name = "cold_start_100_at_once",
     .checks = "A hundred members start within a second, half of them behind NATs of all kinds. "
               "They must be one component within 30 s and all messages must reach all.",
     .nodes = 100,
     .nodes_max = 1000,
     .stores = 300,
     .mix = USUAL_MIX,
     .nat = SOME_NAT,
     .whole_within_s = 30,
     .end_s = 150,
     .script = {{0, DTT_SIM_START, ALL, 1}, {60, DTT_SIM_CHAT, 60, 60}},
     .must = {{"whole_s", AT_MOST, 30 * S}, {"delivered", AT_LEAST, 1 * S}}},
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
