/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a node tells of itself, on real sockets of the loopback interface. */
#include "support/vectors.h"

#include <dtt/dht.h>
#include <dtt/dtt.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#define DEADLINE_S 120

#define TOPIC "the name of the topic"
#define SECRET "the secret of the topic"
#define MESSAGE "the content of a message"

static dtt_node *open_local(unsigned flags, const dtt_node *first)
{
    static const char *const loopback[] = {"127.0.0.1:0"};
    struct dtt_config cfg = {.size = sizeof(cfg),
                             .listen = loopback,
                             .n_listen = 1,
                             .flags = flags | DTT_NODE_NO_BOOTSTRAP};
    struct dtt_addr addr;
    dtt_node *n = NULL;
    assert_int_equal(dtt_node_open(&n, &cfg), 0);
    if (first) {
        assert_int_equal(dtt_node_addrs(first, &addr, 1), 1);
        assert_int_equal(dtt_node_add_dht_node(n, &addr), 0);
    }
    return n;
}

/* Runs three nodes until nodes[at] has told of `type`. */
static void run_until(dtt_node **nodes, size_t at, int type)
{
    time_t end = time(NULL) + DEADLINE_S;
    while (time(NULL) < end) {
        struct pollfd fds[3];
        for (size_t i = 0; i < 3; i++) {
            const struct dtt_event *ev;
            while ((ev = dtt_node_next_event(nodes[i])) != NULL) {
                if (i == at && ev->type == type) {
                    return;
                }
            }
            fds[i] = (struct pollfd){.fd = dtt_node_fd(nodes[i]), .events = POLLIN};
        }
        assert_true(poll(fds, 3, 1000) >= 0);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(dtt_node_process(nodes[i]), 0);
        }
    }
    fail_msg("event %d did not come within %d s", type, DEADLINE_S);
}

static json_t *snapshot(const dtt_node *n)
{
    /* Time passes between two calls, and numbers grow. */
    size_t cap = dtt_node_snapshot_json(n, NULL, 0) + 256;
    char *text = malloc(cap);
    json_error_t err;
    assert_non_null(text);
    size_t need = dtt_node_snapshot_json(n, text, cap);
    assert_in_range(need, cap - 512, cap - 1);
    assert_int_equal(strlen(text), need);
    assert_null(strstr(text, TOPIC));
    assert_null(strstr(text, SECRET));
    assert_null(strstr(text, MESSAGE));
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &err);
    if (!root) {
        fail_msg("%s: %s", text, err.text);
    }
    /* What is cut is the beginning, and says so by its length. */
    assert_in_range(dtt_node_snapshot_json(n, text, need / 2), need - 256, need + 256);
    assert_int_equal(strlen(text), need / 2 - 1);
    free(text);
    return root;
}

static json_int_t number(json_t *root, const char *path)
{
    json_t *value = vectors_at(root, path);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static void assert_own_addr(json_t *root, const dtt_node *n)
{
    char text[DTT_ADDR_TEXT_MAX], id[DTT_ID_TEXT_MAX];
    struct dtt_addr addr;
    dtt_node_addrs(n, &addr, 1);
    dtt_addr_format(&addr, text);
    dtt_id_format(dtt_node_id(n), id);
    assert_string_equal(vectors_text(root, "endpoint_id"), id);
    json_t *first = json_array_get(vectors_at(root, "addrs"), 0);
    assert_string_equal(vectors_text(first, "addr"), text);
    assert_string_equal(vectors_text(first, "known_by"), "socket");
}

static void assert_peer(json_t *object, const dtt_node *peer)
{
    char id[DTT_ID_TEXT_MAX];
    dtt_id_format(dtt_node_id(peer), id);
    assert_string_equal(vectors_text(object, "peer"), id);
}

static void assert_neighbor(json_t *topic, const dtt_node *peer)
{
    assert_int_equal(json_array_size(vectors_at(topic, "active")), 1);
    json_t *neighbor = json_array_get(vectors_at(topic, "active"), 0);
    assert_peer(neighbor, peer);
    assert_string_equal(vectors_text(neighbor, "push"), "eager");
    assert_non_null(vectors_at(neighbor, "standing"));
    assert_true(json_is_false(vectors_at(neighbor, "silent")));
    assert_int_equal(json_array_size(vectors_at(topic, "passive")), 0);
}

/* The one link, over which a message is under way. */
static void assert_link(json_t *root, const dtt_node *peer)
{
    assert_int_equal(json_array_size(vectors_at(root, "links")), 1);
    json_t *link = json_array_get(vectors_at(root, "links"), 0);
    char text[DTT_ADDR_TEXT_MAX];
    struct dtt_addr addr;
    assert_peer(link, peer);
    assert_string_equal(vectors_text(link, "state"), "neighbor");
    assert_int_equal(number(link, "topics"), 1);
    assert_int_equal(number(link, "streams_out"), 1);
    assert_int_equal(number(link, "queued"), 0);
    json_t *conn = json_array_get(vectors_at(link, "connections"), 0);
    dtt_node_addrs(peer, &addr, 1);
    dtt_addr_format(&addr, text);
    assert_string_equal(vectors_text(conn, "addr"), text);
    assert_true(json_is_boolean(vectors_at(conn, "dialled")));
    assert_true(number(conn, "rtt_us") > 0 && number(conn, "rtt_us") < 60 * 1000 * 1000);
    assert_true(number(conn, "unacked") >= (json_int_t)sizeof(MESSAGE) - 1);
}

static void assert_table(json_t *root)
{
    assert_int_equal(json_array_size(vectors_at(root, "dht.tables")), 1);
    json_t *table = json_array_get(vectors_at(root, "dht.tables"), 0);
    json_t *bucket;
    json_int_t sum = 0;
    size_t i;
    assert_string_equal(vectors_text(table, "family"), "ipv4");
    json_array_foreach(vectors_at(table, "buckets"), i, bucket)
    {
        sum += json_integer_value(bucket);
    }
    assert_true(number(table, "nodes") > 0);
    assert_int_equal(number(table, "nodes"), sum);
    assert_int_equal(number(table, "good"), sum);
    assert_int_equal(number(table, "questionable") + number(table, "bad"), 0);
}

/* The first lookup of this kind that is under way. */
static json_t *lookup_of(json_t *root, const char *kind)
{
    json_t *lookup;
    size_t i;
    json_array_foreach(vectors_at(root, "dht.lookups"), i, lookup)
    {
        if (strcmp(vectors_text(lookup, "kind"), kind) == 0) {
            return lookup;
        }
    }
    fail_msg("no lookup of kind %s", kind);
    return NULL;
}

static void assert_running_lookup(dtt_node *n)
{
    const uint8_t info_hash[20] = {1};
    uint32_t op;
    assert_int_equal(dtt_node_dht_get_peers(n, info_hash, &op), 0);
    json_t *root = snapshot(n);
    json_t *lookup = lookup_of(root, "peers");
    assert_string_equal(vectors_text(lookup, "state"), "running");
    json_t *side = json_array_get(vectors_at(lookup, "sides"), 0);
    assert_string_equal(vectors_text(side, "family"), "ipv4");
    assert_true(number(side, "known") >= number(side, "asked") && number(side, "asked") > 0);
    assert_int_equal(number(side, "answered"), 0);
    assert_int_equal(number(side, "in_flight"), number(side, "asked"));
    json_decref(root);
    dtt_node_dht_cancel(n, op);
}

/* A get that nobody can answer yet. */
static void a_lookup_under_way(void **state)
{
    const uint8_t target[20] = {0xab, 0xcd};
    const struct dtt_dht_get get = {.size = sizeof(get), .target = target};
    struct dtt_config cfg = {.size = sizeof(cfg), .flags = DTT_NODE_DHT_ONLY};
    static const char *const silent[] = {"127.0.0.1:9"};
    dtt_node *n = NULL;
    uint32_t op;
    (void)state;
    cfg.bootstrap = silent;
    cfg.n_bootstrap = 1;
    assert_int_equal(dtt_node_open(&n, &cfg), 0);
    assert_int_equal(dtt_node_dht_get(n, &get, &op), 0);
    json_t *root = snapshot(n);
    json_t *found = lookup_of(root, "item");
    assert_string_equal(vectors_text(found, "state"), "waiting");
    assert_int_equal(number(found, "operations"), 1);
    assert_int_equal(number(found, "values"), 0);
    json_decref(root);
    dtt_node_close(n);
}

static void a_node_alone(void **state)
{
    (void)state;
    dtt_node *n = open_local(DTT_NODE_DHT_ONLY, NULL);
    json_t *root = snapshot(n);
    assert_string_equal(vectors_text(root, "version"), dtt_version());
    assert_own_addr(root, n);
    assert_int_equal(json_array_size(vectors_at(root, "topics")), 0);
    assert_int_equal(number(root, "events.queued"), 1); /* LISTENING */
    assert_int_equal(number(root, "dht.bootstrap_nodes"), 0);
    json_decref(root);
    dtt_node_close(n);
}

static void two_nodes_that_talk(void **state)
{
    dtt_node *nodes[3];
    dtt_topic *topics[2];
    const struct dtt_topic_config cfg = {
        .size = sizeof(cfg), .name = TOPIC, .secret = SECRET, .secret_len = sizeof(SECRET) - 1};
    (void)state;
    nodes[0] = open_local(DTT_NODE_DHT_ONLY, NULL);
    nodes[1] = open_local(0, nodes[0]);
    nodes[2] = open_local(0, nodes[0]);
    assert_int_equal(dtt_topic_join(&topics[0], nodes[1], &cfg), 0);
    json_t *root = snapshot(nodes[1]);
    json_t *topic = json_array_get(vectors_at(root, "topics"), 0);
    assert_string_equal(vectors_text(topic, "stage"), "dht");
    assert_true(json_string_length(vectors_at(topic, "why")) > 0);
    json_decref(root);

    assert_int_equal(dtt_topic_join(&topics[1], nodes[2], &cfg), 0);
    run_until(nodes, 1, DTT_EVENT_NEIGHBOR_UP);
    assert_int_equal(dtt_topic_send(topics[0], MESSAGE, sizeof(MESSAGE) - 1, 0), 0);
    root = snapshot(nodes[1]);
    assert_own_addr(root, nodes[1]);
    topic = json_array_get(vectors_at(root, "topics"), 0);
    assert_string_equal(vectors_text(topic, "stage"), "joined");
    assert_int_equal(number(topic, "number"), 1);
    assert_int_equal(number(topic, "members"), 2);
    assert_int_equal(json_array_size(vectors_at(topic, "known_members")), 1);
    assert_string_equal(vectors_text(json_array_get(vectors_at(topic, "known_members"), 0), "way"),
                        "direct");
    assert_true(number(topic, "unsent") >= (json_int_t)sizeof(MESSAGE) - 1);
    assert_true(number(root, "dht.answered") > 0);
    assert_table(root);
    assert_int_equal(number(root, "metrics.node_topics"), 1);
    assert_int_equal(number(root, "metrics.node_neighbors"), 1);
    assert_int_equal(number(root, "metrics.node_links"), 1);
    assert_true(number(root, "metrics.node_connections") > 0);
    assert_int_equal(number(root, "metrics.node_messages_sent"), 1);
    assert_true(number(root, "metrics.node_rx_krpc_bytes") > 0);
    assert_true(number(root, "metrics.node_tx_krpc_bytes") > 0);
    assert_true(number(root, "metrics.node_rx_quic_bytes") > 0);
    assert_true(number(root, "metrics.node_tx_quic_bytes") > 0);
    assert_neighbor(topic, nodes[2]);
    assert_link(root, nodes[2]);
    json_decref(root);

    assert_running_lookup(nodes[1]);
    run_until(nodes, 2, DTT_EVENT_MESSAGE);
    topics[0] = dtt_topic_leave(topics[0]);
    root = snapshot(nodes[1]);
    assert_int_equal(json_array_size(vectors_at(root, "topics")), 0);
    json_decref(root);
    for (size_t i = 0; i < 3; i++) {
        dtt_node_close(nodes[i]);
    }
}

static void every_metric_has_its_name(void **state)
{
    struct dtt_metric m = {.size = sizeof(m)};
    size_t i = 0;
    (void)state;
    dtt_node *n = open_local(DTT_NODE_DHT_ONLY, NULL);
    json_t *root = snapshot(n);
    json_t *metrics = vectors_at(root, "metrics");
    for (; dtt_node_metric(n, i, &m) > 0; i++) {
        assert_true(json_is_integer(json_object_get(metrics, m.name)));
    }
    assert_int_equal(json_object_size(metrics), i);
    json_decref(root);
    dtt_node_close(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_alone),
        cmocka_unit_test(a_lookup_under_way),
        cmocka_unit_test(two_nodes_that_talk),
        cmocka_unit_test(every_metric_has_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
