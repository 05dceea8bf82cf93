/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/missed.h"

#include "drive.h"

/* A member with one neighbour, long enough for passes and records that a join makes due. */
static void join(void)
{
    struct dtt_addr addr = node_addr(SELF);
    dtt_tracker_set_addrs(t, at_ms(0), &addr, 1);
    up(100, 1);
    run(100000);
}

static void miss(uint64_t ms, unsigned n)
{
    struct dtt_id id = node_id(n);
    dtt_tracker_neighbor_silent(t, at_ms(ms), &id);
    collect();
}

/* Our address becomes that of member `n`. */
static void move(uint64_t ms, unsigned n)
{
    struct dtt_addr addr = node_addr(n);
    dtt_tracker_set_addrs(t, at_ms(ms), &addr, 1);
    collect();
}

static void the_slots_are_read_for_a_neighbour(void **state)
{
    (void)state;
    join();
    miss(101000, 2); /* no neighbour */
    assert_int_equal(out.gets, 0);
    miss(101000, 1);
    assert_int_equal(out.gets, 1);
    assert_int_equal(out.get_minutes[0], M + 1);
    assert_int_equal(out.puts, 0);
    reads_done(101500, M + 1);
    run(121000);
    miss(121000, 1); /* a record may have been written a second before the minute ended */
    reads_done(121500, M + 2);
    miss(122000, 1);
    assert_int_equal(out.gets, 2);
    assert_int_equal(out.get_minutes[0] + out.get_minutes[1], 2 * M + 3);
}

static void a_neighbour_cannot_make_us_read_all_the_time(void **state)
{
    unsigned gets = 0;
    (void)state;
    join();
    for (uint64_t ms = 101000; ms < 119000; ms += 500) {
        miss(ms, 1);
        gets += out.gets;
        reads_done(ms + 200, M + 1);
    }
    assert_in_range(gets, DTT_MISSED_READS, DTT_MISSED_READS + 18 / DTT_MISSED_READ_S);
    assert_int_equal(ctx.counters[DTT_COUNTER_TRACKER_MISSED_READS], gets);
    assert_int_equal(ctx.counters[DTT_COUNTER_TRACKER_MISSED_REFUSED], 36 - gets);
}

static void a_new_address_is_told_until_it_is_seen(void **state)
{
    (void)state;
    join();
    miss(101000, 1);
    move(101100, 2); /* as the answers of that read show */
    assert_int_equal(out.puts, 1);
    put_done(101400, 4);
    reads_done(101500, M + 1);
    miss(103000, 1);
    assert_int_equal(out.gets, 1);
    assert_int_equal(out.puts, 0);
    reads_done(103500, M + 1);
    assert_int_equal(out.puts, 1); /* it was not there */
    struct dtt_tracker_action last = out.put;
    put_done(104000, 4);
    miss(105000, 1);
    dtt_tracker_slot_value(t, at_ms(105200), DTT_SLOT_PUBLIC, M + 1, INT64_MAX,
                           dtt_slice(last.value, last.value_len));
    reads_done(105500, M + 1);
    assert_int_equal(out.puts, 0);
    miss(106000, 1);
    reads_done(106400, M + 1);
    assert_int_equal(out.puts, 0);
    miss(107000, 1); /* the other still does not know */
    reads_done(107500, M + 1);
    assert_int_equal(out.puts, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_slots_are_read_for_a_neighbour),
        TEST(a_neighbour_cannot_make_us_read_all_the_time),
        TEST(a_new_address_is_told_until_it_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
