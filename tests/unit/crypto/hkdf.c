/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "crypto/hkdf.h"

#include "codec/text.h"
#include "support/vectors.h"

#include <stdlib.h>

static void assert_hkdf(struct dtt_slice salt, struct dtt_slice ikm, struct dtt_slice info,
                        size_t len, const char *want)
{
    uint8_t out[82];
    char hex[2 * sizeof(out) + 1];
    assert_true(len <= sizeof(out));
    dtt_hkdf_sha256(out, len, salt, ikm, info);
    dtt_hex_encode(hex, dtt_slice(out, len));
    assert_string_equal(hex, want);
}

/* `n` bytes counting from `first`. */
static struct dtt_slice counting(uint8_t *buf, uint8_t first, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf[i] = (uint8_t)(first + i);
    }
    return dtt_slice(buf, n);
}

/* RFC 5869 appendix A.1 to A.3. */
static void test_rfc_5869(void **state)
{
    (void)state;
    uint8_t ikm[80], salt[80], info[80];
    memset(ikm, 0x0b, 22);
    assert_hkdf(counting(salt, 0, 13), dtt_slice(ikm, 22), counting(info, 0xf0, 10), 42,
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
                "34007208d5b887185865");
    assert_hkdf(dtt_slice(NULL, 0), dtt_slice(ikm, 22), dtt_slice(NULL, 0), 42,
                "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                "9d201395faa4b61a96c8");
    assert_hkdf(counting(salt, 0x60, 80), counting(ikm, 0, 80), counting(info, 0xb0, 80), 82,
                "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
                "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
                "cc30c58179ec3e87c14c01d5c1f3434f1d87");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rfc_5869)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
