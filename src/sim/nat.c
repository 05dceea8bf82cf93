/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/nat.h"

#include <assert.h>
#include <stdlib.h>

#define MAPPINGS_MAX 4096
#define PORT_TRIES 64
#define IDLE_NS (60 * DTT_S)
#define UNANSWERED_NS (30 * DTT_S) /* a Linux router forgets what nobody answered */
#define ROUTER UINT32_MAX          /* the inside of a stray: nobody's */

/* A mapping, a stray (both in `out` and `in`, or in `in` alone) or a permission (in `open`). */
struct mapping {
    struct dtt_sim_nat_inside inside;
    uint16_t port;
    uint64_t born_ns, used_ns;
    bool is_answered; /* something was let in */
};

/* Of all three maps: those from outside have no number. Without holes. */
struct key {
    uint32_t number;
    uint16_t port;
    uint16_t remote_port;
    uint8_t remote_ip[4];
};

static const struct dtt_sim_nat_rules rules_of[DTT_SIM_NAT_KINDS] = {
    [DTT_SIM_NAT_FULL_CONE] = {DTT_SIM_NAT_ANY, DTT_SIM_NAT_ANY, .idle_ns = IDLE_NS},
    [DTT_SIM_NAT_RESTRICTED] = {DTT_SIM_NAT_ANY, DTT_SIM_NAT_BY_PORT, .idle_ns = IDLE_NS},
    [DTT_SIM_NAT_SYMMETRIC] = {DTT_SIM_NAT_BY_PORT, DTT_SIM_NAT_BY_PORT, .idle_ns = IDLE_NS},
    [DTT_SIM_NAT_ADDRESS] = {DTT_SIM_NAT_ANY, DTT_SIM_NAT_BY_ADDRESS, .idle_ns = IDLE_NS},
    [DTT_SIM_NAT_FIREWALL] = {DTT_SIM_NAT_ANY, DTT_SIM_NAT_BY_PORT, DTT_SIM_NAT_KEPT,
                              .is_firewall = true, .idle_ns = IDLE_NS},
    [DTT_SIM_NAT_MASQUERADE] = {DTT_SIM_NAT_BY_PORT, DTT_SIM_NAT_BY_PORT, DTT_SIM_NAT_KEPT,
                                .is_linux = true, .idle_ns = IDLE_NS},
    [DTT_SIM_NAT_SHIFTING] = {DTT_SIM_NAT_BY_PORT, DTT_SIM_NAT_BY_PORT, DTT_SIM_NAT_KEPT,
                              .leaves_strays = true, .is_linux = true, .idle_ns = IDLE_NS},
    [DTT_SIM_NAT_SEQUENTIAL] = {DTT_SIM_NAT_BY_PORT, DTT_SIM_NAT_BY_PORT, DTT_SIM_NAT_IN_SEQUENCE,
                                .idle_ns = IDLE_NS},
    [DTT_SIM_NAT_CARRIER] = {DTT_SIM_NAT_ANY, DTT_SIM_NAT_BY_PORT, .idle_ns = IDLE_NS},
};

const struct dtt_sim_nat_rules *dtt_sim_nat_rules_of(enum dtt_sim_nat_kind kind)
{
    assert(kind > DTT_SIM_NAT_NONE && kind < DTT_SIM_NAT_KINDS);
    return &rules_of[kind];
}

void dtt_sim_nat_init(struct dtt_sim_nat *n, const struct dtt_sim_nat_rules *rules)
{
    static const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES] = {1};
    assert(rules->filter >= rules->map);
    *n = (struct dtt_sim_nat){.rules = *rules};
    dtt_map_init(&n->out, sizeof(struct key), MAPPINGS_MAX, hash_key);
    dtt_map_init(&n->in, sizeof(struct key), MAPPINGS_MAX, hash_key);
    dtt_map_init(&n->open, sizeof(struct key), MAPPINGS_MAX, hash_key);
}

static struct key key_of(struct dtt_sim_nat_inside end, const struct dtt_addr *remote,
                         enum dtt_sim_nat_grain grain)
{
    struct key k = {.number = end.number, .port = end.port};
    if (grain != DTT_SIM_NAT_ANY) {
        memcpy(k.remote_ip, remote->ip, sizeof(k.remote_ip));
        k.remote_port = grain == DTT_SIM_NAT_BY_PORT ? remote->port : 0;
    }
    return k;
}

static struct key outside(uint16_t port, const struct dtt_addr *remote,
                          enum dtt_sim_nat_grain grain)
{
    return key_of((struct dtt_sim_nat_inside){.port = port}, remote, grain);
}

static bool is_alive(const struct dtt_sim_nat *n, const struct mapping *m, uint64_t t_ns)
{
    bool is_brief = n->rules.is_linux && !m->is_answered;
    uint64_t idle_ns = is_brief ? UNANSWERED_NS : n->rules.idle_ns;
    return t_ns - m->used_ns < idle_ns &&
           (n->rules.hard_ns == 0 || t_ns - m->born_ns < n->rules.hard_ns);
}

/* Takes out what is not alive. What `is_shared` belongs to another map, which frees it. */
static void forget_old(struct dtt_sim_nat *n, struct dtt_map *map, uint64_t t_ns, bool is_shared)
{
    for (size_t i = dtt_map_count(map); i-- > 0;) {
        struct mapping *m = dtt_map_value_at(map, i);
        if (t_ns == DTT_NEVER || !is_alive(n, m, t_ns)) {
            dtt_map_take(map, dtt_map_key_at(map, i));
            if (!is_shared || m->inside.number == ROUTER) {
                free(m);
            }
        }
    }
}

static void forget_all_old(struct dtt_sim_nat *n, uint64_t t_ns)
{
    forget_old(n, &n->in, t_ns, true);
    forget_old(n, &n->out, t_ns, false);
    forget_old(n, &n->open, t_ns, false);
}

void dtt_sim_nat_fini(struct dtt_sim_nat *n)
{
    forget_all_old(n, DTT_NEVER);
    dtt_map_fini(&n->out);
    dtt_map_fini(&n->in);
    dtt_map_fini(&n->open);
}

/* What is put into a map that is full makes the old go. */
static bool put(struct dtt_sim_nat *n, struct dtt_map *map, uint64_t t_ns, const struct key *k,
                struct mapping *m)
{
    if (dtt_map_count(map) == MAPPINGS_MAX) {
        forget_all_old(n, t_ns);
    }
    return dtt_map_put(map, k, m) == DTT_OK;
}

/* A port that leads to nobody else when the remote side sends to it; 0: none was found. */
static uint16_t pick_port(struct dtt_sim_nat *n, struct dtt_rng *rng, uint64_t t_ns,
                          uint16_t inside_port, const struct dtt_addr *to)
{
    for (int i = 0; i < PORT_TRIES; i++) {
        uint16_t port = inside_port;
        if (n->rules.ports == DTT_SIM_NAT_IN_SEQUENCE && n->last_port >= 1024) {
            port = n->last_port == UINT16_MAX ? 1024 : (uint16_t)(n->last_port + 1);
        } else if (n->rules.ports != DTT_SIM_NAT_KEPT || i > 0) {
            port = (uint16_t)(1024 + dtt_rng_below(rng, 65536 - 1024));
        }
        n->last_port = port;
        struct key k = outside(port, to, n->rules.map);
        const struct mapping *m = dtt_map_get(&n->in, &k);
        if (!m || !is_alive(n, m, t_ns)) {
            return port;
        }
    }
    return 0;
}

static void forget(struct dtt_sim_nat *n, const struct key *out, struct mapping *m,
                   const struct dtt_addr *to)
{
    struct key in = outside(m->port, to, n->rules.map);
    if (dtt_map_get(&n->in, &in) == m) {
        dtt_map_take(&n->in, &in);
    }
    dtt_map_take(&n->out, out);
    free(m);
}

static struct mapping *make(struct dtt_sim_nat *n, struct dtt_rng *rng, uint64_t t_ns,
                            struct dtt_sim_nat_inside inside, const struct dtt_addr *to)
{
    struct key out = key_of(inside, to, n->rules.map);
    uint16_t port = pick_port(n, rng, t_ns, inside.port, to);
    struct key in = outside(port, to, n->rules.map);
    struct mapping *m = port ? malloc(sizeof(*m)) : NULL;
    if (!m) {
        return NULL;
    }
    *m = (struct mapping){.inside = inside, .port = port, .born_ns = t_ns, .used_ns = t_ns};
    struct mapping *old = dtt_map_take(&n->in, &in); /* not alive */
    if (old && old->inside.number == ROUTER) {
        free(old);
    }
    if (!put(n, &n->out, t_ns, &out, m)) {
        free(m);
        return NULL;
    }
    if (!put(n, &n->in, t_ns, &in, m)) {
        dtt_map_take(&n->out, &out);
        free(m);
        return NULL;
    }
    return m;
}

static void permit(struct dtt_sim_nat *n, uint64_t t_ns, uint16_t port, const struct dtt_addr *to)
{
    struct key k = outside(port, to, n->rules.filter);
    struct mapping *p = dtt_map_get(&n->open, &k);
    if (p) {
        p->born_ns = p->used_ns = t_ns;
        return;
    }
    p = malloc(sizeof(*p));
    if (p) {
        *p = (struct mapping){.port = port, .born_ns = t_ns, .used_ns = t_ns};
        if (!put(n, &n->open, t_ns, &k, p)) {
            free(p);
        }
    }
}

uint16_t dtt_sim_nat_send(struct dtt_sim_nat *n, struct dtt_rng *rng, uint64_t t_ns,
                          struct dtt_sim_nat_inside inside, const struct dtt_addr *to)
{
    struct key out = key_of(inside, to, n->rules.map);
    struct mapping *m = dtt_map_get(&n->out, &out);
    if (m && !is_alive(n, m, t_ns)) {
        forget(n, &out, m, to);
        m = NULL;
    }
    m = m ? m : make(n, rng, t_ns, inside, to);
    if (!m) {
        return 0;
    }
    m->used_ns = t_ns;
    if (n->rules.filter > n->rules.map) {
        permit(n, t_ns, m->port, to);
    }
    return m->port;
}

/* Linux with a firewall that accepts: the state of the packet has the port from now on. */
static void leave_stray(struct dtt_sim_nat *n, uint64_t t_ns, const struct key *in, uint16_t port)
{
    struct mapping *old = dtt_map_get(&n->in, in);
    if (old && old->inside.number == ROUTER) {
        old->born_ns = is_alive(n, old, t_ns) ? old->born_ns : t_ns;
        old->used_ns = t_ns;
        return;
    }
    struct mapping *m = malloc(sizeof(*m));
    if (m) {
        *m = (struct mapping){
            .inside = {.number = ROUTER}, .port = port, .born_ns = t_ns, .used_ns = t_ns};
        if (!put(n, &n->in, t_ns, in, m)) { /* in the place of a mapping that has ended */
            free(m);
        }
    }
}

bool dtt_sim_nat_recv(struct dtt_sim_nat *n, uint64_t t_ns, const struct dtt_addr *from,
                      uint16_t port, struct dtt_sim_nat_inside *ret)
{
    struct key in = outside(port, from, n->rules.map);
    struct key open = outside(port, from, n->rules.filter);
    struct mapping *m = dtt_map_get(&n->in, &in);
    struct mapping *p = m;
    if (!m || m->inside.number == ROUTER || !is_alive(n, m, t_ns)) {
        if (n->rules.leaves_strays) {
            leave_stray(n, t_ns, &in, port);
        }
        return false;
    }
    if (n->rules.filter > n->rules.map) {
        p = dtt_map_get(&n->open, &open);
        if (!p || t_ns - p->used_ns >= n->rules.idle_ns || p->used_ns < m->born_ns) {
            return false;
        }
    }
    m->is_answered = true;
    if (n->rules.is_linux) {
        m->used_ns = p->used_ns = t_ns;
    }
    *ret = m->inside;
    return true;
}
