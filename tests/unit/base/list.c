/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/list.h"

#include "support/vectors.h"

static void keeps_order(void **state)
{
    (void)state;
    struct dtt_list q = {0};
    struct dtt_list_link l[4] = {{0}};
    for (int i = 0; i < 4; i++) {
        dtt_list_push(&q, &l[i]);
    }
    dtt_list_push(&q, &l[0]); /* waits already: keeps its place */
    dtt_list_remove(&l[2]);
    dtt_list_remove(&l[2]);
    assert_int_equal(q.count, 3);
    dtt_list_push(&q, &l[2]);
    const int want[4] = {0, 1, 3, 2};
    for (int i = 0; i < 4; i++) {
        assert_ptr_equal(q.head, &l[want[i]]);
        assert_ptr_equal(q.tail, &l[2]);
        dtt_list_remove(q.head);
    }
    assert_null(q.head);
    assert_null(q.tail);
    assert_int_equal(q.count, 0);
}

static void finds_owners(void **state)
{
    (void)state;
    struct owner {
        int number;
        struct dtt_list_link link;
    } o = {.number = 7};
    struct dtt_list_link *l = &o.link;
    assert_int_equal(DTT_LIST_OWNER(l, struct owner, link)->number, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_order),
        cmocka_unit_test(finds_owners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
