/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/nat.h"

#include <stdlib.h>

#define MAPPINGS_MAX 4096

struct mapping {
    uint16_t port;
    uint64_t used_ns;
};

void dtt_sim_nat_init(struct dtt_sim_nat *n, enum dtt_sim_nat_kind kind, uint64_t timeout_ns)
{
    static const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES] = {1};
    *n = (struct dtt_sim_nat){.kind = kind, .timeout_ns = timeout_ns};
    dtt_map_init(&n->out, sizeof(struct dtt_addr), MAPPINGS_MAX, hash_key);
}

void dtt_sim_nat_fini(struct dtt_sim_nat *n)
{
    for (size_t i = 0; i < dtt_map_count(&n->out); i++) {
        free(dtt_map_value_at(&n->out, i));
    }
    dtt_map_fini(&n->out);
}

static uint16_t random_port(struct dtt_rng *rng)
{
    return (uint16_t)(1024 + dtt_rng_below(rng, 65536 - 1024));
}

static bool is_alive(const struct dtt_sim_nat *n, uint64_t used_ns, uint64_t t_ns)
{
    return t_ns - used_ns < n->timeout_ns;
}

static void forget_old(struct dtt_sim_nat *n, uint64_t t_ns)
{
    for (size_t i = dtt_map_count(&n->out); i-- > 0;) {
        struct mapping *m = dtt_map_value_at(&n->out, i);
        if (!is_alive(n, m->used_ns, t_ns)) {
            dtt_map_take(&n->out, dtt_map_key_at(&n->out, i));
            free(m);
        }
    }
}

static struct mapping *mapping_to(struct dtt_sim_nat *n, uint64_t t_ns, const struct dtt_addr *to)
{
    struct mapping *m = dtt_map_get(&n->out, to);
    if (m) {
        return m;
    }
    if (dtt_map_count(&n->out) == MAPPINGS_MAX) {
        forget_old(n, t_ns);
    }
    m = calloc(1, sizeof(*m));
    if (m && dtt_map_put(&n->out, to, m) != DTT_OK) {
        free(m);
        m = NULL;
    }
    return m;
}

uint16_t dtt_sim_nat_send(struct dtt_sim_nat *n, struct dtt_rng *rng, uint64_t t_ns,
                          const struct dtt_addr *to)
{
    if (n->kind != DTT_SIM_NAT_SYMMETRIC && (n->port == 0 || !is_alive(n, n->used_ns, t_ns))) {
        n->port = random_port(rng);
    }
    n->used_ns = t_ns;
    if (n->kind == DTT_SIM_NAT_FULL_CONE) {
        return n->port;
    }
    struct mapping *m = mapping_to(n, t_ns, to);
    if (!m) {
        return 0;
    }
    if (n->kind == DTT_SIM_NAT_RESTRICTED) {
        m->port = n->port;
    } else if (m->port == 0 || !is_alive(n, m->used_ns, t_ns)) {
        m->port = random_port(rng);
    }
    m->used_ns = t_ns;
    return m->port;
}

bool dtt_sim_nat_lets_in(const struct dtt_sim_nat *n, uint64_t t_ns, const struct dtt_addr *from,
                         uint16_t port)
{
    if (n->kind == DTT_SIM_NAT_FULL_CONE) {
        return port != 0 && port == n->port && is_alive(n, n->used_ns, t_ns);
    }
    const struct mapping *m = dtt_map_get(&n->out, from);
    return m && m->port == port && is_alive(n, m->used_ns, t_ns);
}
