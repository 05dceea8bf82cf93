/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Records of an application's own, published and looked up by nodes that join nothing. */
#include "node/core_priv.h"
#include "support/vectors.h"
#include "support/world.h"

/* What the events of a node have told. */
struct heard {
    struct world *w;
    size_t node;
    bool is_over;
    unsigned published, records;
    int status;
    uint32_t copies, others, found;
    size_t len;
    uint8_t content[DTT_RECORD_CONTENT_MAX];
    struct dtt_id publisher;
};

static struct dtt_tuning tuning;

static struct dtt_topic_config config(const char *secret)
{
    return (struct dtt_topic_config){.size = sizeof(struct dtt_topic_config),
                                     .name = "notes",
                                     .secret = secret,
                                     .secret_len = strlen(secret),
                                     .tuning = &tuning};
}

static bool is_over(struct world *w, void *user)
{
    struct heard *h = user;
    const struct dtt_event *ev;
    while ((ev = dtt_events_next(dtt_core_events(w->nodes[h->node].core))) != NULL) {
        if (ev->type == DTT_EVENT_RECORD) {
            h->records++;
            h->publisher = ev->u.record.record->publisher;
            h->len = ev->u.record.content_len;
            memcpy(h->content, ev->u.record.content, h->len);
        } else if (ev->type == DTT_EVENT_RECORD_PUBLISHED) {
            h->published++;
            h->is_over = true;
            h->status = ev->u.published.status;
            h->copies = ev->u.published.copies;
            h->others = ev->u.published.others;
        } else if (ev->type == DTT_EVENT_LOOKUP_DONE) {
            h->is_over = true;
            h->found = ev->u.lookup_done.records;
        }
    }
    return h->is_over;
}

static struct heard publish(struct world *w, size_t node, const void *content, size_t len)
{
    struct heard h = {.w = w, .node = node};
    struct dtt_topic_config cfg = config("secret");
    uint32_t op = 0;
    assert_int_equal(
        dtt_core_publish(w->nodes[node].core, w->now, &cfg, dtt_slice(content, len), &op), DTT_OK);
    assert_int_not_equal(op, 0);
    world_flush(w);
    assert_true(world_run(w, 20 * DTT_S, is_over, &h));
    assert_int_equal(h.published, 1);
    return h;
}

static struct heard look_up(struct world *w, size_t node, const char *secret)
{
    struct heard h = {.w = w, .node = node};
    struct dtt_topic_config cfg = config(secret);
    uint32_t op;
    assert_int_equal(dtt_core_lookup(w->nodes[node].core, w->now, &cfg, &op), DTT_OK);
    world_flush(w);
    assert_true(world_run(w, 20 * DTT_S, is_over, &h));
    return h;
}

static void setup_world(struct world *w)
{
    tuning = (struct dtt_tuning){.size = sizeof(tuning)};
    world_init(w, 1, 1740000010);
    for (int i = 0; i < 20; i++) {
        world_add(w, true);
    }
    for (int i = 0; i < 3; i++) {
        world_add(w, false);
    }
    world_run(w, 2 * DTT_S, NULL, NULL);
}

static void what_one_publishes_another_reads(void **state)
{
    struct world w;
    uint8_t large[DTT_RECORD_CONTENT_MAX];
    (void)state;
    setup_world(&w);
    struct heard h = publish(&w, 20, "hello", 5);
    assert_int_equal(h.status, DTT_OK);
    assert_in_range(h.copies, 3, 6);
    assert_int_equal(h.others, 0);
    h = look_up(&w, 21, "secret");
    assert_int_equal(h.records, 1);
    assert_int_equal(h.found, 1);
    assert_int_equal(h.len, 5);
    assert_memory_equal(h.content, "hello", 5);
    assert_memory_equal(&h.publisher, dtt_core_id(w.nodes[20].core), sizeof(h.publisher));
    assert_int_equal(look_up(&w, 21, "another").records, 0);
    /* In the next minute the largest and the smallest; the old one goes with its minute. */
    world_run(&w, 125 * DTT_S, NULL, NULL);
    memset(large, 7, sizeof(large));
    assert_int_equal(publish(&w, 21, large, sizeof(large)).status, DTT_OK);
    h = look_up(&w, 22, "secret");
    assert_int_equal(h.records, 1);
    assert_int_equal(h.len, sizeof(large));
    assert_memory_equal(h.content, large, sizeof(large));
    world_run(&w, 125 * DTT_S, NULL, NULL);
    assert_int_equal(publish(&w, 21, NULL, 0).status, DTT_OK);
    assert_int_equal(look_up(&w, 22, "secret").len, 0);
    world_fini(&w);
}

static void enough_others_are_left_alone(void **state)
{
    struct world w;
    (void)state;
    setup_world(&w);
    tuning.record_cap = 1;
    assert_int_equal(publish(&w, 20, "first", 5).status, DTT_OK);
    struct heard h = publish(&w, 21, "second", 6);
    assert_int_equal(h.status, DTT_EFULL);
    assert_int_equal(h.others, 1);
    assert_int_equal(h.copies, 0);
    assert_int_equal(publish(&w, 20, "again", 5).status, DTT_OK); /* oneself does not count */
    world_fini(&w);
}

static void without_a_network_it_says_so(void **state)
{
    struct world w;
    (void)state;
    tuning = (struct dtt_tuning){.size = sizeof(tuning)};
    world_init(&w, 1, 1740000010);
    world_add(&w, false);
    world_add(&w, false);
    world_kill(&w, 0);
    struct heard h = publish(&w, 1, "hello", 5);
    assert_true(h.status < 0);
    assert_int_equal(h.copies, 0);
    world_fini(&w);
}

static void a_node_may_end_in_the_middle(void **state)
{
    struct world w;
    struct dtt_topic_config cfg = config("secret");
    uint32_t op;
    (void)state;
    setup_world(&w);
    for (uint64_t ms = 0; ms < 400; ms += 100) {
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(
                dtt_core_publish(w.nodes[20].core, w.now, &cfg, dtt_slice("x", 1), &op), DTT_OK);
        }
        world_flush(&w);
        world_run(&w, 40 * DTT_MS, NULL, NULL);
    }
    world_fini(&w); /* the sanitizer would tell */
}

static void at_most_so_many_at_a_time(void **state)
{
    struct world w;
    struct dtt_topic_config cfg = config("secret");
    uint32_t op;
    unsigned n = 0;
    (void)state;
    setup_world(&w);
    int err;
    do {
        err = dtt_core_publish(w.nodes[20].core, w.now, &cfg, dtt_slice("x", 1), &op);
        n += err == DTT_OK;
    } while (err == DTT_OK);
    assert_int_equal(err, DTT_EFULL);
    assert_in_range(n, 30, DTT_CORE_OPS);
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_publishes_another_reads),
        cmocka_unit_test(enough_others_are_left_alone),
        cmocka_unit_test(without_a_network_it_says_so),
        cmocka_unit_test(a_node_may_end_in_the_middle),
        cmocka_unit_test(at_most_so_many_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
