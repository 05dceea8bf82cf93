/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "lan/iroh.h"

#include "codec/text.h"
#include "support/vectors.h"

#include <stdio.h>

#define SERVICE "\7_irohv1\4_udp\5local"

static struct dtt_lan_iroh_peer endpoint(uint8_t number)
{
    struct dtt_lan_iroh_peer p = {.n_addrs = 3};
    const uint8_t ip[16] = {0xfd, [15] = number};
    memset(p.id.bytes, number, sizeof(p.id.bytes));
    p.addrs[0] = dtt_addr_v4(192, 168, 1, number, 7000);
    p.addrs[1] = dtt_addr_v4(10, 0, 0, number, 7000);
    p.addrs[2] = dtt_addr_v6(ip, 7001);
    return p;
}

/* As the crate asks: a header with one question, the name, PTR, IN. */
static void the_question_is_the_crates(void **state)
{
    static const char want[] = "\0\0\0\0\0\1\0\0\0\0\0\0" SERVICE "\0\0\14\0\1";
    uint8_t buf[512];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    struct dtt_dns_message m;
    struct dtt_dns_entry e;
    (void)state;
    dtt_lan_iroh_write_question(&w);
    assert_int_equal(w.len, sizeof(want) - 1);
    assert_memory_equal(buf, want, w.len);
    assert_true(dtt_dns_open(&m, dtt_slice(buf, w.len)) && dtt_dns_next(&m, &e));
    assert_true(dtt_lan_iroh_is_question(&e));
    buf[13] = 'x';
    assert_true(dtt_dns_open(&m, dtt_slice(buf, w.len)) && dtt_dns_next(&m, &e));
    assert_false(dtt_lan_iroh_is_question(&e));
}

static void an_answer_is_read_back(void **state)
{
    const struct dtt_lan_iroh_peer us = endpoint(1);
    struct dtt_lan_iroh_peer got;
    uint8_t buf[1472];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    (void)state;
    dtt_lan_iroh_write_answer(&w, &us);
    assert_false(w.failed);
    assert_true(dtt_lan_iroh_read(dtt_slice(buf, w.len), 32, &got));
    assert_memory_equal(&got.id, &us.id, sizeof(got.id));
    assert_int_equal(got.n_addrs, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(dtt_addr_eq(&got.addrs[i], &us.addrs[i]));
    }
    for (size_t len = 0; len < w.len; len++) {
        bool is_any = dtt_lan_iroh_read(dtt_slice(buf, len), 32, &got);
        assert_true(!is_any || got.n_addrs < 3);
    }
    buf[3] = 7;
    assert_false(dtt_lan_iroh_read(dtt_slice(buf, w.len), 3, &got)); /* no address among them */
}

static void eight_addresses_fit(void **state)
{
    struct dtt_lan_iroh_peer us = endpoint(1), got;
    uint8_t buf[1472];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    const uint8_t ip[16] = {0xfd};
    (void)state;
    for (us.n_addrs = 1; us.n_addrs < DTT_LAN_IROH_ADDRS; us.n_addrs++) {
        us.addrs[us.n_addrs] = dtt_addr_v6(ip, 7001);
    }
    dtt_lan_iroh_write_answer(&w, &us);
    assert_false(w.failed);
    assert_true(dtt_lan_iroh_read(dtt_slice(buf, w.len), 32, &got));
    assert_int_equal(got.n_addrs, DTT_LAN_IROH_ADDRS);
    us.n_addrs = 0;
    w = dtt_writer(buf, sizeof(buf));
    dtt_lan_iroh_write_answer(&w, &us);
    assert_int_equal(w.len, 0);
}

/* One of an older crate: TTL 0, no PTR, and a TXT with a relay. */
static const char foreign_id[] = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
static const char foreign[] =
    "00008400000000020000000234726b656f68786c756268797a6c376b73336d77747a6f73356f6c66676f636e"
    "3764776b62656737746f736561646e61706e356f61075f69726f687631045f756470056c6f63616c00002100"
    "0100000000004700000000115139726b656f68786c756268797a6c376b73336d77747a6f73356f6c66676f63"
    "6e3764776b62656737746f736561646e61706e356f612d34343333056c6f63616c0034726b656f68786c7562"
    "68797a6c376b73336d77747a6f73356f6c66676f636e3764776b62656737746f736561646e61706e356f6107"
    "5f69726f687631045f756470056c6f63616c000010000100000000002a2972656c61793d68747470733a2f2f"
    "757365312d312e72656c61792e6e302e69726f682e6c696e6b2e2f39726b656f68786c756268797a6c376b73"
    "336d77747a6f73356f6c66676f636e3764776b62656737746f736561646e61706e356f612d34343333056c6f"
    "63616c0000010001000000000004c000020139726b656f68786c756268797a6c376b73336d77747a6f73356f"
    "6c66676f636e3764776b62656737746f736561646e61706e356f612d34343333056c6f63616c00001c000100"
    "000000001020010db8000000000000000000000001";

static void the_answer_of_an_older_crate_is_read(void **state)
{
    const uint8_t ip[16] = {0x20, 1, 0x0d, 0xb8, [15] = 1};
    const struct dtt_addr want[2] = {dtt_addr_v4(192, 0, 2, 1, 4433), dtt_addr_v6(ip, 4433)};
    struct dtt_lan_iroh_peer got;
    uint8_t buf[1472], id[32];
    (void)state;
    assert_int_equal(dtt_hex_decode(id, sizeof(id), foreign_id, strlen(foreign_id)), DTT_OK);
    assert_int_equal(dtt_hex_decode(buf, strlen(foreign) / 2, foreign, strlen(foreign)), DTT_OK);
    assert_true(dtt_lan_iroh_read(dtt_slice(buf, strlen(foreign) / 2), 32, &got));
    assert_memory_equal(got.id.bytes, id, sizeof(id));
    assert_int_equal(got.n_addrs, 2);
    assert_true(dtt_addr_eq(&got.addrs[0], &want[0]) && dtt_addr_eq(&got.addrs[1], &want[1]));
}

/* Names that point back into the message, as the crate writes them. */
static void compressed_names_are_read(void **state)
{
    static const uint8_t target[] = "\1t\5local";
    char instance[80];
    uint8_t buf[512];
    const struct dtt_dns_header header = {
        .flags = DTT_DNS_FLAG_RESPONSE, .answers = 1, .additionals = 1};
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    struct dtt_dns_name name;
    struct dtt_lan_iroh_peer got;
    (void)state;
    snprintf(instance, sizeof(instance), "%s._irohv1._udp.local",
             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    dtt_dns_name_make(&name, instance);
    dtt_dns_write_header(&w, &header);
    dtt_dns_write_name(&w, &name);
    dtt_dns_write_fields(&w, DTT_DNS_TYPE_SRV, DTT_DNS_CLASS_IN, 120, 6 + sizeof(target));
    dtt_write(&w, "\0\0\0\0\33\130", 6); /* port 7000 */
    size_t at = w.len;
    dtt_write(&w, target, sizeof(target));
    dtt_write_u8(&w, 0xc0);
    dtt_write_u8(&w, (uint8_t)at);
    dtt_dns_write_fields(&w, DTT_DNS_TYPE_A, DTT_DNS_CLASS_IN, 120, 4);
    dtt_write(&w, "\12\0\0\7", 4);
    assert_true(dtt_lan_iroh_read(dtt_slice(buf, w.len), 32, &got));
    struct dtt_addr want = dtt_addr_v4(10, 0, 0, 7, 7000);
    assert_int_equal(got.n_addrs, 1);
    assert_true(dtt_addr_eq(&got.addrs[0], &want));
}

/* What it sends at `ms` on the links 0 and 1. */
static unsigned count(struct dtt_lan_iroh *s, uint64_t ms)
{
    uint8_t buf[1472];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    size_t link;
    unsigned n = 0;
    dtt_lan_iroh_tick(s, ms * DTT_MS, 3);
    while (dtt_lan_iroh_next(s, &w, &link)) {
        assert_in_range(link, 0, 1);
        n++;
        w = dtt_writer(buf, sizeof(buf));
    }
    return n;
}

static void questions_keep_their_pace(void **state)
{
    struct dtt_lan_iroh s = {.is_on = true, .us = endpoint(1)};
    unsigned n = 0;
    (void)state;
    dtt_lan_iroh_restart(&s, 0);
    for (uint64_t ms = 0; ms < 60000; ms += 10) {
        n += count(&s, ms);
    }
    assert_int_equal(n, 4 * 2);
    dtt_lan_iroh_want(&s, 60000 * DTT_MS);
    assert_int_equal(count(&s, 60000), 2);
    dtt_lan_iroh_want(&s, 60100 * DTT_MS); /* it has just been asked */
    assert_int_equal(count(&s, 60999), 0);
    assert_int_equal(count(&s, 61000), 2);
}

static void who_asks_all_the_time_is_answered_once_a_second(void **state)
{
    struct dtt_lan_iroh s = {.is_on = true, .us = endpoint(1)};
    struct dtt_rng rng;
    unsigned n = 0;
    (void)state;
    dtt_rng_init(&rng, (const uint8_t[32]){1}, "test");
    dtt_lan_iroh_restart(&s, 0);
    assert_int_equal(count(&s, 8000), 2);
    for (uint64_t ms = 8000; ms < 18000; ms += 10) {
        dtt_lan_iroh_on_question(&s, ms * DTT_MS, &rng, 1);
        n += count(&s, ms);
    }
    assert_in_range(n, 10, 14);
    s.us.n_addrs = 0;
    dtt_lan_iroh_on_question(&s, 30000 * DTT_MS, &rng, 1);
    assert_int_equal(count(&s, 30200), 0);
    dtt_rng_fini(&rng);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_question_is_the_crates),
        cmocka_unit_test(an_answer_is_read_back),
        cmocka_unit_test(the_answer_of_an_older_crate_is_read),
        cmocka_unit_test(eight_addresses_fit),
        cmocka_unit_test(compressed_names_are_read),
        cmocka_unit_test(questions_keep_their_pace),
        cmocka_unit_test(who_asks_all_the_time_is_answered_once_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
