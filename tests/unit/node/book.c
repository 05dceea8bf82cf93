/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/book.h"

#include "support/vectors.h"

static const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES] = {7};
static struct dtt_map linked;
static struct dtt_now now;

static int setup(void **state)
{
    (void)state;
    now = (struct dtt_now){.mono_ns = DTT_S};
    dtt_map_init(&linked, sizeof(struct dtt_id), 16, hash_key);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dtt_map_fini(&linked);
    return 0;
}

static struct dtt_id id_of(unsigned n)
{
    struct dtt_id id = {{0}};
    dtt_put_be32(id.bytes, n);
    return id;
}

static void newest_addresses_stay(void **state)
{
    struct dtt_book b;
    struct dtt_addr got[DTT_BOOK_ADDRS];
    struct dtt_id id = id_of(1);
    (void)state;
    dtt_book_init(&b, hash_key, &linked);
    assert_int_equal(dtt_book_get(&b, &id, got), 0);
    for (uint8_t i = 1; i <= DTT_BOOK_ADDRS + 2; i++) {
        struct dtt_addr a = dtt_addr_v4(192, 0, 2, i, 1000);
        dtt_book_add(&b, now, &id, &a, 1);
    }
    assert_int_equal(dtt_book_get(&b, &id, got), DTT_BOOK_ADDRS);
    assert_int_equal(got[0].ip[3], DTT_BOOK_ADDRS + 2);
    assert_int_equal(got[DTT_BOOK_ADDRS - 1].ip[3], 3);
    /* One that is known moves to the front and is not there twice. */
    struct dtt_addr again = dtt_addr_v4(192, 0, 2, 5, 1000);
    dtt_book_add(&b, now, &id, &again, 1);
    assert_int_equal(dtt_book_get(&b, &id, got), DTT_BOOK_ADDRS);
    assert_true(dtt_addr_eq(&got[0], &again));
    dtt_book_fini(&b);
}

static void the_last_record_tells_of_the_reach(void **state)
{
    struct dtt_book b;
    struct dtt_id id = id_of(1);
    struct dtt_reach cone = {.is_told = 1, .kind = DTT_REACH_CONE, .age_s = 40};
    struct dtt_reach open = {.is_told = 1, .kind = DTT_REACH_OPEN, .age_s = 70};
    (void)state;
    dtt_book_init(&b, hash_key, &linked);
    assert_false(dtt_book_reach(&b, &id).told.is_told);
    dtt_book_set_reach(&b, now, &id, &cone, 1000);
    assert_int_equal(dtt_book_reach(&b, &id).told.kind, DTT_REACH_CONE);
    assert_int_equal(dtt_book_reach(&b, &id).joined_s, 960);
    dtt_book_set_reach(&b, now, &id, &open, 1030);
    assert_int_equal(dtt_book_reach(&b, &id).told.kind, DTT_REACH_OPEN);
    assert_int_equal(dtt_book_reach(&b, &id).joined_s, 960);
    dtt_book_set_reach(&b, now, &id, &open, 0); /* it does not say when it wrote */
    assert_int_equal(dtt_book_reach(&b, &id).joined_s, 0);
    dtt_book_fini(&b);
}

static void public_addresses_are_dialled_first(void **state)
{
    struct dtt_book b;
    struct dtt_addr got[DTT_BOOK_ADDRS];
    struct dtt_id id = id_of(1);
    uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
    struct dtt_addr list[] = {dtt_addr_v4(127, 0, 0, 1, 1), dtt_addr_v4(10, 0, 0, 1, 1),
                              dtt_addr_v4(192, 0, 2, 1, 1), dtt_addr_v6(v6, 1),
                              dtt_addr_v4(224, 0, 0, 1, 1), dtt_addr_v4(192, 0, 2, 2, 0)};
    (void)state;
    dtt_book_init(&b, hash_key, &linked);
    dtt_book_add(&b, now, &id, list, sizeof(list) / sizeof(list[0]));
    assert_int_equal(dtt_book_get(&b, &id, got), 4); /* multicast and port 0 are not kept */
    assert_int_equal(got[0].family, DTT_FAMILY_V6);
    assert_true(dtt_addr_eq(&got[1], &list[2]));
    assert_true(dtt_addr_eq(&got[2], &list[1]));
    assert_true(dtt_addr_eq(&got[3], &list[0]));
    dtt_book_fini(&b);
}

static void it_is_bounded_and_forgets_the_oldest(void **state)
{
    struct dtt_book b;
    struct dtt_addr got[DTT_BOOK_ADDRS];
    struct dtt_addr a = dtt_addr_v4(192, 0, 2, 1, 1);
    struct dtt_id id;
    (void)state;
    dtt_book_init(&b, hash_key, &linked);
    for (unsigned i = 0; i < DTT_BOOK_PEERS; i++) {
        id = id_of(i);
        dtt_book_add(&b, now, &id, &a, 1);
    }
    id = id_of(0);
    dtt_book_add(&b, now, &id, &a, 1); /* told of again: 1 is the oldest now */
    id = id_of(DTT_BOOK_PEERS);
    dtt_book_add(&b, now, &id, &a, 1);
    assert_int_equal(dtt_map_count(&b.peers), DTT_BOOK_PEERS);
    id = id_of(1);
    assert_int_equal(dtt_book_get(&b, &id, got), 0);
    id = id_of(0);
    assert_int_equal(dtt_book_get(&b, &id, got), 1);
    dtt_book_fini(&b);
}

static void marks_are_kept_with_the_peer(void **state)
{
    struct dtt_book b;
    struct dtt_id one = {.bytes = {1}}, two = {.bytes = {2}};
    struct dtt_addr a = dtt_addr_v4(1, 2, 3, 4, 5), got[DTT_BOOK_ADDRS];
    (void)state;
    dtt_book_init(&b, hash_key, &linked);
    dtt_book_mark(&b, now, &one); /* before an address is known */
    dtt_book_add(&b, now, &one, &a, 1);
    dtt_book_add(&b, now, &two, &a, 1);
    assert_true(dtt_book_is_marked(&b, &one));
    assert_false(dtt_book_is_marked(&b, &two));
    assert_int_equal(dtt_book_get(&b, &one, got), 1);
    dtt_book_fini(&b);
}

/* As others come, up to two go for each: a crowd that came and went leaves nothing. */
static void the_gone_are_forgotten(void **state)
{
    struct dtt_book b;
    struct dtt_addr got[DTT_BOOK_ADDRS];
    struct dtt_addr a = dtt_addr_v4(192, 0, 2, 1, 1);
    struct dtt_id neighbor = id_of(0), known = id_of(1), id;
    (void)state;
    dtt_book_init(&b, hash_key, &linked);
    assert_int_equal(dtt_map_put(&linked, &neighbor, &a), DTT_OK);
    for (unsigned i = 0; i < 20; i++) {
        id = id_of(i);
        dtt_book_add(&b, now, &id, &a, 1);
    }
    now.mono_ns += DTT_BOOK_KEPT_NS - 1;
    dtt_book_add(&b, now, &known, &a, 1);
    id = id_of(100);
    dtt_book_add(&b, now, &id, &a, 1);
    assert_int_equal(dtt_map_count(&b.peers), 21);
    now.mono_ns++; /* the time of the others is over, but nobody is forgotten for that alone */
    id = id_of(19);
    assert_int_equal(dtt_book_get(&b, &id, got), 1);
    for (unsigned i = 101; i < 120; i++) {
        id = id_of(i);
        dtt_book_add(&b, now, &id, &a, 1);
        assert_true(dtt_map_count(&b.peers) <= 22);
    }
    assert_int_equal(dtt_map_count(&b.peers), 2 + 20); /* two of before and 100 to 119 */
    assert_int_equal(dtt_book_get(&b, &neighbor, got), 1);
    assert_int_equal(dtt_book_get(&b, &known, got), 1);
    id = id_of(19);
    assert_int_equal(dtt_book_get(&b, &id, got), 0);
    dtt_book_fini(&b);
}

/* The one reported last, also of a peer without an address; it goes with the peer. */
static void home_relays_are_kept_with_the_peer(void **state)
{
    struct dtt_id one = id_of(1), two = id_of(2);
    struct dtt_book b;
    (void)state;
    dtt_book_init(&b, hash_key, &linked);
    assert_null(dtt_book_relay(&b, &one));
    dtt_book_set_relay(&b, now, &one, "https://one.test/");
    dtt_book_set_relay(&b, now, &two, "https://two.test/");
    dtt_book_set_relay(&b, now, &one, "https://new.test./");
    assert_string_equal(dtt_book_relay(&b, &one), "https://new.test./");
    assert_string_equal(dtt_book_relay(&b, &two), "https://two.test/");
    dtt_book_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(marks_are_kept_with_the_peer, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_record_tells_of_the_reach, setup, teardown),
        cmocka_unit_test_setup_teardown(home_relays_are_kept_with_the_peer, setup, teardown),
        cmocka_unit_test_setup_teardown(newest_addresses_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(public_addresses_are_dialled_first, setup, teardown),
        cmocka_unit_test_setup_teardown(the_gone_are_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(it_is_bounded_and_forgets_the_oldest, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
