/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "lan/name.h"

#include "support/vectors.h"

/* tests/vectors/lan.json, which docs/protocol/lan.md is held to as well. */
static void names_are_those_of_the_vectors(void **state)
{
    json_t *all = vectors_load("lan.json");
    json_t *names = vectors_at(all, "names");
    (void)state;
    assert_true(json_array_size(names) >= 2);
    for (size_t i = 0; i < json_array_size(names); i++) {
        json_t *v = json_array_get(names, i);
        struct dtt_dns_name name, expected;
        uint8_t topic[32], seed[32];
        vectors_hex_into(v, "topic", topic, sizeof(topic));
        vectors_hex_into(v, "encryption_seed", seed, sizeof(seed));
        dtt_lan_name(&name, topic, (uint64_t)json_integer_value(vectors_at(v, "minute")), seed);
        dtt_dns_name_make(&expected, json_string_value(vectors_at(v, "name")));
        assert_true(dtt_dns_name_eq(&name, &expected));
    }
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_the_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
