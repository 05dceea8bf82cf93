/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/polite.h"

#include "support/vectors.h"

static const uint8_t key[16] = {1};

static struct dtt_now at_ms(uint64_t ms)
{
    return (struct dtt_now){.mono_ns = ms * DTT_MS};
}

static bool may_send(struct dtt_polite *p, struct dtt_now now, const struct dtt_addr *to,
                     enum dtt_polite_kind kind)
{
    return dtt_polite_send(p, now, to, kind) == DTT_POLITE_YES;
}

/* libtorrent bans an address that sends 50 packets in 10 s, whatever they are. */
static void test_stays_below_the_ban(void **state)
{
    struct dtt_polite p;
    struct dtt_addr a = dtt_addr_v4(50, 1, 1, 1, 1);
    unsigned sent[60] = {0}; /* by second */
    (void)state;
    dtt_polite_init(&p, key, at_ms(0));
    for (uint64_t ms = 0; ms < 60000; ms += 10) {
        sent[ms / 1000] +=
            may_send(&p, at_ms(ms), &a, ms % 20 ? DTT_POLITE_QUERY : DTT_POLITE_ANSWER);
    }
    for (size_t s = 0; s + 10 <= 60; s++) {
        unsigned window = 0;
        for (size_t i = 0; i < 10; i++) {
            window += sent[s + i];
        }
        assert_true(window < 50);
        assert_true(window >= 28);
    }
    dtt_polite_fini(&p);
}

/* After a pause the whole burst is there again, and never more. */
static void test_rest_restores_the_burst(void **state)
{
    struct dtt_polite p;
    struct dtt_addr a = dtt_addr_v4(50, 1, 1, 1, 1);
    (void)state;
    dtt_polite_init(&p, key, at_ms(0));
    uint64_t at_s = 0;
    for (uint64_t rest_s = 6; rest_s < 1000; rest_s += 7) {
        unsigned sent = 0;
        at_s += rest_s;
        for (unsigned i = 0; i < 100; i++) {
            sent += may_send(&p, at_ms(at_s * 1000), &a, DTT_POLITE_QUERY);
        }
        assert_int_equal(sent, DTT_POLITE_REMOTE_BURST);
    }
    dtt_polite_fini(&p);
}

/* A flood of queries from many endpoints: we answer few of them and can still ask whom we want. */
static void test_askers_do_not_silence_us(void **state)
{
    struct dtt_polite p;
    unsigned asked = 0;
    (void)state;
    dtt_polite_init(&p, key, at_ms(0));
    for (unsigned i = 0; i < 30000; i++) {
        struct dtt_addr a = dtt_addr_v4(50, (uint8_t)(i >> 8), (uint8_t)i, 1, 1);
        may_send(&p, at_ms(i), &a, DTT_POLITE_ANSWER);
    }
    for (unsigned i = 0; i < 100; i++) {
        struct dtt_addr a = dtt_addr_v4(60, 1, (uint8_t)i, 1, 1);
        asked += may_send(&p, at_ms(30000), &a, DTT_POLITE_QUERY);
    }
    assert_int_equal(asked, 100);
    dtt_polite_fini(&p);
}

static void test_private_is_free(void **state)
{
    struct dtt_polite p;
    struct dtt_addr a = dtt_addr_v4(127, 0, 0, 1, 1), b = dtt_addr_v4(192, 168, 1, 1, 1);
    (void)state;
    dtt_polite_init(&p, key, at_ms(0));
    for (int i = 0; i < 10000; i++) {
        assert_true(may_send(&p, at_ms(0), &a, DTT_POLITE_QUERY));
        assert_true(may_send(&p, at_ms(0), &b, DTT_POLITE_ANSWER));
        assert_true(dtt_polite_serve(&p, at_ms(0), &a));
    }
    assert_null(p.rates);
    dtt_polite_fini(&p);
}

/* Answers use up half of the budget of all; the other half stays for our own queries. */
static void test_budget_of_all(void **state)
{
    static const enum dtt_polite_kind kinds[] = {DTT_POLITE_ANSWER, DTT_POLITE_QUERY};
    struct dtt_polite p;
    (void)state;
    dtt_polite_init(&p, key, at_ms(0));
    for (size_t k = 0; k < 2; k++) {
        unsigned sent = 0, later = 0;
        for (unsigned i = 0; i < 20000; i++) {
            struct dtt_addr a = dtt_addr_v4(50, (uint8_t)(i >> 8), (uint8_t)i, (uint8_t)k, 1);
            enum dtt_polite_verdict v = dtt_polite_send(&p, at_ms(0), &a, kinds[k]);
            sent += v == DTT_POLITE_YES;
            later += v == DTT_POLITE_LATER;
        }
        assert_int_equal(sent, DTT_POLITE_ALL_BURST / 2);
        assert_true(later > 0);
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stays_below_the_ban),
        cmocka_unit_test(test_rest_restores_the_burst),
        cmocka_unit_test(test_askers_do_not_silence_us),
        cmocka_unit_test(test_private_is_free),
        cmocka_unit_test(test_budget_of_all),
        cmocka_unit_test(test_serves_each_source_its_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
