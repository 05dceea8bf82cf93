/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Timer queue: a heap of timers embedded in their owners, ordered by (deadline, sequence of
 * arming), so that two timers due at the same instant always fire in the order they were set.
 */
#ifndef DTT_BASE_TIMERQ_H
#define DTT_BASE_TIMERQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dtt_timer {
    uint64_t deadline; /**< mono_ns */
    uint64_t seq;      /**< of its arming, among those of its queue */
    size_t slot; /**< position in the heap plus 1; 0 = not armed. Zero the struct to initialise. */
};

struct dtt_timerq_entry {
    uint64_t deadline;
    uint64_t seq;
    struct dtt_timer *timer;
};

struct dtt_timerq {
    struct dtt_timerq_entry *heap;
    size_t count;
    size_t cap;
    uint64_t seq;
};

void dtt_timerq_init(struct dtt_timerq *q);
/** Frees the queue; timers still armed are simply forgotten. */
void dtt_timerq_fini(struct dtt_timerq *q);
/** Arms or re-arms `t`. DTT_ENOMEM when the heap cannot grow (a re-arm never fails). */
int dtt_timerq_set(struct dtt_timerq *q, struct dtt_timer *t, uint64_t deadline);
/** The same for a deadline that may be DTT_NEVER, which disarms `t`. */
int dtt_timerq_follow(struct dtt_timerq *q, struct dtt_timer *t, uint64_t deadline);
/** Disarms `t`; fine when it is not armed. */
void dtt_timerq_cancel(struct dtt_timerq *q, struct dtt_timer *t);
/** Earliest deadline or DTT_NEVER. */
uint64_t dtt_timerq_deadline(const struct dtt_timerq *q);
/** Takes the earliest timer with deadline <= now out of the queue, or NULL. */
struct dtt_timer *dtt_timerq_pop(struct dtt_timerq *q, uint64_t now_mono_ns);

static inline bool dtt_timer_is_armed(const struct dtt_timer *t)
{
    return t->slot != 0;
}

/** The struct of type `type` whose member `member` is the timer `t`. */
#define DTT_TIMER_OWNER(t, type, member) ((type *)(void *)((char *)(t)-offsetof(type, member)))

#endif
