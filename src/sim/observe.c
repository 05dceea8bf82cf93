/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/observe.h"

#include "base/array.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SAMPLE_NS DTT_S
#define DEGREE 16 /* neighbours looked at; an active view has 5 */
#define NOBODY UINT32_MAX
#define ROUND_NS (5 * DTT_S) /* what has not arrived by then is missed */

/* What the trace hash covers of this: a number each. */
enum { TRACE_SAMPLE = 16, TRACE_MESSAGE };

/* A message on its way. */
struct dtt_sim_message {
    struct dtt_sim_message *next;
    struct dtt_sim_task settling;
    struct dtt_sim_observer *o;
    uint32_t number, from;
    uint64_t sent_ns;
    bool was_cut;
    uint8_t got[]; /* bit set of members */
};

/* ------------------------------------------------------------------ times */

static void times_add(struct dtt_sim_observer *o, struct dtt_sim_times *t, uint64_t ns)
{
    uint64_t *grown = dtt_array_room(t->ns, t->n, &t->cap, sizeof(*grown));
    if (!grown) {
        o->world->is_out_of_memory = true;
        return;
    }
    t->ns = grown;
    t->ns[t->n++] = ns;
}

static int time_order(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* The value that `percent` of all do not exceed; 0 of none. */
static uint64_t times_percentile(struct dtt_sim_times *t, unsigned percent)
{
    if (t->n == 0) {
        return 0;
    }
    qsort(t->ns, t->n, sizeof(*t->ns), time_order);
    return t->ns[(t->n * percent + 99) / 100 - 1];
}

/* ---------------------------------------------------------------- members */

static uint64_t dht_of(const struct dtt_sim_host *h)
{
    return h->dht_sent + h->dht_got;
}

static void count_joined(const struct dtt_sim_observer *o, struct dtt_sim_member *m)
{
    uint64_t t = o->world->t_ns;
    if (m->neighbors > 0) {
        m->joined_ns += t - m->counted_ns;
    }
    m->counted_ns = t;
}

static bool is_newcomer(const struct dtt_sim_observer *o, const struct dtt_sim_member *m)
{
    return o->mark_ns > 0 && m->started_ns != DTT_NEVER && m->started_ns >= o->mark_ns;
}

static bool is_hostile(const struct dtt_sim_observer *o, const struct dtt_id *id)
{
    const struct dtt_sim_host *h = dtt_map_get(&o->world->by_id, id);
    return h && h->is_hostile;
}

static void on_up(struct dtt_sim_observer *o, struct dtt_sim_member *m, const struct dtt_id *peer)
{
    uint64_t t = o->world->t_ns;
    count_joined(o, m);
    if (!m->has_joined && !is_hostile(o, peer)) {
        m->has_joined = true;
        times_add(o, &o->joins, t - m->started_ns);
        if (is_newcomer(o, m)) {
            times_add(o, &o->newcomers, t - m->started_ns);
        }
    }
    if (m->neighbors++ > 0) {
        return;
    }
    if (m->lonely_ns != DTT_NEVER) {
        times_add(o, &o->lonely, t - m->lonely_ns);
        m->lonely_ns = DTT_NEVER;
    }
    m->up_ns = t;
}

/* Whether another member is up where `m` could reach it. */
static bool others_live(const struct dtt_sim_observer *o, const struct dtt_sim_member *m)
{
    for (uint32_t i = 0; i < o->n; i++) {
        const struct dtt_sim_host *h = o->members[i].host;
        if (h != m->host && dtt_sim_host_is_up(h) &&
            (!o->world->is_cut || h->island == m->host->island)) {
            return true;
        }
    }
    return false;
}

static void on_down(struct dtt_sim_observer *o, struct dtt_sim_member *m)
{
    count_joined(o, m);
    if (--m->neighbors == 0) {
        m->up_ns = DTT_NEVER;
        m->lonely_ns = others_live(o, m) ? o->world->t_ns : DTT_NEVER;
    }
}

/* A silence of the member is over, or the run. */
static void end_silence(struct dtt_sim_observer *o, struct dtt_sim_member *m)
{
    if (m->unheard_ns != DTT_NEVER && o->world->t_ns - m->unheard_ns > o->silence_ns) {
        o->silence_ns = o->world->t_ns - m->unheard_ns;
    }
    m->unheard_ns = DTT_NEVER;
}

/* Others than `from` that have joined, whether they still have neighbours or not, should hear. */
static void begin_silences(struct dtt_sim_observer *o, uint32_t from)
{
    for (uint32_t i = 0; i < o->n; i++) {
        struct dtt_sim_member *m = &o->members[i];
        if (i != from && m->has_joined && dtt_sim_host_is_up(m->host)) {
            m->unheard_ns = dtt_min_ns(m->unheard_ns, o->world->t_ns);
        }
    }
}

static void on_message(struct dtt_sim_observer *o, struct dtt_sim_member *m,
                       const struct dtt_event *ev)
{
    uint32_t index = (uint32_t)(m - o->members);
    if (ev->u.message.len != o->text_bytes) {
        return;
    }
    end_silence(o, m);
    m->heard++;
    uint32_t number = dtt_get_be32(ev->u.message.data);
    for (struct dtt_sim_message *k = o->messages; k; k = k->next) {
        if (k->number == number) {
            uint8_t bit = (uint8_t)(1u << index % 8);
            if (o->rounds.is_open && !(k->got[index / 8] & bit)) {
                o->rounds.got++;
                o->rounds.last_ns = o->world->t_ns;
            }
            o->repeated += (k->got[index / 8] & bit) != 0;
            k->got[index / 8] |= bit;
            return;
        }
    }
}

static void on_event(void *user, struct dtt_sim_host *h, const struct dtt_event *ev)
{
    struct dtt_sim_observer *o = user;
    struct dtt_sim_member *m = h->user;
    if (m && ev->type == DTT_EVENT_NEIGHBOR_UP) {
        on_up(o, m, &ev->u.neighbor.peer);
    } else if (m && ev->type == DTT_EVENT_NEIGHBOR_DOWN) {
        on_down(o, m);
    } else if (m && ev->type == DTT_EVENT_MESSAGE) {
        on_message(o, m, ev);
    }
}

static const struct dtt_sim_member *member_by_id(const struct dtt_sim_observer *o,
                                                 const struct dtt_id *id)
{
    const struct dtt_sim_host *h = dtt_map_get(&o->world->by_id, id);
    return h ? h->user : NULL;
}

static void on_trace(void *user, struct dtt_sim_host *h, const struct dtt_trace_record *rec)
{
    struct dtt_sim_observer *o = user;
    const struct dtt_sim_member *m = h->user;
    if (m && rec->point == DTT_TP_TRACKER_DIAL && m->neighbors > 0) {
        const struct dtt_sim_member *peer = member_by_id(o, rec->values[0].u.id);
        o->needless_joins += peer && peer->component == m->component;
    } else if (rec->point == DTT_TP_GOSSIP_PAYLOAD && o->rounds.is_open) {
        uint64_t hop = (uint64_t)rec->values[1].u.i;
        bool is_new = rec->values[2].u.i;
        o->rounds.payloads++;
        o->rounds.last_hop = is_new && hop > o->rounds.last_hop ? hop : o->rounds.last_hop;
    }
}

/* --------------------------------------------------------------- sampling */

static uint32_t find_root(struct dtt_sim_member *members, uint32_t i)
{
    while (members[i].component != i) {
        members[i].component = members[members[i].component].component;
        i = members[i].component;
    }
    return i;
}

static bool lists(const uint32_t *edges, uint32_t from, uint32_t to)
{
    for (size_t i = 0; i < DEGREE; i++) {
        if (edges[from * DEGREE + i] == to) {
            return true;
        }
    }
    return false;
}

/* Neighbours as the nodes see them now: DEGREE places a member. */
static void collect_edges(struct dtt_sim_observer *o, struct dtt_sim_sample *s)
{
    s->min_neighbors = UINT32_MAX;
    for (uint32_t i = 0; i < o->n; i++) {
        const struct dtt_sim_host *h = o->members[i].host;
        struct dtt_id ids[DEGREE];
        size_t n = 0;
        if (dtt_sim_host_is_up(h) && h->topic) {
            n = dtt_core_topic_neighbors(h->topic, ids, DEGREE);
            n = n < DEGREE ? n : DEGREE;
            s->live++;
            s->joined += n > 0;
            s->neighbors += (uint32_t)n;
            if (n > 0 && n < s->min_neighbors) {
                s->min_neighbors = (uint32_t)n;
            }
        }
        for (size_t k = 0; k < DEGREE; k++) {
            const struct dtt_sim_member *peer = k < n ? member_by_id(o, &ids[k]) : NULL;
            if (k < n) {
                o->places++;
                o->hostile_places += is_hostile(o, &ids[k]);
            }
            o->edges[i * DEGREE + k] = peer ? (uint32_t)(peer - o->members) : NOBODY;
        }
    }
    s->min_neighbors = s->joined > 0 ? s->min_neighbors : 0;
}

/* Two members are connected when each counts the other among its neighbours. */
static void find_components(struct dtt_sim_observer *o, struct dtt_sim_sample *s)
{
    for (uint32_t i = 0; i < o->n; i++) {
        o->members[i].component = i;
    }
    for (uint32_t i = 0; i < o->n; i++) {
        for (size_t k = 0; k < DEGREE; k++) {
            uint32_t j = o->edges[i * DEGREE + k];
            if (j != NOBODY && j < i && lists(o->edges, j, i)) {
                o->members[find_root(o->members, i)].component = find_root(o->members, j);
            }
        }
    }
    for (uint32_t i = 0; i < o->n; i++) {
        const struct dtt_sim_host *h = o->members[i].host;
        o->members[i].component = find_root(o->members, i);
        s->components += o->members[i].component == i && dtt_sim_host_is_up(h) && h->topic;
    }
}

static void count_traffic(struct dtt_sim_observer *o, struct dtt_sim_sample *s)
{
    uint64_t dht = 0, other = 0;
    for (uint32_t i = 0; i < o->n; i++) {
        const struct dtt_sim_host *h = o->members[i].host;
        dht += dht_of(h);
        other += h->other_sent + h->other_got;
    }
    s->dht = dht - o->last_dht;
    s->other = other - o->last_other;
    o->last_dht = dht;
    o->last_other = other;
}

/* One component; of parted islands one on each where members live, and none on two. */
static bool is_whole(const struct dtt_sim_observer *o, const struct dtt_sim_sample *s)
{
    bool is_seen[DTT_SIM_ISLANDS] = {false};
    uint32_t islands = 0;
    for (uint32_t i = 0; i < o->n && o->is_parted; i++) {
        const struct dtt_sim_host *h = o->members[i].host;
        if (o->members[o->members[i].component].host->island != h->island) {
            return false;
        }
        if (dtt_sim_host_is_up(h) && h->topic && !is_seen[h->island]) {
            is_seen[h->island] = true;
            islands++;
        }
    }
    return s->live > 0 && s->components == (o->is_parted ? islands : 1);
}

static void check_whole(struct dtt_sim_observer *o, const struct dtt_sim_sample *s)
{
    uint64_t t = o->world->t_ns;
    if (is_whole(o, s)) {
        o->whole_ns = dtt_min_ns(o->whole_ns, t);
        return;
    }
    o->whole_ns = DTT_NEVER;
    if (o->whole_within_s > 0 && t > o->mark_ns + o->whole_within_s * DTT_S && !o->why[0]) {
        snprintf(o->why, sizeof(o->why),
                 "%" PRIu32 " components at %" PRIu64 " s, %" PRIu64
                 " s after the mark, allowed are %" PRIu32 " s",
                 s->components, t / DTT_S, (t - o->mark_ns) / DTT_S, o->whole_within_s);
    }
}

static void sample(void *user)
{
    struct dtt_sim_observer *o = user;
    struct dtt_sim_sample s = {0};
    collect_edges(o, &s);
    find_components(o, &s);
    count_traffic(o, &s);
    check_whole(o, &s);
    dtt_sim_world_trace(o->world, TRACE_SAMPLE, s.components,
                        (uint64_t)s.joined << 32 | s.neighbors);
    struct dtt_sim_sample *grown =
        dtt_array_room(o->samples, o->n_samples, &o->cap_samples, sizeof(*grown));
    if (!grown) {
        o->world->is_out_of_memory = true;
        return;
    }
    o->samples = grown;
    o->samples[o->n_samples++] = s;
    if (o->world->hooks.watch) {
        o->world->hooks.watch->look(o->world->hooks.watch->user, o->world);
    }
    dtt_sim_world_task_at(o->world, &o->sampling, o->world->t_ns + SAMPLE_NS);
}

/* --------------------------------------------------------------- messages */

/* Whether a message of that time should have come to a member. */
static bool is_ready(const struct dtt_sim_observer *o, uint32_t member, uint64_t sent_ns)
{
    const struct dtt_sim_member *m = &o->members[member];
    uint64_t ready_ns =
        o->is_strict && m->started_ns != DTT_NEVER ? m->started_ns + DTT_SIM_NEW_NS : m->up_ns;
    return ready_ns <= sent_ns && dtt_sim_host_is_up(m->host);
}

static void settle(void *user)
{
    struct dtt_sim_message *k = user;
    struct dtt_sim_observer *o = k->o;
    const struct dtt_sim_host *from = o->members[k->from].host;
    uint64_t delivered = 0;
    for (uint32_t i = 0; i < o->n; i++) {
        const struct dtt_sim_member *m = &o->members[i];
        bool is_expected = i != k->from && is_ready(o, i, k->sent_ns) &&
                           (!(k->was_cut || o->world->is_cut) || m->host->island == from->island);
        if (is_expected) {
            struct dtt_sim_arrivals *a =
                m->is_old || o->members[k->from].is_old ? &o->old : &o->arrivals;
            bool has_it = k->got[i / 8] >> i % 8 & 1;
            a->expected++;
            a->delivered += has_it;
            delivered += has_it;
        }
    }
    dtt_sim_world_trace(o->world, TRACE_MESSAGE, k->number, delivered);
    struct dtt_sim_message **at = &o->messages;
    while (*at != k) {
        at = &(*at)->next;
    }
    *at = k->next;
    free(k);
}

void dtt_sim_observer_say(struct dtt_sim_observer *o, uint32_t member)
{
    uint8_t text[DTT_GOSSIP_CONTENT_MAX] = {0};
    struct dtt_sim_message *k = calloc(1, sizeof(*k) + o->n / 8 + 1);
    if (!k) {
        o->world->is_out_of_memory = true;
        return;
    }
    k->o = o;
    k->number = o->next_message++;
    k->from = member;
    k->sent_ns = o->world->t_ns;
    k->was_cut = o->world->is_cut;
    begin_silences(o, member);
    dtt_put_be32(text, k->number);
    if (dtt_sim_host_say(o->members[member].host, dtt_slice(text, o->text_bytes)) != DTT_OK) {
        o->refused++;
        if (!o->is_strict) {
            free(k);
            return;
        }
    }
    o->rounds.sent += o->rounds.is_open;
    o->members[member].heard++;
    o->said++;
    k->next = o->messages;
    o->messages = k;
    k->settling = (struct dtt_sim_task){.run = settle, .user = k};
    dtt_sim_world_task_at(o->world, &k->settling, k->sent_ns + DTT_SIM_SETTLE_NS);
}

/* Relative message redundancy, last delivery hop: as the authors of PlumTree measure. */
static void close_round(struct dtt_sim_observer *o)
{
    struct dtt_sim_rounds *r = &o->rounds;
    uint64_t expected = r->sent * (o->n - 1);
    if (!r->is_open || expected < 2) {
        return;
    }
    r->n++;
    r->missed += expected - r->got;
    r->sum_rmr +=
        r->got > 1 && r->payloads >= r->got - 1 ? r->payloads * 1000 / (r->got - 1) - 1000 : 0;
    r->sum_hops += r->last_hop;
    r->sum_ns += r->got == expected ? r->last_ns - r->start_ns : o->world->t_ns - r->start_ns;
}

bool dtt_sim_observer_round(struct dtt_sim_observer *o)
{
    struct dtt_sim_rounds *r = &o->rounds;
    if (r->is_open && r->got < r->sent * (o->n - 1) && o->world->t_ns - r->start_ns < ROUND_NS) {
        return false;
    }
    close_round(o);
    r->is_open = true;
    r->start_ns = r->last_ns = o->world->t_ns;
    r->sent = r->got = r->payloads = r->last_hop = 0;
    return true;
}

/* ------------------------------------------------------------- life cycle */

int dtt_sim_observer_init(struct dtt_sim_observer *o, struct dtt_sim_world *w, uint32_t members)
{
    memset(o, 0, sizeof(*o));
    o->world = w;
    o->n = members;
    o->text_bytes = DTT_SIM_TEXT_BYTES;
    o->whole_ns = DTT_NEVER;
    o->members = calloc(members, sizeof(*o->members));
    o->edges = calloc((size_t)members * DEGREE, sizeof(*o->edges));
    if (!o->members || !o->edges) {
        dtt_sim_observer_fini(o);
        return DTT_ENOMEM;
    }
    for (uint32_t i = 0; i < members; i++) {
        struct dtt_sim_member *m = &o->members[i];
        m->started_ns = m->up_ns = m->lonely_ns = m->unheard_ns = DTT_NEVER;
    }
    w->hooks = (struct dtt_sim_hooks){.user = o, .event = on_event, .trace = on_trace};
    o->sampling = (struct dtt_sim_task){.run = sample, .user = o};
    dtt_sim_world_task_at(w, &o->sampling, SAMPLE_NS);
    return DTT_OK;
}

void dtt_sim_observer_fini(struct dtt_sim_observer *o)
{
    while (o->messages) {
        struct dtt_sim_message *next = o->messages->next;
        dtt_timerq_cancel(&o->world->queue, &o->messages->settling.event.timer);
        free(o->messages);
        o->messages = next;
    }
    dtt_timerq_cancel(&o->world->queue, &o->sampling.event.timer);
    free(o->members);
    free(o->edges);
    free(o->samples);
    free(o->joins.ns);
    free(o->newcomers.ns);
    free(o->lonely.ns);
}

void dtt_sim_observer_started(struct dtt_sim_observer *o, uint32_t member)
{
    struct dtt_sim_member *m = &o->members[member];
    m->host->user = m;
    m->started_ns = m->counted_ns = o->world->t_ns;
    m->up_ns = m->lonely_ns = m->unheard_ns = DTT_NEVER;
    m->neighbors = 0;
    m->has_joined = false;
    m->was_started = true;
}

void dtt_sim_observer_ended(struct dtt_sim_observer *o, uint32_t member)
{
    struct dtt_sim_member *m = &o->members[member];
    count_joined(o, m);
    m->up_ns = m->lonely_ns = m->started_ns = m->unheard_ns = DTT_NEVER;
    m->neighbors = 0;
}

void dtt_sim_observer_mark(struct dtt_sim_observer *o)
{
    o->mark_ns = o->world->t_ns;
    o->whole_ns = DTT_NEVER;
    o->needless_joins = 0;
    o->silence_ns = 0;
    o->said = 0;
    o->places = o->hostile_places = 0;
    o->third_mark = o->world->third_bytes;
    for (uint32_t i = 0; i < o->n; i++) {
        struct dtt_sim_member *m = &o->members[i];
        m->joined_ns = 0;
        m->heard = 0;
        m->unheard_ns = DTT_NEVER;
        m->counted_ns = o->world->t_ns;
        m->dht_mark = m->host ? dht_of(m->host) : 0;
    }
}

/* ---------------------------------------------------------------- results */

static void put(struct dtt_sim_result *r, const char *name, int64_t thousandths)
{
    if (r->n_metrics < DTT_SIM_METRICS) {
        r->metrics[r->n_metrics++] =
            (struct dtt_sim_metric){.name = name, .thousandths = thousandths};
    }
}

static void put_count(struct dtt_sim_result *r, const char *name, uint64_t n)
{
    put(r, name, (int64_t)n * 1000);
}

/* Nanoseconds as seconds; DTT_NEVER as -1. */
static void put_time(struct dtt_sim_result *r, const char *name, uint64_t ns)
{
    put(r, name, ns == DTT_NEVER ? -1000 : (int64_t)(ns / DTT_MS));
}

/* a / b; 0 when b is 0. */
static void put_ratio(struct dtt_sim_result *r, const char *name, uint64_t a, uint64_t b)
{
    put(r, name, b ? (int64_t)(a / b * 1000 + a % b * 1000 / b) : 0);
}

/* Members that are up without a neighbour. */
static uint32_t count_alone(const struct dtt_sim_observer *o)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < o->n; i++) {
        n += dtt_sim_host_is_up(o->members[i].host) && o->members[i].neighbors == 0;
    }
    return n;
}

/* The sum of a counter over the nodes that run. */
static uint64_t count_all(const struct dtt_sim_observer *o, enum dtt_counter counter)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < o->n; i++) {
        const struct dtt_sim_host *h = o->members[i].host;
        n += h->core ? h->ctx.counters[counter] : 0;
    }
    return n;
}

/* Dials that came to nothing of the member that has most of them. */
static uint64_t most_failed(const struct dtt_sim_observer *o)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < o->n; i++) {
        const struct dtt_sim_host *h = o->members[i].host;
        uint64_t n = h->core ? h->ctx.counters[DTT_COUNTER_TRACKER_DIALS_FAILED] : 0;
        most = n > most ? n : most;
    }
    return most;
}

static void report_newcomers(struct dtt_sim_observer *o, struct dtt_sim_result *ret)
{
    for (uint32_t i = 0; i < o->n; i++) {
        const struct dtt_sim_member *m = &o->members[i];
        if (is_newcomer(o, m) && !m->has_joined) {
            times_add(o, &o->newcomers, DTT_NEVER);
        }
    }
    put_count(ret, "newcomers", o->newcomers.n);
    put_time(ret, "newcomer_p95_s", times_percentile(&o->newcomers, 95));
    put_time(ret, "newcomer_max_s", times_percentile(&o->newcomers, 100));
}

/* What the hostile did to the members, and through them to a third party. */
static void report_hostile(struct dtt_sim_observer *o, struct dtt_sim_result *ret)
{
    const struct dtt_sim_world *w = o->world;
    uint64_t third = w->third_bytes - o->third_mark;
    uint64_t bytes = 0;
    for (size_t i = 0; i < w->n_hosts; i++) {
        bytes += w->hosts[i]->is_hostile ? w->hosts[i]->bytes_sent : 0;
    }
    put_ratio(ret, "hostile_neighbors", o->hostile_places, o->places);
    put_count(ret, "hostile_bytes", bytes);
    put_count(ret, "third_bytes", third);
    put_ratio(ret, "third_ratio", third, bytes);
    put_ratio(ret, "third_per_member_s", third * 1000, (w->t_ns - o->mark_ns) / DTT_MS * o->n);
    if (o->old.expected > 0) {
        put_ratio(ret, "delivered_old", o->old.delivered, o->old.expected);
    }
}

/* Of what was said since the mark, the least and the most that a live member has heard. */
static void report_heard(const struct dtt_sim_observer *o, struct dtt_sim_result *ret)
{
    uint64_t least = UINT64_MAX, most = 0;
    for (uint32_t i = 0; i < o->n; i++) {
        const struct dtt_sim_member *m = &o->members[i];
        if (dtt_sim_host_is_up(m->host) && m->started_ns <= o->mark_ns) {
            least = m->heard < least ? m->heard : least;
            most = m->heard > most ? m->heard : most;
        }
    }
    if (most > 0) {
        put_ratio(ret, "heard_least", least, o->said);
        put_ratio(ret, "heard_most", most, o->said);
    }
}

void dtt_sim_observer_report(struct dtt_sim_observer *o, struct dtt_sim_result *ret)
{
    const struct dtt_sim_sample *last = o->n_samples ? &o->samples[o->n_samples - 1] : NULL;
    uint64_t joined_ns = 0, dht = 0;
    for (uint32_t i = 0; i < o->n; i++) {
        struct dtt_sim_member *m = &o->members[i];
        count_joined(o, m);
        end_silence(o, m);
        joined_ns += m->joined_ns;
        dht += m->host ? dht_of(m->host) - m->dht_mark : 0;
        if (m->lonely_ns != DTT_NEVER) {
            times_add(o, &o->lonely, o->world->t_ns - m->lonely_ns);
        }
    }
    uint64_t node_minutes_ms = joined_ns / (60 * DTT_S / 1000);
    put_count(ret, "live", last ? last->live : 0);
    put_count(ret, "components", last ? last->components : 0);
    put_count(ret, "alone", count_alone(o));
    put_time(ret, "whole_s", o->whole_ns == DTT_NEVER ? DTT_NEVER : o->whole_ns - o->mark_ns);
    put_count(ret, "joins", o->joins.n);
    put_time(ret, "join_p50_s", times_percentile(&o->joins, 50));
    put_time(ret, "join_p95_s", times_percentile(&o->joins, 95));
    put_time(ret, "join_max_s", times_percentile(&o->joins, 100));
    put_count(ret, "lonely", o->lonely.n);
    put_time(ret, "lonely_p95_s", times_percentile(&o->lonely, 95));
    put_count(ret, "messages", o->next_message);
    put_count(ret, "refused", o->refused);
    put_ratio(ret, "delivered", o->arrivals.delivered, o->arrivals.expected);
    put_count(ret, "missed", o->arrivals.expected - o->arrivals.delivered);
    put_count(ret, "repeated", o->repeated);
    report_heard(o, ret);
    put_time(ret, "silence_max_s", o->silence_ns);
    put_ratio(ret, "neighbors_avg", last ? last->neighbors : 0, last ? last->joined : 0);
    put_count(ret, "neighbors_min", last ? last->min_neighbors : 0);
    put_ratio(ret, "dht_per_node_min", dht * 1000, node_minutes_ms);
    put_ratio(ret, "needless_per_node_hour", o->needless_joins * 60 * 1000, node_minutes_ms);
    put_ratio(ret, "reads_per_node", count_all(o, DTT_COUNTER_TRACKER_READS), o->n);
    put_ratio(ret, "puts_per_node", count_all(o, DTT_COUNTER_TRACKER_PUTS), o->n);
    put_ratio(ret, "dials_per_node", count_all(o, DTT_COUNTER_TRACKER_DIALS), o->n);
    put_count(ret, "dials_failed_max", most_failed(o));
    put_ratio(ret, "queries_per_node", count_all(o, DTT_COUNTER_DHT_QUERIES), o->n);
    report_newcomers(o, ret);
    close_round(o);
    if (o->rounds.n > 0) {
        put(ret, "rmr", (int64_t)(o->rounds.sum_rmr / o->rounds.n));
        put_ratio(ret, "last_hop", o->rounds.sum_hops, o->rounds.n);
        put_ratio(ret, "round_ms", o->rounds.sum_ns / o->rounds.n, DTT_MS);
        put_count(ret, "round_missed", o->rounds.missed);
    }
    if (o->is_strict) {
        report_hostile(o, ret);
    }
    put_count(ret, "events", o->world->events);
    put_count(ret, "datagrams", o->world->packets);
    put_ratio(ret, "lost", o->world->lost, o->world->packets);
    ret->samples = o->samples;
    ret->n_samples = o->n_samples;
    o->samples = NULL;
}
