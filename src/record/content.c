/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "record/content.h"

#include "base/addr.h"
#include "base/reach.h"
#include "crypto/ed25519.h"

/* docs/protocol/extension.md. The last byte of the magic is the version. */
static const uint8_t magic[4] = {'D', 'T', 'T', 1};
#define KIND_END 0
#define KIND_ADDRS 1
#define KIND_REACH 2
#define KIND_TIME 3
/* The extension's length is a multiple of this, so it hardly reveals the number of addresses. */
#define EXTENSION_STEP 64

#define TIME_VALUE_LEN 8
#define ADDRS_VALUE_MAX (DTT_RECORD_ADDRS * (1 + DTT_ADDR_COMPACT6))
_Static_assert(ADDRS_VALUE_MAX <= UINT8_MAX, "the length of a value is one byte");
_Static_assert(DTT_CONTENT_FIXED + sizeof(magic) + 2 + ADDRS_VALUE_MAX + 2 + DTT_REACH_VALUE_MAX +
                       2 + TIME_VALUE_LEN + EXTENSION_STEP <=
                   DTT_CONTENT_MAX,
               "a full extension with its padding fits");

static const uint8_t zero[32];

/* Writes `n` of five 32-byte entries; the others are zero. */
static void write_fixed(struct dtt_writer *w, const void *entries, size_t n)
{
    n = n < 5 ? n : 5;
    dtt_write(w, entries, n * 32);
    for (; n < 5; n++) {
        dtt_write(w, zero, 32);
    }
}

static void write_entry(struct dtt_writer *w, uint8_t kind, const uint8_t *value, size_t len)
{
    dtt_write_u8(w, kind);
    dtt_write_u8(w, (uint8_t)len);
    dtt_write(w, value, len);
}

static void write_extension(struct dtt_writer *w, const struct dtt_record_info *info)
{
    uint8_t value[ADDRS_VALUE_MAX];
    struct dtt_writer v = dtt_writer(value, sizeof(value));
    for (size_t i = 0; i < info->n_addrs && i < DTT_RECORD_ADDRS; i++) {
        if (dtt_addr_is_usable(&info->addrs[i])) {
            dtt_write_u8(&v, info->addrs[i].family);
            dtt_addr_write_compact(&v, &info->addrs[i]);
        }
    }
    if (v.len == 0) {
        return;
    }
    size_t start = w->len;
    dtt_write(w, magic, sizeof(magic));
    write_entry(w, KIND_ADDRS, value, v.len);
    v = dtt_writer(value, sizeof(value));
    dtt_reach_write(&v, &info->reach);
    if (v.len > 0) {
        write_entry(w, KIND_REACH, value, v.len);
    }
    if (info->unix_s > 0) {
        dtt_put_le64(value, info->unix_s);
        write_entry(w, KIND_TIME, value, TIME_VALUE_LEN);
    }
    while (!w->failed && (w->len - start) % EXTENSION_STEP) {
        dtt_write_u8(w, KIND_END);
    }
}

void dtt_content_write(struct dtt_writer *w, const struct dtt_record_info *info)
{
    _Static_assert(DTT_RECORD_PEERS == 5 && DTT_RECORD_HASHES == 5, "the wire has five of each");
    write_fixed(w, info->active_peers, info->n_active_peers);
    write_fixed(w, info->message_hashes, info->n_message_hashes);
    write_extension(w, info);
}

static void add_addr(struct dtt_record_info *ret, const struct dtt_addr *a)
{
    if (ret->n_addrs == DTT_RECORD_ADDRS || !dtt_addr_is_usable(a)) {
        return;
    }
    for (size_t i = 0; i < ret->n_addrs; i++) {
        if (dtt_addr_eq(&ret->addrs[i], a)) {
            return;
        }
    }
    ret->addrs[ret->n_addrs++] = *a;
}

/* False when the value is damaged; the addresses before the damage count. */
static bool read_addrs(struct dtt_slice value, struct dtt_record_info *ret)
{
    struct dtt_reader r = dtt_reader(value);
    while (dtt_reader_left(&r) > 0) {
        struct dtt_addr a;
        uint8_t family = dtt_read_u8(&r);
        if (family != DTT_FAMILY_V4 && family != DTT_FAMILY_V6) {
            return false;
        }
        size_t len = family == DTT_FAMILY_V4 ? DTT_ADDR_COMPACT4 : DTT_ADDR_COMPACT6;
        if (dtt_addr_from_compact(dtt_read(&r, len), &a) != DTT_OK) {
            return false;
        }
        add_addr(ret, &a);
    }
    return true;
}

static void read_extension(struct dtt_slice s, struct dtt_record_info *ret)
{
    struct dtt_reader r = dtt_reader(s);
    if (!dtt_slice_eq(dtt_read(&r, sizeof(magic)), dtt_slice(magic, sizeof(magic)))) {
        return;
    }
    for (;;) {
        uint8_t kind = dtt_read_u8(&r);
        struct dtt_slice value =
            kind == KIND_END ? dtt_slice(NULL, 0) : dtt_read(&r, dtt_read_u8(&r));
        if (r.failed || kind == KIND_END || (kind == KIND_ADDRS && !read_addrs(value, ret))) {
            return;
        }
        if (kind == KIND_TIME && value.len == TIME_VALUE_LEN) {
            ret->unix_s = dtt_get_le64(value.data);
        }
        if (kind == KIND_REACH) {
            (void)dtt_reach_read(value, &ret->reach); /* another length may be a later one's */
        }
    }
}

int dtt_content_read(struct dtt_slice s, struct dtt_record_info *ret)
{
    if (s.len < DTT_CONTENT_FIXED) {
        return DTT_EPROTO;
    }
    ret->n_active_peers = 0;
    ret->n_message_hashes = 0;
    ret->n_addrs = 0;
    ret->unix_s = 0;
    ret->reach = (struct dtt_reach){0};
    const uint8_t *p = s.data;
    for (unsigned i = 0; i < DTT_RECORD_PEERS; i++, p += 32) {
        if (memcmp(p, zero, 32) != 0 && dtt_ed25519_is_point(p)) {
            memcpy(ret->active_peers[ret->n_active_peers++].bytes, p, 32);
        }
    }
    for (unsigned i = 0; i < DTT_RECORD_HASHES; i++, p += 32) {
        if (memcmp(p, zero, 32) != 0) {
            memcpy(ret->message_hashes[ret->n_message_hashes++], p, 32);
        }
    }
    read_extension(dtt_slice(p, s.len - DTT_CONTENT_FIXED), ret);
    return DTT_OK;
}
