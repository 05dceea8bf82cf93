/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/postcard.h"

static uint64_t read_varint(struct dtt_reader *r, unsigned bits)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < bits; shift += 7) {
        uint8_t byte = dtt_read_u8(r);
        uint64_t part = byte & 0x7f;
        /* The last byte may hold only the bits that are left, so no continuation either. */
        if (bits - shift < 7 && byte >> (bits - shift)) {
            break;
        }
        v |= part << shift;
        if (!(byte & 0x80)) {
            return r->failed ? 0 : v;
        }
    }
    r->failed = true;
    return 0;
}

uint16_t dtt_postcard_read_u16(struct dtt_reader *r)
{
    return (uint16_t)read_varint(r, 16);
}

uint32_t dtt_postcard_read_variant(struct dtt_reader *r, uint32_t count)
{
    uint32_t v = (uint32_t)read_varint(r, 32);
    if (v >= count) {
        r->failed = true;
        return 0;
    }
    return v;
}

uint64_t dtt_postcard_read_len(struct dtt_reader *r)
{
    return read_varint(r, 64);
}

bool dtt_postcard_read_bool(struct dtt_reader *r)
{
    uint8_t v = dtt_read_u8(r);
    if (v > 1) {
        r->failed = true;
    }
    return v == 1;
}

struct dtt_slice dtt_postcard_read_bytes(struct dtt_reader *r)
{
    uint64_t len = dtt_postcard_read_len(r);
    if (len > dtt_reader_left(r)) {
        r->failed = true;
        return dtt_slice(NULL, 0);
    }
    return dtt_read(r, (size_t)len);
}

void dtt_postcard_write_varint(struct dtt_writer *w, uint64_t v)
{
    for (; v >= 0x80; v >>= 7) {
        dtt_write_u8(w, (uint8_t)(v | 0x80));
    }
    dtt_write_u8(w, (uint8_t)v);
}

void dtt_postcard_write_bool(struct dtt_writer *w, bool v)
{
    dtt_write_u8(w, v);
}

void dtt_postcard_write_bytes(struct dtt_writer *w, struct dtt_slice s)
{
    dtt_postcard_write_varint(w, s.len);
    dtt_write_slice(w, s);
}
