/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "crypto/hash.h"

#include "codec/text.h"
#include "support/vectors.h"

static struct dtt_slice text(const char *s)
{
    return dtt_slice(s, strlen(s));
}

static void assert_hex(const uint8_t *got, size_t len, const char *want)
{
    char hex[129];
    dtt_hex_encode(hex, dtt_slice(got, len));
    assert_string_equal(hex, want);
}

/* FIPS 180-4 examples. */
static void test_sha1(void **state)
{
    (void)state;
    uint8_t out[20];
    dtt_sha1_2(out, text("abc"), text(""));
    assert_hex(out, 20, "a9993e364706816aba3e25717850c26c9cd0d89d");
    dtt_sha1_2(out, dtt_slice(NULL, 0), dtt_slice(NULL, 0));
    assert_hex(out, 20, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

static void test_sha1_of_two_parts(void **state)
{
    (void)state;
    const char *msg = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    uint8_t out[20];
    for (size_t cut = 0; cut <= strlen(msg); cut++) {
        dtt_sha1_2(out, dtt_slice(msg, cut), text(msg + cut));
        assert_hex(out, 20, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    }
}

static void test_sha512_32_joins_its_parts(void **state)
{
    (void)state;
    const struct dtt_slice parts[] = {text("a"), dtt_slice(NULL, 0), text("bc")};
    uint8_t out[32];
    dtt_sha512_32(out, parts, 3);
    assert_hex(out, 32, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a");
    dtt_sha512_32(out, NULL, 0);
    assert_hex(out, 32, "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce");
}

/* RFC 3720 appendix B.4, and the usual check value. */
static void test_crc32c(void **state)
{
    (void)state;
    uint8_t block[32];
    assert_int_equal(dtt_crc32c(text("123456789")), 0xe3069283);
    assert_int_equal(dtt_crc32c(dtt_slice(NULL, 0)), 0);
    memset(block, 0, sizeof(block));
    assert_int_equal(dtt_crc32c(dtt_slice(block, 32)), 0x8a9136aa);
    memset(block, 0xff, sizeof(block));
    assert_int_equal(dtt_crc32c(dtt_slice(block, 32)), 0x62a8ab43);
    for (uint8_t i = 0; i < 32; i++) {
        block[i] = i;
    }
    assert_int_equal(dtt_crc32c(dtt_slice(block, 32)), 0x46dd794e);
}

/* First example of BEP 42: 124.31.75.21 with r = 1 gives an id that begins 5fbfb. */
static void test_crc32c_of_a_masked_address(void **state)
{
    (void)state;
    const uint8_t masked[4] = {(124 & 0x03) | 1 << 5, 31 & 0x0f, 75 & 0x3f, 21};
    assert_int_equal(dtt_crc32c(dtt_slice(masked, 4)) >> 12, 0x5fbfb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha1),
        cmocka_unit_test(test_sha1_of_two_parts),
        cmocka_unit_test(test_sha512_32_joins_its_parts),
        cmocka_unit_test(test_crc32c),
        cmocka_unit_test(test_crc32c_of_a_masked_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
