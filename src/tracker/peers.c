/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/peers.h"

#include "base/addr.h"

#include <assert.h>
#include <string.h>

/* A lost neighbour is dialled again, but other peers come first. */
#define LOST_WAIT_NS (1 * DTT_S)

void dtt_peers_init(struct dtt_peers *peers, struct dtt_ctx *ctx,
                    const struct dtt_tracker_tuning *tuning, struct dtt_rng *rng,
                    const struct dtt_id *self)
{
    peers->ctx = ctx;
    peers->tuning = tuning;
    peers->rng = rng;
    peers->self = *self;
    peers->seq = 0;
    peers->n_named = peers->n_dialling = peers->n_neighbors = peers->count = 0;
}

struct dtt_tracker_peer *dtt_peers_find(struct dtt_peers *peers, const struct dtt_id *id)
{
    for (size_t i = 0; i < peers->count; i++) {
        if (memcmp(&peers->list[i].id, id, sizeof(*id)) == 0) {
            return &peers->list[i];
        }
    }
    return NULL;
}

/* Every change of state. */
static void enter(struct dtt_peers *peers, struct dtt_tracker_peer *p, enum dtt_peer_state state)
{
    assert(p->state != state);
    assert(p->state != DTT_PEER_DIALLING || peers->n_dialling > 0);
    assert(p->state != DTT_PEER_NEIGHBOR || peers->n_neighbors > 0);
    peers->n_dialling -= p->state == DTT_PEER_DIALLING;
    peers->n_neighbors -= p->state == DTT_PEER_NEIGHBOR;
    p->state = state;
    peers->n_dialling += state == DTT_PEER_DIALLING;
    peers->n_neighbors += state == DTT_PEER_NEIGHBOR;
    p->is_wanted = p->is_wanted && state == DTT_PEER_IDLE;
    p->is_at_door = p->is_at_door && state == DTT_PEER_DIALLING;
}

static void forget(struct dtt_peers *peers, struct dtt_tracker_peer *p)
{
    assert(p->state == DTT_PEER_IDLE);
    peers->n_named -= p->is_named;
    *p = peers->list[--peers->count];
}

/* The idle peer to give up first: of the oldest minute, and then the one with most failures. */
static struct dtt_tracker_peer *worst_idle(struct dtt_peers *peers)
{
    struct dtt_tracker_peer *worst = NULL;
    for (size_t i = 0; i < peers->count; i++) {
        struct dtt_tracker_peer *p = &peers->list[i];
        if (p->state != DTT_PEER_IDLE || p->is_named) {
            continue;
        }
        if (!worst || p->minute < worst->minute ||
            (p->minute == worst->minute && p->failures > worst->failures)) {
            worst = p;
        }
    }
    return worst;
}

static struct dtt_tracker_peer *add(struct dtt_peers *peers, const struct dtt_id *id,
                                    uint64_t minute)
{
    if (memcmp(id, &peers->self, sizeof(*id)) == 0) {
        return NULL;
    }
    if (peers->count == DTT_PEERS_MAX) {
        DTT_COUNT(peers->ctx, TRACKER_PEERS_REFUSED);
        struct dtt_tracker_peer *worst = worst_idle(peers);
        if (!worst) {
            return NULL;
        }
        forget(peers, worst);
    }
    struct dtt_tracker_peer *p = &peers->list[peers->count++];
    *p = (struct dtt_tracker_peer){
        .id = *id, .minute = minute, .heard_seq = peers->seq++, .dialled_ns = DTT_NEVER};
    return p;
}

/* Below 0: told before, above 0: after. 0: nothing tells which is the newer one. */
static int compare_told(const struct dtt_peer_told *a, const struct dtt_peer_told *b)
{
    if (a->minute != b->minute) {
        return a->minute < b->minute ? -1 : 1;
    }
    if (a->unix_s == 0 || b->unix_s == 0) {
        return 0;
    }
    return (a->unix_s > b->unix_s) - (a->unix_s < b->unix_s);
}

/*
 * Newer addresses replace the known ones, older ones are ignored. Where nothing tells which are the
 * newer ones they add up, the last heard first.
 */
static void hear_addrs(struct dtt_tracker_peer *p, struct dtt_peer_told told,
                       const struct dtt_addr *addrs, size_t n)
{
    struct dtt_addr list[DTT_RECORD_ADDRS];
    size_t count = 0;
    bool is_news = false;
    int order = p->n_addrs > 0 ? compare_told(&told, &p->addrs_told) : 1;
    if (order < 0) {
        return;
    }
    for (size_t i = 0; i < n && count < DTT_RECORD_ADDRS; i++) {
        if (dtt_addr_is_usable(&addrs[i]) && !dtt_addr_is_in(list, count, &addrs[i])) {
            is_news = is_news || !dtt_addr_is_in(p->addrs, p->n_addrs, &addrs[i]);
            list[count++] = addrs[i];
        }
    }
    if (count == 0) {
        return;
    }
    for (size_t i = 0; order == 0 && i < p->n_addrs && count < DTT_RECORD_ADDRS; i++) {
        if (!dtt_addr_is_in(list, count, &p->addrs[i])) {
            list[count++] = p->addrs[i];
        }
    }
    memcpy(p->addrs, list, count * sizeof(*list));
    p->n_addrs = count;
    p->addrs_told.minute = told.minute;
    if (order > 0 || told.unix_s > 0) {
        p->addrs_told.unix_s = told.unix_s;
    }
    if (is_news) {
        p->failures = 0;
        p->not_before = 0;
    }
}

void dtt_peers_hear(struct dtt_peers *peers, const struct dtt_id *id, enum dtt_peer_source source,
                    struct dtt_peer_told told, const struct dtt_addr *addrs, size_t n)
{
    struct dtt_tracker_peer *p = dtt_peers_find(peers, id);
    uint64_t minute = told.minute;
    if (!p) {
        p = add(peers, id, minute);
        if (!p) {
            return;
        }
    }
    if (minute > p->minute || (minute == p->minute && source > p->source)) {
        p->minute = minute;
        p->source = (uint8_t)source;
    }
    if (source == DTT_PEER_NAMED && !p->is_named && peers->n_named < DTT_PEERS_NAMED_MAX) {
        p->is_named = true;
        peers->n_named++;
    }
    hear_addrs(p, told, addrs, n);
}

/* When it may be dialled, as far as back-off goes; DTT_NEVER: not at all. */
static uint64_t dial_ns(const struct dtt_tracker_peer *p, bool only_wanted)
{
    bool is = p->state == DTT_PEER_IDLE &&
              (!only_wanted || p->is_wanted || p->not_before < p->lost_until);
    return is ? p->not_before : DTT_NEVER;
}

/* A dial without an address is a guess: peers with one come first, then the newest minute. */
static bool is_better(const struct dtt_tracker_peer *a, const struct dtt_tracker_peer *b)
{
    if ((a->n_addrs > 0) != (b->n_addrs > 0)) {
        return a->n_addrs > 0;
    }
    if (a->minute != b->minute) {
        return a->minute > b->minute;
    }
    if (a->source != b->source) {
        return a->source > b->source;
    }
    if (a->failures != b->failures) {
        return a->failures < b->failures;
    }
    return a->heard_seq < b->heard_seq;
}

struct dtt_tracker_peer *dtt_peers_dial(struct dtt_peers *peers, uint64_t mono_ns, bool only_wanted)
{
    struct dtt_tracker_peer *best = NULL;
    if (peers->n_dialling == DTT_PEERS_DIALS_MAX) {
        return NULL;
    }
    for (size_t i = 0; i < peers->count; i++) {
        struct dtt_tracker_peer *p = &peers->list[i];
        if (dial_ns(p, only_wanted) <= mono_ns && (!best || is_better(p, best))) {
            best = p;
        }
    }
    if (best) {
        enter(peers, best, DTT_PEER_DIALLING);
        best->dialled_ns = mono_ns;
    }
    return best;
}

uint64_t dtt_peers_ready_ns(const struct dtt_peers *peers, bool only_wanted)
{
    uint64_t at = DTT_NEVER;
    if (peers->n_dialling == DTT_PEERS_DIALS_MAX) {
        return at;
    }
    for (size_t i = 0; i < peers->count; i++) {
        at = dtt_min_ns(at, dial_ns(&peers->list[i], only_wanted));
    }
    return at;
}

uint32_t dtt_peers_idle(const struct dtt_peers *peers)
{
    uint32_t n = 0;
    for (size_t i = 0; i < peers->count; i++) {
        n += peers->list[i].state == DTT_PEER_IDLE;
    }
    return n;
}

/* True when the peer was dropped for good, so that its place holds another one now. */
static bool fail(struct dtt_peers *peers, struct dtt_tracker_peer *p, struct dtt_now now)
{
    enter(peers, p, DTT_PEER_IDLE);
    p->failures++;
    if (p->failures >= DTT_PEERS_FAILURES_MAX && !p->is_named &&
        p->minute + 1 < dtt_now_minute(now) && p->lost_until <= now.mono_ns) {
        forget(peers, p);
        return true;
    }
    uint32_t doublings = p->failures < 8 ? p->failures - 1 : 7;
    bool is_met_soon = p->is_shut && p->minute + 1 >= dtt_now_minute(now);
    uint64_t max = is_met_soon ? DTT_PEERS_BACKOFF_SHUT_NS : DTT_PEERS_BACKOFF_MAX_NS;
    uint64_t wait = dtt_min_ns(DTT_PEERS_BACKOFF_NS << doublings, max);
    p->not_before = dtt_add_ns(now.mono_ns, wait + dtt_rng_below(peers->rng, wait / 4));
    return false;
}

bool dtt_peers_failed(struct dtt_peers *peers, const struct dtt_id *id, struct dtt_now now)
{
    struct dtt_tracker_peer *p = dtt_peers_find(peers, id);
    if (!p || p->state != DTT_PEER_DIALLING) {
        return false;
    }
    (void)fail(peers, p, now);
    return true;
}

uint32_t dtt_peers_expire(struct dtt_peers *peers, struct dtt_now now)
{
    uint32_t n = 0;
    size_t i = 0;
    while (i < peers->count && peers->n_dialling > 0) {
        struct dtt_tracker_peer *p = &peers->list[i];
        bool is_over = p->state == DTT_PEER_DIALLING &&
                       now.mono_ns - p->dialled_ns >= peers->tuning->dial_timeout_ns;
        n += is_over;
        if (!is_over || !fail(peers, p, now)) {
            i++;
        }
    }
    return n;
}

uint64_t dtt_peers_expiry_ns(const struct dtt_peers *peers)
{
    uint64_t at = DTT_NEVER;
    for (size_t i = 0; i < peers->count && peers->n_dialling > 0; i++) {
        if (peers->list[i].state == DTT_PEER_DIALLING) {
            at = dtt_min_ns(at,
                            dtt_add_ns(peers->list[i].dialled_ns, peers->tuning->dial_timeout_ns));
        }
    }
    return at;
}

bool dtt_peers_up(struct dtt_peers *peers, const struct dtt_id *id, uint64_t minute)
{
    struct dtt_tracker_peer *p = dtt_peers_find(peers, id);
    if (!p) {
        p = add(peers, id, minute);
    }
    if (!p || p->state == DTT_PEER_NEIGHBOR) {
        return false;
    }
    enter(peers, p, DTT_PEER_NEIGHBOR);
    p->lost_until = 0;
    p->failures = 0;
    return true;
}

bool dtt_peers_down(struct dtt_peers *peers, const struct dtt_id *id, struct dtt_now now,
                    bool is_silent)
{
    struct dtt_tracker_peer *p = dtt_peers_find(peers, id);
    if (!p || p->state != DTT_PEER_NEIGHBOR) {
        return false;
    }
    enter(peers, p, DTT_PEER_IDLE);
    p->minute = dtt_now_minute(now);
    p->not_before = dtt_add_ns(now.mono_ns, LOST_WAIT_NS);
    p->lost_until = is_silent ? dtt_add_ns(now.mono_ns, peers->tuning->redial_lost_ns) : 0;
    return true;
}

void dtt_peers_forgive(struct dtt_peers *peers)
{
    for (size_t i = 0; i < peers->count; i++) {
        peers->list[i].failures = 0;
        peers->list[i].not_before = 0;
    }
}

void dtt_peers_unwant(struct dtt_peers *peers)
{
    for (size_t i = 0; i < peers->count; i++) {
        peers->list[i].is_wanted = peers->list[i].is_wanted && peers->list[i].is_named;
    }
}

bool dtt_peers_are_sound(const struct dtt_peers *peers)
{
    size_t n_named = 0, n_dialling = 0, n_neighbors = 0;
    bool is_sound = peers->count <= DTT_PEERS_MAX;
    for (size_t i = 0; i < peers->count && is_sound; i++) {
        const struct dtt_tracker_peer *p = &peers->list[i];
        n_named += p->is_named;
        n_dialling += p->state == DTT_PEER_DIALLING;
        n_neighbors += p->state == DTT_PEER_NEIGHBOR;
        is_sound = p->n_addrs <= DTT_RECORD_ADDRS && (!p->is_wanted || p->state == DTT_PEER_IDLE);
    }
    return is_sound && n_named == peers->n_named && n_named <= DTT_PEERS_NAMED_MAX &&
           n_dialling == peers->n_dialling && n_dialling <= DTT_PEERS_DIALS_MAX &&
           n_neighbors == peers->n_neighbors;
}
