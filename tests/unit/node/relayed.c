/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Two nodes that stay connected to one relay, with and without a direct way between them. */
#include "node/relayed.h"

#include "node/core_relays.h"
#include "node/inside.h"
#include "party.h"

enum { ANN, BEN };

struct scene {
    struct party p;
    unsigned said;
    const char *told[2]; /* by the log, of the way from each to the other */
};

static void on_trace(void *user, struct dtt_sim_host *h, const struct dtt_trace_record *rec)
{
    struct scene *s = user;
    if (rec->point == DTT_TP_NODE_WAY) {
        s->told[h == s->p.peers[ANN].host ? ANN : BEN] = rec->values[1].u.text;
    }
}

/* A member in a home of its own that knows a peer by its id, and at `addr` if that is not NULL; or
 * nobody. */
static void add(struct scene *s, enum dtt_sim_nat_kind kind, uint32_t island,
                const struct dtt_id *id, const struct dtt_addr *addr)
{
    struct peer *peer = &s->p.peers[s->p.n++];
    struct dtt_peer_addr known = {.size = sizeof(known)};
    struct dtt_topic_config cfg = {.size = sizeof(cfg),
                                   .name = "room",
                                   .secret = "secret",
                                   .secret_len = 6,
                                   .user = peer,
                                   .peers = &known,
                                   .n_peers = id != NULL};
    if (id) {
        known.id = *id;
    }
    if (addr) {
        known.addr = *addr;
    }
    peer->host = dtt_sim_host_add(&s->p.w, kind);
    assert_non_null(peer->host);
    peer->host->user = peer;
    peer->host->island = island;
    assert_int_equal(dtt_sim_host_start(peer->host, false, false), DTT_OK);
    assert_int_equal(dtt_sim_host_join(peer->host, &cfg), DTT_OK);
}

static void begin(struct scene *s, uint64_t seed, bool is_cut, bool is_relay_up)
{
    memset(s, 0, sizeof(*s));
    party_init(&s->p, seed);
    s->p.w.hooks.trace = on_trace;
    s->p.w.hooks.user = s;
    s->p.w.n_relays = 1;
    dtt_sim_world_set_relay(&s->p.w, 0, is_relay_up);
    s->p.w.is_cut = is_cut;
}

/* Ben knows Ann, at her address or at another one where nobody is. */
static void come(struct scene *s, bool is_addr_right)
{
    add(s, DTT_SIM_NAT_NONE, 0, NULL, NULL);
    struct dtt_sim_host *ann = s->p.peers[ANN].host;
    struct dtt_addr addr = is_addr_right ? ann->addr : dtt_addr_v4(203, 0, 113, 7, 4000);
    add(s, DTT_SIM_NAT_NONE, 1, &ann->id, &addr);
}

static void teardown(struct scene *s)
{
    for (size_t i = 0; i < s->p.n; i++) {
        assert_int_equal(s->p.peers[i].downs, 0);
    }
    dtt_sim_world_fini(&s->p.w);
}

static struct dtt_link *link_of(const struct scene *s, int me)
{
    const struct dtt_sim_host *h = s->p.peers[me].host;
    return dtt_link_find(&h->core->links, &s->p.peers[!me].host->id);
}

static bool is_relayed(const struct scene *s, int me)
{
    const struct dtt_link *link = link_of(s, me);
    assert_non_null(link);
    return dtt_relay_way_is(link);
}

static bool are_direct(void *user)
{
    const struct scene *s = (const struct scene *)user;
    return !is_relayed(s, ANN) && !is_relayed(s, BEN);
}

static bool are_relayed(void *user)
{
    const struct scene *s = (const struct scene *)user;
    return is_relayed(s, ANN) && is_relayed(s, BEN);
}

static void say(struct scene *s, int me)
{
    char text[16];
    int len = snprintf(text, sizeof(text), "%d %u", me, s->said);
    assert_int_equal(dtt_sim_host_say(s->p.peers[me].host, dtt_slice(text, (size_t)len)), DTT_OK);
}

static void way_is_told(const struct scene *s, const char *way)
{
    for (int me = ANN; me <= BEN; me++) {
        assert_non_null(s->told[me]);
        assert_string_equal(s->told[me], way);
        assert_string_equal(link_of(s, me)->way, way);
    }
}

/* Each says a word. */
static void talk(struct scene *s)
{
    s->said++;
    say(s, ANN);
    say(s, BEN);
}

static bool is_all_heard(void *user)
{
    const struct scene *s = (const struct scene *)user;
    return s->p.peers[ANN].heard[BEN] == s->said && s->p.peers[BEN].heard[ANN] == s->said;
}

static bool run(struct scene *s, uint64_t ns, bool (*is_over)(void *user))
{
    return party_run(&s->p, ns, is_over);
}

static void meet(struct scene *s, uint64_t seed, bool is_cut, bool is_addr_right)
{
    begin(s, seed, is_cut, true);
    come(s, is_addr_right);
    assert_true(run(s, 1500 * DTT_MS, party_has_joined));
}

/* Each says a word, and hears that of the other in time. */
static void converse(struct scene *s, uint64_t ns)
{
    talk(s);
    assert_true(run(s, ns, is_all_heard));
}

static void they_meet_by_the_relay(void **state)
{
    struct scene s;
    (void)state;
    meet(&s, 1, true, true);
    assert_true(are_relayed(&s));
    for (int i = 0; i < 20; i++) {
        converse(&s, DTT_S);
    }
    assert_int_equal(s.p.peers[ANN].dial_failures + s.p.peers[BEN].dial_failures, 0);
    teardown(&s);
}

/* Ben has a wrong address of Ann's; by the relay each tells the other the right one. */
static void a_direct_way_is_found_by_the_relay(void **state)
{
    struct scene s;
    (void)state;
    meet(&s, 2, false, false);
    assert_true(run(&s, 3 * DTT_S, are_direct));
    converse(&s, DTT_S);
    for (int i = 0; i < 30; i++) {
        run(&s, DTT_S, NULL);
        talk(&s);
    }
    for (int me = ANN; me <= BEN; me++) {
        const struct dtt_link *link = link_of(&s, me);
        for (size_t k = 0; k < link->n_conns; k++) {
            assert_false(dtt_addr_is_invented(&link->conns[k].addr)); /* that one has ended */
        }
    }
    dtt_sim_world_set_relay(&s.p.w, 0, false);
    converse(&s, DTT_S);
    teardown(&s);
}

static void a_way_that_opens_later_is_found(void **state)
{
    struct scene s;
    (void)state;
    meet(&s, 3, true, true);
    run(&s, 5 * DTT_S, NULL);
    assert_true(are_relayed(&s));
    s.p.w.is_cut = false;
    assert_true(run(&s, 30 * DTT_S, are_direct));
    converse(&s, DTT_S);
    teardown(&s);
}

static void homes_meet(enum dtt_sim_nat_kind ann, enum dtt_sim_nat_kind ben, bool is_told,
                       uint64_t seed)
{
    struct scene s;
    begin(&s, seed, false, true);
    s.p.w.hides_homes = true;
    add(&s, ann, 0, NULL, NULL);
    run(&s, 3 * DTT_S, NULL);
    add(&s, ben, 0, is_told ? &s.p.peers[ANN].host->id : NULL, NULL);
    assert_true(run(&s, DTT_S, party_has_joined));
    assert_true(run(&s, 3 * DTT_S, are_direct));
    converse(&s, DTT_S);
    teardown(&s);
}

/* Each tells the other over the relay that it is there, and both knock: so a packet that comes to a
 * router too early spoils nothing. */
static void homes_find_the_direct_way(void **state)
{
    static const enum dtt_sim_nat_kind kinds[] = {
        DTT_SIM_NAT_NONE,     DTT_SIM_NAT_FULL_CONE,  DTT_SIM_NAT_RESTRICTED, DTT_SIM_NAT_ADDRESS,
        DTT_SIM_NAT_FIREWALL, DTT_SIM_NAT_MASQUERADE, DTT_SIM_NAT_SHIFTING,   DTT_SIM_NAT_CARRIER};
    const size_t n = sizeof(kinds) / sizeof(kinds[0]);
    (void)state;
    for (size_t i = 0; i < 2 * n * n; i++) {
        homes_meet(kinds[i / 2 / n], kinds[i / 2 % n], i % 2, i);
    }
}

/* What was said into the dead way comes by the relay. */
static void a_dead_way_is_left_for_the_relay(void **state)
{
    struct scene s;
    (void)state;
    for (uint64_t seed = 4; seed < 8; seed++) {
        meet(&s, seed, false, true);
        run(&s, 5 * DTT_S, NULL);
        assert_true(are_direct(&s));
        converse(&s, DTT_S);
        s.p.w.is_cut = true;
        converse(&s, 5 * DTT_S);
        assert_true(are_relayed(&s));
        way_is_told(&s, "relay");
        for (int i = 0; i < 20; i++) {
            converse(&s, DTT_S);
        }
        s.p.w.is_cut = false;
        assert_true(run(&s, 60 * DTT_S, are_direct));
        way_is_told(&s, "direct");
        converse(&s, 5 * DTT_S);
        teardown(&s);
    }
}

/* Keep-alives tell where nobody says anything. */
static void a_dead_way_is_noticed_in_silence(void **state)
{
    struct scene s;
    (void)state;
    meet(&s, 8, false, true);
    run(&s, 20 * DTT_S, NULL);
    assert_true(are_direct(&s));
    s.p.w.is_cut = true;
    assert_true(run(&s, 12 * DTT_S, are_relayed));
    converse(&s, 2 * DTT_S);
    teardown(&s);
}

static void a_relay_may_be_away_for_a_while(void **state)
{
    static const uint64_t away_s[] = {12, 24};
    struct scene s;
    (void)state;
    for (size_t i = 0; i < sizeof(away_s) / sizeof(away_s[0]); i++) {
        meet(&s, 9, true, true);
        dtt_sim_world_set_relay(&s.p.w, 0, false);
        talk(&s);
        run(&s, away_s[i] * DTT_S, NULL);
        assert_false(is_all_heard(&s));
        dtt_sim_world_set_relay(&s.p.w, 0, true);
        assert_true(run(&s, 1500 * DTT_MS, is_all_heard)); /* each has found it after a second */
        run(&s, 10 * DTT_S, NULL);
        teardown(&s);
    }
}

static bool has_bens_end_been_noticed(void *user)
{
    const struct scene *s = (const struct scene *)user;
    return s->p.peers[ANN].downs > 0;
}

/* What a relay may take is not waited for where that serves. */
static void a_peer_that_vanishes_is_missed(void **state)
{
    struct scene s;
    (void)state;
    meet(&s, 12, true, true);
    run(&s, 10 * DTT_S, NULL);
    dtt_sim_host_kill(s.p.peers[BEN].host);
    assert_false(run(&s, 10 * DTT_S, has_bens_end_been_noticed));
    assert_true(run(&s, 15 * DTT_S, has_bens_end_been_noticed));
    assert_int_equal(s.p.peers[ANN].down_reason, DTT_REASON_TIMEOUT);
    dtt_sim_world_fini(&s.p.w);
}

/* Nobody could be dialled without the relay, and all are when it is back; a foreign one tells
 * nothing of that. */
static void nobody_pays_for_our_relay(void **state)
{
    struct scene s;
    (void)state;
    meet(&s, 13, true, true);
    dtt_sim_world_set_relay(&s.p.w, 0, false);
    run(&s, 84 * DTT_S, NULL);
    assert_true(s.p.peers[ANN].downs > 0 && s.p.peers[BEN].downs > 0);
    for (int me = ANN; me <= BEN; me++) {
        struct dtt_sim_host *h = s.p.peers[me].host;
        dtt_core_relays_set_up(h->core, dtt_sim_host_now(h), DTT_RELAYS_MAX, true);
        dtt_sim_host_settle(h);
        assert_null(link_of(&s, me));
        dtt_core_relays_set_up(h->core, dtt_sim_host_now(h), DTT_RELAYS_MAX, false);
    }
    dtt_sim_world_set_relay(&s.p.w, 0, true);
    unsigned ups = s.p.peers[ANN].ups;
    run(&s, 1500 * DTT_MS, NULL);
    assert_int_equal(s.p.peers[ANN].ups, ups + 1);
    converse(&s, DTT_S);
    dtt_sim_world_fini(&s.p.w);
}

static const char *home_of(const struct scene *s, int me)
{
    return dtt_relays_home(&s->p.peers[me].host->core->relays);
}

/* Each has moved, and knows it of the other. */
static bool are_at_the_second(void *user)
{
    const struct scene *s = (const struct scene *)user;
    bool are_all = true;
    for (int me = ANN; me <= BEN; me++) {
        const char *known =
            dtt_book_relay(&s->p.peers[me].host->core->links.book, &s->p.peers[!me].host->id);
        are_all &= strcmp(home_of(s, me), "https://b.test") == 0;
        are_all &= known && strcmp(known, "https://b.test") == 0;
    }
    return are_all;
}

static void begin_with_two_relays(struct scene *s, uint64_t seed)
{
    begin(s, seed, true, true);
    s->p.w.n_relays = 2;
    dtt_sim_world_set_relay(&s->p.w, 1, true);
    come(s, true);
    assert_true(run(s, 1500 * DTT_MS, party_has_joined));
    run(s, 3 * DTT_S, NULL);
    assert_string_equal(home_of(s, ANN), "https://a.test");
    assert_string_equal(home_of(s, BEN), "https://a.test");
}

/* A relay may hang without a word: that the peer is silent makes it doubted. */
static void a_relay_that_hangs_is_left(void **state)
{
    struct scene s;
    (void)state;
    for (int is_idle = 0; is_idle < 2; is_idle++) {
        begin_with_two_relays(&s, 30);
        s.p.w.is_relay_hung[0] = true;
        if (is_idle) {
            run(&s, 12 * DTT_S, NULL);
            assert_true(run(&s, 3 * DTT_S, are_at_the_second));
        }
        converse(&s, 5 * DTT_S);
        teardown(&s);
    }
}

/* The home relay of both is gone for good. */
static void another_relay_takes_over(void **state)
{
    struct scene s;
    (void)state;
    for (uint64_t seed = 20; seed < 22; seed++) {
        begin_with_two_relays(&s, seed);
        dtt_sim_world_set_relay(&s.p.w, 0, false);
        converse(&s, 500 * DTT_MS);
        assert_false(run(&s, 4 * DTT_S, are_at_the_second));
        assert_true(run(&s, 2 * DTT_S, are_at_the_second));
        converse(&s, 500 * DTT_MS);
        run(&s, 10 * DTT_S, NULL);
        assert_true(are_relayed(&s));
        teardown(&s);
    }
}

/* The relay comes up only when they look for each other already. */
static void a_relay_that_is_late_takes_part(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, 10, true, false);
    come(&s, true);
    run(&s, DTT_S, NULL);
    assert_false(s.p.peers[BEN].is_joined);
    dtt_sim_world_set_relay(&s.p.w, 0, true);
    assert_true(run(&s, 10 * DTT_S, party_has_joined));
    teardown(&s);
}

/* What is said then reaches the same connections. */
static void invented_senders_push_nobody_out(void **state)
{
    struct scene s;
    (void)state;
    meet(&s, 11, true, true);
    for (int me = ANN; me <= BEN; me++) {
        struct dtt_sim_host *h = s.p.peers[me].host;
        struct dtt_id id = {{1}};
        for (uint32_t i = 0; i < 2 * DTT_RELAYS_PEERS; i++) {
            dtt_put_be32(id.bytes + 4, i);
            dtt_core_relays_recv(h->core, dtt_sim_host_now(h), 0, &id, 1, dtt_slice("x", 1));
        }
    }
    converse(&s, 500 * DTT_MS);
    teardown(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_meet_by_the_relay),
        cmocka_unit_test(a_direct_way_is_found_by_the_relay),
        cmocka_unit_test(homes_find_the_direct_way),
        cmocka_unit_test(a_way_that_opens_later_is_found),
        cmocka_unit_test(a_dead_way_is_left_for_the_relay),
        cmocka_unit_test(a_dead_way_is_noticed_in_silence),
        cmocka_unit_test(a_relay_may_be_away_for_a_while),
        cmocka_unit_test(a_peer_that_vanishes_is_missed),
        cmocka_unit_test(nobody_pays_for_our_relay),
        cmocka_unit_test(another_relay_takes_over),
        cmocka_unit_test(a_relay_that_hangs_is_left),
        cmocka_unit_test(a_relay_that_is_late_takes_part),
        cmocka_unit_test(invented_senders_push_nobody_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
