/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One storing node, asked from outside as a stranger would. */
#include "dht/server.h"
#include "dht/inside.h"

#include "codec/bencode.h"
#include "crypto/ed25519.h"
#include "dht/item.h"
#include "support/vectors.h"

#include <stdlib.h>

static struct dtt_ctx ctx;
static struct dtt_dht *dht;
static struct dtt_now now;
static const struct dtt_addr lan = {.ip = {10, 0, 0, 9}, .port = 999, .family = DTT_FAMILY_V4};
static const uint8_t seed[32] = {5};
static uint8_t key[32];
static const uint8_t my_id[20] = {0xaa};

static int setup(void **state)
{
    struct dtt_dht_config cfg = {.has_v4 = true, .has_v6 = true};
    (void)state;
    memset(&ctx, 0, sizeof(ctx));
    now = (struct dtt_now){.mono_ns = 1000 * DTT_S};
    dtt_ed25519_public_key(key, seed);
    return dtt_dht_new(&dht, &ctx, &cfg, now);
}

static int teardown(void **state)
{
    (void)state;
    dtt_dht_free(dht);
    return 0;
}

/* The address of ours that all queries come to. */
static const struct dtt_addr asked = {.family = DTT_FAMILY_V4, .port = 7, .ip = {10, 0, 0, 77}};
static struct dtt_dht_packet packet;
static size_t request_len;

/* Sends raw bytes; the answer to `from`, or false when there is none. */
static bool ask_raw(const struct dtt_addr *from, const void *data, size_t len, struct dtt_krpc *ret)
{
    struct dtt_dht_packet p;
    bool is_answered = false;
    request_len = len;
    assert_int_equal(dtt_dht_recv(dht, now, &asked, from, dtt_slice(data, len)), 0);
    while (dtt_dht_next_packet(dht, &p)) {
        struct dtt_krpc m;
        assert_true(dtt_addr_eq(&p.from, &asked));
        assert_int_equal(dtt_krpc_decode(dtt_slice(p.data, p.len), &m), 0);
        if (m.type != DTT_KRPC_QUERY) {
            assert_false(is_answered);
            assert_true(dtt_addr_eq(&p.to, from));
            assert_false(m.is_read_only); /* mainline drops replies with ro */
            packet = p;
            assert_int_equal(dtt_krpc_decode(dtt_slice(packet.data, packet.len), ret), 0);
            is_answered = true;
        }
    }
    return is_answered;
}

static struct dtt_krpc ask(const struct dtt_addr *from, struct dtt_krpc *q)
{
    uint8_t buf[2000];
    struct dtt_krpc m;
    q->type = DTT_KRPC_QUERY;
    q->t = dtt_slice("abcd", 4);
    q->id = dtt_slice(my_id, sizeof(my_id));
    int len = dtt_krpc_encode(q, buf, sizeof(buf));
    assert_true(len > 0);
    assert_true(ask_raw(from, buf, (size_t)len, &m));
    assert_true(dtt_slice_is(m.t, "abcd"));
    return m;
}

/* A node the table accepts, at a private or global address. */
static void plant(uint8_t first, const struct dtt_addr *addr)
{
    uint8_t id[20] = {first, addr->ip[3]};
    dtt_rtable_seen(&dht->tables[dtt_side_of(addr->family)], now, id, addr, DTT_MS, 0);
}

static struct dtt_slice token_for(const struct dtt_addr *from, const uint8_t *target)
{
    static uint8_t token[8];
    struct dtt_krpc q = {.method = DTT_KRPC_M_GET, .target = dtt_slice(target, 20)};
    struct dtt_krpc m = ask(from, &q);
    assert_int_equal(m.token.len, 8);
    memcpy(token, m.token.data, 8);
    return dtt_slice(token, 8);
}

struct item {
    struct dtt_slice salt;
    int64_t seq;
    bool has_cas;
    int64_t cas;
    struct dtt_slice v;
    bool break_sig, break_token;
};

static int put(const struct dtt_addr *from, const struct item *it)
{
    uint8_t sig[64], target[20];
    dtt_item_target(target, key, it->salt);
    struct dtt_krpc q = {.method = DTT_KRPC_M_PUT,
                         .k = dtt_slice(key, 32),
                         .sig = dtt_slice(sig, 64),
                         .seq = dtt_krpc_int(it->seq),
                         .token = token_for(from, target),
                         .v = it->v};
    if (it->salt.len <= 64 && it->v.len <= 1000) {
        assert_int_equal(dtt_item_sign(sig, seed, it->salt, it->seq, it->v), 0);
    }
    sig[5] ^= it->break_sig;
    *(uint8_t *)(uintptr_t)q.token.data ^= it->break_token;
    if (it->salt.data) {
        q.salt = it->salt;
    }
    if (it->has_cas) {
        q.cas = dtt_krpc_int(it->cas);
    }
    struct dtt_krpc m = ask(from, &q);
    return m.type == DTT_KRPC_ERROR ? (int)m.error : 0;
}

static struct dtt_krpc get(const struct dtt_addr *from, const char *salt)
{
    uint8_t target[20];
    dtt_item_target(target, key, dtt_slice(salt, strlen(salt)));
    struct dtt_krpc q = {.method = DTT_KRPC_M_GET, .target = dtt_slice(target, 20)};
    return ask(from, &q);
}

#define TEXT(s) dtt_slice(s, sizeof(s) - 1)

static void test_ping(void **state)
{
    struct dtt_krpc q = {.method = DTT_KRPC_M_PING};
    (void)state;
    struct dtt_krpc m = ask(&lan, &q);
    assert_int_equal(m.type, DTT_KRPC_REPLY);
    assert_memory_equal(m.id.data, dht->id, 20);
    struct dtt_addr seen;
    assert_int_equal(dtt_addr_from_compact(m.ip, &seen), 0);
    assert_true(dtt_addr_eq(&seen, &lan));
    assert_int_equal(m.client.len, 4);
}

static void test_any_transaction_id_is_echoed(void **state)
{
    (void)state;
    for (size_t n = 1; n <= DTT_KRPC_T_MAX; n++) {
        uint8_t buf[200], t[DTT_KRPC_T_MAX] = {1, 2, 3};
        struct dtt_krpc q = {.type = DTT_KRPC_QUERY,
                             .method = DTT_KRPC_M_PING,
                             .t = dtt_slice(t, n),
                             .id = dtt_slice(my_id, 20)};
        struct dtt_krpc m;
        int len = dtt_krpc_encode(&q, buf, sizeof(buf));
        assert_true(ask_raw(&lan, buf, (size_t)len, &m));
        assert_true(dtt_slice_eq(m.t, q.t));
    }
}

static void test_find_node_families(void **state)
{
    (void)state;
    for (uint8_t i = 1; i <= 20; i++) {
        struct dtt_addr a = dtt_addr_v4(10, 0, 1, i, 1), b;
        char text[40] = "[fd00::1]:1";
        assert_int_equal(dtt_addr_parse(text, &b), 0);
        b.ip[14] = i;
        plant(i, &a);
        plant(i, &b);
    }
    struct dtt_krpc q = {.method = DTT_KRPC_M_FIND_NODE, .target = dtt_slice(my_id, 20)};
    struct dtt_krpc m = ask(&lan, &q);
    assert_int_equal(m.nodes.len, 8 * DTT_KRPC_NODE4_BYTES);
    assert_null(m.nodes6.data);
    q.want = DTT_KRPC_WANTS_V4 | DTT_KRPC_WANTS_V6;
    m = ask(&lan, &q);
    assert_int_equal(m.nodes.len, 8 * DTT_KRPC_NODE4_BYTES);
    assert_int_equal(m.nodes6.len, 8 * DTT_KRPC_NODE6_BYTES);
    q.want = DTT_KRPC_WANTS_V6;
    m = ask(&lan, &q);
    assert_null(m.nodes.data);
    struct dtt_addr six;
    assert_int_equal(dtt_addr_parse("[fd00::99]:1", &six), 0);
    q.want = 0;
    m = ask(&six, &q);
    assert_null(m.nodes.data);
    assert_int_equal(m.nodes6.len, 8 * DTT_KRPC_NODE6_BYTES);
}

static void test_methods_unknown_and_broken(void **state)
{
    struct dtt_krpc m;
    (void)state;
#define Q(a, q) "d1:ad2:id20:abcdefghij0123456789" a "e1:q" q "1:t1:x1:y1:qe"
    static const char frob[] = Q("", "10:frobnicate");
    assert_true(ask_raw(&lan, frob, sizeof(frob) - 1, &m));
    assert_int_equal(m.error, DTT_KRPC_E_METHOD);
    static const char target[] = Q("6:target20:abcdefghij0123456789", "10:frobnicate");
    assert_true(ask_raw(&lan, target, sizeof(target) - 1, &m));
    assert_int_equal(m.type, DTT_KRPC_REPLY);
    assert_non_null(m.nodes.data);
    static const char hash[] = Q("9:info_hash20:abcdefghij0123456789", "4:vote");
    assert_true(ask_raw(&lan, hash, sizeof(hash) - 1, &m));
    assert_non_null(m.nodes.data);
    static const char short_target[] = Q("6:target3:abc", "9:find_node");
    assert_true(ask_raw(&lan, short_target, sizeof(short_target) - 1, &m));
    assert_int_equal(m.error, DTT_KRPC_E_PROTOCOL);
    static const char no_hash[] = Q("", "9:get_peers");
    assert_true(ask_raw(&lan, no_hash, sizeof(no_hash) - 1, &m));
    assert_int_equal(m.error, DTT_KRPC_E_PROTOCOL);
    static const char no_id[] = "d1:ade1:q4:ping1:t1:x1:y1:qe";
    assert_true(ask_raw(&lan, no_id, sizeof(no_id) - 1, &m));
    assert_int_equal(m.error, DTT_KRPC_E_PROTOCOL);
    static const char no_args[] = "d1:q4:ping1:t1:x1:y1:qe";
    assert_true(ask_raw(&lan, no_args, sizeof(no_args) - 1, &m));
    assert_int_equal(m.error, DTT_KRPC_E_PROTOCOL);
}

static void test_not_krpc(void **state)
{
    struct dtt_dht_packet p;
    (void)state;
    static const char *const junk[] = {"", "d", "de", "hello world hello world", "d1:y1:q1:t1:ae"};
    for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++) {
        assert_int_equal(dtt_dht_recv(dht, now, &asked, &lan, dtt_slice(junk[i], strlen(junk[i]))),
                         DTT_EPROTO);
    }
    assert_false(dtt_dht_next_packet(dht, &p));
}

static void test_unusable_sources_are_never_answered(void **state)
{
    struct dtt_krpc m;
    static const char ping[] = Q("", "4:ping");
    struct dtt_addr port0 = dtt_addr_v4(10, 0, 0, 1, 0), multicast = dtt_addr_v4(224, 0, 0, 1, 5);
    (void)state;
    assert_false(ask_raw(&port0, ping, sizeof(ping) - 1, &m));
    assert_false(ask_raw(&multicast, ping, sizeof(ping) - 1, &m));
    assert_int_equal(ctx.counters[DTT_COUNTER_DHT_RX_UNUSABLE], 2);
}

static void test_read_only_is_silent(void **state)
{
    static const char ping[] = Q("", "4:ping");
    struct dtt_krpc m;
    (void)state;
    dht->cfg.read_only = true;
    assert_false(ask_raw(&lan, ping, sizeof(ping) - 1, &m));
}

/* The black-box cases of BEP 44 that other implementations were asked, with our answers. */
static void test_put_mutable(void **state)
{
    static uint8_t long_salt[65], big[1002];
    (void)state;
    struct item a = {.salt = TEXT("s"), .seq = 5, .v = TEXT("1:a")};
    assert_int_equal(put(&lan, &a), 0);
    struct dtt_krpc m = get(&lan, "s");
    assert_true(dtt_slice_is(m.v, "1:a") && m.seq.n == 5);
    assert_memory_equal(m.k.data, key, 32);
    assert_true(dtt_item_verify(NULL, m.sig.data, key, TEXT("s"), 5, m.v));
    assert_int_equal(put(&lan, &a), 0); /* the same again */
    a.break_sig = true;
    assert_int_equal(put(&lan, &a), DTT_KRPC_E_SIGNATURE); /* the same, badly signed */
    struct item b = {.salt = TEXT("s"), .seq = 5, .v = TEXT("1:b")};
    assert_int_equal(put(&lan, &b), 0); /* equal seq: a sibling */
    uint8_t turn = get(&lan, "s").v.data[2];
    assert_int_not_equal(get(&lan, "s").v.data[2], turn);
    assert_int_equal(get(&lan, "s").v.data[2], turn);
    b.has_cas = true;
    b.cas = 5;
    assert_int_equal(put(&lan, &b), 0);
    struct item lower = {.salt = TEXT("s"), .seq = 4, .v = TEXT("1:c")};
    assert_int_equal(put(&lan, &lower), DTT_KRPC_E_SEQ);
    struct item cas = {.salt = TEXT("s"), .seq = 6, .has_cas = true, .cas = 1, .v = TEXT("1:d")};
    assert_int_equal(put(&lan, &cas), DTT_KRPC_E_CAS);
    cas.cas = 5;
    assert_int_equal(put(&lan, &cas), 0);
    assert_true(dtt_slice_is(get(&lan, "s").v, "1:d"));
    struct item max = {
        .salt = TEXT("s"), .seq = INT64_MAX, .has_cas = true, .cas = 6, .v = TEXT("1:m")};
    assert_int_equal(put(&lan, &max), 0);
    assert_int_equal(get(&lan, "s").seq.n, INT64_MAX);
    struct item zero = {.salt = TEXT("z"), .seq = 0, .v = TEXT("1:a")};
    assert_int_equal(put(&lan, &zero), 0);
    struct item negative = {.salt = TEXT("n"), .seq = -1, .v = TEXT("1:a")};
    assert_int_equal(put(&lan, &negative), DTT_KRPC_E_PROTOCOL);
    struct item no_salt = {.seq = 1, .v = TEXT("1:a")};
    assert_int_equal(put(&lan, &no_salt), 0);
    struct item empty_salt = {.salt = TEXT(""), .seq = 2, .v = TEXT("1:a")};
    assert_int_equal(put(&lan, &empty_salt), 0);
    struct item salt64 = {.salt = dtt_slice(long_salt, 64), .seq = 1, .v = TEXT("1:a")};
    assert_int_equal(put(&lan, &salt64), 0);
    struct item salt65 = {.salt = dtt_slice(long_salt, 65), .seq = 1, .v = TEXT("1:a")};
    assert_int_equal(put(&lan, &salt65), DTT_KRPC_E_SALT_TOO_BIG);
    memcpy(big, "996:", 4);
    struct item v1000 = {.salt = TEXT("big"), .seq = 1, .v = dtt_slice(big, 1000)};
    assert_int_equal(put(&lan, &v1000), 0);
    memcpy(big, "997:", 4);
    struct item v1001 = {.salt = TEXT("big"), .seq = 2, .v = dtt_slice(big, 1001)};
    assert_int_equal(put(&lan, &v1001), DTT_KRPC_E_V_TOO_BIG);
    struct item dict = {.salt = TEXT("d"), .seq = 1, .v = TEXT("d1:ai1e1:bli1e1:cee")};
    assert_int_equal(put(&lan, &dict), 0);
    struct item unsorted = {.salt = TEXT("d"), .seq = 2, .v = TEXT("d1:bi1e1:ai1ee")};
    assert_int_equal(put(&lan, &unsorted), DTT_KRPC_E_PROTOCOL);
    struct item zeros = {.salt = TEXT("d"), .seq = 2, .v = TEXT("i01e")};
    assert_int_equal(put(&lan, &zeros), DTT_KRPC_E_PROTOCOL);
    struct item bad_sig = {.salt = TEXT("x"), .seq = 1, .v = TEXT("1:a"), .break_sig = true};
    assert_int_equal(put(&lan, &bad_sig), DTT_KRPC_E_SIGNATURE);
    assert_null(get(&lan, "x").v.data);
    struct item bad_token = {.salt = TEXT("x"), .seq = 1, .v = TEXT("1:a"), .break_token = true};
    assert_int_equal(put(&lan, &bad_token), DTT_KRPC_E_PROTOCOL);
}

static void test_get_with_seq(void **state)
{
    uint8_t target[20];
    (void)state;
    struct item a = {.salt = TEXT("s"), .seq = 5, .v = TEXT("1:a")};
    assert_int_equal(put(&lan, &a), 0);
    dtt_item_target(target, key, TEXT("s"));
    struct dtt_krpc q = {.method = DTT_KRPC_M_GET, .target = dtt_slice(target, 20)};
    q.seq = dtt_krpc_int(4);
    assert_true(dtt_slice_is(ask(&lan, &q).v, "1:a"));
    q.seq = dtt_krpc_int(5);
    struct dtt_krpc m = ask(&lan, &q);
    assert_null(m.v.data);
    assert_null(m.sig.data);
    assert_int_equal(m.seq.n, 5);
    assert_int_equal(m.token.len, 8);
}

static void test_put_immutable_and_the_claimed_target(void **state)
{
    uint8_t target[20], lie[20] = {6};
    (void)state;
    dtt_item_target_immutable(target, TEXT("5:hello"));
    struct dtt_krpc q = {.method = DTT_KRPC_M_PUT,
                         .target = dtt_slice(lie, 20),
                         .token = token_for(&lan, target),
                         .v = TEXT("5:hello")};
    assert_int_equal(ask(&lan, &q).type, DTT_KRPC_REPLY);
    struct dtt_krpc g = {.method = DTT_KRPC_M_GET, .target = dtt_slice(lie, 20)};
    assert_null(ask(&lan, &g).v.data);
    g.target = dtt_slice(target, 20);
    struct dtt_krpc m = ask(&lan, &g);
    assert_true(dtt_slice_is(m.v, "5:hello"));
    assert_true(!m.k.data && !m.sig.data && !m.seq.is_set);
    /* A token for another target is no token. */
    q.token = token_for(&lan, lie);
    assert_int_equal(ask(&lan, &q).error, DTT_KRPC_E_PROTOCOL);
    /* A mutable put that lost a part is not taken for an immutable one. */
    q.token = token_for(&lan, target);
    q.seq = dtt_krpc_int(0);
    assert_int_equal(ask(&lan, &q).error, DTT_KRPC_E_PROTOCOL);
    q.seq.is_set = false;
    q.k = dtt_slice(key, 32);
    assert_int_equal(ask(&lan, &q).type, DTT_KRPC_ERROR);
    /* No value at all. */
    q.k = dtt_slice(NULL, 0);
    q.v = dtt_slice(NULL, 0);
    assert_int_equal(ask(&lan, &q).error, DTT_KRPC_E_PROTOCOL);
}

static void test_token_is_bound_to_the_address(void **state)
{
    uint8_t target[20];
    struct dtt_addr other = dtt_addr_v4(10, 0, 0, 10, 999);
    (void)state;
    dtt_item_target_immutable(target, TEXT("5:hello"));
    struct dtt_krpc q = {
        .method = DTT_KRPC_M_PUT, .token = token_for(&lan, target), .v = TEXT("5:hello")};
    assert_int_equal(ask(&other, &q).error, DTT_KRPC_E_PROTOCOL);
    now.mono_ns += 2 * DTT_TOKEN_EPOCH_NS;
    assert_int_equal(ask(&lan, &q).error, DTT_KRPC_E_PROTOCOL);
}

static void plant_global(void)
{
    for (uint8_t i = 1; i <= 60; i++) {
        struct dtt_addr a = dtt_addr_v4(50, i, 1, 1, 1);
        uint8_t id[20] = {(uint8_t)(i * 4)};
        dtt_rtable_seen(&dht->tables[0], now, id, &a, DTT_MS, 0);
    }
}

static void test_peers(void **state)
{
    uint8_t hash[20] = {1};
    (void)state;
    struct dtt_krpc g = {.method = DTT_KRPC_M_GET_PEERS, .info_hash = dtt_slice(hash, 20)};
    struct dtt_krpc m = ask(&lan, &g);
    assert_null(m.values.data);
    assert_non_null(m.nodes.data);
    uint8_t token[8];
    memcpy(token, m.token.data, 8);
    struct dtt_krpc a = {.method = DTT_KRPC_M_ANNOUNCE_PEER,
                         .info_hash = dtt_slice(hash, 20),
                         .token = dtt_slice(token, 8),
                         .port = dtt_krpc_int(7000)};
    assert_int_equal(ask(&lan, &a).type, DTT_KRPC_REPLY);
    m = ask(&lan, &g);
    struct dtt_reader r = dtt_reader(m.values);
    struct dtt_addr peer;
    assert_true(dtt_krpc_next_value(&r, &peer));
    assert_int_equal(peer.port, 7000);
    assert_memory_equal(peer.ip, lan.ip, 16);
    assert_false(dtt_krpc_next_value(&r, &peer));
    a.implied_port = dtt_krpc_int(1);
    assert_int_equal(ask(&lan, &a).type, DTT_KRPC_REPLY);
    assert_int_equal(dht->peers.count, 2);
    a.implied_port = dtt_krpc_int(0);
    a.port = dtt_krpc_int(0);
    assert_int_equal(ask(&lan, &a).error, DTT_KRPC_E_PROTOCOL);
    a.port = dtt_krpc_int(65536);
    assert_int_equal(ask(&lan, &a).error, DTT_KRPC_E_PROTOCOL);
    a.port = dtt_krpc_int(1);
    token[0] ^= 1;
    assert_int_equal(ask(&lan, &a).error, DTT_KRPC_E_PROTOCOL);
}

static void test_amplification(void **state)
{
    uint8_t target[20] = {1};
    (void)state;
    plant_global();
    for (unsigned i = 0; i < 60; i++) {
        struct dtt_addr peer = dtt_addr_v4(60, (uint8_t)i, 1, 1, 1);
        dtt_peerstore_announce(&dht->peers, now, target, &peer);
    }
    for (unsigned i = 0; i < 20; i++) {
        struct dtt_addr victim = dtt_addr_v4(80, (uint8_t)i, 1, 1, 1);
        struct dtt_krpc q = {.method = DTT_KRPC_M_GET, .target = dtt_slice(target, 20)};
        struct dtt_krpc m = ask(&victim, &q);
        assert_true(packet.len <= 3 * request_len);
        assert_true(m.nodes.len >= 3 * DTT_KRPC_NODE4_BYTES);
        q.want = 3;
        ask(&victim, &q);
        assert_true(packet.len <= 3 * request_len);
        q.method = DTT_KRPC_M_FIND_NODE;
        ask(&victim, &q);
        assert_true(packet.len <= 3 * request_len);
        struct dtt_krpc p = {.method = DTT_KRPC_M_GET_PEERS, .info_hash = dtt_slice(target, 20)};
        m = ask(&victim, &p);
        assert_true(packet.len <= 3 * request_len);
        assert_true(m.values.len > 0 && m.nodes.len > 0);
    }
}

/* Errors, too: the shortest query that gets one. */
static void test_amplification_of_errors(void **state)
{
    static const char *const queries[] = {"d1:q0:1:t1:x1:y1:qe", "d1:q4:ping1:t1:x1:y1:qe",
                                          "d1:ad2:id20:abcdefghij0123456789e1:q0:1:t1:x1:y1:qe"};
    struct dtt_addr victim = dtt_addr_v4(80, 1, 1, 1, 1);
    struct dtt_krpc m;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_true(ask_raw(&victim, queries[i], strlen(queries[i]), &m));
        assert_int_equal(m.type, DTT_KRPC_ERROR);
        assert_true(packet.len <= 3 * request_len);
    }
}

/* All that leaves for an address, replies and pings of ours; `ret` is the reply, if there is one.
 */
struct sent {
    size_t bytes;
    bool is_answered, is_pinged;
    uint8_t ping_t[4];
    struct dtt_krpc reply;
};

static void take_sent(const struct dtt_addr *to, struct sent *ret)
{
    struct dtt_dht_packet p;
    while (dtt_dht_next_packet(dht, &p)) {
        struct dtt_krpc m;
        assert_true(dtt_addr_eq(&p.to, to));
        assert_true(dtt_addr_eq(&p.from, &asked)); /* pings and late answers, too */
        assert_int_equal(dtt_krpc_decode(dtt_slice(p.data, p.len), &m), 0);
        ret->bytes += p.len;
        if (m.type == DTT_KRPC_QUERY) {
            assert_false(ret->is_pinged);
            assert_int_equal(m.method, DTT_KRPC_M_PING);
            assert_true(p.len <= DTT_SERVER_PING_BYTES);
            ret->is_pinged = true;
            memcpy(ret->ping_t, m.t.data, 4);
        } else {
            assert_false(ret->is_answered);
            ret->is_answered = true;
            packet = p;
            dtt_krpc_decode(dtt_slice(packet.data, packet.len), &ret->reply);
        }
    }
}

/* What a query brings upon its source at once. */
static struct sent send_query(const struct dtt_addr *from, struct dtt_krpc *q)
{
    uint8_t buf[2000];
    struct sent s = {0};
    q->type = DTT_KRPC_QUERY;
    q->t = dtt_slice("wxyz", 4);
    q->id = dtt_slice(my_id, sizeof(my_id));
    int len = dtt_krpc_encode(q, buf, sizeof(buf));
    assert_true(len > 0);
    request_len = (size_t)len;
    assert_int_equal(dtt_dht_recv(dht, now, &asked, from, dtt_slice(buf, request_len)), 0);
    take_sent(from, &s);
    return s;
}

static struct sent send_get(const struct dtt_addr *from, const char *salt, bool read_only)
{
    uint8_t target[20];
    dtt_item_target(target, key, dtt_slice(salt, strlen(salt)));
    struct dtt_krpc q = {
        .method = DTT_KRPC_M_GET, .target = dtt_slice(target, 20), .is_read_only = read_only};
    return send_query(from, &q);
}

static void answer_ping(const struct dtt_addr *from, struct sent *s)
{
    uint8_t buf[200];
    struct dtt_krpc m = {.type = DTT_KRPC_REPLY,
                         .t = dtt_slice(s->ping_t, 4),
                         .id = dtt_slice(my_id, sizeof(my_id))};
    int len = dtt_krpc_encode(&m, buf, sizeof(buf));
    *s = (struct sent){0};
    assert_int_equal(dtt_dht_recv(dht, now, &asked, from, dtt_slice(buf, (size_t)len)), 0);
    take_sent(from, s);
}

static const uint8_t *store_large_value(void)
{
    static uint8_t v[700];
    plant_global();
    memcpy(v, "696:", 4);
    struct item a = {.salt = TEXT("s"), .seq = 5, .v = dtt_slice(v, sizeof(v))};
    assert_int_equal(put(&lan, &a), 0);
    return v;
}

/* A stranger's get is answered when he has answered a ping, with the transaction he chose. */
static void test_value_for_a_stranger_who_answers(void **state)
{
    struct dtt_addr a = dtt_addr_v4(90, 1, 1, 1, 1);
    (void)state;
    const uint8_t *v = store_large_value();
    struct sent s = send_get(&a, "s", false);
    assert_true(s.is_pinged && !s.is_answered && s.bytes <= 3 * request_len);
    answer_ping(&a, &s);
    assert_true(s.is_answered && dtt_slice_is(s.reply.t, "wxyz"));
    assert_true(dtt_slice_eq(s.reply.v, dtt_slice(v, 700)));
    assert_int_equal(s.reply.token.len, 8);
    assert_int_equal(s.reply.nodes.len, 8 * DTT_KRPC_NODE4_BYTES);
    assert_null(dht->held.gets);
    /* Proven for a while, from any port; then no more. */
    a.port = 2;
    assert_int_equal(send_get(&a, "s", false).reply.v.len, 700);
    now.mono_ns += DTT_PROOF_LIFETIME_S * DTT_S;
    assert_false(send_get(&a, "s", true).reply.v.data != NULL);
}

/* One who does not answer gets what a stranger may have, the ping counted. */
static void test_no_value_for_a_stranger_who_is_silent(void **state)
{
    struct dtt_addr a = dtt_addr_v4(90, 1, 1, 1, 1);
    (void)state;
    store_large_value();
    struct sent s = send_get(&a, "s", false);
    assert_true(s.is_pinged && !s.is_answered);
    now.mono_ns = dtt_dht_deadline(dht);
    dtt_dht_tick(dht, now);
    take_sent(&a, &s);
    assert_true(s.is_answered && !s.reply.v.data);
    assert_true(s.bytes <= 3 * request_len);
    assert_int_equal(s.reply.token.len, 8);
    assert_int_equal(s.reply.proof.n, 1);
    assert_true(s.reply.nodes.len > 0 && s.reply.seq.n == 5);
    assert_int_equal(ctx.counters[DTT_COUNTER_DHT_VALUES_WITHHELD], 1);
}

/* BEP 43 askers answer no ping: they prove themselves with the token, in a get or a put. */
static void test_value_for_a_read_only_stranger(void **state)
{
    struct dtt_addr a = dtt_addr_v4(90, 1, 1, 1, 1), b = dtt_addr_v4(91, 1, 1, 1, 1);
    uint8_t target[20], token[8];
    (void)state;
    store_large_value();
    dtt_item_target(target, key, TEXT("s"));
    struct sent s = send_get(&a, "s", true);
    assert_true(s.is_answered && !s.is_pinged && !s.reply.v.data);
    assert_true(s.bytes <= 3 * request_len && s.reply.proof.n == 1);
    memcpy(token, s.reply.token.data, 8);
    struct dtt_krpc again = {.method = DTT_KRPC_M_GET,
                             .target = dtt_slice(target, 20),
                             .token = dtt_slice(token, 8),
                             .is_read_only = true};
    assert_null(send_query(&b, &again).reply.v.data); /* another address' token proves nothing */
    assert_int_equal(send_query(&a, &again).reply.v.len, 700);
    struct dtt_addr c = dtt_addr_v4(92, 1, 1, 1, 1);
    struct item own = {.salt = TEXT("mine"), .seq = 1, .v = TEXT("1:x")};
    assert_int_equal(put(&c, &own), 0);
    assert_int_equal(send_get(&c, "s", true).reply.v.len, 700);
}

/* What fits is sent at once, even if contacts have to go for it. */
static void test_small_value_for_a_stranger(void **state)
{
    struct dtt_addr a = dtt_addr_v4(90, 1, 1, 1, 1);
    (void)state;
    plant_global();
    struct item small = {.salt = TEXT("s"), .seq = 5, .v = TEXT("12:hello world!")};
    assert_int_equal(put(&lan, &small), 0);
    struct sent s = send_get(&a, "s", true);
    assert_true(s.is_answered && s.bytes <= 3 * request_len);
    assert_true(dtt_slice_eq(s.reply.v, small.v));
}

/* Nothing an unproven source can ask brings more than three times its bytes upon it, ever. */
static void test_amplification_of_a_flood(void **state)
{
    size_t received = 0, sent = 0;
    uint8_t target[20];
    (void)state;
    store_large_value();
    dtt_item_target(target, key, TEXT("s"));
    for (unsigned i = 0; i < 3000; i++) {
        struct dtt_addr victim = dtt_addr_v4(80, (uint8_t)(i >> 8), (uint8_t)i, 1, 1);
        struct dtt_krpc q = {.target = dtt_slice(target, 20),
                             .info_hash = dtt_slice(target, 20),
                             .method = (enum dtt_krpc_method)(1 + i % (DTT_KRPC_M_COUNT - 1)),
                             .want = (uint8_t)(i % 4),
                             .is_read_only = i % 5 == 0};
        struct sent s = send_query(&victim, &q);
        assert_true(s.bytes <= 3 * request_len);
        received += request_len;
        sent += s.bytes;
        now.mono_ns += 10 * DTT_MS;
        while (dtt_dht_deadline(dht) <= now.mono_ns) {
            dtt_dht_tick(dht, now);
            for (struct dtt_dht_packet p; dtt_dht_next_packet(dht, &p);) {
                sent += p.len;
            }
        }
    }
    assert_true(sent <= 3 * received);
    assert_true(dht->held.n <= DTT_HELD_MAX);
    assert_true(ctx.counters[DTT_COUNTER_DHT_GETS_HELD] > 100);
}

static void test_replies_fit_any_path(void **state)
{
    static uint8_t v[1000];
    (void)state;
    for (uint8_t i = 1; i <= 40; i++) {
        struct dtt_addr a = dtt_addr_v4(10, 0, 1, i, 1);
        plant((uint8_t)(i * 6), &a);
    }
    memcpy(v, "996:", 4);
    struct item a = {.salt = TEXT("s"), .seq = INT64_MAX, .v = dtt_slice(v, sizeof(v))};
    assert_int_equal(put(&lan, &a), 0);
    struct dtt_krpc m = get(&lan, "s");
    assert_int_equal(m.v.len, 1000);
    assert_true(packet.len <= 1280);
}

static void test_private_contacts_stay_private(void **state)
{
    struct dtt_addr a = dtt_addr_v4(10, 0, 1, 1, 1), stranger = dtt_addr_v4(80, 1, 1, 1, 1);
    (void)state;
    plant(1, &a);
    struct dtt_krpc q = {.method = DTT_KRPC_M_FIND_NODE, .target = dtt_slice(my_id, 20)};
    assert_int_equal(ask(&stranger, &q).nodes.len, 0);
    assert_int_equal(ask(&lan, &q).nodes.len, DTT_KRPC_NODE4_BYTES);
}

static void test_senders_are_pinged_not_believed(void **state)
{
    struct dtt_dht_packet p;
    static const char find[] = Q("6:target20:abcdefghij0123456789", "9:find_node");
    static const char find_ro[] = "d1:ad2:id20:abcdefghij01234567896:target20:abcdefghij0123456789e"
                                  "1:q9:find_node2:roi1e1:t1:x1:y1:qe";
    (void)state;
    assert_int_equal(dtt_dht_recv(dht, now, &asked, &lan, dtt_slice(find, sizeof(find) - 1)), 0);
    assert_true(dtt_dht_next_packet(dht, &p)); /* the reply */
    assert_true(dtt_dht_next_packet(dht, &p));
    struct dtt_krpc m;
    assert_int_equal(dtt_krpc_decode(dtt_slice(p.data, p.len), &m), 0);
    assert_int_equal(m.method, DTT_KRPC_M_PING);
    assert_int_equal(dht->tables[0].live, 0);
    /* Not twice while one is in flight, and never for BEP 43 senders. */
    assert_int_equal(dtt_dht_recv(dht, now, &asked, &lan, dtt_slice(find, sizeof(find) - 1)), 0);
    assert_true(dtt_dht_next_packet(dht, &p));
    assert_false(dtt_dht_next_packet(dht, &p));
    struct dtt_addr other = dtt_addr_v4(10, 0, 0, 11, 1);
    assert_int_equal(
        dtt_dht_recv(dht, now, &asked, &other, dtt_slice(find_ro, sizeof(find_ro) - 1)), 0);
    assert_true(dtt_dht_next_packet(dht, &p));
    assert_false(dtt_dht_next_packet(dht, &p));
    /* A flood of new senders starts a bounded number of pings. */
    for (unsigned i = 0; i < 1000; i++) {
        struct dtt_addr a = dtt_addr_v4(10, 1, (uint8_t)(i >> 8), (uint8_t)i, 1);
        dtt_dht_recv(dht, now, &asked, &a, dtt_slice(find, sizeof(find) - 1));
    }
    assert_true(dht->txns.count <= DTT_DHT_PROBES);
    assert_int_equal(dht->tables[0].live, 0);
}

static void test_rate_limit(void **state)
{
    static const char ping[] = Q("", "4:ping");
    struct dtt_addr flood = dtt_addr_v4(80, 1, 1, 1, 1);
    struct dtt_krpc m;
    unsigned answered = 0;
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        answered += ask_raw(&flood, ping, sizeof(ping) - 1, &m);
    }
    /* Work for its address, datagrams for its endpoint; one of them was the ping to a newcomer. */
    assert_int_equal(ctx.counters[DTT_COUNTER_DHT_SERVED], DTT_POLITE_SERVE_BURST);
    assert_int_equal(ctx.counters[DTT_COUNTER_DHT_SERVE_LIMITED], 1000 - DTT_POLITE_SERVE_BURST);
    assert_int_equal(answered, DTT_POLITE_REMOTE_ANSWERS - 1);
    assert_int_equal(ctx.counters[DTT_COUNTER_DHT_ANSWERS_REFUSED],
                     DTT_POLITE_SERVE_BURST - answered);
}

/* Every request of the captures gets exactly one answer, whoever wrote it. */
static void test_captured_queries_are_answered(void **state)
{
    size_t i, n = 0;
    json_t *p;
    (void)state;
    json_t *root = vectors_load("krpc-captures.json");
    json_array_foreach(vectors_at(root, "packets"), i, p)
    {
        struct dtt_slice in = vectors_hex(p, "hex");
        struct dtt_krpc q, m;
        assert_int_equal(dtt_krpc_decode(in, &q), 0);
        if (q.type == DTT_KRPC_QUERY) {
            assert_true(ask_raw(&lan, in.data, in.len, &m));
            assert_true(dtt_slice_eq(m.t, q.t));
            n++;
        }
        free((void *)(uintptr_t)in.data);
    }
    assert_true(n > 40);
    json_decref(root);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ping),
        TEST(test_any_transaction_id_is_echoed),
        TEST(test_find_node_families),
        TEST(test_methods_unknown_and_broken),
        TEST(test_not_krpc),
        TEST(test_unusable_sources_are_never_answered),
        TEST(test_read_only_is_silent),
        TEST(test_put_mutable),
        TEST(test_get_with_seq),
        TEST(test_put_immutable_and_the_claimed_target),
        TEST(test_token_is_bound_to_the_address),
        TEST(test_peers),
        TEST(test_amplification),
        TEST(test_amplification_of_errors),
        TEST(test_value_for_a_stranger_who_answers),
        TEST(test_no_value_for_a_stranger_who_is_silent),
        TEST(test_value_for_a_read_only_stranger),
        TEST(test_small_value_for_a_stranger),
        TEST(test_amplification_of_a_flood),
        TEST(test_replies_fit_any_path),
        TEST(test_private_contacts_stay_private),
        TEST(test_senders_are_pinged_not_believed),
        TEST(test_rate_limit),
        TEST(test_captured_queries_are_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
