/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/votes.h"

#include "base/array.h"

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

/*
 * Forgets what is too old, the voice's earlier vote, and the oldest when there is no room. Returns
 * when the voter was first asked, if it has called us the same before: the router knows it since.
 */
static uint64_t make_room(struct dtt_votes *votes, struct dtt_now now, const struct dtt_addr *voter,
                          const struct dtt_addr *addr)
{
    uint64_t first_ns = DTT_NEVER;
    for (size_t i = votes->n; i-- > 0;) {
        if (now.mono_ns - votes->votes[i].time_ns > DTT_VOTES_LIFETIME_NS ||
            is_same_voice(&votes->votes[i].voter, voter)) {
            if (dtt_addr_eq(&votes->votes[i].voter, voter) &&
                dtt_addr_eq(&votes->votes[i].addr, addr)) {
                first_ns = votes->votes[i].sent_ns;
            }
            dtt_array_remove(votes->votes, &votes->n, sizeof(votes->votes[0]), i);
        }
    }
    if (votes->n == DTT_VOTES_MAX) {
        dtt_array_remove(votes->votes, &votes->n, sizeof(votes->votes[0]), 0);
    }
    return first_ns;
}

/* The last voices in a row agree: forgets the others. */
static void trust_recent(struct dtt_votes *votes, const struct dtt_addr *addr)
{
    size_t n = 0;
    while (n < votes->n && dtt_addr_eq(&votes->votes[votes->n - 1 - n].addr, addr)) {
        n++;
    }
    for (size_t i = votes->n; n >= DTT_VOTES_RECENT && i-- > 0;) {
        if (!dtt_addr_eq(&votes->votes[i].addr, addr)) {
            dtt_array_remove(votes->votes, &votes->n, sizeof(votes->votes[0]), i);
        }
    }
}

bool dtt_votes_add(struct dtt_votes *votes, struct dtt_now now, const struct dtt_addr *voter,
                   const struct dtt_addr *addr, uint64_t sent_ns)
{
    if (!dtt_addr_is_usable(addr) || voter->family != addr->family) {
        return false;
    }
    sent_ns = dtt_min_ns(sent_ns, make_room(votes, now, voter, addr));
    votes->votes[votes->n++] = (struct dtt_vote){
        .voter = *voter, .addr = *addr, .time_ns = now.mono_ns, .sent_ns = sent_ns};
    trust_recent(votes, addr);
    size_t voices[2] = {0, 0}, agreeing = 0;
    bool global = is_global(voter);
    for (size_t i = 0; i < votes->n; i++) {
        const struct dtt_vote *v = &votes->votes[i];
        voices[is_global(&v->voter)]++;
        agreeing += is_global(&v->voter) == global && dtt_addr_eq(&v->addr, addr);
    }
    if ((voices[1] > 0 && !global) || agreeing < (global ? DTT_VOTES_NEED : DTT_VOTES_NEED_LOCAL) ||
        2 * agreeing <= voices[global]) {
        return false;
    }
    votes->count = (uint32_t)agreeing;
    if (dtt_addr_eq(&votes->opinion, addr)) {
        return false;
    }
    votes->opinion = *addr;
    return true;
}

void dtt_votes_forget(struct dtt_votes *votes)
{
    votes->n = 0;
}

bool dtt_votes_ip(const struct dtt_votes *votes, struct dtt_addr *ret)
{
    for (size_t i = 0; i < votes->n; i++) {
        size_t voices = 0, agreeing = 0;
        for (size_t k = 0; k < votes->n; k++) {
            const struct dtt_vote *v = &votes->votes[k];
            voices += is_global(&v->voter);
            agreeing += is_global(&v->voter) && dtt_addr_same_ip(&v->addr, &votes->votes[i].addr);
        }
        if (agreeing >= DTT_VOTES_NEED && 2 * agreeing > voices) {
            *ret = votes->votes[i].addr;
            ret->port = 0;
            return true;
        }
    }
    return false;
}
