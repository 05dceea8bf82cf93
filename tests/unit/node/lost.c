/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whole nodes in virtual time: which lost neighbours are dialled again, and how soon they are met.
 */
#include "base/reason.h"
#include "node/inside.h"
#include "sim/world.h"
#include "support/vectors.h"

#define PEERS_MAX 32

/* Everybody is 10 ms from everybody. */
static const struct dtt_sim_links links = {
    .is_uniform = true, .min_us = 10000, .max_us = 10000, .mtu = 1500};

struct peer {
    struct dtt_sim_host *host;
    unsigned downs, replaced;
    int down_reason;
    const struct dtt_id *watched;
    unsigned watched_dials; /* of the tracker */
};

struct party {
    struct dtt_sim_world w;
    struct peer peers[PEERS_MAX];
    size_t n;
};

/* ---- a transport that tells which connections there are, and can say another reason for an end */

#define CONNS_MAX 2048

static struct {
    void *self;
    struct dtt_id peer;
    dtt_quic_conn conn;
} conns[CONNS_MAX];
static size_t n_conns;
static void *forger;
static enum dtt_reason forged;

static bool spy_next_event(struct dtt_quic *t, struct dtt_quic_event *ev)
{
    if (!dtt_transport_quic.next_event(t, ev)) {
        return false;
    }
    if (ev->type == DTT_QUIC_CONNECTED) {
        assert_true(n_conns < CONNS_MAX);
        conns[n_conns].self = t;
        conns[n_conns].peer = ev->peer;
        conns[n_conns++].conn = ev->conn;
    } else if (ev->type == DTT_QUIC_CLOSED && t == forger) {
        ev->reason = forged;
    }
    return true;
}

/* What this one writes on the connections that it has now gets lost: iroh-gossip after a message
 * that is too long. */
static void *mute;
static size_t n_mute_conns;

static int spy_write(struct dtt_quic *t, dtt_quic_conn conn, int64_t stream, struct dtt_slice data,
                     bool fin)
{
    for (size_t i = 0; t == mute && i < n_mute_conns; i++) {
        if (conns[i].self == t && conns[i].conn == conn) {
            return DTT_OK;
        }
    }
    return dtt_transport_quic.write(t, conn, stream, data, fin);
}

static struct dtt_transport_ops spy;

/* All connections of `a` to a peer end, as far as `a` can tell for this reason. */
static void cut(struct peer *a, const struct dtt_id *peer, enum dtt_reason reason)
{
    struct dtt_core *c = a->host->core;
    struct dtt_now now = dtt_sim_host_now(a->host);
    for (size_t i = 0; i < n_conns; i++) {
        if (conns[i].self == c->transport.self &&
            memcmp(&conns[i].peer, peer, sizeof(*peer)) == 0) {
            dtt_transport_quic.close(c->transport.self, now, conns[i].conn, 0, "");
        }
    }
    forger = c->transport.self;
    forged = reason;
    dtt_sim_host_settle(a->host);
    forger = NULL;
}

/* ---- the party */

static void on_event(void *user, struct dtt_sim_host *h, const struct dtt_event *ev)
{
    struct peer *peer = h->user;
    (void)user;
    if (ev->type == DTT_EVENT_NEIGHBOR_DOWN) {
        peer->downs++;
        peer->down_reason = ev->u.neighbor.reason;
        peer->replaced += ev->u.neighbor.reason == DTT_REASON_REPLACED;
    }
}

static void on_trace(void *user, struct dtt_sim_host *h, const struct dtt_trace_record *rec)
{
    struct peer *peer = h->user;
    (void)user;
    if (rec->point == DTT_TP_TRACKER_DIAL && peer->watched) {
        peer->watched_dials +=
            memcmp(rec->values[0].u.id, peer->watched, sizeof(struct dtt_id)) == 0;
    }
}

static void start(struct peer *peer)
{
    struct dtt_topic_config topic = {
        .size = sizeof(topic), .name = "room", .secret = "secret", .secret_len = 6};
    assert_int_equal(dtt_sim_host_start(peer->host, false, false), DTT_OK);
    assert_int_equal(dtt_sim_host_join(peer->host, &topic), DTT_OK);
    peer->host->keeps_identity = true;
}

static void run(struct party *p, uint64_t ns)
{
    dtt_sim_world_run(&p->w, p->w.t_ns + ns, NULL, NULL);
}

/* `n` members who know the first one, and each other by gossip; there is no DHT. */
static void setup(struct party *p, uint64_t seed, size_t n)
{
    memset(p, 0, sizeof(*p));
    n_conns = 0;
    assert_int_equal(dtt_sim_world_init(&p->w, seed), DTT_OK);
    spy = dtt_transport_quic;
    spy.next_event = spy_next_event;
    spy.write = spy_write;
    mute = NULL;
    p->w.transport = &spy;
    p->w.links = links;
    p->w.hooks.event = on_event;
    p->w.hooks.trace = on_trace;
    for (p->n = 0; p->n < n; p->n++) {
        struct peer *peer = &p->peers[p->n];
        peer->host = dtt_sim_host_add(&p->w, DTT_SIM_NAT_NONE);
        assert_non_null(peer->host);
        peer->host->user = peer;
        start(peer);
        if (p->n > 0) {
            struct dtt_peer_addr first = {.id = p->peers[0].host->id,
                                          .addr = dtt_sim_host_global(p->peers[0].host)};
            dtt_core_topic_add_peer(peer->host->topic, dtt_sim_host_now(peer->host), &first);
            dtt_sim_host_settle(peer->host);
        }
        run(p, DTT_S / 2);
    }
    run(p, 120 * DTT_S);
}

static bool is_neighbor(const struct peer *a, const struct dtt_id *id)
{
    struct dtt_id ids[8];
    size_t n = a->host->core ? dtt_core_topic_neighbors(a->host->topic, ids, 8) : 0;
    for (size_t i = 0; i < n && i < 8; i++) {
        if (memcmp(&ids[i], id, sizeof(*id)) == 0) {
            return true;
        }
    }
    return false;
}

static struct peer *by_id(struct party *p, const struct dtt_id *id)
{
    for (size_t i = 0; i < p->n; i++) {
        if (memcmp(&p->peers[i].host->id, id, sizeof(*id)) == 0) {
            return &p->peers[i];
        }
    }
    return NULL;
}

static void down_is(const struct peer *a, enum dtt_reason reason)
{
    assert_true(a->downs > 0);
    assert_string_equal(dtt_reason_word(a->down_reason), dtt_reason_word(reason));
}

/* ---- tests */

/* Of three members one is killed, and another is made to believe that it ended so. */
static void silence_and_nothing_else_is_dialled_again(void **state)
{
    (void)state;
    for (int reason = DTT_REASON_DISCONNECT; strcmp(dtt_reason_word(reason), "?") != 0; reason++) {
        struct party p;
        setup(&p, 1, 3);
        struct peer *a = &p.peers[0];
        struct dtt_id lost = p.peers[1].host->id;
        assert_true(is_neighbor(a, &lost) && is_neighbor(a, &p.peers[2].host->id));
        a->downs = 0;
        a->watched = &lost;
        dtt_sim_host_kill(p.peers[1].host);
        cut(a, &lost, (enum dtt_reason)reason);
        down_is(a, (enum dtt_reason)reason);
        run(&p, 2 * DTT_S);
        assert_int_equal(a->watched_dials > 0, dtt_reason_is_silence((enum dtt_reason)reason));
        dtt_sim_world_fini(&p.w);
    }
}

/* The two of an array are neighbours, as both see it. */
static bool have_met(void *user)
{
    struct peer *const *pair = user;
    return is_neighbor(pair[0], &pair[1]->host->id) && is_neighbor(pair[1], &pair[0]->host->id);
}

static bool have_parted(void *user)
{
    return !have_met(user);
}

/* It comes back at once, knowing nobody: whoever speaks to it is told so by a stateless reset. */
static void a_neighbour_that_restarts_is_met_again(void **state)
{
    struct party p;
    (void)state;
    setup(&p, 2, 3);
    struct peer *pair[] = {&p.peers[0], &p.peers[1]};
    p.peers[0].downs = 0;
    dtt_sim_host_kill(p.peers[1].host);
    start(&p.peers[1]);
    assert_true(dtt_sim_world_run(&p.w, p.w.t_ns + 10 * DTT_S, have_met, pair));
    down_is(&p.peers[0], DTT_REASON_RESET);
    dtt_sim_world_fini(&p.w);
}

/* The host says that nobody listens there, and then somebody does again. */
static void a_neighbour_that_was_away_is_met_again(void **state)
{
    struct party p;
    (void)state;
    setup(&p, 3, 3);
    struct peer *pair[] = {&p.peers[0], &p.peers[1]};
    struct peer *a = &p.peers[0];
    struct dtt_addr addr = dtt_sim_host_global(p.peers[1].host);
    a->downs = 0;
    dtt_sim_host_kill(p.peers[1].host);
    dtt_core_unreachable(a->host->core, dtt_sim_host_now(a->host), &addr);
    dtt_sim_host_settle(a->host);
    run(&p, 1500 * DTT_MS);
    down_is(a, DTT_REASON_UNREACHABLE);
    start(&p.peers[1]);
    assert_true(dtt_sim_world_run(&p.w, p.w.t_ns + 10 * DTT_S, have_met, pair));
    dtt_sim_world_fini(&p.w);
}

/* Nobody else speaks, and it is honest: it hears all, and its connection is alive. */
static void a_mute_neighbour_is_dialled_anew(void **state)
{
    struct party p;
    (void)state;
    setup(&p, 1, 3);
    struct peer *a = &p.peers[0], *b = &p.peers[1];
    struct peer *pair[] = {a, b};
    assert_true(have_met(pair));
    a->downs = 0;
    mute = b->host->core->transport.self;
    n_mute_conns = n_conns;
    run(&p, 119 * DTT_S);
    assert_int_equal(a->downs, 0);
    assert_true(dtt_sim_world_run(&p.w, p.w.t_ns + 65 * DTT_S, have_parted, pair));
    run(&p, DTT_MS);
    down_is(a, DTT_REASON_MUTE);
    assert_true(dtt_sim_world_run(&p.w, p.w.t_ns + 10 * DTT_S, have_met, pair));
    a->downs = 0;
    run(&p, 600 * DTT_S);
    assert_int_equal(a->downs, 0);
    assert_true(have_met(pair));
    dtt_sim_world_fini(&p.w);
}

/* What docs/design/tracker.md says of it: others hardly lose a place by a neighbour's return. */
static void a_return_displaces_few(void **state)
{
    static const struct {
        size_t n;
        bool restarts; /* else one connection is closed without a goodbye */
        uint64_t within_ns;
        unsigned replaced; /* of all views, in a minute */
    } cases[] = {{12, false, 2 * DTT_S, 4},
                 {30, false, 2 * DTT_S, 2},
                 {12, true, 7 * DTT_S, 24},
                 {30, true, 7 * DTT_S, 16}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct party p;
        unsigned replaced = 0;
        setup(&p, 1, cases[i].n);
        for (size_t k = 0; k < 6; k++) {
            struct dtt_id ids[1];
            struct peer *a = &p.peers[0];
            assert_true(dtt_core_topic_neighbors(a->host->topic, ids, 1) > 0);
            struct peer *b = by_id(&p, &ids[0]);
            struct peer *pair[] = {a, b};
            for (size_t m = 0; m < p.n; m++) {
                p.peers[m].replaced = 0;
            }
            if (cases[i].restarts) {
                dtt_sim_host_kill(b->host);
                start(b);
            } else {
                cut(a, &ids[0], DTT_REASON_CLOSED_BY_US);
            }
            assert_true(dtt_sim_world_run(&p.w, p.w.t_ns + DTT_S, have_parted, pair));
            assert_true(dtt_sim_world_run(&p.w, p.w.t_ns + cases[i].within_ns, have_met, pair));
            run(&p, 60 * DTT_S);
            for (size_t m = 0; m < p.n; m++) {
                replaced += p.peers[m].replaced;
            }
        }
        assert_in_range(replaced, 0, cases[i].replaced);
        dtt_sim_world_fini(&p.w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_and_nothing_else_is_dialled_again),
        cmocka_unit_test(a_neighbour_that_restarts_is_met_again),
        cmocka_unit_test(a_neighbour_that_was_away_is_met_again),
        cmocka_unit_test(a_mute_neighbour_is_dialled_anew),
        cmocka_unit_test(a_return_displaces_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
