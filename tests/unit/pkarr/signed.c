/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pkarr/signed.h"

#include "support/vectors.h"

#include <sodium.h>
#include <stdlib.h>

static json_t *packets(json_t **ret_all)
{
    *ret_all = vectors_load("pkarr_http.json");
    return vectors_at(*ret_all, "packets");
}

/* Of our own key and of iroh's making, byte for byte. */
static void reads_and_writes_what_iroh_does(void **state)
{
    json_t *all, *v;
    json_t *list = packets(&all);
    size_t i;
    (void)state;
    json_array_foreach(list, i, v)
    {
        uint8_t seed[32], buf[DTT_PKARR_SIGNED_MAX];
        struct dtt_id id;
        struct dtt_pkarr_signed got;
        struct dtt_writer w = dtt_writer(buf, sizeof(buf));
        struct dtt_slice payload = vectors_hex(v, "payload");
        struct dtt_slice dns = vectors_hex(v, "dns");
        vectors_hex_into(v, "seed", seed, sizeof(seed));
        vectors_hex_into(v, "public_key", id.bytes, sizeof(id.bytes));
        assert_true(dtt_pkarr_signed_read(payload, &id, NULL, &got));
        assert_int_equal(got.time_us, json_integer_value(vectors_at(v, "timestamp_us")));
        assert_true(dtt_slice_eq(got.packet, dns));
        dtt_pkarr_signed_write(&w, seed, &got);
        assert_true(dtt_slice_eq(dtt_slice(buf, w.len), payload));
        free((void *)(uintptr_t)payload.data);
        free((void *)(uintptr_t)dns.data);
    }
    assert_true(i >= 5);
    json_decref(all);
}

static void is_refused(void *user, struct dtt_slice in)
{
    struct dtt_pkarr_signed got;
    assert_false(dtt_pkarr_signed_read(in, user, NULL, &got));
}

static void refuses_what_another_has_signed(void **state)
{
    json_t *all;
    json_t *v = json_array_get(packets(&all), 1);
    struct dtt_id id, other = {{1}};
    struct dtt_slice payload = vectors_hex(v, "payload");
    (void)state;
    vectors_hex_into(v, "public_key", id.bytes, sizeof(id.bytes));
    sweep_truncations(payload, is_refused, &id);
    sweep_bit_flips(payload, is_refused, &id);
    is_refused(&other, payload);
    free((void *)(uintptr_t)payload.data);
    json_decref(all);
}

/* The longest packet is signed, a longer one is none. */
static void a_packet_is_bounded(void **state)
{
    const uint8_t seed[32] = {7};
    uint8_t secret[64];
    struct dtt_id id;
    static uint8_t dns[DTT_PKARR_PACKET_MAX], buf[DTT_PKARR_SIGNED_MAX + 1];
    const struct dtt_pkarr_signed s = {.time_us = INT64_MAX, .packet = dtt_slice(dns, sizeof(dns))};
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    struct dtt_pkarr_signed got;
    (void)state;
    assert_int_equal(crypto_sign_seed_keypair(id.bytes, secret, seed), 0);
    dtt_pkarr_signed_write(&w, seed, &s);
    assert_int_equal(w.len, DTT_PKARR_SIGNED_MAX);
    assert_true(dtt_pkarr_signed_read(dtt_slice(buf, w.len), &id, NULL, &got));
    assert_int_equal(got.time_us, INT64_MAX);
    is_refused(&id, dtt_slice(buf, sizeof(buf)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_what_iroh_does),
        cmocka_unit_test(refuses_what_another_has_signed),
        cmocka_unit_test(a_packet_is_bounded),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
