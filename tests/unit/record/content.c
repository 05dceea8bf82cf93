/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "record/content.h"

#include "base/addr.h"
#include "base/rng.h"
#include "crypto/ed25519.h"
#include "support/vectors.h"

#include <stdlib.h>

/* Content with an empty fixed part and the given extension. */
struct sample {
    uint8_t bytes[DTT_CONTENT_MAX];
    size_t len;
};

static struct dtt_slice sample_slice(const struct sample *s)
{
    return dtt_slice(s->bytes, s->len);
}

static struct sample extend(const void *extension, size_t len)
{
    struct sample s = {.len = DTT_CONTENT_FIXED + len};
    memcpy(s.bytes + DTT_CONTENT_FIXED, extension, len);
    return s;
}

static struct dtt_record_info read_ok(struct dtt_slice s)
{
    struct dtt_record_info info = {.size = sizeof(info)};
    assert_int_equal(dtt_content_read(s, &info), DTT_OK);
    return info;
}

static struct sample write_info(const struct dtt_record_info *info)
{
    struct sample s = {.len = 0};
    struct dtt_writer w = dtt_writer(s.bytes, sizeof(s.bytes));
    dtt_content_write(&w, info);
    assert_false(w.failed);
    s.len = w.len;
    return s;
}

static void test_content_of_the_vectors(void **state)
{
    (void)state;
    json_t *root = vectors_load("records.json");
    json_t *records = vectors_at(root, "records");
    static const size_t want[2][2] = {{0, 0}, {2, 3}};
    for (size_t i = 0; i < 2; i++) {
        struct dtt_slice content = vectors_hex(json_array_get(records, i), "content_hex");
        struct dtt_record_info info = read_ok(content);
        assert_int_equal(info.n_active_peers, want[i][0]);
        assert_int_equal(info.n_message_hashes, want[i][1]);
        assert_int_equal(info.n_addrs, 0);
        assert_memory_equal(info.active_peers, content.data, 32 * want[i][0]);
        assert_memory_equal(info.message_hashes, content.data + 160, 32 * want[i][1]);
        struct sample again = write_info(&info);
        assert_int_equal(again.len, content.len);
        assert_memory_equal(again.bytes, content.data, content.len);
        free((void *)content.data);
    }
    json_decref(root);
}

static void test_short_content_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[DTT_CONTENT_FIXED] = {0};
    struct dtt_record_info info;
    memset(&info, 0x55, sizeof(info));
    struct dtt_record_info untouched = info;
    for (size_t len = 0; len < sizeof(bytes); len++) {
        assert_int_equal(dtt_content_read(dtt_slice(bytes, len), &info), DTT_EPROTO);
    }
    assert_memory_equal(&info, &untouched, sizeof(info));
}

static void test_zero_slots_and_other_bytes_are_skipped(void **state)
{
    (void)state;
    struct sample s = {.len = DTT_CONTENT_FIXED};
    uint8_t seed[32] = {1};
    dtt_ed25519_public_key(s.bytes + 32, seed);
    s.bytes[64] = 2; /* y = 2 is on no point of the curve */
    seed[0] = 2;
    dtt_ed25519_public_key(s.bytes + 128, seed);
    memset(s.bytes + 160 + 96, 0x77, 32);
    struct dtt_record_info info = read_ok(sample_slice(&s));
    assert_int_equal(info.n_active_peers, 2);
    assert_memory_equal(info.active_peers[0].bytes, s.bytes + 32, 32);
    assert_memory_equal(info.active_peers[1].bytes, s.bytes + 128, 32);
    assert_int_equal(info.n_message_hashes, 1);
    assert_memory_equal(info.message_hashes[0], s.bytes + 160 + 96, 32);
}

static void test_no_usable_address_no_extension(void **state)
{
    (void)state;
    struct dtt_record_info info = {.size = sizeof(info), .n_addrs = 2};
    info.addrs[0] = dtt_addr_v4(192, 0, 2, 1, 0);
    info.addrs[1] = dtt_addr_v4(0, 0, 0, 0, 6881);
    assert_int_equal(write_info(&info).len, DTT_CONTENT_FIXED);
}

static void test_writer_is_bounded(void **state)
{
    (void)state;
    struct dtt_record_info info = {.n_active_peers = 99, .n_message_hashes = 99, .n_addrs = 99};
    for (uint16_t i = 0; i < DTT_RECORD_ADDRS; i++) {
        uint8_t ip[16] = {0x20};
        info.addrs[i] = dtt_addr_v6(ip, (uint16_t)(i + 1));
    }
    struct sample s = write_info(&info);
    assert_int_equal(s.len, DTT_CONTENT_FIXED + 192);
    assert_int_equal(read_ok(sample_slice(&s)).n_addrs, DTT_RECORD_ADDRS);
    /* Too little room: failed, and no endless padding. */
    for (size_t cap = 0; cap < s.len; cap++) {
        uint8_t buf[DTT_CONTENT_MAX];
        struct dtt_writer w = dtt_writer(buf, cap);
        dtt_content_write(&w, &info);
        assert_true(w.failed);
    }
}

static bool has_addrs(const struct dtt_record_info *info, json_t *want)
{
    json_t *text;
    size_t i;
    json_array_foreach(want, i, text)
    {
        struct dtt_addr a;
        assert_int_equal(dtt_addr_parse(json_string_value(text), &a), DTT_OK);
        if (i >= info->n_addrs || !dtt_addr_eq(&a, &info->addrs[i])) {
            return false;
        }
    }
    return info->n_addrs == i;
}

static bool has_reach(const struct dtt_record_info *info, json_t *want)
{
    struct dtt_reach r = {0};
    json_t *last = json_object_get(want, "last");
    if (want) {
        r = (struct dtt_reach){.is_told = 1,
                               .kind = (int)json_integer_value(json_object_get(want, "class")),
                               .age_s = (uint32_t)json_integer_value(vectors_at(want, "age_s"))};
    }
    if (last) {
        r.step = (int)json_integer_value(vectors_at(want, "step"));
        assert_int_equal(dtt_addr_parse(json_string_value(last), &r.last), DTT_OK);
    }
    return memcmp(&r, &info->reach, sizeof(r)) == 0;
}

/* extension.json: what is read of each extension, and where that is written the same way. */
static void test_extensions_of_the_vectors(void **state)
{
    (void)state;
    json_t *root = vectors_load("extension.json"), *v;
    size_t i;
    json_array_foreach(vectors_at(root, "cases"), i, v)
    {
        struct dtt_slice tail = vectors_hex(v, "tail");
        struct sample s = extend(tail.data, tail.len);
        struct dtt_record_info info = read_ok(sample_slice(&s));
        if (!has_addrs(&info, vectors_at(v, "addrs"))) {
            fail_msg("%s: other addresses", vectors_text(v, "name"));
        }
        if (!has_reach(&info, json_object_get(v, "reach"))) {
            fail_msg("%s: another reach", vectors_text(v, "name"));
        }
        json_t *time = json_object_get(v, "unix_s");
        assert_int_equal(info.unix_s, time ? json_integer_value(time) : 0);
        if (json_is_true(json_object_get(v, "written"))) {
            struct sample again = write_info(&info);
            assert_true(dtt_slice_eq(sample_slice(&again), sample_slice(&s)));
        }
        free((void *)tail.data);
    }
    assert_true(i > 50);
    json_decref(root);
}

static void check_invariants(void *user, struct dtt_slice in)
{
    (void)user;
    struct dtt_record_info info = {.size = sizeof(info)};
    if (dtt_content_read(in, &info) != DTT_OK) {
        assert_true(in.len < DTT_CONTENT_FIXED);
        return;
    }
    assert_true(info.n_active_peers <= DTT_RECORD_PEERS);
    assert_true(info.n_message_hashes <= DTT_RECORD_HASHES);
    assert_true(info.n_addrs <= DTT_RECORD_ADDRS);
    for (size_t i = 0; i < info.n_addrs; i++) {
        assert_true(dtt_addr_is_usable(&info.addrs[i]));
        for (size_t k = 0; k < i; k++) {
            assert_false(dtt_addr_eq(&info.addrs[i], &info.addrs[k]));
        }
    }
    if (info.n_addrs == 0) {
        info.unix_s = 0; /* neither a time nor a reach is written alone */
        info.reach = (struct dtt_reach){0};
    }
    /* What was read can be written and read again to the same end. */
    struct sample again = write_info(&info);
    struct dtt_record_info second = read_ok(sample_slice(&again));
    assert_int_equal(second.n_active_peers, info.n_active_peers);
    assert_int_equal(second.n_message_hashes, info.n_message_hashes);
    assert_int_equal(second.n_addrs, info.n_addrs);
    assert_memory_equal(second.addrs, info.addrs, sizeof(info.addrs[0]) * info.n_addrs);
    assert_memory_equal(&second.reach, &info.reach, sizeof(info.reach));
}

static void random_info(struct dtt_rng *rng, struct dtt_record_info *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->n_active_peers = (size_t)dtt_rng_below(rng, DTT_RECORD_PEERS + 1);
    ret->n_message_hashes = (size_t)dtt_rng_below(rng, DTT_RECORD_HASHES + 1);
    ret->n_addrs = (size_t)dtt_rng_below(rng, DTT_RECORD_ADDRS + 1);
    for (size_t i = 0; i < ret->n_active_peers; i++) {
        uint8_t seed[32];
        dtt_rng_bytes(rng, seed, sizeof(seed));
        dtt_ed25519_public_key(ret->active_peers[i].bytes, seed);
    }
    dtt_rng_bytes(rng, ret->message_hashes, 32 * ret->n_message_hashes);
    for (size_t i = 0; i < ret->n_addrs; i++) {
        uint8_t ip[16];
        uint16_t port = (uint16_t)(1 + dtt_rng_below(rng, 65535));
        dtt_rng_bytes(rng, ip, sizeof(ip));
        ip[0] = 0x20;
        ret->addrs[i] = dtt_rng_below(rng, 2) ? dtt_addr_v6(ip, port)
                                              : dtt_addr_v4(ip[0], ip[1], ip[2], ip[3], port);
    }
    if (ret->n_addrs > 0 && dtt_rng_below(rng, 4) > 0) {
        ret->reach = (struct dtt_reach){.is_told = 1,
                                        .kind = (int)dtt_rng_below(rng, DTT_REACH_VARY + 1),
                                        .age_s = (uint32_t)dtt_rng_below(rng, UINT16_MAX + 1)};
    }
    if (ret->reach.kind == DTT_REACH_VARY) {
        ret->reach.step = (int)dtt_rng_below(rng, 33) - 16;
        ret->reach.last = dtt_addr_v4(32, 1, 2, 3, (uint16_t)(1 + dtt_rng_below(rng, 65535)));
    }
}

static void test_random_content_survives_the_round_trip(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {'c'};
    struct dtt_rng rng;
    dtt_rng_init(&rng, seed, "test");
    for (unsigned round = 0; round < 500; round++) {
        struct dtt_record_info info, got;
        random_info(&rng, &info);
        struct sample s = write_info(&info);
        assert_int_equal((s.len - DTT_CONTENT_FIXED) % 64, 0);
        memset(&got, 0, sizeof(got));
        assert_int_equal(dtt_content_read(sample_slice(&s), &got), DTT_OK);
        assert_memory_equal(&got, &info, sizeof(info));
    }
}

static void test_sweeps(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {'s'};
    struct dtt_rng rng;
    struct dtt_record_info info;
    dtt_rng_init(&rng, seed, "test");
    do {
        random_info(&rng, &info);
    } while (info.n_addrs < DTT_RECORD_ADDRS || info.reach.kind != DTT_REACH_VARY);
    struct sample s = write_info(&info);
    sweep_truncations(sample_slice(&s), check_invariants, NULL);
    sweep_bit_flips(sample_slice(&s), check_invariants, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content_of_the_vectors),
        cmocka_unit_test(test_short_content_is_refused),
        cmocka_unit_test(test_zero_slots_and_other_bytes_are_skipped),
        cmocka_unit_test(test_no_usable_address_no_extension),
        cmocka_unit_test(test_writer_is_bounded),
        cmocka_unit_test(test_extensions_of_the_vectors),
        cmocka_unit_test(test_random_content_survives_the_round_trip),
        cmocka_unit_test(test_sweeps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
