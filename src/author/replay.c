/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "author/replay.h"

static void turn(struct dtt_replay *r, struct dtt_now now)
{
    uint64_t age_ns = now.mono_ns - r->turned_ns;
    if (age_ns < DTT_REPLAY_TURN_NS) {
        return;
    }
    r->settled = age_ns < 2 * DTT_REPLAY_TURN_NS ? r->settling : r->highest;
    r->settling = r->highest;
    r->turned_ns = now.mono_ns;
}

/* Numbers have fixed places, so that the window moves by clearing those that are used anew. */
static void raise(struct dtt_replay *r, uint64_t seq)
{
    uint64_t steps = seq - r->highest;
    for (uint64_t i = 1; i < steps && i <= DTT_REPLAY_KNOWN; i++) {
        uint64_t at = (r->highest + i) % DTT_REPLAY_KNOWN;
        r->known[at / 64] &= ~(UINT64_C(1) << (at % 64));
    }
    r->highest = seq;
}

bool dtt_replay_take(struct dtt_replay *r, struct dtt_now now, uint64_t seq, bool is_once)
{
    uint64_t at = seq % DTT_REPLAY_KNOWN;
    uint64_t bit = UINT64_C(1) << (at % 64);
    turn(r, now);
    if (seq > r->highest) {
        raise(r, seq);
    } else if (r->highest - seq >= DTT_REPLAY_KNOWN) {
        return is_once && seq > r->settled;
    } else if (r->known[at / 64] & bit) {
        return false;
    }
    r->known[at / 64] |= bit;
    return true;
}
