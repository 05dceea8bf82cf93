/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/candidates.h"

#include "base/addr.h"

#include <string.h>

/* A neighbour that was just lost is tried again, but after those that were not. */
#define LOST_WAIT_NS (1 * DTT_S)

void dtt_candidates_init(struct dtt_candidates *c, struct dtt_ctx *ctx,
                         const struct dtt_tracker_tuning *tuning, struct dtt_rng *rng,
                         const struct dtt_id *self)
{
    c->ctx = ctx;
    c->tuning = tuning;
    c->rng = rng;
    c->self = *self;
    c->seq = 0;
    c->n_named = c->n_dialling = c->n_neighbors = c->count = 0;
}

struct dtt_candidate *dtt_candidates_find(struct dtt_candidates *c, const struct dtt_id *id)
{
    for (size_t i = 0; i < c->count; i++) {
        if (memcmp(&c->list[i].id, id, sizeof(*id)) == 0) {
            return &c->list[i];
        }
    }
    return NULL;
}

static void forget(struct dtt_candidates *c, struct dtt_candidate *p)
{
    c->n_named -= p->is_named;
    *p = c->list[--c->count];
}

/* The idle peer that is missed least: of the oldest minute, among those the one failed most. */
static struct dtt_candidate *least(struct dtt_candidates *c)
{
    struct dtt_candidate *worst = NULL;
    for (size_t i = 0; i < c->count; i++) {
        struct dtt_candidate *p = &c->list[i];
        if (p->state != DTT_CANDIDATE_IDLE || p->is_named) {
            continue;
        }
        if (!worst || p->minute < worst->minute ||
            (p->minute == worst->minute && p->failures > worst->failures)) {
            worst = p;
        }
    }
    return worst;
}

static struct dtt_candidate *add(struct dtt_candidates *c, const struct dtt_id *id, uint64_t minute)
{
    if (memcmp(id, &c->self, sizeof(*id)) == 0) {
        return NULL;
    }
    if (c->count == DTT_CANDIDATES_MAX) {
        DTT_COUNT(c->ctx, TRACKER_CANDIDATES_FULL);
        struct dtt_candidate *worst = least(c);
        if (!worst) {
            return NULL;
        }
        forget(c, worst);
    }
    struct dtt_candidate *p = &c->list[c->count++];
    *p = (struct dtt_candidate){.id = *id, .minute = minute, .heard_seq = c->seq++};
    return p;
}

static bool has_addr(const struct dtt_addr *list, size_t n, const struct dtt_addr *a)
{
    for (size_t i = 0; i < n; i++) {
        if (dtt_addr_eq(&list[i], a)) {
            return true;
        }
    }
    return false;
}

/*
 * Addresses of a newer minute replace the known ones. Those of one minute add up, the last heard
 * first: a node that was just restarted has two records in the slot, and nothing tells which is
 * the newer one.
 */
static void hear_addrs(struct dtt_candidate *p, uint64_t minute, const struct dtt_addr *addrs,
                       size_t n)
{
    struct dtt_addr list[DTT_RECORD_ADDRS];
    size_t count = 0;
    bool is_news = false;
    if (p->n_addrs > 0 && minute < p->addrs_minute) {
        return;
    }
    for (size_t i = 0; i < n && count < DTT_RECORD_ADDRS; i++) {
        if (dtt_addr_is_usable(&addrs[i]) && !has_addr(list, count, &addrs[i])) {
            is_news = is_news || !has_addr(p->addrs, p->n_addrs, &addrs[i]);
            list[count++] = addrs[i];
        }
    }
    if (count == 0) {
        return;
    }
    for (size_t i = 0; minute == p->addrs_minute && i < p->n_addrs && count < DTT_RECORD_ADDRS;
         i++) {
        if (!has_addr(list, count, &p->addrs[i])) {
            list[count++] = p->addrs[i];
        }
    }
    memcpy(p->addrs, list, count * sizeof(*list));
    p->n_addrs = count;
    p->addrs_minute = minute;
    if (is_news) {
        p->failures = 0;
        p->not_before = 0;
    }
}

void dtt_candidates_hear(struct dtt_candidates *c, const struct dtt_id *id,
                         enum dtt_candidate_source source, uint64_t minute,
                         const struct dtt_addr *addrs, size_t n)
{
    struct dtt_candidate *p = dtt_candidates_find(c, id);
    if (!p) {
        p = add(c, id, minute);
        if (!p) {
            return;
        }
        p->source = (uint8_t)source;
    }
    if (minute > p->minute) {
        p->minute = minute;
        p->source = (uint8_t)source;
    } else if (minute == p->minute && source > p->source) {
        p->source = (uint8_t)source;
    }
    if (source == DTT_CANDIDATE_NAMED && !p->is_named && c->n_named < DTT_CANDIDATES_NAMED_MAX) {
        p->is_named = true;
        c->n_named++;
    }
    hear_addrs(p, minute, addrs, n);
}

/* When it may be dialled, as far as back-off goes; DTT_NEVER: not at all. */
static uint64_t dial_ns(const struct dtt_candidate *p, bool only_wanted)
{
    bool is = p->state == DTT_CANDIDATE_IDLE &&
              (!only_wanted || p->is_wanted || p->not_before < p->lost_until);
    return is ? p->not_before : DTT_NEVER;
}

/* A dial without an address is a guess, so those come last; then the newest minute counts. */
static bool is_better(const struct dtt_candidate *a, const struct dtt_candidate *b)
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

struct dtt_candidate *dtt_candidates_dial(struct dtt_candidates *c, uint64_t mono_ns,
                                          bool only_wanted)
{
    struct dtt_candidate *best = NULL;
    if (c->n_dialling == DTT_CANDIDATES_DIALS_MAX) {
        return NULL;
    }
    for (size_t i = 0; i < c->count; i++) {
        struct dtt_candidate *p = &c->list[i];
        if (dial_ns(p, only_wanted) <= mono_ns && (!best || is_better(p, best))) {
            best = p;
        }
    }
    if (best) {
        best->state = DTT_CANDIDATE_DIALLING;
        best->is_wanted = false;
        best->has_dialled = true;
        best->dialled_ns = mono_ns;
        c->n_dialling++;
    }
    return best;
}

uint64_t dtt_candidates_ready_ns(const struct dtt_candidates *c, bool only_wanted)
{
    uint64_t at = DTT_NEVER;
    if (c->n_dialling == DTT_CANDIDATES_DIALS_MAX) {
        return at;
    }
    for (size_t i = 0; i < c->count; i++) {
        at = dtt_min_ns(at, dial_ns(&c->list[i], only_wanted));
    }
    return at;
}

uint32_t dtt_candidates_waiting(const struct dtt_candidates *c)
{
    uint32_t n = 0;
    for (size_t i = 0; i < c->count; i++) {
        n += c->list[i].state == DTT_CANDIDATE_IDLE;
    }
    return n;
}

static void end_dial(struct dtt_candidates *c, struct dtt_candidate *p)
{
    if (p->state == DTT_CANDIDATE_DIALLING) {
        p->state = DTT_CANDIDATE_IDLE;
        c->n_dialling--;
    }
}

/* True when the peer was dropped for good, so that its place holds another one now. */
static bool fail(struct dtt_candidates *c, struct dtt_candidate *p, struct dtt_now now)
{
    end_dial(c, p);
    p->failures++;
    if (p->failures >= DTT_CANDIDATES_FAILURES_MAX && !p->is_named &&
        p->minute + 1 < dtt_now_minute(now) && p->lost_until <= now.mono_ns) {
        forget(c, p);
        return true;
    }
    uint32_t doublings = p->failures < 8 ? p->failures - 1 : 7;
    uint64_t wait =
        dtt_min_ns(DTT_CANDIDATES_BACKOFF_NS << doublings, DTT_CANDIDATES_BACKOFF_MAX_NS);
    p->not_before = dtt_add_ns(now.mono_ns, wait + dtt_rng_below(c->rng, wait / 4));
    return false;
}

bool dtt_candidates_failed(struct dtt_candidates *c, const struct dtt_id *id, struct dtt_now now)
{
    struct dtt_candidate *p = dtt_candidates_find(c, id);
    if (!p || p->state != DTT_CANDIDATE_DIALLING) {
        return false;
    }
    (void)fail(c, p, now);
    return true;
}

uint32_t dtt_candidates_expire(struct dtt_candidates *c, struct dtt_now now)
{
    uint32_t n = 0;
    size_t i = 0;
    while (i < c->count && c->n_dialling > 0) {
        struct dtt_candidate *p = &c->list[i];
        bool is_over = p->state == DTT_CANDIDATE_DIALLING &&
                       now.mono_ns - p->dialled_ns >= c->tuning->dial_timeout_ns;
        n += is_over;
        if (!is_over || !fail(c, p, now)) {
            i++;
        }
    }
    return n;
}

uint64_t dtt_candidates_expiry_ns(const struct dtt_candidates *c)
{
    uint64_t at = DTT_NEVER;
    for (size_t i = 0; i < c->count && c->n_dialling > 0; i++) {
        if (c->list[i].state == DTT_CANDIDATE_DIALLING) {
            at = dtt_min_ns(at, dtt_add_ns(c->list[i].dialled_ns, c->tuning->dial_timeout_ns));
        }
    }
    return at;
}

bool dtt_candidates_up(struct dtt_candidates *c, const struct dtt_id *id, uint64_t minute)
{
    struct dtt_candidate *p = dtt_candidates_find(c, id);
    if (!p) {
        p = add(c, id, minute);
    }
    if (!p || p->state == DTT_CANDIDATE_NEIGHBOR) {
        return false;
    }
    end_dial(c, p);
    p->state = DTT_CANDIDATE_NEIGHBOR;
    p->is_wanted = false;
    p->lost_until = 0;
    p->failures = 0;
    c->n_neighbors++;
    return true;
}

bool dtt_candidates_down(struct dtt_candidates *c, const struct dtt_id *id, struct dtt_now now,
                         bool is_silent)
{
    struct dtt_candidate *p = dtt_candidates_find(c, id);
    if (!p || p->state != DTT_CANDIDATE_NEIGHBOR) {
        return false;
    }
    p->state = DTT_CANDIDATE_IDLE;
    p->minute = dtt_now_minute(now);
    p->not_before = dtt_add_ns(now.mono_ns, LOST_WAIT_NS);
    p->lost_until = is_silent ? dtt_add_ns(now.mono_ns, c->tuning->redial_lost_ns) : 0;
    c->n_neighbors--;
    return true;
}

void dtt_candidates_forgive(struct dtt_candidates *c)
{
    for (size_t i = 0; i < c->count; i++) {
        c->list[i].failures = 0;
        c->list[i].not_before = 0;
    }
}

void dtt_candidates_unwant(struct dtt_candidates *c)
{
    for (size_t i = 0; i < c->count; i++) {
        c->list[i].is_wanted = c->list[i].is_wanted && c->list[i].is_named;
    }
}
