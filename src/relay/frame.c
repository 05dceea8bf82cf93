/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "relay/frame.h"

#include "codec/text.h"

static struct dtt_slice read_rest(struct dtt_reader *r)
{
    return dtt_read(r, dtt_reader_left(r));
}

/* Its length is a varint of LEB128, which says no more than where the text ends. */
static struct dtt_slice read_text(struct dtt_reader *r)
{
    while (dtt_read_u8(r) & 0x80) {
    }
    return read_rest(r);
}

static void read_datagrams(struct dtt_reader *r, bool has_segment, struct dtt_relay_frame *f)
{
    dtt_read_into(r, f->id.bytes, sizeof(f->id.bytes));
    (void)dtt_read_u8(r); /* ECN: that of a path in which TCP stands says nothing */
    if (has_segment) {
        f->segment = dtt_read_be16(r);
    }
    f->data = read_rest(r);
    if (f->segment == 0) {
        f->segment = f->data.len; /* one datagram */
    }
}

static bool read_body(struct dtt_reader *r, unsigned version, struct dtt_relay_frame *f)
{
    switch (f->type) {
    case DTT_RELAY_SERVER_CHALLENGE: f->data = dtt_read(r, DTT_RELAY_CHALLENGE_BYTES); return true;
    case DTT_RELAY_SERVER_CONFIRMS: return true;
    case DTT_RELAY_SERVER_DENIES: f->data = read_text(r); return true;
    case DTT_RELAY_SERVER_DATAGRAM: read_datagrams(r, false, f); return true;
    case DTT_RELAY_SERVER_DATAGRAMS: read_datagrams(r, true, f); return true;
    case DTT_RELAY_ENDPOINT_GONE:
        dtt_read_into(r, f->id.bytes, sizeof(f->id.bytes));
        return dtt_reader_left(r) == 0;
    case DTT_RELAY_PING:
    case DTT_RELAY_PONG:
        f->data = dtt_read(r, DTT_RELAY_PING_BYTES);
        return dtt_reader_left(r) == 0;
    case DTT_RELAY_HEALTH:
        f->data = read_rest(r);
        return version == 1 && dtt_utf8_is_valid(f->data);
    case DTT_RELAY_RESTARTING: f->data = dtt_read(r, 8); return dtt_reader_left(r) == 0;
    case DTT_RELAY_STATUS: f->status = dtt_read_u8(r); return version == 2;
    default: return false; /* unknown, or what only clients say */
    }
}

int dtt_relay_frame_read(struct dtt_slice message, unsigned version, struct dtt_relay_frame *ret)
{
    struct dtt_reader r = dtt_reader(message);
    uint64_t type = dtt_read_varint(&r);
    if (r.failed || type > DTT_RELAY_STATUS || dtt_reader_left(&r) > DTT_RELAY_BODY_MAX) {
        return DTT_EPROTO;
    }
    struct dtt_relay_frame f = {.type = (enum dtt_relay_frame_type)type};
    if (!read_body(&r, version, &f) || r.failed) {
        return DTT_EPROTO;
    }
    *ret = f;
    return DTT_OK;
}

void dtt_relay_frame_write_head(struct dtt_writer *w, const struct dtt_id *to, size_t segment,
                                size_t len)
{
    bool is_one = len <= segment;
    dtt_write_u8(w, is_one ? DTT_RELAY_CLIENT_DATAGRAM : DTT_RELAY_CLIENT_DATAGRAMS);
    dtt_write(w, to->bytes, sizeof(to->bytes));
    dtt_write_u8(w, 0); /* no ECN */
    if (!is_one) {
        dtt_write_be16(w, (uint16_t)segment);
    }
}

void dtt_relay_frame_write_ping(struct dtt_writer *w, enum dtt_relay_frame_type type,
                                const uint8_t data[DTT_RELAY_PING_BYTES])
{
    dtt_write_u8(w, (uint8_t)type);
    dtt_write(w, data, DTT_RELAY_PING_BYTES);
}
