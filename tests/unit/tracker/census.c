/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fakes.h"
#include "support/vectors.h"
#include "tracker/census.h"
#include "tracker/publisher.h"

#include <stdlib.h>

#define M START_MINUTE

static struct dtt_census s;

static int setup(void **state)
{
    (void)state;
    memset(&s, 0, sizeof(s));
    fakes_reset();
    return 0;
}

static uint64_t number_of(unsigned n, uint64_t minute)
{
    struct dtt_id id = fake_id(n);
    return dtt_census_number(&id, minute);
}

/* Records of those of members 1 to `n` that publish when `records` are wanted of the swarm. */
static unsigned publish(unsigned n, uint32_t records, uint64_t minute)
{
    unsigned count = 0;
    v.count = 0;
    for (unsigned i = 1; i <= n && v.count < DTT_VIEW_PUBLISHERS_MAX; i++) {
        if (number_of(i, minute) < UINT64_MAX / n * records) {
            record(i, 0, 0);
            v.records[v.count - 1].info.minute = minute;
            count++;
        }
    }
    return count;
}

static void numbers_differ_by_member_and_minute(void **state)
{
    (void)state;
    assert_true(number_of(1, M) != number_of(2, M));
    assert_true(number_of(1, M) != number_of(1, M + 1));
    assert_true(number_of(1, M) == number_of(1, M));
}

/* ---- elections.json, the vectors of docs/protocol/publishing.md */

static struct dtt_id id_at(json_t *o, const char *path)
{
    struct dtt_id id;
    vectors_hex_into(o, path, id.bytes, sizeof(id.bytes));
    return id;
}

static struct dtt_id id_of(json_t *text)
{
    struct dtt_id id;
    json_t *o = json_pack("{s:O}", "id", text);
    id = id_at(o, "id");
    json_decref(o);
    return id;
}

static uint64_t uint_at(json_t *o, const char *path)
{
    return (uint64_t)json_integer_value(vectors_at(o, path));
}

static void the_numbers_of_the_vectors(void **state)
{
    (void)state;
    json_t *root = vectors_load("elections.json"), *o;
    size_t i;
    json_array_foreach(vectors_at(root, "numbers"), i, o)
    {
        struct dtt_id id = id_at(o, "id");
        uint64_t number = dtt_census_number(&id, uint_at(o, "minute"));
        assert_true(number == strtoull(vectors_text(o, "number"), NULL, 16));
    }
    assert_true(i > 0);
    json_decref(root);
}

/* The record of whoever is elected starts in its part of the minute. */
static void assert_start(uint32_t rank, uint64_t from_ms, uint64_t to_ms)
{
    struct dtt_publisher p;
    tuning.publish_on_start = false;
    for (unsigned i = 0; i < 20; i++) {
        dtt_publisher_init(&p, &tuning, 1u << DTT_SLOT_PUBLIC, &rng, 0);
        dtt_publisher_elected(&p, 0, rank, tuning.swarm_records);
        assert_in_range(p.due_ns, from_ms * DTT_MS, to_ms * DTT_MS);
    }
}

/* `n` 0: those it knows are all. */
static void assert_decision(json_t *o, uint64_t minute, uint32_t n)
{
    uint32_t rank;
    json_t *want = vectors_at(o, "rank");
    s.members = n;
    v.self = id_at(o, "id");
    bool is = dtt_census_is_elected(&s, &v, &peers, minute, tuning.swarm_records, &rank);
    assert_int_equal(is, json_is_integer(want));
    if (is) {
        assert_int_equal(rank, json_integer_value(want));
        assert_start(rank, uint_at(o, "from_ms"), uint_at(o, "to_ms"));
    }
}

static void know(const struct dtt_id *id)
{
    assert_true(dtt_peers_up(&peers, id, M));
}

static void the_decisions_where_all_know_all(void **state)
{
    (void)state;
    json_t *root = vectors_load("elections.json"), *o, *other;
    json_t *members = vectors_at(root, "all_know_all.members");
    size_t i, k;
    json_array_foreach(members, i, o)
    {
        fakes_reset();
        json_array_foreach(members, k, other)
        {
            struct dtt_id id = id_at(other, "id");
            if (k != i) {
                know(&id);
            }
        }
        assert_decision(o, uint_at(root, "all_know_all.minute"), 0);
    }
    assert_int_equal(i, 6);
    json_decref(root);
}

static void the_decisions_where_some_know_some(void **state)
{
    (void)state;
    json_t *root = vectors_load("elections.json"), *swarm, *o;
    size_t i, k;
    json_array_foreach(vectors_at(root, "some_know_some"), i, swarm)
    {
        fakes_reset();
        json_array_foreach(vectors_at(swarm, "neighbours"), k, o)
        {
            struct dtt_id id = id_of(o);
            know(&id);
        }
        json_array_foreach(vectors_at(swarm, "members"), k, o)
        {
            assert_decision(o, uint_at(swarm, "minute"), (uint32_t)uint_at(swarm, "n"));
        }
    }
    assert_true(i > 0);
    json_decref(root);
}

static bool is_elected_as(unsigned self, unsigned n, uint64_t minute)
{
    fakes_reset();
    v.self = fake_id(self);
    for (unsigned i = 1; i <= n; i++) {
        if (i != self) {
            neighbor(i);
        }
    }
    uint32_t rank;
    bool is_elected = dtt_census_is_elected(&s, &v, &peers, minute, 5, &rank);
    assert_true(rank < 5 || !is_elected);
    return is_elected;
}

/* How many publish of so many that all know each other. */
static void the_shares_of_the_vectors(void **state)
{
    (void)state;
    json_t *root = vectors_load("elections.json"), *o;
    size_t i;
    json_array_foreach(vectors_at(root, "share"), i, o)
    {
        unsigned n = (unsigned)uint_at(o, "n");
        for (uint64_t minute = M; minute < M + 20; minute++) {
            unsigned elected = 0;
            for (unsigned self = 1; self <= n; self++) {
                elected += is_elected_as(self, n, minute);
            }
            assert_int_equal(elected, uint_at(o, "publish"));
        }
    }
    assert_int_equal(i, 12);
    json_decref(root);
}

static void publisher(const struct dtt_id *id, uint64_t minute)
{
    struct dtt_record_info *info = &v.records[v.count++].info;
    *info = (struct dtt_record_info){.publisher = *id, .minute = minute};
}

static void the_sizes_of_the_vectors(void **state)
{
    (void)state;
    json_t *root = vectors_load("elections.json"), *o, *p;
    size_t i, k;
    json_array_foreach(vectors_at(root, "sizes"), i, o)
    {
        memset(&s, 0, sizeof(s));
        fakes_reset();
        json_array_foreach(vectors_at(o, "publishers"), k, p)
        {
            struct dtt_id id = id_at(p, "id");
            publisher(&id, uint_at(o, "minute"));
        }
        /* The rest of the ids seen are neighbours. */
        for (unsigned n = 1; n + k < uint_at(o, "seen"); n++) {
            neighbor(1000 + n);
        }
        dtt_census_observe(&s, &v, &peers, uint_at(o, "minute"));
        assert_int_equal(s.members, uint_at(o, "n"));
    }
    assert_true(i > 0);
    json_decref(root);
}

static void show_records(json_t *records)
{
    json_t *r, *active;
    size_t i, k;
    v.count = 0;
    json_array_foreach(records, i, r)
    {
        struct dtt_id id = id_at(r, "publisher");
        publisher(&id, uint_at(r, "minute"));
        json_array_foreach(vectors_at(r, "active_peers"), k, active)
        {
            struct dtt_record_info *info = &v.records[i].info;
            info->active_peers[info->n_active_peers++] = id_of(active);
        }
    }
}

static void the_estimates_of_the_vectors(void **state)
{
    (void)state;
    json_t *root = vectors_load("elections.json"), *member, *o;
    size_t i, k;
    json_array_foreach(vectors_at(root, "estimates"), i, member)
    {
        memset(&s, 0, sizeof(s));
        fakes_reset();
        v.self = id_at(member, "own");
        json_array_foreach(vectors_at(member, "neighbours"), k, o)
        {
            struct dtt_id id = id_of(o);
            know(&id);
        }
        json_array_foreach(vectors_at(member, "updates"), k, o)
        {
            show_records(vectors_at(o, "records"));
            dtt_census_observe(&s, &v, &peers, uint_at(o, "minute"));
            assert_int_equal(s.members, uint_at(o, "estimate"));
            assert_int_equal(dtt_census_members(&s, &v, &peers), uint_at(o, "members"));
        }
    }
    assert_int_equal(i, 2);
    json_decref(root);
}

/* ---- what the estimate is worth */

static void the_estimate_follows_the_swarm(void **state)
{
    (void)state;
    const unsigned sizes[] = {100, 1000, 5000};
    for (size_t k = 0; k < 3; k++) {
        uint64_t sum = 0;
        memset(&s, 0, sizeof(s));
        for (uint64_t minute = M; minute < M + 40; minute++) {
            publish(sizes[k], 5, minute);
            dtt_census_observe(&s, &v, &peers, minute);
            sum += s.members;
        }
        /* It errs on the side of too many: of several guesses it takes the highest. */
        assert_in_range(sum / 40, sizes[k] / 2, sizes[k] * 5 / 2);
    }
}

static void those_who_were_not_elected_do_not_hide_the_size(void **state)
{
    (void)state;
    uint64_t sum = 0;
    for (uint64_t minute = M; minute < M + 40; minute++) {
        publish(1000, 5, minute);
        for (unsigned i = 0; i < 20; i++) { /* they have just started, or are of another program */
            record(5000 + i, 0, 0);
            v.records[v.count - 1].info.minute = minute;
        }
        dtt_census_observe(&s, &v, &peers, minute);
        sum += s.members;
    }
    assert_in_range(sum / 40, 500, 2500);
}

static void a_liar_cannot_make_it_endless(void **state)
{
    (void)state;
    /* Numbers of zero cannot be had, so put the estimate there by hand. */
    s.members = DTT_CENSUS_MAX;
    publish(100, 100, M);
    dtt_census_observe(&s, &v, &peers, M);
    assert_true(s.members <= DTT_CENSUS_MAX / 2 + 200);
    for (uint64_t minute = M; minute < M + 14; minute++) {
        dtt_census_observe(&s, &v, &peers, M);
    }
    assert_in_range(s.members, 50, 400);
}

static void whom_we_see_counts_at_least(void **state)
{
    (void)state;
    assert_int_equal(dtt_census_members(&s, &v, &peers), 1);
    neighbor(1);
    neighbor(2);
    assert_int_equal(dtt_census_members(&s, &v, &peers), 3);
    record(1, 2, 3);
    record(4, SELF, 5);
    assert_int_equal(dtt_census_members(&s, &v, &peers), 6);
    for (unsigned i = 0; i < DTT_VIEW_PUBLISHERS_MAX - 2; i++) {
        record(1000 + 3 * i, 1001 + 3 * i, 1002 + 3 * i);
    }
    assert_int_equal(dtt_census_members(&s, &v, &peers), 6 + 3 * (DTT_VIEW_PUBLISHERS_MAX - 2));
    /* Too few numbers to tell anything: those we see are there nevertheless. */
    s.members = 0;
    dtt_census_observe(&s, &v, &peers, M - 1);
    assert_int_equal(s.members, 6 + 3 * (DTT_VIEW_PUBLISHERS_MAX - 2));
}

/* A view as members of a large swarm have it. */
static void four_neighbors(void)
{
    for (unsigned i = 0; i < 4; i++) {
        neighbor(2001 + i);
    }
}

static void a_crowd_that_has_gone_is_forgotten(void **state)
{
    (void)state;
    s.members = 1000;
    neighbor(1);
    assert_int_equal(dtt_census_members(&s, &v, &peers), 2);
    four_neighbors();
    assert_int_equal(dtt_census_members(&s, &v, &peers), 1000);
}

static void a_large_swarm_elects_as_many_as_wanted(void **state)
{
    (void)state;
    s.members = 1000;
    four_neighbors();
    unsigned elected = 0;
    uint32_t rank;
    for (uint64_t minute = M; minute < M + 20; minute++) {
        for (unsigned i = 1; i <= 1000; i++) {
            v.self = fake_id(i);
            elected += dtt_census_is_elected(&s, &v, &peers, minute, 5, &rank);
        }
    }
    assert_in_range(elected, 70, 130); /* 100 expected */
    s.members = 7;                     /* never more than half of the minutes */
    elected = 0;
    for (unsigned i = 1; i <= 1000; i++) {
        v.self = fake_id(i);
        elected += dtt_census_is_elected(&s, &v, &peers, M, 5, &rank);
    }
    assert_in_range(elected, 440, 560);
}

/*
 * Members that take the swarm for a tenth of what it is elect ten times too many. Those with the
 * lowest numbers come first, and fill the slots: so the minute's records tell the true size.
 */
static void the_lowest_numbers_come_first(void **state)
{
    (void)state;
    const uint32_t believed = 100;
    unsigned n_first = 0;
    for (uint64_t minute = M; minute < M + 20; minute++) {
        fakes_reset();
        four_neighbors();
        for (unsigned i = 1; i <= 1000; i++) {
            uint32_t rank;
            s.members = believed;
            v.self = fake_id(i);
            if (dtt_census_is_elected(&s, &v, &peers, minute, 5, &rank) && rank == 0) {
                n_first++; /* number in the lowest hundredth */
                assert_true(dtt_census_number(&v.self, minute) <= UINT64_MAX / believed);
            }
        }
    }
    assert_in_range(n_first, 140, 260); /* 200 expected: twice as many as fill the slots */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(numbers_differ_by_member_and_minute, setup),
        cmocka_unit_test_setup(the_numbers_of_the_vectors, setup),
        cmocka_unit_test_setup(the_decisions_where_all_know_all, setup),
        cmocka_unit_test_setup(the_decisions_where_some_know_some, setup),
        cmocka_unit_test_setup(the_shares_of_the_vectors, setup),
        cmocka_unit_test_setup(the_sizes_of_the_vectors, setup),
        cmocka_unit_test_setup(the_estimates_of_the_vectors, setup),
        cmocka_unit_test_setup(the_estimate_follows_the_swarm, setup),
        cmocka_unit_test_setup(those_who_were_not_elected_do_not_hide_the_size, setup),
        cmocka_unit_test_setup(a_liar_cannot_make_it_endless, setup),
        cmocka_unit_test_setup(whom_we_see_counts_at_least, setup),
        cmocka_unit_test_setup(a_crowd_that_has_gone_is_forgotten, setup),
        cmocka_unit_test_setup(a_large_swarm_elects_as_many_as_wanted, setup),
        cmocka_unit_test_setup(the_lowest_numbers_come_first, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
