/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/io.h"

#include "dht/state.h"
#include "io/gateway.h"
#include "io/host.h"
#include "io/mdns.h"
#include "io/names.h"
#include "io/network.h"
#include "io/servers.h"
#include "io/spare_sockets.h"
#include "io/state_file.h"
#include "io/state_keeper.h"
#include "io/udp.h"
#include "io/upnp.h"
#include "node/core_dht.h"
#include "node/core_lan.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

/* The heap is trimmed when connections gave back so much, and not more often. */
#define TRIM_BYTES ((uint64_t)64 * 1024)
#define TRIM_EVERY_NS (10 * DTT_S)
/* Turns of libuv in which watchers may change once more before the timer has to help. */
#define STALE_ROUNDS 8
/* Batches read from one socket before everything else has its turn. */
#define READ_BATCHES 16
/* Datagrams of multicast DNS, likewise. */
#define MDNS_READS 64
/*
 * What a node and its loop open, and some for name servers and the state file. A node that begins
 * without them would half work, and libuv ends the process when it cannot make its first pipes.
 */
#define DESCRIPTORS 24
/* So long the end waits for a router that is to forget a mapping made by UPnP. */
#define UPNP_PATIENCE_MS 1000

enum { SOCKETS = 2 };

struct dtt_io {
    struct dtt_ctx *ctx;
    struct dtt_core *core;
    uv_loop_t loop;
    struct dtt_udp udp[SOCKETS];
    uv_poll_t poll[SOCKETS];
    bool is_blocked[SOCKETS]; /* the kernel took no more: waiting until it does */
    struct dtt_spare_sockets spares;
    struct dtt_udp_rx *rx;
    uv_async_t wake;
    bool is_woken;
    int timer_fd;
    uv_poll_t timer;
    uint64_t timer_ns;      /* what the timer is set to */
    bool is_stale;          /* watchers changed: libuv tells the kernel when it next polls */
    struct dtt_names names; /* of bootstrap hosts */
    struct dtt_network network;
    uv_poll_t network_poll;
    bool is_network_watched;
    bool needs_gateway; /* for a port mapping */
    struct dtt_upnp upnp;
    struct dtt_servers servers;
    bool has_lan;
    struct dtt_mdns mdns;
    uv_poll_t mdns_poll[SOCKETS];
    struct dtt_state_keeper *state; /* NULL: none is kept */
    uint64_t trim_ns;               /* not before then */
    uint64_t trim_freed;            /* QUIC_MEMORY_FREED when the heap was trimmed last */
    bool is_broken;
};

/* --------------------------------------------------------- multicast DNS */

static void on_mdns(uv_poll_t *handle, int status, int events)
{
    struct dtt_io *io = handle->loop->data;
    int side = handle == &io->mdns_poll[1];
    struct dtt_mdns_datagram d;
    (void)status;
    (void)events;
    for (int i = 0; i < MDNS_READS && dtt_mdns_recv(&io->mdns, side, &d); i++) {
        dtt_core_lan_recv(io->core, dtt_host_now(), d.index, &d.from, dtt_slice(d.data, d.len));
    }
}

static int watch_mdns(struct dtt_io *io)
{
    for (int i = 0; i < SOCKETS; i++) {
        if (io->mdns.fd[i] >= 0 &&
            (uv_poll_init(&io->loop, &io->mdns_poll[i], io->mdns.fd[i]) != 0 ||
             uv_poll_start(&io->mdns_poll[i], UV_READABLE, on_mdns) != 0)) {
            return DTT_EIO;
        }
    }
    return DTT_OK;
}

static void send_mdns(struct dtt_io *io, struct dtt_now now)
{
    struct dtt_lan_packet p;
    while (dtt_core_lan_next_packet(io->core, now, &p)) {
        DTT_COUNT_N(io->ctx, NODE_TX_FAILED, !dtt_mdns_send(&io->mdns, &p));
    }
}

/* --------------------------------------------------------------- sockets */

static void on_socket(uv_poll_t *handle, int status, int events);

static void watch(struct dtt_io *io, int i)
{
    int events = UV_READABLE | (io->is_blocked[i] ? UV_WRITABLE : 0);
    uv_poll_start(&io->poll[i], events, on_socket);
    io->is_stale = true;
}

static void read_socket(struct dtt_io *io, struct dtt_udp *u)
{
    for (int round = 0; round < READ_BATCHES; round++) {
        int n = dtt_udp_recv(u, io->rx);
        if (n <= 0) {
            io->is_broken = io->is_broken || n < 0;
            return;
        }
        struct dtt_now now = dtt_host_now();
        struct dtt_udp_datagram d;
        while (dtt_udp_next(u, io->rx, &d)) {
            dtt_core_recv(io->core, now, &d.to, &d.from, d.ecn, d.data);
        }
        /* Received stream bytes wait in QUIC until they are routed: do so before reading on. */
        dtt_core_run(io->core, now);
    }
}

static void on_socket(uv_poll_t *handle, int status, int events)
{
    struct dtt_io *io = handle->loop->data;
    int i = handle == &io->poll[1];
    struct dtt_addr addr;
    if (status < 0) {
        /* libuv stops watching when an ICMP error waits in the error queue. */
        while (dtt_udp_next_error(&io->udp[i], &addr)) {
            dtt_core_unreachable(io->core, dtt_host_now(), &addr);
        }
        watch(io, i);
    }
    if (events & UV_WRITABLE) {
        io->is_blocked[i] = false;
        watch(io, i);
    }
    read_socket(io, &io->udp[i]);
}

static int socket_of(const struct dtt_io *io, const struct dtt_addr *remote)
{
    for (int i = 0; i < SOCKETS; i++) {
        if (io->udp[i].fd >= 0 && io->udp[i].bound.family == remote->family) {
            return i;
        }
    }
    return -1;
}

static void on_spare(void *user, struct dtt_udp *u)
{
    read_socket(user, u);
}

/* Opens and closes spare sockets as the core wishes. */
static void keep_spares(struct dtt_io *io, struct dtt_now now)
{
    struct dtt_socket_wish wish;
    struct dtt_addr bound[DTT_SPARES_MAX];
    while (dtt_core_next_socket(io->core, &wish)) {
        if (wish.n_open > 0) {
            int i = socket_of(io, &(struct dtt_addr){.family = DTT_FAMILY_V4});
            size_t n =
                i < 0 ? 0
                      : dtt_spare_sockets_open(&io->spares, &io->udp[i].bound, wish.n_open, bound);
            dtt_core_opened(io->core, now, bound, n);
        } else {
            dtt_spare_sockets_close(&io->spares, &wish.close);
        }
        io->is_stale = true;
    }
}

static void send_from_spare(struct dtt_io *io, struct dtt_now now, const struct dtt_core_packet *p)
{
    bool is_knock = p->hops > 0;
    if (!dtt_spare_sockets_send(&io->spares, p)) {
        DTT_COUNT(io->ctx, NODE_TX_FAILED);
        if (is_knock) { /* of a connection it may have been a probe of its path */
            dtt_core_send_failed(io->core, now);
        }
    }
}

static void flush_socket(struct dtt_io *io, int i)
{
    if (!io->is_blocked[i] && dtt_udp_flush(&io->udp[i]) == DTT_EAGAIN) {
        io->is_blocked[i] = true;
        watch(io, i);
    }
    DTT_COUNT_N(io->ctx, NODE_TX_FAILED, io->udp[i].n_failed);
    io->udp[i].n_failed = 0;
}

/* A socket that takes no more keeps one batch; what does not fit is lost, as in any full queue. */
static void put_packet(struct dtt_io *io, int i, const struct dtt_core_packet *p)
{
    struct dtt_udp *u = &io->udp[i];
    bool is_put = dtt_udp_add(u, &p->local, &p->remote, p->ecn, p->hops, p->segment, p->data);
    if (!is_put) {
        flush_socket(io, i);
        is_put = !io->is_blocked[i] &&
                 dtt_udp_add(u, &p->local, &p->remote, p->ecn, p->hops, p->segment, p->data);
    }
    DTT_COUNT_N(io->ctx, NODE_TX_FAILED, !is_put);
}

static bool takes_packets(const struct dtt_io *io)
{
    bool is_any = false;
    for (int i = 0; i < SOCKETS; i++) {
        is_any |= io->udp[i].fd >= 0 && !io->is_blocked[i];
    }
    return is_any;
}

/* True when there was something to tell. */
static bool tell_routeless(struct dtt_io *io, struct dtt_now now)
{
    struct dtt_addr addr;
    bool is_any = false;
    for (int i = 0; i < SOCKETS; i++) {
        while (dtt_udp_next_routeless(&io->udp[i], &addr)) {
            dtt_core_no_route(io->core, now, &addr);
            is_any = true;
        }
    }
    return is_any;
}

static void send_all(struct dtt_io *io, struct dtt_now now)
{
    struct dtt_core_packet p;
    dtt_core_settle(io->core, now);
    send_mdns(io, now);
    keep_spares(io, now);
    dtt_servers_run(&io->servers, now);
    while (takes_packets(io) && dtt_core_next_packet(io->core, now, &p)) {
        int i = socket_of(io, &p.remote);
        if (p.is_relayed) {
            dtt_relay_clients_send(&io->servers.relays, now, &p);
        } else if (dtt_spare_sockets_has(&io->spares, &p)) {
            send_from_spare(io, now, &p);
        } else if (i >= 0) {
            put_packet(io, i, &p);
        }
    }
    for (int i = 0; i < SOCKETS; i++) {
        if (io->udp[i].fd >= 0) {
            flush_socket(io, i);
        }
    }
}

static void send_packets(struct dtt_io *io, struct dtt_now now)
{
    send_all(io, now);
    if (tell_routeless(io, now)) {
        send_all(io, now); /* another address, which was waiting for its turn */
    }
}

/* ----------------------------------------------------------------- timer */

static void on_timer(uv_poll_t *handle, int status, int events)
{
    struct dtt_io *io = handle->loop->data;
    uint64_t count;
    (void)status;
    (void)events;
    (void)!read(io->timer_fd, &count, sizeof(count));
    io->timer_ns = DTT_NEVER;
}

static uint64_t deadline(const struct dtt_io *io)
{
    if (io->is_stale || !dtt_events_is_empty(dtt_core_events(io->core))) {
        return 0;
    }
    uint64_t t = dtt_core_deadline(io->core);
    if (io->state) {
        t = dtt_min_ns(t, dtt_state_keeper_deadline(io->state));
    }
    t = dtt_min_ns(t, dtt_network_deadline(&io->network));
    t = dtt_min_ns(t, dtt_servers_deadline(&io->servers));
    return dtt_min_ns(t, dtt_names_deadline(&io->names));
}

/*
 * The timer makes our descriptor readable at the deadline, and while events are queued, so that
 * plain poll() is enough.
 */
static void set_timer(struct dtt_io *io)
{
    uint64_t t = deadline(io);
    if (t == io->timer_ns) {
        return;
    }
    struct itimerspec spec = {0};
    if (t != DTT_NEVER) {
        spec.it_value.tv_sec = (time_t)(t / DTT_S);
        spec.it_value.tv_nsec = t ? (long)(t % DTT_S) : 1; /* All zero would disarm it. */
    }
    timerfd_settime(io->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
    io->timer_ns = t;
}

static void on_wake(uv_async_t *handle)
{
    struct dtt_io *io = handle->loop->data;
    io->is_woken = true;
}

/* ----------------------------------------------------------------- names */

static void count_resolving(void *user, struct dtt_now now)
{
    struct dtt_io *io = user;
    unsigned n, threadless;
    dtt_names_count(&io->names, &n, &threadless);
    dtt_core_set_resolving(io->core, now, n, threadless);
}

static void add_bootstrap(void *user, struct dtt_now now, const struct dtt_addr *addr)
{
    struct dtt_io *io = user;
    dtt_core_add_bootstrap(io->core, now, addr);
    dtt_network_add_contact(&io->network, now, addr);
}

static int add_host(struct dtt_io *io, const char *text, struct dtt_now now)
{
    struct dtt_addr addr;
    if (dtt_addr_parse(text, &addr) == DTT_OK) {
        add_bootstrap(io, now, &addr);
        return DTT_OK;
    }
    io->is_stale = true;
    return dtt_names_add(&io->names, now, text);
}

/* --------------------------------------------------------------- network */

static void on_network(uv_poll_t *handle, int status, int events)
{
    struct dtt_io *io = handle->loop->data;
    (void)status;
    (void)events;
    uv_poll_stop(handle); /* until the look: it may go on and on */
    io->is_network_watched = false;
    dtt_network_heard(&io->network, dtt_host_now());
}

static void watch_network(struct dtt_io *io)
{
    if (io->network.fd >= 0 && !io->is_network_watched) {
        uv_poll_start(&io->network_poll, UV_READABLE, on_network);
        io->is_network_watched = io->is_stale = true;
    }
}

/* It is reached from the address to which our IPv4 socket is bound, if it is to one. */
static void find_gateway(struct dtt_io *io, struct dtt_now now)
{
    struct dtt_addr gateway = {0};
    struct dtt_addr client = {0};
    for (int i = 0; i < SOCKETS; i++) {
        if (io->udp[i].fd >= 0 && io->udp[i].bound.family == DTT_FAMILY_V4) {
            (void)dtt_gateway_read(&io->udp[i].bound, &gateway, &client);
        }
    }
    dtt_core_set_gateway(io->core, now, &gateway, &client);
}

static void look_at_network(struct dtt_io *io, struct dtt_now now)
{
    unsigned changes = dtt_network_look(&io->network, now);
    if (changes & DTT_NETWORK_LOOKED && io->has_lan) {
        dtt_mdns_look(&io->mdns, io->network.bound);
        dtt_core_lan_set_links(io->core, now, io->mdns.links, io->mdns.n_links);
    }
    if (changes & DTT_NETWORK_MOVED) {
        dtt_core_moved(io->core, now);
    }
    if (changes & DTT_NETWORK_ADDRS) {
        dtt_core_set_local_addrs(io->core, now, io->network.addrs, io->network.n_addrs);
    }
    if (changes && io->needs_gateway) {
        find_gateway(io, now);
    }
    if (dtt_network_deadline(&io->network) == DTT_NEVER) {
        watch_network(io);
    }
}

/* ------------------------------------------------------------------ UPnP */

static void run_upnp(struct dtt_io *io, struct dtt_now now)
{
    struct dtt_portmap_job job;
    struct dtt_portmap_done done;
    if (dtt_upnp_take(&io->upnp, &done)) {
        dtt_core_upnp_done(io->core, now, &done);
    }
    while (dtt_core_next_upnp(io->core, now, &job)) {
        if (dtt_upnp_start(&io->upnp, &job)) {
            io->is_stale = true;
        } else {
            done = (struct dtt_portmap_done){.code = DTT_UPNP_BROKEN};
            dtt_core_upnp_done(io->core, now, &done);
        }
    }
}

/* A mapping for ever is given back; a router that takes its time is not waited for. */
static void end_upnp(struct dtt_io *io, struct dtt_now now)
{
    struct dtt_portmap_job job;
    if (dtt_core_next_upnp(io->core, now, &job)) {
        (void)dtt_upnp_start(&io->upnp, &job);
    }
    dtt_upnp_wait_unmapped(&io->upnp, UPNP_PATIENCE_MS);
    dtt_upnp_close(&io->upnp);
}

/* ----------------------------------------------------------------- state */

static int load_state(struct dtt_io *io, const char *path, struct dtt_now now)
{
    uint8_t buf[DTT_DHT_STATE_MAX];
    if (!path) {
        return DTT_OK;
    }
    int err = dtt_state_keeper_new(&io->state, path, &io->loop, io->ctx, dtt_core_events(io->core));
    if (err) {
        return err;
    }
    int len = dtt_state_file_read(dtt_state_keeper_path(io->state), buf, sizeof(buf));
    int nodes = len > 0 ? dtt_core_dht_restore(io->core, now, dtt_slice(buf, (size_t)len)) : len;
    if (nodes == DTT_ENOMEM) {
        return nodes;
    }
    if (nodes < 0) { /* a cold start then */
        dtt_state_keeper_refuse(io->state, now, nodes);
    } else if (len > 0) {
        DTT_TRACE(io->ctx, IO_STATE_READ, dtt_tv_int(nodes));
    }
    return DTT_OK;
}

/* Writes what is worth keeping: when we know nobody, whatever the file says is better. */
static struct dtt_slice state_of(struct dtt_io *io, uint8_t buf[DTT_DHT_STATE_MAX])
{
    int len = dtt_core_dht_state(io->core, buf, DTT_DHT_STATE_MAX);
    return dtt_slice(buf, len > 0 ? (size_t)len : 0);
}

static void keep_state(struct dtt_io *io, struct dtt_now now)
{
    uint8_t buf[DTT_DHT_STATE_MAX];
    if (io->state && dtt_state_keeper_run(io->state, now)) {
        dtt_state_keeper_save(io->state, now, state_of(io, buf));
        io->is_stale = true;
    }
}

bool dtt_io_save_state(struct dtt_io *io)
{
    if (io->state) {
        dtt_state_keeper_ask(io->state, dtt_host_now());
        set_timer(io);
    }
    return io->state != NULL;
}

/* ------------------------------------------------------------- life cycle */

static int open_sockets(struct dtt_io *io, const struct dtt_io_config *cfg)
{
    int first_error = DTT_OK;
    int opened = 0;
    for (int i = 0; i < SOCKETS; i++) {
        if (cfg->listen[i].family == DTT_FAMILY_NONE) {
            continue;
        }
        int err = dtt_udp_open(&io->udp[i], &cfg->listen[i]);
        if (err && !cfg->listen_is_default) {
            return err;
        }
        first_error = first_error ? first_error : err;
        opened += err == DTT_OK;
    }
    return opened ? DTT_OK : first_error ? first_error : DTT_EINVAL;
}

static int open_watchers(struct dtt_io *io)
{
    if (uv_loop_init(&io->loop) != 0) {
        return DTT_EIO;
    }
    io->loop.data = io;
    io->spares = (struct dtt_spare_sockets){.loop = &io->loop, .user = io, .on_readable = on_spare};
    io->timer_ns = DTT_NEVER;
    io->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (io->timer_fd < 0 || uv_async_init(&io->loop, &io->wake, on_wake) != 0 ||
        uv_poll_init(&io->loop, &io->timer, io->timer_fd) != 0 ||
        uv_poll_start(&io->timer, UV_READABLE, on_timer) != 0) {
        return DTT_EIO;
    }
    dtt_upnp_init(&io->upnp, &io->loop);
    dtt_network_init(&io->network, dtt_host_now(),
                     (const struct dtt_addr[]){io->udp[0].bound, io->udp[1].bound});
    if (io->network.fd >= 0 && uv_poll_init(&io->loop, &io->network_poll, io->network.fd) != 0) {
        dtt_network_fini(&io->network);
    }
    for (int i = 0; i < SOCKETS; i++) {
        if (io->udp[i].fd >= 0) {
            if (uv_poll_init(&io->loop, &io->poll[i], io->udp[i].fd) != 0) {
                return DTT_EIO;
            }
            watch(io, i);
        }
    }
    if (io->has_lan) {
        dtt_mdns_open(&io->mdns, io->ctx, io->network.bound);
    }
    return watch_mdns(io);
}

/* Before anything is read or received, so that it is the first event of all. */
static void tell_listening(struct dtt_io *io)
{
    struct dtt_event ev = {.type = DTT_EVENT_LISTENING};
    ev.u.listening.id = *dtt_core_id(io->core);
    ev.u.listening.n_addrs = dtt_io_bound(io, ev.u.listening.addrs);
    dtt_events_push(dtt_core_events(io->core), dtt_host_now(), &ev, dtt_slice(NULL, 0));
}

static int open_core(struct dtt_io *io, const struct dtt_io_config *cfg)
{
    struct dtt_core_config core = {.ctx = cfg->ctx,
                                   .dht_only = cfg->dht_only,
                                   .read_only = cfg->read_only,
                                   .portmap = cfg->portmap,
                                   .has_lan = io->has_lan,
                                   .is_lan_iroh = cfg->is_lan_iroh,
                                   .pkarr = cfg->pkarr,
                                   .n_pkarr = cfg->n_pkarr,
                                   .dns_origins = cfg->dns_origins,
                                   .n_dns_origins = cfg->n_dns_origins,
                                   .is_addrs_public = cfg->is_addrs_public,
                                   .relays = cfg->relays,
                                   .n_relays = cfg->n_relays};
    struct dtt_now now = dtt_host_now();
    memcpy(core.node_seed, cfg->node_seed, sizeof(core.node_seed));
    for (int i = 0; i < SOCKETS; i++) {
        core.bound[i] = io->udp[i].bound;
    }
    int err = dtt_core_new(&io->core, &core, now);
    sodium_memzero(&core, sizeof(core));
    if (!err) {
        tell_listening(io);
        err = load_state(io, cfg->state_file, now);
    }
    if (err) {
        return err;
    }
    io->names = (struct dtt_names){.ctx = io->ctx,
                                   .loop = &io->loop,
                                   .user = io,
                                   .on_address = add_bootstrap,
                                   .on_end = count_resolving};
    io->servers = (struct dtt_servers){
        .ctx = io->ctx, .core = io->core, .loop = &io->loop, .is_stale = &io->is_stale};
    err = dtt_servers_init(&io->servers, now, cfg);
    err = err ? err : dtt_names_init(&io->names, cfg->n_hosts);
    for (size_t i = 0; i < cfg->n_hosts && !err; i++) {
        err = add_host(io, cfg->hosts[i], now);
    }
    io->needs_gateway = cfg->portmap != DTT_CORE_PORTMAP_OFF;
    dtt_core_set_upnp(io->core, dtt_upnp_is_there());
    look_at_network(io, now);
    count_resolving(io, now);
    return err;
}

int dtt_io_open(struct dtt_io **ret, const struct dtt_io_config *cfg)
{
    struct dtt_io *io = calloc(1, sizeof(*io));
    if (!io) {
        return DTT_ENOMEM;
    }
    io->ctx = cfg->ctx;
    io->timer_fd = -1;
    io->udp[0].fd = io->udp[1].fd = io->network.fd = -1;
    io->has_lan = cfg->has_lan && !cfg->dht_only;
    dtt_mdns_init(&io->mdns);
    io->rx = dtt_udp_rx_new();
    int err = io->rx ? dtt_host_descriptors(DESCRIPTORS) : DTT_ENOMEM;
    if (!err) {
        err = open_sockets(io, cfg);
    }
    if (!err) {
        err = open_watchers(io);
    }
    if (!err) {
        err = open_core(io, cfg);
    }
    if (err) {
        dtt_io_close(io);
        return err;
    }
    dtt_io_process(io);
    *ret = io;
    return DTT_OK;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

void dtt_io_close(struct dtt_io *io)
{
    uint8_t buf[DTT_DHT_STATE_MAX];
    if (!io) {
        return;
    }
    if (io->core) {
        struct dtt_now now = dtt_host_now();
        dtt_core_shutdown(io->core, now);
        send_packets(io, now);
        end_upnp(io, now);
        struct dtt_slice known = state_of(io, buf);
        dtt_core_hang_up(io->core, now);
        send_packets(io, now);
        if (io->state) {
            dtt_state_keeper_close(io->state, now, known);
        }
        dtt_servers_fini(&io->servers);
        dtt_core_free(io->core);
    }
    if (io->loop.data) {
        dtt_spare_sockets_fini(&io->spares);
        uv_walk(&io->loop, close_handle, NULL);
        uv_run(&io->loop, UV_RUN_DEFAULT);
        uv_loop_close(&io->loop);
    }
    dtt_names_fini(&io->names);
    dtt_state_keeper_free(io->state);
    if (io->timer_fd >= 0) {
        close(io->timer_fd);
    }
    dtt_network_fini(&io->network);
    dtt_mdns_close(&io->mdns);
    dtt_udp_close(&io->udp[0]);
    dtt_udp_close(&io->udp[1]);
    dtt_udp_rx_free(io->rx);
    free(io);
}

struct dtt_core *dtt_io_core(struct dtt_io *io)
{
    return io->core;
}

struct dtt_now dtt_io_now(const struct dtt_io *io)
{
    (void)io;
    return dtt_host_now();
}

size_t dtt_io_bound(const struct dtt_io *io, struct dtt_addr ret[2])
{
    size_t n = 0;
    for (int i = 0; i < SOCKETS; i++) {
        if (io->udp[i].fd >= 0) {
            ret[n++] = io->udp[i].bound;
        }
    }
    return n;
}

int dtt_io_fd(const struct dtt_io *io)
{
    return uv_backend_fd(&io->loop);
}

int dtt_io_timeout_ms(const struct dtt_io *io)
{
    uint64_t t = deadline(io);
    uint64_t now = dtt_host_now().mono_ns;
    if (t == DTT_NEVER) {
        return -1;
    }
    if (t <= now) {
        return 0;
    }
    uint64_t ms = (t - now + DTT_MS - 1) / DTT_MS;
    return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

int dtt_io_wait(const struct dtt_io *io, int timeout_ms)
{
    struct pollfd p = {.fd = dtt_io_fd(io), .events = POLLIN};
    return poll(&p, 1, io->is_woken ? 0 : timeout_ms) < 0 && errno != EINTR ? DTT_EIO : DTT_OK;
}

const struct dtt_event *dtt_io_next_event(struct dtt_io *io)
{
    const struct dtt_event *ev = dtt_events_next(dtt_core_events(io->core));
    if (io->timer_ns == 0) {
        set_timer(io);
    }
    return ev;
}

/*
 * glibc keeps what is freed below the end of its heap. After a crowd has left, the node would stay
 * as large as it has ever been.
 */
static void trim_heap(struct dtt_io *io, struct dtt_now now)
{
    uint64_t freed = io->ctx->counters[DTT_COUNTER_QUIC_MEMORY_FREED];
    if (freed - io->trim_freed < TRIM_BYTES || now.mono_ns < io->trim_ns) {
        return;
    }
    io->trim_freed = freed;
    io->trim_ns = now.mono_ns + TRIM_EVERY_NS;
    dtt_host_trim_heap();
}

int dtt_io_process(struct dtt_io *io)
{
    uv_run(&io->loop, UV_RUN_NOWAIT);
    struct dtt_now now = dtt_host_now();
    if (dtt_names_tick(&io->names, now)) {
        io->is_stale = true;
        count_resolving(io, now);
    }
    look_at_network(io, now);
    keep_state(io, now);
    run_upnp(io, now);
    dtt_core_run(io->core, now);
    dtt_io_flush(io);
    trim_heap(io, now);
    return io->is_broken ? DTT_EIO : DTT_OK;
}

void dtt_io_flush(struct dtt_io *io)
{
    send_packets(io, dtt_host_now());
    set_timer(io);
    /* Only a poll of libuv's hands changed watchers to the kernel. What it finds may change them
     * again (an ICMP error stops one); unwatched, we would be deaf until the next timer. */
    for (int i = 0; io->is_stale && i < STALE_ROUNDS; i++) {
        io->is_stale = false;
        uv_run(&io->loop, UV_RUN_NOWAIT);
        send_packets(io, dtt_host_now());
        set_timer(io);
    }
}

void dtt_io_wake(struct dtt_io *io)
{
    uv_async_send(&io->wake);
}

bool dtt_io_take_wake(struct dtt_io *io)
{
    bool woken = io->is_woken;
    io->is_woken = false;
    return woken;
}
