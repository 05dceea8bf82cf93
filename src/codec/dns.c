/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/dns.h"

#include "codec/text.h"

#include <assert.h>

#define POINTER_BITS 0xc0

void dtt_dns_name_make(struct dtt_dns_name *ret, const char *text)
{
    ret->len = 0;
    while (*text) {
        size_t n = strcspn(text, ".");
        assert(n > 0 && n <= DTT_DNS_LABEL_MAX && ret->len + n + 2 <= DTT_DNS_NAME_MAX);
        ret->bytes[ret->len++] = (uint8_t)n;
        for (size_t i = 0; i < n; i++) {
            ret->bytes[ret->len++] = (uint8_t)dtt_text_lower(text[i]);
        }
        text += n;
        text += *text == '.';
    }
    ret->bytes[ret->len++] = 0;
}

bool dtt_dns_name_eq(const struct dtt_dns_name *a, const struct dtt_dns_name *b)
{
    return dtt_slice_eq(dtt_slice(a->bytes, a->len), dtt_slice(b->bytes, b->len));
}

/* ---- writing */

void dtt_dns_write_header(struct dtt_writer *w, const struct dtt_dns_header *h)
{
    dtt_write_be16(w, h->id);
    dtt_write_be16(w, h->flags);
    dtt_write_be16(w, h->questions);
    dtt_write_be16(w, h->answers);
    dtt_write_be16(w, h->authorities);
    dtt_write_be16(w, h->additionals);
}

void dtt_dns_write_name(struct dtt_writer *w, const struct dtt_dns_name *name)
{
    dtt_write(w, name->bytes, name->len);
}

void dtt_dns_write_question(struct dtt_writer *w, const struct dtt_dns_name *name, uint16_t type,
                            uint16_t class_code)
{
    dtt_dns_write_name(w, name);
    dtt_write_be16(w, type);
    dtt_write_be16(w, class_code);
}

void dtt_dns_write_fields(struct dtt_writer *w, uint16_t type, uint16_t class_code, uint32_t ttl_s,
                          size_t len)
{
    uint8_t ttl[4];
    dtt_put_be32(ttl, ttl_s);
    dtt_write_be16(w, type);
    dtt_write_be16(w, class_code);
    dtt_write(w, ttl, sizeof(ttl));
    dtt_write_be16(w, (uint16_t)len);
    w->failed |= len > UINT16_MAX;
}

size_t dtt_dns_text_len(size_t bytes)
{
    return bytes + (bytes + DTT_DNS_STRING_MAX - 1) / DTT_DNS_STRING_MAX;
}

void dtt_dns_write_text(struct dtt_writer *w, struct dtt_slice bytes)
{
    for (size_t at = 0; at < bytes.len;) {
        size_t n = bytes.len - at < DTT_DNS_STRING_MAX ? bytes.len - at : DTT_DNS_STRING_MAX;
        dtt_write_u8(w, (uint8_t)n);
        dtt_write(w, bytes.data + at, n);
        at += n;
    }
}

/* ---- reading */

/* Pointers may only lead backwards, so that every name ends. */
static void read_name(struct dtt_reader *r, struct dtt_slice packet, struct dtt_dns_name *ret)
{
    struct dtt_reader at = *r;
    size_t limit = (size_t)(r->pos - packet.data);
    bool has_jumped = false;
    ret->len = 0;
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
                return;
            }
            limit = to;
            at = dtt_reader(packet);
            dtt_read(&at, to);
            continue;
        }
        struct dtt_slice label = dtt_read(&at, len & POINTER_BITS ? SIZE_MAX : len);
        if (at.failed || ret->len + 1 + label.len > DTT_DNS_NAME_MAX) {
            r->failed = true;
            return;
        }
        ret->bytes[ret->len++] = (uint8_t)len;
        for (size_t i = 0; i < label.len; i++) {
            ret->bytes[ret->len++] = (uint8_t)dtt_text_lower((char)label.data[i]);
        }
        if (len == 0) {
            break;
        }
    }
    if (!has_jumped) {
        *r = at;
    }
}

bool dtt_dns_open(struct dtt_dns_message *m, struct dtt_slice packet)
{
    *m = (struct dtt_dns_message){.packet = packet, .at = dtt_reader(packet)};
    m->id = dtt_read_be16(&m->at);
    m->flags = dtt_read_be16(&m->at);
    for (size_t i = 0; i < DTT_DNS_SECTIONS; i++) {
        m->left[i] = dtt_read_be16(&m->at);
    }
    return !m->at.failed;
}

bool dtt_dns_next(struct dtt_dns_message *m, struct dtt_dns_entry *ret)
{
    unsigned section = DTT_DNS_QUESTION;
    while (section < DTT_DNS_SECTIONS && m->left[section] == 0) {
        section++;
    }
    if (section == DTT_DNS_SECTIONS || m->at.failed) {
        return false;
    }
    m->left[section]--;
    ret->section = section;
    read_name(&m->at, m->packet, &ret->name);
    ret->type = dtt_read_be16(&m->at);
    ret->class_code = dtt_read_be16(&m->at);
    ret->ttl_s = 0;
    ret->data = dtt_slice(NULL, 0);
    if (section != DTT_DNS_QUESTION) {
        struct dtt_slice ttl = dtt_read(&m->at, 4);
        ret->ttl_s = m->at.failed ? 0 : dtt_get_be32(ttl.data);
        ret->data = dtt_read(&m->at, dtt_read_be16(&m->at));
    }
    return !m->at.failed;
}

bool dtt_dns_read_name(const struct dtt_dns_message *m, struct dtt_slice data,
                       struct dtt_dns_name *ret)
{
    struct dtt_reader r = dtt_reader(data);
    read_name(&r, m->packet, ret);
    return !r.failed;
}

bool dtt_dns_read_text(struct dtt_slice data, struct dtt_writer *w)
{
    struct dtt_reader r = dtt_reader(data);
    while (!r.failed && dtt_reader_left(&r) > 0) {
        dtt_write_slice(w, dtt_read(&r, dtt_read_u8(&r)));
    }
    return !r.failed && !w->failed;
}
