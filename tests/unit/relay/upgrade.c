/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "relay/upgrade.h"

#include "relay/auth.h"
#include "support/vectors.h"

#include <stdio.h>
#include <string.h>

static const uint8_t key[DTT_UPGRADE_KEY_BYTES] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                   8, 9, 10, 11, 12, 13, 14, 15};

static void the_request_is_as_recorded(void **state)
{
    json_t *root = vectors_load("relay.json");
    char buf[DTT_UPGRADE_REQUEST_MAX];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    struct dtt_upgrade_request request = {.authority = "localhost:3340", .query = ""};
    (void)state;
    memcpy(request.key, key, sizeof(key));
    dtt_upgrade_write(&w, &request);
    assert_false(w.failed);
    const char *want = vectors_text(root, "upgrade.request");
    assert_int_equal(w.len, strlen(want));
    assert_memory_equal(buf, want, w.len);

    w = dtt_writer(buf, sizeof(buf));
    request.query = "?token=t";
    request.auth = "abc";
    dtt_upgrade_write(&w, &request);
    assert_memory_equal(buf, "GET /relay?token=t HTTP/1.1\r\n", 29);
    assert_memory_equal(buf + w.len - 38, "\r\nX-Iroh-Relay-Client-Auth-V1: abc\r\n\r\n", 38);
    json_decref(root);
}

/* The answer as it was read, `step` bytes at a time, and how many of them were its head. */
static int read_head(struct dtt_upgrade *u, struct dtt_slice bytes, size_t step)
{
    int total = 0;
    dtt_upgrade_init(u, key);
    while (bytes.len > 0 && !u->is_over) {
        size_t n = bytes.len < step ? bytes.len : step;
        int used = dtt_upgrade_recv(u, dtt_slice(bytes.data, n));
        if (used < 0) {
            return used;
        }
        total += used;
        bytes = dtt_slice(bytes.data + n, bytes.len - n);
    }
    return total;
}

static void a_good_answer_is_read_to_its_last_byte(void **state)
{
    json_t *root = vectors_load("relay.json");
    const char *head = vectors_text(root, "upgrade.response");
    char bytes[1024];
    struct dtt_upgrade u;
    (void)state;
    size_t len = strlen(head);
    snprintf(bytes, sizeof(bytes), "%s\x82\x01\x02", head); /* what follows is not its own */
    for (size_t step = 1; step < len + 3; step++) {
        assert_int_equal(read_head(&u, dtt_slice(bytes, len + 3), step), len);
        assert_true(u.is_over && u.is_websocket && u.is_accepted);
        assert_int_equal(u.head.status, 101);
        assert_int_equal(u.version, 2);
    }
    json_decref(root);
}

/* All of `text` is a head. */
static void read_text(struct dtt_upgrade *u, const char *text)
{
    assert_int_equal(read_head(u, dtt_slice(text, strlen(text)), 5), strlen(text));
    assert_true(u->is_over);
}

static void answers_may_be_written_in_other_ways(void **state)
{
    struct dtt_upgrade u;
    (void)state;
    read_text(&u, "HTTP/1.1 101\nUPGRADE:WebSocket \t\nSEC-WebSocket-Accept:  "
                  "Bz3qJYTGdOe8gUSpLosEdiLKDrk=\nSec-WebSocket-Protocol: iroh-relay-v1\n\n");
    assert_true(u.is_websocket && u.is_accepted);
    assert_int_equal(u.version, 1);
    read_text(&u, "HTTP/1.0 429 Too Many\r\nretry-after: 3\r\n\r\n");
    assert_true(!u.is_websocket && !u.is_accepted);
    assert_int_equal(u.head.status, 429);
    assert_int_equal(u.version, 0);
    read_text(&u, "HTTP/1.1 101 x\nupgrade: websockets\nsec-websocket-accept: "
                  "bz3qJYTGdOe8gUSpLosEdiLKDrk=\nsec-websocket-protocol: iroh-relay-v22\n\n");
    assert_true(!u.is_websocket && !u.is_accepted && u.version == 0);
}

static void what_is_not_HTTP_is_refused(void **state)
{
    static const char *const lines[] = {"SSH-2.0-OpenSSH\r\n",    "HTTP/2 200\r\n",
                                        "HTTP/1.1 2\r\n",         "HTTP/1.1 20x OK\r\n",
                                        "HTTP/1.1 2000 OK\r\n",   "HTTP/1.1 099 x\r\n",
                                        "\r\nHTTP/1.1 200 OK\r\n"};
    struct dtt_upgrade u;
    char endless[DTT_HTTP_HEAD_MAX + 1];
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_int_equal(read_head(&u, dtt_slice(lines[i], strlen(lines[i])), 5), DTT_EPROTO);
    }
    assert_int_equal(read_head(&u, dtt_slice("HTTP/1.1 101 x\r\n\0", 17), 17), DTT_EPROTO);
    int len = snprintf(endless, sizeof(endless), "HTTP/1.1 101 x\r\n");
    memset(endless + len, 'x', sizeof(endless) - (size_t)len);
    assert_int_equal(read_head(&u, dtt_slice(endless, DTT_HTTP_HEAD_MAX), 100), DTT_HTTP_HEAD_MAX);
    assert_int_equal(read_head(&u, dtt_slice(endless, sizeof(endless)), 100), DTT_EPROTO);
}

static void the_key_is_proven_in_both_ways(void **state)
{
    json_t *root = vectors_load("relay.json");
    json_t *list = vectors_at(root, "key_material_auth");
    (void)state;
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *c = json_array_get(list, i);
        uint8_t seed[32] = {0}, material[DTT_RELAY_MATERIAL_BYTES];
        char field[DTT_RELAY_AUTH_TEXT_MAX];
        memset(seed, vectors_text(c, "key")[0] == 'b', sizeof(seed));
        vectors_hex_into(c, "exported", material, sizeof(material));
        dtt_relay_auth_field(field, seed, material);
        assert_string_equal(field, vectors_text(c, "value"));
    }
    list = vectors_at(root, "challenge_auth");
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *c = json_array_get(list, i);
        uint8_t seed[32], challenge[DTT_RELAY_CHALLENGE_BYTES];
        uint8_t want[DTT_RELAY_AUTH_FRAME_BYTES], got[DTT_RELAY_AUTH_FRAME_BYTES];
        struct dtt_writer w = dtt_writer(got, sizeof(got));
        memset(seed, vectors_text(c, "key")[0] == 'b', sizeof(seed));
        vectors_hex_into(c, "challenge", challenge, sizeof(challenge));
        vectors_hex_into(c, "client_frame", want, sizeof(want));
        dtt_relay_auth_answer(&w, seed, challenge);
        assert_int_equal(w.len, sizeof(want));
        assert_memory_equal(got, want, sizeof(want));
    }
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_is_as_recorded),
        cmocka_unit_test(a_good_answer_is_read_to_its_last_byte),
        cmocka_unit_test(answers_may_be_written_in_other_ways),
        cmocka_unit_test(what_is_not_HTTP_is_refused),
        cmocka_unit_test(the_key_is_proven_in_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
