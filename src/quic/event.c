/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/event.h"

void dtt_qevents_push(struct dtt_qevents *q, struct dtt_qevent *e)
{
    if (e->is_queued) {
        return;
    }
    e->is_queued = true;
    e->next = NULL;
    e->prev = q->tail;
    if (q->tail) {
        q->tail->next = e;
    } else {
        q->head = e;
    }
    q->tail = e;
}

void dtt_qevents_remove(struct dtt_qevents *q, struct dtt_qevent *e)
{
    if (!e->is_queued) {
        return;
    }
    if (e->prev) {
        e->prev->next = e->next;
    } else {
        q->head = e->next;
    }
    if (e->next) {
        e->next->prev = e->prev;
    } else {
        q->tail = e->prev;
    }
    e->is_queued = false;
}
