/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/votes.h"

#include <assert.h>

void dtt_votes_init(struct dtt_votes *v)
{
    memset(v, 0, sizeof(*v));
}

static bool is_global(const struct dtt_addr *a)
{
    return dtt_addr_scope(a) == DTT_SCOPE_GLOBAL;
}

/* True for two voters with one voice: of one network, or one node where addresses are private. */
static bool is_same_voice(const struct dtt_addr *a, const struct dtt_addr *b)
{
    if (is_global(a) != is_global(b)) {
        return false;
    }
    if (!is_global(a)) {
        return dtt_addr_eq(a, b);
    }
    return memcmp(a->ip, b->ip, a->family == DTT_FAMILY_V4 ? 2 : 4) == 0;
}

static void remove_at(struct dtt_votes *v, size_t i)
{
    assert(i < v->n);
    memmove(&v->votes[i], &v->votes[i + 1], (v->n - i - 1) * sizeof(v->votes[0]));
    v->n--;
}

/* Forgets what is too old, the voice's earlier vote, and the oldest when there is no room. */
static void make_room(struct dtt_votes *v, struct dtt_now now, const struct dtt_addr *voter)
{
    for (size_t i = v->n; i-- > 0;) {
        if (now.mono_ns - v->votes[i].time_ns > DTT_VOTES_LIFETIME_NS ||
            is_same_voice(&v->votes[i].voter, voter)) {
            remove_at(v, i);
        }
    }
    if (v->n == DTT_VOTES_MAX) {
        remove_at(v, 0);
    }
}

static size_t count_for(const struct dtt_votes *v, const struct dtt_addr *addr, bool global)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n; i++) {
        n += is_global(&v->votes[i].voter) == global && dtt_addr_eq(&v->votes[i].addr, addr);
    }
    return n;
}

/* The last voices in a row agree: forgets the others. */
static void trust_recent(struct dtt_votes *v, const struct dtt_addr *addr)
{
    size_t n = 0;
    while (n < v->n && dtt_addr_eq(&v->votes[v->n - 1 - n].addr, addr)) {
        n++;
    }
    for (size_t i = v->n; n >= DTT_VOTES_RECENT && i-- > 0;) {
        if (!dtt_addr_eq(&v->votes[i].addr, addr)) {
            remove_at(v, i);
        }
    }
}

bool dtt_votes_add(struct dtt_votes *v, struct dtt_now now, const struct dtt_addr *voter,
                   const struct dtt_addr *addr)
{
    if (!dtt_addr_is_usable(addr) || voter->family != addr->family) {
        return false;
    }
    make_room(v, now, voter);
    v->votes[v->n++] = (struct dtt_vote){.voter = *voter, .addr = *addr, .time_ns = now.mono_ns};
    trust_recent(v, addr);
    size_t voices[2] = {0, 0};
    for (size_t i = 0; i < v->n; i++) {
        voices[is_global(&v->votes[i].voter)]++;
    }
    bool global = voices[1] > 0;
    if (global != is_global(voter)) {
        return false;
    }
    size_t votes = count_for(v, addr, global);
    if (votes < (global ? DTT_VOTES_NEED : DTT_VOTES_NEED_LOCAL) || 2 * votes <= voices[global]) {
        return false;
    }
    v->count = (uint32_t)votes;
    if (dtt_addr_eq(&v->opinion, addr)) {
        return false;
    }
    v->opinion = *addr;
    return true;
}
