/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/dns.h"

#include "support/vectors.h"

static void names_are_lower_case(void **state)
{
    struct dtt_dns_name a, b;
    (void)state;
    dtt_dns_name_make(&a, "AbC._udp.local");
    dtt_dns_name_make(&b, "abc._udp.local");
    assert_int_equal(a.len, 16);
    assert_memory_equal(a.bytes, "\3abc\4_udp\5local", 16);
    assert_true(dtt_dns_name_eq(&a, &b));
    dtt_dns_name_make(&b, "abc._udp");
    assert_false(dtt_dns_name_eq(&a, &b));
}

static size_t write_message(uint8_t *buf, size_t cap, const uint8_t *bytes, size_t len)
{
    const struct dtt_dns_header header = {
        .id = 7, .flags = DTT_DNS_FLAG_RESPONSE, .questions = 1, .answers = 1};
    struct dtt_writer w = dtt_writer(buf, cap);
    struct dtt_dns_name name;
    dtt_dns_name_make(&name, "x._udp.local");
    dtt_dns_write_header(&w, &header);
    dtt_dns_write_question(&w, &name, DTT_DNS_TYPE_TXT, DTT_DNS_CLASS_IN);
    dtt_dns_write_name(&w, &name);
    dtt_dns_write_fields(&w, DTT_DNS_TYPE_TXT, DTT_DNS_CLASS_IN, 60, dtt_dns_text_len(len));
    dtt_dns_write_text(&w, dtt_slice(bytes, len));
    assert_false(w.failed);
    return w.len;
}

static void reads_what_it_wrote(void **state)
{
    uint8_t buf[1500], bytes[700], text[700];
    struct dtt_dns_message m;
    struct dtt_dns_entry e;
    struct dtt_writer w = dtt_writer(text, sizeof(text));
    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)i;
    }
    size_t len = write_message(buf, sizeof(buf), bytes, sizeof(bytes));
    assert_true(dtt_dns_open(&m, dtt_slice(buf, len)));
    assert_int_equal(m.id, 7);
    assert_int_equal(m.flags, DTT_DNS_FLAG_RESPONSE);
    assert_true(dtt_dns_next(&m, &e));
    assert_int_equal(e.section, DTT_DNS_QUESTION);
    assert_true(dtt_dns_next(&m, &e));
    assert_int_equal(e.section, DTT_DNS_ANSWER);
    assert_int_equal(e.ttl_s, 60);
    assert_int_equal(e.data.len, sizeof(bytes) + 3);
    assert_true(dtt_dns_read_text(e.data, &w));
    assert_int_equal(w.len, sizeof(bytes));
    assert_memory_equal(text, bytes, sizeof(bytes));
    assert_false(dtt_dns_next(&m, &e));
    assert_false(m.at.failed);
}

/* Every truncation is noticed. */
static void truncations_fail(void **state)
{
    uint8_t buf[1500], bytes[300] = {0};
    struct dtt_dns_message m;
    struct dtt_dns_entry e;
    (void)state;
    size_t len = write_message(buf, sizeof(buf), bytes, sizeof(bytes));
    for (size_t n = 0; n < len; n++) {
        bool is_open = dtt_dns_open(&m, dtt_slice(buf, n));
        assert_int_equal(is_open, n >= DTT_DNS_HEADER_BYTES);
        while (is_open && dtt_dns_next(&m, &e)) {
        }
        assert_true(m.at.failed);
    }
}

/* A pointer to itself, one forwards and a label of a reserved kind. */
static void names_that_never_end_fail(void **state)
{
    static const uint8_t names[][4] = {{0xc0, 12, 0, 0}, {0xc0, 14, 0, 0}, {0x40, 1, 'x', 0}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint8_t buf[20] = {[5] = 1};
        struct dtt_dns_message m;
        struct dtt_dns_entry e;
        memcpy(buf + 12, names[i], 4);
        assert_true(dtt_dns_open(&m, dtt_slice(buf, sizeof(buf))));
        assert_false(dtt_dns_next(&m, &e));
        assert_true(m.at.failed);
    }
}

static void strings_longer_than_the_data_fail(void **state)
{
    uint8_t text[8];
    struct dtt_writer w = dtt_writer(text, sizeof(text));
    (void)state;
    assert_false(dtt_dns_read_text(dtt_slice("\3ab", 3), &w));
    w = dtt_writer(text, 2);
    assert_false(dtt_dns_read_text(dtt_slice("\3abc", 4), &w));
    w = dtt_writer(text, 2);
    assert_true(dtt_dns_read_text(dtt_slice("", 0), &w));
    assert_int_equal(w.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_lower_case),
        cmocka_unit_test(reads_what_it_wrote),
        cmocka_unit_test(truncations_fail),
        cmocka_unit_test(names_that_never_end_fail),
        cmocka_unit_test(strings_longer_than_the_data_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
