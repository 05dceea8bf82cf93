/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/request.h"

#include "base/time.h"
#include "support/vectors.h"

static struct dtt_timerq timers;
static struct dtt_requests q;

static struct dtt_id id(uint8_t n)
{
    return (struct dtt_id){.bytes = {n}};
}

/* Sent at `n`, to peer `n`. */
static void add(uint8_t n, enum dtt_request_kind kind, const struct dtt_id *via)
{
    struct dtt_request *r = dtt_requests_slot(&q, via);
    assert_non_null(r);
    assert_false(dtt_request_is_waiting(r));
    assert_int_equal(dtt_timerq_set(&timers, &r->timer, 1000), DTT_OK);
    r->id = id(n);
    r->sent_ns = n;
    r->kind = kind;
    r->is_proven = false;
    r->is_hearsay = via != NULL;
    if (via) {
        r->via = *via;
    }
}

/* The peer whose request would give way to one on the word of `via`; 0: none. */
static uint8_t victim(const struct dtt_id *via)
{
    const struct dtt_request *r = dtt_requests_slot(&q, via);
    return r ? r->id.bytes[0] : 0;
}

static int start(void **state)
{
    (void)state;
    dtt_timerq_init(&timers);
    dtt_requests_init(&q, &timers);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    dtt_timerq_fini(&timers);
    return 0;
}

static void test_the_largest_share_gives_way(void **state)
{
    (void)state;
    const struct dtt_id anna = id(101);
    const struct dtt_id ben = id(102);
    const struct dtt_id carl = id(103);
    for (uint8_t n = 1; n <= DTT_REQUESTS_MAX; n++) {
        add(n, DTT_REQUEST_NEIGHBOR, n <= 4 ? NULL : n <= 13 ? &anna : &ben);
    }
    /* Anna has nine, Ben three, four are no hearsay. */
    assert_int_equal(victim(&carl), 5);
    assert_int_equal(victim(&ben), 5);
    assert_int_equal(victim(&anna), 0);
    assert_int_equal(victim(NULL), 5);
    struct dtt_id five = id(5);
    dtt_requests_find(&q, &five, DTT_REQUEST_NEIGHBOR)->sent_ns = 50;
    assert_int_equal(victim(&carl), 6);
}

static void test_what_is_not_awaited_goes_first(void **state)
{
    (void)state;
    const struct dtt_id anna = id(101);
    for (uint8_t n = 1; n <= DTT_REQUESTS_MAX; n++) {
        add(n, n == 7 ? DTT_REQUEST_DIAL : DTT_REQUEST_NEIGHBOR, &anna);
    }
    assert_int_equal(victim(&anna), 7);
}

static void test_requests_of_our_own_stay(void **state)
{
    (void)state;
    const struct dtt_id anna = id(101);
    for (uint8_t n = 1; n <= DTT_REQUESTS_MAX; n++) {
        add(n, DTT_REQUEST_JOIN, NULL);
    }
    assert_int_equal(victim(&anna), 0);
    assert_int_equal(victim(NULL), 0);
}

static void test_what_was_asked_of_a_peer(void **state)
{
    (void)state;
    const struct dtt_id peer = id(9);
    assert_null(dtt_requests_asked(&q, &peer));
    add(9, DTT_REQUEST_DIAL, &peer);
    assert_false(dtt_requests_are_awaited(&q, &peer));
    add(9, DTT_REQUEST_JOIN, NULL);
    assert_true(dtt_requests_are_awaited(&q, &peer));
    assert_int_equal(dtt_requests_asked(&q, &peer)->kind, DTT_REQUEST_JOIN);
    assert_int_equal(dtt_requests_count(&q, false), 0);
    add(9, DTT_REQUEST_NEIGHBOR, NULL);
    assert_int_equal(dtt_requests_asked(&q, &peer)->kind, DTT_REQUEST_NEIGHBOR);
    assert_int_equal(dtt_requests_count(&q, false), 1);
    assert_int_equal(dtt_requests_count(&q, true), 0);
    dtt_requests_end_all(&q, &peer);
    assert_null(dtt_requests_asked(&q, &peer));
    assert_true(dtt_timerq_deadline(&timers) == DTT_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_largest_share_gives_way, start, stop),
        cmocka_unit_test_setup_teardown(test_what_is_not_awaited_goes_first, start, stop),
        cmocka_unit_test_setup_teardown(test_requests_of_our_own_stay, start, stop),
        cmocka_unit_test_setup_teardown(test_what_was_asked_of_a_peer, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
