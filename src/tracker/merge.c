/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/merge.h"

#include <string.h>

/* Settle passes, in thirtieths of merge_first_ns: at 1, 3, 7, 15 and 30 s by default. */
static const uint64_t settle_at[DTT_MERGE_SETTLE_PASSES] = {1, 3, 7, 15, 30};

void dtt_merge_init(struct dtt_merge *m, const struct dtt_tracker_tuning *tuning,
                    struct dtt_rng *rng)
{
    memset(m, 0, sizeof(*m));
    m->tuning = tuning;
    m->rng = rng;
}

static bool is_settling(const struct dtt_merge *m)
{
    return m->tuning->merge_settle && m->pass < DTT_MERGE_SETTLE_PASSES;
}

static uint64_t next_pass_ns(struct dtt_merge *m, uint64_t mono_ns)
{
    const struct dtt_tracker_tuning *tu = m->tuning;
    uint64_t at;
    if (is_settling(m)) {
        uint64_t after = tu->merge_first_ns / 30 * settle_at[m->pass];
        after = after - after / 10 + dtt_rng_below(m->rng, after / 5);
        at = dtt_add_ns(m->start_ns, after);
    } else if (m->pass == 0) {
        return dtt_add_ns(mono_ns, tu->merge_first_ns);
    } else {
        at = dtt_add_ns(mono_ns,
                        dtt_add_ns(tu->merge_base_ns, dtt_rng_below(m->rng, tu->merge_jitter_ns)));
    }
    uint64_t gap_ns = dtt_add_ns(mono_ns, DTT_MERGE_GAP_NS);
    return at > gap_ns ? at : gap_ns;
}

static void await(struct dtt_merge *m, uint64_t mono_ns)
{
    m->state = DTT_MERGE_WAITING;
    m->wants_read = false;
    m->due_ns = next_pass_ns(m, mono_ns);
}

void dtt_merge_joined(struct dtt_merge *m, uint64_t mono_ns)
{
    if (m->state != DTT_MERGE_IDLE || m->tuning->merge_dials == 0) {
        return;
    }
    /* Neighbours that come and go must not settle anew each time. */
    if (!m->has_started || mono_ns - m->start_ns >= m->tuning->merge_first_ns) {
        m->has_started = true;
        m->start_ns = mono_ns;
        m->pass = 0;
    }
    await(m, mono_ns);
}

void dtt_merge_lost(struct dtt_merge *m)
{
    m->state = DTT_MERGE_IDLE;
    m->wants_read = false;
}

void dtt_merge_restart(struct dtt_merge *m, uint64_t mono_ns)
{
    if (m->state == DTT_MERGE_IDLE) {
        return;
    }
    m->start_ns = mono_ns;
    m->pass = 0;
    await(m, mono_ns);
    m->due_ns = mono_ns;
}

/* Reading is of use only where a stranger could be chosen. */
static bool is_worthwhile(const struct dtt_merge *m, const struct dtt_candidates *c,
                          const struct dtt_window *w)
{
    return is_settling(m) || c->n_neighbors < m->tuning->merge_below || w->count > 0;
}

bool dtt_merge_step(struct dtt_merge *m, uint64_t mono_ns, bool is_busy,
                    const struct dtt_candidates *c, const struct dtt_window *w)
{
    if (m->state == DTT_MERGE_WAITING && m->due_ns <= mono_ns) {
        if (!is_worthwhile(m, c, w)) {
            m->pass++;
            await(m, mono_ns);
            return false;
        }
        m->state = DTT_MERGE_READING;
        m->wants_read = true;
        m->until_ns = dtt_add_ns(mono_ns, DTT_MERGE_READ_NS);
    }
    return m->state == DTT_MERGE_READING && !m->wants_read && (!is_busy || m->until_ns <= mono_ns);
}

static bool is_choosable(const struct dtt_candidate *p, uint64_t mono_ns)
{
    return p && p->state == DTT_CANDIDATE_IDLE && p->not_before <= mono_ns &&
           (!p->has_dialled || mono_ns - p->dialled_ns >= DTT_MERGE_AGAIN_NS);
}

/*
 * Whom to dial in order to reach the publisher of a record: itself, or once that has failed one of
 * its neighbours. NULL: nobody now.
 */
static struct dtt_candidate *way_to(const struct dtt_record_info *r, struct dtt_candidates *c,
                                    uint64_t mono_ns)
{
    struct dtt_candidate *p = dtt_candidates_find(c, &r->publisher);
    if (is_choosable(p, mono_ns)) {
        return p;
    }
    if (p && p->failures == 0) {
        return NULL;
    }
    for (size_t i = 0; i < r->n_active_peers; i++) {
        p = dtt_candidates_find(c, &r->active_peers[i]);
        if (is_choosable(p, mono_ns)) {
            return p;
        }
    }
    return NULL;
}

/*
 * A record that shares no message with us comes from elsewhere only if we held a message already
 * before its minute began: else it may tell of a time before ours.
 */
static bool is_suspicious(const struct dtt_record_info *r, struct dtt_now now,
                          const struct dtt_window *w)
{
    int64_t age_ns = now.wall_ns - (int64_t)(r->minute * 60 * DTT_S);
    return r->n_message_hashes > 0 && age_ns >= 0 &&
           dtt_window_span_ns(w, now.mono_ns) > (uint64_t)age_ns;
}

uint32_t dtt_merge_choose(struct dtt_merge *m, struct dtt_now now, const struct dtt_view *v,
                          struct dtt_candidates *c, const struct dtt_window *w)
{
    bool is_open = is_settling(m) || c->n_neighbors < m->tuning->merge_below;
    struct dtt_graph g;
    uint8_t order[DTT_VIEW_PUBLISHERS_MAX];
    uint32_t chosen = 0;
    dtt_graph_init(&g, v, c, w);
    for (size_t i = 0; i < v->count; i++) {
        order[i] = (uint8_t)i;
    }
    /* Random, so that the nodes of one bubble do not all dial the same stranger. */
    dtt_rng_shuffle(m->rng, order, v->count, sizeof(*order));
    dtt_candidates_unwant(c);
    for (size_t i = 0; i < v->count && chosen < m->tuning->merge_dials; i++) {
        const struct dtt_record_info *r = &v->records[order[i]].info;
        if (g.is_reached[order[i]] || (!is_open && !is_suspicious(r, now, w))) {
            continue;
        }
        /* Whoever is alone looks for us as hard as it can, and most such records are old: their
         * publisher has found neighbours since. Only the first pass has no others to go by. */
        if (r->n_active_peers == 0 && is_settling(m) && m->pass > 0) {
            continue;
        }
        struct dtt_candidate *p = way_to(r, c, now.mono_ns);
        if (p) {
            p->is_wanted = true;
            chosen++;
            dtt_graph_reach(&g, order[i]);
        }
    }
    m->pass++;
    await(m, now.mono_ns);
    return chosen;
}

uint64_t dtt_merge_deadline(const struct dtt_merge *m)
{
    switch (m->state) {
    case DTT_MERGE_WAITING: return m->due_ns;
    case DTT_MERGE_READING: return m->until_ns;
    case DTT_MERGE_IDLE: break;
    }
    return DTT_NEVER;
}
