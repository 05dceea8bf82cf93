/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lookups among hostile nodes that sit next to the target. */
#include "net.h"

#include "codec/bencode.h"
#include "crypto/ed25519.h"
#include "dht/item.h"
#include "dht/node.h"
#include "support/vectors.h"

#define HONEST  30
#define HOSTILE 6

static struct net net;
static struct net_item item;

/* How the hostile nodes of a test behave. */
struct crime {
    bool silent_on_get;
    bool wrong_key;       /* a value signed by their own key, with the highest seq */
    bool wrong_key_named; /* the same, but `k` claims to be the right key */
    bool bad_signature;
    bool garbage;
    bool fake_contacts; /* eight closer nodes that do not exist, others each time */
    bool wrong_id;      /* answers under another id than it was known by */
    bool huge_token;
    unsigned answers; /* copies of each answer */
};

static struct crime crime;
static uint64_t fakes;

static void id_of(size_t self, uint8_t id[20])
{
    memcpy(id, item.target, 20);
    id[18] ^= 1; /* closer than any honest node can be by chance */
    id[19] = (uint8_t)self;
}

static void write_fakes(struct dtt_writer *w)
{
    for (unsigned i = 0; i < 8; i++) {
        uint8_t id[20];
        struct dtt_addr a = dtt_addr_v4(127, 7, (uint8_t)(fakes >> 8), (uint8_t)fakes, 7);
        memcpy(id, item.target, 20);
        id[19] ^= (uint8_t)fakes;
        id[17] ^= (uint8_t)(fakes >> 8);
        fakes++;
        dtt_write(w, id, sizeof(id));
        dtt_addr_write_compact(w, &a);
    }
}

static void answer(struct net *n, size_t self, const struct dtt_addr *from,
                   const struct dtt_krpc *q)
{
    static const uint8_t seed[32] = {66};
    static const uint8_t token[200] = {1};
    uint8_t id[20], key[32], sig[64], nodes[8 * 26], buf[2000];
    struct dtt_writer w = dtt_writer(nodes, sizeof(nodes));
    struct dtt_krpc m = {.type = DTT_KRPC_REPLY,
                         .t = q->t,
                         .id = dtt_slice(id, 20),
                         .token = dtt_slice(token, crime.huge_token ? sizeof(token) : 4)};
    id_of(self, id);
    id[0] ^= crime.wrong_id;
    if (crime.fake_contacts) {
        write_fakes(&w);
    }
    m.nodes = dtt_slice(nodes, w.len);
    struct dtt_slice v = dtt_slice("4:evil", 6);
    if (crime.wrong_key || crime.wrong_key_named || crime.bad_signature) {
        dtt_ed25519_public_key(key, seed);
        dtt_item_sign(sig, seed, dtt_slice("slot", 4), INT64_MAX, v);
        m.k = crime.wrong_key ? dtt_slice(key, 32) : dtt_slice(item.put.key, 32);
        if (crime.bad_signature) {
            memcpy(sig, item.put.sig, 64);
        }
        m.sig = dtt_slice(sig, 64);
        m.seq = dtt_krpc_int(crime.bad_signature ? item.put.seq : INT64_MAX);
        m.v = v;
    }
    int len = dtt_krpc_encode(&m, buf, sizeof(buf));
    assert_true(len > 0);
    if (crime.garbage) {
        for (int i = 20; i < len - 40; i++) {
            buf[i] = (uint8_t)dtt_rng_u64(&n->rng);
        }
    }
    for (unsigned i = 0; i <= crime.answers; i++) {
        net_send(n, &n->nodes[self].addr, from, dtt_slice(buf, (size_t)len));
    }
}

static void hostile(struct net *n, size_t self, const struct dtt_addr *from, struct dtt_slice data)
{
    struct dtt_krpc q;
    if (dtt_krpc_decode(data, &q) != 0 || q.type != DTT_KRPC_QUERY) {
        return;
    }
    if (q.method == DTT_KRPC_M_GET) {
        if (!crime.silent_on_get) {
            answer(n, self, from, &q);
        }
        return;
    }
    struct crime during = crime;
    crime = (struct crime){0}; /* innocent in everything else */
    answer(n, self, from, &q);
    crime = during;
}

/* An honest network with the value stored; then the hostile nodes make themselves known. */
static void build(void)
{
    net_init(&net, 21);
    net_item(&item, 1, 5, "right value");
    crime = (struct crime){0};
    fakes = 0;
    net_grow(&net, HONEST);
    net_run(&net, 30 * DTT_S);
    assert_true(net_put(&net, 3, &item).u.put.acked >= 8);
    for (size_t h = 0; h < HOSTILE; h++) {
        struct dtt_addr a = dtt_addr_v4(127, 6, 6, (uint8_t)h, 6);
        size_t self = net_add_script(&net, &a, hostile);
        uint8_t id[20], buf[200];
        id_of(self, id);
        struct dtt_krpc q = {.type = DTT_KRPC_QUERY,
                             .method = DTT_KRPC_M_FIND_NODE,
                             .t = dtt_slice("hhhh", 4),
                             .id = dtt_slice(id, 20),
                             .target = dtt_slice(id, 20)};
        int len = dtt_krpc_encode(&q, buf, sizeof(buf));
        for (size_t i = 0; i < HONEST; i++) {
            net_send(&net, &a, &net.nodes[i].addr, dtt_slice(buf, (size_t)len));
        }
    }
    net_run(&net, 2 * DTT_S);
    /* They are in: each honest node would name some of them. */
    size_t known = 0;
    for (size_t h = 0; h < HOSTILE; h++) {
        for (size_t i = 0; i < HONEST; i++) {
            known +=
                dtt_rtable_find(&net.nodes[i].dht->tables[0], &net.nodes[HONEST + h].addr) != NULL;
        }
    }
    assert_true(known > HONEST);
}

/* A fresh node and an old one each find the right value and nothing else. */
static void expect_right_value(void)
{
    struct net_result r;
    size_t fresh = net_add(&net, false);
    net_bootstrap(&net, fresh, 0);
    size_t askers[] = {fresh, 9};
    for (size_t i = 0; i < 2; i++) {
        net_get(&net, askers[i], &item, &r);
        assert_true(net_result_has(&r, &item));
        assert_int_equal(r.n_values, 1);
        assert_true(r.last.u.done.asked <= 2 * DTT_LOOKUP_QUERIES);
        net_result_free(&r);
    }
}

static int teardown(void **state)
{
    (void)state;
    net_fini(&net);
    return 0;
}

static void test_innocent(void **state)
{
    (void)state;
    build();
    expect_right_value();
}

static void test_silence(void **state)
{
    (void)state;
    build();
    crime.silent_on_get = true;
    expect_right_value();
}

static void test_wrong_key(void **state)
{
    (void)state;
    build();
    crime.wrong_key = true;
    expect_right_value();
    crime = (struct crime){.wrong_key_named = true};
    expect_right_value();
    assert_true(net.nodes[9].ctx.metrics[DTT_METRIC_DHT_VALUES_INVALID] > 0);
}

static void test_bad_signature(void **state)
{
    (void)state;
    build();
    crime.bad_signature = true;
    expect_right_value();
}

static void test_garbage(void **state)
{
    (void)state;
    build();
    crime.garbage = true;
    expect_right_value();
}

static void test_fake_neighbours(void **state)
{
    (void)state;
    build();
    crime.fake_contacts = true;
    expect_right_value();
    assert_true(fakes >= 8);
    /* They never answered, so they are in nobody's table. */
    for (size_t i = 0; i < HONEST; i++) {
        const struct dtt_rtable *t = &net.nodes[i].dht->tables[0];
        for (size_t b = 0; b < t->n; b++) {
            for (size_t j = 0; j < t->buckets[b].live; j++) {
                assert_int_not_equal(t->buckets[b].nodes[j].ip[1], 7);
            }
        }
    }
}

static void test_another_id(void **state)
{
    (void)state;
    build();
    crime.wrong_id = true;
    expect_right_value();
}

static void test_replays_and_huge_tokens(void **state)
{
    (void)state;
    build();
    crime.answers = 3;
    crime.huge_token = true;
    expect_right_value();
    assert_true(net.nodes[9].ctx.metrics[DTT_METRIC_DHT_RX_UNMATCHED] > 0);
    /* Without a usable token they hold nothing; the honest ones still do. */
    struct net_item more;
    net_item(&more, 1, 6, "newer value");
    struct dtt_dht_event e = net_put(&net, 9, &more);
    assert_true(e.u.put.acked >= 8);
    assert_true(net_holders(&net, &more) >= 8);
}

/* What a liar says about others is asked about, not believed: his contacts cost a bounded effort.
 */
static void test_contacts_of_other_scopes(void **state)
{
    struct dtt_ctx ctx = {0};
    struct dtt_dht_config cfg = {.has_v4 = true};
    struct dtt_dht *d;
    uint8_t id[20] = {1};
    (void)state;
    net_init(&net, 1);
    assert_int_equal(dtt_dht_new(&d, &ctx, &cfg, net.now), 0);
    struct dtt_addr global = dtt_addr_v4(50, 1, 1, 1, 1), lan = dtt_addr_v4(10, 1, 1, 1, 1);
    struct dtt_addr self = dtt_addr_v4(127, 0, 0, 1, 1), port0 = dtt_addr_v4(50, 1, 1, 1, 0), six;
    assert_int_equal(dtt_addr_parse("[2001:db8::1]:1", &six), 0);
    assert_true(dtt_contact_is_plausible(d, id, &global, &global));
    assert_true(dtt_contact_is_plausible(d, id, &global, &lan));
    assert_true(dtt_contact_is_plausible(d, id, &lan, &lan));
    assert_true(dtt_contact_is_plausible(d, id, &self, &self));
    assert_false(dtt_contact_is_plausible(d, id, &lan, &global));
    assert_false(dtt_contact_is_plausible(d, id, &self, &global));
    assert_false(dtt_contact_is_plausible(d, id, &self, &lan));
    assert_false(dtt_contact_is_plausible(d, id, &port0, &self));
    assert_false(dtt_contact_is_plausible(d, id, &six, &self)); /* no IPv6 socket */
    assert_false(dtt_contact_is_plausible(d, dtt_dht_id(d), &global, &global));
    dtt_dht_free(d);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_innocent),
        TEST(test_silence),
        TEST(test_wrong_key),
        TEST(test_bad_signature),
        TEST(test_garbage),
        TEST(test_fake_neighbours),
        TEST(test_another_id),
        TEST(test_replays_and_huge_tokens),
        TEST(test_contacts_of_other_scopes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
