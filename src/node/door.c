/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/door.h"

#include <assert.h>

uint64_t dtt_door_patience_ns(const struct dtt_door_side *us, const struct dtt_door_side *peer)
{
    if (!us->is_cone || !peer->is_cone) {
        return 0; /* the one lets everybody in, or the other could not be dialled */
    }
    if (us->joined_s < peer->joined_s ||
        (us->joined_s == peer->joined_s && memcmp(&us->id, &peer->id, sizeof(us->id)) > 0)) {
        return 0; /* the elder */
    }
    return us->joined_s - peer->joined_s <= DTT_DOOR_TOGETHER_S ? DTT_DOOR_BRIEF_NS
                                                                : DTT_DOOR_LONG_NS;
}

static struct dtt_door *find(struct dtt_doors *d, const struct dtt_id *peer)
{
    for (size_t i = 0; i < d->n; i++) {
        if (memcmp(&d->list[i].id, peer, sizeof(*peer)) == 0) {
            return &d->list[i];
        }
    }
    return NULL;
}

static void forget(struct dtt_doors *d, struct dtt_door *door)
{
    *door = d->list[--d->n];
}

/* The only place where the state changes. */
static void enter(struct dtt_door *door, struct dtt_now now, enum dtt_door_state state)
{
    assert((state == DTT_DOOR_KEPT) == (door->aloud_ns <= now.mono_ns));
    door->state = state;
}

/* From one knock to the next one. */
static uint64_t pace_ns(const struct dtt_door *door, struct dtt_now now)
{
    switch (door->state) {
    case DTT_DOOR_WHISPERING: return DTT_DOOR_WHISPER_NS;
    case DTT_DOOR_QUIET: return door->aloud_ns - now.mono_ns;
    case DTT_DOOR_KEPT:
    case DTT_DOOR_PATIENT: break;
    }
    return DTT_DOOR_KEEP_NS;
}

/* We do not dial before then. */
static void hold(struct dtt_door *door, struct dtt_now now, enum dtt_door_state state,
                 uint64_t aloud_ns)
{
    door->aloud_ns = aloud_ns;
    enter(door, now, state);
    door->next_ns = now.mono_ns + pace_ns(door, now);
}

static void take_addrs(struct dtt_door *door, const struct dtt_addr *addrs, size_t n)
{
    door->n = 0;
    for (size_t i = 0; i < n && door->n < DTT_DOOR_ADDRS; i++) {
        if (dtt_addr_scope(&addrs[i]) == DTT_SCOPE_GLOBAL) {
            door->addrs[door->n++] = addrs[i];
        }
    }
}

static bool is_new(const struct dtt_door *old, const struct dtt_door *door)
{
    for (size_t i = 0; i < door->n; i++) {
        if (!dtt_addr_is_in(old->addrs, old->n, &door->addrs[i])) {
            return true;
        }
    }
    return false;
}

/* A door with nothing in it but its peer. */
static struct dtt_door *make(struct dtt_doors *d, const struct dtt_id *peer)
{
    if (d->n == DTT_DOORS_MAX) {
        struct dtt_door *first = &d->list[0];
        for (size_t i = 1; i < d->n; i++) {
            first = d->list[i].until_ns < first->until_ns ? &d->list[i] : first;
        }
        forget(d, first);
    }
    struct dtt_door *door = &d->list[d->n++];
    *door = (struct dtt_door){.id = *peer};
    return door;
}

uint64_t dtt_doors_open(struct dtt_doors *d, struct dtt_now now, const struct dtt_id *peer,
                        uint64_t patience_ns, const struct dtt_addr *addrs, size_t n)
{
    struct dtt_door fresh = {.id = *peer};
    struct dtt_door *door = find(d, peer);
    take_addrs(&fresh, addrs, n);
    if (fresh.n == 0) {
        return door ? door->aloud_ns : now.mono_ns;
    }
    if (door) {
        bool is_news = is_new(door, &fresh);
        memcpy(door->addrs, fresh.addrs, sizeof(door->addrs));
        door->n = fresh.n;
        door->next_ns = is_news && door->state != DTT_DOOR_QUIET ? now.mono_ns : door->next_ns;
        return door->aloud_ns;
    }
    door = make(d, peer);
    memcpy(door->addrs, fresh.addrs, sizeof(door->addrs));
    door->n = fresh.n;
    door->aloud_ns = now.mono_ns + patience_ns;
    door->next_ns = now.mono_ns;
    door->until_ns = now.mono_ns + DTT_DOOR_KEPT_NS;
    enter(door, now, patience_ns > 0 ? DTT_DOOR_WHISPERING : DTT_DOOR_KEPT);
    return door->aloud_ns;
}

void dtt_doors_renew(struct dtt_doors *d, struct dtt_now now, const struct dtt_id *peer)
{
    struct dtt_door *door = find(d, peer);
    if (door) {
        door->until_ns = now.mono_ns + DTT_DOOR_KEPT_NS;
    }
}

void dtt_doors_failed(struct dtt_doors *d, struct dtt_now now, const struct dtt_id *peer,
                      bool is_newcomer)
{
    struct dtt_door *door = find(d, peer);
    if (!door || door->aloud_ns > now.mono_ns) {
        return; /* it has not dialled */
    }
    door->n_failed++;
    if (is_newcomer) {
        hold(door, now, DTT_DOOR_PATIENT, now.mono_ns + DTT_DOOR_PATIENT_NS);
    } else if (door->n_failed > 1) { /* the first one may have found a newcomer that knew nothing */
        hold(door, now, DTT_DOOR_QUIET, now.mono_ns + DTT_DOOR_QUIET_NS);
    }
}

void dtt_doors_moved(struct dtt_doors *d, struct dtt_now now)
{
    for (size_t i = 0; i < d->n; i++) {
        struct dtt_door *door = &d->list[i];
        if (door->n_failed > 0) {
            door->n_failed = 0;
            door->aloud_ns = door->next_ns = now.mono_ns;
            enter(door, now, DTT_DOOR_KEPT);
        }
    }
}

void dtt_doors_close(struct dtt_doors *d, const struct dtt_id *peer)
{
    struct dtt_door *door = find(d, peer);
    if (door) {
        forget(d, door);
    }
}

size_t dtt_doors_take(struct dtt_doors *d, struct dtt_now now, struct dtt_addr ret[DTT_DOOR_ADDRS])
{
    for (size_t i = d->n; i > 0; i--) { /* one that is forgotten gives its place to the last */
        struct dtt_door *door = &d->list[i - 1];
        if (door->until_ns <= now.mono_ns) {
            forget(d, door);
            continue;
        }
        if (door->next_ns > now.mono_ns) {
            continue;
        }
        size_t n = door->n;
        memcpy(ret, door->addrs, n * sizeof(ret[0]));
        if (door->aloud_ns <= now.mono_ns) {
            enter(door, now, DTT_DOOR_KEPT);
        }
        door->next_ns = now.mono_ns + pace_ns(door, now);
        return n;
    }
    return 0;
}

uint64_t dtt_doors_deadline(const struct dtt_doors *d)
{
    uint64_t at = DTT_NEVER;
    for (size_t i = 0; i < d->n; i++) {
        at = dtt_min_ns(at, dtt_min_ns(d->list[i].next_ns, d->list[i].until_ns));
    }
    return at;
}
