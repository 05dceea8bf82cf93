/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/census.h"

#include "crypto/hash.h"

#include <string.h>

static const char election_label[] = "dtt election 1";

#define FEW 3  /* an estimate takes at least so many numbers */
#define FULL 4 /* neighbours that a member of a large swarm nearly always has */

uint64_t dtt_census_draw(const char *label, const struct dtt_id *id, uint64_t time)
{
    uint8_t le[8];
    uint8_t hash[32];
    dtt_put_le64(le, time);
    const struct dtt_slice parts[] = {dtt_slice(label, strlen(label)), dtt_slice(le, sizeof(le)),
                                      dtt_slice(id->bytes, 32)};
    dtt_sha512_32(hash, parts, 3);
    return dtt_get_le64(hash);
}

uint64_t dtt_census_number(const struct dtt_id *id, uint64_t minute)
{
    return dtt_census_draw(election_label, id, minute);
}

static size_t numbers_of(const struct dtt_view *v, uint64_t minute,
                         uint64_t ret[DTT_VIEW_PUBLISHERS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < v->count; i++) {
        const struct dtt_record_info *r = &v->records[i].info;
        if (r->minute != minute || v->records[i].is_near) {
            continue;
        }
        uint64_t number = dtt_census_number(&r->publisher, minute);
        size_t at = n++;
        for (; at > 0 && ret[at - 1] > number; at--) {
            ret[at] = ret[at - 1];
        }
        ret[at] = number;
    }
    return n;
}

/* Distinct ids, by their first bytes: as keys they look random. Sparse enough for short probes. */
#define PLACES 2048

struct ids {
    uint32_t n;
    uint64_t places[PLACES]; /* 0: free */
};

_Static_assert(PLACES >= 2 * (DTT_PEERS_MAX + (DTT_RECORD_PEERS + 1) * DTT_VIEW_PUBLISHERS_MAX),
               "all ids that we can know of have a place");

static void add_id(struct ids *s, const struct dtt_id *id)
{
    uint64_t number = dtt_get_le64(id->bytes);
    number += number == 0;
    size_t i = number % PLACES;
    while (s->places[i] != 0 && s->places[i] != number) {
        i = (i + 1) % PLACES;
    }
    s->n += s->places[i] == 0;
    s->places[i] = number;
}

/* Members we see at the moment: ourselves, neighbours, publishers and their neighbours. */
static uint32_t count_seen(const struct dtt_view *v, const struct dtt_peers *peers)
{
    struct ids ids = {0};
    add_id(&ids, &v->self);
    for (size_t i = 0; i < peers->count; i++) {
        if (peers->list[i].state == DTT_PEER_NEIGHBOR) {
            add_id(&ids, &peers->list[i].id);
        }
    }
    for (size_t i = 0; i < v->count; i++) {
        const struct dtt_record_info *r = &v->records[i].info;
        add_id(&ids, &r->publisher);
        for (size_t k = 0; k < r->n_active_peers; k++) {
            add_id(&ids, &r->active_peers[k]);
        }
    }
    return ids.n;
}

/*
 * Some publishers were not elected: they have just started, or run another program. Their numbers
 * may be anywhere, so the estimate is the largest of all (k - 1) / (k-th lowest number).
 */
void dtt_census_observe(struct dtt_census *census, const struct dtt_view *v,
                        const struct dtt_peers *peers, uint64_t minute)
{
    uint64_t numbers[DTT_VIEW_PUBLISHERS_MAX];
    size_t n = numbers_of(v, minute, numbers);
    uint64_t best = count_seen(v, peers);
    for (size_t k = FEW; k <= n; k++) {
        uint64_t number = numbers[k - 1] > 0 ? numbers[k - 1] : 1;
        uint64_t each = UINT64_MAX / number;
        uint64_t members = each < DTT_CENSUS_MAX ? (k - 1) * each : DTT_CENSUS_MAX;
        best = members > best ? members : best;
    }
    best = best < DTT_CENSUS_MAX ? best : DTT_CENSUS_MAX;
    census->members = (uint32_t)(census->members == 0 ? best : (census->members + best + 1) / 2);
}

uint32_t dtt_census_members(const struct dtt_census *census, const struct dtt_view *v,
                            const struct dtt_peers *peers)
{
    uint32_t seen = count_seen(v, peers);
    return peers->n_neighbors >= FULL && census->members > seen ? census->members : seen;
}

bool dtt_census_is_elected(const struct dtt_census *census, const struct dtt_view *v,
                           const struct dtt_peers *peers, uint64_t minute, uint32_t records,
                           uint32_t *ret_rank)
{
    uint32_t members = dtt_census_members(census, v, peers);
    uint64_t own = dtt_census_number(&v->self, minute);
    if (members > peers->n_neighbors + 1) {
        uint64_t rank = own / (UINT64_MAX / members);
        *ret_rank = rank < records ? (uint32_t)rank : records - 1;
        return rank < records && own < UINT64_MAX / 2;
    }
    uint32_t lower = 0;
    for (size_t i = 0; i < peers->count; i++) {
        lower += peers->list[i].state == DTT_PEER_NEIGHBOR &&
                 dtt_census_number(&peers->list[i].id, minute) < own;
    }
    *ret_rank = lower;
    return lower < (records < members / 2 ? records : members / 2 > 0 ? members / 2 : 1);
}
