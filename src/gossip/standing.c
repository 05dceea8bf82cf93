/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/standing.h"

#include "gossip/view.h"

#include <stdlib.h>

struct dtt_standing_entry {
    struct dtt_id id;
    uint64_t proven_ns;
    struct dtt_standing_entry *older, *newer;
};

static bool is_over(const struct dtt_standing_entry *e, struct dtt_now now)
{
    return now.mono_ns - e->proven_ns >= DTT_STANDING_KEPT_NS;
}

void dtt_standings_init(struct dtt_standings *s, const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES])
{
    *s = (struct dtt_standings){.oldest = NULL};
    dtt_map_init(&s->proven, sizeof(struct dtt_id), DTT_STANDING_MAX, hash_key);
}

static void unlink_entry(struct dtt_standings *s, struct dtt_standing_entry *e)
{
    *(e->older ? &e->older->newer : &s->oldest) = e->newer;
    *(e->newer ? &e->newer->older : &s->newest) = e->older;
}

static void link_newest(struct dtt_standings *s, struct dtt_standing_entry *e)
{
    e->older = s->newest;
    e->newer = NULL;
    *(s->newest ? &s->newest->newer : &s->oldest) = e;
    s->newest = e;
}

static void forget(struct dtt_standings *s, struct dtt_standing_entry *e)
{
    unlink_entry(s, e);
    dtt_map_take(&s->proven, &e->id);
    free(e);
}

void dtt_standings_fini(struct dtt_standings *s)
{
    while (s->oldest) {
        forget(s, s->oldest);
    }
    dtt_map_fini(&s->proven);
}

/* What is over goes; from a full table one more goes, the oldest that is no neighbour. */
static void make_room(struct dtt_standings *s, struct dtt_now now,
                      const struct dtt_gossip_view *neighbors)
{
    struct dtt_standing_entry *e = s->oldest;
    while (e && (is_over(e, now) || dtt_map_count(&s->proven) == DTT_STANDING_MAX)) {
        struct dtt_standing_entry *next = e->newer;
        if (!dtt_gossip_view_find(neighbors, &e->id)) {
            forget(s, e);
        }
        e = next;
    }
}

void dtt_standings_prove(struct dtt_standings *s, struct dtt_now now, const struct dtt_id *peer,
                         const struct dtt_gossip_view *neighbors)
{
    struct dtt_standing_entry *e = dtt_map_get(&s->proven, peer);
    if (e) {
        unlink_entry(s, e);
    } else {
        make_room(s, now, neighbors);
        e = calloc(1, sizeof(*e));
        if (!e || dtt_map_put(&s->proven, peer, e) != DTT_OK) {
            free(e);
            return;
        }
        e->id = *peer;
    }
    e->proven_ns = now.mono_ns;
    link_newest(s, e);
}

bool dtt_standings_is_proven(const struct dtt_standings *s, struct dtt_now now,
                             const struct dtt_id *peer, const struct dtt_gossip_view *neighbors)
{
    const struct dtt_standing_entry *e = dtt_map_get(&s->proven, peer);
    return e && (!is_over(e, now) || dtt_gossip_view_find(neighbors, peer) != NULL);
}
