/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a program gets for each kind of mistake: an error, a sentence, and nothing worse. */
#define _DEFAULT_SOURCE
#include "support/vectors.h"

#include <dtt/dht.h>
#include <dtt/options.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const loopback[] = {"127.0.0.1:0"};
static dtt_node *n;

static struct dtt_config node_config(void)
{
    return (struct dtt_config){.size = sizeof(struct dtt_config),
                               .listen = loopback,
                               .n_listen = 1,
                               .flags = DTT_NODE_NO_BOOTSTRAP};
}

static struct dtt_topic_config topic_config(void)
{
    return (struct dtt_topic_config){
        .size = sizeof(struct dtt_topic_config), .name = "x", .secret = "s", .secret_len = 1};
}

static int setup(void **state)
{
    struct dtt_config cfg = node_config();
    (void)state;
    return dtt_node_open(&n, &cfg);
}

static int teardown(void **state)
{
    (void)state;
    n = dtt_node_close(n);
    assert_null(dtt_node_close(n));
    return 0;
}

/* The check says the same as the open, and why. */
static void refused(const struct dtt_config *cfg, int err, const char *word)
{
    dtt_node *none = NULL;
    char why[128] = "";
    assert_int_equal(dtt_node_open(&none, cfg), err);
    assert_null(none);
    assert_int_equal(dtt_config_check(cfg, why, sizeof(why)), err);
    if (!strstr(why, word)) {
        fail_msg("'%s' does not say '%s'", why, word);
    }
    assert_int_equal(dtt_config_check(cfg, NULL, 0), err);
}

static void configs_of_a_node(void **state)
{
    const char *bad_origins[] = {"a..b"};
    const char *bad_relays[] = {"ftp://a/?token=t"};
    const char *relays[] = {"https://a/?token=t"};
    const char *bad[] = {"nonsense"}, *twice[] = {"127.0.0.1:0", "127.0.0.2:0"};
    struct {
        struct dtt_config cfg;
        char later[8];
    } wide = {.cfg = node_config()};
    struct dtt_config cfg = {0};
    (void)state;
    refused(NULL, DTT_EINVAL, "no config");
    refused(&cfg, DTT_EINVAL, "size");
    wide.cfg.size = sizeof(wide);
    assert_int_equal(dtt_config_check(&wide.cfg, NULL, 0), DTT_OK);
    wide.later[0] = 1;
    refused(&wide.cfg, DTT_EINVAL, "this version");
    cfg = node_config();
    cfg.flags = 0x8000;
    refused(&cfg, DTT_EINVAL, "0x8000");
    cfg.flags = DTT_NODE_NO_PORTMAP | DTT_NODE_PORTMAP;
    refused(&cfg, DTT_EINVAL, "exclude each other");
    cfg.flags = DTT_NODE_NO_LAN | DTT_NODE_LAN_IROH;
    refused(&cfg, DTT_EINVAL, "exclude each other");
    cfg = node_config();
    cfg.log_level = 9;
    refused(&cfg, DTT_EINVAL, "log level 9");
    cfg = node_config();
    cfg.listen = bad;
    refused(&cfg, DTT_EADDR, "listen must be numeric, not 'nonsense'");
    cfg.listen = twice;
    cfg.n_listen = 2;
    refused(&cfg, DTT_EINVAL, "one address a family");
    cfg.n_listen = 3;
    refused(&cfg, DTT_EINVAL, "0 to 2");
    cfg = node_config();
    cfg.bootstrap = bad;
    cfg.n_bootstrap = 1;
    refused(&cfg, DTT_EINVAL, "no_bootstrap");
    cfg.flags = 0;
    refused(&cfg, DTT_EADDR, "HOST:PORT, not 'nonsense'");
    cfg.n_bootstrap = 33;
    refused(&cfg, DTT_EINVAL, "0 to 32");
    cfg = node_config();
    cfg.pkarr = bad;
    cfg.n_pkarr = 1;
    refused(&cfg, DTT_EADDR, "URL like https://HOST[:PORT][/PATH]");
    cfg.n_pkarr = 5;
    refused(&cfg, DTT_EINVAL, "0 to 4 URLs");
    cfg = node_config();
    cfg.dns_origins = bad_origins;
    cfg.n_dns_origins = 1;
    refused(&cfg, DTT_EADDR, "domain of letters");
    cfg.n_dns_origins = 5;
    refused(&cfg, DTT_EINVAL, "0 to 4 domains");
    cfg = node_config();
    cfg.relays = bad_relays;
    cfg.n_relays = 1;
    refused(&cfg, DTT_EADDR, "not 'ftp://a/'"); /* its token is shown to nobody */
    cfg.n_relays = 9;
    refused(&cfg, DTT_EINVAL, "0 to 8 relays");
    cfg.relays = relays;
    cfg.n_relays = 1;
    assert_int_equal(dtt_config_check(&cfg, NULL, 0), DTT_OK);
    cfg = node_config();
    cfg.ca_file = "/nonexistent/ca.pem";
    refused(&cfg, DTT_EIO, "no certificate to be read in '/nonexistent/ca.pem'");
    cfg = node_config();
    cfg.state_file = "/nonexistent/dir/x";
    refused(&cfg, DTT_EIO, "No such file or directory");
    cfg.state_file = "/";
    refused(&cfg, DTT_EIO, "'/': it is a folder");
    cfg.state_file = "";
    refused(&cfg, DTT_EIO, "names no file");
}

/* A program that asks hears how its save ended, also when there was nothing to save. */
static void a_save_on_request(void **state)
{
    char folder[] = "/tmp/dtt-misuse-XXXXXX";
    char path[64];
    struct dtt_config cfg = node_config();
    const struct dtt_event *ev;
    dtt_node *other = NULL;
    (void)state;
    assert_int_equal(dtt_node_save_state(n), DTT_ESTATE);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/state", folder);
    cfg.state_file = path;
    assert_int_equal(dtt_node_open(&other, &cfg), DTT_OK);
    assert_int_equal(dtt_node_next_event(other)->type, DTT_EVENT_LISTENING);
    assert_int_equal(dtt_node_save_state(other), DTT_OK);
    while (!(ev = dtt_node_next_event(other))) {
        assert_int_equal(dtt_node_wait(other, -1), 0);
    }
    assert_int_equal(ev->type, DTT_EVENT_STATE_FILE);
    assert_int_equal(ev->u.state_file.status, DTT_OK);
    dtt_node_close(other);
    assert_int_equal(rmdir(folder), 0); /* nothing was known, so nothing was written */
}

static void refused_topic(const struct dtt_topic_config *cfg, const char *word)
{
    dtt_topic *t = NULL;
    uint32_t op;
    char why[128] = "";
    assert_int_equal(dtt_topic_join(&t, n, cfg), DTT_EINVAL);
    assert_null(t);
    assert_int_equal(dtt_node_lookup(n, cfg, &op), DTT_EINVAL);
    assert_int_equal(dtt_node_publish(n, cfg, "x", 1, &op), DTT_EINVAL);
    assert_int_equal(dtt_topic_config_check(cfg, why, sizeof(why)), DTT_EINVAL);
    if (!strstr(why, word)) {
        fail_msg("'%s' does not say '%s'", why, word);
    }
}

static void configs_of_a_topic(void **state)
{
    uint8_t hash[DTT_TOPIC_HASH_BYTES] = {1};
    struct dtt_tuning tuning = {.size = sizeof(tuning), .put_retries = 9999};
    struct dtt_peer_addr peers[2] = {{.size = sizeof(peers[0])}, {.size = sizeof(peers[0])}};
    struct dtt_topic_config cfg = topic_config();
    (void)state;
    refused_topic(NULL, "no config");
    cfg.secret = NULL;
    refused_topic(&cfg, "secret");
    cfg = topic_config();
    cfg.name = NULL;
    refused_topic(&cfg, "either a name or a topic_hash");
    cfg.name = "x";
    cfg.topic_hash = hash;
    refused_topic(&cfg, "either a name or a topic_hash");
    cfg = topic_config();
    cfg.name = "";
    refused_topic(&cfg, "empty");
    cfg = topic_config();
    cfg.preset = 7;
    refused_topic(&cfg, "preset 7");
    cfg = topic_config();
    cfg.tuning = &tuning;
    refused_topic(&cfg, "put_retries");
    cfg = topic_config();
    cfg.peers = peers;
    cfg.n_peers = 2;
    assert_int_equal(dtt_addr_parse("127.0.0.1:9", &peers[0].addr), 0);
    assert_int_equal(dtt_topic_config_check(&cfg, NULL, 0), DTT_OK); /* one is looked for */
    assert_int_equal(dtt_addr_parse("127.0.0.1:0", &peers[1].addr), 0);
    refused_topic(&cfg, "address of peer 1");
    peers[1].addr = peers[0].addr;
    assert_int_equal(dtt_topic_config_check(&cfg, NULL, 0), DTT_OK);
    peers[1].size--;
    refused_topic(&cfg, "size of peer 1");
    cfg.n_peers = 65;
    refused_topic(&cfg, "64 peers");
}

/* The stride of an array is what its first struct says: theirs are larger than ours. */
static void peers_of_a_later_version(void **state)
{
    struct later {
        struct dtt_peer_addr peer;
        uint64_t more;
    } peers[2] = {{.peer = {.size = sizeof(peers[0])}}, {.peer = {.size = sizeof(peers[0])}}};
    struct dtt_topic_config cfg = topic_config();
    (void)state;
    cfg.peers = &peers[0].peer;
    cfg.n_peers = 2;
    assert_int_equal(dtt_addr_parse("127.0.0.1:9", &peers[0].peer.addr), 0);
    assert_int_equal(dtt_addr_parse("127.0.0.1:10", &peers[1].peer.addr), 0);
    assert_int_equal(dtt_topic_config_check(&cfg, NULL, 0), DTT_OK);
    peers[1].more = 1;
    refused_topic(&cfg, "size of peer 1");
}

static void calls_on_a_topic(void **state)
{
    static char message[DTT_MESSAGE_MAX + 1];
    struct dtt_topic_config cfg = topic_config();
    struct dtt_why why = {.size = 0};
    struct dtt_peer_addr peer = {.size = 0};
    dtt_topic *t = NULL, *again = NULL;
    (void)state;
    assert_int_equal(dtt_topic_join(NULL, n, &cfg), DTT_EINVAL);
    assert_int_equal(dtt_topic_join(&t, NULL, &cfg), DTT_EINVAL);
    assert_int_equal(dtt_topic_join(&t, n, &cfg), DTT_OK);
    assert_int_equal(dtt_topic_join(&again, n, &cfg), DTT_ESTATE);
    assert_int_equal(dtt_topic_send(t, "", 0, 0), DTT_EINVAL);
    assert_int_equal(dtt_topic_send(t, NULL, 1, 0), DTT_EINVAL);
    assert_int_equal(dtt_topic_send(t, "a", 1, 0x40), DTT_EINVAL);
    assert_int_equal(dtt_topic_send(t, message, sizeof(message), 0), DTT_ETOOBIG);
    assert_int_equal(dtt_topic_send(t, "a", 1, 0), DTT_EAGAIN);
    assert_int_equal(dtt_topic_send(NULL, "a", 1, 0), DTT_EINVAL);
    assert_int_equal(dtt_topic_why(t, &why), DTT_EINVAL);
    assert_int_equal(dtt_topic_why(t, NULL), DTT_EINVAL);
    assert_int_equal(dtt_topic_add_peer(t, &peer), DTT_EINVAL);
    assert_null(dtt_topic_leave(t));
    assert_null(dtt_topic_leave(NULL));
}

static void calls_of_the_dht(void **state)
{
    static const uint8_t big[DTT_DHT_VALUE_MAX + 1];
    struct dtt_dht_get get = {.size = 0};
    struct dtt_dht_put put = {.size = sizeof(put), .value = big, .value_len = sizeof(big)};
    struct dtt_config cfg = node_config();
    struct dtt_topic_config topic = topic_config();
    struct dtt_addr silent;
    dtt_node *plain = NULL;
    dtt_topic *t = NULL;
    uint32_t op;
    int err = DTT_OK, started = 0;
    (void)state;
    assert_int_equal(dtt_node_dht_get(n, &get, &op), DTT_EINVAL);
    assert_int_equal(put.value_len, dtt_dht_value_max() + 1);
    assert_int_equal(dtt_node_dht_put(n, &put, &op), DTT_ETOOBIG);
    put.value_len = 1;
    put.salt_len = 1;
    assert_int_equal(dtt_node_dht_put(n, &put, &op), DTT_EINVAL);
    /* It is bound and never run, so nobody answers: operations wait for it. */
    cfg.flags |= DTT_NODE_DHT_ONLY;
    assert_int_equal(dtt_node_open(&plain, &cfg), DTT_OK);
    assert_int_equal(dtt_node_addrs(plain, &silent, 1), 1);
    assert_int_equal(dtt_node_add_dht_node(n, &silent), DTT_OK);
    for (; err == DTT_OK && started < 100; started++) {
        uint8_t target[20] = {(uint8_t)started};
        err = dtt_node_dht_find(n, target, &op);
    }
    assert_int_equal(err, DTT_EFULL);
    assert_int_equal(started, 65);
    dtt_node_dht_cancel(n, 12345);
    assert_int_equal(dtt_topic_join(&t, plain, &topic), DTT_ESTATE);
    dtt_node_close(plain);
    assert_string_equal(dtt_error_name(-999), "DTT_E?");
    assert_string_equal(dtt_error_text(-999), "unknown error");
}

/* Nothing that was passed is looked at after the call. */
static void everything_is_copied(void **state)
{
    char text[] = "127.0.0.1:0", secret[] = "s", name[] = "copied";
    const char *listen = text;
    uint8_t seed[DTT_SEED_BYTES] = {7};
    struct dtt_config cfg = node_config();
    struct dtt_topic_config topic = topic_config();
    struct dtt_id id;
    uint8_t hash[DTT_TOPIC_HASH_BYTES];
    dtt_node *other = NULL;
    dtt_topic *t = NULL;
    (void)state;
    dtt_id_from_seed(seed, &id);
    dtt_topic_hash(name, hash);
    cfg.listen = &listen;
    cfg.seed = seed;
    assert_int_equal(dtt_node_open(&other, &cfg), DTT_OK);
    topic.name = name;
    topic.secret = secret;
    assert_int_equal(dtt_topic_join(&t, other, &topic), DTT_OK);
    memset(text, 'x', sizeof(text) - 1);
    memset(seed, 0, sizeof(seed));
    memset(secret, 0, sizeof(secret));
    memset(name, 'y', sizeof(name) - 1);
    memset(&cfg, 0xee, sizeof(cfg));
    memset(&topic, 0xee, sizeof(topic));
    assert_int_equal(dtt_node_process(other), DTT_OK);
    assert_memory_equal(dtt_node_id(other), &id, sizeof(id));
    assert_memory_equal(dtt_topic_hash_of(t), hash, sizeof(hash));
    dtt_node_close(other);
}

#define ON_A_NODE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configs_of_a_node), ON_A_NODE(configs_of_a_topic),
        ON_A_NODE(peers_of_a_later_version), ON_A_NODE(calls_on_a_topic),
        ON_A_NODE(calls_of_the_dht),         cmocka_unit_test(everything_is_copied),
        ON_A_NODE(a_save_on_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
