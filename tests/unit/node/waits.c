/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/waits.h"

#include "node/limits.h"
#include "support/oom.h"
#include "support/vectors.h"

static const struct dtt_now now = {.mono_ns = DTT_S};

struct fixture {
    struct dtt_ctx ctx;
    struct dtt_dht *dht;
    struct dtt_waits w;
};

static void setup(struct fixture *f)
{
    static const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES] = {3};
    const struct dtt_dht_config cfg = {.has_v4 = true};
    memset(f, 0, sizeof(*f));
    assert_int_equal(dtt_dht_new(&f->dht, &f->ctx, &cfg, now), DTT_OK);
    dtt_dht_expect_bootstrap(f->dht, now, true);
    dtt_waits_init(&f->w, f->dht, hash_key);
}

static void teardown(struct fixture *f)
{
    dtt_waits_check(&f->w);
    dtt_waits_fini(&f->w);
    dtt_dht_free(f->dht);
}

static dtt_dht_op start(struct fixture *f, const struct dtt_wait *wait)
{
    const uint8_t target[20] = {1};
    dtt_dht_op op;
    assert_int_equal(dtt_dht_find(f->dht, now, target, &op), DTT_OK);
    assert_int_equal(dtt_waits_add(&f->w, now, op, wait), DTT_OK);
    return op;
}

/* The operation that the DHT says is over; 0: none. */
static dtt_dht_op ended(struct fixture *f)
{
    struct dtt_dht_event ev;
    return dtt_dht_next_event(f->dht, &ev) && dtt_waits_is_over(&ev) ? ev.op : 0;
}

static void entries_last_until_removed(void **state)
{
    struct fixture f;
    struct dtt_wait wait = {.kind = DTT_WAIT_ADDR_GET, .seq = 5};
    (void)state;
    setup(&f);
    dtt_dht_op op = start(&f, &wait);
    wait.seq = 6; /* the register has a copy */
    assert_int_equal(dtt_waits_get(&f.w, op)->seq, 5);
    assert_int_equal(f.w.n_addr_gets, 1);
    dtt_waits_check(&f.w);
    dtt_waits_remove(&f.w, op);
    assert_null(dtt_waits_get(&f.w, op));
    assert_int_equal(f.w.n_addr_gets, 0);
    teardown(&f);
}

static void nothing_refers_to_a_topic_that_went(void **state)
{
    struct fixture f;
    char topics[2];
    struct dtt_topic *a = (void *)&topics[0], *b = (void *)&topics[1];
    const struct dtt_wait of_a = {.kind = DTT_WAIT_SLOT_GET, .topic = a};
    const struct dtt_wait of_b = {.kind = DTT_WAIT_SLOT_PUT, .topic = b};
    (void)state;
    setup(&f);
    dtt_dht_op first = start(&f, &of_a), second = start(&f, &of_b), third = start(&f, &of_a);
    dtt_waits_forget_topic(&f.w, a);
    assert_null(dtt_waits_get(&f.w, first)->topic);
    assert_ptr_equal(dtt_waits_get(&f.w, second)->topic, b);
    assert_null(dtt_waits_get(&f.w, third)->topic);
    teardown(&f);
}

/* Only the write of that slot, of that minute, of that topic. */
static void a_newer_put_ends_the_old_one(void **state)
{
    struct fixture f;
    char topics[2];
    struct dtt_topic *a = (void *)&topics[0], *b = (void *)&topics[1];
    const struct dtt_wait others[] = {
        {.kind = DTT_WAIT_SLOT_GET, .topic = a, .slot = DTT_SLOT_SECRET, .minute = 7},
        {.kind = DTT_WAIT_SLOT_PUT, .topic = b, .slot = DTT_SLOT_SECRET, .minute = 7},
        {.kind = DTT_WAIT_SLOT_PUT, .topic = a, .slot = DTT_SLOT_PUBLIC, .minute = 7},
        {.kind = DTT_WAIT_SLOT_PUT, .topic = a, .slot = DTT_SLOT_SECRET, .minute = 8},
    };
    const struct dtt_wait old = {
        .kind = DTT_WAIT_SLOT_PUT, .topic = a, .slot = DTT_SLOT_SECRET, .minute = 7};
    (void)state;
    setup(&f);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        start(&f, &others[i]);
    }
    dtt_waits_cancel_put(&f.w, now, a, DTT_SLOT_SECRET, 7);
    assert_int_equal(ended(&f), 0);
    dtt_dht_op op = start(&f, &old);
    dtt_waits_cancel_put(&f.w, now, a, DTT_SLOT_SECRET, 7);
    assert_int_equal(ended(&f), op);
    assert_int_equal(ended(&f), 0);
    assert_null(dtt_waits_get(&f.w, op)->topic); /* nobody is told of its end */
    teardown(&f);
}

static void without_memory_nothing_goes_on(void **state)
{
    const struct dtt_wait wait = {.kind = DTT_WAIT_ADDR_GET};
    const uint8_t target[20] = {1};
    struct fixture f;
    dtt_dht_op op;
    (void)state;
    for (long n = 1; n <= 2; n++) {
        setup(&f);
        assert_int_equal(dtt_dht_find(f.dht, now, target, &op), DTT_OK);
        oom_arm(n);
        int err = dtt_waits_add(&f.w, now, op, &wait);
        assert_true(oom_disarm());
        assert_int_equal(err, DTT_ENOMEM);
        assert_null(dtt_waits_get(&f.w, op));
        assert_int_equal(f.w.n_addr_gets, 0);
        assert_int_equal(ended(&f), op);
        teardown(&f);
    }
}

static void the_application_has_so_much_room(void **state)
{
    const struct dtt_wait wait = {.kind = DTT_WAIT_APP};
    struct fixture f;
    (void)state;
    setup(&f);
    for (unsigned i = 0; i < DTT_CORE_OPS; i++) {
        assert_int_equal(dtt_waits_app_room(&f.w), DTT_OK);
        start(&f, &wait);
        f.w.n_app++;
    }
    assert_int_equal(dtt_waits_app_room(&f.w), DTT_EFULL);
    dtt_dht_op op;
    memcpy(&op, dtt_map_key_at(&f.w.by_op, 0), sizeof(op));
    dtt_waits_app_end(&f.w);
    dtt_waits_remove(&f.w, op);
    assert_int_equal(dtt_waits_app_room(&f.w), DTT_OK);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_last_until_removed),
        cmocka_unit_test(nothing_refers_to_a_topic_that_went),
        cmocka_unit_test(a_newer_put_ends_the_old_one),
        cmocka_unit_test(without_memory_nothing_goes_on),
        cmocka_unit_test(the_application_has_so_much_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
