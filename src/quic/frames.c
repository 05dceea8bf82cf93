/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/frames.h"

#include "base/bytes.h"

/*
 * What follows the type of a frame (RFC 9000, section 19, and RFC 9221): v is a varint, l a varint
 * length and as many bytes, 8 eight bytes. NULL: another frame, or none.
 */
static const char *const layouts[] = {
    [0x00] = "",    /* PADDING */
    [0x01] = "",    /* PING */
    [0x04] = "vvv", /* RESET_STREAM */
    [0x05] = "vv",  /* STOP_SENDING */
    [0x06] = "vl",  /* CRYPTO */
    [0x07] = "l",   /* NEW_TOKEN */
    [0x10] = "v",   /* MAX_DATA */
    [0x11] = "vv",  /* MAX_STREAM_DATA */
    [0x12] = "v",   /* MAX_STREAMS, bidirectional */
    [0x13] = "v",   /* MAX_STREAMS, unidirectional */
    [0x14] = "v",   /* DATA_BLOCKED */
    [0x15] = "vv",  /* STREAM_DATA_BLOCKED */
    [0x16] = "v",   /* STREAMS_BLOCKED, bidirectional */
    [0x17] = "v",   /* STREAMS_BLOCKED, unidirectional */
    [0x19] = "v",   /* RETIRE_CONNECTION_ID */
    [0x1a] = "8",   /* PATH_CHALLENGE */
    [0x1b] = "8",   /* PATH_RESPONSE */
    [0x1c] = "vvl", /* CONNECTION_CLOSE */
    [0x1d] = "vl",  /* CONNECTION_CLOSE of the application */
    [0x1e] = "",    /* HANDSHAKE_DONE */
    [0x31] = "l",   /* DATAGRAM with a length */
};
#define ACK 0x02
#define ACK_ECN 0x03
#define NEW_CONNECTION_ID 0x18
/* ngtcp2 0.12.1 takes any type with this bit for STREAM, and so must its guard. */
#define STREAM 0x08
#define STREAM_HAS_LENGTH 0x02
#define STREAM_HAS_OFFSET 0x04
#define RESET_TOKEN_LEN 16

static void skip_varints(struct dtt_reader *r, uint64_t n)
{
    for (; n > 0 && !r->failed; n--) {
        (void)dtt_read_varint(r);
    }
}

static void skip(struct dtt_reader *r, uint64_t n)
{
    if (n > dtt_reader_left(r)) {
        r->failed = true;
        return;
    }
    (void)dtt_read(r, (size_t)n);
}

static void skip_ack(struct dtt_reader *r, bool has_ecn)
{
    skip_varints(r, 2); /* largest acknowledged, delay */
    uint64_t ranges = dtt_read_varint(r);
    skip_varints(r, 1); /* first range */
    if (ranges > dtt_reader_left(r)) {
        r->failed = true;
        return;
    }
    skip_varints(r, 2 * ranges + (has_ecn ? 3 : 0));
}

static void skip_stream(struct dtt_reader *r, uint8_t type)
{
    skip_varints(r, type & STREAM_HAS_OFFSET ? 2 : 1);
    skip(r, type & STREAM_HAS_LENGTH ? dtt_read_varint(r) : dtt_reader_left(r));
}

static void guard_new_connection_id(struct dtt_reader *r, uint8_t *payload, const uint8_t *start)
{
    skip_varints(r, 1);
    uint8_t *retire = payload + (r->pos - start);
    skip_varints(r, 1);
    uint8_t *end = payload + (r->pos - start);
    skip(r, dtt_read_u8(r));
    skip(r, RESET_TOKEN_LEN);
    if (!r->failed) {
        /* The same length in bytes, the value 0. */
        retire[0] &= 0xc0;
        memset(retire + 1, 0, (size_t)(end - retire) - 1);
    }
}

static void skip_fields(struct dtt_reader *r, const char *layout)
{
    for (; *layout; layout++) {
        if (*layout == 'v') {
            skip_varints(r, 1);
        } else {
            skip(r, *layout == 'l' ? dtt_read_varint(r) : 8);
        }
    }
}

void dtt_qframes_retire_nothing(uint8_t *payload, size_t len)
{
    struct dtt_reader r = dtt_reader(dtt_slice(payload, len));
    const uint8_t *start = r.pos;
    while (!r.failed && dtt_reader_left(&r) > 0) {
        uint8_t type = dtt_read_u8(&r);
        if (type < sizeof(layouts) / sizeof(layouts[0]) && layouts[type]) {
            skip_fields(&r, layouts[type]);
        } else if (type == ACK || type == ACK_ECN) {
            skip_ack(&r, type == ACK_ECN);
        } else if (type == NEW_CONNECTION_ID) {
            guard_new_connection_id(&r, payload, start);
        } else if (type & STREAM) {
            skip_stream(&r, type);
        } else {
            return;
        }
    }
}
