/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/birthday.h"

#include "base/array.h"
#include "node/spares.h"

#include <assert.h>

#define PORT_MIN 1024 /* routers give out no lower ones */
#define PORTS (65536 - PORT_MIN)
#define STRIDE \
    37 /* through the sweep: the vary side's ports are neighbours, so each pass meets them */

/* The only place where the state changes. */
static void enter(struct dtt_birthday *b, enum dtt_birthday_state state)
{
    assert(b->state == DTT_BIRTHDAY_IDLE || state == DTT_BIRTHDAY_IDLE ||
           (b->state == DTT_BIRTHDAY_WAITING && state == DTT_BIRTHDAY_HOLDING));
    b->state = state;
}

static bool may_begin(struct dtt_birthday *b, struct dtt_now now, const struct dtt_id *peer,
                      const struct dtt_addr *addr)
{
    unsigned n_peer = 0, n_host = 0, n_network = 0;
    for (size_t i = b->n_made; i > 0; i--) {
        const struct dtt_birthday_attempt *a = &b->made[i - 1];
        if (now.mono_ns - a->at_ns >= DTT_BIRTHDAY_HOUR_NS) {
            dtt_array_remove(b->made, &b->n_made, sizeof(b->made[0]), i - 1);
            continue;
        }
        n_peer += memcmp(&a->peer, peer, sizeof(*peer)) == 0;
        n_host += dtt_addr_host(&a->addr) == dtt_addr_host(addr);
        n_network += dtt_addr_network(&a->addr) == dtt_addr_network(addr);
    }
    return b->state == DTT_BIRTHDAY_IDLE && now.mono_ns >= b->pause_ns &&
           n_peer < DTT_BIRTHDAY_TRIES && n_host < DTT_BIRTHDAY_TRIES &&
           n_network < DTT_BIRTHDAY_NETWORK && b->n_made < DTT_BIRTHDAY_MEMORY;
}

static bool begin(struct dtt_birthday *b, struct dtt_now now, enum dtt_birthday_state state,
                  const struct dtt_id *peer, const struct dtt_addr *addr)
{
    if (addr->family != DTT_FAMILY_V4 || dtt_addr_scope(addr) != DTT_SCOPE_GLOBAL ||
        !may_begin(b, now, peer, addr)) {
        return false;
    }
    enter(b, state);
    b->made[b->n_made++] =
        (struct dtt_birthday_attempt){.peer = *peer, .addr = *addr, .at_ns = now.mono_ns};
    b->peer = *peer;
    b->addr = *addr;
    b->n = b->n_hits = 0;
    return true;
}

bool dtt_birthday_guess(struct dtt_birthday *b, struct dtt_now now, const struct dtt_id *peer,
                        const struct dtt_addr *last, int step)
{
    if (!begin(b, now, DTT_BIRTHDAY_GUESSING, peer, last)) {
        return false;
    }
    b->step = step != 0 ? step : 1;
    b->next_ns = now.mono_ns;
    b->end_ns = now.mono_ns + (DTT_BIRTHDAY_GUESSES + 100) * DTT_BIRTHDAY_GUESS_NS;
    return true;
}

bool dtt_birthday_hold(struct dtt_birthday *b, struct dtt_now now, const struct dtt_id *peer,
                       const struct dtt_addr *addr)
{
    if (!begin(b, now, DTT_BIRTHDAY_WAITING, peer, addr)) {
        return false;
    }
    b->next_ns = now.mono_ns + DTT_BIRTHDAY_PATIENCE_NS;
    b->end_ns = b->next_ns + DTT_BIRTHDAY_HELD_NS;
    return true;
}

bool dtt_birthday_hold_instead(struct dtt_birthday *b, struct dtt_now now,
                               const struct dtt_id *peer, const struct dtt_addr *addr)
{
    uint64_t next_ns = b->next_ns;
    if (b->state != DTT_BIRTHDAY_WAITING || next_ns == DTT_NEVER) {
        return false;
    }
    struct dtt_birthday_attempt other = b->made[--b->n_made];
    enter(b, DTT_BIRTHDAY_IDLE);
    bool is_held = dtt_birthday_hold(b, now, peer, addr);
    if (is_held) {
        b->next_ns = next_ns; /* who names one after the other does not put it off */
    } else {
        b->made[b->n_made++] = other;
        enter(b, DTT_BIRTHDAY_WAITING);
    }
    return is_held;
}

bool dtt_birthday_wants_sockets(struct dtt_birthday *b, struct dtt_now now)
{
    if (b->state != DTT_BIRTHDAY_WAITING || b->next_ns > now.mono_ns) {
        return false;
    }
    b->next_ns = DTT_NEVER; /* until they are open */
    return true;
}

void dtt_birthday_opened(struct dtt_birthday *b, struct dtt_now now)
{
    if (b->state == DTT_BIRTHDAY_WAITING) {
        enter(b, DTT_BIRTHDAY_HOLDING);
        b->next_ns = now.mono_ns;
    }
}

void dtt_birthday_stop(struct dtt_birthday *b, struct dtt_now now)
{
    if (b->state != DTT_BIRTHDAY_IDLE) {
        enter(b, DTT_BIRTHDAY_IDLE);
        b->pause_ns = now.mono_ns + DTT_BIRTHDAY_PAUSE_NS;
    }
}

bool dtt_birthday_is_with(const struct dtt_birthday *b, const struct dtt_id *peer)
{
    return b->state != DTT_BIRTHDAY_IDLE && memcmp(&b->peer, peer, sizeof(*peer)) == 0;
}

bool dtt_birthday_was_with(const struct dtt_birthday *b, struct dtt_now now,
                           const struct dtt_id *peer)
{
    bool was = false;
    for (size_t i = 0; i < b->n_made; i++) {
        was |= memcmp(&b->made[i].peer, peer, sizeof(*peer)) == 0 &&
               now.mono_ns - b->made[i].at_ns < DTT_BIRTHDAY_HOUR_NS;
    }
    return was && !dtt_birthday_is_with(b, peer);
}

/* The port that is so many steps after the last one. */
static uint16_t port_after(const struct dtt_birthday *b, unsigned steps)
{
    int port = (int)b->addr.port - PORT_MIN + b->step * (int)steps;
    port %= PORTS;
    return (uint16_t)((port < 0 ? port + PORTS : port) + PORT_MIN);
}

/*
 * The next ports first. Later every other guess sweeps over those that follow, as the other side
 * may open its ports seconds after we began, and its house goes on using up ports. No port comes
 * twice in the sweep, so where there is no rule these guesses are as good as random ones.
 */
static uint16_t guess(struct dtt_birthday *b)
{
    unsigned i = b->n;
    if (i < DTT_BIRTHDAY_NEXT) {
        return port_after(b, i + 1);
    }
    if (i % 2 == 0) {
        return port_after(b, 1 + (i / 2 * STRIDE) % DTT_BIRTHDAY_SWEEP);
    }
    return (uint16_t)(PORT_MIN + dtt_rng_below(&b->rng, PORTS));
}

bool dtt_birthday_take(struct dtt_birthday *b, struct dtt_now now, struct dtt_addr *ret)
{
    bool is_guessing = b->state == DTT_BIRTHDAY_GUESSING;
    if ((!is_guessing && b->state != DTT_BIRTHDAY_HOLDING) || b->next_ns > now.mono_ns ||
        (is_guessing && b->n == DTT_BIRTHDAY_GUESSES)) {
        return false;
    }
    *ret = b->addr;
    if (is_guessing) {
        ret->port = guess(b);
    }
    b->n++;
    /* From now on, so that none follow in one burst after a pause of the program. */
    b->next_ns = now.mono_ns + (is_guessing             ? DTT_BIRTHDAY_GUESS_NS
                                : b->n < DTT_SPARES_MAX ? DTT_BIRTHDAY_OPEN_NS
                                                        : DTT_BIRTHDAY_HOLD_NS);
    return true;
}

bool dtt_birthday_may_follow(const struct dtt_birthday *b, struct dtt_now now)
{
    return b->state == DTT_BIRTHDAY_HOLDING && b->n_hits < DTT_BIRTHDAY_HITS &&
           (b->n_hits == 0 || now.mono_ns - b->hit_ns >= DTT_BIRTHDAY_HIT_NS);
}

void dtt_birthday_followed(struct dtt_birthday *b, struct dtt_now now)
{
    assert(dtt_birthday_may_follow(b, now));
    b->n_hits++;
    b->hit_ns = now.mono_ns;
}

uint64_t dtt_birthday_deadline(const struct dtt_birthday *b)
{
    if (b->state == DTT_BIRTHDAY_IDLE) {
        return DTT_NEVER;
    }
    bool is_through = b->state == DTT_BIRTHDAY_GUESSING && b->n == DTT_BIRTHDAY_GUESSES;
    return is_through ? b->end_ns : dtt_min_ns(b->next_ns, b->end_ns);
}
