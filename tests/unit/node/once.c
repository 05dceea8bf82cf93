/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Records of an application's own, published and looked up by nodes that join nothing. */
#include "node/once.h"
#include "node/core_dht.h"
#include "node/limits.h"
#include "node/slots.h"
#include "record/content.h"
#include "sim/world.h"
#include "support/vectors.h"

#define DHT_NODES 20
#define NODES 3

static const struct dtt_sim_links links = {
    .is_uniform = true, .min_us = 10000, .max_us = 10000, .mtu = 1500};

/* What the events of a node have told. */
struct heard {
    bool is_over;
    unsigned published, records;
    int64_t seq; /* the largest one of the values of a get */
    int status;
    uint32_t copies, others, found;
    size_t len;
    uint8_t content[DTT_RECORD_CONTENT_MAX];
    struct dtt_id publisher;
    struct dtt_record_info info; /* of the last record told */
};

struct party {
    struct dtt_sim_world w;
    struct dtt_sim_host *nodes[NODES];
    struct dtt_tuning tuning;
};

static struct dtt_topic_config config(const struct party *p, const char *secret)
{
    return (struct dtt_topic_config){.size = sizeof(struct dtt_topic_config),
                                     .name = "notes",
                                     .secret = secret,
                                     .secret_len = strlen(secret),
                                     .tuning = &p->tuning};
}

static void on_event(void *user, struct dtt_sim_host *host, const struct dtt_event *ev)
{
    struct heard *h = host->user;
    (void)user;
    if (!h) {
        return; /* nobody waits for it */
    }
    switch (ev->type) {
    case DTT_EVENT_RECORD:
        h->records++;
        h->publisher = ev->u.record.record->publisher;
        h->info = *ev->u.record.record;
        h->len = ev->u.record.content_len;
        memcpy(h->content, ev->u.record.content, h->len);
        break;
    case DTT_EVENT_DHT_VALUE:
        h->seq = ev->u.dht_value.seq > h->seq ? ev->u.dht_value.seq : h->seq;
        break;
    case DTT_EVENT_DHT_DONE: h->is_over = true; break;
    case DTT_EVENT_RECORD_PUBLISHED:
        h->published++;
        h->is_over = true;
        h->status = ev->u.published.status;
        h->copies = ev->u.published.copies;
        h->others = ev->u.published.others;
        break;
    case DTT_EVENT_LOOKUP_DONE:
        h->is_over = true;
        h->found = ev->u.lookup_done.records;
        break;
    default: break;
    }
}

static bool is_over(void *user)
{
    const struct heard *h = user;
    return h->is_over;
}

static void run(struct party *p, uint64_t ns)
{
    dtt_sim_world_run(&p->w, p->w.t_ns + ns, NULL, NULL);
}

/* Lets the node's request go out and waits for its end. */
static void wait_for(struct party *p, struct dtt_sim_host *node, struct heard *h)
{
    node->user = h;
    dtt_sim_host_settle(node);
    assert_true(dtt_sim_world_run(&p->w, p->w.t_ns + 20 * DTT_S, is_over, h));
    node->user = NULL;
}

static struct heard publish(struct party *p, size_t i, const void *content, size_t len)
{
    struct dtt_sim_host *node = p->nodes[i];
    struct dtt_topic_config cfg = config(p, "secret");
    struct heard h = {0};
    uint32_t op = 0;
    assert_int_equal(
        dtt_once_publish(node->core, dtt_sim_host_now(node), &cfg, dtt_slice(content, len), &op),
        DTT_OK);
    assert_int_not_equal(op, 0);
    wait_for(p, node, &h);
    assert_int_equal(h.published, 1);
    return h;
}

static struct heard look_up(struct party *p, size_t i, const char *secret)
{
    struct dtt_sim_host *node = p->nodes[i];
    struct dtt_topic_config cfg = config(p, secret);
    struct heard h = {0};
    uint32_t op;
    assert_int_equal(dtt_once_lookup(node->core, dtt_sim_host_now(node), &cfg, &op), DTT_OK);
    wait_for(p, node, &h);
    return h;
}

static struct dtt_sim_host *add(struct party *p, bool dht_only)
{
    struct dtt_sim_host *h = dtt_sim_host_add(&p->w, DTT_SIM_NAT_NONE);
    assert_non_null(h);
    assert_int_equal(dtt_sim_host_start(h, dht_only, false), DTT_OK);
    return h;
}

static void setup(struct party *p, size_t n_dht_nodes)
{
    memset(p, 0, sizeof(*p));
    p->tuning.size = sizeof(p->tuning);
    assert_int_equal(dtt_sim_world_init(&p->w, 1), DTT_OK);
    p->w.links = links;
    p->w.hooks.event = on_event;
    for (size_t i = 0; i < n_dht_nodes; i++) {
        add(p, true);
        p->w.n_routers[0] = 1; /* the first one, whom all others know */
    }
    for (size_t i = 0; i < NODES; i++) {
        p->nodes[i] = add(p, false);
    }
    run(p, 2 * DTT_S);
}

static void what_one_publishes_another_reads(void **state)
{
    struct party p;
    uint8_t large[DTT_RECORD_CONTENT_MAX];
    (void)state;
    setup(&p, DHT_NODES);
    struct heard h = publish(&p, 0, "hello", 5);
    assert_int_equal(h.status, DTT_OK);
    assert_in_range(h.copies, 3, 6);
    assert_int_equal(h.others, 0);
    h = look_up(&p, 1, "secret");
    assert_int_equal(h.records, 1);
    assert_int_equal(h.found, 1);
    assert_int_equal(h.len, 5);
    assert_memory_equal(h.content, "hello", 5);
    assert_memory_equal(&h.publisher, &p.nodes[0]->id, sizeof(h.publisher));
    assert_int_equal(look_up(&p, 1, "another").records, 0);
    /* In the next minute the largest and the smallest; the old one goes with its minute. */
    run(&p, 125 * DTT_S);
    memset(large, 7, sizeof(large));
    assert_int_equal(publish(&p, 1, large, sizeof(large)).status, DTT_OK);
    h = look_up(&p, 2, "secret");
    assert_int_equal(h.records, 1);
    assert_int_equal(h.len, sizeof(large));
    assert_memory_equal(h.content, large, sizeof(large));
    run(&p, 125 * DTT_S);
    assert_int_equal(publish(&p, 1, NULL, 0).status, DTT_OK);
    assert_int_equal(look_up(&p, 2, "secret").len, 0);
    dtt_sim_world_fini(&p.w);
}

static void publish_made_at(struct party *p, size_t i, uint64_t unix_s)
{
    uint8_t content[DTT_CONTENT_MAX];
    struct dtt_writer w = dtt_writer(content, sizeof(content));
    struct dtt_record_info info = {.size = sizeof(info),
                                   .n_addrs = 1,
                                   .addrs = {dtt_addr_v4(10, 0, 0, (uint8_t)unix_s, 1)},
                                   .unix_s = unix_s};
    dtt_content_write(&w, &info);
    assert_int_equal(publish(p, i, content, w.len).status, DTT_OK);
}

/* Some storing nodes keep the first record, some the last, and they answer in any order. */
static void of_one_minute_the_record_made_last_is_told_last(void **state)
{
    struct party p;
    (void)state;
    setup(&p, DHT_NODES);
    static const uint64_t orders[][4] = {{1, 2, 3, 4}, {4, 3, 2, 1}, {2, 4, 1, 3}};
    for (size_t i = 0; i < 3; i++) {
        run(&p, 125 * DTT_S);
        for (size_t k = 0; k < 4; k++) {
            publish_made_at(&p, 0, orders[i][k]);
        }
        for (size_t reader = 1; reader < NODES; reader++) {
            struct heard h = look_up(&p, reader, "secret");
            assert_int_equal(h.info.unix_s, 4);
            assert_int_equal(h.info.addrs[0].ip[3], 4);
            assert_in_range(h.records, 1, 4);
            assert_int_equal(h.found, 1); /* it is one member */
        }
    }
    dtt_sim_world_fini(&p.w);
}

/* The largest sequence number in the secret slot of the current minute. */
static int64_t seq_of_secret_slot(struct party *p, size_t i)
{
    struct dtt_sim_host *node = p->nodes[i];
    struct dtt_topic_config cfg = config(p, "secret");
    struct heard h = {0};
    struct dtt_secret secret;
    struct dtt_slot slot;
    uint8_t topic[32];
    uint32_t op;
    assert_int_equal(dtt_slots_topic(&cfg, topic, &secret), DTT_OK);
    uint64_t minute = dtt_now_minute(dtt_sim_host_now(node));
    assert_int_equal(dtt_slot_make(&slot, DTT_SLOT_SECRET, &secret, topic, minute), DTT_OK);
    struct dtt_dht_get get = {
        .size = sizeof(get), .key = slot.key, .salt = slot.salt, .salt_len = sizeof(slot.salt)};
    assert_int_equal(dtt_core_dht_get(node->core, dtt_sim_host_now(node), &get, &op), DTT_OK);
    wait_for(p, node, &h);
    return h.seq;
}

/* Even where the other's clock is ahead of ours. */
static void a_later_record_has_a_larger_number(void **state)
{
    struct party p;
    (void)state;
    setup(&p, DHT_NODES);
    int64_t into_ns = dtt_sim_host_now(p.nodes[0]).wall_ns % (60 * (int64_t)DTT_S);
    run(&p, 61 * DTT_S - (uint64_t)into_ns); /* a minute has just begun for all */
    dtt_sim_host_set_clock(p.nodes[0], 30 * (int64_t)DTT_S);
    assert_int_equal(publish(&p, 0, "first", 5).status, DTT_OK);
    int64_t seq = seq_of_secret_slot(&p, 2);
    assert_true(seq > dtt_sim_host_now(p.nodes[1]).wall_ns / (int64_t)DTT_S + 20);
    assert_int_equal(publish(&p, 1, "second", 6).status, DTT_OK);
    run(&p, 5 * DTT_S); /* the same get gives the same result for a while */
    assert_int_equal(seq_of_secret_slot(&p, 2), seq + 1);
    dtt_sim_world_fini(&p.w);
}

static void enough_others_are_left_alone(void **state)
{
    struct party p;
    (void)state;
    setup(&p, DHT_NODES);
    p.tuning.record_cap = 1;
    assert_int_equal(publish(&p, 0, "first", 5).status, DTT_OK);
    struct heard h = publish(&p, 1, "second", 6);
    assert_int_equal(h.status, DTT_EFULL);
    assert_int_equal(h.others, 1);
    assert_int_equal(h.copies, 0);
    assert_int_equal(publish(&p, 0, "again", 5).status, DTT_OK); /* oneself does not count */
    dtt_sim_world_fini(&p.w);
}

static void without_a_network_it_says_so(void **state)
{
    struct party p;
    (void)state;
    setup(&p, 1);
    dtt_sim_host_kill(p.w.hosts[0]);
    dtt_sim_host_kill(p.nodes[1]);
    dtt_sim_host_kill(p.nodes[2]);
    struct heard h = publish(&p, 0, "hello", 5);
    assert_true(h.status < 0);
    assert_int_equal(h.copies, 0);
    dtt_sim_world_fini(&p.w);
}

static void a_node_may_end_in_the_middle(void **state)
{
    struct party p;
    uint32_t op;
    (void)state;
    setup(&p, DHT_NODES);
    struct dtt_topic_config cfg = config(&p, "secret");
    for (uint64_t ms = 0; ms < 400; ms += 100) {
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(dtt_once_publish(p.nodes[0]->core, dtt_sim_host_now(p.nodes[0]), &cfg,
                                              dtt_slice("x", 1), &op),
                             DTT_OK);
        }
        dtt_sim_host_settle(p.nodes[0]);
        run(&p, 40 * DTT_MS);
    }
    dtt_sim_world_fini(&p.w); /* the sanitizer would tell */
}

static void at_most_so_many_at_a_time(void **state)
{
    struct party p;
    uint32_t op;
    unsigned n = 0;
    (void)state;
    setup(&p, DHT_NODES);
    struct dtt_topic_config cfg = config(&p, "secret");
    int err;
    do {
        err = dtt_once_publish(p.nodes[0]->core, dtt_sim_host_now(p.nodes[0]), &cfg,
                               dtt_slice("x", 1), &op);
        n += err == DTT_OK;
    } while (err == DTT_OK);
    assert_int_equal(err, DTT_EFULL);
    assert_in_range(n, 30, DTT_CORE_OPS);
    dtt_sim_world_fini(&p.w);
}

static int no_rotation(void *user, const uint8_t topic_hash[32], uint64_t minute,
                       const uint8_t secret_hash[32], uint8_t ret_seed[32])
{
    const uint64_t *only = user;
    (void)topic_hash;
    (void)secret_hash;
    memset(ret_seed, 3, 32);
    return minute == *only ? 0 : -1;
}

/* Out-parameters are written on success only. */
static void what_cannot_start_has_no_number(void **state)
{
    struct party p;
    const uint8_t hash[32] = {1};
    uint32_t op = 0;
    (void)state;
    setup(&p, 3);
    struct dtt_sim_host *node = p.nodes[0];
    struct dtt_now now = dtt_sim_host_now(node);
    struct dtt_topic_config cfg = config(&p, "secret");
    uint64_t minute = 0;
    cfg.rotation = no_rotation;
    cfg.rotation_user = &minute;
    assert_int_equal(dtt_once_lookup(node->core, now, &cfg, &op), DTT_EROTATE);
    assert_int_equal(dtt_once_publish(node->core, now, &cfg, dtt_slice("x", 1), &op), DTT_EROTATE);
    cfg = config(&p, "secret");
    cfg.topic_hash = hash;
    assert_int_equal(dtt_once_lookup(node->core, now, &cfg, &op), DTT_EINVAL);
    cfg.name = NULL;
    cfg.secret_len = 0;
    assert_int_equal(dtt_once_publish(node->core, now, &cfg, dtt_slice("x", 1), &op), DTT_EINVAL);
    assert_int_equal(op, 0);
    dtt_sim_world_fini(&p.w);
}

/* The minute before cannot be read; this one is all the same. */
static void a_minute_without_a_key_is_left_out(void **state)
{
    struct party p;
    struct heard h = {0};
    uint32_t op;
    (void)state;
    setup(&p, DHT_NODES);
    struct dtt_sim_host *node = p.nodes[0];
    struct dtt_topic_config cfg = config(&p, "secret");
    uint64_t minute = dtt_now_minute(dtt_sim_host_now(node));
    cfg.rotation = no_rotation;
    cfg.rotation_user = &minute;
    assert_int_equal(
        dtt_once_publish(node->core, dtt_sim_host_now(node), &cfg, dtt_slice("x", 1), &op), DTT_OK);
    wait_for(&p, node, &h);
    assert_int_equal(h.status, DTT_OK);
    h = (struct heard){0};
    assert_int_equal(dtt_once_lookup(node->core, dtt_sim_host_now(node), &cfg, &op), DTT_OK);
    wait_for(&p, node, &h);
    assert_int_equal(h.records, 1);
    assert_int_equal(h.found, 1);
    dtt_sim_world_fini(&p.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_publishes_another_reads),
        cmocka_unit_test(of_one_minute_the_record_made_last_is_told_last),
        cmocka_unit_test(a_later_record_has_a_larger_number),
        cmocka_unit_test(enough_others_are_left_alone),
        cmocka_unit_test(without_a_network_it_says_so),
        cmocka_unit_test(a_node_may_end_in_the_middle),
        cmocka_unit_test(at_most_so_many_at_a_time),
        cmocka_unit_test(what_cannot_start_has_no_number),
        cmocka_unit_test(a_minute_without_a_key_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
