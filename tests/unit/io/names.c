/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/names.h"

#include "io/host.h"
#include "support/vectors.h"

#include <string.h>

struct heard {
    unsigned addresses, ends;
    uint16_t port;
};

static void on_address(void *user, struct dtt_now now, const struct dtt_addr *addr)
{
    struct heard *h = user;
    (void)now;
    assert_int_equal(dtt_addr_scope(addr), DTT_SCOPE_LOOPBACK);
    h->addresses++;
    h->port = addr->port;
}

static void on_end(void *user, struct dtt_now now)
{
    struct heard *h = user;
    (void)now;
    h->ends++;
}

static void run_until(uv_loop_t *loop, const struct heard *h, unsigned ends)
{
    while (h->ends < ends) {
        uv_run(loop, UV_RUN_ONCE);
    }
}

static void a_name_is_asked_for_until_it_has_an_address(void **state)
{
    struct dtt_ctx ctx = {0};
    struct heard h = {0};
    uv_loop_t loop;
    unsigned resolving, threadless;
    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    struct dtt_names names = {
        .ctx = &ctx, .loop = &loop, .user = &h, .on_address = on_address, .on_end = on_end};
    assert_int_equal(dtt_names_init(&names, 2), DTT_OK);
    assert_int_equal(dtt_names_add(&names, dtt_host_now(), "localhost"), DTT_EADDR); /* no port */
    assert_int_equal(dtt_names_add(&names, dtt_host_now(), "localhost:6881"), DTT_OK);
    dtt_names_count(&names, &resolving, &threadless);
    assert_int_equal(resolving, 1);
    assert_int_equal(threadless, 0);
    assert_int_equal(dtt_names_deadline(&names), DTT_NEVER);
    run_until(&loop, &h, 1);
    assert_true(h.addresses >= 1);
    assert_int_equal(h.port, 6881);
    assert_int_equal(dtt_names_deadline(&names), DTT_NEVER); /* it is known */

    /* A label of 64 bytes is no name: no server is asked. After 5 seconds it is tried again. */
    char text[80];
    memset(text, 'x', 64);
    strcpy(text + 64, ":1");
    struct dtt_now now = dtt_host_now();
    unsigned addresses = h.addresses;
    assert_int_equal(dtt_names_add(&names, now, text), DTT_OK);
    run_until(&loop, &h, 2);
    assert_int_equal(h.addresses, addresses);
    uint64_t due_ns = dtt_names_deadline(&names);
    assert_true(due_ns >= now.mono_ns + 5 * DTT_S && due_ns != DTT_NEVER);
    now.mono_ns = due_ns - 1;
    assert_false(dtt_names_tick(&names, now));
    now.mono_ns = due_ns;
    assert_true(dtt_names_tick(&names, now));
    dtt_names_count(&names, &resolving, &threadless);
    assert_int_equal(resolving, 1);
    run_until(&loop, &h, 3);
    assert_true(dtt_names_deadline(&names) >= dtt_host_now().mono_ns + 5 * DTT_S);
    uv_run(&loop, UV_RUN_DEFAULT); /* the handles are closed */
    assert_int_equal(uv_loop_close(&loop), 0);
    dtt_names_fini(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_asked_for_until_it_has_an_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
