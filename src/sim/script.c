/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/script.h"

#include "crypto/ed25519.h"
#include "sim/home.h"

#include <stdlib.h>

#define ROUND_LOOK_NS (10 * DTT_MS) /* between looks whether a round is over */
#define SAY_STEP_NS (100 * DTT_MS)
#define SQUAT_BYTES 640 /* of a squatter's value: as long as a record */
#define SQUAT_MINUTES 3 /* before and after now */

enum { TRACE_ACTION = 32 };

/* ------------------------------------------------------------------ picks */

static uint32_t below(struct dtt_sim_stage *s, uint64_t n)
{
    return (uint32_t)dtt_rng_below(&s->rng, n);
}

static bool is_live(const struct dtt_sim_stage *s, uint32_t member)
{
    return dtt_sim_host_is_up(s->observer->members[member].host);
}

static uint32_t count_live(const struct dtt_sim_stage *s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->observer->n; i++) {
        n += is_live(s, i);
    }
    return n;
}

/* A random member for which `fits`; UINT32_MAX when there is none. */
static uint32_t pick(struct dtt_sim_stage *s,
                     bool (*fits)(const struct dtt_sim_stage *s, uint32_t member))
{
    uint32_t n = s->observer->n;
    uint32_t first = below(s, n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = (first + i) % n;
        if (fits(s, at)) {
            return at;
        }
    }
    return UINT32_MAX;
}

static bool is_joined(const struct dtt_sim_stage *s, uint32_t member)
{
    return is_live(s, member) && s->observer->members[member].neighbors > 0;
}

/* It has had time enough to join, whether it did or not. */
static bool is_settled(const struct dtt_sim_stage *s, uint32_t member)
{
    uint64_t started_ns = s->observer->members[member].started_ns;
    return is_live(s, member) && s->world->t_ns - started_ns >= DTT_SIM_NEW_NS;
}

static bool may_vanish(const struct dtt_sim_stage *s, uint32_t member)
{
    return is_live(s, member) && member >= s->scenario->lasting;
}

static bool is_down(const struct dtt_sim_stage *s, uint32_t member)
{
    const struct dtt_sim_host *h = s->observer->members[member].host;
    return !h->core && s->observer->members[member].was_started;
}

static uint32_t share(uint64_t of, uint32_t thousandths)
{
    return (uint32_t)((of * thousandths + 999) / 1000);
}

/* ---------------------------------------------------------------- members */

static void start_member(struct dtt_sim_stage *s, uint32_t member)
{
    struct dtt_sim_host *h = s->observer->members[member].host;
    struct dtt_topic_config cfg = dtt_sim_topic();
    h->is_plain = s->observer->members[member].is_old;
    cfg.preset = h->is_plain ? DTT_PRESET_RUST_0_3 : s->preset;
    cfg.peers = &s->first;
    cfg.n_peers = s->scenario->relays > 0 && member != s->order[0];
    dtt_sim_observer_started(s->observer, member);
    if (dtt_sim_host_start(h, false, s->scenario->is_read_only) != DTT_OK ||
        dtt_sim_host_join(h, &cfg) != DTT_OK) {
        s->world->is_out_of_memory = true;
    }
}

static void end_member(struct dtt_sim_stage *s, uint32_t member)
{
    dtt_sim_observer_ended(s->observer, member);
    dtt_sim_host_kill(s->observer->members[member].host);
}

/* -------------------------------------------------------------- squatting */

/* A squatter's values in the public slots of the minutes around now, on every foreign node. */
static void squat(struct dtt_sim_stage *s)
{
    struct dtt_sim_world *w = s->world;
    uint64_t minute = (uint64_t)w->epoch_ns / (60 * DTT_S) + w->t_ns / (60 * DTT_S);
    uint8_t topic[DTT_TOPIC_HASH_BYTES];
    if (dtt_slot_topic(topic, DTT_SIM_TOPIC, NULL) != DTT_OK) {
        s->world->is_out_of_memory = true;
        return;
    }
    for (uint64_t m = minute - SQUAT_MINUTES; m <= minute + SQUAT_MINUTES; m++) {
        uint8_t v[SQUAT_BYTES];
        struct dtt_slot slot;
        dtt_slot_init(&slot, DTT_SLOT_PUBLIC, topic, m, NULL);
        dtt_rng_bytes(&s->rng, v, sizeof(v));
        if (dtt_sim_foreign_pin_slot(w, &slot, dtt_slice(v, sizeof(v)), 0, 1) != DTT_OK) {
            s->world->is_out_of_memory = true;
        }
    }
}

/* ---------------------------------------------------------------- actions */

static void routers_die(struct dtt_sim_world *w)
{
    for (uint32_t i = 0; i < DTT_SIM_ISLANDS; i++) {
        for (uint32_t k = 0; k < w->n_routers[i]; k++) {
            dtt_sim_foreign_die(w->hosts[w->routers[i][k]]->foreign);
        }
    }
}

static void skew(struct dtt_sim_stage *s, const struct dtt_sim_action *a)
{
    uint32_t n = share(s->observer->n, a->n);
    for (uint32_t i = 0; i < n; i++) {
        int64_t ns = (int64_t)below(s, 2 * a->arg * 1000 + 1) - (int64_t)a->arg * 1000;
        dtt_sim_host_set_clock(s->observer->members[s->order[i]].host, ns * (int64_t)DTT_MS);
    }
}

/* DTT_SIM_KILL, DTT_SIM_SLEEP or DTT_SIM_MOVE. */
static void for_live(struct dtt_sim_stage *s, const struct dtt_sim_action *a)
{
    uint32_t n = share(count_live(s), a->n);
    uint32_t member;
    while (n-- > 0 &&
           (member = pick(s, a->verb == DTT_SIM_KILL ? may_vanish : is_live)) != UINT32_MAX) {
        struct dtt_sim_host *h = s->observer->members[member].host;
        if (a->verb == DTT_SIM_KILL) {
            end_member(s, member);
        } else if (a->verb == DTT_SIM_SLEEP) {
            dtt_sim_host_sleep(h, a->arg * DTT_S);
        } else {
            dtt_sim_host_move(h);
        }
    }
}

static void isolate(struct dtt_sim_stage *s)
{
    uint32_t member = pick(s, is_joined);
    struct dtt_id ids[16];
    if (member == UINT32_MAX) {
        return;
    }
    size_t n = dtt_core_topic_neighbors(s->observer->members[member].host->topic, ids, 16);
    for (size_t i = 0; i < n && i < 16; i++) {
        const struct dtt_sim_host *h = dtt_map_get(&s->world->by_id, &ids[i]);
        const struct dtt_sim_member *m = h ? h->user : NULL;
        if (m) {
            end_member(s, (uint32_t)(m - s->observer->members));
        }
    }
}

/* Under attack a member that was left alone speaks too: it is counted as not heard. */
static void say(struct dtt_sim_stage *s)
{
    uint32_t member = pick(s, s->observer->is_strict ? is_settled : is_joined);
    if (member != UINT32_MAX) {
        dtt_sim_observer_say(s->observer, member);
    }
}

/* One member vanishes, another (or the same one anew) starts. */
static void churn(struct dtt_sim_stage *s)
{
    uint32_t gone = pick(s, may_vanish);
    uint32_t back = pick(s, is_down);
    if (gone != UINT32_MAX) {
        end_member(s, gone);
    }
    if (back != UINT32_MAX) {
        start_member(s, back);
    } else if (gone != UINT32_MAX) {
        start_member(s, gone);
    }
}

/* False while the round before lasts. */
static bool begin_round(struct dtt_sim_stage *s, struct dtt_sim_act *act)
{
    enum dtt_sim_senders senders = act->action->arg;
    if (!dtt_sim_observer_round(s->observer)) {
        return false;
    }
    if (senders == DTT_SIM_MULTI || act->sender == UINT32_MAX) {
        act->sender = pick(s, is_joined);
    }
    for (uint32_t i = 0; i < s->observer->n; i++) {
        if ((senders == DTT_SIM_ALL || i == act->sender) && is_joined(s, i)) {
            dtt_sim_observer_say(s->observer, i);
        }
    }
    return true;
}

/* Runs an action once; false when it has to be tried again. */
static bool act_once(struct dtt_sim_stage *s, struct dtt_sim_act *act)
{
    const struct dtt_sim_action *a = act->action;
    switch (a->verb) {
    case DTT_SIM_START:
        if (s->n_started < s->observer->n) {
            start_member(s, s->order[s->n_started++]);
        }
        break;
    case DTT_SIM_CUT: s->world->is_cut = true; break;
    case DTT_SIM_UNCUT: s->world->is_cut = false; break;
    case DTT_SIM_KILL:
    case DTT_SIM_SLEEP:
    case DTT_SIM_MOVE: for_live(s, a); break;
    case DTT_SIM_CHURN: churn(s); break;
    case DTT_SIM_SKEW: skew(s, a); break;
    case DTT_SIM_ROUTERS_DIE: routers_die(s->world); break;
    case DTT_SIM_SQUAT: squat(s); break;
    case DTT_SIM_ATTACK:
        for (size_t i = 0; i < s->n_gangs; i++) {
            s->world->is_out_of_memory |= dtt_sim_gang_begin(s->gangs[i]) != DTT_OK;
        }
        break;
    case DTT_SIM_RELAY_ENDS:
    case DTT_SIM_RELAY_SERVES:
        dtt_sim_world_set_relay(s->world, a->n, a->verb == DTT_SIM_RELAY_SERVES);
        break;
    case DTT_SIM_ISOLATE: isolate(s); break;
    case DTT_SIM_CHAT:
    case DTT_SIM_SAY: say(s); break;
    case DTT_SIM_ROUNDS: return begin_round(s, act);
    case DTT_SIM_MARK:
        dtt_sim_observer_mark(s->observer);
        s->observer->whole_within_s = s->scenario->whole_within_s;
        break;
    case DTT_SIM_NOTHING: break;
    }
    return true;
}

/* How often an action is run, and how long apart. */
static void plan(const struct dtt_sim_stage *s, struct dtt_sim_act *act)
{
    const struct dtt_sim_action *a = act->action;
    uint64_t span_ns = a->arg * DTT_S;
    act->left = 1;
    switch (a->verb) {
    case DTT_SIM_START: act->left = share(s->observer->n, a->n); break;
    case DTT_SIM_CHURN: act->left = (uint64_t)share(s->observer->n, a->n) * a->arg / 60; break;
    case DTT_SIM_CHAT: act->left = (uint64_t)a->n * a->arg / 60; break;
    case DTT_SIM_SQUAT: act->left = a->arg / 60 + 1; break;
    case DTT_SIM_ISOLATE:
        act->left = a->n;
        span_ns *= a->n;
        break;
    case DTT_SIM_SAY:
        act->left = a->n;
        span_ns = a->n * SAY_STEP_NS;
        break;
    case DTT_SIM_ROUNDS:
        act->left = a->n;
        span_ns = a->n * ROUND_LOOK_NS;
        break;
    default: break; /* once */
    }
    act->step_ns = act->left > 0 ? span_ns / act->left : 0;
    if (a->every_s > 0) {
        act->left = (s->scenario->end_s - a->at_s) / a->every_s + 1;
        act->step_ns = a->every_s * DTT_S;
    }
}

static void run_act(void *user)
{
    struct dtt_sim_act *act = user;
    struct dtt_sim_stage *s = act->stage;
    dtt_sim_world_trace(s->world, TRACE_ACTION, (uint32_t)act->action->verb, act->left);
    if (act->left > 0 && act_once(s, act)) {
        act->left--;
    }
    if (act->left > 0) {
        dtt_sim_world_task_at(s->world, &act->task, s->world->t_ns + act->step_ns);
    }
}

/* ------------------------------------------------------------- life cycle */

/* Which of several kinds number `i` of `n` is, when kind k has `percent[k]` of a hundred. */
static size_t kind_of(const uint8_t *percent, size_t kinds, uint32_t i, uint32_t n)
{
    uint64_t at = (uint64_t)i * 100 / n;
    size_t k = 0;
    while (k + 1 < kinds && at >= percent[k]) {
        at -= percent[k++];
    }
    return k;
}

static int add_foreign(struct dtt_sim_stage *s, enum dtt_sim_foreign_kind kind, uint32_t island)
{
    struct dtt_sim_host *h = dtt_sim_host_add(s->world, DTT_SIM_NAT_NONE);
    if (!h) {
        return DTT_ENOMEM;
    }
    h->island = island;
    if (kind == DTT_SIM_ROUTER) {
        s->world->routers[island][s->world->n_routers[island]++] = h->number;
    }
    return dtt_sim_foreign_new(h, kind);
}

static int make_foreign(struct dtt_sim_stage *s, uint32_t islands)
{
    const struct dtt_sim_scenario *sc = s->scenario;
    int err = DTT_OK;
    for (uint32_t i = 0; !err && i < islands * DTT_SIM_ROUTERS; i++) {
        err = add_foreign(s, DTT_SIM_ROUTER, i % islands);
    }
    for (uint32_t i = 0; !err && i < sc->stores; i++) {
        size_t kind = kind_of(sc->mix, DTT_SIM_FOREIGN_KINDS, i, sc->stores);
        err = add_foreign(s, (enum dtt_sim_foreign_kind)kind, i % islands);
    }
    return err ? err : dtt_sim_foreign_meet(s->world);
}

/* A member's host: number `i`. */
static struct dtt_sim_host *add_member(struct dtt_sim_stage *s, uint32_t i, uint32_t islands,
                                       enum dtt_sim_nat_kind kind)
{
    struct dtt_sim_host *h =
        s->scenario->is_lan && i >= islands
            ? dtt_sim_host_add_inside(s->world, s->observer->members[i % islands].host)
            : dtt_sim_host_add(s->world, kind);
    if (h) {
        h->is_member = true;
        h->has_lan = s->scenario->is_lan;
    }
    return h;
}

static int make_members(struct dtt_sim_stage *s, uint32_t islands)
{
    const struct dtt_sim_scenario *sc = s->scenario;
    uint8_t nat[DTT_SIM_NAT_KINDS];
    uint32_t n = s->observer->n;
    memcpy(nat, sc->nat, sizeof(nat));
    nat[0] = 100;
    for (size_t k = 1; k < DTT_SIM_NAT_KINDS; k++) {
        nat[0] = (uint8_t)(nat[0] - nat[k]);
    }
    s->world->hides_homes = sc->hides_homes;
    for (uint32_t i = 0; i < n; i++) {
        size_t kind = kind_of(nat, DTT_SIM_NAT_KINDS, i, n);
        struct dtt_sim_host *h = add_member(s, i, islands, (enum dtt_sim_nat_kind)kind);
        if (!h) {
            return DTT_ENOMEM;
        }
        if (h->nat) {
            dtt_sim_home_outermost(h)->rules.hard_ns = sc->nat_hard_s * DTT_S;
        }
        h->clock.drift_ppm =
            (int64_t)below(s, 2 * (uint64_t)sc->drift_ppm + 1) - (int64_t)sc->drift_ppm;
        h->is_blocked = i < share(n, 10 * sc->blocked_percent);
        s->observer->members[i].host = h;
        s->observer->members[i].is_old = i < share(n, 10 * sc->old_percent);
        s->order[i] = i;
    }
    if (!sc->is_lan) {
        dtt_rng_shuffle(&s->rng, s->order, n, sizeof(*s->order));
    }
    for (uint32_t i = 0; i < n; i++) {
        s->observer->members[s->order[i]].host->island = i % islands;
    }
    return DTT_OK;
}

static void make_relays(struct dtt_sim_stage *s)
{
    struct dtt_sim_host *first = s->observer->members[s->order[0]].host;
    for (uint32_t i = 0; i < s->scenario->relays; i++) {
        s->world->is_relay_up[i] = true;
    }
    s->world->n_relays = s->scenario->relays;
    if (s->world->n_relays > 0) {
        dtt_rng_bytes(&s->rng, first->node_seed, sizeof(first->node_seed));
        first->keeps_identity = true;
        s->first.size = sizeof(s->first);
        dtt_ed25519_public_key(s->first.id.bytes, first->node_seed);
    }
}

static int make_servers(struct dtt_sim_stage *s)
{
    int err = DTT_OK;
    for (uint32_t i = 0; !err && i < s->scenario->servers; i++) {
        struct dtt_sim_host *h = dtt_sim_host_add(s->world, DTT_SIM_NAT_NONE);
        err = h ? dtt_sim_host_start(h, true, false) : DTT_ENOMEM;
    }
    return err;
}

/* The hostile are made last, so that they change nothing else of the world. */
static int make_gangs(struct dtt_sim_stage *s)
{
    const struct dtt_sim_scenario *sc = s->scenario;
    int err = DTT_OK;
    for (size_t i = 0; !err && i < DTT_SIM_GANGS && sc->gangs[i].role != DTT_SIM_NOBODY; i++) {
        err = dtt_sim_gang_new(&s->gangs[i], s->world, &sc->gangs[i], s->observer->n);
        s->n_gangs += !err;
    }
    s->observer->is_strict = s->n_gangs > 0;
    return err;
}

int dtt_sim_stage_init(struct dtt_sim_stage *s, const struct dtt_sim_scenario *scenario,
                       struct dtt_sim_world *w, struct dtt_sim_observer *o, int preset)
{
    uint32_t islands = scenario->islands ? scenario->islands : 1;
    uint8_t seed[DTT_RNG_SEED_BYTES] = {0};
    memset(s, 0, sizeof(*s));
    s->scenario = scenario;
    s->world = w;
    s->observer = o;
    s->preset = preset;
    o->text_bytes = scenario->text_bytes ? scenario->text_bytes : DTT_SIM_TEXT_BYTES;
    o->whole_within_s = scenario->whole_within_s;
    o->is_parted = scenario->is_lan;
    dtt_put_le64(seed, w->seed);
    dtt_rng_init(&s->rng, seed, "sim.script");
    s->order = calloc(o->n, sizeof(*s->order));
    int err = s->order ? DTT_OK : DTT_ENOMEM;
    if (!err && !scenario->is_lan) {
        err = make_foreign(s, islands);
    }
    if (!err) {
        err = make_members(s, islands);
    }
    if (!err) {
        make_relays(s);
        err = make_servers(s);
    }
    if (!err) {
        err = make_gangs(s);
    }
    for (size_t i = 0; !err && i < DTT_SIM_ACTIONS; i++) {
        struct dtt_sim_act *act = &s->acts[i];
        act->stage = s;
        act->action = &scenario->script[i];
        act->sender = UINT32_MAX;
        if (act->action->verb == DTT_SIM_MARK) {
            o->whole_within_s = 0; /* until then */
        }
        act->task = (struct dtt_sim_task){.run = run_act, .user = act};
        if (act->action->verb != DTT_SIM_NOTHING) {
            plan(s, act);
            dtt_sim_world_task_at(w, &act->task, act->action->at_s * DTT_S);
        }
    }
    return err;
}

void dtt_sim_stage_fini(struct dtt_sim_stage *s)
{
    for (size_t i = 0; i < DTT_SIM_ACTIONS; i++) {
        dtt_timerq_cancel(&s->world->queue, &s->acts[i].task.event.timer);
    }
    for (size_t i = 0; i < s->n_gangs; i++) {
        dtt_sim_gang_free(s->gangs[i]);
    }
    free(s->order);
    dtt_rng_fini(&s->rng);
}
