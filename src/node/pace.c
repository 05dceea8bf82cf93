/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/pace.h"

#include <assert.h>

/* What has passed since the last question. */
static void pass(struct dtt_pace *p, struct dtt_now now)
{
    uint64_t passed_ns = now.mono_ns - p->asked_ns;
    uint64_t back_ns = passed_ns / DTT_PACE_REST;
    p->asked_ns = now.mono_ns;
    if (p->is_waiting) {
        p->waited_ns += passed_ns;
    } else {
        p->waited_ns -= back_ns < p->waited_ns ? back_ns : p->waited_ns;
    }
    if (p->waited_ns >= DTT_PACE_PATIENCE_NS) {
        p->is_tired = true;
        p->waited_ns = DTT_PACE_PATIENCE_NS;
    } else if (p->waited_ns <= DTT_PACE_PATIENCE_NS / 2) {
        p->is_tired = false;
    }
}

bool dtt_pace_may_say(struct dtt_pace *p, struct dtt_now now, const struct dtt_pace_neighbors *n)
{
    assert(n->ready + n->left <= n->all);
    bool is_half_ready = n->ready > 0 && n->ready >= n->all / 2;
    pass(p, now);
    p->is_waiting = is_half_ready && n->ready + n->left < n->all && !p->is_tired;
    return is_half_ready && !p->is_waiting;
}
