/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/oom.h"
#include "support/vectors.h"

#include "gossip/fingerprints.h"

#define ID_NS (90 * DTT_S)

#define MAX ((uint32_t)DTT_GOSSIP_FINGERPRINTS_MAX)

static struct dtt_gossip_fingerprints f;

static int setup(void **state)
{
    static const uint8_t key[DTT_MAP_HASH_KEY_BYTES] = {1};
    (void)state;
    dtt_gossip_fingerprints_init(&f, key);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dtt_gossip_fingerprints_clear(&f);
    return 0;
}

static struct dtt_gossip_message_id id_of(uint32_t n)
{
    struct dtt_gossip_message_id id = {{0}};
    dtt_put_be32(id.bytes, n);
    return id;
}

static void add(size_t share, uint32_t n, uint64_t heard_ns)
{
    struct dtt_gossip_message_id id = id_of(n);
    dtt_gossip_fingerprints_add(&f, share, &id, heard_ns);
}

static bool has(uint32_t n)
{
    struct dtt_gossip_message_id id = id_of(n);
    return dtt_gossip_fingerprints_has(&f, &id);
}

static uint32_t count(uint32_t from, uint32_t to)
{
    uint32_t n = 0;
    for (; from < to; from++) {
        n += has(from);
    }
    return n;
}

static void those_there_are_known_and_no_others(void **state)
{
    (void)state;
    assert_false(has(0));
    assert_true(dtt_gossip_fingerprints_deadline(&f, ID_NS) == DTT_NEVER);
    dtt_gossip_fingerprints_expire(&f, DTT_S, ID_NS);
    for (uint32_t n = 0; n < 10000; n++) {
        add(n % 3, n, n);
    }
    assert_int_equal(count(0, 10000), 10000);
    assert_int_equal(count(10000, 100000), 0);
    dtt_gossip_fingerprints_clear(&f);
    assert_int_equal(count(0, 10000), 0);
    assert_null(f.entries);
}

/* Never before their time, and a tenth of a second after it at most. */
static void they_end_with_age(void **state)
{
    const uint64_t id_ns = ID_NS;
    (void)state;
    add(0, 0, 0);
    add(0, 1, DTT_S + 1);
    add(5, 2, 10 * DTT_S);
    assert_true(dtt_gossip_fingerprints_deadline(&f, ID_NS) == id_ns);
    dtt_gossip_fingerprints_expire(&f, id_ns - 1, ID_NS);
    assert_int_equal(count(0, 3), 3);
    dtt_gossip_fingerprints_expire(&f, id_ns, ID_NS);
    assert_false(has(0));
    dtt_gossip_fingerprints_expire(&f, id_ns + DTT_S, ID_NS);
    assert_true(has(1) && has(2));
    dtt_gossip_fingerprints_expire(&f, id_ns + DTT_S + DTT_S / 10, ID_NS);
    assert_true(!has(1) && has(2));
    add(0, 1, 80 * DTT_S);
    dtt_gossip_fingerprints_expire(&f, id_ns + 10 * DTT_S, ID_NS);
    assert_true(has(1) && !has(2));
    dtt_gossip_fingerprints_expire(&f, UINT64_MAX - 1, ID_NS);
    assert_int_equal(f.cap, 0); /* memory given back */
    assert_null(f.shares);
}

static void the_oldest_make_room(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < 2 * MAX; n++) {
        add(0, n, n);
    }
    assert_int_equal(f.count, MAX);
    assert_int_equal(f.cap, MAX);
    assert_int_equal(count(0, MAX), 0);
    assert_int_equal(count(MAX, 2 * MAX), MAX);
}

/* One that floods pushes out its own; two that flood get half each. */
static void shares_are_fair(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < 1000; n++) {
        add(2, n, 0);
    }
    for (uint32_t n = 0; n < 2 * MAX; n++) {
        add(0, 1000000 + n, 0);
    }
    assert_int_equal(count(0, 1000), 1000);
    assert_true(has(1000000 + 2 * MAX - 1));
    for (uint32_t n = 0; n < 2 * MAX; n++) {
        add(n % 2, 2000000 + n, 0);
    }
    assert_int_equal(count(0, 1000), 1000);
    assert_int_equal(f.shares[0].held, (MAX - 1000) / 2);
    assert_int_equal(f.shares[1].held, (MAX - 1000) / 2);
}

/* A share that was empty gets its first in a full table. */
static void the_first_of_a_share_finds_room(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < MAX; n++) {
        add(0, n, 0);
    }
    add(1, MAX, 0);
    assert_true(has(MAX) && !has(0));
    dtt_gossip_fingerprints_expire(&f, UINT64_MAX - 1, ID_NS);
    assert_int_equal(f.count, 0);
}

static void without_memory_fewer_are_known(void **state)
{
    static const long fails[] = {1, 2, 1}; /* the shares, which stay then; the heads, twice */
    (void)state;
    for (int i = 0; i < 3; i++) {
        oom_arm(fails[i]);
        add(0, 0, 0);
        assert_true(oom_disarm());
        assert_false(has(0));
        assert_true(dtt_gossip_fingerprints_deadline(&f, ID_NS) == DTT_NEVER);
    }
    for (uint32_t n = 0; n < 1024; n++) {
        add(0, n, 0);
    }
    for (long k = 1; k <= 2; k++) {
        oom_arm(k);
        add(1, 1024 + (uint32_t)k, 0);
        assert_true(oom_disarm());
        assert_true(has(1024 + (uint32_t)k));
        assert_int_equal(f.count, 1024);
    }
    assert_true(!has(0) && !has(1) && has(2));
    add(0, 2000, 0);
    assert_int_equal(f.count, 1025);
    assert_int_equal(count(2, 1024), 1022);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(those_there_are_known_and_no_others),
        T(they_end_with_age),
        T(the_oldest_make_room),
        T(shares_are_fair),
        T(the_first_of_a_share_finds_room),
        T(without_memory_fewer_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
