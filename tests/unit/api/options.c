/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/vectors.h"

#include <dtt/options.h>
#include <stdio.h>

static dtt_options *o;

static int setup(void **state)
{
    (void)state;
    o = dtt_options_new();
    return o ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    o = dtt_options_free(o);
    assert_null(dtt_options_free(o));
    return 0;
}

static void set(const char *name, const char *value)
{
    char why[128] = "", copy[160];
    snprintf(copy, sizeof(copy), "%s", value);
    if (dtt_options_set(o, name, copy, why, sizeof(why)) != DTT_OK) {
        fail_msg("%s=%s: %s", name, value, why);
    }
    memset(copy, 'x', sizeof(copy) - 1); /* nothing points to it */
}

static const char digits[] = "0102030000000000000000000000000000000000000000000000000000000000";

static void a_node_by_name(void **state)
{
    const struct dtt_config *cfg = dtt_options_node(o);
    (void)state;
    assert_int_equal(dtt_config_check(cfg, NULL, 0), DTT_OK);
    set("seed", digits);
    set("listen", "127.0.0.1:0");
    set("bootstrap", "router.example:6881");
    set("bootstrap", "[::1]:7");
    set("dht_only", "on");
    set("read_only", "on");
    set("read_only", "off");
    set("no_portmap", "on");
    set("no_portmap", "off");
    set("portmap", "on");
    set("no_lan", "on");
    set("no_lan", "off");
    set("lan_iroh", "on");
    set("publish_addrs", "on");
    set("pkarr", "https://dns.iroh.link/pkarr");
    set("pkarr", "http://127.0.0.1:1");
    set("dns_origin", "dns.iroh.link");
    set("ca_file", "/a");
    set("log_level", "debug");
    set("state_file", "/a");
    set("state_file", "/b");
    assert_int_equal(cfg->seed[1], 2);
    assert_int_equal(cfg->n_listen, 1);
    assert_string_equal(cfg->listen[0], "127.0.0.1:0");
    assert_int_equal(cfg->n_bootstrap, 2);
    assert_string_equal(cfg->bootstrap[0], "router.example:6881");
    assert_string_equal(cfg->bootstrap[1], "[::1]:7");
    assert_int_equal(cfg->flags, DTT_NODE_DHT_ONLY | DTT_NODE_PORTMAP | DTT_NODE_LAN_IROH |
                                     DTT_NODE_PUBLISH_ADDRS);
    assert_int_equal(cfg->n_pkarr, 2);
    assert_string_equal(cfg->pkarr[1], "http://127.0.0.1:1");
    assert_int_equal(cfg->n_dns_origins, 1);
    assert_string_equal(cfg->dns_origins[0], "dns.iroh.link");
    assert_string_equal(cfg->ca_file, "/a");
    assert_int_equal(dtt_config_check(cfg, NULL, 0), DTT_EIO); /* there is no such file */
    assert_int_equal(cfg->log_level, DTT_LOG_DEBUG);
    assert_string_equal(cfg->state_file, "/b");
}

static void a_topic_by_name(void **state)
{
    const struct dtt_topic_config *cfg = dtt_options_topic(o);
    const uint8_t seed[DTT_SEED_BYTES] = {1};
    struct dtt_id id;
    char text[DTT_ID_TEXT_MAX], peer[160];
    (void)state;
    dtt_id_from_seed(seed, &id);
    dtt_id_format(&id, text);
    snprintf(peer, sizeof(peer), "%s@127.0.0.1:9", text);
    set("name", "tea room");
    set("secret", "first");
    set("secret_hex", "00ff");
    set("preset", "rust-0.3");
    set("peer", peer);
    set("peer", peer);
    set("peer", text);
    set("tune", "put_retries=2");
    assert_string_equal(cfg->name, "tea room");
    assert_int_equal(cfg->secret_len, 2);
    assert_memory_equal(cfg->secret, "\x00\xff", 2);
    assert_int_equal(cfg->preset, DTT_PRESET_RUST_0_3);
    assert_int_equal(cfg->n_peers, 3);
    assert_int_equal(cfg->peers[2].addr.family, DTT_FAMILY_NONE);
    assert_memory_equal(&cfg->peers[1].id, &id, sizeof(id));
    assert_int_equal(cfg->peers[1].addr.port, 9);
    assert_int_equal(cfg->tuning->put_retries, 2);
    assert_int_equal(dtt_topic_config_check(cfg, NULL, 0), DTT_OK);
    set("closed", "on");
    assert_int_equal(cfg->flags, DTT_TOPIC_CLOSED);
    assert_int_equal(dtt_topic_config_check(cfg, NULL, 0), DTT_OK);
    set("closed", "off");
    assert_int_equal(cfg->flags, 0);
    set("topic_hash", digits);
    assert_int_equal(cfg->topic_hash[2], 3);
}

static void refused(const char *name, const char *value, int err, const char *word)
{
    char why[128] = "";
    assert_int_equal(dtt_options_set(o, name, value, why, sizeof(why)), err);
    if (!strstr(why, word)) {
        fail_msg("'%s' does not say '%s'", why, word);
    }
    assert_int_equal(dtt_options_set(o, name, value, NULL, 0), err);
}

static void what_is_wrong_is_said_and_changes_nothing(void **state)
{
    (void)state;
    refused("nonsense", "1", DTT_EINVAL, "no option 'nonsense'");
    refused(NULL, "1", DTT_EINVAL, "no option");
    refused("name", NULL, DTT_EINVAL, "no value");
    refused("seed", "12", DTT_EINVAL, "seed must be 64 hexadecimal digits");
    refused("listen", "localhost:1", DTT_EADDR, "listen must be numeric");
    refused("bootstrap", "host", DTT_EADDR, "HOST:PORT");
    refused("dht_only", "yes", DTT_EINVAL, "on or off");
    refused("log_level", "loud", DTT_EINVAL, "debug");
    refused("name", "", DTT_EINVAL, "name must be");
    refused("secret", "", DTT_EINVAL, "secret must be");
    refused("secret_hex", "0", DTT_EINVAL, "hexadecimal");
    refused("preset", "old", DTT_EINVAL, "rust-0.3");
    refused("peer", "me@here", DTT_EADDR, "ID@ADDR:PORT");
    refused("peer", "me", DTT_EADDR, "ID@ADDR:PORT or ID");
    refused("pkarr", "dns.iroh.link", DTT_EADDR, "URL");
    refused("dns_origin", "https://dns.iroh.link", DTT_EADDR, "domain");
    refused("tune", "put_retries=9999", DTT_EINVAL, "put_retries");
    set("listen", "0.0.0.0:0");
    set("listen", "[::]:0");
    refused("listen", "0.0.0.0:0", DTT_EFULL, "another listen");
    assert_null(dtt_options_node(o)->seed);
    assert_int_equal(dtt_options_node(o)->flags, 0);
    assert_null(dtt_options_topic(o)->name);
    assert_null(dtt_options_topic(o)->secret);
    assert_int_equal(dtt_options_topic(o)->n_peers, 0);
}

static void a_node_and_its_topic_from_text(void **state)
{
    dtt_node *n = NULL;
    dtt_topic *t = NULL;
    (void)state;
    set("listen", "127.0.0.1:0");
    set("no_bootstrap", "on");
    set("name", "room");
    set("secret", "s");
    assert_int_equal(dtt_node_open(&n, dtt_options_node(o)), DTT_OK);
    assert_int_equal(dtt_topic_join(&t, n, dtt_options_topic(o)), DTT_OK);
    o = dtt_options_free(o);
    assert_int_equal(dtt_node_process(n), DTT_OK);
    dtt_node_close(n);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_node_by_name),
        TEST(a_topic_by_name),
        TEST(what_is_wrong_is_said_and_changes_nothing),
        TEST(a_node_and_its_topic_from_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
