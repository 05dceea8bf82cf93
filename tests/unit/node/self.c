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
    struct dtt_self s;
    struct dtt_addr addr = dtt_addr_v4(192, 0, 2, 1, 7);
    (void)state;
    dtt_self_init(&s);
    dtt_self_set_local(&s, &addr, 1);
    assert_false(dtt_self_take(&s, at(5000), &me, ""));
    dtt_self_soon(&s, at(5000), DTT_SELF_DELAY_NS);
    dtt_self_soon(&s, at(5900), DTT_SELF_DELAY_NS);
    assert_false(dtt_self_take(&s, at(5999), &me, ""));
    assert_true(dtt_self_take(&s, at(6000), &me, ""));
    assert_false(dtt_self_take(&s, at(6000), &me, ""));
    assert_int_equal(s.due_ns, at(6000).mono_ns + DTT_SELF_AGAIN_NS);
}

static void numbers_grow_with_changes(void **state)
{
    struct dtt_self s;
    struct dtt_addr addrs[2] = {dtt_addr_v4(192, 0, 2, 1, 7), dtt_addr_v4(192, 0, 2, 1, 8)};
    (void)state;
    dtt_self_init(&s);
    dtt_self_set_local(&s, addrs, 1);
    dtt_self_soon(&s, at(0), DTT_SELF_DELAY_NS);
    assert_true(dtt_self_take(&s, at(1000), &me, ""));
    int64_t first = s.seq;
    assert_int_equal(first, at(1000).wall_ns / 1000);
    assert_true(dtt_self_take(&s, at(4000000), &me, ""));
    assert_int_equal(s.seq, first);
    /* The wall clock was set back. */
    struct dtt_now now = at(4002000);
    now.wall_ns -= INT64_C(86400) * 1000000000;
    dtt_self_set_local(&s, addrs, 2);
    dtt_self_soon(&s, at(4000000), DTT_SELF_DELAY_NS);
    assert_true(dtt_self_take(&s, now, &me, ""));
    assert_int_equal(s.seq, first + 1);
}

static size_t told(const struct dtt_addr *addrs, size_t n, struct dtt_addr ret[8])
{
    struct dtt_self s;
    dtt_self_init(&s);
    dtt_self_set_local(&s, addrs, n);
    dtt_self_soon(&s, at(0), DTT_SELF_DELAY_NS);
    if (!dtt_self_take(&s, at(1000), &me, "")) {
        return 0;
    }
    struct dtt_pkarr_place place;
    int count = dtt_pkarr_read(dtt_slice(s.packet, s.len), &me, &place);
    assert_true(count >= 0);
    memcpy(ret, place.addrs, sizeof(place.addrs));
    return (size_t)count;
}

/* Who has a global address tells the public no other, and loopback is nobody else's affair. */
static void keeps_private_addresses(void **state)
{
    struct dtt_addr addrs[3] = {dtt_addr_v4(192, 168, 0, 2, 7), dtt_addr_v4(127, 0, 0, 1, 7),
                                dtt_addr_v4(8, 8, 8, 8, 7)};
    struct dtt_addr got[8];
    (void)state;
    assert_int_equal(told(addrs, 2, got), 1);
    assert_true(dtt_addr_eq(&got[0], &addrs[0]));
    assert_int_equal(told(addrs, 3, got), 1);
    assert_true(dtt_addr_eq(&got[0], &addrs[2]));
    assert_int_equal(told(addrs, 0, got), 0);
}

static void tries_again(void **state)
{
    struct dtt_self s;
    struct dtt_addr addr = dtt_addr_v4(192, 0, 2, 1, 7);
    (void)state;
    dtt_self_init(&s);
    dtt_self_set_local(&s, &addr, 1);
    dtt_self_soon(&s, at(0), DTT_SELF_DELAY_NS);
    assert_true(dtt_self_take(&s, at(1000), &me, ""));
    dtt_self_failed(&s, at(2000));
    assert_int_equal(s.due_ns, at(2000).mono_ns + DTT_SELF_RETRY_NS);
    assert_true(dtt_self_take(&s, at(62000), &me, ""));
}

/* How others see us comes first, and no address twice. */
static void addresses_have_an_order(void **state)
{
    struct dtt_self s;
    struct dtt_addr local[3] = {dtt_addr_v4(10, 0, 0, 2, 7), dtt_addr_v4(8, 8, 8, 8, 7),
                                dtt_addr_v4(10, 0, 0, 2, 7)};
    struct dtt_addr got[DTT_CORE_ADDRS];
    (void)state;
    dtt_self_init(&s);
    assert_int_equal(dtt_self_addrs(&s, got), 0);
    dtt_self_set_local(&s, local, 3);
    assert_int_equal(dtt_self_addrs(&s, got), 2);
    assert_true(dtt_addr_eq(&got[0], &local[0]));
    dtt_self_set_external(&s, &local[1]);
    assert_int_equal(dtt_self_addrs(&s, got), 2);
    assert_true(dtt_addr_eq(&got[0], &local[1]));
    assert_true(dtt_addr_eq(&got[1], &local[0]));
}

static void loopback_is_told_where_there_is_nothing_else(void **state)
{
    struct dtt_self s;
    uint8_t one[16] = {[15] = 1};
    struct dtt_addr local[2] = {dtt_addr_v6(one, 7), dtt_addr_v4(127, 0, 0, 1, 7)};
    struct dtt_addr lan = dtt_addr_v4(10, 0, 0, 2, 7);
    struct dtt_addr got[DTT_CORE_ADDRS];
    (void)state;
    dtt_self_init(&s);
    dtt_self_set_local(&s, local, 2);
    assert_int_equal(dtt_self_told(&s, got), 2);
    local[1] = lan;
    dtt_self_set_local(&s, local, 2);
    assert_int_equal(dtt_self_told(&s, got), 1);
    assert_true(dtt_addr_eq(&got[0], &lan));
    assert_int_equal(dtt_self_addrs(&s, got), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_for_more),
        cmocka_unit_test(numbers_grow_with_changes),
        cmocka_unit_test(keeps_private_addresses),
        cmocka_unit_test(tries_again),
        cmocka_unit_test(addresses_have_an_order),
        cmocka_unit_test(loopback_is_told_where_there_is_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
