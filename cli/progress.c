/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "progress.h"

bool progress_is_due(struct progress *p, uint64_t now_ms, int stage)
{
    uint32_t bit = UINT32_C(1) << stage;
    if (!p->is_searching) {
        p->is_searching = true;
        p->said_stages = 0;
        p->next_ms = now_ms + PROGRESS_FIRST_MS;
        return false;
    }
    bool is_new_stage = p->said_stages != 0 && (p->said_stages & bit) == 0;
    if (now_ms < p->next_ms && !is_new_stage) {
        return false;
    }
    p->said_stages |= bit;
    p->next_ms = now_ms + PROGRESS_EVERY_MS;
    return true;
}

void progress_end(struct progress *p)
{
    p->is_searching = false;
}
