/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/doorman.h"

#include "tracker/census.h"

static const char door_label[] = "dtt door 1";

void dtt_doorman_init(struct dtt_doorman *d)
{
    *d = (struct dtt_doorman){.wake_ns = DTT_NEVER};
}

/* A member's number in a slice, floor((unix time - 2 s) / 5 s). */
static uint64_t number_of(const struct dtt_id *id, uint64_t slice)
{
    return dtt_census_draw(door_label, id, slice);
}

/*
 * Where all know all the one with the lowest number is on duty. Only neighbours that have told
 * their reach count: others know of no door.
 */
static bool is_lowest(const struct dtt_peers *peers, uint64_t minute, uint64_t own)
{
    for (size_t i = 0; i < peers->count; i++) {
        const struct dtt_tracker_peer *p = &peers->list[i];
        if (p->state == DTT_PEER_NEIGHBOR && p->tells_reach &&
            dtt_census_number(&p->id, minute) < own) {
            return false;
        }
    }
    return true;
}

/*
 * Of a swarm that we do not know in full some are on duty by chance. In a large one, whose number
 * counts for no more than it may, they begin one after the other: most find enough records then.
 */
static bool is_drawn(uint64_t slice, uint64_t own, uint32_t members)
{
    uint64_t of = members < DTT_DOORMAN_MEMBERS ? members : DTT_DOORMAN_MEMBERS;
    if (of <= DTT_DOORMAN_DUTY) {
        return true;
    }
    uint64_t share = UINT64_MAX / of * DTT_DOORMAN_DUTY / DTT_DOORMAN_SLICES;
    uint64_t first = members > DTT_DOORMAN_MEMBERS ? own / share : 0;
    return own / share < DTT_DOORMAN_SLICES && first <= slice % DTT_DOORMAN_SLICES;
}

static uint32_t count_open(const struct dtt_view *v)
{
    uint32_t n = 0;
    for (size_t i = 0; i < v->count; i++) {
        n += v->records[i].info.reach.kind == DTT_REACH_OPEN;
    }
    return n;
}

enum dtt_doorman_turn dtt_doorman_step(struct dtt_doorman *d, struct dtt_now now,
                                       const struct dtt_view *v, const struct dtt_peers *peers,
                                       uint32_t members, bool is_open)
{
    uint64_t wall_ns = now.wall_ns < (int64_t)DTT_DOORMAN_INTO_NS
                           ? 0
                           : (uint64_t)now.wall_ns - DTT_DOORMAN_INTO_NS;
    uint64_t slice = wall_ns / DTT_DOORMAN_SLICE_NS;
    uint64_t minute = slice / DTT_DOORMAN_SLICES;
    d->wake_ns = dtt_add_ns(now.mono_ns, DTT_DOORMAN_SLICE_NS - wall_ns % DTT_DOORMAN_SLICE_NS);
    if (slice == d->slice) {
        return DTT_DOORMAN_NOTHING;
    }
    d->slice = slice;
    if (count_open(v) + is_open >= DTT_DOORMAN_OPEN && slice % DTT_DOORMAN_SLICES != 0) {
        return DTT_DOORMAN_NOTHING;
    }
    uint64_t own = dtt_census_number(&v->self, minute);
    bool knows_all = members <= peers->n_neighbors + 1;
    if (knows_all ? !is_lowest(peers, minute, own) : !is_drawn(slice, own, members)) {
        return DTT_DOORMAN_NOTHING;
    }
    if (minute != d->minute) {
        d->minute = minute;
        return DTT_DOORMAN_BEGINS;
    }
    bool is_ours = knows_all || number_of(&v->self, slice) % 2 == 0;
    d->sample = !is_ours ? 0 : slice % 2 == 0 ? DTT_DOORMAN_SAMPLE : DTT_DOORMAN_SAMPLE / 2;
    return is_ours ? DTT_DOORMAN_READS : DTT_DOORMAN_NOTHING;
}

/* Alone a short time ago, and not to be reached by dialling us: the open are met anyhow. */
static bool is_newcomer(const struct dtt_record_info *r, struct dtt_now now)
{
    uint64_t unix_s = now.wall_ns < 0 ? 0 : (uint64_t)now.wall_ns / DTT_S;
    uint64_t age_s = unix_s > r->unix_s ? unix_s - r->unix_s : 0;
    return r->n_active_peers == 0 && r->reach.kind != DTT_REACH_OPEN &&
           (r->unix_s == 0 ? r->minute == dtt_now_minute(now) : age_s < DTT_DOORMAN_AGE_S);
}

uint32_t dtt_doorman_choose(struct dtt_now now, const struct dtt_view *v, struct dtt_peers *peers)
{
    uint32_t chosen = 0;
    for (size_t i = 0; i < v->count && chosen < DTT_DOORMAN_DIALS; i++) {
        const struct dtt_record_info *r = &v->records[i].info;
        struct dtt_tracker_peer *p =
            is_newcomer(r, now) ? dtt_peers_find(peers, &r->publisher) : NULL;
        if (p && p->state == DTT_PEER_IDLE && !p->is_wanted && p->not_before <= now.mono_ns &&
            (p->dialled_ns == DTT_NEVER || now.mono_ns - p->dialled_ns >= DTT_DOORMAN_AGAIN_NS)) {
            p->is_wanted = true;
            p->is_at_door = true;
            chosen++;
        }
    }
    return chosen;
}
