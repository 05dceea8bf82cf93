/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"
#include "support/vectors.h"
#include "tracker/view.h"

#define SELF 99
#define M START_MINUTE

static struct dtt_ctx ctx;
static struct dtt_view v;

static int setup(void **state)
{
    struct dtt_secret secret = test_secret("secret");
    struct dtt_id self = node_id(SELF);
    (void)state;
    memset(&ctx, 0, sizeof(ctx));
    dtt_view_init(&v, &ctx, test_topic, &secret, &self, M);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dtt_view_fini(&v);
    return 0;
}

static bool add_at(uint64_t ms, uint64_t minute, struct dtt_slice value)
{
    struct dtt_record_info info;
    return dtt_view_add(&v, at_ms(ms).mono_ns, DTT_SLOT_PUBLIC, minute, INT64_MAX, value, &info) ==
           DTT_VIEW_RECORD;
}

static bool add(uint64_t minute, const struct sealed *s)
{
    return add_at(0, minute, sealed_slice(s));
}

static void a_record_is_verified_kept_and_handed_out_once(void **state)
{
    (void)state;
    struct sealed s;
    struct dtt_record_info info;
    seal_plain(&s, 1, M);
    assert_true(dtt_view_add(&v, 0, DTT_SLOT_PUBLIC, M, INT64_MAX, sealed_slice(&s), &info));
    assert_true(id_is(&info.publisher, 1));
    assert_int_equal(info.minute, M);
    assert_int_equal(info.n_addrs, 1);
    assert_int_equal(dtt_view_publishers(&v, M, false), 1);
    assert_int_equal(dtt_view_publishers(&v, M - 1, false), 0);
    assert_true(dtt_view_next_new(&v, &info));
    assert_int_equal(info.size, sizeof(info));
    assert_true(id_is(&info.publisher, 1));
    assert_false(dtt_view_next_new(&v, &info));
}

static void equal_values_are_opened_once(void **state)
{
    (void)state;
    struct sealed s;
    seal_plain(&s, 1, M);
    assert_true(add(M, &s));
    assert_false(add(M, &s));
    s.data[100] ^= 1;
    for (unsigned i = 0; i < 50; i++) {
        assert_false(add(M, &s));
    }
    assert_int_equal(v.refused, 1);
    assert_int_equal(dtt_view_slot(&v, DTT_SLOT_PUBLIC, M)->n_values, 2);
}

/* Nodes that share what they open: the same record for both, of its topic and minute only. */
static void a_shared_record_is_the_same(void **state)
{
    const uint8_t key[DTT_MEMO_KEY_BYTES] = {1};
    const uint8_t other_topic[32] = {7};
    struct dtt_secret secret = test_secret("secret");
    struct dtt_secret other_secret = test_secret("another");
    struct dtt_id self = node_id(SELF);
    struct dtt_record_info first, second;
    struct dtt_memo opened;
    struct sealed s;
    (void)state;
    assert_int_equal(dtt_memo_init(&opened, key, 64, sizeof(struct dtt_record_info)), DTT_OK);
    ctx.opened = &opened;
    seal_plain(&s, 1, M);
    assert_true(dtt_view_add(&v, 0, DTT_SLOT_PUBLIC, M, INT64_MAX, sealed_slice(&s), &first));
    dtt_view_init(&v, &ctx, test_topic, &secret, &self, M);
    assert_true(dtt_view_add(&v, 0, DTT_SLOT_PUBLIC, M, INT64_MAX, sealed_slice(&s), &second));
    assert_memory_equal(&first, &second, sizeof(first));
    assert_false(add(M - 1, &s));
    dtt_view_init(&v, &ctx, test_topic, &other_secret, &self, M);
    assert_false(add(M, &s));
    dtt_view_init(&v, &ctx, other_topic, &secret, &self, M);
    assert_false(add(M, &s));
    dtt_memo_fini(&opened);
}

static void a_record_counts_in_its_own_minute_only(void **state)
{
    (void)state;
    struct sealed s;
    seal_plain(&s, 1, M - 1);
    assert_false(add(M, &s));
    assert_int_equal(v.refused, 1);
    assert_true(add(M - 1, &s));
    assert_false(add(M + 1, &s));
    assert_false(add(M - 2, &s));
    assert_int_equal(ctx.counters[DTT_COUNTER_TRACKER_VALUES_STALE], 2);
}

/* Another minute is looked at in passing: its records are told and not kept. */
static void a_far_minute_is_looked_at(void **state)
{
    (void)state;
    struct sealed s, own;
    struct dtt_record_info info;
    seal_plain(&s, 1, M + 5);
    seal_plain(&own, SELF, M + 5);
    dtt_view_look(&v, M + 5);
    assert_non_null(dtt_view_slot(&v, DTT_SLOT_SECRET, M + 5));
    assert_int_equal(dtt_view_add(&v, 0, DTT_SLOT_PUBLIC, M + 5, 0, sealed_slice(&s), &info),
                     DTT_VIEW_FAR);
    assert_int_equal(info.minute, M + 5);
    assert_int_equal(dtt_view_add(&v, 0, DTT_SLOT_PUBLIC, M + 5, 0, sealed_slice(&s), &info),
                     DTT_VIEW_NOTHING);
    assert_int_equal(dtt_view_add(&v, 0, DTT_SLOT_PUBLIC, M + 5, 0, sealed_slice(&own), &info),
                     DTT_VIEW_OWN);
    assert_int_equal(v.count, 0);
    assert_true(dtt_view_is_sound(&v));
    dtt_view_look(&v, M - 5);
    assert_null(dtt_view_slot(&v, DTT_SLOT_PUBLIC, M + 5));
    /* The minute that has come is one like any other. */
    dtt_view_look(&v, M + 1);
    dtt_view_turn(&v, M + 1);
    seal_plain(&s, 1, M + 1);
    assert_true(add(M + 1, &s));
    assert_int_equal(v.count, 1);
}

static void our_own_record_and_those_of_another_secret_are_none(void **state)
{
    (void)state;
    struct sealed s;
    seal_plain(&s, SELF, M);
    assert_false(add(M, &s));
    assert_int_equal(v.refused, 0);
    seal_as(&s, 1, M, "other", NULL);
    assert_false(add(M, &s));
    assert_int_equal(v.refused, 1);
    assert_int_equal(v.count, 0);
}

static void a_newer_or_richer_record_takes_the_place(void **state)
{
    (void)state;
    struct sealed s;
    struct dtt_record_info info;
    struct dtt_record_info rich = {.n_active_peers = 1, .active_peers = {node_id(2)}};
    seal_as(&s, 1, M - 1, "secret", &rich);
    assert_true(add(M - 1, &s));
    seal_as(&s, 1, M, "secret", NULL);
    assert_true(add(M, &s));
    assert_int_equal(v.records[0].info.minute, M);
    seal_as(&s, 1, M, "secret", &rich);
    assert_true(add(M, &s));
    assert_int_equal(v.records[0].info.n_active_peers, 1);
    seal_plain(&s, 1, M); /* says as much: may be the later one */
    assert_true(add(M, &s));
    assert_int_equal(v.records[0].info.n_addrs, 1);
    seal_as(&s, 1, M, "secret", NULL); /* true, but of before */
    assert_true(add(M, &s));
    assert_int_equal(v.records[0].info.n_addrs, 1);
    seal_plain(&s, 1, M - 1);
    assert_true(add(M - 1, &s));
    assert_int_equal(v.records[0].info.minute, M);
    assert_int_equal(v.count, 1);
    assert_true(dtt_view_next_new(&v, &info)); /* only the last of them */
    assert_false(dtt_view_next_new(&v, &info));
}

static struct dtt_record_info made_at(uint64_t ms, unsigned addr)
{
    return (struct dtt_record_info){.unix_s = ms, .n_addrs = 1, .addrs = {node_addr(addr)}};
}

static void the_record_made_last_counts_in_whatever_order_they_come(void **state)
{
    (void)state;
    static const unsigned orders[][3] = {{1, 2, 3}, {3, 2, 1}, {2, 3, 1}, {3, 1, 2}};
    for (size_t i = 0; i < 4; i++) {
        struct sealed s;
        setup(state);
        for (size_t k = 0; k < 3; k++) {
            struct dtt_record_info info = made_at(orders[i][k], orders[i][k]);
            info.n_message_hashes = 3 - orders[i][k]; /* the later ones tell less */
            memset(info.message_hashes, 7, sizeof(info.message_hashes));
            seal_as(&s, 1, M, "secret", &info);
            assert_true(add(M, &s));
        }
        assert_int_equal(v.count, 1);
        assert_true(v.records[0].info.unix_s == 3);
        struct dtt_addr addr = node_addr(3);
        assert_true(dtt_addr_eq(&v.records[0].info.addrs[0], &addr));
        /* An old one, sealed anew by another member, and one of the minute before. */
        struct dtt_record_info old = made_at(1, 1);
        seal_as(&s, 1, M, "secret", &old);
        assert_true(add(M, &s));
        old.unix_s = 99;
        seal_as(&s, 1, M - 1, "secret", &old);
        assert_true(add(M - 1, &s));
        assert_true(v.records[0].info.unix_s == 3);
    }
}

static void a_record_with_unreadable_content_still_names_its_author(void **state)
{
    (void)state;
    struct sealed s;
    uint8_t plain_buf[DTT_RECORD_PLAIN_MAX];
    uint8_t seed[32];
    struct dtt_rng rng;
    struct dtt_writer plain = dtt_writer(plain_buf, sizeof(plain_buf));
    struct dtt_writer out = dtt_writer(s.data, sizeof(s.data));
    node_seed(seed, 1);
    dtt_rng_init(&rng, seed, "test");
    assert_int_equal(dtt_record_sign(&plain, test_topic, M, dtt_slice("x", 1), seed), DTT_OK);
    assert_int_equal(
        dtt_record_encrypt(&out, dtt_slice(plain.data, plain.len), v.minutes[M % 3].enc_seed, &rng),
        DTT_OK);
    s.len = out.len;
    assert_true(add(M, &s));
    assert_true(id_is(&v.records[0].info.publisher, 1));
    assert_int_equal(v.records[0].info.n_active_peers, 0);
}

static void a_new_minute_drops_what_is_older(void **state)
{
    (void)state;
    struct sealed s;
    for (unsigned i = 1; i <= 6; i++) {
        seal_plain(&s, i, i % 2 ? M : M - 1);
        assert_true(add(i % 2 ? M : M - 1, &s));
    }
    dtt_view_turn(&v, M + 1);
    assert_int_equal(v.count, 3);
    assert_int_equal(v.n_new, 3);
    assert_int_equal(dtt_view_publishers(&v, M, false), 3);
    assert_null(dtt_view_slot(&v, DTT_SLOT_PUBLIC, M - 1));
    assert_int_equal(dtt_view_slot(&v, DTT_SLOT_PUBLIC, M)->slot.minute, M);
    assert_int_equal(dtt_view_slot(&v, DTT_SLOT_PUBLIC, M + 1)->slot.minute, M + 1);
    assert_int_equal(dtt_view_slot(&v, DTT_SLOT_PUBLIC, M)->n_values,
                     3); /* known values stay known */
    seal_plain(&s, 9, M + 1);
    assert_true(add(M + 1, &s));
    dtt_view_turn(&v, M - 5); /* the clock was set back */
    assert_int_equal(v.count, 0);
    assert_int_equal(v.n_new, 0);
    dtt_view_turn(&v, 0); /* before 1970 there are minutes too, somehow */
    assert_int_equal(dtt_view_slot(&v, DTT_SLOT_PUBLIC, 0)->slot.minute, 0);
}

static void slots_are_those_of_the_record_module(void **state)
{
    (void)state;
    struct dtt_slot want;
    dtt_slot_init(&want, DTT_SLOT_PUBLIC, test_topic, M - 1, NULL);
    assert_same_slot(&dtt_view_slot(&v, DTT_SLOT_PUBLIC, M - 1)->slot, &want);
}

static void garbage_by_the_thousand_is_bounded_work(void **state)
{
    (void)state;
    uint8_t junk[604] = {0};
    struct sealed s;
    dtt_put_le32(junk, 512);
    for (uint32_t i = 0; i < 5000; i++) { /* within one second */
        dtt_put_le32(junk + 60, i);
        assert_false(add_at(i / 5, M, dtt_slice(junk, sizeof(junk))));
    }
    assert_in_range(v.refused, DTT_VIEW_OPEN_BURST, DTT_VIEW_OPEN_BURST + 8);
    assert_int_equal(ctx.counters[DTT_COUNTER_TRACKER_VALUES_SKIPPED], 5000 - v.refused);
    /* The next second there is room for an honest record. */
    seal_plain(&s, 1, M);
    assert_true(add_at(2000, M, sealed_slice(&s)));
    /* The other slot has its own. */
    seal_plain(&s, 2, M - 1);
    assert_true(add_at(1000, M - 1, sealed_slice(&s)));
    for (uint32_t i = 0; i < 200000; i++) { /* two minutes of it */
        dtt_put_le32(junk + 60, 10000 + i);
        (void)add_at(3000 + i / 2, M, dtt_slice(junk, sizeof(junk)));
    }
    assert_int_equal(dtt_view_slot(&v, DTT_SLOT_PUBLIC, M)->n_values, DTT_VIEW_VALUES_MAX);
}

static void too_many_publishers_are_refused(void **state)
{
    (void)state;
    struct sealed s;
    struct dtt_record_info info;
    for (unsigned i = 0; i < DTT_VIEW_PUBLISHERS_MAX; i++) {
        seal_plain(&s, 100 + i, i ? M : M - 1);
        assert_true(add_at(1000 * i, i ? M : M - 1, sealed_slice(&s)));
    }
    assert_int_equal(v.count, DTT_VIEW_PUBLISHERS_MAX);
    seal_plain(&s, 1, M); /* takes the place of the old one */
    assert_true(add_at(200000, M, sealed_slice(&s)));
    assert_int_equal(dtt_view_publishers(&v, M, false), DTT_VIEW_PUBLISHERS_MAX);
    seal_plain(&s, 2, M); /* finds none, but is a record */
    assert_true(dtt_view_add(&v, at_ms(200000).mono_ns, DTT_SLOT_PUBLIC, M, INT64_MAX,
                             sealed_slice(&s), &info));
    assert_true(id_is(&info.publisher, 2));
    assert_int_equal(v.count, DTT_VIEW_PUBLISHERS_MAX);
    assert_int_equal(ctx.counters[DTT_COUNTER_TRACKER_PUBLISHERS_REFUSED], 2);
}

static void add_damaged(void *user, struct dtt_slice in)
{
    (void)user;
    setup(NULL);
    assert_false(add_at(0, M, in));
    assert_int_equal(v.refused, 1);
}

static void damaged_records_are_refused(void **state)
{
    (void)state;
    struct sealed s;
    seal_plain(&s, 1, M);
    sweep_truncations(sealed_slice(&s), add_damaged, NULL);
    sweep_bit_flips(sealed_slice(&s), add_damaged, NULL);
}

static int even_rotation(void *user, const uint8_t topic_hash[32], uint64_t minute,
                         const uint8_t secret_hash[32], uint8_t ret_seed[32])
{
    (void)user;
    (void)topic_hash;
    memcpy(ret_seed, secret_hash, 32);
    return minute % 2 ? -1 : 0;
}

static void a_minute_whose_rotation_fails_is_skipped(void **state)
{
    struct dtt_secret secret = test_secret("secret");
    struct dtt_id self = node_id(SELF);
    uint64_t odd = M | 1;
    struct sealed s;
    (void)state;
    secret.rotation = even_rotation;
    dtt_view_init(&v, &ctx, test_topic, &secret, &self, odd);
    assert_null(dtt_view_slot(&v, DTT_SLOT_PUBLIC, odd));
    assert_non_null(dtt_view_slot(&v, DTT_SLOT_PUBLIC, odd - 1));
    assert_false(dtt_view_has_keys(&v, odd));
    assert_true(dtt_view_has_keys(&v, odd - 1));
    assert_int_equal(v.skipped, 2); /* and the one before the last */
    seal_plain(&s, 1, odd);
    assert_false(add(odd, &s));
    assert_int_equal(v.refused, 0);
    dtt_view_turn(&v, odd + 1);
    assert_int_equal(v.skipped, 2);
    dtt_view_turn(&v, odd + 2);
    assert_int_equal(v.skipped, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_record_is_verified_kept_and_handed_out_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(equal_values_are_opened_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_shared_record_is_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_counts_in_its_own_minute_only, setup, teardown),
        cmocka_unit_test_setup_teardown(a_far_minute_is_looked_at, setup, teardown),
        cmocka_unit_test_setup_teardown(our_own_record_and_those_of_another_secret_are_none, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_newer_or_richer_record_takes_the_place, setup, teardown),
        cmocka_unit_test_setup_teardown(the_record_made_last_counts_in_whatever_order_they_come,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_with_unreadable_content_still_names_its_author,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_new_minute_drops_what_is_older, setup, teardown),
        cmocka_unit_test_setup_teardown(slots_are_those_of_the_record_module, setup, teardown),
        cmocka_unit_test_setup_teardown(garbage_by_the_thousand_is_bounded_work, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many_publishers_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_minute_whose_rotation_fails_is_skipped, setup, teardown),
        cmocka_unit_test_setup_teardown(damaged_records_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
