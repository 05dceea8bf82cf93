/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "relay/websocket.h"

#include "support/vectors.h"

#include <stdlib.h>
#include <string.h>

#define MAX 1000

static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};

void __wrap_dtt_rng_bytes(struct dtt_rng *r, void *out, size_t len);

void __wrap_dtt_rng_bytes(struct dtt_rng *r, void *out, size_t len)
{
    (void)r;
    assert_int_equal(len, sizeof(mask));
    memcpy(out, mask, sizeof(mask));
}

struct socket {
    struct dtt_rng rng;
    struct dtt_buffer out;
    struct dtt_websocket *w;
};

static void open_socket(struct socket *s)
{
    *s = (struct socket){.out.max = 4096};
    assert_int_equal(dtt_websocket_new(&s->w, &s->rng, &s->out, MAX), DTT_OK);
}

static void close_socket(struct socket *s)
{
    dtt_websocket_free(s->w);
    dtt_buffer_clear(&s->out);
}

/* What comes of `bytes`, of which `step` come at a time: an error, or the number of messages, whose
 * contents are put together in `ret`. */
static int receive(struct socket *s, struct dtt_slice bytes, size_t step, struct dtt_writer *ret)
{
    int n = 0;
    while (bytes.len > 0) {
        struct dtt_slice message;
        size_t now = bytes.len < step ? bytes.len : step;
        dtt_websocket_recv(s->w, dtt_slice(bytes.data, now));
        for (;;) {
            int got = dtt_websocket_next(s->w, &message);
            if (got < 0) {
                return got;
            }
            if (got == 0) {
                break;
            }
            dtt_write_slice(ret, message);
            n++;
        }
        bytes = dtt_slice(bytes.data + now, bytes.len - now);
    }
    return n;
}

static void frames_of_a_client_are_as_recorded(void **state)
{
    json_t *root = vectors_load("relay.json");
    json_t *list = vectors_at(root, "websocket");
    (void)state;
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *c = json_array_get(list, i);
        struct dtt_slice payload = vectors_hex(c, "payload"), bytes = vectors_hex(c, "bytes");
        struct socket s;
        open_socket(&s);
        if (strncmp(vectors_text(c, "name"), "client", 6) == 0) {
            for (size_t cut = 1; cut < payload.len; cut++) { /* in two parts, it is the same */
                dtt_buffer_clear(&s.out);
                assert_int_equal(
                    dtt_websocket_send(s.w, dtt_slice(payload.data, cut),
                                       dtt_slice(payload.data + cut, payload.len - cut)),
                    DTT_OK);
                assert_int_equal(s.out.len, bytes.len);
                assert_memory_equal(s.out.data, bytes.data, bytes.len);
            }
        } else {
            uint8_t buf[16];
            struct dtt_writer w = dtt_writer(buf, sizeof(buf));
            assert_int_equal(receive(&s, bytes, 1, &w), 1);
            assert_int_equal(w.len, payload.len);
            assert_memory_equal(buf, payload.data, payload.len);
        }
        close_socket(&s);
        free((void *)payload.data);
        free((void *)bytes.data);
    }
    json_decref(root);
}

static void pieces_make_a_message_and_control_frames_may_lie_between(void **state)
{
    static const char bytes[] = "\x81\x04text"         /* no message of ours */
                                "\x02\x03one"          /* the first piece */
                                "\x89\x02hi"           /* a ping */
                                "\x00\x00"             /* an empty piece */
                                "\x8a\x02yo"           /* a pong */
                                "\x80\x03two"          /* the last piece */
                                "\x89\x00"             /* an empty ping */
                                "\x01\x02te\x80\x02xt" /* a text in pieces */
                                "\x82\x00"             /* an empty message */
                                "\x82\x05three";
    static const uint8_t pongs[] = {0x8a,       0x82, 0x37, 0xfa, 0x21, 0x3d, 'h' ^ 0x37,
                                    'i' ^ 0xfa, 0x8a, 0x80, 0x37, 0xfa, 0x21, 0x3d};
    (void)state;
    for (size_t step = 1; step < sizeof(bytes); step++) {
        char buf[64];
        struct dtt_writer w = dtt_writer(buf, sizeof(buf));
        struct socket s;
        open_socket(&s);
        assert_int_equal(receive(&s, dtt_slice(bytes, sizeof(bytes) - 1), step, &w), 3);
        assert_int_equal(w.len, 11);
        assert_memory_equal(buf, "onetwothree", 11);
        assert_int_equal(s.out.len, sizeof(pongs));
        assert_memory_equal(s.out.data, pongs, sizeof(pongs));
        close_socket(&s);
    }
}

static void bad_frames_end_it(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        int err;
    } cases[] = {
        {"\x82\x81\x00\x00\x00\x00x", 7, DTT_EPROTO}, /* masked */
        {"\xc2\x01x", 3, DTT_EPROTO},                 /* an extension */
        {"\x83\x01x", 3, DTT_EPROTO},                 /* an unknown opcode */
        {"\x8b\x00", 2, DTT_EPROTO},                  /* an unknown control frame */
        {"\x80\x01x", 3, DTT_EPROTO},                 /* a piece of nothing */
        {"\x02\x01x\x82\x01y", 6, DTT_EPROTO},        /* another begins in its midst */
        {"\x09\x01x", 3, DTT_EPROTO},                 /* a ping in pieces */
        {"\x89\x7e\x00\x7e", 4, DTT_EPROTO},          /* a ping of 126 bytes */
        {"\x88\x02\x03\xe8", 4, DTT_ECLOSED},
        {"\x88\x00", 2, DTT_ECLOSED},
        {"\x82\x7e\x03\xe9x", 5, DTT_ETOOBIG},                          /* 1001 bytes */
        {"\x82\x7f\x3f\xff\xff\xff\xff\xff\xff\xffx", 11, DTT_ETOOBIG}, /* 2^62 */
        {"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xffx", 11, DTT_EPROTO},  /* more than there is */
        {"\x02\x01x\x80\x7e\x03\xe8y", 8, DTT_ETOOBIG},                 /* in two pieces */
        {"\x81\x7e\x03\xe9x", 5, DTT_ETOOBIG},                          /* and a text */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t step = 1; step <= cases[i].len; step++) {
            uint8_t buf[16];
            struct dtt_writer w = dtt_writer(buf, sizeof(buf));
            struct socket s;
            open_socket(&s);
            assert_int_equal(receive(&s, dtt_slice(cases[i].bytes, cases[i].len), step, &w),
                             cases[i].err);
            close_socket(&s);
        }
    }
}

static void room_for_answers_is_bounded(void **state)
{
    struct socket s;
    uint8_t buf[16];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    (void)state;
    open_socket(&s);
    s.out.max = 100;
    int err = 0;
    size_t n = 0;
    while (err == 0) {
        err = receive(&s, dtt_slice("\x89\x04ping", 6), 6, &w);
        assert_true(++n < 20);
    }
    assert_int_equal(err, DTT_EFULL);
    assert_true(s.out.len <= 100);
    assert_int_equal(s.out.len % 10, 0); /* whole frames only */
    uint8_t block[90] = {0};
    assert_int_equal(dtt_websocket_send(s.w, dtt_slice(block, 1), dtt_slice(block, 89)), DTT_EFULL);
    assert_int_equal(s.out.len % 10, 0);
    close_socket(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_a_client_are_as_recorded),
        cmocka_unit_test(pieces_make_a_message_and_control_frames_may_lie_between),
        cmocka_unit_test(bad_frames_end_it),
        cmocka_unit_test(room_for_answers_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
