/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Each personality, as our own DHT node meets it. */
#include "sim/foreign.h"

#include "crypto/ed25519.h"
#include "dht/item.h"
#include "dht/krpc.h"
#include "support/vectors.h"

#include <dtt/dht.h>

static const struct dtt_sim_links links = {
    .is_uniform = true, .min_us = 10000, .max_us = 10000, .mtu = 1500};

struct field {
    struct dtt_sim_world w;
    struct dtt_sim_host *node, *us;
    unsigned acked, refused, values;
    char value[32];
    bool is_over;
};

static void on_event(void *user, struct dtt_sim_host *h, const struct dtt_event *ev)
{
    struct field *f = user;
    (void)h;
    if (ev->type == DTT_EVENT_DHT_PUT) {
        f->acked = ev->u.dht_put.acked;
        f->refused = ev->u.dht_put.refused;
        f->is_over = true;
    } else if (ev->type == DTT_EVENT_DHT_VALUE) {
        f->values++;
        snprintf(f->value, sizeof(f->value), "%.*s", (int)ev->u.dht_value.data_len,
                 (const char *)ev->u.dht_value.data);
    } else if (ev->type == DTT_EVENT_DHT_DONE) {
        f->is_over = true;
    }
}

static bool is_over(void *user)
{
    return ((struct field *)user)->is_over;
}

static void wait_over(struct field *f)
{
    assert_true(dtt_sim_world_run(&f->w, f->w.t_ns + 60 * DTT_S, is_over, f));
    f->is_over = false;
}

/* Our node, read-only, knows one foreign node of a kind. */
static void setup(struct field *f, enum dtt_sim_foreign_kind kind)
{
    memset(f, 0, sizeof(*f));
    assert_int_equal(dtt_sim_world_init(&f->w, 3), DTT_OK);
    f->w.links = links;
    f->w.hooks = (struct dtt_sim_hooks){.user = f, .event = on_event};
    f->node = dtt_sim_host_add(&f->w, DTT_SIM_NAT_NONE);
    f->us = dtt_sim_host_add(&f->w, DTT_SIM_NAT_NONE);
    assert_non_null(f->node);
    assert_non_null(f->us);
    assert_int_equal(dtt_sim_foreign_new(f->node, kind), DTT_OK);
    assert_int_equal(dtt_sim_foreign_meet(&f->w), DTT_OK);
    f->w.n_routers[0] = 1;
    assert_int_equal(dtt_sim_host_start(f->us, true, true), DTT_OK);
    dtt_sim_world_run(&f->w, DTT_S, NULL, NULL);
}

static void put(struct field *f, const char *text, int64_t seq)
{
    static const uint8_t seed[32] = {1};
    struct dtt_dht_put args = {.size = sizeof(args),
                               .value = text,
                               .value_len = strlen(text),
                               .seed = seed,
                               .salt = "s",
                               .salt_len = 1,
                               .seq = seq};
    uint32_t op;
    assert_int_equal(dtt_core_dht_put(f->us->core, dtt_sim_host_now(f->us), &args, &op), DTT_OK);
    dtt_sim_host_settle(f->us);
    wait_over(f);
}

/* What a get finds; "" nothing. */
static const char *get(struct field *f)
{
    static const uint8_t seed[32] = {1};
    struct dtt_id key;
    uint32_t op;
    dtt_ed25519_public_key(key.bytes, seed);
    struct dtt_dht_get args = {.size = sizeof(args), .key = key.bytes, .salt = "s", .salt_len = 1};
    f->value[0] = '\0';
    f->values = 0;
    dtt_sim_world_run(&f->w, f->w.t_ns + 10 * DTT_S, NULL, NULL);
    assert_int_equal(dtt_core_dht_get(f->us->core, dtt_sim_host_now(f->us), &args, &op), DTT_OK);
    dtt_sim_host_settle(f->us);
    wait_over(f);
    return f->value;
}

static void libtorrent_keeps_the_first(void **state)
{
    static struct field f;
    (void)state;
    setup(&f, DTT_SIM_LIBTORRENT);
    put(&f, "one", 7);
    assert_int_equal(f.acked, 1);
    assert_string_equal(get(&f), "one");
    put(&f, "two", 7);
    assert_int_equal(f.acked, 1); /* says so */
    assert_string_equal(get(&f), "one");
    put(&f, "three", 8);
    assert_string_equal(get(&f), "three");
    put(&f, "four", 7);
    assert_int_equal(f.refused, 1);
    assert_string_equal(get(&f), "three");
    dtt_sim_world_fini(&f.w);
}

static void mainline_keeps_the_last(void **state)
{
    static struct field f;
    (void)state;
    setup(&f, DTT_SIM_MAINLINE);
    put(&f, "one", 7);
    put(&f, "two", 7);
    assert_int_equal(f.acked, 1);
    assert_string_equal(get(&f), "two");
    dtt_sim_world_fini(&f.w);
}

static void the_lying_and_the_dead(void **state)
{
    static struct field f;
    (void)state;
    setup(&f, DTT_SIM_LYING);
    put(&f, "one", 7);
    assert_string_equal(get(&f), "");
    dtt_sim_world_fini(&f.w);
    setup(&f, DTT_SIM_MAINLINE);
    put(&f, "one", 7);
    dtt_sim_foreign_die(f.node->foreign);
    assert_string_equal(get(&f), "");
    dtt_sim_world_fini(&f.w);
}

static void a_pinned_value_stays(void **state)
{
    static struct field f;
    uint8_t target[20], sig[64] = {1}, key[32];
    static const uint8_t seed[32] = {1};
    (void)state;
    setup(&f, DTT_SIM_MAINLINE);
    dtt_ed25519_public_key(key, seed);
    dtt_item_target(target, key, dtt_slice("s", 1));
    assert_int_equal(dtt_item_sign(sig, seed, dtt_slice("s", 1), 7, dtt_slice("3:his", 5)), DTT_OK);
    assert_int_equal(
        dtt_sim_foreign_pin(f.node->foreign, target, key, sig, 7, dtt_slice("3:his", 5)), DTT_OK);
    put(&f, "one", 7);
    assert_int_equal(f.acked, 1);
    assert_string_equal(get(&f), "his");
    dtt_sim_world_fini(&f.w);
}

static void ping(struct field *f, size_t t_len)
{
    static const uint8_t id[DTT_NODE_ID_BYTES] = {1};
    uint8_t buf[200];
    struct dtt_addr to = dtt_sim_host_global(f->node);
    struct dtt_krpc q = {.type = DTT_KRPC_QUERY,
                         .method = DTT_KRPC_M_PING,
                         .t = dtt_slice("abcd", t_len),
                         .id = dtt_slice(id, sizeof(id))};
    int len = dtt_krpc_encode(&q, buf, sizeof(buf));
    assert_true(len > 0);
    dtt_sim_host_send(f->us, &to, dtt_slice(buf, (size_t)len));
}

/* 50 packets within ten seconds, and libtorrent is silent for five minutes. */
static void libtorrent_bans(void **state)
{
    static struct field f;
    (void)state;
    setup(&f, DTT_SIM_LIBTORRENT);
    dtt_sim_host_kill(f.us);
    dtt_sim_world_run(&f.w, 60 * DTT_S, NULL, NULL);
    uint64_t before = f.node->dht_sent;
    for (unsigned i = 0; i < 60; i++) {
        ping(&f, 4);
    }
    dtt_sim_world_run(&f.w, 70 * DTT_S, NULL, NULL);
    assert_int_equal(f.node->dht_sent - before, 49);
    ping(&f, 4);
    dtt_sim_world_run(&f.w, 350 * DTT_S, NULL, NULL);
    assert_int_equal(f.node->dht_sent - before, 49);
    dtt_sim_world_run(&f.w, 400 * DTT_S, NULL, NULL);
    ping(&f, 4);
    dtt_sim_world_run(&f.w, 410 * DTT_S, NULL, NULL);
    assert_int_equal(f.node->dht_sent - before, 50);
    dtt_sim_world_fini(&f.w);
}

static void mainline_wants_four_bytes(void **state)
{
    static struct field f;
    (void)state;
    setup(&f, DTT_SIM_MAINLINE);
    uint64_t before = f.node->dht_sent;
    ping(&f, 2);
    dtt_sim_world_run(&f.w, f.w.t_ns + DTT_S, NULL, NULL);
    assert_int_equal(f.node->dht_sent, before);
    ping(&f, 4);
    dtt_sim_world_run(&f.w, f.w.t_ns + DTT_S, NULL, NULL);
    assert_int_equal(f.node->dht_sent, before + 1);
    dtt_sim_world_fini(&f.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libtorrent_keeps_the_first),
        cmocka_unit_test(mainline_keeps_the_last),
        cmocka_unit_test(the_lying_and_the_dead),
        cmocka_unit_test(a_pinned_value_stays),
        cmocka_unit_test(libtorrent_bans),
        cmocka_unit_test(mainline_wants_four_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
