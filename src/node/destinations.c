/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/destinations.h"

#include <stdlib.h>

/* A dial repeats itself only while others find budget. */
#define A_DIAL 4
#define REPEAT_NS (3 * DTT_S) /* at most so much later */
#define KEPT_NS (3600 * DTT_S)

struct dtt_destination {
    uint64_t host;
    uint64_t until_ns[DTT_DESTINATIONS_INITIALS]; /* when each datagram is forgotten */
    uint64_t knock_ns[DTT_DESTINATIONS_KNOCKS];   /* and each knock */
    uint64_t hearsay_ns;                          /* nothing on hearsay before */
    uint64_t wait_ns;                             /* after the last dial on hearsay; 0: none */
    uint64_t refused_ns;                          /* when all refusals are to be had again */
};

void dtt_destinations_init(struct dtt_destinations *d,
                           const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES])
{
    dtt_map_init(&d->hosts, sizeof(uint64_t), DTT_DESTINATIONS_MAX, hash_key);
}

void dtt_destinations_fini(struct dtt_destinations *d)
{
    for (size_t i = 0; i < dtt_map_count(&d->hosts); i++) {
        free(dtt_map_value_at(&d->hosts, i));
    }
    dtt_map_fini(&d->hosts);
}

static void forget(struct dtt_destinations *d, struct dtt_destination *host)
{
    dtt_map_take(&d->hosts, &host->host);
    free(host);
}

/* One whose time is over, or that was never sent; otherwise the oldest. */
static size_t oldest(const uint64_t *until_ns, size_t n)
{
    size_t at = 0;
    for (size_t i = 1; i < n; i++) {
        at = until_ns[i] < until_ns[at] ? i : at;
    }
    return at;
}

/* The one that is forgotten last. */
static size_t newest(const uint64_t *until_ns, size_t n)
{
    size_t at = 0;
    for (size_t i = 1; i < n; i++) {
        at = until_ns[i] > until_ns[at] ? i : at;
    }
    return at;
}

static unsigned budget(const uint64_t *until_ns, size_t n, struct dtt_now now)
{
    unsigned left = 0;
    for (size_t i = 0; i < n; i++) {
        left += until_ns[i] <= now.mono_ns;
    }
    return left;
}

static bool is_quiet(const struct dtt_destination *host, struct dtt_now now)
{
    return host->refused_ns <= now.mono_ns &&
           budget(host->until_ns, DTT_DESTINATIONS_INITIALS, now) == DTT_DESTINATIONS_INITIALS &&
           budget(host->knock_ns, DTT_DESTINATIONS_KNOCKS, now) == DTT_DESTINATIONS_KNOCKS;
}

/*
 * A host goes that has been quiet for KEPT_NS, so that its waiting began anew would let no more
 * through than the longest wait does; in a full table one that need not wait any more. One that has
 * to is not forgotten for the sake of hearsay: naming a thousand others must not win it a new
 * budget. For other dials one goes that has only hearsay to wait for; there are never as many of
 * those as the table has room.
 */
static void make_room(struct dtt_destinations *d, struct dtt_now now, bool is_hearsay)
{
    struct dtt_destination *victim = NULL;
    uint64_t kept_ns = dtt_map_count(&d->hosts) == DTT_DESTINATIONS_MAX ? 0 : KEPT_NS;
    for (size_t i = dtt_map_count(&d->hosts); i > 0; i--) {
        struct dtt_destination *host = dtt_map_value_at(&d->hosts, i - 1);
        uint64_t free_ns = dtt_add_ns(host->hearsay_ns, host->wait_ns);
        if (is_quiet(host, now) && now.mono_ns >= dtt_add_ns(free_ns, kept_ns)) {
            forget(d, host);
        } else if (is_quiet(host, now) && (!victim || host->hearsay_ns < victim->hearsay_ns)) {
            victim = host;
        }
    }
    if (dtt_map_count(&d->hosts) == DTT_DESTINATIONS_MAX && victim && !is_hearsay) {
        forget(d, victim);
    }
}

/* NULL: no room, or no memory. */
static struct dtt_destination *host_of(struct dtt_destinations *d, struct dtt_now now,
                                       const struct dtt_addr *addr, bool is_hearsay)
{
    uint64_t key = dtt_addr_host(addr);
    struct dtt_destination *host = dtt_map_get(&d->hosts, &key);
    if (host) {
        return host;
    }
    make_room(d, now, is_hearsay);
    host = calloc(1, sizeof(*host));
    if (!host || dtt_map_put(&d->hosts, &key, host) != DTT_OK) {
        free(host);
        return NULL;
    }
    host->host = key;
    return host;
}

unsigned dtt_destinations_take(struct dtt_destinations *d, struct dtt_now now,
                               const struct dtt_addr *addr, bool is_hearsay, uint64_t *ret_ready_ns)
{
    struct dtt_destination *host = host_of(d, now, addr, is_hearsay);
    *ret_ready_ns = now.mono_ns + DTT_DESTINATIONS_WINDOW_NS;
    if (!host) {
        return 0;
    }
    unsigned left = budget(host->until_ns, DTT_DESTINATIONS_INITIALS, now);
    size_t first = oldest(host->until_ns, DTT_DESTINATIONS_INITIALS);
    unsigned n = is_hearsay || left <= A_DIAL ? 1 : A_DIAL;
    uint64_t ready_ns = left > 0 ? 0 : host->until_ns[first];
    if (is_hearsay && host->hearsay_ns > ready_ns) {
        ready_ns = host->hearsay_ns;
    }
    if (ready_ns > now.mono_ns) {
        *ret_ready_ns = ready_ns;
        return 0;
    }
    for (unsigned i = 0; i < n; i++) {
        /* A repetition goes out a little later than the dial. */
        host->until_ns[oldest(host->until_ns, DTT_DESTINATIONS_INITIALS)] =
            now.mono_ns + DTT_DESTINATIONS_WINDOW_NS + i * REPEAT_NS;
    }
    if (is_hearsay) {
        host->wait_ns =
            dtt_next_pause_ns(host->wait_ns, DTT_DESTINATIONS_WAIT_NS, DTT_DESTINATIONS_WAIT_MAX);
        host->hearsay_ns = now.mono_ns + host->wait_ns;
    }
    return n;
}

bool dtt_destinations_knock(struct dtt_destinations *d, struct dtt_now now,
                            const struct dtt_addr *addr)
{
    struct dtt_destination *host = host_of(d, now, addr, true);
    if (!host || budget(host->knock_ns, DTT_DESTINATIONS_KNOCKS, now) == 0) {
        return false;
    }
    host->knock_ns[oldest(host->knock_ns, DTT_DESTINATIONS_KNOCKS)] =
        now.mono_ns + DTT_DESTINATIONS_WINDOW_NS;
    return true;
}

void dtt_destinations_refused(struct dtt_destinations *d, struct dtt_now now,
                              const struct dtt_addr *addr, unsigned n)
{
    uint64_t key = dtt_addr_host(addr);
    struct dtt_destination *host = dtt_map_get(&d->hosts, &key);
    if (!host) {
        return;
    }
    uint64_t from_ns = host->refused_ns > now.mono_ns ? host->refused_ns : now.mono_ns;
    if (from_ns - now.mono_ns > (DTT_DESTINATIONS_REFUSALS - 1) * DTT_DESTINATIONS_REFUSAL_NS) {
        return;
    }
    host->refused_ns = from_ns + DTT_DESTINATIONS_REFUSAL_NS;
    for (unsigned i = 0; i < n; i++) {
        host->until_ns[newest(host->until_ns, DTT_DESTINATIONS_INITIALS)] = 0;
    }
}

void dtt_destinations_answered(struct dtt_destinations *d, const struct dtt_addr *addr)
{
    uint64_t key = dtt_addr_host(addr);
    struct dtt_destination *host = dtt_map_get(&d->hosts, &key);
    if (host) {
        forget(d, host);
    }
}
