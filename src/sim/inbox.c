/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/inbox.h"

#include <stdlib.h>

struct entry {
    struct dtt_quic_event ev;
    uint8_t *data;
};

void dtt_sim_inbox_init(struct dtt_sim_inbox *in)
{
    in->taken = NULL;
    dtt_ring_init(&in->events, sizeof(struct entry), SIZE_MAX / sizeof(struct entry));
}

void dtt_sim_inbox_fini(struct dtt_sim_inbox *in)
{
    const struct entry *e;
    while ((e = dtt_ring_front(&in->events)) != NULL) {
        free(e->data);
        dtt_ring_pop(&in->events);
    }
    free(in->taken);
    dtt_ring_fini(&in->events);
}

void dtt_sim_inbox_push(struct dtt_sim_inbox *in, const struct dtt_quic_event *ev)
{
    size_t len = ev->data.len;
    uint8_t *data = len ? malloc(len) : NULL;
    struct entry *e = len && !data ? NULL : dtt_ring_push(&in->events);
    if (!e) {
        free(data);
        return;
    }
    if (len) {
        memcpy(data, ev->data.data, len);
    }
    *e = (struct entry){.ev = *ev, .data = data};
    e->ev.data = dtt_slice(data, len);
}

bool dtt_sim_inbox_take(struct dtt_sim_inbox *in, struct dtt_quic_event *ret)
{
    const struct entry *e;
    do {
        free(in->taken);
        in->taken = NULL;
        e = dtt_ring_front(&in->events);
        if (!e) {
            return false;
        }
        *ret = e->ev;
        in->taken = e->data;
        dtt_ring_pop(&in->events);
    } while (ret->conn == 0);
    return true;
}

void dtt_sim_inbox_drop(struct dtt_sim_inbox *in, dtt_quic_conn conn)
{
    for (size_t i = 0; i < in->events.count; i++) {
        struct entry *e = dtt_ring_at(&in->events, i);
        if (e->ev.conn == conn) {
            e->ev.conn = 0; /* dtt_sim_inbox_take passes it over */
        }
    }
}
