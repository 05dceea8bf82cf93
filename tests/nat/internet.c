/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "internet.h"

#include "base/time.h"
#include "quic/demux.h"
#include "sim/home.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#define TALK_MIN 20 /* shorter datagrams open doors and say nothing */

struct flight {
    struct dtt_timer timer;
    struct packet packet;
};

/* "up" of what hangs on the core. */
static const struct router *const core_router = NULL;

void internet_init(struct internet *net, const uint8_t seed[DTT_RNG_SEED_BYTES])
{
    memset(net, 0, sizeof(*net));
    dtt_rng_init(&net->rng, seed, "internet");
    dtt_timerq_init(&net->flights);
}

void internet_fini(struct internet *net)
{
    struct dtt_timer *timer;
    while ((timer = dtt_timerq_pop(&net->flights, DTT_NEVER)) != NULL) {
        free(DTT_TIMER_OWNER(timer, struct flight, timer));
    }
    dtt_timerq_fini(&net->flights);
    for (size_t i = 0; i < net->n_routers; i++) {
        struct nat *nats[] = {&net->routers[i].v4, &net->routers[i].v6};
        for (size_t k = 0; k < 2; k++) {
            nat_flush(nats[k]);
            free(nats[k]->mappings);
            free(nats[k]->strays);
        }
    }
}

static void launch(struct internet *net, const struct packet *p, uint64_t due_ns)
{
    struct flight *f = malloc(sizeof(*f));
    if (!f) {
        abort();
    }
    f->timer = (struct dtt_timer){0};
    f->packet.len = p->len;
    memcpy(f->packet.data, p->data, p->len);
    if (dtt_timerq_set(&net->flights, &f->timer, due_ns)) {
        abort();
    }
}

static bool host_has(const struct host *h, const struct dtt_addr *addr)
{
    if (dtt_addr_scope(addr) == DTT_SCOPE_LINK) {
        return dtt_addr_same_ip(&h->link_local, addr);
    }
    for (size_t i = 0; i < h->n_addrs; i++) {
        if (dtt_addr_same_ip(&h->addrs[i], addr)) {
            return true;
        }
    }
    return false;
}

static struct host *host_below(struct internet *net, const struct router *level,
                               const struct dtt_addr *addr)
{
    for (size_t i = 0; i < net->n_hosts; i++) {
        if (net->hosts[i].up == level && host_has(&net->hosts[i], addr)) {
            return &net->hosts[i];
        }
    }
    return NULL;
}

static bool translates(const struct router *r, const struct dtt_addr *addr)
{
    return addr->family == DTT_FAMILY_V4 && !r->v4.rules.is_firewall;
}

/* The router below `level` that leads to an address, its own or one that it does not translate. */
static struct router *router_below(struct internet *net, const struct router *level,
                                   const struct dtt_addr *addr)
{
    for (size_t i = 0; i < net->n_routers; i++) {
        struct router *r = &net->routers[i];
        if (r->up == level && translates(r, addr) && nat_is_outside(&r->v4, addr)) {
            return r;
        }
    }
    for (size_t i = 0; i < net->n_hosts; i++) {
        struct router *r = net->hosts[i].up;
        if (!host_has(&net->hosts[i], addr)) {
            continue;
        }
        while (r && !translates(r, addr) && r->up != level) {
            r = r->up;
        }
        if (r && !translates(r, addr)) {
            return r;
        }
    }
    return NULL;
}

static void count_talk(struct host *h, const struct packet_view *v)
{
    struct dtt_slice payload = packet_payload(v);
    if (payload.len < TALK_MIN || dtt_quic_demux_is_krpc(payload) || packet_is_multicast(v)) {
        return;
    }
    if (dtt_addr_scope(&v->src) != DTT_SCOPE_GLOBAL) {
        h->talk_lan++;
    } else if (v->src.family == DTT_FAMILY_V4) {
        h->talk_v4++;
    } else {
        h->talk_v6++;
    }
}

static void hand_over(struct host *h, const struct packet *p, const struct packet_view *v)
{
    if (h->is_cut) {
        return;
    }
    h->received++;
    h->krpc_received += dtt_quic_demux_is_krpc(packet_payload(v));
    count_talk(h, v);
    if (write(h->fd, p->data, p->len) < 0) {
        return; /* its queue is full, as may happen to a packet */
    }
}

static struct nat *nat_for(struct router *r, const struct packet_view *v)
{
    return v->src.family == DTT_FAMILY_V4 ? &r->v4 : &r->v6;
}

static bool is_unfiltered(const struct router *r, const struct packet_view *v)
{
    return v->src.family == DTT_FAMILY_V6 && !r->has_v6;
}

static bool has_endpoints(const struct packet_view *v)
{
    return v->src.port || v->dst.port;
}

/* An error comes to who sent what it quotes. */
static bool error_comes_in(struct nat *n, struct packet_view *v)
{
    struct packet_view quoted;
    if (!packet_read_quoted(v, &quoted)) {
        return false;
    }
    struct nat_mapping *m = nat_of_outside(n, quoted.protocol, &quoted.src);
    if (!m) {
        return false;
    }
    packet_set_src(&quoted, &m->inside);
    packet_set_dst(v, &m->inside);
    return true;
}

/* A packet from above: whether it passes, translated. */
static bool comes_in(struct router *r, uint64_t t_ns, struct packet_view *v)
{
    struct nat *n = nat_for(r, v);
    if (packet_hops_left(v) <= 1) {
        return false;
    }
    packet_take_hops(v, 1);
    if (is_unfiltered(r, v)) {
        return true;
    }
    if (v->is_error) {
        return error_comes_in(n, v);
    }
    if (v->protocol == IPPROTO_UDP && r->udp != UDP_PASS) {
        n->counts.filtered++;
        return false;
    }
    struct nat_mapping *m =
        has_endpoints(v) ? nat_in(n, t_ns, v->protocol, &v->src, &v->dst) : NULL;
    if (!m) {
        return false;
    }
    if (!n->rules.is_firewall) {
        packet_set_dst(v, &m->inside);
    }
    return true;
}

/* From a level down to the host it is for. */
static void descend(struct internet *net, uint64_t t_ns, const struct router *level,
                    struct packet *p)
{
    struct packet_view v;
    while (packet_read(p, &v)) {
        struct host *h = host_below(net, level, &v.dst);
        if (h) {
            hand_over(h, p, &v);
            return;
        }
        struct router *r = router_below(net, level, &v.dst);
        if (!r) {
            net->nowhere++;
            return;
        }
        if (!comes_in(r, t_ns, &v)) {
            return;
        }
        level = r;
    }
}

static uint64_t delay_to(struct internet *net, const struct dtt_addr *addr)
{
    struct host *h = host_below(net, core_router, addr);
    struct router *r = h ? NULL : router_below(net, core_router, addr);
    return h ? h->delay_ns : r ? r->delay_ns : 0;
}

/* Somebody hears of whoever uses the DHT, and asks whether it is there. */
static void name_to_strangers(struct internet *net, uint64_t t_ns, const struct packet_view *v)
{
    static const char ping[] = "d1:ad2:id20:a stranger's node ide1:q4:ping1:t2:st1:y1:qe";
    struct packet p;
    if (!net->stranger_ns || v->src.family != DTT_FAMILY_V4 ||
        !dtt_quic_demux_is_krpc(packet_payload(v)) || net->n_named == NAMED_MAX ||
        dtt_addr_is_in(net->named, net->n_named, &v->src)) {
        return;
    }
    net->named[net->n_named++] = v->src;
    struct dtt_addr stranger = dtt_addr_v4(212, 8, (uint8_t)(net->n_named), 9, 6881);
    packet_make_udp(&p, &stranger, &v->src, dtt_slice(ping, sizeof(ping) - 1));
    launch(net, &p, t_ns + net->stranger_ns);
}

static void cross(struct internet *net, uint64_t t_ns, uint64_t delay_ns, struct packet *p,
                  struct packet_view *v)
{
    struct packet error;
    struct dtt_addr hop = dtt_addr_v4(212, 1, 1, 1, 0);
    if (packet_hops_left(v) <= net->hops) {
        net->too_far++;
        if (!v->is_error) {
            packet_make_error(&error, PACKET_TIME_EXCEEDED, &hop, v);
            launch(net, &error, t_ns + 2 * delay_ns);
        }
        return;
    }
    packet_take_hops(v, net->hops);
    name_to_strangers(net, t_ns, v);
    if (dtt_rng_below(&net->rng, 10000) < net->loss) {
        net->lost++;
        return;
    }
    launch(net, p,
           t_ns + delay_ns + delay_to(net, &v->dst) + dtt_rng_below(&net->rng, net->jitter_ns));
}

/* An error of a host below comes from the address that the other side knows. */
static bool error_goes_out(struct nat *n, struct packet_view *v)
{
    struct packet_view quoted;
    if (!packet_read_quoted(v, &quoted)) {
        return false;
    }
    struct nat_mapping *m = nat_of_inside(n, quoted.protocol, &quoted.dst);
    if (!m) {
        return false;
    }
    struct dtt_addr src = m->outside;
    packet_set_dst(&quoted, &m->outside);
    packet_set_src(v, &src);
    return true;
}

/* A packet from below: whether it passes, translated. `is_hairpin`: it is for this side again. */
static bool goes_out(struct router *r, uint64_t t_ns, struct packet_view *v, bool *is_hairpin)
{
    struct nat *n = nat_for(r, v);
    *is_hairpin = false;
    if (is_unfiltered(r, v)) {
        return true;
    }
    if (v->is_error) {
        return error_goes_out(n, v);
    }
    struct nat_mapping *m =
        has_endpoints(v) ? nat_out(n, t_ns, v->protocol, &v->src, &v->dst) : NULL;
    if (!m) {
        return false;
    }
    if (n->rules.is_firewall) {
        return true;
    }
    *is_hairpin = nat_is_outside(n, &v->dst);
    if (*is_hairpin && n->rules.hairpin == NAT_HAIRPIN_OFF) {
        return false;
    }
    n->counts.hairpinned += *is_hairpin;
    packet_set_src(v, &m->outside);
    return true;
}

/* From below a router towards the core. */
static void ascend(struct internet *net, uint64_t t_ns, struct router *r, struct packet *p,
                   struct packet_view *v)
{
    struct packet error;
    uint64_t delay_ns = 0;
    for (; r; r = r->up) {
        bool is_rejected = v->protocol == IPPROTO_UDP && r->udp == UDP_REJECT;
        bool is_hairpin;
        if (is_rejected || packet_hops_left(v) <= 1) {
            packet_make_error(&error, is_rejected ? PACKET_PROHIBITED : PACKET_TIME_EXCEEDED,
                              &r->gateway, v);
            descend(net, t_ns, r, &error);
            return;
        }
        if (v->protocol == IPPROTO_UDP && r->udp == UDP_DROP) {
            return;
        }
        packet_take_hops(v, 1);
        if (!goes_out(r, t_ns, v, &is_hairpin)) {
            return;
        }
        if (is_hairpin) {
            if (comes_in(r, t_ns, v)) {
                descend(net, t_ns, r, p);
            }
            return;
        }
        if (r->up && router_below(net, r->up, &v->dst)) { /* a neighbour at the same carrier */
            descend(net, t_ns, r->up, p);
            return;
        }
        delay_ns = r->delay_ns;
    }
    cross(net, t_ns, delay_ns, p, v);
}

/* What is asked of the router itself. */
static void ask_router(struct internet *net, uint64_t t_ns, struct router *r,
                       const struct packet_view *v)
{
    uint8_t answer[PORTMAP_ANSWER_MAX];
    struct packet p;
    if (v->protocol != IPPROTO_UDP || v->dst.port != PORTMAP_PORT) {
        return;
    }
    size_t len = portmap_answer(
        r->portmap, &r->v4, r->claimed.family ? &r->claimed : &r->v4.outside[0], t_ns,
        (uint32_t)((t_ns - r->born_ns) / DTT_S), &v->src, packet_payload(v), answer);
    if (len) {
        packet_make_udp(&p, &v->dst, &v->src, dtt_slice(answer, len));
        descend(net, t_ns, r, &p);
    }
}

static void spread(struct internet *net, const struct host *from, const struct packet *p,
                   const struct packet_view *v)
{
    for (size_t i = 0; i < net->n_hosts; i++) {
        struct host *h = &net->hosts[i];
        if (h != from && from->up && h->up == from->up) {
            hand_over(h, p, v);
        }
    }
}

void internet_take(struct internet *net, uint64_t t_ns, struct host *from, struct packet *p)
{
    struct packet_view v;
    if (from->is_cut) {
        return;
    }
    if (!packet_read(p, &v)) {
        net->not_read++;
        return;
    }
    from->sent++;
    from->krpc_sent += dtt_quic_demux_is_krpc(packet_payload(&v));
    if (dtt_addr_scope(&v.src) == DTT_SCOPE_LINK && v.src.family == DTT_FAMILY_V6) {
        from->link_local = v.src;
    }
    if (packet_is_multicast(&v)) {
        spread(net, from, p, &v);
        return;
    }
    if (from->is_read_only) {
        uint8_t marked[PACKET_MAX + DTT_SIM_HOME_MARK];
        struct dtt_slice payload = dtt_sim_home_hide(marked, packet_payload(&v));
        if (payload.data == marked) {
            (void)packet_set_payload(&v, payload);
        }
    }
    if (!from->up) {
        cross(net, t_ns, from->delay_ns, p, &v);
    } else if (dtt_addr_same_ip(&v.dst, &from->up->gateway)) {
        ask_router(net, t_ns, from->up, &v);
    } else if (host_below(net, from->up, &v.dst)) {
        descend(net, t_ns, from->up, p);
    } else if (dtt_addr_scope(&v.dst) != DTT_SCOPE_LINK) {
        ascend(net, t_ns, from->up, p, &v);
    }
}

void internet_run(struct internet *net, uint64_t t_ns)
{
    struct dtt_timer *timer;
    while ((timer = dtt_timerq_pop(&net->flights, t_ns)) != NULL) {
        struct flight *f = DTT_TIMER_OWNER(timer, struct flight, timer);
        descend(net, t_ns, core_router, &f->packet);
        free(f);
    }
}

uint64_t internet_next(const struct internet *net)
{
    return dtt_timerq_deadline(&net->flights);
}
