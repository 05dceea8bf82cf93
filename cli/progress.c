/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "progress.h"

/* When something is due again: 1 s, 10 s, 60 s and 600 s after the start, then each 600 s. */
static uint64_t next_due(const struct progress *p)
{
    static const uint64_t after_ms[] = {PROGRESS_FIRST_MS, 10000, 60000};
    const unsigned n = sizeof(after_ms) / sizeof(after_ms[0]);
    return p->start_ms + (p->n_waits < n ? after_ms[p->n_waits]
                                         : (uint64_t)PROGRESS_LAST_MS * (p->n_waits - n + 1));
}

bool progress_is_due(struct progress *p, uint64_t now_ms, int stage)
{
    uint32_t bit = UINT32_C(1) << stage;
    if (!p->is_searching) {
        *p = (struct progress){.is_searching = true, .start_ms = now_ms};
        p->next_ms = next_due(p);
        return false;
    }
    bool is_new_stage = p->said_stages != 0 && (p->said_stages & bit) == 0;
    bool is_time = now_ms >= p->next_ms;
    while (p->next_ms <= now_ms) {
        p->n_waits++;
        p->next_ms = next_due(p);
    }
    p->said_stages |= is_time || is_new_stage ? bit : 0;
    return is_time || is_new_stage;
}

void progress_end(struct progress *p)
{
    p->is_searching = false;
}
