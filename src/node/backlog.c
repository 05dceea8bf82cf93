/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/backlog.h"

bool dtt_backlog_add(struct dtt_backlog *b, struct dtt_now now, size_t n)
{
    if (b->waiting + b->written == 0) {
        b->progress_ns = now.mono_ns;
    }
    b->written += n;
    return b->slow_ns == 0 && b->waiting + b->written > DTT_BACKLOG_SLOW_NOW;
}

void dtt_backlog_count(struct dtt_backlog *b, struct dtt_now now, size_t waiting)
{
    if (b->slow_ns == 0 && waiting > DTT_BACKLOG_SLOW_NOW) {
        b->slow_ns = now.mono_ns;
    }
}

void dtt_backlog_look(struct dtt_backlog *b, struct dtt_now now, size_t waiting)
{
    bool is_old = waiting > b->written + DTT_BACKLOG_UNCOUNTED;
    if (waiting == 0 || waiting < b->waiting + b->written) {
        b->progress_ns = now.mono_ns;
    }
    if (waiting < DTT_BACKLOG_FLUENT) {
        b->slow_ns = 0;
    } else if (b->slow_ns == 0 && is_old && waiting > DTT_BACKLOG_SLOW) {
        b->slow_ns = now.mono_ns;
    }
    b->is_silent = waiting > 0 && now.mono_ns - b->progress_ns >= DTT_BACKLOG_LOOK_NS;
    b->waiting = waiting;
    b->written = 0;
}

bool dtt_backlog_is_stalled(const struct dtt_backlog *b, struct dtt_now now, bool is_blocked)
{
    return b->waiting > 0 && now.mono_ns - b->progress_ns >=
                                 (is_blocked ? DTT_BACKLOG_STALL_NS : DTT_BACKLOG_DEAF_NS);
}

bool dtt_backlog_is_late(const struct dtt_backlog *b, struct dtt_now now)
{
    return b->slow_ns != 0 && now.mono_ns - b->slow_ns >= DTT_BACKLOG_LATE_NS;
}
