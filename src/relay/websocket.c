/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "relay/websocket.h"

#include <stdlib.h>
#include <wslay/wslay.h>

#define CONTROL_MAX 125 /* RFC 6455, section 5.5 */

struct dtt_websocket {
    wslay_frame_context_ptr frames;
    struct dtt_rng *rng;
    struct dtt_buffer *out;
    struct dtt_slice in; /* not read yet */
    uint64_t frame_len;  /* of the frame under way: how much of its content came */
    bool is_in_message;  /* a message is under way */
    bool is_text;        /* and is none of ours */
    struct dtt_buffer message;
    uint8_t control[CONTROL_MAX];
};

/* ------------------------------------------------------ called by libwslay */

static ssize_t on_recv(uint8_t *buf, size_t len, int flags, void *user)
{
    struct dtt_websocket *w = user;
    size_t n = len < w->in.len ? len : w->in.len;
    (void)flags;
    if (n == 0) {
        return -1;
    }
    memcpy(buf, w->in.data, n);
    w->in = dtt_slice(w->in.data + n, w->in.len - n);
    return (ssize_t)n;
}

static ssize_t on_send(const uint8_t *data, size_t len, int flags, void *user)
{
    struct dtt_websocket *w = user;
    (void)flags;
    return dtt_buffer_append(w->out, dtt_slice(data, len)) ? (ssize_t)len : -1;
}

static int on_mask(uint8_t *buf, size_t len, void *user)
{
    struct dtt_websocket *w = user;
    dtt_rng_bytes(w->rng, buf, len);
    return 0;
}

int dtt_websocket_new(struct dtt_websocket **ret, struct dtt_rng *rng, struct dtt_buffer *out,
                      size_t max)
{
    static const struct wslay_frame_callbacks callbacks = {
        .recv_callback = on_recv, .send_callback = on_send, .genmask_callback = on_mask};
    struct dtt_websocket *w = calloc(1, sizeof(*w));
    if (!w || wslay_frame_context_init(&w->frames, &callbacks, w) != 0) {
        free(w);
        return DTT_ENOMEM;
    }
    w->rng = rng;
    w->out = out;
    w->message.max = max;
    *ret = w;
    return DTT_OK;
}

void dtt_websocket_free(struct dtt_websocket *w)
{
    if (w) {
        wslay_frame_context_free(w->frames);
        dtt_buffer_clear(&w->message);
        free(w);
    }
}

/* ----------------------------------------------------------------- sending */

static int send_part(struct dtt_websocket *w, struct wslay_frame_iocb *io, struct dtt_slice part)
{
    do {
        io->data = part.data;
        io->data_length = part.len;
        ssize_t n = wslay_frame_send(w->frames, io);
        if (n < 0) {
            return DTT_EFULL;
        }
        part = dtt_slice(part.data + n, part.len - (size_t)n);
    } while (part.len > 0);
    return DTT_OK;
}

/* All of a frame or nothing, so the room is looked at before. */
static int send_frame(struct dtt_websocket *w, uint8_t opcode, struct dtt_slice head,
                      struct dtt_slice body)
{
    size_t len = head.len + body.len;
    struct wslay_frame_iocb io = {.fin = 1, .opcode = opcode, .mask = 1, .payload_length = len};
    if (w->out->max - w->out->len < len + DTT_WEBSOCKET_OVERHEAD) {
        return DTT_EFULL;
    }
    int err = send_part(w, &io, head);
    return !err && body.len > 0 ? send_part(w, &io, body) : err;
}

int dtt_websocket_send(struct dtt_websocket *w, struct dtt_slice head, struct dtt_slice body)
{
    return send_frame(w, WSLAY_BINARY_FRAME, head, body);
}

/* --------------------------------------------------------------- receiving */

void dtt_websocket_recv(struct dtt_websocket *w, struct dtt_slice bytes)
{
    w->in = bytes;
}

/* What the beginning of a frame tells. */
static int begin_frame(struct dtt_websocket *w, const struct wslay_frame_iocb *io)
{
    if (io->mask || io->rsv != WSLAY_RSV_NONE) {
        return DTT_EPROTO; /* servers do not mask, and there are no extensions */
    }
    if (wslay_is_ctrl_frame(io->opcode)) {
        return io->payload_length <= CONTROL_MAX && io->fin ? DTT_OK : DTT_EPROTO;
    }
    if (w->is_in_message != (io->opcode == WSLAY_CONTINUATION_FRAME)) {
        return DTT_EPROTO;
    }
    if (!w->is_in_message) {
        if (io->opcode != WSLAY_BINARY_FRAME && io->opcode != WSLAY_TEXT_FRAME) {
            return DTT_EPROTO;
        }
        w->is_in_message = true;
        w->is_text = io->opcode == WSLAY_TEXT_FRAME;
        w->message.len = 0; /* and keeps its memory */
    }
    return io->payload_length <= w->message.max - w->message.len ? DTT_OK : DTT_ETOOBIG;
}

static int end_control(struct dtt_websocket *w, const struct wslay_frame_iocb *io)
{
    switch (io->opcode) {
    case WSLAY_PING:
        return send_frame(w, WSLAY_PONG, dtt_slice(w->control, (size_t)io->payload_length),
                          dtt_slice(NULL, 0));
    case WSLAY_PONG: return DTT_OK;
    case WSLAY_CONNECTION_CLOSE: return DTT_ECLOSED;
    default: return DTT_EPROTO;
    }
}

/* One piece of a frame: 1 when it completes a binary message. */
static int take(struct dtt_websocket *w, const struct wslay_frame_iocb *io)
{
    struct dtt_slice bytes = dtt_slice(io->data, io->data_length);
    bool is_control = wslay_is_ctrl_frame(io->opcode);
    int err = w->frame_len == 0 ? begin_frame(w, io) : DTT_OK;
    if (err) {
        return err;
    }
    if (is_control && bytes.len > 0) {
        memcpy(w->control + w->frame_len, bytes.data, bytes.len);
    } else if (!is_control && !w->is_text && !dtt_buffer_append(&w->message, bytes)) {
        return DTT_ENOMEM; /* it grows with what came, never with what was announced */
    }
    w->frame_len += bytes.len;
    if (w->frame_len < io->payload_length) {
        return DTT_OK;
    }
    w->frame_len = 0;
    if (is_control) {
        return end_control(w, io);
    }
    if (!io->fin) {
        return DTT_OK;
    }
    w->is_in_message = false;
    return w->is_text ? 0 : 1;
}

int dtt_websocket_next(struct dtt_websocket *w, struct dtt_slice *ret)
{
    for (;;) {
        struct wslay_frame_iocb io = {0};
        ssize_t n = wslay_frame_recv(w->frames, &io);
        if (n == WSLAY_ERR_WANT_READ) {
            return 0;
        }
        int taken = n < 0 ? DTT_EPROTO : take(w, &io);
        if (taken == 1) {
            *ret = dtt_slice(w->message.data, w->message.len);
        }
        if (taken != 0) {
            return taken;
        }
    }
}
