/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/merge.h"

#include <assert.h>
#include <string.h>

/* Settle passes, in thirtieths of bubble_first_ns: at 1, 3, 7, 15 and 30 s by default. */
static const uint64_t settle_at[DTT_MERGE_SETTLE_PASSES] = {1, 3, 7, 15, 30};

#define BIT(kind) (1u << (kind))

#define LOOKERS 16 /* of its due passes a member makes one in 1 + members / LOOKERS */

/* In a silent topic nothing tells strangers from members: one in so many is dialled. */
#define SILENT_ODDS 4

void dtt_merge_init(struct dtt_merge *m, const struct dtt_tracker_tuning *tuning,
                    struct dtt_rng *rng)
{
    memset(m, 0, sizeof(*m));
    m->tuning = tuning;
    m->rng = rng;
    m->start_ns = DTT_NEVER;
}

/* Every change of state; `kinds` are those of the pass that READING begins. */
static void enter(struct dtt_merge *m, enum dtt_merge_state state, unsigned kinds)
{
    assert(state != DTT_MERGE_READING || m->state == DTT_MERGE_WAITING);
    assert((state == DTT_MERGE_READING) == (kinds != 0));
    m->state = state;
    m->running = kinds;
    m->wants_read = false;
    m->is_riding = false;
}

static bool is_on(const struct dtt_merge *m, enum dtt_merge_kind kind)
{
    const struct dtt_tracker_tuning *tu = m->tuning;
    switch (kind) {
    case DTT_MERGE_SETTLE:
        return tu->merge_settle && tu->bubble_dials > 0 && m->n_settled < DTT_MERGE_SETTLE_PASSES;
    case DTT_MERGE_BUBBLE: return tu->bubble_dials > 0;
    case DTT_MERGE_OVERLAP: break;
    }
    return tu->overlap_dials > 0;
}

static uint64_t first_ns(const struct dtt_merge *m, enum dtt_merge_kind kind)
{
    return kind == DTT_MERGE_OVERLAP ? m->tuning->overlap_first_ns : m->tuning->bubble_first_ns;
}

/* Between two passes of a kind; settle passes have fixed times, about. */
static uint64_t period_ns(struct dtt_merge *m, enum dtt_merge_kind kind)
{
    const struct dtt_tracker_tuning *tu = m->tuning;
    return kind == DTT_MERGE_OVERLAP
               ? dtt_add_ns(tu->overlap_base_ns, dtt_rng_below(m->rng, tu->overlap_jitter_ns))
               : dtt_add_ns(tu->bubble_base_ns, dtt_rng_below(m->rng, tu->bubble_jitter_ns));
}

static void schedule(struct dtt_merge *m, enum dtt_merge_kind kind, uint64_t at_ns,
                     uint64_t mono_ns)
{
    uint64_t gap_ns = dtt_add_ns(mono_ns, DTT_MERGE_GAP_NS);
    m->due_ns[kind] = !is_on(m, kind) ? DTT_NEVER : at_ns > gap_ns ? at_ns : gap_ns;
}

static void schedule_settle(struct dtt_merge *m, uint64_t mono_ns)
{
    uint64_t after = 0;
    if (m->n_settled < DTT_MERGE_SETTLE_PASSES) {
        after = first_ns(m, DTT_MERGE_SETTLE) / 30 * settle_at[m->n_settled];
        after = after - after / 10 + dtt_rng_below(m->rng, after / 5);
    }
    schedule(m, DTT_MERGE_SETTLE, dtt_add_ns(m->start_ns, after), mono_ns);
}

/* Ends passes of these kinds and schedules the next ones. */
static void await(struct dtt_merge *m, uint64_t mono_ns, unsigned kinds)
{
    enter(m, DTT_MERGE_WAITING, 0);
    if (kinds & BIT(DTT_MERGE_SETTLE)) {
        m->n_settled++;
        schedule_settle(m, mono_ns);
    }
    for (enum dtt_merge_kind k = DTT_MERGE_BUBBLE; k <= DTT_MERGE_OVERLAP; k++) {
        if (kinds & BIT(k)) {
            uint64_t ns = period_ns(m, k);
            schedule(m, k, dtt_add_ns(mono_ns, ns), mono_ns);
        }
    }
}

/* Begins with the settle passes. */
static void start(struct dtt_merge *m, uint64_t mono_ns)
{
    m->start_ns = mono_ns;
    m->n_settled = 0;
    await(m, mono_ns, 0);
    schedule_settle(m, mono_ns);
    for (enum dtt_merge_kind k = DTT_MERGE_BUBBLE; k <= DTT_MERGE_OVERLAP; k++) {
        uint64_t ns = first_ns(m, k);
        /* The last settle pass is the first one of the others too. */
        ns = m->tuning->merge_settle ? dtt_add_ns(ns, period_ns(m, k)) : ns;
        schedule(m, k, dtt_add_ns(mono_ns, ns), mono_ns);
    }
}

void dtt_merge_joined(struct dtt_merge *m, uint64_t mono_ns)
{
    if (m->state != DTT_MERGE_IDLE) {
        return;
    }
    /* Neighbours that come and go must not settle anew each time. */
    if (m->start_ns == DTT_NEVER || mono_ns - m->start_ns >= m->tuning->bubble_first_ns) {
        start(m, mono_ns);
        return;
    }
    await(m, mono_ns, 0);
    for (enum dtt_merge_kind k = 0; k < DTT_MERGE_KINDS; k++) {
        if (m->due_ns[k] != DTT_NEVER) {
            schedule(m, k, m->due_ns[k], mono_ns);
        }
    }
}

void dtt_merge_lost(struct dtt_merge *m)
{
    enter(m, DTT_MERGE_IDLE, 0);
}

void dtt_merge_restart(struct dtt_merge *m, uint64_t mono_ns)
{
    if (m->state == DTT_MERGE_IDLE) {
        return;
    }
    start(m, mono_ns);
    for (enum dtt_merge_kind k = 0; k < DTT_MERGE_KINDS; k++) {
        if (is_on(m, k)) {
            m->due_ns[k] = mono_ns;
            break;
        }
    }
}

void dtt_merge_ride(struct dtt_merge *m, uint64_t mono_ns)
{
    unsigned kinds = is_on(m, DTT_MERGE_BUBBLE) ? BIT(DTT_MERGE_BUBBLE) : 0;
    kinds |= is_on(m, DTT_MERGE_OVERLAP) ? BIT(DTT_MERGE_OVERLAP) : 0;
    if (m->state == DTT_MERGE_WAITING && kinds) {
        enter(m, DTT_MERGE_READING, kinds);
        m->is_riding = true;
        m->until_ns = dtt_add_ns(mono_ns, DTT_MERGE_READ_NS);
    }
}

/* Whether a stranger could be chosen. */
static bool may_choose(const struct dtt_merge *m, enum dtt_merge_kind kind,
                       const struct dtt_peers *peers, const struct dtt_window *w)
{
    switch (kind) {
    case DTT_MERGE_SETTLE: return true;
    case DTT_MERGE_BUBBLE: return peers->n_neighbors < m->tuning->bubble_below;
    case DTT_MERGE_OVERLAP: break;
    }
    return w->count > 0;
}

/* Reading is of use if a stranger could be chosen; of many members each reads more rarely. */
static bool is_worthwhile(struct dtt_merge *m, enum dtt_merge_kind kind, uint32_t members,
                          const struct dtt_peers *peers, const struct dtt_window *w)
{
    return may_choose(m, kind, peers, w) && dtt_rng_below(m->rng, 1 + members / LOOKERS) == 0;
}

static unsigned due_kinds(const struct dtt_merge *m, uint64_t mono_ns)
{
    unsigned kinds = 0;
    for (enum dtt_merge_kind k = 0; k < DTT_MERGE_KINDS; k++) {
        kinds |= m->due_ns[k] <= mono_ns ? BIT(k) : 0;
    }
    return kinds;
}

bool dtt_merge_step(struct dtt_merge *m, uint64_t mono_ns, bool is_busy, uint32_t members,
                    const struct dtt_peers *peers, const struct dtt_window *w)
{
    unsigned due = m->state == DTT_MERGE_WAITING ? due_kinds(m, mono_ns) : 0;
    unsigned useful = 0;
    for (enum dtt_merge_kind k = 0; k < DTT_MERGE_KINDS; k++) {
        useful |= due & BIT(k) && is_worthwhile(m, k, members, peers, w) ? BIT(k) : 0;
    }
    if (due) {
        await(m, mono_ns, due & ~useful);
    }
    if (useful) {
        enter(m, DTT_MERGE_READING, useful);
        m->wants_read = true;
        m->until_ns = dtt_add_ns(mono_ns, DTT_MERGE_READ_NS);
    }
    return m->state == DTT_MERGE_READING && !m->wants_read && (!is_busy || m->until_ns <= mono_ns);
}

static bool is_choosable(const struct dtt_tracker_peer *p, uint64_t mono_ns)
{
    return p && p->state == DTT_PEER_IDLE && p->not_before <= mono_ns &&
           (p->dialled_ns == DTT_NEVER || mono_ns - p->dialled_ns >= DTT_MERGE_AGAIN_NS);
}

/*
 * The peer to dial in order to reach the publisher of a record: the publisher itself, or one of its
 * neighbours once a dial of it has failed. NULL: none can be dialled now.
 */
static struct dtt_tracker_peer *way_to(const struct dtt_record_info *r, struct dtt_peers *peers,
                                       uint64_t mono_ns)
{
    struct dtt_tracker_peer *p = dtt_peers_find(peers, &r->publisher);
    if (is_choosable(p, mono_ns)) {
        return p;
    }
    if (p && p->failures == 0) {
        return NULL;
    }
    for (size_t i = 0; i < r->n_active_peers; i++) {
        p = dtt_peers_find(peers, &r->active_peers[i]);
        if (is_choosable(p, mono_ns)) {
            return p;
        }
    }
    return NULL;
}

/*
 * A record that shares no message with us is suspicious only if we held a message before its minute
 * began: otherwise it may tell of messages sent before we joined.
 */
static bool is_suspicious(const struct dtt_record_info *r, struct dtt_now now,
                          const struct dtt_window *w)
{
    int64_t age_ns = now.wall_ns - (int64_t)(r->minute * 60 * DTT_S);
    return r->n_message_hashes > 0 && age_ns >= 0 &&
           dtt_window_span_ns(w, now.mono_ns) > (uint64_t)age_ns;
}

/* Whether a publisher that is not connected to us counts as a stranger in this pass. */
static bool is_stranger(struct dtt_merge *m, const struct dtt_record_info *r, struct dtt_now now,
                        const struct dtt_peers *peers, const struct dtt_window *w)
{
    /* A publisher without neighbours searches for us itself, and most such records are old: it has
     * found neighbours since. Only the first pass may have no other records to go by. */
    if (m->running & BIT(DTT_MERGE_SETTLE)) {
        return m->n_settled == 0 || r->n_active_peers > 0;
    }
    if (m->running & BIT(DTT_MERGE_BUBBLE) && peers->n_neighbors < m->tuning->bubble_below) {
        return true;
    }
    if (!(m->running & BIT(DTT_MERGE_OVERLAP))) {
        return false;
    }
    if (m->is_riding && w->count == 0 && r->n_message_hashes == 0) {
        return r->n_active_peers > 0 && dtt_rng_below(m->rng, SILENT_ODDS) == 0;
    }
    return is_suspicious(r, now, w);
}

uint32_t dtt_merge_choose(struct dtt_merge *m, struct dtt_now now, const struct dtt_view *v,
                          struct dtt_peers *peers, const struct dtt_window *w)
{
    const struct dtt_tracker_tuning *tu = m->tuning;
    bool is_bubble = m->running & (BIT(DTT_MERGE_SETTLE) | BIT(DTT_MERGE_BUBBLE));
    uint32_t limit = is_bubble ? tu->bubble_dials : 0;
    assert(m->state == DTT_MERGE_READING);
    struct dtt_graph g;
    uint8_t order[DTT_VIEW_PUBLISHERS_MAX];
    uint32_t chosen = 0;
    if (m->running & BIT(DTT_MERGE_OVERLAP) && tu->overlap_dials > limit) {
        limit = tu->overlap_dials;
    }
    dtt_graph_init(&g, v, peers, w);
    for (size_t i = 0; i < v->count; i++) {
        order[i] = (uint8_t)i;
    }
    /* Random, so that the nodes of one bubble do not all dial the same stranger. */
    dtt_rng_shuffle(m->rng, order, v->count, sizeof(*order));
    dtt_peers_unwant(peers);
    for (size_t i = 0; i < v->count && chosen < limit; i++) {
        const struct dtt_record_info *r = &v->records[order[i]].info;
        if (g.is_reached[order[i]] || !is_stranger(m, r, now, peers, w)) {
            continue;
        }
        struct dtt_tracker_peer *p = way_to(r, peers, now.mono_ns);
        if (p) {
            p->is_wanted = true;
            chosen++;
            dtt_graph_reach(&g, order[i]);
        }
    }
    await(m, now.mono_ns, m->running);
    return chosen;
}

uint64_t dtt_merge_deadline(const struct dtt_merge *m)
{
    uint64_t at = m->state == DTT_MERGE_READING ? m->until_ns : DTT_NEVER;
    for (enum dtt_merge_kind k = 0; k < DTT_MERGE_KINDS && m->state == DTT_MERGE_WAITING; k++) {
        at = dtt_min_ns(at, m->due_ns[k]);
    }
    return at;
}
