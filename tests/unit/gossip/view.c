/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/vectors.h"

#include "gossip/view.h"

static struct dtt_gossip_peer room[3];
static struct dtt_gossip_view view;

static int setup(void **state)
{
    (void)state;
    view = (struct dtt_gossip_view){.max = 3, .peers = room};
    for (uint8_t i = 1; i <= 3; i++) {
        struct dtt_id id = {.bytes = {i}};
        dtt_gossip_view_add(&view, &id)->data = dtt_gossip_blob_new(dtt_slice(&i, 1));
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dtt_gossip_view_fini(&view);
    return 0;
}

static void finds(void **state)
{
    (void)state;
    struct dtt_id id = {.bytes = {2}};
    assert_ptr_equal(dtt_gossip_view_find(&view, &id), &room[1]);
    id.bytes[0] = 4;
    assert_null(dtt_gossip_view_find(&view, &id));
}

static void last_fills_the_gap(void **state)
{
    (void)state;
    struct dtt_gossip_peer one = dtt_gossip_view_take(&view, &room[0]);
    assert_int_equal(one.id.bytes[0], 1);
    assert_int_equal(one.data->data[0], 1);
    dtt_gossip_blob_unref(one.data);
    assert_int_equal(view.n, 2);
    assert_int_equal(room[0].id.bytes[0], 3);
    assert_int_equal(room[1].id.bytes[0], 2);
    dtt_gossip_view_drop(&view, &room[1]);
    assert_int_equal(view.n, 1);
}

static void picks_each(void **state)
{
    (void)state;
    static const uint8_t seed[DTT_RNG_SEED_BYTES];
    struct dtt_rng rng;
    int picked[4] = {0};
    dtt_rng_init(&rng, seed, "view");
    for (int i = 0; i < 300; i++) {
        picked[dtt_gossip_view_pick(&view, &rng)->id.bytes[0]]++;
    }
    assert_true(picked[1] > 50 && picked[2] > 50 && picked[3] > 50);
    dtt_gossip_view_fini(&view);
    assert_null(dtt_gossip_view_pick(&view, &rng));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds, setup, teardown),
        cmocka_unit_test_setup_teardown(last_fills_the_gap, setup, teardown),
        cmocka_unit_test_setup_teardown(picks_each, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
