/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/mapping.h"

#include "base/reach.h"

/* The votes of global voters that still count, by the time of first sending. */
struct ballot {
    size_t n;
    const struct dtt_vote *votes[DTT_VOTES_MAX];
};

static struct ballot ballot_of(const struct dtt_votes *votes, struct dtt_now now)
{
    struct ballot b = {.n = 0};
    for (size_t i = 0; i < votes->n; i++) {
        const struct dtt_vote *v = &votes->votes[i];
        size_t at = b.n;
        if (dtt_addr_scope(&v->voter) != DTT_SCOPE_GLOBAL ||
            now.mono_ns - v->time_ns > DTT_VOTES_LIFETIME_NS) {
            continue;
        }
        for (; at > 0 && b.votes[at - 1]->sent_ns > v->sent_ns; at--) {
            b.votes[at] = b.votes[at - 1];
        }
        b.votes[at] = v;
        b.n++;
    }
    return b;
}

/* Leaves those that see us at one IP, the one that most see. */
static void keep_main_ip(struct ballot *b)
{
    const struct dtt_addr *main_ip = NULL;
    size_t most = 0;
    for (size_t i = 0; i < b->n; i++) {
        size_t same = 0;
        for (size_t k = 0; k < b->n; k++) {
            same += dtt_addr_same_ip(&b->votes[i]->addr, &b->votes[k]->addr);
        }
        main_ip = same > most ? &b->votes[i]->addr : main_ip;
        most = same > most ? same : most;
    }
    size_t kept = 0;
    for (size_t i = 0; i < b->n; i++) {
        if (dtt_addr_same_ip(&b->votes[i]->addr, main_ip)) {
            b->votes[kept++] = b->votes[i];
        }
    }
    b->n = kept;
}

static size_t count_seen_at(const struct ballot *b, const struct dtt_addr *addr)
{
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++) {
        n += dtt_addr_eq(&b->votes[i]->addr, addr);
    }
    return n;
}

/* How many see us where most do. */
static size_t most_agreeing(const struct ballot *b)
{
    size_t most = 0;
    for (size_t i = 0; i < b->n; i++) {
        size_t n = count_seen_at(b, &b->votes[i]->addr);
        most = n > most ? n : most;
    }
    return most;
}

static int port_step(const struct ballot *b, size_t i)
{
    return (int)b->votes[i]->addr.port - (int)b->votes[i - 1]->addr.port;
}

/* The difference that is there most often; other traffic of the house makes some differ. */
static int usual_step(const struct ballot *b)
{
    int step = 0;
    size_t most = 0;
    for (size_t i = 1; i < b->n; i++) {
        int d = port_step(b, i);
        size_t same = 0;
        for (size_t k = 1; k < b->n; k++) {
            same += port_step(b, k) == d;
        }
        if (same > most && d != 0 && d >= -DTT_REACH_STEP_MAX && d <= DTT_REACH_STEP_MAX) {
            most = same;
            step = d;
        }
    }
    return most >= DTT_MAPPING_NEED_STEP ? step : 0;
}

struct dtt_reach dtt_mapping_of(const struct dtt_votes *votes, struct dtt_now now)
{
    struct dtt_reach r = {.is_told = 1, .kind = DTT_REACH_UNKNOWN};
    struct ballot b = ballot_of(votes, now);
    size_t all = b.n;
    size_t agreeing = most_agreeing(&b);
    if (agreeing >= DTT_MAPPING_NEED_CONE && 2 * agreeing > all) {
        r.kind = DTT_REACH_CONE;
        return r;
    }
    if (all < DTT_MAPPING_NEED_VARY || votes->votes[0].addr.family != DTT_FAMILY_V4) {
        return r; /* no router gives an IPv6 host another port for each peer, and tells IPv4 only */
    }
    keep_main_ip(&b);
    /* No port twice; or several addresses, of a carrier that takes them from a pool. */
    bool is_pool = b.n < all && all - b.n >= 2;
    if ((b.n >= DTT_MAPPING_NEED_VARY && most_agreeing(&b) == 1) || (is_pool && b.n >= 2)) {
        r.kind = DTT_REACH_VARY;
        r.last = b.votes[b.n - 1]->addr;
        r.step = usual_step(&b);
    }
    return r;
}
