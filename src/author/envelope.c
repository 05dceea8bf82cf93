/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "author/envelope.h"

#include "codec/postcard.h"
#include "codec/text.h"
#include "crypto/ed25519.h"

/* The enum of the example, in order of declaration. */
enum { WIRE_ABOUT_ME, WIRE_MESSAGE, WIRE_VARIANTS };

#define SIGNATURE_BYTES 64

static const uint8_t mark[] = {'D', 'T', 'T', 1};

/* ---- reading */

/* A length in its shortest form, as it is not signed: one content has one envelope. */
static struct dtt_slice read_bytes(struct dtt_reader *r)
{
    size_t before = dtt_reader_left(r);
    struct dtt_slice s = dtt_postcard_read_bytes(r);
    if (before - dtt_reader_left(r) != dtt_postcard_varint_len(s.len) + s.len) {
        r->failed = true;
    }
    return s;
}

/* What follows the enum. What is no extension of ours is none of our business. */
static void read_extension(struct dtt_reader r, struct dtt_envelope *e)
{
    uint8_t begins[sizeof(mark)];
    uint8_t topic[DTT_ENVELOPE_TOPIC_BYTES];
    dtt_read_into(&r, begins, sizeof(begins));
    dtt_read_into(&r, topic, sizeof(topic));
    uint8_t numbers[16];
    dtt_read_into(&r, numbers, sizeof(numbers));
    struct dtt_slice bytes = dtt_postcard_read_bytes(&r);
    if (r.failed || memcmp(begins, mark, sizeof(mark)) != 0) {
        return;
    }
    e->is_dated = true;
    memcpy(e->topic, topic, sizeof(e->topic));
    e->sent_ms = dtt_get_le64(numbers);
    e->seq = dtt_get_le64(numbers + 8);
    if (e->kind == DTT_ENVELOPE_TEXT && bytes.len > 0) {
        e->kind = DTT_ENVELOPE_BYTES;
        e->content = bytes;
    }
}

int dtt_envelope_read(struct dtt_slice message, struct dtt_envelope *ret)
{
    struct dtt_envelope e = {.is_dated = false};
    struct dtt_reader outer = dtt_reader(message);
    dtt_read_into(&outer, e.author.bytes, sizeof(e.author.bytes));
    e.data = read_bytes(&outer);
    struct dtt_slice signature = read_bytes(&outer);
    if (outer.failed || dtt_reader_left(&outer) > 0 || signature.len != SIGNATURE_BYTES) {
        return DTT_EPROTO;
    }
    e.signature = signature.data;
    struct dtt_reader inner = dtt_reader(e.data);
    e.kind = dtt_postcard_read_variant(&inner, WIRE_VARIANTS) == WIRE_ABOUT_ME ? DTT_ENVELOPE_NAME
                                                                               : DTT_ENVELOPE_TEXT;
    e.content = dtt_postcard_read_bytes(&inner);
    if (inner.failed || !dtt_utf8_is_valid(e.content)) {
        return DTT_EPROTO;
    }
    read_extension(inner, &e);
    *ret = e;
    return DTT_OK;
}

bool dtt_envelope_is_good(const struct dtt_envelope *e)
{
    return dtt_ed25519_verify_strict(e->signature, e->data, e->author.bytes);
}

/* ---- writing */

static size_t data_len(const struct dtt_envelope *e, struct dtt_slice text, struct dtt_slice bytes)
{
    size_t len = 1 + dtt_postcard_varint_len(text.len) + text.len;
    if (e->is_dated) {
        len +=
            sizeof(mark) + sizeof(e->topic) + 16 + dtt_postcard_varint_len(bytes.len) + bytes.len;
    }
    return len;
}

void dtt_envelope_write(struct dtt_writer *w, const struct dtt_envelope *e, const uint8_t seed[32])
{
    bool is_bytes = e->kind == DTT_ENVELOPE_BYTES;
    struct dtt_slice none = dtt_slice(NULL, 0);
    struct dtt_slice text = is_bytes ? none : e->content;
    struct dtt_slice bytes = is_bytes ? e->content : none;
    uint8_t numbers[16];
    size_t len = data_len(e, text, bytes);
    dtt_write(w, e->author.bytes, sizeof(e->author.bytes));
    dtt_postcard_write_varint(w, len);
    const uint8_t *data = w->data + w->len;
    dtt_postcard_write_varint(w, e->kind == DTT_ENVELOPE_NAME ? WIRE_ABOUT_ME : WIRE_MESSAGE);
    dtt_postcard_write_bytes(w, text);
    if (e->is_dated) {
        dtt_write(w, mark, sizeof(mark));
        dtt_write(w, e->topic, sizeof(e->topic));
        dtt_put_le64(numbers, e->sent_ms);
        dtt_put_le64(numbers + 8, e->seq);
        dtt_write(w, numbers, sizeof(numbers));
        dtt_postcard_write_bytes(w, bytes);
    }
    dtt_postcard_write_varint(w, SIGNATURE_BYTES);
    uint8_t *signature = dtt_write_room(w, SIGNATURE_BYTES);
    if (signature) {
        dtt_ed25519_sign(signature, dtt_slice(data, len), seed);
    }
}
