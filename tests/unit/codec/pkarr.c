/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/pkarr.h"

#include "base/addr.h"
#include "codec/text.h"
#include "support/vectors.h"

#include <stdlib.h>

#define RELAY "https://use1-1.relay.n0.iroh.link./"

static struct dtt_id id_of(json_t *v)
{
    struct dtt_id id;
    vectors_hex_into(v, "public_key", id.bytes, sizeof(id.bytes));
    return id;
}

static void expect_place(struct dtt_slice packet, const struct dtt_id *id, const char *relay)
{
    struct dtt_pkarr_place got;
    char text[DTT_ADDR_TEXT_MAX];
    assert_int_equal(dtt_pkarr_read(packet, id, &got), 2);
    dtt_addr_format(&got.addrs[0], text);
    assert_string_equal(text, "192.0.2.1:4433");
    dtt_addr_format(&got.addrs[1], text);
    assert_string_equal(text, "[2001:db8::1]:4433");
    assert_string_equal(got.relay, relay);
}

/* Both forms of iroh's packet, names compressed and written out: user data are passed over. */
static void reads_what_iroh_writes(void **state)
{
    const char *forms[] = {"pkarr_compressed", "pkarr_plain"};
    json_t *all = vectors_load("iroh.json");
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        json_t *v = vectors_at(all, forms[i]);
        struct dtt_id id = id_of(v);
        struct dtt_slice packet = vectors_hex(v, "dns_packet");
        expect_place(packet, &id, RELAY);
        free((void *)(uintptr_t)packet.data);
    }
    json_decref(all);
}

/* The compressed form less its user data (last). */
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
    const size_t relay = fixed + 0x2a, first = 2 + fixed + 0x14, second = 2 + fixed + 0x18;
    (void)state;
    assert_int_equal(dtt_addr_parse("192.0.2.1:4433", &addrs[0]), DTT_OK);
    assert_int_equal(dtt_addr_parse("[2001:db8::1]:4433", &addrs[1]), DTT_OK);
    dtt_pkarr_write(&w, &id, RELAY, addrs, 2);
    assert_false(w.failed);
    assert_int_equal(w.len, head + relay + first + second);
    assert_int_equal(buf[7], 3);
    assert_memory_equal(buf + 8, whole.data + 8, w.len - 8);
    expect_place(dtt_slice(buf, w.len), &id, RELAY);
    w = dtt_writer(buf, w.len - 1);
    dtt_pkarr_write(&w, &id, RELAY, addrs, 2);
    assert_true(w.failed);
    free((void *)(uintptr_t)whole.data);
    json_decref(all);
}

static void tells_nothing_of_another(void **state)
{
    struct dtt_id id = {{1}}, other = {{2}};
    struct dtt_addr addr = dtt_addr_v4(192, 0, 2, 1, 1);
    struct dtt_pkarr_place got;
    uint8_t buf[DTT_PKARR_PACKET_MAX];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    (void)state;
    dtt_pkarr_write(&w, &id, "", &addr, 1);
    assert_int_equal(dtt_pkarr_read(dtt_slice(buf, w.len), &id, &got), 1);
    assert_int_equal(dtt_pkarr_read(dtt_slice(buf, w.len), &other, &got), 0);
    buf[2] = 0; /* a query */
    assert_int_equal(dtt_pkarr_read(dtt_slice(buf, w.len), &id, &got), DTT_EPROTO);
}

/* A pointer to itself, forwards, and two that lead to each other. */
static void names_end(void **state)
{
    const char *names[] = {"\xc0\x0c", "\xc0\x20", "\x01x\xc0\x0c"};
    struct dtt_id id = {{1}};
    struct dtt_pkarr_place got;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint8_t buf[64] = {0, 0, 0x80, 0, 0, 0, 0, 1};
        memcpy(buf + 12, names[i], strlen(names[i]));
        assert_int_equal(dtt_pkarr_read(dtt_slice(buf, sizeof(buf)), &id, &got), DTT_EPROTO);
    }
}

/* What name servers answer, recorded: the name is that of a domain, in any case. */
static void reads_answers_of_name_servers(void **state)
{
    json_t *all = vectors_load("pkarr_http.json"), *v;
    json_t *packets = vectors_at(all, "packets");
    struct dtt_pkarr_place got;
    struct dtt_id ids[2];
    size_t i, n_places = 0;
    (void)state;
    for (i = 0; i < 2; i++) {
        ids[i] = id_of(json_array_get(packets, i));
    }
    json_array_foreach(vectors_at(all, "dns"), i, v)
    {
        struct dtt_slice answer = vectors_hex(v, "answer");
        for (size_t k = 0; k < 2; k++) {
            int n = dtt_pkarr_read_answer(answer, &ids[k], "DNS.test", &got);
            assert_true(n == 0 || (n == 2 && k == 1));
            n_places += got.relay[0] != '\0';
            assert_string_equal(got.relay, got.relay[0] ? "https://relay.test./" : "");
            assert_int_equal(dtt_pkarr_read_answer(answer, &ids[k], "other.test", &got), 0);
            assert_string_equal(got.relay, "");
        }
        free((void *)(uintptr_t)answer.data);
    }
    assert_int_equal(n_places, 4);
    json_decref(all);
}

static void knows_domains(void **state)
{
    char label[66], longest[DTT_PKARR_ORIGIN_MAX + 1];
    (void)state;
    memset(label, 'a', 64);
    label[64] = '\0';
    memset(longest, 'a', sizeof(longest));
    for (size_t i = 1; i < sizeof(longest); i += 2) {
        longest[i] = '.';
    }
    longest[DTT_PKARR_ORIGIN_MAX] = '\0';
    const char *const good[] = {"dns.iroh.link", "dns.iroh.link.", "a",
                                "x-1.test",      label + 1,        longest + 2};
    const char *const bad[] = {"", ".", "a..b", ".a", "a b", "a/b", "a:1", label, longest};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        char name[DTT_PKARR_NAME_MAX];
        struct dtt_dns_name dns;
        assert_true(dtt_pkarr_is_origin(good[i]));
        dtt_pkarr_name(name, &(struct dtt_id){{1}}, good[i]);
        dtt_dns_name_make(&dns, name);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(dtt_pkarr_is_origin(bad[i]));
    }
}

static void only_does_not_crash(void *user, struct dtt_slice in)
{
    struct dtt_pkarr_place got;
    int n = dtt_pkarr_read(in, user, &got);
    assert_true(n == DTT_EPROTO || (n >= 0 && n <= DTT_PKARR_ADDRS));
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
        cmocka_unit_test(reads_answers_of_name_servers),
        cmocka_unit_test(knows_domains),
        cmocka_unit_test(is_total),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
