/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "relay/frame.h"

#include "support/vectors.h"

#include <stdlib.h>
#include <string.h>

static json_t *root;

static void must_be_id(const struct dtt_id *id, json_t *c, const char *member)
{
    uint8_t want[DTT_ID_BYTES];
    char path[32] = "keys.x.id";
    path[5] = vectors_text(c, member)[0];
    vectors_hex_into(root, path, want, sizeof(want));
    assert_memory_equal(id->bytes, want, sizeof(want));
}

static unsigned version_of(json_t *c)
{
    json_t *version = json_object_get(c, "version");
    return version && strcmp(json_string_value(version), "v1") == 0 ? 1 : 2;
}

static bool has(json_t *c, const char *member)
{
    return json_object_get(c, member) != NULL;
}

static void check_server_frame(json_t *c)
{
    struct dtt_slice bytes = vectors_hex(c, "frame");
    struct dtt_relay_frame f;
    assert_int_equal(dtt_relay_frame_read(bytes, version_of(c), &f), DTT_OK);
    assert_int_equal(f.type, bytes.data[0]);
    if (has(c, "data") || has(c, "challenge")) {
        struct dtt_slice want = vectors_hex(c, has(c, "data") ? "data" : "challenge");
        assert_true(dtt_slice_eq(f.data, want));
        free((void *)want.data);
    }
    if (has(c, "reason") || has(c, "text")) {
        assert_true(dtt_slice_is(f.data, vectors_text(c, has(c, "reason") ? "reason" : "text")));
    }
    if (has(c, "src")) {
        must_be_id(&f.id, c, "src");
        json_int_t segment = has(c, "segment") ? json_integer_value(vectors_at(c, "segment")) : 10;
        assert_int_equal(f.segment, segment);
    }
    if (has(c, "id")) {
        must_be_id(&f.id, c, "id");
    }
    if (has(c, "status")) {
        assert_int_equal(f.status, json_integer_value(vectors_at(c, "status")));
    }
    if (has(c, "reconnect_in_ms")) {
        assert_true(dtt_slice_eq(f.data, dtt_slice("\0\0\0\x0a\0\0\0\x14", 8)));
    }
    free((void *)bytes.data);
}

/* A frame of ours: one without ECN, since we send none, and with the segment that we would give. */
static unsigned check_client_frame(json_t *c)
{
    struct dtt_slice want = vectors_hex(c, "frame");
    uint8_t buf[128];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    uint8_t type = want.data[0];
    bool is_ours = type == DTT_RELAY_PING || type == DTT_RELAY_PONG;
    if (is_ours) {
        dtt_relay_frame_write_ping(&w, (enum dtt_relay_frame_type)type, want.data + 1);
    } else if ((type == DTT_RELAY_CLIENT_DATAGRAM || type == DTT_RELAY_CLIENT_DATAGRAMS) &&
               json_integer_value(vectors_at(c, "ecn")) == 0) {
        struct dtt_slice data = vectors_hex(c, "data");
        struct dtt_id to;
        size_t segment =
            has(c, "segment") ? (size_t)json_integer_value(vectors_at(c, "segment")) : data.len;
        memcpy(to.bytes, want.data + 1, sizeof(to.bytes));
        is_ours = type == DTT_RELAY_CLIENT_DATAGRAM || (segment > 0 && segment < data.len);
        dtt_relay_frame_write_head(&w, &to, segment, data.len);
        dtt_write_slice(&w, data);
        free((void *)data.data);
    }
    assert_true(!is_ours || dtt_slice_eq(dtt_slice(buf, w.len), want));
    free((void *)want.data);
    return is_ours;
}

static void frames_are_those_of_iroh(void **state)
{
    json_t *list = vectors_at(root, "frames");
    unsigned read = 0, written = 0;
    (void)state;
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *c = json_array_get(list, i);
        if (vectors_text(c, "direction")[0] == 's') {
            check_server_frame(c);
            read++;
        } else {
            written += check_client_frame(c);
        }
    }
    assert_int_equal(read, 15);
    assert_int_equal(written, 4);
}

static void bad_frames_are_refused(void **state)
{
    json_t *list = vectors_at(root, "reject");
    struct dtt_relay_frame f;
    unsigned n = 0;
    (void)state;
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *c = json_array_get(list, i);
        if (vectors_text(c, "direction")[0] == 's') {
            struct dtt_slice bytes = vectors_hex(c, "frame");
            assert_int_equal(dtt_relay_frame_read(bytes, version_of(c), &f), DTT_EPROTO);
            free((void *)bytes.data);
            n++;
        }
    }
    assert_int_equal(n, 7);
    assert_int_equal(dtt_relay_frame_read(dtt_slice(NULL, 0), 2, &f), DTT_EPROTO);
    assert_int_equal(dtt_relay_frame_read(dtt_slice("\x40", 1), 2, &f), DTT_EPROTO);
    assert_int_equal(dtt_relay_frame_read(dtt_slice("\x0e", 1), 2, &f), DTT_EPROTO);
    assert_int_equal(dtt_relay_frame_read(dtt_slice("\x41\x02", 2), 2, &f), DTT_EPROTO);
    assert_int_equal(dtt_relay_frame_read(dtt_slice("\x40\x02", 2), 2, &f), DTT_OK);
    assert_int_equal(dtt_relay_frame_read(dtt_slice("\x03\xff\xff", 3), 2, &f), DTT_EPROTO);
}

/* Whatever is read lies within what came. */
static void read_any(void *user, struct dtt_slice in)
{
    struct dtt_relay_frame f;
    (void)user;
    for (unsigned version = 1; version <= 2; version++) {
        if (dtt_relay_frame_read(in, version, &f) == DTT_OK && f.data.len > 0) {
            assert_true(f.data.data >= in.data && f.data.data + f.data.len <= in.data + in.len);
            assert_true(f.segment <= UINT16_MAX || f.segment == f.data.len);
        }
    }
}

static void damaged_frames_are_read_safely(void **state)
{
    json_t *list = vectors_at(root, "frames");
    (void)state;
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct dtt_slice bytes = vectors_hex(json_array_get(list, i), "frame");
        sweep_truncations(bytes, read_any, NULL);
        sweep_bit_flips(bytes, read_any, NULL);
        free((void *)bytes.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_those_of_iroh),
        cmocka_unit_test(bad_frames_are_refused),
        cmocka_unit_test(damaged_frames_are_read_safely),
    };
    root = vectors_load("relay.json");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(root);
    return failed;
}
