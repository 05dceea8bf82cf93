/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/vectors.h"

#include "gossip/promises.h"

static struct dtt_ctx ctx;
static struct dtt_gossip_promises promises;
static struct dtt_now now;

static int setup(void **state)
{
    (void)state;
    memset(&ctx, 0, sizeof(ctx));
    now = (struct dtt_now){.mono_ns = 100 * DTT_S};
    dtt_gossip_promises_init(&promises, &ctx);
    for (uint8_t slot = 0; slot < 3; slot++) {
        dtt_gossip_promises_add_slot(&promises, now, slot);
    }
    return 0;
}

static struct dtt_gossip_message_id id_of(uint32_t n)
{
    struct dtt_gossip_message_id id = {{0}};
    dtt_put_be32(id.bytes, n);
    return id;
}

static void make(uint8_t slot, uint32_t n)
{
    struct dtt_gossip_message_id id = id_of(n);
    dtt_gossip_promises_make(&promises, now, slot, &id);
}

static bool keep(uint8_t slot, uint32_t n)
{
    struct dtt_gossip_message_id id = id_of(n);
    return dtt_gossip_promises_keep(&promises, slot, &id);
}

/* Message `n` comes, and is all that neighbours could be asked for. */
static void witness(uint32_t n)
{
    struct dtt_gossip_message_id id = id_of(n);
    promises.witness_ns = 0;
    dtt_gossip_promises_witness(&promises, now, &id);
}

static bool probe(uint8_t slot, uint32_t n)
{
    witness(n);
    return dtt_gossip_promises_probe(&promises, now, slot, false);
}

static void judge_after(uint8_t slot, uint64_t ns)
{
    now.mono_ns += ns;
    dtt_gossip_promises_judge(&promises, now, slot, false, false);
}

static void break_one(uint8_t slot)
{
    make(slot, 1);
    judge_after(slot, DTT_GOSSIP_PROMISE_NS);
}

static bool is_silent(uint8_t slot)
{
    return promises.slots[slot].n_broken > 0;
}

static uint64_t n_broken(void)
{
    return ctx.counters[DTT_COUNTER_GOSSIP_PROMISES_BROKEN];
}

static bool is_useless(uint8_t slot)
{
    return dtt_gossip_promises_is_useless(&promises, slot);
}

static void a_promise_is_due_after_three_seconds(void **state)
{
    (void)state;
    make(0, 1);
    judge_after(0, DTT_GOSSIP_PROMISE_NS - 1);
    assert_false(is_silent(0));
    make(0, 2); /* one at a time */
    judge_after(0, 1);
    assert_true(is_silent(0));
    assert_false(is_silent(1));
    judge_after(0, DTT_GOSSIP_PROMISE_NS); /* nothing is owed any more */
    assert_int_equal(n_broken(), 1);
}

static void a_promise_is_kept_by_its_message(void **state)
{
    (void)state;
    break_one(0);
    make(0, 2);
    assert_false(keep(0, 3));
    assert_true(is_silent(0));
    assert_false(keep(0, 2)); /* no probe */
    assert_false(is_silent(0));
    judge_after(0, DTT_GOSSIP_PROMISE_NS);
    assert_int_equal(n_broken(), 1);
}

static void three_broken_in_a_row_are_useless(void **state)
{
    (void)state;
    break_one(1);
    break_one(1);
    dtt_gossip_promises_brought(&promises, 1); /* forgives both */
    break_one(1);
    break_one(1);
    assert_false(is_useless(1));
    break_one(1);
    assert_true(is_useless(1));
    assert_int_equal(n_broken(), 5);
}

static void a_newcomer_must_keep_its_first_promise(void **state)
{
    (void)state;
    make(0, 1);
    assert_false(is_useless(0));
    judge_after(0, DTT_GOSSIP_PROMISE_NS);
    assert_true(is_useless(0));
    make(1, 1);
    keep(1, 1);
    break_one(1);
    assert_false(is_useless(1));
}

static void a_slow_neighbor_breaks_nothing(void **state)
{
    (void)state;
    break_one(0);
    witness(1);
    assert_false(dtt_gossip_promises_probe(&promises, now, 0, true));
    make(0, 2);
    now.mono_ns += DTT_GOSSIP_PROMISE_NS;
    dtt_gossip_promises_judge(&promises, now, 0, true, false);
    judge_after(0, DTT_GOSSIP_PROMISE_NS);
    assert_int_equal(n_broken(), 1);
}

/* A host whose own link is down gets no answer either. */
static void what_a_neighbor_owes_that_acknowledges_nothing_is_put_off(void **state)
{
    (void)state;
    make(0, 1);
    for (int i = 0; i < 15; i++) {
        now.mono_ns += DTT_S;
        dtt_gossip_promises_judge(&promises, now, 0, false, true);
    }
    judge_after(0, DTT_GOSSIP_PROMISE_NS - 1);
    assert_int_equal(n_broken(), 0);
    judge_after(0, 1);
    assert_int_equal(n_broken(), 1);
}

static void nothing_is_put_off_for_ever(void **state)
{
    (void)state;
    make(0, 1);
    uint64_t asked_ns = now.mono_ns;
    while (n_broken() == 0) {
        assert_true(now.mono_ns - asked_ns < DTT_GOSSIP_PUT_OFF_NS);
        now.mono_ns += DTT_S;
        dtt_gossip_promises_judge(&promises, now, 0, false, true);
    }
    assert_int_equal(now.mono_ns - asked_ns, DTT_GOSSIP_PUT_OFF_NS);
}

/* A slot whose neighbour has left says nothing of the next one. */
static void who_leaves_owes_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < DTT_GOSSIP_BROKEN_MAX; i++) {
        break_one(2);
    }
    make(2, 9);
    dtt_gossip_promises_forget_slot(&promises, 2);
    assert_false(is_useless(2));
    dtt_gossip_promises_add_slot(&promises, now, 2);
    assert_false(is_silent(2));
    judge_after(2, DTT_GOSSIP_PROMISE_NS);
    assert_int_equal(n_broken(), DTT_GOSSIP_BROKEN_MAX);
}

static void the_silent_are_asked(void **state)
{
    (void)state;
    for (int i = 1; i < DTT_GOSSIP_SILENT_HEARD; i++) {
        dtt_gossip_promises_brought(&promises, 0);
    }
    now.mono_ns += DTT_GOSSIP_SILENT_NS;
    assert_false(probe(1, 1)); /* the others said little */
    dtt_gossip_promises_brought(&promises, 0);
    now.mono_ns--;
    assert_false(probe(1, 1)); /* not for so long */
    now.mono_ns++;
    dtt_gossip_promises_said(&promises, now, 2);
    assert_false(probe(2, 1));
    assert_true(probe(1, 1));
    assert_false(probe(1, 2)); /* asked already */
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_PROBES], 1);
    assert_true(keep(1, 1));
    assert_false(keep(1, 1));
}

/* However much it says. */
static void who_broke_a_promise_is_asked(void **state)
{
    (void)state;
    dtt_gossip_promises_brought(&promises, 1);
    break_one(0);
    dtt_gossip_promises_said(&promises, now, 0);
    assert_true(probe(0, 2));
    assert_false(probe(1, 2));
    judge_after(0, DTT_GOSSIP_PROMISE_NS);
    assert_int_equal(n_broken(), 2);
}

static void the_first_message_is_the_witness(void **state)
{
    (void)state;
    struct dtt_gossip_message_id first = id_of(1), second = id_of(2);
    dtt_gossip_promises_witness(&promises, now, &first);
    now.mono_ns++;
    dtt_gossip_promises_witness(&promises, now, &second);
    assert_true(dtt_gossip_message_id_eq(&promises.witness, &first));
}

/* Who came after the message need not have it. */
static void newcomers_are_asked_while_places_are_wanted(void **state)
{
    (void)state;
    dtt_gossip_promises_brought(&promises, 0);
    dtt_gossip_promises_contest(&promises, now); /* nobody speaks */
    assert_false(probe(1, 1));
    dtt_gossip_promises_contest(&promises, now);
    assert_false(probe(0, 1)); /* known to be of use */
    assert_true(probe(1, 1));
    assert_false(probe(1, 2));
    now.mono_ns++;
    dtt_gossip_promises_add_slot(&promises, now, 3);
    assert_false(dtt_gossip_promises_probe(&promises, now, 3, false));
    assert_true(probe(3, 3));
    now.mono_ns += DTT_GOSSIP_CONTEST_NS;
    assert_false(probe(2, 4)); /* nobody wants its place any more */
}

/* Who hears nobody, and has spoken, asks one after the other. */
static void the_deaf_ask(void **state)
{
    (void)state;
    assert_true(probe(1, 1));
    assert_false(probe(2, 1));
    judge_after(1, DTT_GOSSIP_PROMISE_NS);
    assert_true(is_useless(1));
    dtt_gossip_promises_forget_slot(&promises, 1);
    assert_true(probe(2, 2));
    assert_true(keep(2, 2));
    assert_false(probe(0, 3));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, setup)
    const struct CMUnitTest tests[] = {
        T(a_promise_is_due_after_three_seconds),
        T(a_promise_is_kept_by_its_message),
        T(three_broken_in_a_row_are_useless),
        T(a_newcomer_must_keep_its_first_promise),
        T(a_slow_neighbor_breaks_nothing),
        T(what_a_neighbor_owes_that_acknowledges_nothing_is_put_off),
        T(nothing_is_put_off_for_ever),
        T(who_leaves_owes_nothing),
        T(the_silent_are_asked),
        T(who_broke_a_promise_is_asked),
        T(the_first_message_is_the_witness),
        T(newcomers_are_asked_while_places_are_wanted),
        T(the_deaf_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
