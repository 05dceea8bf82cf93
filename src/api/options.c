/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "api/node_priv.h"
#include "codec/text.h"
#include "codec/url.h"

#include <dtt/options.h>
#include <sodium.h>
#include <stdlib.h>

struct dtt_options {
    struct dtt_config node;
    struct dtt_topic_config topic;
    struct dtt_tuning tuning;
    uint8_t seed[DTT_SEED_BYTES];
    uint8_t topic_hash[DTT_TOPIC_HASH_BYTES];
    char *listen[2];
    char *bootstrap[DTT_IO_BOOTSTRAPS];
    char *pkarr[DTT_PKARR_SERVERS];
    char *dns_origins[DTT_LOOKUPS_ORIGINS];
    char *relays[DTT_RELAYS_MAX];
    char *state_file, *ca_file, *name, *secret;
    struct dtt_peer_addr peers[DTT_TOPIC_PEERS];
};

/* What goes wrong is said into it. */
struct why {
    char *text;
    size_t cap;
    const char *name; /* of the option */
};

static int refuse(const struct why *why, int err, const char *form)
{
    return dtt_refuse(err, why->text, why->cap, "%s must be %s", why->name, form);
}

static int no_memory(const struct why *why)
{
    return dtt_refuse(DTT_ENOMEM, why->text, why->cap, "%s", dtt_error_text(DTT_ENOMEM));
}

/* Replaces the text at *place. */
static int keep(char **place, const void *bytes, size_t len, const struct why *why)
{
    char *copy = malloc(len + 1);
    if (!copy) {
        return no_memory(why);
    }
    memcpy(copy, bytes, len);
    copy[len] = '\0';
    free(*place);
    *place = copy;
    return DTT_OK;
}

static int add(char **list, size_t *n, size_t max, const char *value, const struct why *why)
{
    if (*n == max) {
        return dtt_refuse(DTT_EFULL, why->text, why->cap, "there is no room for another %s",
                          why->name);
    }
    int err = keep(&list[*n], value, strlen(value), why);
    *n += err == DTT_OK;
    return err;
}

static int set_hex(uint8_t *bytes, const uint8_t **ret, const char *value, const struct why *why)
{
    if (dtt_hex_decode(bytes, 32, value, strlen(value)) != DTT_OK) {
        return refuse(why, DTT_EINVAL, "64 hexadecimal digits");
    }
    *ret = bytes;
    return DTT_OK;
}

static int set_flag(unsigned *flags, unsigned flag, const char *value, const struct why *why)
{
    bool is_on = strcmp(value, "on") == 0;
    if (!is_on && strcmp(value, "off") != 0) {
        return refuse(why, DTT_EINVAL, "on or off");
    }
    *flags = is_on ? *flags | flag : *flags & ~flag;
    return DTT_OK;
}

static int set_word(int *ret, const char *const words[], const char *value, const struct why *why,
                    const char *form)
{
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], value) == 0) {
            *ret = i;
            return DTT_OK;
        }
    }
    return refuse(why, DTT_EINVAL, form);
}

static int set_secret(dtt_options *o, const uint8_t *bytes, size_t len, const struct why *why)
{
    if (len == 0) {
        return refuse(why, DTT_EINVAL, "one byte at least");
    }
    char *copy = malloc(len);
    if (!copy) {
        return no_memory(why);
    }
    memcpy(copy, bytes, len);
    if (o->secret) {
        sodium_memzero(o->secret, o->topic.secret_len);
        free(o->secret);
    }
    o->secret = copy;
    o->topic.secret = copy;
    o->topic.secret_len = len;
    return DTT_OK;
}

static int set_secret_hex(dtt_options *o, const char *value, const struct why *why)
{
    size_t len = strlen(value) / 2;
    uint8_t *bytes = malloc(len + 1);
    if (!bytes) {
        return no_memory(why);
    }
    int err = dtt_hex_decode(bytes, len, value, strlen(value)) == DTT_OK
                  ? set_secret(o, bytes, len, why)
                  : refuse(why, DTT_EINVAL, "pairs of hexadecimal digits");
    sodium_memzero(bytes, len + 1);
    free(bytes);
    return err;
}

static int set_peer(dtt_options *o, const char *value, const struct why *why)
{
    struct dtt_peer_addr peer = {.size = sizeof(peer)};
    char id[DTT_ID_TEXT_MAX];
    size_t len = strcspn(value, "@");
    if (o->topic.n_peers == DTT_TOPIC_PEERS) {
        return dtt_refuse(DTT_EFULL, why->text, why->cap, "there is no room for another peer");
    }
    if (len < sizeof(id)) {
        memcpy(id, value, len);
        id[len] = '\0';
    }
    if (len >= sizeof(id) || dtt_id_parse(id, &peer.id) != DTT_OK ||
        (value[len] == '@' && (dtt_addr_parse(value + len + 1, &peer.addr) != DTT_OK ||
                               !dtt_addr_is_usable(&peer.addr)))) {
        return refuse(why, DTT_EADDR, "ID@ADDR:PORT or ID");
    }
    o->peers[o->topic.n_peers++] = peer;
    return DTT_OK;
}

static int set_listen(dtt_options *o, const char *value, const struct why *why)
{
    struct dtt_addr addr;
    return dtt_addr_parse(value, &addr) == DTT_OK
               ? add(o->listen, &o->node.n_listen, 2, value, why)
               : refuse(why, DTT_EADDR, "numeric, as 0.0.0.0:4433 or [::]:4433");
}

static int set_bootstrap(dtt_options *o, const char *value, const struct why *why)
{
    char host[DTT_HOST_MAX];
    uint16_t port;
    return dtt_addr_split_host(value, host, &port) == DTT_OK
               ? add(o->bootstrap, &o->node.n_bootstrap, DTT_IO_BOOTSTRAPS, value, why)
               : refuse(why, DTT_EADDR, "of the form HOST:PORT");
}

static int set_pkarr(dtt_options *o, const char *value, const struct why *why)
{
    struct dtt_url url;
    return dtt_url_parse(value, &url) == DTT_OK
               ? add(o->pkarr, &o->node.n_pkarr, DTT_PKARR_SERVERS, value, why)
               : refuse(why, DTT_EADDR, DTT_URL_FORM);
}

static int set_dns_origin(dtt_options *o, const char *value, const struct why *why)
{
    return dtt_pkarr_is_origin(value)
               ? add(o->dns_origins, &o->node.n_dns_origins, DTT_LOOKUPS_ORIGINS, value, why)
               : refuse(why, DTT_EADDR, DTT_PKARR_ORIGIN_FORM);
}

static int set_ca_file(dtt_options *o, const char *value, const struct why *why)
{
    int err = keep(&o->ca_file, value, strlen(value), why);
    o->node.ca_file = o->ca_file;
    return err;
}

static int set_relay(dtt_options *o, const char *value, const struct why *why)
{
    struct dtt_url url;
    const char *query;
    return dtt_url_parse_with_query(value, &url, &query) == DTT_OK
               ? add(o->relays, &o->node.n_relays, DTT_RELAYS_MAX, value, why)
               : refuse(why, DTT_EADDR, DTT_URL_FORM);
}

static int set_state_file(dtt_options *o, const char *value, const struct why *why)
{
    int err = keep(&o->state_file, value, strlen(value), why);
    o->node.state_file = o->state_file;
    return err;
}

static int set_name(dtt_options *o, const char *value, const struct why *why)
{
    int err = value[0] ? keep(&o->name, value, strlen(value), why)
                       : refuse(why, DTT_EINVAL, "one byte at least");
    o->topic.name = o->name;
    return err;
}

static int set_seed(dtt_options *o, const char *value, const struct why *why)
{
    return set_hex(o->seed, &o->node.seed, value, why);
}

static int set_topic_hash(dtt_options *o, const char *value, const struct why *why)
{
    return set_hex(o->topic_hash, &o->topic.topic_hash, value, why);
}

static int set_log_level(dtt_options *o, const char *value, const struct why *why)
{
    static const char *const levels[] = {"off", "error", "warn", "info", "debug", NULL};
    return set_word(&o->node.log_level, levels, value, why, "off, error, warn, info or debug");
}

static int set_preset(dtt_options *o, const char *value, const struct why *why)
{
    static const char *const presets[] = {"default", "seed", "rust-0.3", NULL};
    return set_word(&o->topic.preset, presets, value, why, "default, seed or rust-0.3");
}

static int set_closed(dtt_options *o, const char *value, const struct why *why)
{
    return set_flag(&o->topic.flags, DTT_TOPIC_CLOSED, value, why);
}

static int set_secret_text(dtt_options *o, const char *value, const struct why *why)
{
    return set_secret(o, (const uint8_t *)value, strlen(value), why);
}

static int set_knob(dtt_options *o, const char *value, const struct why *why)
{
    return dtt_tuning_set(&o->tuning, value, why->text, why->cap);
}

dtt_options *dtt_options_new(void)
{
    dtt_options *o = calloc(1, sizeof(*o));
    if (o) {
        o->node.size = sizeof(o->node);
        o->node.listen = (const char *const *)o->listen;
        o->node.bootstrap = (const char *const *)o->bootstrap;
        o->node.pkarr = (const char *const *)o->pkarr;
        o->node.dns_origins = (const char *const *)o->dns_origins;
        o->node.relays = (const char *const *)o->relays;
        o->topic.size = sizeof(o->topic);
        o->topic.peers = o->peers;
        o->topic.tuning = &o->tuning;
        o->tuning.size = sizeof(o->tuning);
    }
    return o;
}

dtt_options *dtt_options_free(dtt_options *o)
{
    if (o) {
        for (size_t i = 0; i < o->node.n_listen; i++) {
            free(o->listen[i]);
        }
        for (size_t i = 0; i < o->node.n_bootstrap; i++) {
            free(o->bootstrap[i]);
        }
        for (size_t i = 0; i < o->node.n_pkarr; i++) {
            free(o->pkarr[i]);
        }
        for (size_t i = 0; i < o->node.n_dns_origins; i++) {
            free(o->dns_origins[i]);
        }
        for (size_t i = 0; i < o->node.n_relays; i++) {
            free(o->relays[i]);
        }
        if (o->secret) {
            sodium_memzero(o->secret, o->topic.secret_len);
        }
        free(o->secret);
        free(o->ca_file);
        free(o->state_file);
        free(o->name);
        sodium_memzero(o, sizeof(*o));
        free(o);
    }
    return NULL;
}

static const struct {
    const char *name;
    int (*set)(dtt_options *o, const char *value, const struct why *why);
    unsigned flag; /* of the node, where there is no function */
} table[] = {
    {"seed", set_seed, 0},
    {"listen", set_listen, 0},
    {"bootstrap", set_bootstrap, 0},
    {"dht_only", NULL, DTT_NODE_DHT_ONLY},
    {"no_bootstrap", NULL, DTT_NODE_NO_BOOTSTRAP},
    {"read_only", NULL, DTT_NODE_READ_ONLY},
    {"no_portmap", NULL, DTT_NODE_NO_PORTMAP},
    {"portmap", NULL, DTT_NODE_PORTMAP},
    {"no_lan", NULL, DTT_NODE_NO_LAN},
    {"lan_iroh", NULL, DTT_NODE_LAN_IROH},
    {"publish_addrs", NULL, DTT_NODE_PUBLISH_ADDRS},
    {"pkarr", set_pkarr, 0},
    {"dns_origin", set_dns_origin, 0},
    {"ca_file", set_ca_file, 0},
    {"log_level", set_log_level, 0},
    {"state_file", set_state_file, 0},
    {"relay", set_relay, 0},
    {"name", set_name, 0},
    {"topic_hash", set_topic_hash, 0},
    {"closed", set_closed, 0},
    {"secret", set_secret_text, 0},
    {"secret_hex", set_secret_hex, 0},
    {"preset", set_preset, 0},
    {"peer", set_peer, 0},
    {"tune", set_knob, 0},
};

int dtt_options_set(dtt_options *o, const char *name, const char *value, char *why, size_t cap)
{
    const struct why told = {why, cap, name};
    if (!o || !name || !value) {
        return dtt_refuse(DTT_EINVAL, why, cap, "there is no option or no value to set");
    }
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strcmp(table[i].name, name) == 0) {
            return table[i].set ? table[i].set(o, value, &told)
                                : set_flag(&o->node.flags, table[i].flag, value, &told);
        }
    }
    return dtt_refuse(DTT_EINVAL, why, cap, "there is no option '%.40s'", name);
}

const struct dtt_config *dtt_options_node(const dtt_options *o)
{
    return &o->node;
}

const struct dtt_topic_config *dtt_options_topic(const dtt_options *o)
{
    return &o->topic;
}
