/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/event.h"

void dtt_qevents_push(struct dtt_qevents *q, struct dtt_qevent *e)
{
    if (e->queue) {
        return;
    }
    e->queue = q;
    e->next = NULL;
    e->prev = q->tail;
    if (q->tail) {
        q->tail->next = e;
    } else {
        q->head = e;
    }
    q->tail = e;
}

void dtt_qevents_remove(struct dtt_qevent *e)
{
    struct dtt_qevents *q = e->queue;
    if (!q) {
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
    e->queue = NULL;
}

void dtt_qevents_append(struct dtt_qevents *to, struct dtt_qevents *from)
{
    struct dtt_qevent *e;
    while ((e = from->head) != NULL) {
        dtt_qevents_remove(e);
        dtt_qevents_push(to, e);
    }
}
