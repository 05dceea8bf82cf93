/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/relays.h"

#include "support/vectors.h"

static const char *const urls[] = {"https://a.test", "https://b.test", "https://c.test"};
static const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
static struct dtt_ctx ctx;

static struct dtt_now at(uint64_t ns)
{
    return (struct dtt_now){.mono_ns = ns};
}

static bool is_news(struct dtt_relays *r, struct dtt_now now)
{
    struct dtt_event_relay ev;
    return dtt_relays_next_news(r, now, &ev);
}

static struct dtt_id id_of(uint32_t n)
{
    struct dtt_id id = {{0}};
    dtt_put_be32(id.bytes, n);
    return id;
}

static size_t relay_of(struct dtt_relays *r, const struct dtt_addr *a)
{
    struct dtt_id id;
    size_t i = 99;
    return dtt_relays_route(r, a, &id, &i) ? i : 99;
}

static void an_address_stands_for_a_peer(void **state)
{
    struct dtt_relays r;
    struct dtt_addr a, b, again;
    struct dtt_addr local = dtt_relays_local();
    struct dtt_id id = id_of(1), other = id_of(2), got;
    size_t relay;
    (void)state;
    dtt_relays_init(&r, &ctx, urls, 1, hash_key);
    assert_true(dtt_relays_addr(&r, &id, NULL, &a));
    assert_true(dtt_relays_addr(&r, &other, NULL, &b));
    assert_true(dtt_relays_addr(&r, &id, NULL, &again));
    assert_true(dtt_addr_eq(&a, &again));
    assert_false(dtt_addr_eq(&a, &b));
    assert_false(dtt_addr_eq(&a, &local));
    assert_true(dtt_addr_is_invented(&a) && dtt_addr_is_invented(&local));
    assert_false(dtt_addr_is_usable(&a));
    assert_false(dtt_relays_route(&r, &a, &got, &relay)); /* no relay is up */
    dtt_relays_set_up(&r, at(1), 0, true);
    assert_true(dtt_relays_route(&r, &b, &got, &relay));
    assert_memory_equal(&got, &other, sizeof(got));
    assert_int_equal(relay, 0);
    struct dtt_addr nobody = b;
    nobody.ip[8] ^= 1;
    assert_false(dtt_relays_route(&r, &nobody, &got, &relay));
    dtt_relays_fini(&r);
}

static void a_peer_is_sent_to_where_it_says_it_is(void **state)
{
    struct dtt_relays r;
    struct dtt_addr a;
    struct dtt_id id = id_of(1);
    (void)state;
    dtt_relays_init(&r, &ctx, urls, 3, hash_key);
    for (size_t i = 0; i < 3; i++) {
        dtt_relays_set_up(&r, at(1), i, true);
    }
    dtt_relays_moved(&r, &id, urls[2]); /* nobody knows it */
    assert_true(dtt_relays_heard(&r, 1, &id, &a));
    assert_int_equal(relay_of(&r, &a), 1);
    dtt_relays_moved(&r, &id, "https://elsewhere.test");
    assert_int_equal(relay_of(&r, &a), 1);
    dtt_relays_moved(&r, &id, urls[2]);
    assert_int_equal(relay_of(&r, &a), 2);
    dtt_relays_fini(&r);
}

static void a_relay_behind_which_all_are_silent_is_doubted(void **state)
{
    struct dtt_relays r;
    struct dtt_addr a;
    struct dtt_id id = id_of(1);
    size_t i;
    (void)state;
    dtt_relays_init(&r, &ctx, urls, 2, hash_key);
    dtt_relays_set_up(&r, at(1), 1, true);
    assert_true(dtt_relays_heard(&r, 1, &id, &a));
    assert_false(dtt_relays_next_doubted(&r, &i));
    for (uint64_t t = 10; t < 14; t++) { /* not more often than each two seconds */
        dtt_relays_doubt(&r, at(t * DTT_S), &a);
        assert_int_equal(dtt_relays_next_doubted(&r, &i), t % 2 == 0);
        assert_int_equal(i, 1);
    }
    dtt_relays_set_up(&r, at(20 * DTT_S), 1, false);
    dtt_relays_doubt(&r, at(20 * DTT_S), &a);
    assert_false(dtt_relays_next_doubted(&r, &i)); /* it is away */
    dtt_relays_doubt_all(&r);
    for (size_t k = 0; k < 2; k++) {
        assert_true(dtt_relays_next_doubted(&r, &i));
        assert_int_equal(i, k);
    }
    assert_false(dtt_relays_next_doubted(&r, &i));
    dtt_relays_fini(&r);
}

static void a_token_is_for_the_relay_alone(void **state)
{
    static const char *const with_token[] = {"https://a.test/?token=t"};
    struct dtt_relays r;
    (void)state;
    dtt_relays_init(&r, &ctx, with_token, 1, hash_key);
    dtt_relays_set_up(&r, at(1), 0, true);
    assert_string_equal(dtt_relays_home(&r), "https://a.test/");
    dtt_relays_fini(&r);
}

static void answers_go_where_the_peer_was_heard(void **state)
{
    struct dtt_relays r;
    struct dtt_addr a;
    struct dtt_id id = id_of(1);
    (void)state;
    dtt_relays_init(&r, &ctx, urls, 3, hash_key);
    for (size_t i = 0; i < 3; i++) {
        dtt_relays_set_up(&r, at(1), i, true);
    }
    assert_true(dtt_relays_addr(&r, &id, NULL, &a));
    assert_int_equal(relay_of(&r, &a), 0); /* home */
    assert_true(dtt_relays_heard(&r, 2, &id, &a));
    assert_int_equal(relay_of(&r, &a), 2);
    assert_true(dtt_relays_heard(&r, 1, &id, &a));
    assert_int_equal(relay_of(&r, &a), 1);
    dtt_relays_set_up(&r, at(2), 1, false);
    assert_int_equal(relay_of(&r, &a), 0);
    dtt_relays_set_up(&r, at(2), 0, false); /* at once, though home is still another one */
    assert_int_equal(relay_of(&r, &a), 2);
    dtt_relays_fini(&r);
}

static void what_is_first_said_goes_to_the_relay_of_the_peer(void **state)
{
    struct dtt_relays r;
    struct dtt_addr a;
    struct dtt_id id = id_of(1), other = id_of(2);
    (void)state;
    dtt_relays_init(&r, &ctx, urls, 3, hash_key);
    for (size_t i = 0; i < 3; i++) {
        dtt_relays_set_up(&r, at(1), i, true);
    }
    assert_true(dtt_relays_addr(&r, &id, "https://b.test:443/", &a));
    assert_int_equal(relay_of(&r, &a), 1);
    assert_true(dtt_relays_heard(&r, 2, &id, &a));
    assert_true(dtt_relays_addr(&r, &id, "https://b.test", &a));
    assert_int_equal(relay_of(&r, &a), 2);
    const char *const none_of_ours[] = {"http://b.test", "https://b.test:444", "https://d.test",
                                        ""};
    for (size_t i = 0; i < 4; i++) {
        assert_true(dtt_relays_addr(&r, &other, none_of_ours[i], &a));
        assert_int_equal(relay_of(&r, &a), 0); /* home */
    }
    dtt_relays_fini(&r);
}

static void the_fastest_relay_is_home(void **state)
{
    struct dtt_relays r;
    (void)state;
    dtt_relays_init(&r, &ctx, urls, 3, hash_key);
    assert_int_equal(r.home, 3);
    assert_string_equal(dtt_relays_home(&r), "");
    dtt_relays_set_up(&r, at(1), 1, true);
    assert_int_equal(r.home, 1);
    assert_string_equal(dtt_relays_home(&r), urls[1]);
    dtt_relays_set_rtt(&r, at(1), 1, 90);
    dtt_relays_set_up(&r, at(1), 0, true);
    dtt_relays_set_rtt(&r, at(1), 0, 61); /* faster, but not by a third */
    assert_int_equal(r.home, 1);
    dtt_relays_set_rtt(&r, at(1), 0, 59);
    assert_int_equal(r.home, 0);
    dtt_relays_set_up(&r, at(2), 2, true); /* not measured */
    assert_int_equal(r.home, 0);
    dtt_relays_fini(&r);
}

static void a_home_that_is_gone_for_long_is_another_one(void **state)
{
    struct dtt_relays r;
    (void)state;
    dtt_relays_init(&r, &ctx, urls, 2, hash_key);
    dtt_relays_set_up(&r, at(1), 0, true);
    dtt_relays_set_up(&r, at(1), 1, true);
    assert_true(is_news(&r, at(1)));
    assert_true(is_news(&r, at(1)));
    assert_int_equal(dtt_relays_deadline(&r), DTT_NEVER);
    dtt_relays_set_up(&r, at(DTT_S), 0, false);
    assert_int_equal(dtt_relays_deadline(&r), DTT_S + DTT_RELAYS_GONE_NS);
    dtt_relays_tick(&r, at(DTT_S + DTT_RELAYS_GONE_NS - 1));
    assert_int_equal(r.home, 0);
    dtt_relays_set_up(&r, at(2 * DTT_S), 0, true); /* back in time */
    assert_int_equal(dtt_relays_deadline(&r), DTT_NEVER);
    dtt_relays_set_up(&r, at(3 * DTT_S), 0, false);
    dtt_relays_tick(&r, at(3 * DTT_S + DTT_RELAYS_GONE_NS));
    assert_int_equal(r.home, 1);
    dtt_relays_set_up(&r, at(20 * DTT_S), 0, true);
    assert_int_equal(r.home, 1);
    dtt_relays_set_up(&r, at(21 * DTT_S), 0, false);
    dtt_relays_set_up(&r, at(21 * DTT_S), 1, false);
    dtt_relays_tick(&r, at(22 * DTT_S));
    assert_string_equal(dtt_relays_home(&r), urls[1]);
    dtt_relays_tick(&r, at(26 * DTT_S)); /* nobody is told of a relay that does not serve */
    assert_string_equal(dtt_relays_home(&r), "");
    assert_int_equal(dtt_relays_deadline(&r), DTT_NEVER);
    dtt_relays_fini(&r);
}

static void the_peer_used_longest_ago_makes_room(void **state)
{
    struct dtt_relays r;
    struct dtt_addr first, a;
    struct dtt_id id = id_of(0);
    (void)state;
    dtt_relays_init(&r, &ctx, urls, 1, hash_key);
    dtt_relays_set_up(&r, at(1), 0, true);
    assert_true(dtt_relays_addr(&r, &id, NULL, &first));
    for (uint32_t i = 1; i < 3 * DTT_RELAYS_PEERS; i++) {
        id = id_of(i);
        assert_true(dtt_relays_heard(&r, 0, &id, &a));
        assert_int_equal(relay_of(&r, &first), 0); /* it is in use */
        assert_true(dtt_map_count(&r.peers) <= DTT_RELAYS_PEERS);
        assert_int_equal(dtt_map_count(&r.peers), dtt_map_count(&r.ends));
    }
    id = id_of(1);
    assert_null(dtt_map_get(&r.peers, &id));
    dtt_relays_fini(&r);
}

static bool is_first(void *user, const struct dtt_id *id)
{
    return memcmp(user, id, sizeof(*id)) == 0;
}

static bool is_any(void *user, const struct dtt_id *id)
{
    (void)user, (void)id;
    return true;
}

/* A relay may invent as many as it likes. */
static void ids_take_no_place_of_a_peer_with_a_link(void **state)
{
    struct dtt_relays r;
    struct dtt_addr first, a;
    struct dtt_id linked = id_of(0), id;
    (void)state;
    dtt_relays_init(&r, &ctx, urls, 1, hash_key);
    dtt_relays_keep(&r, is_first, is_first, &linked);
    assert_true(dtt_relays_heard(&r, 0, &linked, &first));
    for (uint32_t i = 1; i < 3 * DTT_RELAYS_PEERS; i++) {
        id = id_of(i);
        assert_true(dtt_relays_heard(&r, 0, &id, &a));
        assert_true(dtt_map_count(&r.peers) <= DTT_RELAYS_PEERS);
    }
    assert_true(dtt_relays_heard(&r, 0, &linked, &a));
    assert_true(dtt_addr_eq(&a, &first));
    dtt_relays_keep(&r, is_any, is_any, NULL);
    id = id_of(3 * DTT_RELAYS_PEERS);
    assert_false(dtt_relays_heard(&r, 0, &id, &a));
    dtt_relays_fini(&r);
}

/* Nor of one that we, or another relay, have named: it may be in its handshake. */
static void ids_take_no_place_of_those_of_other_relays(void **state)
{
    struct dtt_relays r;
    struct dtt_addr ours, others, again, a;
    struct dtt_id called = id_of(0), heard = id_of(1), id;
    (void)state;
    dtt_relays_init(&r, &ctx, urls, 2, hash_key);
    for (uint32_t i = 2; i < 3 * DTT_RELAYS_PEERS; i++) {
        id = id_of(i);
        assert_true(dtt_relays_heard(&r, 0, &id, &a));
        if (i == DTT_RELAYS_PEERS) { /* the table is full of inventions soon */
            assert_true(dtt_relays_addr(&r, &called, NULL, &ours));
        }
        if (i == DTT_RELAYS_PEERS + 100) {
            assert_true(dtt_relays_heard(&r, 1, &heard, &others));
        }
        assert_true(dtt_map_count(&r.peers) <= DTT_RELAYS_PEERS);
        assert_int_equal(dtt_map_count(&r.peers), dtt_map_count(&r.ends));
    }
    assert_true(dtt_relays_addr(&r, &called, NULL, &again));
    assert_true(dtt_addr_eq(&ours, &again));
    assert_true(dtt_relays_heard(&r, 1, &heard, &again));
    assert_true(dtt_addr_eq(&others, &again));
    dtt_relays_fini(&r);
}

/* One that comes and goes is not told of each time, nor what is wrong with it at each try. */
static void a_program_is_told_what_lasts(void **state)
{
    static const struct dtt_relays_trouble refused = {.what = "it denies access", .advice = "ask"};
    static const struct dtt_relays_trouble closed = {.what = "it closed", .advice = "wait"};
    static const struct dtt_relays_trouble none = {0};
    struct dtt_relays r;
    (void)state;
    dtt_relays_init(&r, &ctx, urls, 1, hash_key);
    assert_false(is_news(&r, at(100 * DTT_S))); /* nothing is known of it */
    dtt_relays_set_trouble(&r, at(0), 0, &refused);
    assert_true(dtt_relays_deadline(&r) <= 100 * DTT_S);
    assert_true(is_news(&r, at(100 * DTT_S))); /* it has never served */
    dtt_relays_set_trouble(&r, at(0), 0, &closed);
    assert_false(is_news(&r, at(110 * DTT_S)));
    dtt_relays_set_up(&r, at(120 * DTT_S), 0, true);
    assert_true(is_news(&r, at(120 * DTT_S)));

    for (uint64_t t = 130 * DTT_S; t < 140 * DTT_S; t += 2 * DTT_S) { /* away for a second */
        dtt_relays_set_up(&r, at(t), 0, false);
        dtt_relays_set_trouble(&r, at(0), 0, &closed);
        assert_false(is_news(&r, at(t + DTT_S)));
        dtt_relays_set_up(&r, at(t + DTT_S), 0, true);
        assert_false(is_news(&r, at(t + DTT_S)));
    }
    dtt_relays_set_up(&r, at(150 * DTT_S), 0, false);
    dtt_relays_set_trouble(&r, at(0), 0, &closed);
    assert_true(dtt_relays_deadline(&r) == 155 * DTT_S);
    assert_true(is_news(&r, at(155 * DTT_S)));
    dtt_relays_set_up(&r, at(156 * DTT_S), 0, true);
    assert_false(is_news(&r, at(156 * DTT_S))); /* every 5 s at most */
    assert_true(is_news(&r, at(160 * DTT_S)));
    for (uint64_t t = 160 * DTT_S; t < 165 * DTT_S; t += DTT_MS) {
        dtt_relays_set_trouble(&r, at(0), 0, t % 2 ? &none : &refused);
        assert_false(is_news(&r, at(t)));
    }
    dtt_relays_fini(&r);
}

/* ---- relays that only peers name */

static const char *url_of(const struct dtt_relays *r, size_t i)
{
    return r->list[DTT_RELAYS_MAX + i].url;
}

static void a_relay_that_only_a_peer_names_is_used(void **state)
{
    struct dtt_relays r;
    struct dtt_addr a, b;
    struct dtt_id id = id_of(1), other = id_of(2);
    (void)state;
    dtt_relays_init(&r, &ctx, urls, 1, hash_key);
    dtt_relays_want(&r, at(1), urls[1]);
    assert_string_equal(url_of(&r, 0), ""); /* no given one serves */
    dtt_relays_set_up(&r, at(1), 0, true);
    const char *const refused[] = {urls[0], "http://b.test", "https://u@b.test", "b.test", ""};
    for (size_t i = 0; i < 5; i++) {
        dtt_relays_want(&r, at(1), refused[i]);
        assert_string_equal(url_of(&r, 0), "");
    }
    dtt_relays_want(&r, at(1), urls[1]);
    dtt_relays_want(&r, at(1), "https://b.test:443/");
    assert_string_equal(url_of(&r, 0), urls[1]);
    assert_string_equal(url_of(&r, 1), "");
    assert_true(dtt_relays_addr(&r, &id, urls[1], &a));
    assert_true(dtt_relays_addr(&r, &other, NULL, &b));
    assert_int_equal(relay_of(&r, &a), 0); /* it is not up */
    dtt_relays_set_up(&r, at(2), DTT_RELAYS_MAX, true);
    dtt_relays_set_rtt(&r, at(2), 0, 90);
    dtt_relays_set_rtt(&r, at(2), DTT_RELAYS_MAX, 1);
    assert_int_equal(relay_of(&r, &a), DTT_RELAYS_MAX);
    assert_int_equal(relay_of(&r, &b), 0);
    assert_string_equal(dtt_relays_home(&r), urls[0]); /* though the other one is faster */
    dtt_relays_set_up(&r, at(3), 0, false);
    assert_true(dtt_relays_is_up(&r));
    assert_int_equal(relay_of(&r, &b), 99); /* it is for those alone that are there */
    dtt_relays_tick(&r, at(DTT_RELAYS_GONE_NS + 3));
    assert_string_equal(dtt_relays_home(&r), "");
    dtt_relays_fini(&r);
}

static void with_a_relay_by_http_others_may_be_so(void **state)
{
    static const char *const http[] = {"http://a.test"};
    struct dtt_relays r;
    (void)state;
    dtt_relays_init(&r, &ctx, http, 1, hash_key);
    dtt_relays_set_up(&r, at(1), 0, true);
    dtt_relays_want(&r, at(1), "http://b.test");
    assert_string_equal(url_of(&r, 0), "http://b.test");
    dtt_relays_fini(&r);
}

/* All eight are given, so that the first foreign one has the place behind them. */
static void fifty_names_cost_four_places_and_the_pace(void **state)
{
    static const struct dtt_relays_trouble trouble = {.what = "the connection failed"};
    const char *given[DTT_RELAYS_MAX];
    struct dtt_relays r;
    char url[32];
    uint32_t kept;
    (void)state;
    for (size_t i = 0; i < DTT_RELAYS_MAX; i++) {
        given[i] = urls[0];
    }
    memset(ctx.counters, 0, sizeof(ctx.counters));
    dtt_relays_init(&r, &ctx, given, DTT_RELAYS_MAX, hash_key);
    dtt_relays_set_up(&r, at(1), 0, true);
    for (uint32_t t = 0; t < 60; t++) { /* each second all of them */
        for (int i = 0; i < 50; i++) {
            snprintf(url, sizeof(url), "https://h%d.test", i);
            dtt_relays_want(&r, at(1 + t * DTT_S), url);
        }
        assert_true(r.last_serial <= DTT_RELAYS_FOREIGN + t / 2);
        kept = r.list[DTT_RELAYS_MAX].serial;
        for (size_t i = 1; i < DTT_RELAYS_FOREIGN; i++) { /* none lets us in but the first */
            if (r.list[DTT_RELAYS_MAX + i].serial) {
                dtt_relays_set_trouble(&r, at(1 + t * DTT_S), DTT_RELAYS_MAX + i, &trouble);
                assert_string_equal(url_of(&r, i), "");
            }
        }
        assert_int_equal(kept, 1);
        dtt_relays_set_up(&r, at(1 + t * DTT_S), DTT_RELAYS_MAX, true);
    }
    assert_int_equal(r.last_serial, DTT_RELAYS_FOREIGN + 59 / 2);
    assert_int_equal(ctx.counters[DTT_COUNTER_NODE_RELAY_FOREIGN], r.last_serial);
    /* The first name is in use when it comes again. */
    assert_int_equal(ctx.counters[DTT_COUNTER_NODE_RELAY_FOREIGN_REFUSED],
                     60 * 50 - 59 - r.last_serial);
    dtt_relays_fini(&r);
}

static void one_that_does_not_let_us_in_is_shunned(void **state)
{
    static const struct dtt_relays_trouble trouble = {.what = "the connection failed"};
    struct dtt_relays r;
    (void)state;
    dtt_relays_init(&r, &ctx, urls, 1, hash_key);
    dtt_relays_set_up(&r, at(1), 0, true);
    dtt_relays_want(&r, at(1), urls[1]);
    dtt_relays_set_trouble(&r, at(1), DTT_RELAYS_MAX, &trouble);
    dtt_relays_want(&r, at(DTT_RELAYS_SHUN_NS), "https://b.test:443");
    assert_string_equal(url_of(&r, 0), "");
    dtt_relays_want(&r, at(DTT_RELAYS_SHUN_NS + 1), urls[1]);
    assert_string_equal(url_of(&r, 0), urls[1]);
    dtt_relays_set_up(&r, at(DTT_RELAYS_SHUN_NS + 1), DTT_RELAYS_MAX, true);
    dtt_relays_set_up(&r, at(DTT_RELAYS_SHUN_NS + 2), DTT_RELAYS_MAX, false);
    dtt_relays_set_trouble(&r, at(DTT_RELAYS_SHUN_NS + 2), DTT_RELAYS_MAX, &trouble);
    assert_string_equal(url_of(&r, 0), urls[1]); /* it has served, and may come back */
    dtt_relays_fini(&r);
}

static void one_that_nobody_uses_is_left(void **state)
{
    struct dtt_relays r;
    struct dtt_addr a, invention;
    struct dtt_id linked = id_of(1), other = id_of(2);
    (void)state;
    dtt_relays_init(&r, &ctx, urls, 1, hash_key);
    dtt_relays_keep(&r, is_first, is_first, &linked);
    dtt_relays_set_up(&r, at(0), 0, true);
    assert_true(is_news(&r, at(0)));
    dtt_relays_want(&r, at(0), urls[1]);
    dtt_relays_set_up(&r, at(1), DTT_RELAYS_MAX, true);
    assert_true(dtt_relays_heard(&r, DTT_RELAYS_MAX, &other, &invention));
    assert_true(dtt_relays_heard(&r, DTT_RELAYS_MAX, &linked, &a));
    for (uint64_t i = 1; i < 10; i++) { /* somebody does */
        assert_int_equal(dtt_relays_deadline(&r), i * DTT_RELAYS_LOOK_NS);
        dtt_relays_tick(&r, at(i * DTT_RELAYS_LOOK_NS));
        assert_string_equal(url_of(&r, 0), urls[1]);
    }
    assert_true(dtt_relays_heard(&r, 0, &linked, &a)); /* it is elsewhere now */
    dtt_relays_tick(&r, at(10 * DTT_RELAYS_LOOK_NS));
    assert_string_equal(url_of(&r, 0), urls[1]);
    dtt_relays_tick(&r, at(11 * DTT_RELAYS_LOOK_NS));
    assert_string_equal(url_of(&r, 0), "");
    assert_int_equal(dtt_relays_deadline(&r), DTT_NEVER);
    assert_int_equal(relay_of(&r, &a), 0);
    assert_int_equal(relay_of(&r, &invention), 99); /* it went with its relay */
    dtt_relays_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_stands_for_a_peer),
        cmocka_unit_test(a_peer_is_sent_to_where_it_says_it_is),
        cmocka_unit_test(a_relay_behind_which_all_are_silent_is_doubted),
        cmocka_unit_test(a_token_is_for_the_relay_alone),
        cmocka_unit_test(answers_go_where_the_peer_was_heard),
        cmocka_unit_test(what_is_first_said_goes_to_the_relay_of_the_peer),
        cmocka_unit_test(the_fastest_relay_is_home),
        cmocka_unit_test(a_home_that_is_gone_for_long_is_another_one),
        cmocka_unit_test(the_peer_used_longest_ago_makes_room),
        cmocka_unit_test(ids_take_no_place_of_a_peer_with_a_link),
        cmocka_unit_test(ids_take_no_place_of_those_of_other_relays),
        cmocka_unit_test(a_program_is_told_what_lasts),
        cmocka_unit_test(a_relay_that_only_a_peer_names_is_used),
        cmocka_unit_test(with_a_relay_by_http_others_may_be_so),
        cmocka_unit_test(fifty_names_cost_four_places_and_the_pace),
        cmocka_unit_test(one_that_does_not_let_us_in_is_shunned),
        cmocka_unit_test(one_that_nobody_uses_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
