/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Topics of one node: what is refused, and what a topic tells of itself while it is alone. */
#include "support/vectors.h"

#include <dtt/dtt.h>

static const char *const loopback[] = {"127.0.0.1:0"};
static dtt_node *node;

static int setup(void **state)
{
    struct dtt_config cfg = {
        .size = sizeof(cfg), .listen = loopback, .n_listen = 1, .flags = DTT_NODE_NO_BOOTSTRAP};
    (void)state;
    return dtt_node_open(&node, &cfg);
}

static int teardown(void **state)
{
    (void)state;
    node = dtt_node_close(node);
    return 0;
}

static struct dtt_topic_config room(void)
{
    return (struct dtt_topic_config){.size = sizeof(struct dtt_topic_config),
                                     .name = "room",
                                     .secret = "s3cret",
                                     .secret_len = 6};
}

static void expect_refused(const struct dtt_topic_config *cfg)
{
    dtt_topic *t = NULL;
    uint32_t op = 0;
    assert_int_equal(dtt_topic_join(&t, node, cfg), DTT_EINVAL);
    assert_int_equal(dtt_node_lookup(node, cfg, &op), DTT_EINVAL);
    assert_int_equal(dtt_node_publish(node, cfg, "x", 1, &op), DTT_EINVAL);
    assert_null(t);
    assert_int_equal(op, 0);
}

static void wrong_configs_are_refused(void **state)
{
    static const uint8_t hash[32] = {1};
    static struct dtt_peer_addr peers[65];
    struct dtt_tuning tuning = {.size = sizeof(tuning), .record_cap = -5};
    struct dtt_topic_config cfg;
    (void)state;
    expect_refused(NULL);
    cfg = room();
    cfg.size = 3;
    expect_refused(&cfg);
    cfg = room();
    cfg.name = NULL;
    expect_refused(&cfg);
    cfg = room();
    cfg.name = "";
    expect_refused(&cfg);
    cfg = room();
    cfg.topic_hash = hash; /* beside its name */
    expect_refused(&cfg);
    cfg = room();
    cfg.name = NULL;
    cfg.topic_hash = hash;
    cfg.flags = DTT_TOPIC_CLOSED; /* which needs the name */
    expect_refused(&cfg);
    cfg = room();
    cfg.flags = DTT_TOPIC_CLOSED << 1;
    expect_refused(&cfg);
    cfg = room();
    cfg.secret_len = 0;
    expect_refused(&cfg);
    cfg = room();
    cfg.preset = DTT_PRESET_RUST_0_3 + 1;
    expect_refused(&cfg);
    cfg = room();
    cfg.peers = peers; /* without a usable address */
    cfg.n_peers = 1;
    expect_refused(&cfg);
    for (size_t i = 0; i < 65; i++) {
        assert_int_equal(dtt_addr_parse("127.0.0.1:9", &peers[i].addr), 0);
    }
    cfg.n_peers = 65;
    expect_refused(&cfg);
    cfg = room();
    cfg.tuning = &tuning;
    expect_refused(&cfg);
}

static void a_topic_knows_its_place(void **state)
{
    struct dtt_topic_config cfg = room();
    dtt_topic *t = NULL, *again = NULL, *other = NULL;
    int mine = 7;
    uint8_t hash[32];
    (void)state;
    cfg.user = &mine;
    assert_int_equal(dtt_topic_join(&t, node, &cfg), 0);
    assert_int_equal(dtt_topic_join(&again, node, &cfg), DTT_ESTATE);
    memcpy(hash, dtt_topic_hash_of(t), sizeof(hash));
    cfg = room();
    cfg.name = "another room";
    assert_int_equal(dtt_topic_join(&other, node, &cfg), 0);
    assert_ptr_equal(dtt_topic_node(t), node);
    assert_ptr_equal(dtt_topic_user(t), &mine);
    assert_null(dtt_topic_user(other));
    assert_int_not_equal(dtt_topic_id(t), dtt_topic_id(other));
    assert_memory_not_equal(hash, dtt_topic_hash_of(other), sizeof(hash));
    assert_null(dtt_topic_leave(other));
    assert_null(dtt_topic_leave(NULL));
    /* By its hash it is the same topic. */
    cfg = room();
    cfg.name = NULL;
    cfg.topic_hash = hash;
    assert_int_equal(dtt_topic_join(&again, node, &cfg), DTT_ESTATE);
}

static void a_closed_topic_is_another_one(void **state)
{
    struct dtt_topic_config cfg = room();
    dtt_topic *open = NULL, *closed = NULL, *again = NULL;
    uint8_t hash[32];
    (void)state;
    assert_int_equal(dtt_topic_join(&open, node, &cfg), 0);
    cfg.flags = DTT_TOPIC_CLOSED;
    assert_int_equal(dtt_topic_join(&closed, node, &cfg), 0);
    assert_int_equal(dtt_topic_hash_closed(cfg.name, cfg.secret, cfg.secret_len, hash), DTT_OK);
    assert_memory_equal(dtt_topic_hash_of(closed), hash, sizeof(hash));
    assert_memory_not_equal(dtt_topic_hash_of(open), hash, sizeof(hash));
    /* By its hash it is an ordinary one. */
    cfg = room();
    cfg.name = NULL;
    cfg.topic_hash = hash;
    assert_int_equal(dtt_topic_join(&again, node, &cfg), DTT_ESTATE);
    assert_int_equal(dtt_topic_hash_closed("", "s", 1, hash), DTT_EINVAL);
    assert_int_equal(dtt_topic_hash_closed(NULL, "s", 1, hash), DTT_EINVAL);
    assert_int_equal(dtt_topic_hash_closed("room", NULL, 1, hash), DTT_EINVAL);
    assert_int_equal(dtt_topic_hash_closed("room", "s", 0, hash), DTT_EINVAL);
    assert_int_equal(dtt_topic_hash_closed("room", "s", 1, NULL), DTT_EINVAL);
}

static void alone_nothing_is_sent(void **state)
{
    static uint8_t big[DTT_MESSAGE_MAX + 1];
    struct dtt_topic_config cfg = room();
    struct dtt_why why = {.size = sizeof(why)};
    struct dtt_peer_addr peer = {.id = *dtt_node_id(node)};
    dtt_topic *t = NULL;
    struct dtt_id id;
    (void)state;
    assert_int_equal(dtt_topic_join(&t, node, &cfg), 0);
    assert_int_equal(dtt_topic_send(NULL, "x", 1, 0), DTT_EINVAL);
    assert_int_equal(dtt_topic_send(t, NULL, 1, 0), DTT_EINVAL);
    assert_int_equal(dtt_topic_send(t, "x", 0, 0), DTT_EINVAL);
    assert_int_equal(dtt_topic_send(t, "x", 1, 1u << 30), DTT_EINVAL);
    assert_int_equal(dtt_topic_send(t, big, sizeof(big), 0), DTT_ETOOBIG);
    assert_int_equal(dtt_topic_send(t, "x", 1, 0), DTT_EAGAIN);
    assert_int_equal(dtt_topic_unsent(t), 0);
    assert_int_equal(dtt_topic_neighbors(t, &id, 1), 0);
    assert_int_equal(dtt_topic_add_peer(t, &peer), DTT_EINVAL);
    assert_int_equal(dtt_topic_why(NULL, &why), DTT_EINVAL);
    assert_int_equal(dtt_topic_why(t, NULL), DTT_EINVAL);
    assert_int_equal(dtt_topic_why(t, &why), 0);
    assert_true(why.stage < DTT_STAGE_JOINED && why.sentence[0] != '\0');
    assert_true(strlen(dtt_stage_word(why.stage)) > 1);
}

static void contents_are_bounded(void **state)
{
    static uint8_t big[DTT_RECORD_CONTENT_MAX + 1];
    struct dtt_topic_config cfg = room();
    uint32_t op = 0;
    (void)state;
    assert_int_equal(dtt_node_publish(node, &cfg, NULL, 1, &op), DTT_EINVAL);
    assert_int_equal(dtt_node_publish(node, &cfg, big, sizeof(big), &op), DTT_ETOOBIG);
    assert_int_equal(dtt_node_lookup(node, &cfg, NULL), DTT_EINVAL);
    assert_int_equal(op, 0);
    assert_int_equal(dtt_node_lookup(node, &cfg, &op), 0);
    assert_int_not_equal(op, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(wrong_configs_are_refused),     TEST(a_topic_knows_its_place),
        TEST(a_closed_topic_is_another_one), TEST(alone_nothing_is_sent),
        TEST(contents_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
