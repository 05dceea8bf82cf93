/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "nat.h"

#include "base/array.h"
#include "base/time.h"

#include <stdlib.h>

#define PORT_FIRST 1024
#define PORTS 64512u /* above it */
#define PORT_DRAWS 200
#define STRAY_NS (30 * DTT_S) /* what conntrack gives a flow without an answer */

/* The laboratory cannot go on without memory. */
static void *room_for_one(void *array, size_t n, size_t *cap, size_t size)
{
    void *grown = dtt_array_room(array, n, cap, size);
    if (!grown) {
        abort();
    }
    return grown;
}

static uint64_t lifetime(const struct nat *n, const struct nat_mapping *m)
{
    return m->is_answered ? n->rules.idle_ns : n->rules.idle_new_ns;
}

static bool is_granted(const struct nat_mapping *m, uint64_t t_ns)
{
    return m->granted_ns > t_ns;
}

static bool is_alive(const struct nat *n, const struct nat_mapping *m, uint64_t t_ns)
{
    if (is_granted(m, t_ns)) {
        return true;
    }
    if (n->rules.hard_ns && t_ns - m->born_ns >= n->rules.hard_ns) {
        return false;
    }
    return t_ns - m->used_ns < lifetime(n, m);
}

static void forget_mapping(struct nat *n, size_t i)
{
    free(n->mappings[i]->sessions);
    free(n->mappings[i]);
    n->mappings[i] = n->mappings[--n->n_mappings];
}

void nat_flush(struct nat *n)
{
    while (n->n_mappings) {
        forget_mapping(n, n->n_mappings - 1);
    }
    n->n_strays = 0;
}

void nat_expire(struct nat *n, uint64_t t_ns)
{
    for (size_t i = n->n_mappings; i-- > 0;) {
        if (!is_alive(n, n->mappings[i], t_ns)) {
            forget_mapping(n, i);
        }
    }
    for (size_t i = n->n_strays; i-- > 0;) {
        if (t_ns - n->strays[i].used_ns >= STRAY_NS) {
            dtt_array_remove(n->strays, &n->n_strays, sizeof(*n->strays), i);
        }
    }
}

bool nat_is_outside(const struct nat *n, const struct dtt_addr *addr)
{
    for (size_t i = 0; i < n->n_outside; i++) {
        if (dtt_addr_same_ip(&n->outside[i], addr)) {
            return true;
        }
    }
    return false;
}

static struct nat_stray *stray_at(const struct nat *n, uint8_t protocol,
                                  const struct dtt_addr *outside, const struct dtt_addr *remote)
{
    for (size_t i = 0; i < n->n_strays; i++) {
        struct nat_stray *s = &n->strays[i];
        if (s->protocol == protocol && dtt_addr_eq(&s->outside, outside) &&
            dtt_addr_eq(&s->remote, remote)) {
            return s;
        }
    }
    return NULL;
}

/* Whether a new mapping towards `to` (NULL: towards all) cannot have this outside endpoint. */
static bool is_taken(const struct nat *n, uint8_t protocol, const struct dtt_addr *outside,
                     const struct dtt_addr *to)
{
    for (size_t i = 0; i < n->n_mappings; i++) {
        const struct nat_mapping *m = n->mappings[i];
        if (m->protocol == protocol && dtt_addr_eq(&m->outside, outside) &&
            (!to || m->granted_ns || dtt_addr_eq(&m->first, to))) {
            return true;
        }
    }
    return to && stray_at(n, protocol, outside, to);
}

static uint16_t next_port(struct nat *n)
{
    if (n->rules.ports != NAT_PORTS_SEQUENTIAL) {
        return (uint16_t)(PORT_FIRST + dtt_rng_below(n->rng, PORTS));
    }
    if (n->last_port == 0) {
        n->last_port = (uint16_t)(PORT_FIRST + dtt_rng_below(n->rng, PORTS));
    }
    n->last_port = n->last_port == UINT16_MAX ? PORT_FIRST : (uint16_t)(n->last_port + 1);
    return n->last_port;
}

/* Gives `outside` a port, `wanted` where the rules keep it. False when none was found. */
static bool choose_port(struct nat *n, uint8_t protocol, struct dtt_addr *outside, uint16_t wanted,
                        bool is_wanted_first, const struct dtt_addr *to)
{
    outside->port = wanted;
    if (is_wanted_first && wanted && !is_taken(n, protocol, outside, to)) {
        return true;
    }
    for (unsigned i = 0; i < PORT_DRAWS; i++) {
        outside->port = next_port(n);
        if (!is_taken(n, protocol, outside, to)) {
            return true;
        }
    }
    return false;
}

static bool keeps_ports(const struct nat *n)
{
    return n->rules.ports == NAT_PORTS_KEEP || n->rules.ports == NAT_PORTS_OVERLOAD;
}

static struct dtt_addr choose_outside(struct nat *n, const struct dtt_addr *inside)
{
    uint64_t number = n->rules.pool == NAT_POOL_ARBITRARY ? dtt_rng_u64(n->rng) : inside->ip[3];
    return n->outside[number % n->n_outside];
}

static struct nat_mapping *add(struct nat *n, uint64_t t_ns, uint8_t protocol,
                               const struct dtt_addr *inside, const struct dtt_addr *outside)
{
    struct nat_mapping *m = calloc(1, sizeof(*m));
    if (!m) {
        abort();
    }
    n->mappings = room_for_one(n->mappings, n->n_mappings, &n->mappings_cap, sizeof(*n->mappings));
    n->mappings[n->n_mappings++] = m;
    n->counts.made++;
    m->protocol = protocol;
    m->inside = *inside;
    m->outside = *outside;
    m->born_ns = m->used_ns = t_ns;
    return m;
}

static size_t count_of_host(const struct nat *n, const struct dtt_addr *inside)
{
    size_t count = 0;
    for (size_t i = 0; i < n->n_mappings; i++) {
        count += dtt_addr_same_ip(&n->mappings[i]->inside, inside);
    }
    return count;
}

static bool serves(const struct nat *n, const struct nat_mapping *m, const struct dtt_addr *to)
{
    switch (n->rules.is_firewall ? NAT_INDEPENDENT : n->rules.mapping) {
    case NAT_INDEPENDENT: return true;
    case NAT_ADDRESS: return dtt_addr_same_ip(&m->first, to);
    default: return dtt_addr_eq(&m->first, to);
    }
}

static struct nat_mapping *mapping_for(const struct nat *n, uint64_t t_ns, uint8_t protocol,
                                       const struct dtt_addr *inside, const struct dtt_addr *to)
{
    for (size_t i = 0; i < n->n_mappings; i++) {
        struct nat_mapping *m = n->mappings[i];
        if (m->protocol == protocol && dtt_addr_eq(&m->inside, inside) &&
            (is_granted(m, t_ns) || serves(n, m, to))) {
            return m;
        }
    }
    return NULL;
}

static struct nat_mapping *make(struct nat *n, uint64_t t_ns, uint8_t protocol,
                                const struct dtt_addr *inside, const struct dtt_addr *to)
{
    struct dtt_addr outside = *inside;
    if (!n->rules.is_firewall) {
        bool is_full = n->rules.max && count_of_host(n, inside) >= n->rules.max;
        const struct dtt_addr *towards = n->rules.ports == NAT_PORTS_OVERLOAD ? to : NULL;
        outside = choose_outside(n, inside);
        if (is_full || !choose_port(n, protocol, &outside, inside->port, keeps_ports(n), towards)) {
            n->counts.full++;
            return NULL;
        }
        n->counts.shifted += keeps_ports(n) && outside.port != inside->port;
    }
    struct nat_mapping *m = add(n, t_ns, protocol, inside, &outside);
    m->first = *to;
    return m;
}

static struct nat_session *session_with(const struct nat_mapping *m, const struct dtt_addr *remote)
{
    for (size_t i = 0; i < m->n_sessions; i++) {
        if (dtt_addr_eq(&m->sessions[i].remote, remote)) {
            return &m->sessions[i];
        }
    }
    return NULL;
}

struct nat_mapping *nat_out(struct nat *n, uint64_t t_ns, uint8_t protocol,
                            const struct dtt_addr *inside, const struct dtt_addr *to)
{
    nat_expire(n, t_ns);
    struct nat_mapping *m = mapping_for(n, t_ns, protocol, inside, to);
    if (!m) {
        m = make(n, t_ns, protocol, inside, to);
    }
    if (!m) {
        return NULL;
    }
    m->used_ns = t_ns;
    n->counts.out++;
    struct nat_session *s = session_with(m, to);
    if (!s) {
        m->sessions =
            room_for_one(m->sessions, m->n_sessions, &m->sessions_cap, sizeof(*m->sessions));
        s = &m->sessions[m->n_sessions++];
        s->remote = *to;
    }
    s->used_ns = t_ns;
    return m;
}

static bool lets_in(const struct nat *n, const struct nat_mapping *m, uint64_t t_ns,
                    const struct dtt_addr *from)
{
    if (is_granted(m, t_ns) || n->rules.filter == NAT_INDEPENDENT) {
        return true;
    }
    for (size_t i = 0; i < m->n_sessions; i++) {
        const struct nat_session *s = &m->sessions[i];
        bool fits = n->rules.filter == NAT_ADDRESS ? dtt_addr_same_ip(&s->remote, from)
                                                   : dtt_addr_eq(&s->remote, from);
        if (fits && t_ns - s->used_ns < lifetime(n, m)) {
            return true;
        }
    }
    return false;
}

static void leave_stray(struct nat *n, uint64_t t_ns, uint8_t protocol,
                        const struct dtt_addr *outside, const struct dtt_addr *remote)
{
    struct nat_stray *s = stray_at(n, protocol, outside, remote);
    if (!s) {
        n->strays = room_for_one(n->strays, n->n_strays, &n->strays_cap, sizeof(*n->strays));
        s = &n->strays[n->n_strays++];
        *s = (struct nat_stray){.protocol = protocol, .outside = *outside, .remote = *remote};
    }
    s->used_ns = t_ns;
}

struct nat_mapping *nat_in(struct nat *n, uint64_t t_ns, uint8_t protocol,
                           const struct dtt_addr *from, const struct dtt_addr *outside)
{
    nat_expire(n, t_ns);
    for (size_t i = 0; i < n->n_mappings; i++) {
        struct nat_mapping *m = n->mappings[i];
        if (m->protocol != protocol || !dtt_addr_eq(&m->outside, outside) ||
            !lets_in(n, m, t_ns, from)) {
            continue;
        }
        struct nat_session *s = session_with(m, from);
        m->is_answered = true;
        if (n->rules.is_refreshed_in) {
            m->used_ns = t_ns;
            if (s) {
                s->used_ns = t_ns;
            }
        }
        n->counts.in++;
        return m;
    }
    n->counts.filtered++;
    if (n->rules.leaves_strays && !n->rules.is_firewall) {
        leave_stray(n, t_ns, protocol, outside, from);
    }
    return NULL;
}

struct nat_mapping *nat_of_inside(const struct nat *n, uint8_t protocol,
                                  const struct dtt_addr *inside)
{
    for (size_t i = 0; i < n->n_mappings; i++) {
        if (n->mappings[i]->protocol == protocol && dtt_addr_eq(&n->mappings[i]->inside, inside)) {
            return n->mappings[i];
        }
    }
    return NULL;
}

struct nat_mapping *nat_of_outside(const struct nat *n, uint8_t protocol,
                                   const struct dtt_addr *outside)
{
    for (size_t i = 0; i < n->n_mappings; i++) {
        if (n->mappings[i]->protocol == protocol &&
            dtt_addr_eq(&n->mappings[i]->outside, outside)) {
            return n->mappings[i];
        }
    }
    return NULL;
}

struct nat_mapping *nat_granted(const struct nat *n, uint64_t t_ns, uint8_t protocol,
                                const struct dtt_addr *inside)
{
    for (size_t i = 0; i < n->n_mappings; i++) {
        struct nat_mapping *m = n->mappings[i];
        if (m->protocol == protocol && is_granted(m, t_ns) && dtt_addr_eq(&m->inside, inside)) {
            return m;
        }
    }
    return NULL;
}

struct nat_mapping *nat_grant(struct nat *n, uint64_t t_ns, uint8_t protocol,
                              const struct dtt_addr *inside, uint16_t port, uint64_t until_ns)
{
    nat_expire(n, t_ns);
    struct nat_mapping *m = nat_granted(n, t_ns, protocol, inside);
    if (!m && n->rules.mapping == NAT_INDEPENDENT) {
        /* A mapping that is there already becomes the granted one (RFC 6887, 11.3). */
        m = nat_of_inside(n, protocol, inside);
    }
    if (!m) {
        struct dtt_addr outside = n->outside[0];
        if (!choose_port(n, protocol, &outside, port ? port : inside->port, true, NULL)) {
            return NULL;
        }
        m = add(n, t_ns, protocol, inside, &outside);
    }
    m->used_ns = t_ns;
    m->granted_ns = until_ns;
    return m;
}
