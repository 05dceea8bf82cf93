/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/pkarr.h"

#include "base/addr.h"
#include "codec/text.h"

/* RFC 1035 sections 3.1, 3.2 and 4.1. */
#define HEADER_BYTES 12
#define FLAG_RESPONSE 0x80 /* in the third byte of the header */
#define TYPE_TXT 16
#define CLASS_IN 1
#define POINTER_BITS 0xc0
#define POINTER_TO_NAME 0xc00c /* to the first name, which follows the header */
#define NAME_MAX 255
#define TXT_MAX 255 /* iroh's attributes are one string each */

#define LABEL "_iroh"
#define Z32_CHARS DTT_BASE32_LEN(DTT_ID_BYTES)
/* Both labels with their lengths, and the root. */
#define OWNER_BYTES (1 + sizeof(LABEL) - 1 + 1 + Z32_CHARS + 1)
#define ADDR_KEY "addr="

static void owner_name(uint8_t ret[OWNER_BYTES], const struct dtt_id *id)
{
    char z32[Z32_CHARS + 1];
    size_t n = 0;
    dtt_zbase32_encode(z32, dtt_slice(id->bytes, sizeof(id->bytes)));
    ret[n++] = sizeof(LABEL) - 1;
    memcpy(ret + n, LABEL, sizeof(LABEL) - 1);
    n += sizeof(LABEL) - 1;
    ret[n++] = Z32_CHARS;
    memcpy(ret + n, z32, Z32_CHARS);
    ret[n + Z32_CHARS] = 0;
}

static void write_u16(struct dtt_writer *w, unsigned v)
{
    uint8_t bytes[2];
    dtt_put_be16(bytes, (uint16_t)v);
    dtt_write(w, bytes, sizeof(bytes));
}

void dtt_pkarr_write(struct dtt_writer *w, const struct dtt_id *id, const struct dtt_addr *addrs,
                     size_t n)
{
    uint8_t owner[OWNER_BYTES];
    owner_name(owner, id);
    write_u16(w, 0);
    write_u16(w, FLAG_RESPONSE << 8);
    write_u16(w, 0);
    write_u16(w, (unsigned)n);
    write_u16(w, 0);
    write_u16(w, 0);
    for (size_t i = 0; i < n; i++) {
        char text[DTT_ADDR_TEXT_MAX];
        dtt_addr_format(&addrs[i], text);
        unsigned len = (unsigned)(strlen(ADDR_KEY) + strlen(text));
        if (i == 0) {
            dtt_write(w, owner, sizeof(owner));
        } else {
            write_u16(w, POINTER_TO_NAME);
        }
        write_u16(w, TYPE_TXT);
        write_u16(w, CLASS_IN);
        write_u16(w, 0);
        write_u16(w, DTT_PKARR_TTL_S);
        write_u16(w, len + 1);
        dtt_write_u8(w, (uint8_t)len);
        dtt_write_text(w, ADDR_KEY);
        dtt_write_text(w, text);
    }
}

static unsigned read_u16(struct dtt_reader *r)
{
    struct dtt_slice s = dtt_read(r, 2);
    return r->failed ? 0 : dtt_get_be16(s.data);
}

/*
 * Reads a name, compressed or not, into `ret` (length bytes and lower-case labels, with the root);
 * its length. Pointers may only lead backwards, so that every name ends.
 */
static size_t read_name(struct dtt_reader *r, struct dtt_slice packet, uint8_t ret[NAME_MAX])
{
    struct dtt_reader at = *r;
    size_t limit = (size_t)(r->pos - packet.data);
    size_t n = 0;
    bool has_jumped = false;
    for (;;) {
        unsigned len = dtt_read_u8(&at);
        if ((len & POINTER_BITS) == POINTER_BITS) {
            size_t to = (len & ~(unsigned)POINTER_BITS) << 8 | dtt_read_u8(&at);
            if (!has_jumped) {
                *r = at;
                has_jumped = true;
            }
            if (at.failed || to >= limit) {
                r->failed = true;
                return 0;
            }
            limit = to;
            at = dtt_reader(packet);
            dtt_read(&at, to);
            continue;
        }
        struct dtt_slice label = dtt_read(&at, len & POINTER_BITS ? SIZE_MAX : len);
        if (at.failed || n + 1 + label.len > NAME_MAX) {
            r->failed = true;
            return 0;
        }
        ret[n++] = (uint8_t)len;
        for (size_t i = 0; i < label.len; i++) {
            uint8_t c = label.data[i];
            ret[n++] = c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
        }
        if (len == 0) {
            break;
        }
    }
    if (!has_jumped) {
        *r = at;
    }
    return n;
}

/* The address in the data of a TXT record, whose strings make one text; false: it has none. */
static bool txt_addr(struct dtt_slice data, struct dtt_addr *ret)
{
    char text[TXT_MAX + 1];
    struct dtt_writer w = dtt_writer(text, TXT_MAX);
    struct dtt_reader r = dtt_reader(data);
    while (!r.failed && dtt_reader_left(&r) > 0) {
        dtt_write_slice(&w, dtt_read(&r, dtt_read_u8(&r)));
    }
    if (r.failed || w.failed || w.len < strlen(ADDR_KEY) ||
        memcmp(text, ADDR_KEY, strlen(ADDR_KEY)) != 0 || memchr(text, 0, w.len)) {
        return false;
    }
    text[w.len] = '\0';
    return dtt_addr_parse(text + strlen(ADDR_KEY), ret) == DTT_OK && dtt_addr_is_usable(ret);
}

int dtt_pkarr_read(struct dtt_slice packet, const struct dtt_id *id, struct dtt_addr *ret,
                   size_t cap)
{
    uint8_t owner[OWNER_BYTES];
    uint8_t name[NAME_MAX];
    struct dtt_reader r = dtt_reader(packet);
    struct dtt_slice header = dtt_read(&r, HEADER_BYTES);
    size_t found = 0;
    if (r.failed || packet.len > DTT_PKARR_PACKET_MAX || !(header.data[2] & FLAG_RESPONSE)) {
        return DTT_EPROTO;
    }
    unsigned questions = dtt_get_be16(header.data + 4);
    unsigned answers = dtt_get_be16(header.data + 6);
    owner_name(owner, id);
    for (unsigned i = 0; i < questions && !r.failed; i++) {
        read_name(&r, packet, name);
        dtt_read(&r, 4);
    }
    for (unsigned i = 0; i < answers && !r.failed; i++) {
        size_t len = read_name(&r, packet, name);
        unsigned type = read_u16(&r);
        unsigned class = read_u16(&r);
        dtt_read(&r, 4);
        struct dtt_slice data = dtt_read(&r, read_u16(&r));
        struct dtt_addr addr;
        if (!r.failed && found < cap && type == TYPE_TXT && class == CLASS_IN &&
            dtt_slice_eq(dtt_slice(name, len), dtt_slice(owner, sizeof(owner))) &&
            txt_addr(data, &addr)) {
            ret[found++] = addr;
        }
    }
    return r.failed ? DTT_EPROTO : (int)found;
}
