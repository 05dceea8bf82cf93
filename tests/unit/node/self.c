/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/self.h"

#include "base/addr.h"
#include "support/vectors.h"

#define WALL_NS (INT64_C(1750000000) * 1000000000)

static const struct dtt_id me = {{1}};

static struct dtt_now at(uint64_t ms)
{
    return (struct dtt_now){.mono_ns = ms * DTT_MS, .wall_ns = WALL_NS + (int64_t)(ms * DTT_MS)};
}

/* Nothing is put until something changed, then once for all changes of a second. */
static void waits_for_more(void **state)
{
    struct dtt_announce a;
    struct dtt_addr addr = dtt_addr_v4(192, 0, 2, 1, 7);
    (void)state;
    dtt_announce_init(&a);
    assert_false(dtt_announce_take(&a, at(5000), &me, &addr, 1));
    dtt_announce_soon(&a, at(5000));
    dtt_announce_soon(&a, at(5900));
    assert_false(dtt_announce_take(&a, at(5999), &me, &addr, 1));
    assert_true(dtt_announce_take(&a, at(6000), &me, &addr, 1));
    assert_false(dtt_announce_take(&a, at(6000), &me, &addr, 1));
    assert_int_equal(a.due_ns, at(6000).mono_ns + DTT_ANNOUNCE_AGAIN_NS);
}

static void numbers_grow_with_changes(void **state)
{
    struct dtt_announce a;
    struct dtt_addr addrs[2] = {dtt_addr_v4(192, 0, 2, 1, 7), dtt_addr_v4(192, 0, 2, 1, 8)};
    (void)state;
    dtt_announce_init(&a);
    dtt_announce_soon(&a, at(0));
    assert_true(dtt_announce_take(&a, at(1000), &me, addrs, 1));
    int64_t first = a.seq;
    assert_int_equal(first, at(1000).wall_ns / 1000);
    assert_true(dtt_announce_take(&a, at(4000000), &me, addrs, 1));
    assert_int_equal(a.seq, first);
    /* The wall clock was set back. */
    struct dtt_now now = at(4002000);
    now.wall_ns -= INT64_C(86400) * 1000000000;
    dtt_announce_soon(&a, at(4000000));
    assert_true(dtt_announce_take(&a, now, &me, addrs, 2));
    assert_int_equal(a.seq, first + 1);
}

static size_t told(const struct dtt_addr *addrs, size_t n, struct dtt_addr ret[8])
{
    struct dtt_announce a;
    dtt_announce_init(&a);
    dtt_announce_soon(&a, at(0));
    if (!dtt_announce_take(&a, at(1000), &me, addrs, n)) {
        return 0;
    }
    return (size_t)dtt_pkarr_read(dtt_slice(a.packet, a.len), &me, ret, 8);
}

/* Who has a global address tells the public no other. */
static void keeps_private_addresses(void **state)
{
    struct dtt_addr addrs[3] = {dtt_addr_v4(192, 168, 0, 2, 7), dtt_addr_v4(127, 0, 0, 1, 7),
                                dtt_addr_v4(8, 8, 8, 8, 7)};
    struct dtt_addr got[8];
    (void)state;
    assert_int_equal(told(addrs, 2, got), 2);
    assert_int_equal(told(addrs, 3, got), 1);
    assert_true(dtt_addr_eq(&got[0], &addrs[2]));
    assert_int_equal(told(addrs, 0, got), 0);
}

static void tries_again(void **state)
{
    struct dtt_announce a;
    struct dtt_addr addr = dtt_addr_v4(192, 0, 2, 1, 7);
    (void)state;
    dtt_announce_init(&a);
    dtt_announce_soon(&a, at(0));
    assert_true(dtt_announce_take(&a, at(1000), &me, &addr, 1));
    dtt_announce_failed(&a, at(2000));
    assert_int_equal(a.due_ns, at(2000).mono_ns + DTT_ANNOUNCE_RETRY_NS);
    assert_true(dtt_announce_take(&a, at(62000), &me, &addr, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_for_more),
        cmocka_unit_test(numbers_grow_with_changes),
        cmocka_unit_test(keeps_private_addresses),
        cmocka_unit_test(tries_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
