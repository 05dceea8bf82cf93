/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Configs of the caller's: taken over in whatever size they come, and checked. */
#include "api/node_priv.h"
#include "codec/url.h"
#include "io/state_file.h"
#include "io/tls.h"

#include <stdarg.h>
#include <stdio.h>

int dtt_refuse(int err, char *why, size_t cap, const char *text, ...)
{
    if (why) {
        va_list args;
        va_start(args, text);
        vsnprintf(why, cap, text, args);
        va_end(args);
    }
    return err;
}

static int check_listen(const struct dtt_config *cfg, char *why, size_t cap)
{
    struct dtt_addr addrs[2];
    if (cfg->n_listen > 2 || (cfg->n_listen && !cfg->listen)) {
        return dtt_refuse(DTT_EINVAL, why, cap, "listen must have 0 to 2 addresses");
    }
    for (size_t i = 0; i < cfg->n_listen; i++) {
        if (!cfg->listen[i] || dtt_addr_parse(cfg->listen[i], &addrs[i]) != DTT_OK) {
            return dtt_refuse(DTT_EADDR, why, cap, "listen must be numeric, not '%.64s'",
                              cfg->listen[i] ? cfg->listen[i] : "");
        }
    }
    return cfg->n_listen == 2 && addrs[0].family == addrs[1].family
               ? dtt_refuse(DTT_EINVAL, why, cap, "listen must have at most one address a family")
               : DTT_OK;
}

static int check_bootstrap(const struct dtt_config *cfg, char *why, size_t cap)
{
    char host[DTT_HOST_MAX];
    uint16_t port;
    if (cfg->n_bootstrap > DTT_IO_BOOTSTRAPS || (cfg->n_bootstrap && !cfg->bootstrap)) {
        return dtt_refuse(DTT_EINVAL, why, cap, "bootstrap must have 0 to %d hosts",
                          DTT_IO_BOOTSTRAPS);
    }
    if (cfg->n_bootstrap && (cfg->flags & DTT_NODE_NO_BOOTSTRAP)) {
        return dtt_refuse(DTT_EINVAL, why, cap, "there are bootstrap hosts beside no_bootstrap");
    }
    for (size_t i = 0; i < cfg->n_bootstrap; i++) {
        if (!cfg->bootstrap[i] || dtt_addr_split_host(cfg->bootstrap[i], host, &port) != DTT_OK) {
            return dtt_refuse(DTT_EADDR, why, cap, "bootstrap must be HOST:PORT, not '%.64s'",
                              cfg->bootstrap[i] ? cfg->bootstrap[i] : "");
        }
    }
    return DTT_OK;
}

static int check_servers(const struct dtt_config *cfg, char *why, size_t cap)
{
    struct dtt_url url;
    if (cfg->n_pkarr > DTT_PKARR_SERVERS || (cfg->n_pkarr && !cfg->pkarr)) {
        return dtt_refuse(DTT_EINVAL, why, cap, "pkarr must have 0 to %d URLs", DTT_PKARR_SERVERS);
    }
    for (size_t i = 0; i < cfg->n_pkarr; i++) {
        if (!cfg->pkarr[i] || dtt_url_parse(cfg->pkarr[i], &url) != DTT_OK) {
            return dtt_refuse(DTT_EADDR, why, cap, "pkarr must be %s, not '%.64s'", DTT_URL_FORM,
                              cfg->pkarr[i] ? cfg->pkarr[i] : "");
        }
    }
    if (cfg->n_dns_origins > DTT_LOOKUPS_ORIGINS || (cfg->n_dns_origins && !cfg->dns_origins)) {
        return dtt_refuse(DTT_EINVAL, why, cap, "dns_origins must have 0 to %d domains",
                          DTT_LOOKUPS_ORIGINS);
    }
    for (size_t i = 0; i < cfg->n_dns_origins; i++) {
        if (!cfg->dns_origins[i] || !dtt_pkarr_is_origin(cfg->dns_origins[i])) {
            return dtt_refuse(DTT_EADDR, why, cap, "a DNS origin must be %s, not '%.64s'",
                              DTT_PKARR_ORIGIN_FORM,
                              cfg->dns_origins[i] ? cfg->dns_origins[i] : "");
        }
    }
    return cfg->ca_file ? dtt_tls_check_ca_file(cfg->ca_file, why, cap) : DTT_OK;
}

static int check_relays(const struct dtt_config *cfg, char *why, size_t cap)
{
    struct dtt_url url;
    const char *query;
    if (cfg->n_relays > DTT_RELAYS_MAX || (cfg->n_relays && !cfg->relays)) {
        return dtt_refuse(DTT_EINVAL, why, cap, "there must be 0 to %d relays", DTT_RELAYS_MAX);
    }
    for (size_t i = 0; i < cfg->n_relays; i++) {
        const char *text = cfg->relays[i] ? cfg->relays[i] : "";
        if (dtt_url_parse_with_query(text, &url, &query) != DTT_OK) {
            int shown = (int)(dtt_url_bare_len(text) < 64 ? dtt_url_bare_len(text) : 64);
            return dtt_refuse(DTT_EADDR, why, cap, "relay must be " DTT_URL_FORM ", not '%.*s'",
                              shown, text);
        }
    }
    return cfg->n_relays && (cfg->flags & DTT_NODE_DHT_ONLY)
               ? dtt_refuse(DTT_EINVAL, why, cap, "a plain DHT node has no use for relays")
               : DTT_OK;
}

int dtt_config_read(struct dtt_config *ours, const struct dtt_config *theirs, char *why, size_t cap)
{
    const unsigned flags = DTT_NODE_DHT_ONLY | DTT_NODE_NO_BOOTSTRAP | DTT_NODE_READ_ONLY |
                           DTT_NODE_NO_PORTMAP | DTT_NODE_PORTMAP | DTT_NODE_NO_LAN |
                           DTT_NODE_LAN_IROH | DTT_NODE_PUBLISH_ADDRS;
    const unsigned contrary = DTT_NODE_NO_PORTMAP | DTT_NODE_PORTMAP;
    const unsigned contrary_lan = DTT_NODE_NO_LAN | DTT_NODE_LAN_IROH;
    if (!dtt_read_sized(ours, sizeof(*ours), theirs)) {
        return dtt_refuse(DTT_EINVAL, why, cap, "%s", dtt_size_sentence(theirs));
    }
    if (ours->flags & ~flags) {
        return dtt_refuse(DTT_EINVAL, why, cap, "this version of the library has no flags 0x%x",
                          ours->flags & ~flags);
    }
    if ((ours->flags & contrary) == contrary) {
        return dtt_refuse(DTT_EINVAL, why, cap, "portmap and no_portmap exclude each other");
    }
    if ((ours->flags & contrary_lan) == contrary_lan) {
        return dtt_refuse(DTT_EINVAL, why, cap, "lan_iroh and no_lan exclude each other");
    }
    if (ours->log_level < DTT_LOG_OFF || ours->log_level > DTT_LOG_DEBUG) {
        return dtt_refuse(DTT_EINVAL, why, cap, "there is no log level %d", ours->log_level);
    }
    int err = check_listen(ours, why, cap);
    if (!err) {
        err = check_bootstrap(ours, why, cap);
    }
    if (!err) {
        err = check_servers(ours, why, cap);
    }
    if (!err) {
        err = check_relays(ours, why, cap);
    }
    return !err && ours->state_file ? dtt_state_file_check(ours->state_file, why, cap) : err;
}

/* An array of structs that begin with their size has its first one's as stride. */
static int read_peers(struct dtt_topic_args *ours, char *why, size_t cap)
{
    const char *peers = (const char *)ours->cfg.peers;
    if (ours->cfg.n_peers > DTT_TOPIC_PEERS || (ours->cfg.n_peers && !peers)) {
        return dtt_refuse(DTT_EINVAL, why, cap, "there must be 0 to %d peers", DTT_TOPIC_PEERS);
    }
    for (size_t i = 0; i < ours->cfg.n_peers; i++) {
        const struct dtt_peer_addr *theirs = (const void *)(peers + i * ours->cfg.peers->size);
        struct dtt_peer_addr *peer = &ours->peers[i];
        if (theirs->size != ours->cfg.peers->size || !dtt_read_sized(peer, sizeof(*peer), theirs)) {
            return dtt_refuse(DTT_EINVAL, why, cap, "the size of peer %zu is not right", i);
        }
        if (!dtt_config_takes_addr(&peer->addr)) {
            return dtt_refuse(DTT_EINVAL, why, cap, "nobody can be at the address of peer %zu", i);
        }
    }
    ours->cfg.peers = ours->peers;
    return DTT_OK;
}

int dtt_topic_args_read(struct dtt_topic_args *ours, const struct dtt_topic_config *theirs,
                        char *why, size_t cap)
{
    struct dtt_topic_config *cfg = &ours->cfg;
    if (!dtt_read_sized(cfg, sizeof(*cfg), theirs)) {
        return dtt_refuse(DTT_EINVAL, why, cap, "%s", dtt_size_sentence(theirs));
    }
    if (!cfg->name == !cfg->topic_hash) {
        return dtt_refuse(DTT_EINVAL, why, cap, "a topic has either a name or a topic_hash");
    }
    if (cfg->name && cfg->name[0] == '\0') {
        return dtt_refuse(DTT_EINVAL, why, cap, "the name of the topic is empty");
    }
    if (!cfg->secret || cfg->secret_len == 0) {
        return dtt_refuse(DTT_EINVAL, why, cap, "there is no secret");
    }
    if (cfg->flags & ~(unsigned)DTT_TOPIC_CLOSED) {
        return dtt_refuse(DTT_EINVAL, why, cap, "this version of the library has no flags 0x%x",
                          cfg->flags & ~(unsigned)DTT_TOPIC_CLOSED);
    }
    if ((cfg->flags & DTT_TOPIC_CLOSED) && !cfg->name) {
        return dtt_refuse(DTT_EINVAL, why, cap,
                          "a closed topic has a name; its hash alone is joined without the flag");
    }
    if (cfg->preset < DTT_PRESET_DEFAULT || cfg->preset > DTT_PRESET_RUST_0_3) {
        return dtt_refuse(DTT_EINVAL, why, cap, "there is no preset %d", cfg->preset);
    }
    if (cfg->tuning) {
        int err = dtt_tuning_check(cfg->tuning, cfg->preset, why, cap);
        if (err) {
            return err;
        }
        dtt_read_sized(&ours->tuning, sizeof(ours->tuning), cfg->tuning);
        cfg->tuning = &ours->tuning;
    }
    return read_peers(ours, why, cap);
}

int dtt_config_check(const struct dtt_config *cfg, char *why, size_t cap)
{
    struct dtt_config ours;
    return dtt_config_read(&ours, cfg, why, cap);
}

int dtt_topic_config_check(const struct dtt_topic_config *cfg, char *why, size_t cap)
{
    struct dtt_topic_args ours;
    return dtt_topic_args_read(&ours, cfg, why, cap);
}
