/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/trace.h"

#include "base/addr.h"
#include "base/ctx.h"
#include "support/vectors.h"

static const struct dtt_id id = {{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xff}};

static size_t format(char *out, size_t cap, struct dtt_trace_value a, struct dtt_trace_value b)
{
    const struct dtt_trace_value values[] = {a, b, {.kind = DTT_TV_END}};
    return dtt_trace_format(&(struct dtt_trace_record){DTT_TP_NODE_RX_UNKNOWN, values}, out, cap);
}

static void test_lines(void **state)
{
    struct dtt_addr addr = dtt_addr_v4(1, 2, 3, 4, 5);
    char out[300];
    (void)state;
    size_t n = format(out, sizeof(out), dtt_tv_addr(&addr), dtt_tv_int(INT64_MIN));
    assert_string_equal(out, "node rx_unknown from=1.2.3.4:5 bytes=-9223372036854775808");
    assert_int_equal(n, strlen(out));
    format(out, sizeof(out), dtt_tv_id(&id), dtt_tv_text("get"));
    assert_string_equal(out, "node rx_unknown from=0123456789 bytes=get");
    format(out, sizeof(out), dtt_tv_id(&id), dtt_tv_text(NULL));
    assert_string_equal(out, "node rx_unknown from=0123456789 bytes=");
}

/* Text from the network cannot forge a line or an escape sequence. */
static void test_hostile_text(void **state)
{
    char out[300];
    (void)state;
    format(out, sizeof(out), dtt_tv_text("a\nb\x1b[2J\x7f\xc3\xa9"), dtt_tv_int(1));
    assert_string_equal(out, "node rx_unknown from=a?b?[2J??? bytes=1");
}

static void test_cuts_what_does_not_fit(void **state)
{
    char whole[300];
    char out[300];
    (void)state;
    size_t len = format(whole, sizeof(whole), dtt_tv_id(&id), dtt_tv_text("text"));
    for (size_t cap = 0; cap <= len + 1; cap++) {
        memset(out, '#', sizeof(out));
        size_t n = format(out, cap, dtt_tv_id(&id), dtt_tv_text("text"));
        assert_int_equal(n, cap ? cap - 1 : 0);
        assert_memory_equal(out, whole, n);
        if (cap) {
            assert_int_equal(out[n], '\0');
        }
        assert_int_equal(out[cap], '#');
    }
}

static void test_fewer_and_more_values_than_fields(void **state)
{
    const struct dtt_trace_value none[] = {{.kind = DTT_TV_END}};
    const struct dtt_trace_value three[] = {
        dtt_tv_int(1), dtt_tv_int(2), dtt_tv_int(3), {.kind = DTT_TV_END}};
    char out[100];
    (void)state;
    dtt_trace_format(&(struct dtt_trace_record){DTT_TP_NODE_RX_UNKNOWN, none}, out, sizeof(out));
    assert_string_equal(out, "node rx_unknown");
    dtt_trace_format(&(struct dtt_trace_record){DTT_TP_NODE_RX_UNKNOWN, three}, out, sizeof(out));
    assert_string_equal(out, "node rx_unknown from=1 bytes=2");
}

/* Every definition gives a line of a module, an event and named fields. */
static void test_every_point(void **state)
{
    struct dtt_trace_value values[16];
    (void)state;
    for (size_t i = 0; i < 15; i++) {
        values[i] = dtt_tv_int(0);
    }
    values[15].kind = DTT_TV_END;
    for (unsigned p = 0; p < DTT_TP_COUNT; p++) {
        const struct dtt_trace_record rec = {(enum dtt_trace_point)p, values};
        char out[1000];
        dtt_trace_format(&rec, out, sizeof(out));
        char *fields = strchr(strchr(out, ' ') + 1, ' ');
        assert_in_range(strspn(out, "abcdefghijklmnopqrstuvwxyz"), 1, SIZE_MAX);
        for (char *field = strtok(fields, " "); field; field = strtok(NULL, " ")) {
            size_t n = strspn(field, "abcdefghijklmnopqrstuvwxyz0123456789_");
            assert_in_range(n, 1, SIZE_MAX);
            assert_string_equal(field + n, "=0");
        }
        assert_in_range(dtt_trace_point_level(rec.point), DTT_TRACE_LEVEL_ERROR,
                        DTT_TRACE_LEVEL_DEBUG);
    }
}

static void count(void *user, const struct dtt_trace_record *rec)
{
    assert_int_equal(rec->point, DTT_TP_NODE_RX_UNKNOWN);
    assert_int_equal(rec->values[1].kind, DTT_TV_INT);
    assert_int_equal(rec->values[2].kind, DTT_TV_END);
    ++*(int *)user;
}

static void test_levels(void **state)
{
    struct dtt_addr addr = dtt_addr_v4(1, 2, 3, 4, 5);
    int calls = 0;
    struct dtt_ctx ctx = {.trace = {.sink = count, .user = &calls}};
    (void)state;
    for (int level = DTT_TRACE_LEVEL_OFF; level <= DTT_TRACE_LEVEL_DEBUG; level++) {
        ctx.trace.level = (enum dtt_trace_level)level;
        DTT_TRACE(&ctx, NODE_RX_UNKNOWN, dtt_tv_addr(&addr), dtt_tv_int(3));
        assert_int_equal(calls, level == DTT_TRACE_LEVEL_DEBUG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_hostile_text),
        cmocka_unit_test(test_cuts_what_does_not_fit),
        cmocka_unit_test(test_fewer_and_more_values_than_fields),
        cmocka_unit_test(test_every_point),
        cmocka_unit_test(test_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
