/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/home.h"

#include "base/array.h"
#include "codec/bencode.h"
#include "lan/lan.h"

#include <assert.h>
#include <stdlib.h>

struct dtt_sim_nat *dtt_sim_home_router(struct dtt_sim_world *w,
                                        const struct dtt_sim_nat_rules *rules,
                                        struct dtt_sim_nat *carrier)
{
    struct dtt_sim_nat **grown =
        dtt_array_room(w->nats, w->n_nats, &w->cap_nats, sizeof(struct dtt_sim_nat *));
    if (!grown) {
        return NULL;
    }
    w->nats = grown;
    struct dtt_sim_nat *n = malloc(sizeof(*n));
    if (n) {
        dtt_sim_nat_init(n, rules);
        n->number = (uint32_t)w->n_nats;
        n->carrier = carrier;
        if (carrier) {
            carrier->is_carrier = true;
            carrier->hosts++;
        }
        w->nats[w->n_nats++] = n;
    }
    return n;
}

struct dtt_sim_nat *dtt_sim_home_outermost(const struct dtt_sim_host *h)
{
    struct dtt_sim_nat *n = h->nat;
    while (n->carrier) {
        n = n->carrier;
    }
    return n;
}

struct dtt_addr dtt_sim_home_group(void)
{
    return dtt_addr_v4(224, 0, 0, 251, DTT_LAN_PORT);
}

struct dtt_lan_link dtt_sim_home_link(const struct dtt_sim_host *h)
{
    struct dtt_lan_link link = {.index = DTT_SIM_HOME_LINK,
                                .family = h->addr.family,
                                .n_nets = 1,
                                .nets = {{.addr = h->addr, .prefix_len = 24}}};
    link.nets[0].addr.port = 0;
    return link;
}

struct dtt_sim_host *dtt_sim_home_next(const struct dtt_sim_host *h, uint32_t from)
{
    const struct dtt_sim_world *w = h->world;
    uint32_t i = from > h->nat->host ? from : h->nat->host;
    while (i < w->n_hosts && w->hosts[i]->nat != h->nat) {
        i++;
    }
    return i < w->n_hosts ? w->hosts[i] : NULL;
}

/* The host of the same home that has this private address. */
static struct dtt_sim_host *find_direct(const struct dtt_sim_host *h, const struct dtt_addr *to)
{
    struct dtt_sim_host *other = h->nat->hosts > 1 ? dtt_sim_home_next(h, 0) : NULL;
    while (other && (other == h || !dtt_addr_eq(&other->addr, to))) {
        other = dtt_sim_home_next(h, other->number + 1);
    }
    return other;
}

struct dtt_sim_way dtt_sim_home_out(const struct dtt_sim_host *h, uint16_t port,
                                    const struct dtt_addr *to, uint32_t hops)
{
    struct dtt_sim_world *w = h->world;
    struct dtt_sim_way way = {.from = dtt_addr_v4(h->ip[0], h->ip[1], h->ip[2], h->ip[3], port),
                              .hops = hops};
    struct dtt_sim_nat_inside inside = {h->number, port};
    if (h->nat && (way.direct = find_direct(h, to)) != NULL) {
        way.from = h->addr;
        way.from.port = port;
        return way;
    }
    for (struct dtt_sim_nat *n = h->nat; n && way.from.port != 0; n = n->carrier) {
        inside.port = dtt_sim_nat_send(n, &w->rng, w->t_ns, inside, to);
        inside.number = n->number;
        way.from.port = way.hops > 0 ? inside.port : 0;
        way.hops -= way.hops > 0;
        if (!n->carrier && memcmp(n->ip, to->ip, sizeof(n->ip)) == 0) {
            way.turn = n;
            way.from.port = n->rules.hairpins ? way.from.port : 0;
        }
    }
    return way;
}

struct dtt_sim_host *dtt_sim_home_in(struct dtt_sim_world *w, struct dtt_sim_nat *nat,
                                     const struct dtt_addr *from, uint16_t port, uint32_t hops)
{
    struct dtt_sim_nat_inside inside = {.port = port};
    while (hops-- > 0 && dtt_sim_nat_recv(nat, w->t_ns, from, inside.port, &inside)) {
        if (!nat->is_carrier) {
            return inside.port == DTT_SIM_PORT ? w->hosts[inside.number] : NULL;
        }
        nat = w->nats[inside.number];
    }
    return NULL;
}

struct dtt_slice dtt_sim_home_hide(uint8_t *buf, struct dtt_slice data)
{
    static const char mark[] = "2:roi1e"; /* its place is between q and t, or v, y */
    struct dtt_reader r = dtt_reader(data);
    size_t at = 0;
    bool is_query = false;
    if (!dtt_bencode_read_open(&r, 'd')) {
        return data;
    }
    while (at == 0 && !dtt_bencode_read_close(&r)) {
        size_t here = (size_t)(r.pos - data.data);
        struct dtt_slice key = dtt_bencode_read_str(&r);
        is_query |= key.len == 1 && key.data[0] == 'q';
        if (key.len == 1 && key.data[0] > 'r') {
            at = here;
        }
        if (key.len == 2 && memcmp(key.data, "ro", 2) == 0) {
            return data;
        }
        dtt_bencode_read_any(&r, NULL);
    }
    if (at == 0 || !is_query || r.failed) {
        return data;
    }
    static_assert(sizeof(mark) - 1 == DTT_SIM_HOME_MARK, "what the caller has room for");
    memcpy(buf, data.data, at);
    memcpy(buf + at, mark, sizeof(mark) - 1);
    memcpy(buf + at + sizeof(mark) - 1, data.data + at, data.len - at);
    return dtt_slice(buf, data.len + sizeof(mark) - 1);
}
