/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/channel.h"

#include <assert.h>
#include <stdlib.h>

#define RTO_MIN_NS (50 * DTT_MS)
#define RTO_MAX_NS (3 * DTT_S)
#define PACKET_HEAD 8
#define FRAME_HEAD 6
#define FRAME_LAST 0x8000u

/* The frames of one packet. */
struct dtt_sim_chunk {
    struct dtt_sim_chunk *next;
    uint32_t seq;
    uint64_t sent_ns; /* 0: not yet */
    bool is_repeated;
    size_t len;
    uint8_t data[DTT_SIM_CHANNEL_BYTES - PACKET_HEAD];
};

static void chunks_free(struct dtt_sim_chunk *list)
{
    while (list) {
        struct dtt_sim_chunk *next = list->next;
        free(list);
        list = next;
    }
}

void dtt_sim_channel_fini(struct dtt_sim_channel *ch)
{
    chunks_free(ch->out);
    chunks_free(ch->in);
}

/* ---- sending */

/* The last packet while it is unsent and has room, else a new one. */
static struct dtt_sim_chunk *chunk_with_room(struct dtt_sim_channel *ch)
{
    struct dtt_sim_chunk *k = ch->out_last;
    if (k && !k->sent_ns && k->len + FRAME_HEAD < sizeof(k->data)) {
        return k;
    }
    k = calloc(1, sizeof(*k));
    if (!k) {
        return NULL;
    }
    k->seq = ch->next_seq++;
    *(ch->out_last ? &ch->out_last->next : &ch->out) = k;
    ch->out_last = k;
    if (!ch->unsent) {
        ch->unsent = k;
    }
    return k;
}

int dtt_sim_channel_write(struct dtt_sim_channel *ch, int64_t stream, struct dtt_slice data,
                          bool is_last)
{
    if (data.len > DTT_SIM_CHANNEL_WINDOW) {
        return DTT_ETOOBIG;
    }
    if (ch->unacked + data.len > DTT_SIM_CHANNEL_WINDOW) {
        ch->is_blocked = true;
        return DTT_EAGAIN;
    }
    do {
        struct dtt_sim_chunk *k = chunk_with_room(ch);
        if (!k) {
            return DTT_ENOMEM;
        }
        size_t room = sizeof(k->data) - k->len - FRAME_HEAD;
        size_t n = data.len < room ? data.len : room;
        uint8_t *at = k->data + k->len;
        dtt_put_be32(at, (uint32_t)stream);
        dtt_put_be16(at + 4, (uint16_t)(n | (is_last && n == data.len ? FRAME_LAST : 0)));
        if (n) {
            memcpy(at + FRAME_HEAD, data.data, n);
        }
        k->len += FRAME_HEAD + n;
        ch->unacked += FRAME_HEAD + n;
        data = dtt_slice(n ? data.data + n : data.data, data.len - n);
    } while (data.len > 0);
    return DTT_OK;
}

size_t dtt_sim_channel_send(struct dtt_sim_channel *ch, uint64_t mono_ns,
                            uint8_t ret[DTT_SIM_CHANNEL_BYTES], bool *ret_has_frames)
{
    struct dtt_sim_chunk *k = ch->unsent;
    size_t len = 0;
    if (!k && !ch->owes_ack) {
        return 0;
    }
    if (k) {
        dtt_put_be32(ret, k->seq);
        len = 4;
    }
    dtt_put_be32(ret + len, ch->expected);
    len += 4;
    if (k) {
        memcpy(ret + len, k->data, k->len);
        len += k->len;
        k->sent_ns = mono_ns;
        ch->unsent = k->next;
    }
    ch->owes_ack = false;
    *ret_has_frames = k != NULL;
    return len;
}

void dtt_sim_channel_sample_rtt(struct dtt_sim_channel *ch, uint64_t rtt_ns)
{
    ch->srtt_ns = ch->srtt_ns ? (7 * ch->srtt_ns + rtt_ns) / 8 : rtt_ns;
}

bool dtt_sim_channel_acknowledge(struct dtt_sim_channel *ch, uint64_t mono_ns, uint32_t ack)
{
    while (ch->out && ch->out->seq < ack && ch->out->sent_ns) {
        struct dtt_sim_chunk *k = ch->out;
        if (!k->is_repeated) {
            dtt_sim_channel_sample_rtt(ch, mono_ns - k->sent_ns);
        }
        ch->out = k->next;
        if (ch->unsent == k) {
            ch->unsent = k->next;
        }
        assert(ch->unacked >= k->len);
        ch->unacked -= k->len;
        ch->backoff = 0;
        free(k);
    }
    if (!ch->out) {
        ch->out_last = NULL;
    }
    bool is_unblocked = ch->is_blocked && ch->unacked < DTT_SIM_CHANNEL_WINDOW / 2;
    ch->is_blocked = ch->is_blocked && !is_unblocked;
    return is_unblocked;
}

uint32_t dtt_sim_channel_acked(const struct dtt_sim_channel *ch)
{
    return ch->out ? ch->out->seq : ch->next_seq;
}

uint64_t dtt_sim_channel_deadline(const struct dtt_sim_channel *ch)
{
    if (!ch->out || !ch->out->sent_ns) {
        return DTT_NEVER;
    }
    uint64_t ns = ch->srtt_ns + ch->srtt_ns / 2 + 30 * DTT_MS;
    ns = (ns < RTO_MIN_NS ? RTO_MIN_NS : ns) << (ch->backoff < 6 ? ch->backoff : 6);
    return ch->out->sent_ns + dtt_min_ns(ns, RTO_MAX_NS);
}

void dtt_sim_channel_repeat(struct dtt_sim_channel *ch)
{
    ch->backoff++;
    for (struct dtt_sim_chunk *k = ch->out; k && k != ch->unsent; k = k->next) {
        k->is_repeated = true;
    }
    ch->unsent = ch->out;
}

/* ---- receiving */

void dtt_sim_channel_receive(struct dtt_sim_channel *ch, uint32_t seq, struct dtt_slice frames)
{
    struct dtt_sim_chunk **at = &ch->in;
    ch->owes_ack = true;
    while (*at && (*at)->seq < seq) {
        at = &(*at)->next;
    }
    if (seq < ch->expected || (*at && (*at)->seq == seq) ||
        (ch->n_in == DTT_SIM_CHANNEL_EARLY && seq != ch->expected)) {
        return;
    }
    struct dtt_sim_chunk *k = malloc(sizeof(*k));
    if (!k || frames.len > sizeof(k->data)) {
        free(k);
        return;
    }
    *k = (struct dtt_sim_chunk){.next = *at, .seq = seq, .len = frames.len};
    memcpy(k->data, frames.data, frames.len);
    *at = k;
    ch->n_in++;
}

static bool read_frame(struct dtt_sim_channel *ch, struct dtt_sim_frame *ret)
{
    struct dtt_reader r =
        dtt_reader(dtt_slice(ch->in->data + ch->read_at, ch->in->len - ch->read_at));
    struct dtt_slice head = dtt_read(&r, FRAME_HEAD);
    if (r.failed) {
        return false;
    }
    unsigned len = dtt_get_be16(head.data + 4);
    *ret = (struct dtt_sim_frame){.stream = dtt_get_be32(head.data),
                                  .is_last = (len & FRAME_LAST) != 0,
                                  .data = dtt_read(&r, len & ~FRAME_LAST)};
    ch->read_at += FRAME_HEAD + ret->data.len;
    return !r.failed;
}

bool dtt_sim_channel_read(struct dtt_sim_channel *ch, struct dtt_sim_frame *ret)
{
    while (ch->in && ch->in->seq == ch->expected) {
        struct dtt_sim_chunk *k = ch->in;
        if (read_frame(ch, ret)) {
            return true;
        }
        ch->in = k->next;
        ch->n_in--;
        ch->expected++;
        ch->read_at = 0;
        free(k);
    }
    return false;
}
