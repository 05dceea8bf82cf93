/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "author/gaps.h"

static void settle(struct dtt_gaps *g, uint64_t seq)
{
    *g = (struct dtt_gaps){.settled = seq, .mark = seq, .highest = seq};
}

/* An author that gives a number twice may have more of them than there are. */
static void close_if_full(struct dtt_gaps *g)
{
    if (g->highest - g->settled <= g->below + g->above) {
        settle(g, g->highest);
    }
}

void dtt_gaps_take(struct dtt_gaps *g, uint64_t seq)
{
    if (g->settled == 0 || (seq > g->highest && seq - g->highest >= DTT_GAPS_LEAP)) {
        settle(g, seq);
        return;
    }
    if (seq <= g->settled) {
        return; /* told already, or said before we came */
    }
    g->highest = seq > g->highest ? seq : g->highest;
    *(seq > g->mark ? &g->above : &g->below) += 1;
    close_if_full(g);
}

uint64_t dtt_gaps_turn(struct dtt_gaps *g)
{
    uint64_t said = g->mark - g->settled;
    uint64_t missed = said > g->below ? said - g->below : 0;
    g->settled = g->mark;
    g->mark = g->highest;
    g->below = g->above;
    g->above = 0;
    close_if_full(g);
    return missed;
}
