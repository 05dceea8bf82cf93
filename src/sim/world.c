/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/world.h"

#include "base/array.h"
#include "node/core_lan.h"
#include "node/core_relays.h"
#include "quic/demux.h"
#include "quic/quic.h"
#include "sim/home.h"
#include "sim/sim.h"

#include <stdlib.h>

#define HOSTS_MAX 200000
#define VALID (1u << 18)  /* signatures and keys remembered */
#define OPENED (1u << 14) /* and records */
#define IP_UDP_HEADER 28
#define MILLION 1000000
#define TRACE_BYTES 16
#define HOPS 64                    /* of a packet that is not told otherwise */
#define HOPS_FAR 8                 /* of the internet, without the NATs at its edge */
#define RELAY_RTT_NS (20 * DTT_MS) /* of the first relay; each further one is slower by as much */
#define RELAY_AGAIN_NS DTT_S       /* a relay that is back is found within this */
#define HOME_US 1000 /* one way between hosts of a home, or back from the NAT before it */

/* What the trace hash covers: a number each. */
enum { TRACE_PACKET = 1, TRACE_EVENT };

struct packet {
    struct dtt_sim_event event;
    uint32_t from_host;
    uint32_t hops;
    struct dtt_sim_nat *turn;              /* see struct dtt_sim_way */
    struct dtt_sim_host *direct;           /* likewise */
    const struct dtt_sim_host *relayed_to; /**< it goes by a relay; NULL: it does not */
    size_t relay;
    struct dtt_addr from, to;
    size_t len;
    uint8_t data[];
};

/* One way 13 to 120 ms. */
static const struct dtt_sim_links internet = {.min_us = 13000,
                                              .max_us = 120000,
                                              .jitter_us = 5000,
                                              .loss_ppm = 10000,
                                              .late_ppm = 2000,
                                              .late_us = 50000,
                                              .mtu = 1500};

static void on_trace(void *user, const struct dtt_trace_record *rec)
{
    struct dtt_sim_host *h = user;
    h->world->hooks.trace(h->world->hooks.user, h, rec);
}

/* What is called next is code of this host's node. */
static void enter(const struct dtt_sim_host *h)
{
    const struct dtt_sim_watch *watch = h->world->hooks.watch;
    if (watch) {
        watch->inside(watch->user, h->number);
    }
}

int dtt_sim_world_init(struct dtt_sim_world *w, uint64_t seed)
{
    uint8_t bytes[DTT_RNG_SEED_BYTES] = {0};
    uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
    memset(w, 0, sizeof(*w));
    dtt_put_le64(bytes, seed);
    w->seed = seed;
    dtt_rng_init(&w->rng, bytes, "sim.world");
    dtt_rng_bytes(&w->rng, hash_key, sizeof(hash_key));
    dtt_map_init(&w->by_ip, sizeof(((struct dtt_sim_host *)0)->ip), HOSTS_MAX, hash_key);
    dtt_map_init(&w->nats_by_ip, sizeof(((struct dtt_sim_host *)0)->ip), HOSTS_MAX, hash_key);
    dtt_map_init(&w->by_id, sizeof(struct dtt_id), HOSTS_MAX, hash_key);
    dtt_timerq_init(&w->queue);
    /* Any second of a minute may be the first. */
    w->epoch_ns = (int64_t)((1740000000 + dtt_rng_below(&w->rng, 60)) * DTT_S);
    w->links = internet;
    crypto_generichash_init(&w->trace, NULL, 0, TRACE_BYTES);
    /* No node here attacks the hash: any key does. */
    int err = dtt_memo_init(&w->valid, bytes, VALID, 0);
    if (!err) {
        err = dtt_memo_init(&w->opened, bytes, OPENED, sizeof(struct dtt_record_info));
    }
    if (err) {
        dtt_sim_world_fini(w);
    }
    return err;
}

static void host_free(struct dtt_sim_host *h)
{
    dtt_core_free(h->core);
    if (h->foreign) {
        h->foreign_free(h->foreign);
    }
    free(h);
}

void dtt_sim_world_fini(struct dtt_sim_world *w)
{
    struct dtt_timer *t;
    while ((t = dtt_timerq_pop(&w->queue, DTT_NEVER)) != NULL) {
        struct dtt_sim_event *e = DTT_TIMER_OWNER(t, struct dtt_sim_event, timer);
        if (e->kind == DTT_SIM_EV_PACKET) {
            free(e);
        }
    }
    dtt_timerq_fini(&w->queue);
    for (size_t i = 0; i < w->n_hosts; i++) {
        host_free(w->hosts[i]);
    }
    free(w->hosts);
    for (size_t i = 0; i < w->n_nats; i++) {
        dtt_sim_nat_fini(w->nats[i]);
        free(w->nats[i]);
    }
    free(w->nats);
    dtt_map_fini(&w->by_ip);
    dtt_map_fini(&w->nats_by_ip);
    dtt_map_fini(&w->by_id);
    dtt_memo_fini(&w->valid);
    dtt_memo_fini(&w->opened);
    dtt_rng_fini(&w->rng);
}

void dtt_sim_world_trace(struct dtt_sim_world *w, uint32_t what, uint32_t subject, uint64_t value)
{
    uint8_t line[24];
    dtt_put_le64(line, w->t_ns);
    dtt_put_le32(line + 8, what);
    dtt_put_le32(line + 12, subject);
    dtt_put_le64(line + 16, value);
    crypto_generichash_update(&w->trace, line, sizeof(line));
}

void dtt_sim_world_trace_hash(const struct dtt_sim_world *w, char ret[33])
{
    crypto_generichash_state copy = w->trace;
    uint8_t hash[TRACE_BYTES];
    crypto_generichash_final(&copy, hash, sizeof(hash));
    sodium_bin2hex(ret, 33, hash, sizeof(hash));
}

/* ------------------------------------------------------------------ links */

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* A number in [0, 2^32) that belongs to this pair of hosts for good. */
static uint32_t pair_number(const struct dtt_sim_world *w, uint32_t a, uint32_t b)
{
    uint64_t low = a < b ? a : b;
    uint64_t high = a < b ? b : a;
    return (uint32_t)(mix(mix(w->seed) ^ (high << 32 | low)) >> 32);
}

/* Log-uniform in whole numbers: octaves of equal weight, straight within each. */
static uint64_t log_uniform_us(uint32_t min_us, uint32_t max_us, uint32_t number)
{
    uint64_t octaves = 0; /* 16 bits of fraction */
    uint64_t top = min_us;
    while (2 * top <= max_us) {
        top *= 2;
        octaves += 1 << 16;
    }
    octaves += ((max_us - top) << 16) / top;
    uint64_t at = octaves * number >> 32;
    uint64_t low = (uint64_t)min_us << (at >> 16);
    return low + (low * (at & 0xffff) >> 16);
}

static uint64_t delay_us(const struct dtt_sim_world *w, uint32_t a, uint32_t b)
{
    const struct dtt_sim_links *l = &w->links;
    uint32_t number = pair_number(w, a, b);
    if (l->is_uniform) {
        return l->min_us + ((uint64_t)(l->max_us - l->min_us) * number >> 32);
    }
    return log_uniform_us(l->min_us, l->max_us, number);
}

/* Whether a datagram gets lost, and how much longer than the link's delay it takes. */
static bool is_lost(struct dtt_sim_world *w, uint64_t *ret_extra_us)
{
    const struct dtt_sim_links *l = &w->links;
    uint64_t draw = dtt_rng_u64(&w->rng);
    uint32_t fate = (uint32_t)((draw & 0xffffffff) * MILLION >> 32);
    *ret_extra_us = (draw >> 32) * l->jitter_us >> 32;
    if (fate >= l->loss_ppm && fate < l->loss_ppm + l->late_ppm) {
        *ret_extra_us += l->late_us;
    }
    return fate < l->loss_ppm;
}

/* ---------------------------------------------------------------- packets */

struct dtt_addr dtt_sim_host_global(const struct dtt_sim_host *h)
{
    return dtt_addr_v4(h->ip[0], h->ip[1], h->ip[2], h->ip[3], h->nat ? 0 : DTT_SIM_PORT);
}

static struct dtt_sim_host *host_at(const struct dtt_sim_world *w, const struct dtt_addr *a)
{
    return a->family == DTT_FAMILY_V4 ? dtt_map_get(&w->by_ip, a->ip) : NULL;
}

static struct dtt_sim_nat *nat_at(const struct dtt_sim_world *w, const struct dtt_addr *a)
{
    return a->family == DTT_FAMILY_V4 ? dtt_map_get(&w->nats_by_ip, a->ip) : NULL;
}

/* The host at the end of a datagram's way, or the first one behind the NAT there: who it is for is
 * known when it comes. NULL: there is nobody. */
static const struct dtt_sim_host *far_end(const struct dtt_sim_world *w,
                                          const struct dtt_sim_way *way, const struct dtt_addr *to)
{
    const struct dtt_sim_nat *nat = way->turn ? way->turn : nat_at(w, to);
    if (way->direct) {
        return way->direct;
    }
    return nat ? w->hosts[nat->host] : host_at(w, to);
}

static bool crosses_internet(const struct dtt_sim_way *way)
{
    return !way->turn && !way->direct;
}

/* Whether the network carries a datagram from `h` to `target`, if it is not lost by chance. */
static bool can_pass(const struct dtt_sim_host *h, const struct dtt_sim_way *way,
                     const struct dtt_sim_host *target, size_t len)
{
    const struct dtt_sim_world *w = h->world;
    bool is_blocked = h->is_blocked || (target && target->is_blocked);
    return target && !is_blocked && way->from.port != 0 && len + IP_UDP_HEADER <= w->links.mtu &&
           (!crosses_internet(way) ||
            (way->hops >= HOPS_FAR && (!w->is_cut || target->island == h->island)));
}

/* Takes a packet, which arrives after `us`. */
static void launch(struct dtt_sim_world *w, struct packet *p, uint64_t us)
{
    if (dtt_timerq_set(&w->queue, &p->event.timer, w->t_ns + us * DTT_US) != DTT_OK) {
        free(p);
        w->is_out_of_memory = true;
    }
}

/* On to `target`, which is NULL when there is nobody. */
static void carry(const struct dtt_sim_host *h, const struct dtt_sim_way *way,
                  const struct dtt_sim_host *target, const struct dtt_addr *to,
                  struct dtt_slice data)
{
    struct dtt_sim_world *w = h->world;
    uint64_t extra_us;
    w->packets++;
    if (is_lost(w, &extra_us) || !can_pass(h, way, target, data.len)) {
        w->lost++;
        return;
    }
    struct packet *p = malloc(sizeof(*p) + data.len + DTT_SIM_HOME_MARK);
    if (!p) {
        w->is_out_of_memory = true;
        return;
    }
    *p = (struct packet){.event = {.kind = DTT_SIM_EV_PACKET},
                         .from_host = h->number,
                         .hops = crosses_internet(way) ? way->hops - HOPS_FAR : way->hops,
                         .turn = way->turn,
                         .direct = way->direct,
                         .from = way->from,
                         .to = *to,
                         .len = data.len};
    if (h->nat && w->hides_homes && dtt_quic_demux_is_krpc(data)) {
        struct dtt_slice hidden = dtt_sim_home_hide(p->data, data);
        p->len = hidden.len;
        data = hidden.data == p->data ? dtt_slice(NULL, 0) : data;
    }
    if (data.len > 0) {
        memcpy(p->data, data.data, data.len);
    }
    uint64_t us = crosses_internet(way) ? delay_us(w, h->number, target->number) : HOME_US;
    launch(w, p, us + extra_us);
}

static bool is_to_group(const struct dtt_addr *to)
{
    const struct dtt_addr group = dtt_sim_home_group();
    return dtt_addr_eq(to, &group);
}

/* All hosts of the home are in the group; the sender hears itself, as the driver has it. */
static void send_to_home(const struct dtt_sim_host *h, uint16_t port, const struct dtt_addr *group,
                         struct dtt_slice data)
{
    struct dtt_sim_way way = {.from = h->addr, .hops = HOPS};
    way.from.port = port;
    for (way.direct = dtt_sim_home_next(h, 0); way.direct;
         way.direct = dtt_sim_home_next(h, way.direct->number + 1)) {
        carry(h, &way, way.direct, group, data);
    }
}

/* `hops`: its hop limit; 0: enough. */
static void send_packet(struct dtt_sim_host *h, uint16_t port, const struct dtt_addr *to,
                        uint8_t hops, struct dtt_slice data)
{
    struct dtt_sim_world *w = h->world;
    *(dtt_quic_demux_is_krpc(data) ? &h->dht_sent : &h->other_sent) += 1;
    h->bytes_sent += data.len;
    w->third_bytes += dtt_addr_same_ip(to, &w->third) ? data.len : 0;
    if (h->nat && is_to_group(to)) {
        send_to_home(h, port, to, data);
        return;
    }
    struct dtt_sim_way way = dtt_sim_home_out(h, port, to, hops > 0 ? hops : HOPS);
    carry(h, &way, far_end(w, &way, to), to, data);
}

void dtt_sim_host_send_from(struct dtt_sim_host *h, uint16_t port, const struct dtt_addr *to,
                            struct dtt_slice data)
{
    send_packet(h, port, to, 0, data);
}

void dtt_sim_host_send(struct dtt_sim_host *h, const struct dtt_addr *to, struct dtt_slice data)
{
    dtt_sim_host_send_from(h, DTT_SIM_PORT, to, data);
}

/* Bound to all addresses, so that it stays what it is when the host moves. */
static struct dtt_addr socket_of(const struct dtt_sim_host *h)
{
    return dtt_addr_v4(0, 0, 0, 0, h->addr.port);
}

/* The host that a datagram gets to; NULL: nobody lets it in. */
static struct dtt_sim_host *who_gets(struct dtt_sim_world *w, const struct packet *p)
{
    struct dtt_sim_nat *nat = p->turn ? p->turn : nat_at(w, &p->to);
    if (!p->direct && nat) {
        return dtt_sim_home_in(w, nat, &p->from, p->to.port, p->hops);
    }
    struct dtt_sim_host *h = p->direct ? p->direct : host_at(w, &p->to);
    return h && (h->is_hostile || p->to.port == DTT_SIM_PORT || is_to_group(&p->to)) ? h : NULL;
}

/* One datagram by a relay. */
static void send_relayed(struct dtt_sim_host *h, size_t relay, const struct dtt_id *to,
                         struct dtt_slice data)
{
    struct dtt_sim_world *w = h->world;
    bool passes = h->relays[relay].is_up && !w->is_relay_hung[relay];
    const struct dtt_sim_host *target = passes ? dtt_map_get(&w->by_id, to) : NULL;
    struct packet *p = target ? malloc(sizeof(*p) + data.len) : NULL;
    w->packets++;
    if (!p) {
        w->lost++;
        w->is_out_of_memory |= target != NULL;
        return;
    }
    *p = (struct packet){.event = {.kind = DTT_SIM_EV_PACKET},
                         .from_host = h->number,
                         .relayed_to = target,
                         .relay = relay,
                         .len = data.len};
    memcpy(p->data, data.data, data.len);
    launch(w, p, 2 * delay_us(w, h->number, target->number));
}

static void deliver_relayed(struct dtt_sim_world *w, const struct packet *p)
{
    struct dtt_sim_host *h = w->hosts[p->relayed_to->number];
    if (!dtt_sim_host_is_up(h) || !h->relays[p->relay].is_up) {
        w->lost++;
        return;
    }
    dtt_sim_world_trace(w, TRACE_PACKET, h->number, (uint64_t)p->from_host << 32 | p->len);
    enter(h);
    dtt_core_relays_recv(h->core, dtt_sim_host_now(h), p->relay, &w->hosts[p->from_host]->id,
                         p->len, dtt_slice(p->data, p->len));
    dtt_sim_host_settle(h);
}

static void deliver(struct dtt_sim_world *w, const struct packet *p)
{
    if (p->relayed_to) {
        deliver_relayed(w, p);
        return;
    }
    struct dtt_sim_host *h = who_gets(w, p);
    struct dtt_slice data = dtt_slice(p->data, p->len);
    if (!h || h->is_asleep || (!h->core && !h->guest_recv)) {
        w->lost++;
        return;
    }
    *(dtt_quic_demux_is_krpc(data) ? &h->dht_got : &h->other_got) += 1;
    dtt_sim_world_trace(w, TRACE_PACKET, h->number, (uint64_t)p->from_host << 32 | p->len);
    if (h->guest_recv) {
        h->guest_recv(h->guest, p->to.port, &p->from, data);
        return;
    }
    struct dtt_now now = dtt_sim_host_now(h);
    struct dtt_addr local = socket_of(h);
    enter(h);
    if (is_to_group(&p->to)) {
        dtt_core_lan_recv(h->core, now, DTT_SIM_HOME_LINK, &p->from, data);
    } else {
        dtt_core_recv(h->core, now, &local, &p->from, 0, data);
    }
    dtt_sim_host_settle(h);
}

/* ------------------------------------------------------------------ hosts */

/* An address that looks like one of the internet, in a network of its own or that of another. */
static bool pick_ip(struct dtt_sim_world *w, struct dtt_sim_host *h,
                    const struct dtt_sim_host *beside)
{
    for (int i = 0; i < 1000; i++) {
        uint8_t ip[4];
        dtt_rng_bytes(&w->rng, ip, sizeof(ip));
        if (beside) {
            memcpy(ip, beside->ip, 3);
        }
        struct dtt_addr a = dtt_addr_v4(ip[0], ip[1], ip[2], ip[3], DTT_SIM_PORT);
        if (ip[3] != 0 && ip[3] != 255 && dtt_addr_scope(&a) == DTT_SCOPE_GLOBAL &&
            !host_at(w, &a) && !nat_at(w, &a)) {
            memcpy(h->ip, ip, sizeof(ip));
            if (!h->nat) {
                return dtt_map_put(&w->by_ip, ip, h) == DTT_OK;
            }
            struct dtt_sim_nat *nat = dtt_sim_home_outermost(h);
            memcpy(nat->ip, ip, sizeof(ip));
            return dtt_map_put(&w->nats_by_ip, ip, nat) == DTT_OK;
        }
    }
    return false;
}

/* What the host itself takes for its address: number `place` in its home. */
static void set_addr(struct dtt_sim_host *h, uint32_t place)
{
    h->addr = !h->nat || h->nat->rules.is_firewall
                  ? dtt_addr_v4(h->ip[0], h->ip[1], h->ip[2], h->ip[3], DTT_SIM_PORT)
                  : dtt_addr_v4(192, 168, 1, (uint8_t)(10 + place), DTT_SIM_PORT);
}

/* `nat`: NULL, or the first one that it is behind, which may be new. */
static struct dtt_sim_host *host_add(struct dtt_sim_world *w, struct dtt_sim_nat *nat,
                                     const struct dtt_sim_host *beside)
{
    struct dtt_sim_host **grown =
        dtt_array_room(w->hosts, w->n_hosts, &w->cap_hosts, sizeof(struct dtt_sim_host *));
    if (!grown) {
        return NULL;
    }
    w->hosts = grown;
    struct dtt_sim_host *h = calloc(1, sizeof(*h));
    if (!h) {
        return NULL;
    }
    h->event.kind = DTT_SIM_EV_HOST;
    h->world = w;
    h->number = (uint32_t)w->n_hosts;
    h->nat = nat;
    const struct dtt_sim_nat *outermost = nat ? dtt_sim_home_outermost(h) : NULL;
    bool is_there = outermost && (nat->hosts > 0 || outermost->hosts > 1);
    if (is_there) {
        memcpy(h->ip, outermost->ip, sizeof(h->ip));
    } else if (!pick_ip(w, h, beside)) {
        host_free(h);
        return NULL;
    }
    for (struct dtt_sim_nat *n = is_there ? NULL : nat; n; n = n->carrier) {
        n->host = h->number;
    }
    if (nat && nat->hosts == 0) {
        nat->host = h->number;
    }
    set_addr(h, nat ? nat->hosts++ : 0);
    w->hosts[w->n_hosts++] = h;
    return h;
}

struct dtt_sim_host *dtt_sim_host_add(struct dtt_sim_world *w, enum dtt_sim_nat_kind kind)
{
    if (kind == DTT_SIM_NAT_NONE) {
        return host_add(w, NULL, NULL);
    }
    const struct dtt_sim_nat_rules *rules = dtt_sim_nat_rules_of(kind);
    bool has_carrier = kind == DTT_SIM_NAT_CARRIER;
    struct dtt_sim_nat *carrier = has_carrier ? dtt_sim_home_router(w, rules, NULL) : NULL;
    struct dtt_sim_nat *nat =
        has_carrier && !carrier ? NULL : dtt_sim_home_router(w, rules, carrier);
    return nat ? host_add(w, nat, NULL) : NULL;
}

struct dtt_sim_host *dtt_sim_host_add_inside(struct dtt_sim_world *w,
                                             const struct dtt_sim_host *other)
{
    bool has_room = !other->nat->rules.is_firewall && other->nat->hosts < DTT_SIM_HOME_HOSTS;
    return has_room ? host_add(w, other->nat, NULL) : NULL;
}

struct dtt_sim_host *dtt_sim_host_add_neighbor(struct dtt_sim_world *w,
                                               const struct dtt_sim_host *other)
{
    struct dtt_sim_nat *nat = dtt_sim_home_router(w, &other->nat->rules, other->nat->carrier);
    return nat ? host_add(w, nat, NULL) : NULL;
}

struct dtt_sim_host *dtt_sim_host_add_beside(struct dtt_sim_world *w,
                                             const struct dtt_sim_host *other)
{
    return host_add(w, NULL, other);
}

struct dtt_now dtt_sim_host_now(const struct dtt_sim_host *h)
{
    return dtt_sim_clock_now(&h->clock, h->world->epoch_ns, h->world->t_ns);
}

bool dtt_sim_host_is_up(const struct dtt_sim_host *h)
{
    return h->core && !h->is_asleep;
}

/* No pong comes from a relay that hangs. */
static void ping_relays(struct dtt_sim_host *h, struct dtt_now now)
{
    size_t i;
    while (dtt_core_relays_next_doubted(h->core, &i)) {
        if (h->world->is_relay_hung[i] && h->relays[i].is_up) {
            h->relays[i].is_up = false;
            dtt_core_relays_set_up(h->core, now, i, false);
        }
    }
}

static void flush(struct dtt_sim_host *h, struct dtt_now now)
{
    const struct dtt_addr group = dtt_sim_home_group();
    struct dtt_core_packet p;
    struct dtt_lan_packet spoken;
    dtt_core_settle(h->core, now);
    ping_relays(h, now);
    while (dtt_core_next_packet(h->core, now, &p)) {
        for (size_t at = 0; at < p.data.len; at += p.segment) {
            size_t len = p.data.len - at < p.segment ? p.data.len - at : p.segment;
            struct dtt_slice datagram = dtt_slice(p.data.data + at, len);
            if (p.is_relayed) {
                send_relayed(h, p.relay, &p.peer, datagram);
            } else {
                send_packet(h, DTT_SIM_PORT, &p.remote, p.hops, datagram);
            }
        }
    }
    while (dtt_core_lan_next_packet(h->core, now, &spoken)) {
        send_packet(h, DTT_LAN_PORT, &group, 0, spoken.data);
    }
}

static void take_events(struct dtt_sim_host *h)
{
    struct dtt_sim_world *w = h->world;
    const struct dtt_event *ev;
    while ((ev = dtt_events_next(dtt_core_events(h->core))) != NULL) {
        dtt_sim_world_trace(w, TRACE_EVENT, h->number, (uint64_t)ev->type);
        if (w->hooks.event) {
            w->hooks.event(w->hooks.user, h, ev);
        }
    }
}

static void schedule(struct dtt_sim_host *h)
{
    struct dtt_sim_world *w = h->world;
    uint64_t t = dtt_sim_clock_when(&h->clock, dtt_core_deadline(h->core));
    if (t == DTT_NEVER || h->is_asleep) {
        dtt_timerq_cancel(&w->queue, &h->event.timer);
        return;
    }
    t = t > w->t_ns ? t : w->t_ns;
    if (dtt_timer_is_armed(&h->event.timer) && h->event.timer.deadline == t) {
        return;
    }
    if (dtt_timerq_set(&w->queue, &h->event.timer, t) != DTT_OK) {
        w->is_out_of_memory = true;
    }
}

void dtt_sim_host_settle(struct dtt_sim_host *h)
{
    struct dtt_now now = dtt_sim_host_now(h);
    enter(h);
    dtt_core_run(h->core, now);
    flush(h, now);
    take_events(h);
    schedule(h);
}

/* ----------------------------------------------------------------- relays */

static void set_client(struct dtt_sim_client *c, bool is_up)
{
    struct dtt_now now = dtt_sim_host_now(c->host);
    size_t i = (size_t)(c - c->host->relays);
    c->is_up = is_up;
    enter(c->host);
    dtt_core_relays_set_up(c->host->core, now, i, is_up);
    if (is_up) {
        dtt_core_relays_set_rtt(c->host->core, now, i, (i + 1) * RELAY_RTT_NS);
    }
}

static void connect_client(void *user)
{
    struct dtt_sim_client *c = user;
    if (c->host->core && c->host->world->is_relay_up[c - c->host->relays]) {
        set_client(c, true);
        dtt_sim_host_settle(c->host);
    }
}

void dtt_sim_world_set_relay(struct dtt_sim_world *w, size_t i, bool is_up)
{
    w->is_relay_up[i] = is_up;
    for (size_t k = 0; k < w->n_hosts && i < w->n_relays; k++) {
        struct dtt_sim_client *c = &w->hosts[k]->relays[i];
        if (!c->host || !c->host->core) {
            continue;
        }
        dtt_timerq_cancel(&w->queue, &c->task.event.timer);
        if (is_up) {
            dtt_sim_world_task_at(w, &c->task, w->t_ns + dtt_rng_below(&w->rng, RELAY_AGAIN_NS));
        } else if (c->is_up) {
            set_client(c, false);
            dtt_sim_host_settle(c->host);
        }
    }
}

/* Connects a host that starts, where a relay serves. */
static void start_clients(struct dtt_sim_host *h, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct dtt_sim_client *c = &h->relays[i];
        *c = (struct dtt_sim_client){.host = h, .task = {.run = connect_client, .user = c}};
        if (h->world->is_relay_up[i]) {
            set_client(c, true);
        }
    }
}

/* ------------------------------------------------------------ life of hosts */

int dtt_sim_host_start(struct dtt_sim_host *h, bool dht_only, bool read_only)
{
    static const char *const relays[DTT_SIM_RELAYS] = {"https://a.test", "https://b.test"};
    struct dtt_sim_world *w = h->world;
    struct dtt_core_config cfg = {.ctx = &h->ctx,
                                  .dht_only = dht_only,
                                  .read_only = read_only,
                                  .is_plain = h->is_plain,
                                  .relays = relays,
                                  .n_relays = dht_only ? 0 : w->n_relays,
                                  .has_lan = h->has_lan,
                                  .bound = {socket_of(h)},
                                  .transport = h->transport ? h->transport : w->transport};
    struct dtt_now now = dtt_sim_host_now(h);
    h->ctx = (struct dtt_ctx){.valid = &w->valid, .opened = &w->opened};
    if (w->hooks.trace) {
        h->ctx.trace =
            (struct dtt_trace){.level = DTT_TRACE_LEVEL_DEBUG, .sink = on_trace, .user = h};
    }
    dtt_rng_bytes(&w->rng, h->ctx.seed, sizeof(h->ctx.seed));
    if (!h->keeps_identity) {
        dtt_rng_bytes(&w->rng, h->node_seed, sizeof(h->node_seed));
    }
    memcpy(cfg.node_seed, h->node_seed, sizeof(cfg.node_seed));
    enter(h);
    int err = dtt_core_new(&h->core, &cfg, now);
    if (err) {
        h->core = NULL;
        return err;
    }
    h->id = *dtt_core_id(h->core);
    err = dtt_map_put(&w->by_id, &h->id, h);
    dtt_core_set_local_addrs(h->core, now, &h->addr, 1);
    start_clients(h, cfg.n_relays);
    if (h->has_lan) {
        const struct dtt_lan_link link = dtt_sim_home_link(h);
        dtt_core_lan_set_links(h->core, now, &link, 1);
    }
    for (uint32_t i = 0; i < w->n_routers[h->island]; i++) {
        struct dtt_addr a = dtt_sim_host_global(w->hosts[w->routers[h->island][i]]);
        dtt_core_add_bootstrap(h->core, now, &a);
    }
    dtt_sim_host_settle(h);
    return err;
}

int dtt_sim_host_join(struct dtt_sim_host *h, const struct dtt_topic_config *cfg)
{
    enter(h);
    int err = dtt_core_topic_join(h->core, dtt_sim_host_now(h), cfg, NULL, &h->topic);
    if (!err) {
        dtt_sim_host_settle(h);
    }
    return err;
}

void dtt_sim_host_kill(struct dtt_sim_host *h)
{
    struct dtt_sim_world *w = h->world;
    dtt_timerq_cancel(&w->queue, &h->event.timer);
    dtt_timerq_cancel(&w->queue, &h->wake.event.timer);
    for (size_t i = 0; i < DTT_SIM_RELAYS; i++) {
        dtt_timerq_cancel(&w->queue, &h->relays[i].task.event.timer);
        h->relays[i].is_up = false;
    }
    dtt_map_take(&w->by_id, &h->id);
    dtt_core_free(h->core);
    h->core = NULL;
    h->topic = NULL;
    h->is_asleep = false;
}

static void wake_up(void *user)
{
    struct dtt_sim_host *h = user;
    h->is_asleep = false;
    if (h->core) {
        dtt_sim_host_settle(h);
    }
}

void dtt_sim_host_sleep(struct dtt_sim_host *h, uint64_t ns)
{
    h->is_asleep = true;
    h->wake = (struct dtt_sim_task){.run = wake_up, .user = h};
    dtt_timerq_cancel(&h->world->queue, &h->event.timer);
    dtt_sim_world_task_at(h->world, &h->wake, h->world->t_ns + ns);
}

void dtt_sim_host_set_clock(struct dtt_sim_host *h, int64_t offset_ns)
{
    h->clock.offset_ns = offset_ns;
    if (dtt_sim_host_is_up(h)) {
        dtt_sim_host_settle(h);
    }
}

/* Its network is another one, with the address that it has now. */
static void tell_moved(struct dtt_sim_host *h)
{
    if (h->core) {
        enter(h);
        dtt_core_set_local_addrs(h->core, dtt_sim_host_now(h), &h->addr, 1);
        if (!h->is_asleep) {
            dtt_sim_host_settle(h);
        }
    }
}

void dtt_sim_host_move(struct dtt_sim_host *h)
{
    struct dtt_sim_world *w = h->world;
    const struct dtt_sim_nat *nat = h->nat ? dtt_sim_home_outermost(h) : NULL;
    dtt_map_take(nat ? &w->nats_by_ip : &w->by_ip, h->ip);
    if (!pick_ip(w, h, NULL)) {
        w->is_out_of_memory = true;
    }
    for (size_t i = nat ? nat->host : h->number; i < w->n_hosts; i++) {
        struct dtt_sim_host *other = w->hosts[i];
        if (other == h || (nat && other->nat && dtt_sim_home_outermost(other) == nat)) {
            memcpy(other->ip, h->ip, sizeof(h->ip));
            if (!nat || nat->rules.is_firewall) {
                set_addr(other, 0);
            }
            tell_moved(other);
        }
    }
}

int dtt_sim_host_say(struct dtt_sim_host *h, struct dtt_slice text)
{
    enter(h);
    int err = dtt_core_topic_send(h->topic, dtt_sim_host_now(h), text, 0);
    dtt_sim_host_settle(h);
    return err;
}

/* ---------------------------------------------------------------- running */

void dtt_sim_world_task_at(struct dtt_sim_world *w, struct dtt_sim_task *t, uint64_t t_ns)
{
    t->event.kind = DTT_SIM_EV_TASK;
    if (dtt_timerq_set(&w->queue, &t->event.timer, t_ns > w->t_ns ? t_ns : w->t_ns) != DTT_OK) {
        w->is_out_of_memory = true;
    }
}

static void happen(struct dtt_sim_world *w, struct dtt_sim_event *e)
{
    switch (e->kind) {
    case DTT_SIM_EV_PACKET:
        deliver(w, (struct packet *)e);
        free(e);
        break;
    case DTT_SIM_EV_HOST: dtt_sim_host_settle((struct dtt_sim_host *)e); break;
    case DTT_SIM_EV_TASK: {
        struct dtt_sim_task *t = (struct dtt_sim_task *)e;
        t->run(t->user);
        break;
    }
    }
}

bool dtt_sim_world_run(struct dtt_sim_world *w, uint64_t until_ns, bool (*is_over)(void *user),
                       void *user)
{
    while (dtt_timerq_deadline(&w->queue) <= until_ns && !w->is_out_of_memory) {
        uint64_t t = dtt_timerq_deadline(&w->queue);
        struct dtt_timer *timer = dtt_timerq_pop(&w->queue, t);
        w->t_ns = t;
        w->events++;
        happen(w, DTT_TIMER_OWNER(timer, struct dtt_sim_event, timer));
        if (is_over && is_over(user)) {
            return true;
        }
    }
    w->t_ns = until_ns > w->t_ns ? until_ns : w->t_ns;
    return false;
}
