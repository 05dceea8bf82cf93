/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/http.h"

#include "support/vectors.h"

#include <stdio.h>

#define BODY 16

struct reading {
    struct dtt_http_answer answer;
    uint8_t body[BODY];
};

static void start(struct reading *r)
{
    dtt_http_answer_init(&r->answer, r->body, sizeof(r->body));
}

static void feed(struct reading *r, const char *text)
{
    dtt_http_answer_recv(&r->answer, dtt_slice(text, strlen(text)));
}

static void read_whole(struct reading *r, const char *text)
{
    start(r);
    feed(r, text);
}

static void expect_body(const struct reading *r, const char *text)
{
    assert_int_equal(r->answer.state, DTT_HTTP_DONE);
    assert_int_equal(r->answer.status, 200);
    assert_true(dtt_slice_is(dtt_slice(r->body, r->answer.body.len), text));
}

static void reads_answers(void **state)
{
    struct reading r;
    (void)state;
    read_whole(&r, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef");
    expect_body(&r, "abc");
    read_whole(&r, "HTTP/1.0 200\ncontent-LENGTH:3 \n\nabc");
    expect_body(&r, "abc");
    read_whole(&r, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    expect_body(&r, "");
    read_whole(&r, "HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    assert_int_equal(r.answer.state, DTT_HTTP_DONE);
    assert_int_equal(r.answer.status, 204);
    read_whole(&r, "HTTP/1.1 429 Too Many\r\nRetry-After: 3\r\nContent-Length: 99999\r\n\r\n");
    assert_int_equal(r.answer.state, DTT_HTTP_DONE);
    assert_int_equal(r.answer.status, 429);
    assert_int_equal(r.answer.retry_after_s, 3);
    read_whole(&r, "HTTP/1.1 503 No\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n\r\n");
    assert_int_equal(r.answer.retry_after_s, 0);
}

static void a_body_without_length_ends_with_the_stream(void **state)
{
    struct reading r;
    (void)state;
    read_whole(&r, "HTTP/1.1 200 OK\r\n\r\nabc");
    assert_int_equal(r.answer.state, DTT_HTTP_BODY);
    dtt_http_answer_end(&r.answer);
    expect_body(&r, "abc");
    read_whole(&r, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc");
    dtt_http_answer_end(&r.answer);
    assert_int_equal(r.answer.state, DTT_HTTP_BROKEN);
}

static void refuses_what_is_not_for_it(void **state)
{
    static const char *const bad[] = {
        "SSH-2.0-OpenSSH\r\n",
        "HTTP/2 200 OK\r\n",
        "HTTP/1.1 20 OK\r\n",
        "HTTP/1.1 2000 OK\r\n",
        "HTTP/1.1 099 OK\r\n",
        "HTTP/1.1\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999999\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n12345678901234567",
    };
    struct reading r;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        read_whole(&r, bad[i]);
        assert_int_equal(r.answer.state, DTT_HTTP_BROKEN);
        assert_non_null(r.answer.why);
    }
}

/* Of a long line its beginning counts, and all of them together are bounded. */
static void a_head_is_bounded(void **state)
{
    struct reading r;
    char line[2000];
    (void)state;
    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\0';
    read_whole(&r, "HTTP/1.1 200 OK\r\nX: ");
    for (int i = 0; i < 3; i++) {
        feed(&r, line);
    }
    feed(&r, "\r\nContent-Length: 2\r\n\r\nok");
    expect_body(&r, "ok");
    read_whole(&r, "HTTP/1.1 200 OK\r\nX: ");
    for (int i = 0; i < 5; i++) {
        feed(&r, line);
    }
    assert_int_equal(r.answer.state, DTT_HTTP_BROKEN);
    start(&r);
    for (size_t i = 0; i <= DTT_HTTP_HEAD_MAX && !dtt_http_answer_is_over(&r.answer); i += 25) {
        feed(&r, "HTTP/1.1 100 Continue\r\n\r\n");
    }
    assert_int_equal(r.answer.state, DTT_HTTP_BROKEN);
}

/* The same answer in pieces of any size. */
static void pieces_do_not_matter(void **state)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 5\r\n\r\nhello";
    (void)state;
    for (size_t size = 1; size < sizeof(text); size++) {
        struct reading r;
        start(&r);
        for (size_t at = 0; at < sizeof(text) - 1; at += size) {
            size_t left = sizeof(text) - 1 - at;
            dtt_http_answer_recv(&r.answer, dtt_slice(text + at, left < size ? left : size));
        }
        expect_body(&r, "hello");
    }
}

static void only_does_not_crash(void *user, struct dtt_slice in)
{
    struct reading r;
    (void)user;
    start(&r);
    dtt_http_answer_recv(&r.answer, in);
    dtt_http_answer_end(&r.answer);
    assert_true(dtt_http_answer_is_over(&r.answer) && r.answer.body.len <= BODY);
}

/* The head of iroh-dns-server's answer, recorded. */
static void is_total(void **state)
{
    json_t *all = vectors_load("pkarr_http.json");
    char text[1024];
    struct reading r;
    (void)state;
    int len = snprintf(text, sizeof(text), "%s\r\n\r\n", vectors_text(all, "http_get_answer_head"));
    assert_in_range(len, 1, sizeof(text) - 1);
    sweep_truncations(dtt_slice(text, (size_t)len), only_does_not_crash, NULL);
    sweep_bit_flips(dtt_slice(text, (size_t)len), only_does_not_crash, NULL);
    uint8_t body[181];
    dtt_http_answer_init(&r.answer, body, sizeof(body));
    feed(&r, text);
    assert_int_equal(r.answer.state, DTT_HTTP_BODY);
    assert_int_equal(r.answer.length, sizeof(body));
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_answers),
        cmocka_unit_test(a_body_without_length_ends_with_the_stream),
        cmocka_unit_test(refuses_what_is_not_for_it),
        cmocka_unit_test(a_head_is_bounded),
        cmocka_unit_test(pieces_do_not_matter),
        cmocka_unit_test(is_total),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
