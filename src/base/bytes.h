/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Slices, and allocation-free cursors over bytes. A reader or writer that ran out of room stays
 * failed: check `failed` once at the end instead of each call.
 */
#ifndef DTT_BASE_BYTES_H
#define DTT_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** Bytes owned by somebody else. `data` may be NULL only when `len` is 0. */
struct dtt_slice {
    const uint8_t *data;
    size_t len;
};

static inline struct dtt_slice dtt_slice(const void *data, size_t len)
{
    return (struct dtt_slice){.data = (const uint8_t *)data, .len = len};
}

static inline bool dtt_slice_eq(struct dtt_slice a, struct dtt_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool dtt_slice_is(struct dtt_slice a, const char *text)
{
    return dtt_slice_eq(a, dtt_slice(text, strlen(text)));
}

static inline uint16_t dtt_get_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t dtt_get_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t dtt_get_be64(const uint8_t *p)
{
    return (uint64_t)dtt_get_be32(p) << 32 | dtt_get_be32(p + 4);
}

static inline uint32_t dtt_get_le32(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline uint64_t dtt_get_le64(const uint8_t *p)
{
    return (uint64_t)dtt_get_le32(p + 4) << 32 | dtt_get_le32(p);
}

static inline uint16_t dtt_get_le16(const uint8_t *p)
{
    return (uint16_t)(p[1] << 8 | p[0]);
}

static inline void dtt_put_be16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void dtt_put_be32(uint8_t *p, uint32_t v)
{
    dtt_put_be16(p, (uint16_t)(v >> 16));
    dtt_put_be16(p + 2, (uint16_t)v);
}

static inline void dtt_put_be64(uint8_t *p, uint64_t v)
{
    dtt_put_be32(p, (uint32_t)(v >> 32));
    dtt_put_be32(p + 4, (uint32_t)v);
}

static inline void dtt_put_le16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void dtt_put_le32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

static inline void dtt_put_le64(uint8_t *p, uint64_t v)
{
    for (unsigned i = 0; i < 8; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

struct dtt_reader {
    const uint8_t *pos;
    const uint8_t *end;
    bool failed;
};

static inline struct dtt_reader dtt_reader(struct dtt_slice s)
{
    return (struct dtt_reader){.pos = s.data, .end = s.len ? s.data + s.len : s.data};
}

static inline size_t dtt_reader_left(const struct dtt_reader *r)
{
    return (size_t)(r->end - r->pos);
}

/** The next `n` bytes, or an empty slice and `failed` when fewer are left. */
static inline struct dtt_slice dtt_read(struct dtt_reader *r, size_t n)
{
    if (r->failed || n > dtt_reader_left(r)) {
        r->failed = true;
        return dtt_slice(NULL, 0);
    }
    struct dtt_slice s = dtt_slice(r->pos, n);
    if (n) {
        r->pos += n;
    }
    return s;
}

static inline uint8_t dtt_read_u8(struct dtt_reader *r)
{
    struct dtt_slice s = dtt_read(r, 1);
    return r->failed ? 0 : s.data[0];
}

static inline uint16_t dtt_read_be16(struct dtt_reader *r)
{
    struct dtt_slice s = dtt_read(r, 2);
    return r->failed ? 0 : dtt_get_be16(s.data);
}

/** A variable-length integer of QUIC (RFC 9000, section 16), 0 on failure. */
static inline uint64_t dtt_read_varint(struct dtt_reader *r)
{
    uint8_t first = dtt_read_u8(r);
    uint64_t v = first & 0x3f;
    for (unsigned more = (1u << (first >> 6)) - 1; more > 0; more--) {
        v = v << 8 | dtt_read_u8(r);
    }
    return r->failed ? 0 : v;
}

/** Copies `n` bytes to `out`; zeroes `out` on failure. */
static inline void dtt_read_into(struct dtt_reader *r, void *out, size_t n)
{
    struct dtt_slice s = dtt_read(r, n);
    if (n == 0) {
        return;
    }
    if (r->failed) {
        memset(out, 0, n);
    } else {
        memcpy(out, s.data, n);
    }
}

struct dtt_writer {
    uint8_t *data;
    size_t cap;
    size_t len;
    bool failed;
};

static inline struct dtt_writer dtt_writer(void *buf, size_t cap)
{
    return (struct dtt_writer){.data = (uint8_t *)buf, .cap = cap};
}

/** Room for `n` more bytes, to be filled by the caller; NULL and `failed` when there is none. */
static inline uint8_t *dtt_write_room(struct dtt_writer *w, size_t n)
{
    if (w->failed || n > w->cap - w->len) {
        w->failed = true;
        return NULL;
    }
    uint8_t *p = w->data + w->len;
    w->len += n;
    return p;
}

static inline void dtt_write(struct dtt_writer *w, const void *p, size_t n)
{
    uint8_t *room = dtt_write_room(w, n);
    if (room && n) {
        memcpy(room, p, n);
    }
}

static inline void dtt_write_slice(struct dtt_writer *w, struct dtt_slice s)
{
    dtt_write(w, s.data, s.len);
}

static inline void dtt_write_u8(struct dtt_writer *w, uint8_t v)
{
    dtt_write(w, &v, 1);
}

static inline void dtt_write_be16(struct dtt_writer *w, uint16_t v)
{
    uint8_t be[2];
    dtt_put_be16(be, v);
    dtt_write(w, be, sizeof(be));
}

static inline void dtt_write_text(struct dtt_writer *w, const char *text)
{
    dtt_write(w, text, strlen(text));
}

#endif
