/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/vectors.h"

#include <dtt/dtt.h>

static dtt_node *n;

static int setup(void **state)
{
    static const char *const loopback[] = {"127.0.0.1:0"};
    struct dtt_config cfg = {.size = sizeof(cfg),
                             .listen = loopback,
                             .n_listen = 1,
                             .flags = DTT_NODE_DHT_ONLY | DTT_NODE_NO_BOOTSTRAP};
    (void)state;
    return dtt_node_open(&n, &cfg);
}

static int teardown(void **state)
{
    (void)state;
    n = dtt_node_close(n);
    return 0;
}

static uint64_t value_of(const char *name, int kind)
{
    struct dtt_metric m = {.size = sizeof(m)};
    for (size_t i = 0; dtt_node_metric(n, i, &m) == 1; i++) {
        if (strcmp(m.name, name) == 0) {
            assert_int_equal(m.kind, kind);
            return m.value;
        }
    }
    fail_msg("there is no %s", name);
    return 0;
}

static void names_are_fit_for_other_formats_and_differ(void **state)
{
    struct dtt_metric m = {.size = sizeof(m)}, other = {.size = sizeof(other)};
    size_t count = 0;
    (void)state;
    for (; dtt_node_metric(n, count, &m) == 1; count++) {
        assert_int_equal(strspn(m.name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(m.name));
        assert_true(strlen(m.help) > 0);
        assert_true(m.kind == DTT_METRIC_COUNTER || m.kind == DTT_METRIC_GAUGE);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(dtt_node_metric(n, i, &other), 1);
            assert_string_not_equal(m.name, other.name);
        }
    }
    assert_true(count > 50);
    assert_int_equal(dtt_node_metric(n, count, &m), 0);
    assert_int_equal(dtt_node_metric(n, SIZE_MAX, &m), 0);
}

static void gauges_fall_again(void **state)
{
    (void)state;
    assert_int_equal(value_of("node_events_queued", DTT_METRIC_GAUGE), 1);
    assert_int_equal(dtt_node_next_event(n)->type, DTT_EVENT_LISTENING);
    assert_int_equal(value_of("node_events_queued", DTT_METRIC_GAUGE), 0);
    assert_int_equal(value_of("dht_nodes_v4", DTT_METRIC_GAUGE), 0);
    assert_int_equal(value_of("dht_queries", DTT_METRIC_COUNTER), 0);
}

static void structs_of_other_versions(void **state)
{
    struct {
        struct dtt_metric m;
        char tail[8];
    } wide = {.m = {.size = sizeof(wide)}, .tail = "later"};
    struct dtt_metric m = {.size = offsetof(struct dtt_metric, name), .value = 77};
    (void)state;
    assert_int_equal(dtt_node_metric(n, 0, &wide.m), 1);
    assert_int_equal(wide.m.size, sizeof(struct dtt_metric)); /* what was written */
    assert_string_equal(wide.tail, "later");
    assert_int_equal(dtt_node_metric(n, 0, &m), 1);
    assert_null(m.name);
    assert_int_equal(m.value, 77);
    m.size = 0;
    assert_int_equal(dtt_node_metric(n, 0, &m), DTT_EINVAL);
    assert_int_equal(dtt_node_metric(n, 0, NULL), DTT_EINVAL);
    assert_int_equal(dtt_node_metric(NULL, 0, &m), DTT_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_are_fit_for_other_formats_and_differ, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(gauges_fall_again, setup, teardown),
        cmocka_unit_test_setup_teardown(structs_of_other_versions, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
