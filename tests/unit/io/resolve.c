/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "io/resolve.h"

#include "support/vectors.h"

#include <poll.h>
#include <sys/resource.h>

#define DEADLINE_MS 60000

/* The first test: a thread that has run leaves its stack to the next one. */
static void want_of_a_thread_is_told_apart(void **state)
{
    struct dtt_resolve *r;
    struct rlimit usual, none;
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* they want memory of their own */
#endif
    assert_int_equal(getrlimit(RLIMIT_AS, &usual), 0);
    none = (struct rlimit){.rlim_cur = 1, .rlim_max = usual.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_AS, &none), 0); /* no room for a stack */
    int err = dtt_resolve_start(&r, "localhost", 1);
    assert_int_equal(setrlimit(RLIMIT_AS, &usual), 0);
    assert_int_equal(err, DTT_EAGAIN);
}

static void localhost_is_found(void **state)
{
    struct dtt_resolve *r;
    struct dtt_addr got[DTT_RESOLVE_ADDRS];
    (void)state;
    assert_int_equal(dtt_resolve_start(&r, "localhost", 6881), DTT_OK);
    struct pollfd p = {.fd = dtt_resolve_fd(r), .events = POLLIN};
    assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
    size_t n = dtt_resolve_take(r, got);
    assert_true(n >= 1);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(dtt_addr_scope(&got[i]), DTT_SCOPE_LOOPBACK);
        assert_int_equal(got[i].port, 6881);
    }
    assert_int_equal(dtt_resolve_take(r, got), 0); /* taken */
    dtt_resolve_free(r);
}

static void an_abandoned_lookup_frees_itself(void **state)
{
    struct dtt_resolve *r;
    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(dtt_resolve_start(&r, "localhost", 1), DTT_OK);
        dtt_resolve_free(r);
    }
    dtt_resolve_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(want_of_a_thread_is_told_apart),
        cmocka_unit_test(localhost_is_found),
        cmocka_unit_test(an_abandoned_lookup_frees_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
