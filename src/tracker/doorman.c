/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/doorman.h"

#include "tracker/census.h"

static const char door_label[] = "dtt door 1";

void dtt_doorman_init(struct dtt_doorman *d)
{
    *d = (struct dtt_doorman){.wake_ns = DTT_NEVER};
}

void dtt_doorman_off(struct dtt_doorman *d)
{
    d->slice = 0;
    d->wake_ns = DTT_NEVER;
    d->wants_read = false;
}

uint64_t dtt_doorman_number(const struct dtt_id *id, uint64_t time)
{
    return dtt_census_draw(door_label, id, time);
}

/*
 * Where all know all the two with the lowest numbers of the minute are on duty, by turns. Only
 * neighbours that have told their reach count: others know of no door.
 */
static bool is_turn(const struct dtt_peers *peers, const struct dtt_id *self, uint64_t slice)
{
    uint64_t minute = slice / DTT_DOORMAN_SLICES;
    uint64_t own = dtt_doorman_number(self, minute);
    uint64_t lower = 0, others = 0;
    for (size_t i = 0; i < peers->count; i++) {
        const struct dtt_tracker_peer *p = &peers->list[i];
        bool is_one = p->state == DTT_PEER_NEIGHBOR && p->tells_reach;
        others += is_one;
        lower += is_one && dtt_doorman_number(&p->id, minute) < own;
    }
    return others == 0 || (lower < 2 && (slice + lower) % 2 == 0);
}

/* Of a swarm that we do not know in full some are on duty by chance, and read in half the slices.
 */
static bool is_drawn(const struct dtt_id *self, uint64_t slice, uint32_t members)
{
    uint32_t of = members < DTT_DOORMAN_MEMBERS ? members : DTT_DOORMAN_MEMBERS;
    return (of <= DTT_DOORMAN_DUTY || dtt_doorman_number(self, slice / DTT_DOORMAN_SLICES) <
                                          UINT64_MAX / of * DTT_DOORMAN_DUTY) &&
           dtt_doorman_number(self, slice) % 2 == 0;
}

static uint32_t count_open(const struct dtt_view *v)
{
    uint32_t n = 0;
    for (size_t i = 0; i < v->count; i++) {
        n += v->records[i].info.reach.kind == DTT_REACH_OPEN;
    }
    return n;
}

bool dtt_doorman_step(struct dtt_doorman *d, struct dtt_now now, const struct dtt_view *v,
                      const struct dtt_peers *peers, uint32_t members, bool is_open)
{
    uint64_t wall_ns = now.wall_ns < 0 ? 0 : (uint64_t)now.wall_ns;
    uint64_t slice = wall_ns / DTT_DOORMAN_SLICE_NS;
    d->wake_ns = dtt_add_ns(now.mono_ns, DTT_DOORMAN_SLICE_NS - wall_ns % DTT_DOORMAN_SLICE_NS);
    if (slice == d->slice) {
        return false;
    }
    d->slice = slice;
    if (count_open(v) + is_open >= DTT_DOORMAN_OPEN && slice % DTT_DOORMAN_SLICES != 0) {
        return false;
    }
    bool is_ours = members <= peers->n_neighbors + 1 ? is_turn(peers, &v->self, slice)
                                                     : is_drawn(&v->self, slice, members);
    d->has_read |= is_ours;
    d->wants_read |= is_ours;
    return is_ours;
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
