/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/oom.h"
#include "support/vectors.h"

#include "gossip/message.h"
#include "gossip/stream.h"

#include <stdlib.h>

static const struct dtt_gossip_topic_id topic = {.bytes = {9, 8, 7}};

/* Header and the frames "a", "" and 4096 bytes. */
static size_t sample(uint8_t *out)
{
    struct dtt_writer w = dtt_writer(out, 8192);
    dtt_gossip_stream_header(dtt_write_room(&w, DTT_GOSSIP_HEADER_FRAME), &topic);
    dtt_write(&w, "\0\0\0\1a\0\0\0\0\0\0\x10\0", 13);
    memset(dtt_write_room(&w, 4096), 0x5a, 4096);
    return w.len;
}

/* Feeds `s` and checks the payloads against the sample, of which `seen` came already. */
static void feed(struct dtt_gossip_stream *s, struct dtt_slice in, size_t *seen)
{
    static const size_t lens[] = {1, 0, 4096};
    struct dtt_slice payload;
    int n;
    while ((n = dtt_gossip_stream_feed(s, &in, &payload)) == 1) {
        assert_true(*seen < 3);
        assert_int_equal(payload.len, lens[*seen]);
        for (size_t i = 0; i < payload.len; i++) {
            assert_int_equal(payload.data[i], *seen == 0 ? 'a' : 0x5a);
        }
        (*seen)++;
    }
    assert_int_equal(n, 0);
    assert_int_equal(in.len, 0);
}

/* Exactly sized copies, so that a sanitizer sees a read past the end. */
static void feed_copy(struct dtt_gossip_stream *s, const uint8_t *data, size_t len, size_t *seen)
{
    uint8_t *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, data, len);
    feed(s, dtt_slice(copy, len), seen);
    free(copy);
}

static void split_at_every_byte(void **state)
{
    (void)state;
    static uint8_t buf[8192];
    size_t len = sample(buf);
    for (size_t cut = 0; cut <= len; cut++) {
        struct dtt_gossip_stream s;
        size_t seen = 0;
        dtt_gossip_stream_init(&s);
        feed_copy(&s, buf, cut, &seen);
        feed_copy(&s, buf + cut, len - cut, &seen);
        assert_int_equal(seen, 3);
        assert_memory_equal(&s.topic, &topic, sizeof(topic));
        assert_int_equal(dtt_gossip_stream_end(&s), DTT_OK);
        dtt_gossip_stream_fini(&s);
    }
}

static void byte_by_byte(void **state)
{
    (void)state;
    static uint8_t buf[8192];
    size_t len = sample(buf);
    struct dtt_gossip_stream s;
    size_t seen = 0;
    dtt_gossip_stream_init(&s);
    for (size_t i = 0; i < len; i++) {
        feed_copy(&s, buf + i, 1, &seen);
    }
    assert_int_equal(seen, 3);
    dtt_gossip_stream_fini(&s);
}

/* A stream may end between frames and inside a length, not inside a payload. */
static void ends(void **state)
{
    (void)state;
    static uint8_t buf[8192];
    size_t len = sample(buf);
    for (size_t cut = 0; cut <= len; cut++) {
        struct dtt_gossip_stream s;
        size_t seen = 0;
        bool in_payload = (cut > 4 && cut < 36) || (cut > 49 && cut < len);
        dtt_gossip_stream_init(&s);
        feed_copy(&s, buf, cut, &seen);
        assert_int_equal(dtt_gossip_stream_end(&s), in_payload ? DTT_EPROTO : DTT_OK);
        dtt_gossip_stream_fini(&s);
    }
}

static void refuse(const char *bytes, size_t len, bool has_topic)
{
    struct dtt_slice payload;
    /* At once, and when the length comes in two parts. */
    for (size_t cut = 0; cut < 4; cut++) {
        struct dtt_gossip_stream s;
        dtt_gossip_stream_init(&s);
        s.has_topic = has_topic;
        struct dtt_slice in = dtt_slice(bytes, cut);
        assert_int_equal(dtt_gossip_stream_feed(&s, &in, &payload), 0);
        in = dtt_slice(bytes + cut, len - cut);
        assert_int_equal(dtt_gossip_stream_feed(&s, &in, &payload), DTT_EPROTO);
        in = dtt_slice(bytes + cut, len - cut);
        assert_int_equal(dtt_gossip_stream_feed(&s, &in, &payload), DTT_EPROTO);
        dtt_gossip_stream_fini(&s);
    }
}

static void bad_lengths(void **state)
{
    (void)state;
    refuse("\x00\x00\x10\x01", 4, true);
    refuse("\xff\xff\xff\xff", 4, true);
    refuse("\xff\xff\xff\xfc", 4, true);
    refuse("\x00\x00\x00\x00", 4, false);
    refuse("\x00\x00\x00\x1f", 4, false);
    refuse("\x00\x00\x00\x21", 4, false);
}

static void vectors(void **state)
{
    (void)state;
    json_t *root = vectors_load("gossip.json");
    json_t *list = vectors_at(root, "streams");
    struct dtt_slice bytes = vectors_hex(json_array_get(list, 0), "hex");
    struct dtt_slice header = vectors_hex(vectors_at(root, "topic"), "header_frame");
    struct dtt_slice in = bytes;
    struct dtt_slice payload;
    struct dtt_gossip_message m;
    struct dtt_gossip_stream s;
    uint8_t written[DTT_GOSSIP_HEADER_FRAME];
    dtt_gossip_stream_init(&s);
    assert_int_equal(dtt_gossip_stream_feed(&s, &in, &payload), 1);
    assert_int_equal(dtt_gossip_message_decode(payload, NULL, &m), DTT_OK);
    assert_int_equal(m.type, DTT_MSG_JOIN);
    assert_int_equal(m.u.join.data.bytes.len, 9);
    assert_int_equal(dtt_gossip_stream_feed(&s, &in, &payload), 1);
    assert_int_equal(dtt_gossip_message_decode(payload, NULL, &m), DTT_OK);
    assert_int_equal(m.type, DTT_MSG_NEIGHBOR);
    assert_int_equal(dtt_gossip_stream_feed(&s, &in, &payload), 0);
    dtt_gossip_stream_header(written, &s.topic);
    assert_true(dtt_slice_eq(header, dtt_slice(written, sizeof(written))));
    free((void *)bytes.data);
    free((void *)header.data);

    bytes = vectors_hex(json_array_get(list, 1), "hex");
    in = bytes;
    assert_int_equal(dtt_gossip_stream_feed(&s, &in, &payload), 1);
    assert_int_equal(dtt_gossip_message_decode(payload, NULL, &m), DTT_OK);
    assert_int_equal(m.type, DTT_MSG_SHUFFLE_REPLY);
    assert_int_equal(dtt_gossip_stream_feed(&s, &in, &payload), 1);
    assert_int_equal(dtt_gossip_message_decode(payload, NULL, &m), DTT_OK);
    assert_int_equal(m.type, DTT_MSG_DISCONNECT);
    free((void *)bytes.data);
    /* A frame of no bytes is a frame; it is its payload that does not parse. */
    in = dtt_slice("\0\0\0\0", 4);
    assert_int_equal(dtt_gossip_stream_feed(&s, &in, &payload), 1);
    assert_int_equal(dtt_gossip_message_decode(payload, NULL, &m), DTT_EPROTO);
    dtt_gossip_stream_fini(&s);
    json_decref(root);
}

/* Only a frame in parts takes memory, and only until it has been seen. */
static void memory(void **state)
{
    (void)state;
    struct dtt_gossip_stream s;
    struct dtt_slice payload;
    dtt_gossip_stream_init(&s);
    s.has_topic = true;
    struct dtt_slice in = dtt_slice("\0\0\0\1a\0\0", 7);
    assert_int_equal(dtt_gossip_stream_feed(&s, &in, &payload), 1);
    assert_null(s.buf);
    oom_arm(1);
    assert_int_equal(dtt_gossip_stream_feed(&s, &in, &payload), DTT_ENOMEM);
    assert_true(oom_disarm());
    assert_int_equal(in.len, 2);
    assert_int_equal(dtt_gossip_stream_feed(&s, &in, &payload), 0);
    assert_non_null(s.buf);
    in = dtt_slice("\0\1b", 3);
    assert_int_equal(dtt_gossip_stream_feed(&s, &in, &payload), 1);
    assert_true(dtt_slice_is(payload, "b"));
    assert_int_equal(dtt_gossip_stream_feed(&s, &in, &payload), 0);
    assert_null(s.buf);
    dtt_gossip_stream_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split_at_every_byte),
        cmocka_unit_test(byte_by_byte),
        cmocka_unit_test(ends),
        cmocka_unit_test(bad_lengths),
        cmocka_unit_test(vectors),
        cmocka_unit_test(memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
