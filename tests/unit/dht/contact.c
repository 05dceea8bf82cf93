/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/contact.h"

#include "dht/inside.h"
#include "support/vectors.h"

/* Nobody from outside makes us send to private hosts, nobody but this host to loopback. */
static void test_contacts_of_other_scopes(void **state)
{
    struct dtt_ctx ctx = {0};
    struct dtt_dht_config cfg = {.has_v4 = true};
    struct dtt_dht *d;
    uint8_t id[20] = {1};
    (void)state;
    assert_int_equal(dtt_dht_new(&d, &ctx, &cfg, (struct dtt_now){0}), 0);
    struct dtt_addr global = dtt_addr_v4(50, 1, 1, 1, 1024), lan = dtt_addr_v4(10, 1, 1, 1, 5000);
    struct dtt_addr self = dtt_addr_v4(127, 0, 0, 1, 5000), port0 = dtt_addr_v4(50, 1, 1, 1, 0),
                    six;
    assert_int_equal(dtt_addr_parse("[2001:db8::1]:5000", &six), 0);
    assert_true(dtt_contact_is_plausible(d, id, &global, &global));
    assert_true(dtt_contact_is_plausible(d, id, &global, &lan));
    assert_true(dtt_contact_is_plausible(d, id, &lan, &lan));
    assert_true(dtt_contact_is_plausible(d, id, &self, &self));
    assert_false(dtt_contact_is_plausible(d, id, &lan, &global));
    assert_false(dtt_contact_is_plausible(d, id, &self, &global));
    assert_false(dtt_contact_is_plausible(d, id, &self, &lan));
    assert_false(dtt_contact_is_plausible(d, id, &port0, &self));
    port0.port = 1023; /* of services that never asked for this */
    assert_false(dtt_contact_is_plausible(d, id, &port0, &self));
    assert_false(dtt_contact_is_plausible(d, id, &six, &self)); /* no IPv6 socket */
    assert_false(dtt_contact_is_plausible(d, d->id, &global, &global));
    dtt_dht_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contacts_of_other_scopes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
