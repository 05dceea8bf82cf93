/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/event.h"

#include "support/vectors.h"

static void keeps_order(void **state)
{
    (void)state;
    struct dtt_qevents q = {0};
    struct dtt_qevent e[4] = {{0}};
    for (int i = 0; i < 4; i++) {
        dtt_qevents_push(&q, &e[i]);
    }
    dtt_qevents_push(&q, &e[0]); /* waits already: keeps its place */
    dtt_qevents_remove(&e[2]);
    dtt_qevents_remove(&e[2]);
    dtt_qevents_push(&q, &e[2]);
    const int want[4] = {0, 1, 3, 2};
    for (int i = 0; i < 4; i++) {
        assert_ptr_equal(q.head, &e[want[i]]);
        dtt_qevents_remove(q.head);
    }
    assert_null(q.head);
    assert_null(q.tail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(keeps_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
