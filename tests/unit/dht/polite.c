/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/polite.h"

#include "support/vectors.h"

static const uint8_t key[16] = {1};

static struct dtt_now at_ms(uint64_t ms)
{
    return (struct dtt_now){.mono_ns = ms * DTT_MS};
}

/* libtorrent bans an address that sends 50 packets in 10 s. */
static void test_stays_below_the_ban(void **state)
{
    struct dtt_polite p;
    struct dtt_addr a = dtt_addr_v4(50, 1, 1, 1, 1);
    unsigned sent[60] = {0}; /* by second */
    (void)state;
    dtt_polite_init(&p, key, at_ms(0));
    for (uint64_t ms = 0; ms < 60000; ms += 10) {
        a.port = (uint16_t)(1 + ms % 7); /* the ban is by IP */
        sent[ms / 1000] += dtt_polite_query(&p, at_ms(ms), &a);
    }
    for (size_t s = 0; s + 10 <= 60; s++) {
        unsigned window = 0;
        for (size_t i = 0; i < 10; i++) {
            window += sent[s + i];
        }
        assert_true(window < 50);
        assert_true(window >= 20);
    }
    dtt_polite_fini(&p);
}

static void test_private_is_free(void **state)
{
    struct dtt_polite p;
    struct dtt_addr a = dtt_addr_v4(127, 0, 0, 1, 1), b = dtt_addr_v4(192, 168, 1, 1, 1);
    (void)state;
    dtt_polite_init(&p, key, at_ms(0));
    for (int i = 0; i < 10000; i++) {
        assert_true(dtt_polite_query(&p, at_ms(0), &a));
        assert_true(dtt_polite_query(&p, at_ms(0), &b));
        assert_true(dtt_polite_serve(&p, at_ms(0), &a));
        assert_true(dtt_polite_unproven(&p, at_ms(0), &a, 1000));
    }
    assert_null(p.rates);
    dtt_polite_fini(&p);
}

static void test_budget_of_all(void **state)
{
    struct dtt_polite p;
    unsigned sent = 0;
    (void)state;
    dtt_polite_init(&p, key, at_ms(0));
    for (unsigned i = 0; i < 20000; i++) {
        struct dtt_addr a = dtt_addr_v4(50, (uint8_t)(i >> 8), (uint8_t)i, 1, 1);
        sent += dtt_polite_query(&p, at_ms(0), &a);
    }
    assert_int_equal(sent, DTT_POLITE_ALL_BURST);
    assert_int_equal(dtt_polite_ready_ns(&p, at_ms(0)), DTT_S / DTT_POLITE_ALL_PER_S);
    dtt_polite_fini(&p);
}

static void test_serves_each_source_its_share(void **state)
{
    struct dtt_polite p;
    struct dtt_addr flood = dtt_addr_v4(50, 1, 1, 1, 1), other = dtt_addr_v4(51, 1, 1, 1, 1);
    unsigned served = 0, honest = 0;
    (void)state;
    dtt_polite_init(&p, key, at_ms(0));
    for (uint64_t ms = 0; ms < 10000; ms++) {
        for (int i = 0; i < 10; i++) {
            served += dtt_polite_serve(&p, at_ms(ms), &flood);
        }
        if (ms % 100 == 0) {
            honest += dtt_polite_serve(&p, at_ms(ms), &other);
        }
    }
    assert_int_equal(honest, 100);
    assert_true(served <= DTT_POLITE_SERVE_BURST + 10 * DTT_POLITE_SERVE_PER_S);
    dtt_polite_fini(&p);
}

static void test_unproven_bytes(void **state)
{
    struct dtt_polite p;
    size_t bytes = 0;
    (void)state;
    dtt_polite_init(&p, key, at_ms(0));
    for (unsigned i = 0; i < 1000; i++) {
        struct dtt_addr a = dtt_addr_v4(50, 1, 1, (uint8_t)i, 1); /* one /24 */
        bytes += dtt_polite_unproven(&p, at_ms(i), &a, 700) ? 700 : 0;
    }
    assert_true(bytes >= DTT_POLITE_UNPROVEN_BURST - 700);
    assert_true(bytes <= DTT_POLITE_UNPROVEN_BURST + DTT_POLITE_UNPROVEN_PER_S);
    bytes = 0;
    for (unsigned i = 0; i < 5000; i++) {
        struct dtt_addr a = dtt_addr_v4(60, (uint8_t)(i >> 8), (uint8_t)i, 1, 1);
        bytes += dtt_polite_unproven(&p, at_ms(1000), &a, 700) ? 700 : 0;
    }
    assert_true(bytes <= DTT_POLITE_UNPROVEN_ALL_BURST);
    dtt_polite_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stays_below_the_ban),
        cmocka_unit_test(test_private_is_free),
        cmocka_unit_test(test_budget_of_all),
        cmocka_unit_test(test_serves_each_source_its_share),
        cmocka_unit_test(test_unproven_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
