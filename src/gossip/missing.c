/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/missing.h"

#include <assert.h>
#include <stdlib.h>

/*
 * Who catches up grafts many messages at once. They are asked for in lots, so that the answers do
 * not flood the link, and with patience, for nobody is waiting for them.
 */
#define CATCH_UP_LOT 16
#define CATCH_UP_LOT_NS (5 * DTT_MS)
#define CATCH_UP_NEXT_NS (1 * DTT_S)

void dtt_gossip_missing_init(struct dtt_gossip_missing *s, struct dtt_ctx *ctx,
                             struct dtt_timerq *timers,
                             const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES])
{
    memset(s, 0, sizeof(*s));
    s->ctx = ctx;
    s->timers = timers;
    s->wait_ns = DTT_PLUMTREE_GRAFT_FIRST_NS;
    dtt_map_init(&s->entries, DTT_GOSSIP_ID_BYTES, DTT_GOSSIP_MISSING_MAX, hash_key);
}

void dtt_gossip_missing_fini(struct dtt_gossip_missing *s)
{
    for (size_t i = dtt_map_count(&s->entries); i-- > 0;) {
        dtt_gossip_missing_forget(s, dtt_map_value_at(&s->entries, i));
    }
    dtt_map_fini(&s->entries);
}

struct dtt_gossip_missing_entry *dtt_gossip_missing_get(const struct dtt_gossip_missing *s,
                                                        const struct dtt_gossip_message_id *id)
{
    return dtt_map_get(&s->entries, id->bytes);
}

/* The largest share loses its oldest entry, unless `slot` has as much. */
static int make_room(struct dtt_gossip_missing *s, uint8_t slot)
{
    const struct dtt_list *largest = &s->shares[slot];
    for (size_t i = 0; i < DTT_GOSSIP_ACTIVE_MAX; i++) {
        largest = s->shares[i].count > largest->count ? &s->shares[i] : largest;
    }
    if (largest == &s->shares[slot]) {
        return DTT_EFULL;
    }
    dtt_gossip_missing_forget(
        s, DTT_LIST_OWNER(largest->head, struct dtt_gossip_missing_entry, in_share));
    DTT_COUNT(s->ctx, GOSSIP_IHAVES_REFUSED);
    return DTT_OK;
}

static int add_entry(struct dtt_gossip_missing *s, uint64_t now_ns,
                     const struct dtt_gossip_ihave *ihave, uint8_t slot,
                     struct dtt_gossip_missing_entry **ret)
{
    if (dtt_map_count(&s->entries) == DTT_GOSSIP_MISSING_MAX && make_room(s, slot)) {
        return DTT_EFULL;
    }
    uint64_t wait_ns = s->wait_ns;
    if (dtt_gossip_is_catch_up(ihave->round)) {
        wait_ns += dtt_map_count(&s->entries) / CATCH_UP_LOT * CATCH_UP_LOT_NS;
    }
    struct dtt_gossip_missing_entry *e = calloc(1, sizeof(*e));
    if (!e) {
        return DTT_ENOMEM;
    }
    e->id = ihave->id;
    e->heard_ns = now_ns;
    int err = dtt_map_put(&s->entries, e->id.bytes, e);
    if (err) {
        free(e);
        return err;
    }
    if (dtt_timerq_set(s->timers, &e->timer, now_ns + wait_ns)) {
        dtt_gossip_missing_forget(s, e);
        return DTT_ENOMEM;
    }
    dtt_list_push(&s->shares[slot], &e->in_share);
    *ret = e;
    return DTT_OK;
}

static void move(struct dtt_gossip_missing *s, struct dtt_gossip_missing_entry *e, uint8_t slot)
{
    dtt_list_remove(&e->in_share);
    dtt_list_push(&s->shares[slot], &e->in_share);
}

int dtt_gossip_missing_add(struct dtt_gossip_missing *s, uint64_t now_ns,
                           const struct dtt_gossip_ihave *ihave, uint8_t slot)
{
    struct dtt_gossip_missing_entry *e = dtt_gossip_missing_get(s, &ihave->id);
    if (!e) {
        int err = add_entry(s, now_ns, ihave, slot, &e);
        if (err) {
            return err;
        }
    }
    for (uint8_t i = 0; i < e->n; i++) {
        if (e->announcers[i].slot == slot) {
            return DTT_OK;
        }
    }
    if (e->n < DTT_GOSSIP_ANNOUNCERS_MAX) {
        e->announcers[e->n++] = (struct dtt_gossip_announcer){.slot = slot, .round = ihave->round};
        if (s->shares[slot].count < e->in_share.list->count) {
            move(s, e, slot);
        }
    }
    return DTT_OK;
}

void dtt_gossip_missing_forget(struct dtt_gossip_missing *s, struct dtt_gossip_missing_entry *e)
{
    dtt_timerq_cancel(s->timers, &e->timer);
    dtt_list_remove(&e->in_share);
    dtt_map_take(&s->entries, e->id.bytes);
    free(e);
    if (dtt_map_count(&s->entries) == 0) {
        dtt_map_clear(&s->entries);
    }
}

void dtt_gossip_missing_forget_slot(struct dtt_gossip_missing *s, uint8_t slot)
{
    for (size_t i = dtt_map_count(&s->entries); i-- > 0;) {
        struct dtt_gossip_missing_entry *e = dtt_map_value_at(&s->entries, i);
        for (uint8_t a = 0; a < e->n; a++) {
            if (e->announcers[a].slot == slot) {
                assert(e->tried <= e->n);
                e->n--;
                e->tried = (uint8_t)(e->tried - (a < e->tried));
                memmove(&e->announcers[a], &e->announcers[a + 1],
                        (size_t)(e->n - a) * sizeof(e->announcers[0]));
                break;
            }
        }
        if (e->n == 0) {
            dtt_gossip_missing_forget(s, e);
        } else if (e->in_share.list == &s->shares[slot]) {
            move(s, e, e->announcers[0].slot);
        }
    }
}

const struct dtt_gossip_announcer *dtt_gossip_missing_next(struct dtt_gossip_missing *s,
                                                           uint64_t now_ns,
                                                           struct dtt_gossip_missing_entry *e)
{
    assert(e->tried <= e->n);
    if (e->tried == e->n) {
        dtt_gossip_missing_forget(s, e);
        return NULL;
    }
    const struct dtt_gossip_announcer *a = &e->announcers[e->tried++];
    uint64_t wait_ns =
        dtt_gossip_is_catch_up(a->round) ? CATCH_UP_NEXT_NS : DTT_PLUMTREE_GRAFT_NEXT_NS;
    /* Cannot fail: the timer takes the place it just left. */
    dtt_timerq_set(s->timers, &e->timer, now_ns + wait_ns);
    return a;
}

/* Of the first `n` announcers. */
static bool is_among(const struct dtt_gossip_missing_entry *e, uint8_t n, uint8_t slot)
{
    for (uint8_t i = 0; i < n; i++) {
        if (e->announcers[i].slot == slot) {
            return true;
        }
    }
    return false;
}

bool dtt_gossip_missing_is_from(const struct dtt_gossip_missing_entry *e, uint8_t slot)
{
    return e && is_among(e, e->n, slot);
}

bool dtt_gossip_missing_was_asked(const struct dtt_gossip_missing_entry *e, uint8_t slot)
{
    return is_among(e, e->tried, slot);
}

uint64_t dtt_gossip_missing_age(const struct dtt_gossip_missing_entry *e, uint8_t from,
                                uint64_t now_ns, bool *caught_up)
{
    uint64_t age_ns = 0;
    *caught_up = false;
    for (uint8_t i = 0; e && i < e->n; i++) {
        uint16_t round = e->announcers[i].round;
        if (!dtt_gossip_is_catch_up(round)) {
            *caught_up = false;
            break;
        }
        if (e->announcers[i].slot == from && i < e->tried) {
            *caught_up = true;
            age_ns = dtt_gossip_age_of_round(round) + (now_ns - e->heard_ns);
        }
    }
    return *caught_up ? age_ns : 0;
}
