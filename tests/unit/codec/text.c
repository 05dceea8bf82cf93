/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/text.h"

#include "base/rng.h"
#include "support/vectors.h"

#include <dtt/types.h>

typedef void (*encode_fn)(char *out, struct dtt_slice s);
typedef int (*decode_fn)(uint8_t *out, size_t len, const char *text, size_t text_len);

/* Only the decoder is needed; the alphabets differ, not the bits. */
static void base32_encode(char *out, struct dtt_slice s)
{
    static const char zbase32[] = "ybndrfg8ejkmcpqxot1uwisza345h769";
    dtt_zbase32_encode(out, s);
    for (; *out; out++) {
        *out = "abcdefghijklmnopqrstuvwxyz234567"[strchr(zbase32, *out) - zbase32];
    }
}

static const struct {
    const char *name;
    encode_fn encode;
    decode_fn decode;
} codecs[] = {
    {"hex", dtt_hex_encode, dtt_hex_decode},
    {"base32", base32_encode, dtt_base32_decode},
};

#define CODECS (sizeof(codecs) / sizeof(codecs[0]))

static void expect(encode_fn encode, const char *bytes, size_t len, const char *text)
{
    char out[100];
    memset(out, '#', sizeof(out));
    encode(out, dtt_slice(bytes, len));
    assert_string_equal(out, text);
}

/* RFC 4648 section 10; the examples of the z-base-32 paper that are whole bytes. */
static void test_vectors(void **state)
{
    static const char *const base32[] = {"",        "my",       "mzxq",      "mzxw6",
                                         "mzxw6yq", "mzxw6ytb", "mzxw6ytboi"};
    static const char *const base64[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                         "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    static const char *const hex[] = {"",         "66",         "666f",        "666f6f",
                                      "666f6f62", "666f6f6261", "666f6f626172"};
    (void)state;
    for (size_t n = 0; n <= 6; n++) {
        expect(base32_encode, "foobar", n, base32[n]);
        expect(dtt_base64_encode, "foobar", n, base64[n]);
        expect(dtt_hex_encode, "foobar", n, hex[n]);
    }
    expect(dtt_base64_encode, "\xfb\xff\xfe", 3, "+//+");
    expect(dtt_zbase32_encode, "", 0, "");
    expect(dtt_zbase32_encode, "\xf0\xbf\xc7", 3, "6n9hq");
    expect(dtt_zbase32_encode, "\xd4\x7a\x04", 3, "4t7ye");
}

static void test_round_trip(void **state)
{
    static const uint8_t seed[DTT_RNG_SEED_BYTES] = {8};
    struct dtt_rng rng;
    (void)state;
    dtt_rng_init(&rng, seed, "text");
    for (size_t c = 0; c < CODECS; c++) {
        for (size_t len = 0; len <= 66; len++) {
            uint8_t bytes[66];
            uint8_t back[67];
            char text[200];
            dtt_rng_bytes(&rng, bytes, len);
            codecs[c].encode(text, dtt_slice(bytes, len));
            size_t n = strlen(text);
            assert_int_equal(n, c == 0 ? 2 * len : DTT_BASE32_LEN(len));
            memset(back, 0xee, sizeof(back));
            assert_int_equal(codecs[c].decode(back, len, text, n), DTT_OK);
            assert_true(len == 0 || memcmp(back, bytes, len) == 0);
            assert_int_equal(back[len], 0xee);
            for (size_t i = 0; i < n; i++) {
                text[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 32 : text[i]);
            }
            assert_int_equal(codecs[c].decode(back, len, text, n), DTT_OK);
            assert_true(len == 0 || memcmp(back, bytes, len) == 0);
            assert_int_equal(codecs[c].decode(back, len + 1, text, n), DTT_EPROTO);
            if (len > 0) {
                assert_int_equal(codecs[c].decode(back, len - 1, text, n), DTT_EPROTO);
                assert_int_equal(codecs[c].decode(back, len, text, n - 1), DTT_EPROTO);
            }
        }
    }
}

/* A text decodes exactly when it is what its bytes encode to, up to case: nothing has two forms. */
static void test_every_character(void **state)
{
    (void)state;
    for (size_t c = 0; c < CODECS; c++) {
        char text[16];
        unsigned accepted[5] = {0};
        for (size_t at = 0; at < 4; at++) {
            for (int byte = 0; byte < 256; byte++) {
                uint8_t out[2] = {0x55, 0x55};
                char again[16];
                codecs[c].encode(text, dtt_slice("\0\0", 2));
                text[at] = (char)byte;
                if (codecs[c].decode(out, 2, text, 4) != DTT_OK) {
                    assert_memory_equal(out, "\x55\x55", 2); /* written only on success */
                    continue;
                }
                codecs[c].encode(again, dtt_slice(out, 2));
                text[at] = (char)(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
                assert_memory_equal(text, again, 4);
                accepted[at]++;
            }
        }
        if (c == 0) {
            assert_int_equal(accepted[0], 22); /* digits, and six letters in both cases */
        } else {
            /* 26 letters count twice; the last character has one bit of 16: two values. */
            assert_in_range(accepted[0], 32, 32 + 26);
            assert_in_range(accepted[3], 2, 4);
        }
    }
}

static void test_unused_bits(void **state)
{
    uint8_t out[1];
    (void)state;
    assert_int_equal(dtt_base32_decode(out, 1, "74", 2), DTT_OK);
    assert_int_equal(out[0], 0xff);
    assert_int_equal(dtt_base32_decode(out, 1, "75", 2), DTT_EPROTO);
    assert_int_equal(dtt_base32_decode(out, 1, "7=", 2), DTT_EPROTO);
    assert_int_equal(dtt_hex_decode(out, 1, "f", 1), DTT_EPROTO);
    assert_int_equal(dtt_hex_decode(out, SIZE_MAX / 2 + 1, "", 0), DTT_EPROTO);
    assert_int_equal(dtt_hex_decode(NULL, 0, "", 0), DTT_OK);
}

/* Straight from the definition: decode a code point, ask whether this is its shortest form. */
static bool utf8_model(const uint8_t *p, size_t len)
{
    while (len > 0) {
        static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        size_t n = p[0] < 0x80         ? 1
                   : p[0] >> 5 == 0x06 ? 2
                   : p[0] >> 4 == 0x0e ? 3
                   : p[0] >> 3 == 0x1e ? 4
                                       : 0;
        if (n == 0 || n > len) {
            return false;
        }
        uint32_t v = n == 1 ? p[0] : p[0] & (0x7fu >> n);
        for (size_t i = 1; i < n; i++) {
            if (p[i] >> 6 != 2) {
                return false;
            }
            v = v << 6 | (p[i] & 0x3fu);
        }
        if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff)) {
            return false;
        }
        p += n;
        len -= n;
    }
    return true;
}

static void test_utf8_round_trip(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        uint32_t back = 0;
        char out[4];
        size_t n;

        if (code == 0xd800) {
            code = 0xe000;
        }
        n = dtt_utf8_encode(out, code);
        assert_int_equal(dtt_utf8_decode(&back, dtt_slice(out, n)), n);
        assert_int_equal(back, code);
        assert_int_equal(dtt_utf8_decode(&back, dtt_slice(out, n - 1)), 0);
    }
}

static void test_utf8_refuses(void **state)
{
    static const char *const bad[] = {
        "\x80",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf8\x88\x80", "\xff",
        "\xc3(",        "\xe2\x82(",
    };
    uint32_t code;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(dtt_utf8_decode(&code, dtt_slice(bad[i], strlen(bad[i]))), 0);
    }
}

static void test_utf8(void **state)
{
    /* Each byte value class has its ends here; all sequences of up to four of them. */
    static const uint8_t bytes[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0,
                                    0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0,
                                    0xf1, 0xf3, 0xf4, 0xf5, 0xf7, 0xf8, 0xfe, 0xff};
    enum { N = sizeof(bytes) };
    (void)state;
    for (size_t len = 0, total = 1; len <= 4; len++, total *= N) {
        for (size_t k = 0; k < total; k++) {
            uint8_t in[4];
            for (size_t i = 0, rest = k; i < len; i++, rest /= N) {
                in[i] = bytes[rest % N];
            }
            if (dtt_utf8_is_valid(dtt_slice(in, len)) != utf8_model(in, len)) {
                fail_msg("%zu bytes, %02x %02x %02x %02x", len, in[0], in[1], in[2], in[3]);
            }
        }
    }
    assert_true(dtt_utf8_is_valid(dtt_slice("Gr\xc3\xbc\xc3\x9f"
                                            "e \xf0\x9f\x90\xa7",
                                            13)));
    assert_false(dtt_utf8_is_valid(dtt_slice("Gr\xfc\xdf"
                                             "e",
                                             5)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_every_character),
        cmocka_unit_test(test_unused_bits),
        cmocka_unit_test(test_utf8_round_trip),
        cmocka_unit_test(test_utf8_refuses),
        cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
