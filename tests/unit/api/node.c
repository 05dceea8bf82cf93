/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The public API on real sockets of the loopback interface. */
#include "support/vectors.h"

#include <arpa/inet.h>
#include <dtt/dht.h>
#include <dtt/dtt.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE_S 120

static const char *const loopback[] = {"127.0.0.1:0"};

static struct dtt_config local_config(void)
{
    return (struct dtt_config){.size = sizeof(struct dtt_config),
                               .listen = loopback,
                               .n_listen = 1,
                               .flags = DTT_NODE_NO_BOOTSTRAP};
}

static dtt_node *open_local(unsigned flags, const struct dtt_addr *bootstrap)
{
    struct dtt_config cfg = local_config();
    dtt_node *n = NULL;
    cfg.flags |= flags;
    assert_int_equal(dtt_node_open(&n, &cfg), 0);
    if (bootstrap) {
        assert_int_equal(dtt_node_add_dht_node(n, bootstrap), 0);
    }
    return n;
}

static struct dtt_addr addr_of(const dtt_node *n)
{
    struct dtt_addr addr;
    assert_int_equal(dtt_node_addrs(n, &addr, 1), 1);
    return addr;
}

/* Events that came while another one was waited for: by node and type, contents forgotten. */
static unsigned seen[8][32];

/*
 * Runs all nodes until `type` has come at nodes[at] since this was last asked. The event returned
 * is valid until the next call; it is NULL when the event had come before.
 */
static const struct dtt_event *run_until(dtt_node **nodes, size_t n, size_t at, int type)
{
    time_t end = time(NULL) + DEADLINE_S;
    struct pollfd fds[8];
    if (seen[at][type] > 0) {
        seen[at][type] = 0;
        return NULL;
    }
    while (time(NULL) < end) {
        for (size_t i = 0; i < n; i++) {
            const struct dtt_event *ev;
            while ((ev = dtt_node_next_event(nodes[i])) != NULL) {
                if (i == at && ev->type == type) {
                    return ev;
                }
                seen[i][ev->type]++;
            }
        }
        for (size_t i = 0; i < n; i++) {
            fds[i] = (struct pollfd){.fd = dtt_node_fd(nodes[i]), .events = POLLIN};
        }
        assert_true(poll(fds, n, 1000) >= 0);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(dtt_node_process(nodes[i]), 0);
        }
    }
    fail_msg("event %d did not come within %d s", type, DEADLINE_S);
    return NULL;
}

static int forget_events(void **state)
{
    (void)state;
    memset(seen, 0, sizeof(seen));
    return 0;
}

static void public_hosts_are_told(void **state)
{
    size_t n = 0;
    (void)state;
    for (const char *host; (host = dtt_public_bootstrap(n)) != NULL; n++) {
        assert_non_null(strchr(host, ':'));
    }
    assert_true(n > 1);
    assert_null(dtt_public_bootstrap(SIZE_MAX));
}

static void wrong_configs_are_refused(void **state)
{
    dtt_node *n = NULL;
    const char *bad_listen[] = {"localhost:1", "127.0.0.1", "127.0.0.1:70000", ""};
    const char *bad_hosts[] = {"host", "host:", ":1", "host:0", "host:65536", "a b:1", "::1:5"};
    (void)state;
    struct dtt_config cfg = local_config();
    assert_int_equal(dtt_node_open(NULL, &cfg), DTT_EINVAL);
    assert_int_equal(dtt_node_open(&n, NULL), DTT_EINVAL);
    cfg.flags = 1u << 30;
    assert_int_equal(dtt_node_open(&n, &cfg), DTT_EINVAL);
    for (size_t i = 0; i < sizeof(bad_listen) / sizeof(bad_listen[0]); i++) {
        cfg = local_config();
        cfg.listen = &bad_listen[i];
        assert_int_equal(dtt_node_open(&n, &cfg), DTT_EADDR);
    }
    for (size_t i = 0; i < sizeof(bad_hosts) / sizeof(bad_hosts[0]); i++) {
        cfg = local_config();
        cfg.flags = 0;
        cfg.bootstrap = &bad_hosts[i];
        cfg.n_bootstrap = 1;
        assert_int_equal(dtt_node_open(&n, &cfg), DTT_EADDR);
    }
    const char *twice[] = {"127.0.0.1:0", "127.0.0.2:0"};
    cfg = local_config();
    cfg.listen = twice;
    cfg.n_listen = 2;
    assert_int_equal(dtt_node_open(&n, &cfg), DTT_EINVAL);
    assert_null(n);
}

static void sizes_of_other_versions(void **state)
{
    dtt_node *n = NULL;
    struct {
        struct dtt_config cfg;
        uint8_t newer[16];
    } wide;
    (void)state;
    memset(&wide, 0, sizeof(wide));
    wide.cfg = local_config();
    wide.cfg.size = sizeof(wide);
    assert_int_equal(dtt_node_open(&n, &wide.cfg), 0);
    dtt_node_close(n);
    wide.newer[3] = 1; /* asks for something this version does not have */
    assert_int_equal(dtt_node_open(&n, &wide.cfg), DTT_EINVAL);
    wide.cfg.size = 3;
    assert_int_equal(dtt_node_open(&n, &wide.cfg), DTT_EINVAL);
}

static void a_port_in_use_is_told(void **state)
{
    dtt_node *a = open_local(DTT_NODE_DHT_ONLY, NULL);
    dtt_node *b = NULL;
    char text[DTT_ADDR_TEXT_MAX];
    struct dtt_addr addr = addr_of(a);
    const char *listen = text;
    struct dtt_config cfg = local_config();
    (void)state;
    dtt_addr_format(&addr, text);
    cfg.listen = &listen;
    assert_int_equal(dtt_node_open(&b, &cfg), DTT_EADDRINUSE);
    listen = "192.0.2.77:0";
    assert_int_equal(dtt_node_open(&b, &cfg), DTT_EADDRNOTAVAIL);
    dtt_node_close(a);
}

static void two_nodes_meet_and_talk(void **state)
{
    (void)state;
    dtt_node *nodes[3];
    dtt_topic *topics[2];
    nodes[0] = open_local(DTT_NODE_DHT_ONLY, NULL);
    struct dtt_addr first = addr_of(nodes[0]);
    nodes[1] = open_local(0, &first);
    nodes[2] = open_local(0, &first);
    struct dtt_topic_config cfg = {
        .size = sizeof(cfg), .name = "room", .secret = "s3cret", .secret_len = 6};
    struct dtt_peer_addr nowhere = {
        .size = sizeof(nowhere), .id = *dtt_node_id(nodes[2]), .addr = first};
    memset(nowhere.addr.ip, 0, sizeof(nowhere.addr.ip));
    cfg.peers = &nowhere;
    cfg.n_peers = 1;
    assert_int_equal(dtt_topic_join(&topics[0], nodes[1], &cfg), DTT_EINVAL);
    cfg.n_peers = 0;
    assert_int_equal(dtt_topic_join(&topics[0], nodes[1], &cfg), 0);
    assert_int_equal(dtt_topic_add_peer(topics[0], &nowhere), DTT_EINVAL);
    assert_int_equal(dtt_topic_join(&topics[1], nodes[1], &cfg), DTT_ESTATE);
    assert_int_equal(dtt_topic_send(topics[0], "x", 1, 0), DTT_EAGAIN);
    assert_int_equal(dtt_topic_join(&topics[1], nodes[2], &cfg), 0);
    run_until(nodes, 3, 2, DTT_EVENT_JOINED);
    /* The refused send is owed a WRITABLE. */
    run_until(nodes, 3, 1, DTT_EVENT_WRITABLE);

    struct dtt_id id;
    assert_int_equal(dtt_topic_neighbors(topics[0], &id, 1), 1);
    assert_memory_equal(&id, dtt_node_id(nodes[2]), sizeof(id));
    struct dtt_why why = {.size = sizeof(why)};
    assert_int_equal(dtt_topic_why(topics[0], &why), 0);
    assert_int_equal(why.stage, DTT_STAGE_JOINED);

    static uint8_t big[DTT_MESSAGE_MAX + 1];
    memset(big, 'b', sizeof(big));
    assert_int_equal(dtt_topic_send(topics[0], big, sizeof(big), 0), DTT_ETOOBIG);
    assert_int_equal(dtt_topic_send(topics[0], big, 0, 0), DTT_EINVAL);
    assert_int_equal(dtt_topic_send(topics[0], big, dtt_message_max(), 0), 0);
    assert_true(dtt_topic_unsent(topics[0]) > 0);
    const struct dtt_event *ev = run_until(nodes, 3, 2, DTT_EVENT_MESSAGE);
    assert_int_equal(ev->u.message.len, dtt_message_max());
    assert_memory_equal(ev->u.message.data, big, ev->u.message.len);
    assert_memory_equal(&ev->u.message.neighbor, dtt_node_id(nodes[1]), sizeof(id));

    /* Signed, and named. */
    assert_int_equal(dtt_topic_send(topics[0], big, dtt_message_signed_max() + 1, DTT_SEND_SIGNED),
                     DTT_ETOOBIG);
    assert_int_equal(dtt_topic_send(topics[0], big, dtt_message_signed_max(), DTT_SEND_SIGNED), 0);
    ev = run_until(nodes, 3, 2, DTT_EVENT_MESSAGE);
    assert_int_equal(ev->u.message.len, dtt_message_signed_max());
    assert_int_equal(ev->u.message.signature, DTT_SIGNATURE_DATED);
    assert_memory_equal(&ev->u.message.author, dtt_node_id(nodes[1]), sizeof(id));
    seen[2][DTT_EVENT_MEMBER] = 0;
    assert_int_equal(dtt_topic_set_name(NULL, "Ann"), DTT_EINVAL);
    assert_int_equal(dtt_topic_set_name(topics[0], ""), DTT_EINVAL);
    assert_int_equal(dtt_topic_set_name(topics[0], "Ann"), 0);
    ev = run_until(nodes, 3, 2, DTT_EVENT_MEMBER);
    assert_int_equal(ev->u.member.change, DTT_MEMBER_NAMED);
    assert_string_equal(ev->u.member.name, "Ann");
    struct dtt_member members[2] = {{.size = sizeof(members[0])}};
    assert_int_equal(dtt_topic_members(topics[1], NULL, 0), 1);
    assert_int_equal(dtt_topic_members(topics[1], members, 2), 1);
    assert_int_equal(members[0].size, sizeof(members[0]));
    assert_memory_equal(&members[0].id, dtt_node_id(nodes[1]), sizeof(id));
    assert_string_equal(members[0].name, "Ann");
    assert_true(members[0].is_here && members[0].is_neighbor && members[0].seq > 0);
    assert_int_equal(dtt_topic_set_name(topics[0], NULL), 0);

    topics[1] = dtt_topic_leave(topics[1]);
    ev = run_until(nodes, 3, 1, DTT_EVENT_NEIGHBOR_DOWN);
    assert_int_equal(ev->u.neighbor.reason, DTT_REASON_DISCONNECT);
    run_until(nodes, 3, 2, DTT_EVENT_LEFT);
    for (int i = 0; i < 3; i++) {
        assert_null(dtt_node_close(nodes[i])); /* the topic of node 1 goes with it */
    }
}

static int no_rotation(void *user, const uint8_t topic_hash[32], uint64_t minute,
                       const uint8_t secret_hash[32], uint8_t ret_seed[32])
{
    (void)user;
    (void)topic_hash;
    (void)minute;
    (void)secret_hash;
    memset(ret_seed, 0, 32);
    return 1;
}

static void a_failing_rotation_is_told(void **state)
{
    dtt_node *n = open_local(0, NULL);
    dtt_topic *t = NULL;
    struct dtt_topic_config cfg = {.size = sizeof(cfg),
                                   .name = "room",
                                   .secret = "s",
                                   .secret_len = 1,
                                   .rotation = no_rotation};
    struct dtt_why why = {.size = sizeof(why)};
    (void)state;
    assert_int_equal(dtt_topic_join(&t, n, &cfg), 0);
    assert_int_equal(dtt_topic_why(t, &why), 0);
    assert_int_equal(why.minutes_skipped, 3);
    assert_non_null(strstr(why.sentence, "rotation"));
    dtt_node_close(n);
}

static void dht_operations(void **state)
{
    (void)state;
    dtt_node *nodes[3];
    uint32_t op;
    uint8_t seed[32] = {9};
    struct dtt_id key;
    nodes[0] = open_local(DTT_NODE_DHT_ONLY, NULL);
    struct dtt_addr first = addr_of(nodes[0]);
    nodes[1] = open_local(DTT_NODE_DHT_ONLY, &first);
    nodes[2] = open_local(DTT_NODE_DHT_ONLY, &first);

    assert_int_equal(dtt_node_dht_ping(nodes[1], &first, &op), 0);
    const struct dtt_event *ev = run_until(nodes, 3, 1, DTT_EVENT_DHT_NODE);
    assert_int_equal(ev->u.dht_node.op, op);
    run_until(nodes, 3, 1, DTT_EVENT_DHT_DONE);

    dtt_id_from_seed(seed, &key);
    struct dtt_dht_put put = {.size = sizeof(put),
                              .value = "hello",
                              .value_len = 5,
                              .seed = seed,
                              .salt = "salt",
                              .salt_len = 4,
                              .seq = 7,
                              .verify = 1};
    assert_int_equal(dtt_node_dht_put(nodes[1], &put, &op), 0);
    ev = run_until(nodes, 3, 1, DTT_EVENT_DHT_PUT);
    assert_int_equal(ev->u.dht_put.op, op);
    assert_int_equal(ev->u.dht_put.status, 0);
    assert_true(ev->u.dht_put.acked >= 1);
    assert_true(ev->u.dht_put.verified >= 1);
    assert_memory_equal(ev->u.dht_put.key, key.bytes, 32);

    put.seq = 6; /* older than what is stored: every node refuses */
    assert_int_equal(dtt_node_dht_put(nodes[1], &put, &op), 0);
    ev = run_until(nodes, 3, 1, DTT_EVENT_DHT_PUT);
    assert_int_equal(ev->u.dht_put.status, DTT_EREFUSED);
    assert_int_equal(ev->u.dht_put.acked, 0);
    assert_true(ev->u.dht_put.refused >= 1);
    assert_int_equal(ev->u.dht_put.error, 302);

    struct dtt_dht_get get = {.size = sizeof(get), .key = key.bytes, .salt = "salt", .salt_len = 4};
    assert_int_equal(dtt_node_dht_get(nodes[2], &get, &op), 0);
    ev = run_until(nodes, 3, 2, DTT_EVENT_DHT_VALUE);
    assert_int_equal(ev->u.dht_value.seq, 7);
    assert_int_equal(ev->u.dht_value.data_len, 5);
    assert_memory_equal(ev->u.dht_value.data, "hello", 5);
    ev = run_until(nodes, 3, 2, DTT_EVENT_DHT_DONE);
    assert_int_equal(ev->u.dht_done.values, 1);
    assert_true(ev->u.dht_done.n_holders >= 1);
    assert_int_equal(ev->u.dht_done.holders[0].value, 0);
    assert_int_equal(ev->u.dht_done.holders[0].addr.family, DTT_FAMILY_V4);

    uint8_t hash[20] = {0x77};
    assert_int_equal(dtt_node_dht_announce(nodes[1], hash, 7001, &op), 0);
    ev = run_until(nodes, 3, 1, DTT_EVENT_DHT_ANNOUNCE);
    assert_int_equal(ev->u.dht_announce.op, op);
    assert_int_equal(ev->u.dht_announce.port, 7001);
    assert_memory_equal(ev->u.dht_announce.info_hash, hash, 20);
    assert_true(ev->u.dht_announce.acked >= 1);
    assert_int_equal(dtt_node_dht_get_peers(nodes[2], hash, &op), 0);
    ev = run_until(nodes, 3, 2, DTT_EVENT_DHT_PEER);
    assert_int_equal(ev->u.dht_peer.op, op);
    assert_int_equal(ev->u.dht_peer.addr.port, 7001);
    ev = run_until(nodes, 3, 2, DTT_EVENT_DHT_DONE);
    assert_int_equal(ev->u.dht_done.values, 1);
    assert_int_equal(dtt_node_dht_get_peers(nodes[2], NULL, &op), DTT_EINVAL);

    struct dtt_dht_status status = {.size = sizeof(status)};
    assert_int_equal(dtt_node_dht_status(nodes[0], &status), 0);
    assert_true(status.nodes_v4 >= 1 && status.nodes_v6 == 0);
    assert_true(status.items == 1 && status.peers == 1);
    status.size = 4;
    assert_int_equal(dtt_node_dht_status(nodes[0], &status), DTT_EINVAL);

    put.value_len = 997;
    static uint8_t big[997];
    put.value = big;
    assert_int_equal(dtt_node_dht_put(nodes[1], &put, &op), DTT_ETOOBIG);
    put.salt_len = 65;
    assert_int_equal(dtt_node_dht_put(nodes[1], &put, &op), DTT_EINVAL);
    for (int i = 0; i < 3; i++) {
        dtt_node_close(nodes[i]);
    }
}

/* Descriptors that the node's own descriptor watches. */
static int watched(const dtt_node *n)
{
    char line[256];
    int count = 0;
    snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", dtt_node_fd(n));
    FILE *f = fopen(line, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        count += strncmp(line, "tfd:", 4) == 0;
    }
    fclose(f);
    return count;
}

/* Whoever asks and is gone before the answer causes ICMP errors: none may deafen the node. */
static void closed_ports_do_not_deafen(void **state)
{
    static const char ping[] = "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t4:aaaa1:y1:qe";
    dtt_node *n = open_local(DTT_NODE_DHT_ONLY, NULL);
    struct dtt_addr addr = addr_of(n);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(addr.port)};
    int before = watched(n);
    (void)state;
    memcpy(&to.sin_addr, addr.ip, 4);
    for (int i = 0; i < 200; i++) {
        int fd = socket(AF_INET, SOCK_DGRAM, 0);
        assert_true(fd >= 0);
        assert_true(sendto(fd, ping, sizeof(ping) - 1, 0, (struct sockaddr *)&to, sizeof(to)) > 0);
        close(fd);
        assert_int_equal(dtt_node_process(n), 0);
        assert_int_equal(watched(n), before);
    }
    dtt_node_close(n);
}

/* A wake is not forgotten when something else runs the node before the wait. */
static void a_wake_before_the_wait_counts(void **state)
{
    dtt_node *n = open_local(DTT_NODE_DHT_ONLY, NULL);
    (void)state;
    while (dtt_node_next_event(n)) {
    }
    dtt_node_wake(n);
    assert_int_equal(dtt_node_process(n), 0);
    assert_int_equal(dtt_node_wait(n, -1), 1);
    dtt_node_close(n);
}

static void *wake(void *arg)
{
    dtt_node_wake(arg);
    return NULL;
}

static void wait_and_wake(void **state)
{
    dtt_node *n = open_local(DTT_NODE_DHT_ONLY, NULL);
    pthread_t thread;
    (void)state;
    assert_int_equal(dtt_node_next_event(n)->type, DTT_EVENT_LISTENING);
    assert_null(dtt_node_next_event(n));
    assert_int_equal(pthread_create(&thread, NULL, wake, n), 0);
    int woken = 0;
    for (int i = 0; i < 100 && !woken; i++) {
        woken = dtt_node_wait(n, DEADLINE_S * 1000);
        assert_true(woken >= 0);
        while (dtt_node_next_event(n)) {
        }
    }
    assert_int_equal(woken, 1);
    pthread_join(thread, NULL);
    dtt_node_close(n);
    assert_null(dtt_node_close(NULL));
}

static void logs(void **state)
{
    struct dtt_config cfg = local_config();
    dtt_node *n = NULL;
    (void)state;
    cfg.log_level = DTT_LOG_DEBUG;
    assert_int_equal(dtt_node_open(&n, &cfg), 0);
    while (dtt_node_next_log(n, NULL)) {
    }
    dtt_node_close(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_hosts_are_told),
        cmocka_unit_test(wrong_configs_are_refused),
        cmocka_unit_test(sizes_of_other_versions),
        cmocka_unit_test(a_port_in_use_is_told),
        cmocka_unit_test(a_failing_rotation_is_told),
        cmocka_unit_test_setup(dht_operations, forget_events),
        cmocka_unit_test_setup(two_nodes_meet_and_talk, forget_events),
        cmocka_unit_test(closed_ports_do_not_deafen),
        cmocka_unit_test(a_wake_before_the_wait_counts),
        cmocka_unit_test(wait_and_wake),
        cmocka_unit_test(logs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
