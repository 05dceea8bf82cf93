/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/tracker.h"

#include "base/addr.h"
#include "crypto/ed25519.h"
#include "tracker/duty.h"
#include "tracker/inside.h"
#include "tracker/missed.h"
#include "tracker/own_record.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The wall clock may be slewed; a step larger than this is a jump. */
#define JUMP_NS (2 * (int64_t)DTT_S)

#define MINUTE_NS (60 * DTT_S)

/* So many records that name no neighbour count as one that does: it leads a newcomer into the
 * swarm, they may be anybody's. */
#define ALONE_WORTH 4

/* In one minute of so many the first of those elected renews the record of the day. */
#define DAY_RECORD_MINUTES 16

/* Search passes that read all slots; later ones do so by turns. */
#define FULL_PASSES 4

/* ---- time */

static int64_t offset_of(struct dtt_now now)
{
    return (int64_t)((uint64_t)now.wall_ns - now.mono_ns);
}

static uint64_t next_turn_ns(struct dtt_now now)
{
    uint64_t into = now.wall_ns < 0 ? 0 : (uint64_t)now.wall_ns % MINUTE_NS;
    return dtt_add_ns(now.mono_ns, MINUTE_NS - into);
}

/* Reads the slots of both minutes. */
static void read_slots(struct dtt_tracker *t, struct dtt_now now)
{
    dtt_reads_start(&t->reads, now.mono_ns, t->kinds);
}

static void look_again(struct dtt_tracker *t, struct dtt_now now)
{
    dtt_peers_forgive(&t->peers);
    dtt_search_hurry(&t->search, true);
    dtt_publisher_restart(&t->publisher, now.mono_ns);
    dtt_merge_restart(&t->merge, now.mono_ns);
    read_slots(t, now);
}

static void elect(struct dtt_tracker *t, struct dtt_now now, uint64_t minute)
{
    uint32_t records = t->cfg.tuning.swarm_records;
    uint32_t rank;
    if (records > 0 &&
        dtt_census_is_elected(&t->census, &t->view, &t->peers, minute, records, &rank)) {
        dtt_publisher_elected(&t->publisher, now.mono_ns, rank, records);
        t->wants_day_record |= rank == 0 && minute % DAY_RECORD_MINUTES == 0;
    }
}

/* Each input begins here: notices a new minute, and a wall clock that was set. */
static void enter(struct dtt_tracker *t, struct dtt_now now)
{
    int64_t offset = offset_of(now);
    int64_t step = (int64_t)((uint64_t)offset - (uint64_t)t->wall_offset);
    uint64_t minute = dtt_now_minute(now);
    t->wall_offset = offset;
    t->now = now;
    if (minute != t->view.minute) {
        t->deadline_ns = now.mono_ns;
        dtt_view_turn(&t->view, minute);
        dtt_reads_turn(&t->reads, minute);
        if (dtt_tracker_is_searching(t)) {
            dtt_search_hurry(&t->search, false);
            dtt_publisher_turn(&t->publisher, now.mono_ns);
        } else {
            elect(t, now, minute);
        }
    }
    t->turn_ns = next_turn_ns(now);
    dtt_window_expire(&t->window, now.mono_ns);
    if (step > JUMP_NS || step < -JUMP_NS) {
        DTT_TRACE(t->ctx, TRACKER_CLOCK_JUMP, dtt_tv_int(step / (int64_t)DTT_MS));
        t->deadline_ns = now.mono_ns;
        dtt_clock_was_set(&t->clock);
        dtt_twin_clock_was_set(&t->twin, now);
        look_again(t, now);
    }
}

static void dial(struct dtt_tracker *t, uint64_t mono_ns)
{
    if (t->has_dial || mono_ns < t->next_dial_ns) {
        return;
    }
    struct dtt_tracker_peer *p = dtt_peers_dial(&t->peers, mono_ns, !dtt_tracker_is_searching(t));
    if (p) {
        t->has_dial = true;
        t->dial = p->id;
        t->next_dial_ns = dtt_add_ns(mono_ns, t->cfg.tuning.dial_pace_ns);
        dtt_search_dialled(&t->search, mono_ns);
    }
}

static void count_failed_dials(struct dtt_tracker *t, uint32_t n)
{
    t->dials_failed += n;
    t->ctx->counters[DTT_COUNTER_TRACKER_DIALS_FAILED] += n;
}

/*
 * A long search reads the slots that anybody can fill only every other time: members write into all
 * slots, and what the secret slot costs has to be saved elsewhere.
 */
static dtt_slot_kinds search_kinds(const struct dtt_tracker *t)
{
    dtt_slot_kinds secret = 1u << DTT_SLOT_SECRET;
    bool is_full = t->search.n_passes <= FULL_PASSES || t->search.n_passes % 2 == 0;
    return is_full || !(t->kinds & secret) ? t->kinds : secret;
}

/*
 * A member that is alone looks at one minute more with each pass, and leaves a record where members
 * whose clocks differ look too. Only holders of the secret can write there.
 */
static void look_further(struct dtt_tracker *t, struct dtt_now now)
{
    bool is_day;
    dtt_slot_kinds secret = 1u << DTT_SLOT_SECRET;
    if (!(t->kinds & secret) || !dtt_clock_may_look(&t->clock, t->search.since_ns, now.mono_ns)) {
        return;
    }
    uint64_t minute = dtt_clock_look(&t->clock, t->view.minute, now.mono_ns, &is_day);
    if (dtt_reads_start_far(&t->reads, now.mono_ns, minute, is_day ? secret : search_kinds(t))) {
        dtt_view_look(&t->view, minute);
    }
    t->wants_day_record |= dtt_clock_renew(&t->clock, now.mono_ns);
}

static void step_search(struct dtt_tracker *t, struct dtt_now now)
{
    bool is_ready = dtt_peers_ready_ns(&t->peers, false) <= now.mono_ns;
    bool is_busy = dtt_reads_is_busy(&t->reads);
    if (dtt_search_step(&t->search, now.mono_ns, is_busy, is_ready)) {
        dtt_publisher_found_nobody(&t->publisher, now);
    }
    if (t->search.wants_read) {
        t->search.wants_read = false;
        if (t->cfg.tuning.older_first && !t->publisher.has_stored) {
            dtt_reads_start_older(&t->reads, now.mono_ns, search_kinds(t));
        } else {
            dtt_reads_start(&t->reads, now.mono_ns, search_kinds(t));
        }
        look_further(t, now);
    }
}

/*
 * The read before a record. An elected member looks on behalf of the whole swarm: for strangers,
 * and unless it knows all members for their number. The slot of the minute before tells most about
 * that: all its publishers are in it by now.
 */
static void read_for_all(struct dtt_tracker *t, struct dtt_now now)
{
    dtt_reads_start_current(&t->reads, now.mono_ns, t->kinds & ~dtt_duty_kinds_read(t));
    if (t->cfg.tuning.swarm_records == 0) {
        return;
    }
    dtt_merge_ride(&t->merge, now.mono_ns);
    if (dtt_census_members(&t->census, &t->view, &t->peers) > t->peers.n_neighbors + 1) {
        dtt_slot_kinds secret = t->kinds & 1u << DTT_SLOT_SECRET;
        dtt_reads_start(&t->reads, now.mono_ns, secret ? secret : t->kinds);
    }
}

/* Publishers of this minute, as far as they make our record needless. */
static uint32_t count_others(const struct dtt_tracker *t)
{
    uint32_t alone = dtt_view_publishers(&t->view, t->view.minute, false);
    return dtt_view_publishers(&t->view, t->view.minute, true) +
           (t->cfg.tuning.swarm_records ? alone / ALONE_WORTH : alone);
}

static void step_publisher(struct dtt_tracker *t, struct dtt_now now)
{
    struct dtt_publisher_view view = {
        .is_searching = dtt_tracker_is_searching(t),
        .is_reading = dtt_reads_is_busy_current(&t->reads),
        .answered_ns = dtt_reads_current_answered_ns(&t->reads, t->kinds),
        .others = count_others(t),
    };
    enum dtt_publisher_result result = dtt_publisher_step(&t->publisher, now, &view);
    if (result == DTT_PUBLISHER_TIMED_OUT) {
        DTT_COUNT(t->ctx, TRACKER_PUTS_FAILED);
        DTT_TRACE(t->ctx, TRACKER_PUT_TIMEOUT, dtt_tv_int((int64_t)t->publisher.minute));
        /* Another put may have been waiting for this one. */
        result = dtt_publisher_step(&t->publisher, now, &view);
    }
    if (result == DTT_PUBLISHER_CAPPED) {
        DTT_COUNT(t->ctx, TRACKER_RECORDS_CAPPED);
        DTT_TRACE(t->ctx, TRACKER_CAPPED, dtt_tv_int((int64_t)t->view.minute),
                  dtt_tv_int(view.others));
    }
    if (dtt_publisher_next_read(&t->publisher)) {
        read_for_all(t, now);
    }
}

/* Counting the members takes time, so it is done only when a pass is due. */
static bool merge_has_read(struct dtt_tracker *t, struct dtt_now now, bool is_busy)
{
    bool is_due = dtt_merge_deadline(&t->merge) <= now.mono_ns;
    uint32_t members = is_due && t->cfg.tuning.swarm_records > 0
                           ? dtt_census_members(&t->census, &t->view, &t->peers)
                           : 0;
    return dtt_merge_step(&t->merge, now.mono_ns, is_busy, members, &t->peers, &t->window);
}

static void step_merge(struct dtt_tracker *t, struct dtt_now now)
{
    bool is_busy = dtt_reads_is_busy(&t->reads);
    /* Once a pass has chosen, another may be due: it became so while this one was reading. */
    while (merge_has_read(t, now, is_busy)) {
        uint32_t n = dtt_merge_choose(&t->merge, now, &t->view, &t->peers, &t->window);
        t->ctx->counters[DTT_COUNTER_TRACKER_MERGE_DIALS] += n;
        DTT_TRACE(t->ctx, TRACKER_MERGE, dtt_tv_int((int64_t)t->view.count), dtt_tv_int(n));
        dial(t, now.mono_ns);
    }
    if (t->merge.wants_read) {
        t->merge.wants_read = false;
        read_slots(t, now);
    }
}

static uint64_t next_deadline(const struct dtt_tracker *t)
{
    uint64_t at = dtt_reads_deadline(&t->reads);
    uint64_t ready_ns = dtt_peers_ready_ns(&t->peers, !dtt_tracker_is_searching(t));
    at = dtt_min_ns(at, dtt_peers_expiry_ns(&t->peers));
    at = dtt_min_ns(at, dtt_search_deadline(&t->search));
    at = dtt_min_ns(at, dtt_publisher_deadline(&t->publisher));
    at = dtt_min_ns(at, dtt_merge_deadline(&t->merge));
    at = dtt_min_ns(at, t->door.wake_ns);
    if (ready_ns != DTT_NEVER && !t->has_dial) {
        at = dtt_min_ns(at, ready_ns > t->next_dial_ns ? ready_ns : t->next_dial_ns);
    }
    bool has_turn = dtt_tracker_is_searching(t) || t->cfg.tuning.swarm_records > 0;
    return has_turn ? dtt_min_ns(at, t->turn_ns) : at;
}

/* What others show of their clocks is told when it is news. */
static void step_clock(struct dtt_tracker *t, struct dtt_now now)
{
    struct dtt_clock_guess g = dtt_clock_guess(&t->clock, now.mono_ns);
    int64_t change = g.offset_s - t->told.offset_s;
    bool is_surer = dtt_clock_is_sure(&g) && !dtt_clock_is_sure(&t->told);
    if (!dtt_clock_is_off(&g)) {
        t->told = (struct dtt_clock_guess){0};
    } else if (is_surer || change >= DTT_CLOCK_OFF_S || change <= -DTT_CLOCK_OFF_S) {
        t->told = g;
        t->has_clock_news = true;
    }
}

/* Each input ends here: whatever became possible or due happens, in this order. */
static void step(struct dtt_tracker *t, struct dtt_now now)
{
    dtt_reads_tick(&t->reads, now.mono_ns);
    count_failed_dials(t, dtt_peers_expire(&t->peers, now));
    dtt_duty_step(t, now);
    dial(t, now.mono_ns);
    step_search(t, now);
    step_publisher(t, now);
    step_merge(t, now);
    step_clock(t, now);
    t->deadline_ns = next_deadline(t);
    assert(dtt_tracker_is_searching(t) == (t->peers.n_neighbors == 0));
    assert((t->merge.state == DTT_MERGE_IDLE) == (t->peers.n_neighbors == 0));
    assert(dtt_peers_are_sound(&t->peers) && dtt_view_is_sound(&t->view));
    assert(t->census.members <= DTT_CENSUS_MAX);
}

void dtt_tracker_tick(struct dtt_tracker *t, struct dtt_now now)
{
    enter(t, now);
    if (t->deadline_ns <= now.mono_ns) {
        step(t, now);
    }
}

uint64_t dtt_tracker_deadline(const struct dtt_tracker *t)
{
    return t->deadline_ns;
}

/* ---- life */

/*
 * The random stream seals records. No two trackers of a node may draw the same keys, be it for two
 * topics or for one that was left and joined again.
 */
static void init_rng(struct dtt_tracker *t, struct dtt_now now)
{
    char label[64];
    DTT_COUNT(t->ctx, TRACKER_STARTED);
    snprintf(label, sizeof(label), "tracker %" PRIu64 " %" PRIu64,
             t->ctx->counters[DTT_COUNTER_TRACKER_STARTED], now.mono_ns);
    dtt_rng_init(&t->rng, t->ctx->seed, label);
}

int dtt_tracker_new(struct dtt_tracker **ret, struct dtt_ctx *ctx,
                    const struct dtt_tracker_config *cfg, struct dtt_now now)
{
    struct dtt_tracker *t = calloc(1, sizeof(*t));
    uint64_t minute = dtt_now_minute(now);
    if (!t) {
        return DTT_ENOMEM;
    }
    t->ctx = ctx;
    t->cfg = *cfg;
    t->kinds = dtt_slot_kinds_used(cfg->tuning.secret_slot, cfg->tuning.old_line_slot);
    t->wall_offset = offset_of(now);
    t->turn_ns = next_turn_ns(now);
    init_rng(t, now);
    dtt_ed25519_public_key(t->self.bytes, cfg->node_seed);
    dtt_view_init(&t->view, ctx, cfg->topic, &cfg->secret, &t->self, minute);
    dtt_reads_init(&t->reads, cfg->tuning.get_timeout_ns, minute);
    t->view.depth = t->reads.depth = cfg->tuning.older_first ? 3 : 2;
    dtt_peers_init(&t->peers, ctx, &t->cfg.tuning, &t->rng, &t->self);
    dtt_search_init(&t->search, &t->cfg.tuning, &t->rng, now.mono_ns);
    dtt_publisher_init(&t->publisher, &t->cfg.tuning, t->kinds, &t->rng, now.mono_ns);
    dtt_merge_init(&t->merge, &t->cfg.tuning, &t->rng);
    dtt_clock_init(&t->clock);
    dtt_doorman_init(&t->door);
    dtt_missed_init(&t->missed_reads, now);
    dtt_twin_init(&t->twin, now);
    t->now = now;
    t->start_ns = now.mono_ns;
    if (cfg->awaits_address) {
        dtt_publisher_hold(&t->publisher, now.mono_ns);
    }
    DTT_TRACE(ctx, TRACKER_SEARCH, dtt_tv_text("start"));
    step(t, now);
    *ret = t;
    return DTT_OK;
}

void dtt_tracker_free(struct dtt_tracker *t)
{
    if (t) {
        dtt_view_fini(&t->view);
        dtt_rng_fini(&t->rng);
        sodium_memzero(&t->cfg, sizeof(t->cfg));
        free(t);
    }
}

/* ---- input */

void dtt_tracker_set_addrs(struct dtt_tracker *t, struct dtt_now now, const struct dtt_addr *addrs,
                           size_t n)
{
    enter(t, now);
    n = n < DTT_RECORD_ADDRS ? n : DTT_RECORD_ADDRS;
    if (n > 0 && (n != t->n_addrs || memcmp(addrs, t->addrs, n * sizeof(*addrs)) != 0)) {
        memcpy(t->addrs, addrs, n * sizeof(*addrs));
        t->n_addrs = n;
        dtt_publisher_moved(&t->publisher, now.mono_ns);
    }
    step(t, now);
}

/* Whether others would do something else if our last record told this: find a way where there is
 * none to dial, guess other ports, or dial at once who waits to be dialled. Once there are
 * neighbours that is no hurry. */
static bool is_news(const struct dtt_tracker *t, const struct dtt_reach *reach)
{
    const struct dtt_reach *old = &t->reach;
    switch (reach->kind) {
    case DTT_REACH_VARY:
        return old->kind != DTT_REACH_VARY || !dtt_addr_same_ip(&reach->last, &old->last) ||
               (old->step == 0 && reach->step != 0);
    case DTT_REACH_OPEN: return old->kind != DTT_REACH_OPEN && dtt_tracker_is_searching(t);
    default: return false;
    }
}

void dtt_tracker_set_reach(struct dtt_tracker *t, struct dtt_now now, const struct dtt_reach *reach)
{
    enter(t, now);
    bool is_moved = is_news(t, reach);
    t->reach = *reach;
    if (reach->kind == DTT_REACH_VARY) { /* there is no address to wait for */
        dtt_publisher_release(&t->publisher, now.mono_ns);
    }
    if (is_moved) {
        dtt_publisher_moved(&t->publisher, now.mono_ns);
    }
    step(t, now);
}

void dtt_tracker_seen(struct dtt_tracker *t, struct dtt_now now)
{
    enter(t, now);
    dtt_publisher_release(&t->publisher, now.mono_ns);
    step(t, now);
}

void dtt_tracker_want_peer(struct dtt_tracker *t, struct dtt_now now, const struct dtt_id *peer,
                           const struct dtt_addr *addrs, size_t n)
{
    enter(t, now);
    struct dtt_peer_told told = {.minute = t->view.minute};
    dtt_peers_hear(&t->peers, peer, DTT_PEER_NAMED, told, addrs, n);
    struct dtt_tracker_peer *p = dtt_peers_find(&t->peers, peer);
    if (p) {
        p->is_wanted = p->state == DTT_PEER_IDLE;
    }
    step(t, now);
}

void dtt_tracker_store_ready(struct dtt_tracker *t, struct dtt_now now)
{
    enter(t, now);
    if (t->search.state != DTT_SEARCH_READING) {
        dtt_search_hurry(&t->search, false);
    }
    dtt_publisher_store_ready(&t->publisher, now.mono_ns);
    step(t, now);
}

void dtt_tracker_neighbor_up(struct dtt_tracker *t, struct dtt_now now, const struct dtt_id *peer)
{
    enter(t, now);
    if (dtt_peers_up(&t->peers, peer, t->view.minute) && t->peers.n_neighbors == 1) {
        DTT_TRACE(t->ctx, TRACKER_JOINED, dtt_tv_id(peer));
        dtt_search_joined(&t->search, now.mono_ns);
        dtt_publisher_joined(&t->publisher, now.mono_ns);
        dtt_merge_joined(&t->merge, now.mono_ns);
    }
    step(t, now);
}

void dtt_tracker_neighbor_down(struct dtt_tracker *t, struct dtt_now now, const struct dtt_id *peer,
                               bool is_silent)
{
    enter(t, now);
    if (dtt_peers_down(&t->peers, peer, now, is_silent) && t->peers.n_neighbors == 0) {
        DTT_TRACE(t->ctx, TRACKER_SEARCH, dtt_tv_text("lost"));
        dtt_search_lost(&t->search, now.mono_ns);
        dtt_publisher_found_nobody(&t->publisher, now);
        dtt_merge_lost(&t->merge);
    }
    step(t, now);
}

void dtt_tracker_neighbor_silent(struct dtt_tracker *t, struct dtt_now now,
                                 const struct dtt_id *peer)
{
    enter(t, now);
    dtt_missed_look(t, now, peer);
    step(t, now);
}

void dtt_tracker_message(struct dtt_tracker *t, struct dtt_now now, const uint8_t hash[32])
{
    enter(t, now);
    dtt_window_add(&t->window, now.mono_ns, hash);
    step(t, now);
}

static void hear_record(struct dtt_tracker *t, const struct dtt_record_info *r)
{
    struct dtt_peer_told told = {.minute = r->minute, .unix_s = r->unix_s};
    dtt_peers_hear(&t->peers, &r->publisher, DTT_PEER_PUBLISHER, told, r->addrs, r->n_addrs);
    for (size_t i = 0; i < r->n_active_peers; i++) {
        dtt_peers_hear(&t->peers, &r->active_peers[i], DTT_PEER_HEARSAY, told, NULL, 0);
    }
    struct dtt_tracker_peer *p = dtt_peers_find(&t->peers, &r->publisher);
    if (p) {
        p->tells_reach = r->reach.is_told;
        p->is_shut = r->reach.kind == DTT_REACH_CONE || r->reach.kind == DTT_REACH_VARY;
    }
    DTT_TRACE(t->ctx, TRACKER_RECORD, dtt_tv_id(&r->publisher), dtt_tv_int((int64_t)r->minute),
              dtt_tv_int((int64_t)r->n_active_peers), dtt_tv_int((int64_t)r->n_message_hashes),
              dtt_tv_int((int64_t)r->n_addrs));
}

/* Of a minute that only a member with another clock would use, or left over from that minute. */
static void hear_far(struct dtt_tracker *t, struct dtt_now now, struct dtt_record_info *r)
{
    if (r->minute > t->view.minute) {
        dtt_clock_show(&t->clock, now.mono_ns, &r->publisher, r->minute, t->view.minute);
        r->minute = t->view.minute;
    }
    hear_record(t, r);
}

void dtt_tracker_slot_value(struct dtt_tracker *t, struct dtt_now now, enum dtt_slot_kind kind,
                            uint64_t minute, int64_t seq, struct dtt_slice value)
{
    struct dtt_record_info r;
    enter(t, now);
    switch (dtt_view_add(&t->view, now.mono_ns, kind, minute, seq, value, &r)) {
    case DTT_VIEW_NOTHING: break;
    case DTT_VIEW_RECORD:
        hear_record(t, &r);
        dtt_duty_choose(t, now);
        break;
    case DTT_VIEW_FAR: hear_far(t, now, &r); break;
    case DTT_VIEW_OWN:
        if (r.unix_s == dtt_own_record_unix_s(t, t->publisher.put_ns)) {
            dtt_publisher_seen(&t->publisher);
        }
        if (dtt_twin_found(&t->twin, now, value, &r)) {
            dtt_publisher_answer(&t->publisher, now.mono_ns); /* so that it notices us too */
        }
        break;
    }
    step(t, now);
}

bool dtt_tracker_near_value(struct dtt_tracker *t, struct dtt_now now, uint64_t minute,
                            struct dtt_slice value, uint32_t zone, struct dtt_record_info *ret)
{
    enter(t, now);
    enum dtt_view_result result = dtt_view_add_near(&t->view, minute, value, zone, ret);
    if (result == DTT_VIEW_RECORD) {
        hear_record(t, ret);
    } else if (result == DTT_VIEW_OWN) {
        dtt_twin_found(&t->twin, now, value, ret);
    }
    step(t, now);
    return result == DTT_VIEW_RECORD;
}

void dtt_tracker_clock(struct dtt_tracker *t, struct dtt_now now, const struct dtt_id *member,
                       uint64_t minute)
{
    enter(t, now);
    dtt_clock_show(&t->clock, now.mono_ns, member, minute, t->view.minute);
    step(t, now);
}

void dtt_tracker_slot_done(struct dtt_tracker *t, struct dtt_now now, enum dtt_slot_kind kind,
                           uint64_t minute, int status, uint32_t answered)
{
    enter(t, now);
    DTT_TRACE(t->ctx, TRACKER_READ_DONE, dtt_tv_text(dtt_tracker_kind_name(kind)),
              dtt_tv_int((int64_t)minute), dtt_tv_text(dtt_error_name(status)),
              dtt_tv_int(answered));
    dtt_reads_done(&t->reads, now.mono_ns, kind, minute, answered);
    if (minute + 1 == t->view.minute && answered > 0) {
        dtt_census_observe(&t->census, &t->view, &t->peers, minute);
    }
    step(t, now);
}

void dtt_tracker_put_done(struct dtt_tracker *t, struct dtt_now now, enum dtt_slot_kind kind,
                          uint64_t minute, int status, uint32_t acked)
{
    bool is_stored = status >= 0 && acked > 0;
    enter(t, now);
    DTT_TRACE(t->ctx, TRACKER_PUT_DONE, dtt_tv_text(dtt_tracker_kind_name(kind)),
              dtt_tv_int((int64_t)minute), dtt_tv_text(dtt_error_name(status)), dtt_tv_int(acked));
    dtt_publisher_done(&t->publisher, now.mono_ns, kind, minute, is_stored ? acked : 0);
    if (!is_stored) {
        DTT_COUNT(t->ctx, TRACKER_PUTS_FAILED);
    }
    dtt_duty_choose(t, now);
    step(t, now);
}

void dtt_tracker_dial_failed(struct dtt_tracker *t, struct dtt_now now, const struct dtt_id *peer)
{
    enter(t, now);
    if (dtt_peers_failed(&t->peers, peer, now)) {
        DTT_TRACE(t->ctx, TRACKER_DIAL_FAILED, dtt_tv_id(peer));
        count_failed_dials(t, 1);
    }
    step(t, now);
}

void dtt_tracker_twin(struct dtt_tracker *t, struct dtt_now now, const struct dtt_addr *addr)
{
    dtt_twin_met(&t->twin, now, addr);
}

void dtt_tracker_forgive(struct dtt_tracker *t, struct dtt_now now)
{
    enter(t, now);
    dtt_peers_forgive(&t->peers);
    step(t, now);
}

void dtt_tracker_network_changed(struct dtt_tracker *t, struct dtt_now now)
{
    enter(t, now);
    look_again(t, now);
    step(t, now);
}

/* ---- output */

static bool next_dial(struct dtt_tracker *t, struct dtt_tracker_action *ret)
{
    if (!t->has_dial) {
        return false;
    }
    t->has_dial = false;
    t->deadline_ns = next_deadline(t);
    const struct dtt_tracker_peer *p = dtt_peers_find(&t->peers, &t->dial);
    if (!p || p->state != DTT_PEER_DIALLING) {
        return false;
    }
    *ret = (struct dtt_tracker_action){.type = DTT_TRACKER_DIAL,
                                       .peer = p->id,
                                       .was_neighbor = p->lost_until > 0 || p->is_at_door,
                                       .n_addrs = p->n_addrs};
    memcpy(ret->addrs, p->addrs, sizeof(p->addrs));
    t->dials_started++;
    DTT_COUNT(t->ctx, TRACKER_DIALS);
    DTT_TRACE(t->ctx, TRACKER_DIAL, dtt_tv_id(&p->id), dtt_tv_int((int64_t)p->n_addrs));
    return true;
}

static bool next_get(struct dtt_tracker *t, struct dtt_tracker_action *ret)
{
    const struct dtt_view_slot *slot = NULL;
    enum dtt_slot_kind kind;
    uint64_t minute;
    /* The read of a minute that is skipped times out, like one that nobody answers. */
    while (!slot && dtt_reads_next(&t->reads, &kind, &minute)) {
        slot = dtt_view_slot(&t->view, kind, minute);
    }
    if (!slot) {
        return false;
    }
    *ret = (struct dtt_tracker_action){.type = DTT_TRACKER_GET,
                                       .slot = slot->slot,
                                       .width = (uint8_t)t->cfg.tuning.slot_width,
                                       .is_brief = !dtt_tracker_is_searching(t)};
    DTT_COUNT(t->ctx, TRACKER_READS);
    DTT_TRACE(t->ctx, TRACKER_READ, dtt_tv_text(dtt_tracker_kind_name(kind)),
              dtt_tv_int((int64_t)minute));
    return true;
}

int dtt_tracker_near_record(struct dtt_tracker *t, struct dtt_now now, uint64_t minute,
                            const struct dtt_addr *near, size_t n, struct dtt_writer *ret)
{
    return dtt_own_record_near(t, now, minute, near, n, ret);
}

static bool next_published(struct dtt_tracker *t, struct dtt_tracker_action *ret)
{
    if (!t->publisher.is_news) {
        return false;
    }
    t->publisher.is_news = false;
    *ret = (struct dtt_tracker_action){.type = DTT_TRACKER_PUBLISHED,
                                       .slot = {.minute = t->publisher.minute},
                                       .copies = t->publisher.copies};
    return true;
}

static bool next_news(struct dtt_tracker *t, struct dtt_tracker_action *ret)
{
    *ret = (struct dtt_tracker_action){.type = DTT_TRACKER_CLOCK};
    if (t->has_clock_news) {
        t->has_clock_news = false;
        return true;
    }
    if (!t->twin.is_news) {
        return false;
    }
    t->twin.is_news = false;
    ret->type = DTT_TRACKER_TWIN;
    ret->n_addrs = t->twin.n_addrs;
    memcpy(ret->addrs, t->twin.addrs, sizeof(ret->addrs));
    return true;
}

int dtt_tracker_seed(const struct dtt_tracker *t, uint64_t minute, uint8_t ret[32])
{
    return dtt_secret_rotate(ret, &t->cfg.secret, t->cfg.topic, minute);
}

bool dtt_tracker_next(struct dtt_tracker *t, bool may_ask, struct dtt_tracker_action *ret)
{
    struct dtt_record_info record;
    /* Records first: how a peer is dialled depends on what its record tells. */
    if (dtt_view_next_new(&t->view, &record)) {
        *ret = (struct dtt_tracker_action){.type = DTT_TRACKER_RECORD, .record = record};
        return true;
    }
    return next_dial(t, ret) ||
           (may_ask && (next_get(t, ret) || dtt_duty_next(t, ret) || dtt_own_record_next(t, ret) ||
                        dtt_own_record_next_day(t, ret))) ||
           next_published(t, ret) || next_news(t, ret);
}

void dtt_tracker_status(const struct dtt_tracker *t, struct dtt_now now,
                        struct dtt_tracker_status *ret)
{
    uint64_t minute = dtt_now_minute(now);
    *ret = (struct dtt_tracker_status){
        .neighbors = (uint32_t)t->peers.n_neighbors,
        .reads_done = t->reads.done,
        .records_refused = t->view.refused,
        .minutes_skipped = t->view.skipped,
        .is_minute_skipped = !dtt_view_has_keys(&t->view, minute),
        .peers_idle = dtt_peers_idle(&t->peers),
        .dials_started = t->dials_started,
        .dials_failed = t->dials_failed,
        .members = dtt_census_members(&t->census, &t->view, &t->peers),
        .searching_since_ns = t->search.since_ns,
        .clock = dtt_clock_guess(&t->clock, now.mono_ns),
        .has_twin = dtt_twin_is_there(&t->twin, now.mono_ns),
        .twin = t->twin.addrs[0],
    };
    for (size_t i = 0; i < t->view.count; i++) {
        bool is_fresh = t->view.records[i].info.minute + 1 >= minute;
        ret->records_seen += is_fresh;
        ret->records_near += is_fresh && t->view.records[i].is_near;
    }
}
