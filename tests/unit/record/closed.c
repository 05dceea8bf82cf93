/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "record/closed.h"

#include "support/vectors.h"

#include <dtt/types.h>
#include <stdlib.h>
#include <sys/resource.h>

static void test_vectors(void **state)
{
    (void)state;
    json_t *root = vectors_load("closed.json");
    json_t *cases = vectors_at(root, "cases");
    json_t *each;
    size_t i;
    assert_true(json_array_size(cases) >= 4);
    json_array_foreach(cases, i, each)
    {
        struct dtt_slice secret = vectors_hex(each, "secret");
        uint8_t want[32], got[32];
        vectors_hex_into(each, "topic_hash", want, sizeof(want));
        assert_int_equal(
            dtt_closed_topic(got, json_string_value(vectors_at(each, "topic_name")), secret),
            DTT_OK);
        assert_memory_equal(got, want, sizeof(want));
        free((void *)secret.data);
    }
    json_decref(root);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
static void test_too_little_memory(void **state)
{
    (void)state;
    uint8_t got[32];
    struct rlimit before, little;
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    little = before;
    little.rlim_cur = 8 << 20;
    assert_int_equal(setrlimit(RLIMIT_AS, &little), 0);
    int err = dtt_closed_topic(got, "room", dtt_slice("secret", 6));
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_int_equal(err, DTT_ENOMEM);
    assert_int_equal(dtt_closed_topic(got, "room", dtt_slice("secret", 6)), DTT_OK);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        cmocka_unit_test(test_too_little_memory),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
