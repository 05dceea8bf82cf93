/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/pkarr.h"

#include "base/addr.h"
#include "codec/text.h"
#include "support/vectors.h"

#include <stdlib.h>

#define ADDRS 8

static struct dtt_id id_of(json_t *v)
{
    struct dtt_id id;
    vectors_hex_into(v, "public_key", id.bytes, sizeof(id.bytes));
    return id;
}

static void expect_addrs(struct dtt_slice packet, const struct dtt_id *id)
{
    struct dtt_addr got[ADDRS];
    char text[DTT_ADDR_TEXT_MAX];
    assert_int_equal(dtt_pkarr_read(packet, id, got, ADDRS), 2);
    dtt_addr_format(&got[0], text);
    assert_string_equal(text, "192.0.2.1:4433");
    dtt_addr_format(&got[1], text);
    assert_string_equal(text, "[2001:db8::1]:4433");
    assert_int_equal(dtt_pkarr_read(packet, id, got, 1), 1);
}

/* Both forms of iroh's packet, names compressed and written out: relay and user data are passed. */
static void reads_what_iroh_writes(void **state)
{
    const char *forms[] = {"pkarr_compressed", "pkarr_plain"};
    json_t *all = vectors_load("iroh.json");
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        json_t *v = vectors_at(all, forms[i]);
        struct dtt_id id = id_of(v);
        struct dtt_slice packet = vectors_hex(v, "dns_packet");
        expect_addrs(packet, &id);
        free((void *)(uintptr_t)packet.data);
    }
    json_decref(all);
}

/* The compressed form less its relay (first) and its user data (last). */
static void writes_what_iroh_writes(void **state)
{
    json_t *all = vectors_load("iroh.json");
    json_t *v = vectors_at(all, "pkarr_compressed");
    struct dtt_slice whole = vectors_hex(v, "dns_packet");
    struct dtt_id id = id_of(v);
    struct dtt_addr addrs[2];
    uint8_t buf[DTT_PKARR_PACKET_MAX];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    const size_t head = 12 + 6 + 53 + 1; /* header and the first owner name */
    const size_t fixed = 10;             /* type, class, TTL, length of the data */
    const size_t relay = fixed + 0x2a, first = fixed + 0x14, second = 2 + fixed + 0x18;
    (void)state;
    assert_int_equal(dtt_addr_parse("192.0.2.1:4433", &addrs[0]), DTT_OK);
    assert_int_equal(dtt_addr_parse("[2001:db8::1]:4433", &addrs[1]), DTT_OK);
    dtt_pkarr_write(&w, &id, addrs, 2);
    assert_false(w.failed);
    assert_int_equal(w.len, head + first + second);
    assert_int_equal(buf[7], 2);
    assert_memory_equal(buf + 8, whole.data + 8, head - 8);
    assert_memory_equal(buf + head, whole.data + head + relay + 2, first + second);
    expect_addrs(dtt_slice(buf, w.len), &id);
    w = dtt_writer(buf, w.len - 1);
    dtt_pkarr_write(&w, &id, addrs, 2);
    assert_true(w.failed);
    free((void *)(uintptr_t)whole.data);
    json_decref(all);
}

static void tells_nothing_of_another(void **state)
{
    struct dtt_id id = {{1}}, other = {{2}};
    struct dtt_addr addr = dtt_addr_v4(192, 0, 2, 1, 1), got[ADDRS];
    uint8_t buf[DTT_PKARR_PACKET_MAX];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    (void)state;
    dtt_pkarr_write(&w, &id, &addr, 1);
    assert_int_equal(dtt_pkarr_read(dtt_slice(buf, w.len), &id, got, ADDRS), 1);
    assert_int_equal(dtt_pkarr_read(dtt_slice(buf, w.len), &other, got, ADDRS), 0);
    buf[2] = 0; /* a query */
    assert_int_equal(dtt_pkarr_read(dtt_slice(buf, w.len), &id, got, ADDRS), DTT_EPROTO);
}

/* A pointer to itself, forwards, and two that lead to each other. */
static void names_end(void **state)
{
    const char *names[] = {"\xc0\x0c", "\xc0\x20", "\x01x\xc0\x0c"};
    struct dtt_id id = {{1}};
    struct dtt_addr got[ADDRS];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint8_t buf[64] = {0, 0, 0x80, 0, 0, 0, 0, 1};
        memcpy(buf + 12, names[i], strlen(names[i]));
        assert_int_equal(dtt_pkarr_read(dtt_slice(buf, sizeof(buf)), &id, got, ADDRS), DTT_EPROTO);
    }
}

static void only_does_not_crash(void *user, struct dtt_slice in)
{
    struct dtt_addr got[ADDRS];
    int n = dtt_pkarr_read(in, user, got, ADDRS);
    assert_true(n == DTT_EPROTO || (n >= 0 && n <= ADDRS));
}

static void is_total(void **state)
{
    const char *forms[] = {"pkarr_compressed", "pkarr_plain"};
    json_t *all = vectors_load("iroh.json");
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        json_t *v = vectors_at(all, forms[i]);
        struct dtt_id id = id_of(v);
        struct dtt_slice packet = vectors_hex(v, "dns_packet");
        sweep_truncations(packet, only_does_not_crash, &id);
        sweep_bit_flips(packet, only_does_not_crash, &id);
        free((void *)(uintptr_t)packet.data);
    }
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_iroh_writes),
        cmocka_unit_test(writes_what_iroh_writes),
        cmocka_unit_test(tells_nothing_of_another),
        cmocka_unit_test(names_end),
        cmocka_unit_test(is_total),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
