/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/frames.h"

#include "base/bytes.h"

/* Frame types: RFC 9000, section 19, and RFC 9221. */
enum {
    PADDING = 0x00,
    PING = 0x01,
    ACK = 0x02,
    ACK_ECN = 0x03,
    RESET_STREAM = 0x04,
    STOP_SENDING = 0x05,
    CRYPTO = 0x06,
    NEW_TOKEN = 0x07,
    STREAM = 0x08,
    MAX_DATA = 0x10,
    MAX_STREAM_DATA = 0x11,
    MAX_STREAMS_BIDI = 0x12,
    MAX_STREAMS_UNI = 0x13,
    DATA_BLOCKED = 0x14,
    STREAM_DATA_BLOCKED = 0x15,
    STREAMS_BLOCKED_BIDI = 0x16,
    STREAMS_BLOCKED_UNI = 0x17,
    NEW_CONNECTION_ID = 0x18,
    RETIRE_CONNECTION_ID = 0x19,
    PATH_CHALLENGE = 0x1a,
    PATH_RESPONSE = 0x1b,
    CONNECTION_CLOSE = 0x1c,
    CONNECTION_CLOSE_APP = 0x1d,
    HANDSHAKE_DONE = 0x1e,
    DATAGRAM = 0x30,
    DATAGRAM_LEN = 0x31
};

#define STREAM_HAS_LENGTH 0x02
#define STREAM_HAS_OFFSET 0x04
#define RESET_TOKEN_LEN 16

static uint64_t read_varint(struct dtt_reader *r)
{
    uint8_t first = dtt_read_u8(r);
    uint64_t v = first & 0x3f;
    for (unsigned more = (1u << (first >> 6)) - 1; more > 0; more--) {
        v = v << 8 | dtt_read_u8(r);
    }
    return r->failed ? 0 : v;
}

static void skip_varints(struct dtt_reader *r, uint64_t n)
{
    for (; n > 0 && !r->failed; n--) {
        (void)read_varint(r);
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
    uint64_t ranges = read_varint(r);
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
    skip(r, type & STREAM_HAS_LENGTH ? read_varint(r) : dtt_reader_left(r));
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

void dtt_qframes_retire_nothing(uint8_t *payload, size_t len)
{
    struct dtt_reader r = dtt_reader(dtt_slice(payload, len));
    const uint8_t *start = r.pos;
    while (!r.failed && dtt_reader_left(&r) > 0) {
        uint8_t type = dtt_read_u8(&r);
        switch (type) {
        case PADDING:
        case PING:
        case HANDSHAKE_DONE: break;
        case ACK:
        case ACK_ECN: skip_ack(&r, type == ACK_ECN); break;
        case RESET_STREAM: skip_varints(&r, 3); break;
        case STOP_SENDING:
        case MAX_STREAM_DATA:
        case STREAM_DATA_BLOCKED: skip_varints(&r, 2); break;
        case MAX_DATA:
        case MAX_STREAMS_BIDI:
        case MAX_STREAMS_UNI:
        case DATA_BLOCKED:
        case STREAMS_BLOCKED_BIDI:
        case STREAMS_BLOCKED_UNI:
        case RETIRE_CONNECTION_ID: skip_varints(&r, 1); break;
        case CRYPTO:
            skip_varints(&r, 1);
            skip(&r, read_varint(&r));
            break;
        case NEW_TOKEN:
        case DATAGRAM_LEN: skip(&r, read_varint(&r)); break;
        case PATH_CHALLENGE:
        case PATH_RESPONSE: skip(&r, 8); break;
        case CONNECTION_CLOSE:
        case CONNECTION_CLOSE_APP:
            skip_varints(&r, type == CONNECTION_CLOSE ? 2 : 1);
            skip(&r, read_varint(&r));
            break;
        case NEW_CONNECTION_ID: guard_new_connection_id(&r, payload, start); break;
        case DATAGRAM: return;
        default:
            /* ngtcp2 0.12.1 takes any type with this bit for STREAM, and so must its guard. */
            if (!(type & STREAM)) {
                return;
            }
            skip_stream(&r, type);
        }
    }
}
