/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "api/node_priv.h"
#include "io/host.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

/* The hosts that Mainline clients start from. */
static const char *const public_bootstrap[] = {
    "router.bittorrent.com:6881",
    "dht.transmissionbt.com:6881",
    "dht.libtorrent.org:25401",
    "relay.pkarr.org:6881",
};

#define N_PUBLIC_BOOTSTRAP (sizeof(public_bootstrap) / sizeof(public_bootstrap[0]))

const char *dtt_public_bootstrap(size_t i)
{
    return i < N_PUBLIC_BOOTSTRAP ? public_bootstrap[i] : NULL;
}

static void keep_log_line(void *user, const struct dtt_trace_record *rec)
{
    struct dtt_node *n = user;
    struct dtt_log_line *line = dtt_ring_push(&n->log);
    if (!line) {
        n->log_lost++;
        return;
    }
    line->level = (int)dtt_trace_point_level(rec->point);
    dtt_trace_format(rec, line->text, sizeof(line->text));
}

/* Our config for the driver. */
static int drive_by(const struct dtt_config *cfg, struct dtt_io_config *io)
{
    io->dht_only = (cfg->flags & DTT_NODE_DHT_ONLY) != 0;
    io->read_only = (cfg->flags & DTT_NODE_READ_ONLY) != 0;
    io->portmap = cfg->flags & DTT_NODE_NO_PORTMAP ? DTT_CORE_PORTMAP_OFF
                  : cfg->flags & DTT_NODE_PORTMAP  ? DTT_CORE_PORTMAP_ALWAYS
                  : io->dht_only                   ? DTT_CORE_PORTMAP_OFF
                                                   : DTT_CORE_PORTMAP_TOPICS;
    io->has_lan = (cfg->flags & DTT_NODE_NO_LAN) == 0;
    io->is_lan_iroh = (cfg->flags & DTT_NODE_LAN_IROH) != 0;
    io->state_file = cfg->state_file;
    io->pkarr = cfg->pkarr;
    io->n_pkarr = cfg->n_pkarr;
    io->dns_origins = cfg->dns_origins;
    io->n_dns_origins = cfg->n_dns_origins;
    io->is_addrs_public = (cfg->flags & DTT_NODE_PUBLISH_ADDRS) != 0;
    io->ca_file = cfg->ca_file;
    io->relays = cfg->relays;
    io->n_relays = cfg->n_relays;
    io->listen_is_default = cfg->n_listen == 0;
    if (io->listen_is_default) {
        io->listen[0] = (struct dtt_addr){.family = DTT_FAMILY_V4};
        io->listen[1] = (struct dtt_addr){.family = DTT_FAMILY_V6};
    }
    for (size_t i = 0; i < cfg->n_listen; i++) {
        dtt_addr_parse(cfg->listen[i], &io->listen[i]);
    }
    if (cfg->n_bootstrap > 0) {
        io->hosts = cfg->bootstrap;
        io->n_hosts = cfg->n_bootstrap;
    } else if (!(cfg->flags & DTT_NODE_NO_BOOTSTRAP)) {
        io->hosts = public_bootstrap;
        io->n_hosts = N_PUBLIC_BOOTSTRAP;
    }
    if (cfg->seed) {
        memcpy(io->node_seed, cfg->seed, sizeof(io->node_seed));
        return DTT_OK;
    }
    return dtt_host_entropy(io->node_seed, sizeof(io->node_seed));
}

static int start_memo(struct dtt_node *n)
{
    uint8_t key[DTT_MEMO_KEY_BYTES];
    struct dtt_rng rng;
    dtt_rng_init(&rng, n->ctx.seed, "memo");
    dtt_rng_bytes(&rng, key, sizeof(key));
    dtt_rng_fini(&rng);
    n->ctx.valid = &n->valid;
    int err = dtt_memo_init(&n->valid, key, DTT_NODE_VALID, 0);
    sodium_memzero(key, sizeof(key));
    return err;
}

int dtt_node_open(dtt_node **ret, const struct dtt_config *config)
{
    struct dtt_io_config io = {0};
    struct dtt_config cfg;
    int err = ret ? dtt_config_read(&cfg, config, NULL, 0) : DTT_EINVAL;
    if (err) {
        return err;
    }
    if (sodium_init() < 0) {
        return DTT_ECRYPTO;
    }
    struct dtt_node *n = calloc(1, sizeof(*n));
    if (!n) {
        return DTT_ENOMEM;
    }
    dtt_ring_init(&n->log, sizeof(struct dtt_log_line), DTT_LOG_LINES_MAX);
    n->ctx.trace = (struct dtt_trace){
        .level = (enum dtt_trace_level)cfg.log_level, .sink = keep_log_line, .user = n};
    err = drive_by(&cfg, &io);
    if (!err) {
        err = dtt_host_entropy(n->ctx.seed, sizeof(n->ctx.seed));
    }
    if (!err) {
        err = start_memo(n);
    }
    if (!err) {
        io.ctx = &n->ctx;
        err = dtt_io_open(&n->io, &io);
    }
    sodium_memzero(&io, sizeof(io));
    if (err) {
        dtt_node_close(n);
        return err;
    }
    *ret = n;
    return DTT_OK;
}

dtt_node *dtt_node_close(dtt_node *n)
{
    if (n) {
        dtt_io_close(n->io);
        dtt_ring_fini(&n->log);
        dtt_memo_fini(&n->valid);
        sodium_memzero(&n->ctx, sizeof(n->ctx));
        free(n);
    }
    return NULL;
}

const struct dtt_id *dtt_node_id(const dtt_node *n)
{
    return dtt_core_id(dtt_io_core(n->io));
}

size_t dtt_node_addrs(const dtt_node *n, struct dtt_addr *ret, size_t cap)
{
    struct dtt_addr bound[2];
    size_t count = dtt_io_bound(n->io, bound);
    for (size_t i = 0; i < count && i < cap; i++) {
        ret[i] = bound[i];
    }
    return count;
}

dtt_fd dtt_node_fd(const dtt_node *n)
{
    return dtt_io_fd(n->io);
}

int dtt_node_timeout_ms(const dtt_node *n)
{
    return dtt_io_timeout_ms(n->io);
}

int dtt_node_process(dtt_node *n)
{
    return dtt_io_process(n->io);
}

int dtt_node_wait(dtt_node *n, int timeout_ms)
{
    int err = dtt_io_wait(n->io, timeout_ms);
    if (!err) {
        err = dtt_io_process(n->io);
    }
    return dtt_io_take_wake(n->io) && !err ? 1 : err;
}

void dtt_node_wake(dtt_node *n)
{
    dtt_io_wake(n->io);
}

int dtt_node_add_dht_node(dtt_node *n, const struct dtt_addr *addr)
{
    if (!n || !addr || !dtt_addr_is_usable(addr)) {
        return DTT_EINVAL;
    }
    dtt_core_add_bootstrap(dtt_io_core(n->io), dtt_io_now(n->io), addr);
    dtt_io_flush(n->io);
    return DTT_OK;
}

int dtt_node_save_state(dtt_node *n)
{
    return dtt_io_save_state(n->io) ? DTT_OK : DTT_ESTATE;
}

const char *dtt_node_next_log(dtt_node *n, int *ret_level)
{
    const struct dtt_log_line *line = dtt_ring_front(&n->log);
    if (!line && n->log_lost == 0) {
        return NULL;
    }
    if (line) {
        n->log_out = *line;
        dtt_ring_pop(&n->log);
    } else {
        n->log_out.level = DTT_LOG_WARN;
        snprintf(n->log_out.text, sizeof(n->log_out.text), "log lost lines=%llu",
                 (unsigned long long)n->log_lost);
        n->log_lost = 0;
    }
    if (ret_level) {
        *ret_level = n->log_out.level;
    }
    return n->log_out.text;
}

const struct dtt_event *dtt_node_next_event(dtt_node *n)
{
    return dtt_io_next_event(n->io);
}

int dtt_seed_generate(uint8_t ret[DTT_SEED_BYTES])
{
    return dtt_host_entropy(ret, DTT_SEED_BYTES);
}
