/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is said of relays that do not serve; one that does is in tests/e2e/doctor_relay.py. */
#define _DEFAULT_SOURCE
#include "io/relay_probe.h"

#include "support/vectors.h"

#include "support/loopback.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct patience {
    const struct dtt_relay_probe_result *known; /* enough as soon as this one is */
    unsigned asked;
};

static bool is_enough(void *user)
{
    struct patience *p = user;
    p->asked++;
    return p->known->outcome != DTT_RELAY_PROBE_UNKNOWN;
}

static void one_that_is_silent_does_not_hide_another(void **state)
{
    struct dtt_relay_probe_result results[2];
    char silent[64], dead[64];
    const char *const urls[] = {silent, dead};
    struct patience patience = {.known = &results[1]};
    struct dtt_relay_probe probe = {
        .urls = urls, .n = 2, .user = &patience, .is_enough = is_enough};
    uint16_t port;
    (void)state;
    int listener = loopback_listen(&port);
    snprintf(silent, sizeof(silent), "http://127.0.0.1:%u", port);
    close(loopback_listen(&port));
    snprintf(dead, sizeof(dead), "http://127.0.0.1:%u/", port);
    assert_int_equal(dtt_relay_probe_run(&probe, results), DTT_OK);
    assert_int_equal(results[0].outcome, DTT_RELAY_PROBE_UNKNOWN);
    assert_int_equal(results[1].outcome, DTT_RELAY_PROBE_FAILED);
    assert_string_equal(results[1].why, "the server cannot be reached: Connection refused");
    assert_true(patience.asked > 0);
    close(listener);

    snprintf(dead, sizeof(dead), "nonsense");
    assert_int_equal(dtt_relay_probe_run(&probe, results), DTT_EADDR);
    probe.n = DTT_RELAY_PROBE_MAX + 1;
    assert_int_equal(dtt_relay_probe_run(&probe, results), DTT_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_silent_does_not_hide_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
