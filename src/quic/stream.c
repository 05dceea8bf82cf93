/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/stream.h"

#include <stdlib.h>

/*
 * Least room of a block of received bytes. A peer may send one byte at a time: the cost of a full
 * flow control window must stay in proportion to the window.
 */
#define BLOCK_MIN 1024

struct dtt_qstream *dtt_qstream_new(struct dtt_list *streams, struct dtt_qconn *conn, int64_t id,
                                    bool is_local)
{
    struct dtt_qstream *s = calloc(1, sizeof(*s));
    if (!s) {
        return NULL;
    }
    s->conn = conn;
    s->id = id;
    s->is_local = is_local;
    s->writable = (struct dtt_qevent){.conn = conn, .stream = s, .type = DTT_QUIC_WRITABLE};
    s->reset = (struct dtt_qevent){.conn = conn, .stream = s, .type = DTT_QUIC_STREAM_RESET};
    dtt_list_push(streams, &s->link);
    return s;
}

void dtt_qstream_free(struct dtt_qstream *s)
{
    dtt_list_remove(&s->link);
    dtt_list_remove(&s->tx);
    dtt_list_remove(&s->writable.link);
    dtt_list_remove(&s->reset.link);
    dtt_qsendbuf_fini(&s->out);
    free(s);
}

struct dtt_qstream *dtt_qstream_find(const struct dtt_list *streams, int64_t id)
{
    struct dtt_qstream *s = dtt_qstream_of(streams->head);
    while (s && s->id != id) {
        s = dtt_qstream_of(s->link.next);
    }
    return s;
}

static struct dtt_qdata *new_block(struct dtt_qstream *s, size_t len)
{
    size_t cap = len > BLOCK_MIN ? len : BLOCK_MIN;
    struct dtt_qdata *b = malloc(sizeof(*b) + cap);
    if (b) {
        *b = (struct dtt_qdata){.event = {.conn = s->conn, .stream = s, .type = DTT_QUIC_DATA},
                                .cap = cap};
    }
    return b;
}

int dtt_qstream_receive(struct dtt_qstream *s, struct dtt_list *events, struct dtt_slice data,
                        bool fin)
{
    struct dtt_qdata *last = s->last_in;
    size_t room = last ? last->cap - last->len : 0;
    size_t n = data.len < room ? data.len : room;
    struct dtt_qdata *b = last;
    if (n < data.len || !last) {
        b = new_block(s, data.len - n);
        if (!b) {
            return DTT_ENOMEM;
        }
    }
    if (n) {
        memcpy(last->bytes + last->len, data.data, n);
        last->len += n;
    }
    if (b != last) {
        b->len = data.len - n;
        if (b->len) {
            memcpy(b->bytes, data.data + n, b->len);
        }
        s->last_in = b;
        s->blocks_in++;
        dtt_list_push(events, &b->event.link);
    }
    b->fin = fin;
    return DTT_OK;
}

void dtt_qstream_taken(struct dtt_qstream *s, const struct dtt_qdata *block)
{
    s->blocks_in--;
    if (s->last_in == block) {
        s->last_in = NULL;
    }
}
