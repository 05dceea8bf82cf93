/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/snapshot.h"

#include "codec/text.h"
#include "node/inside.h"
#include "party.h"

#include <jansson.h>

static void tells_of_a_neighbor(void **state)
{
    char text[16 * 1024];
    char id[2 * DTT_ID_BYTES + 1];
    struct dtt_snapshot_stats stats;
    struct dtt_json j;
    struct party p;
    (void)state;
    party_init(&p, 1);
    party_add(&p, "room", "secret");
    party_add(&p, "room", "secret");
    assert_true(party_run(&p, 30 * DTT_S, party_has_joined));
    const struct dtt_core *core = p.peers[0].host->core;
    dtt_snapshot_stats(core, &stats);
    assert_int_equal(stats.topics, 1);
    assert_int_equal(stats.neighbors, 1);
    assert_in_range(stats.connections, stats.neighbors, DTT_LINKS_CONNS * stats.links);
    assert_true(stats.dht.nodes_v4 > 0);
    assert_int_equal(stats.events, 0);

    dtt_json_init(&j, text, sizeof(text));
    dtt_json_object(&j, NULL);
    dtt_snapshot_core(&j, core, (struct dtt_now){.mono_ns = p.w.t_ns});
    dtt_json_end(&j);
    assert_in_range(dtt_json_finish(&j), 1, sizeof(text) - 1);
    json_t *root = json_loads(text, 0, NULL);
    const json_t *link = json_array_get(json_object_get(root, "links"), 0);
    dtt_hex_encode(id, dtt_slice(p.peers[1].host->id.bytes, DTT_ID_BYTES));
    assert_string_equal(json_string_value(json_object_get(link, "peer")), id);
    assert_string_equal(json_string_value(json_object_get(link, "state")), "neighbor");
    assert_int_equal(json_array_size(json_object_get(link, "connections")), stats.connections);
    assert_int_equal(json_array_size(json_object_get(root, "topics")), 1);
    json_decref(root);
    dtt_sim_world_fini(&p.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tells_of_a_neighbor)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
