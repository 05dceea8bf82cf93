/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/schedule.h"

#include <assert.h>

void dtt_qschedule_wake(struct dtt_qconn *c)
{
    struct dtt_qshared *sh = c->sh;
    if (c->is_ready) {
        return;
    }
    c->is_ready = true;
    c->ready_next = NULL;
    c->ready_prev = sh->ready_tail;
    if (sh->ready_tail) {
        sh->ready_tail->ready_next = c;
    } else {
        sh->ready_head = c;
    }
    sh->ready_tail = c;
}

void dtt_qschedule_sleep(struct dtt_qconn *c)
{
    struct dtt_qshared *sh = c->sh;
    if (!c->is_ready) {
        return;
    }
    assert(c->ready_prev ? c->ready_prev->ready_next == c : sh->ready_head == c);
    assert(c->ready_next ? c->ready_next->ready_prev == c : sh->ready_tail == c);
    if (c->ready_prev) {
        c->ready_prev->ready_next = c->ready_next;
    } else {
        sh->ready_head = c->ready_next;
    }
    if (c->ready_next) {
        c->ready_next->ready_prev = c->ready_prev;
    } else {
        sh->ready_tail = c->ready_prev;
    }
    c->is_ready = false;
}

void dtt_qschedule_arm(struct dtt_qconn *c)
{
    uint64_t t = c->until_ns;
    if (c->ng) {
        uint64_t expiry = ngtcp2_conn_get_expiry(c->ng);
        /* A write settles an expiry that has passed: the driver need not be woken for it. */
        if (expiry > c->sh->now_ns || !c->is_ready) {
            t = dtt_min_ns(t, expiry);
        }
    }
    (void)dtt_timerq_set(&c->sh->timers, &c->timer, t);
}
