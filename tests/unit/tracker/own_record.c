/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a tracker writes into the slots of all kinds and when, and what it gives the local network.
 */
#include "drive.h"

/* ---- slots of several kinds */

static void open_with_all_slots(void)
{
    struct dtt_tracker_config cfg = test_config(SELF, DTT_PRESET_DEFAULT);
    cfg.tuning.secret_slot = cfg.tuning.old_line_slot = true;
    dtt_tracker_free(t);
    memset(&ctx, 0, sizeof(ctx));
    assert_int_equal(dtt_tracker_new(&t, &ctx, &cfg, at_ms(0)), DTT_OK);
}

static void each_slot_in_use_is_read_and_written(void **state)
{
    (void)state;
    struct dtt_secret secret = test_secret("secret");
    struct dtt_tracker_action a;
    struct dtt_addr addr = node_addr(SELF);
    bool is_read[2][DTT_SLOT_KINDS] = {{false}};
    bool is_written[DTT_SLOT_KINDS] = {false};
    uint8_t enc_seed[32];
    open_with_all_slots();
    dtt_tracker_set_addrs(t, at_ms(0), &addr, 1);
    while (dtt_tracker_next(t, true, &a)) {
        struct dtt_slot want;
        struct dtt_record rec;
        dtt_secret_rotate(enc_seed, &secret, test_topic, a.slot.minute);
        dtt_slot_init(&want, a.slot.kind, test_topic, a.slot.minute, enc_seed);
        assert_memory_equal(a.slot.key, want.key, sizeof(want.key));
        assert_memory_equal(a.slot.salt, want.salt, sizeof(want.salt));
        if (a.type == DTT_TRACKER_GET) {
            assert_false(is_read[a.slot.minute % 2][a.slot.kind]);
            is_read[a.slot.minute % 2][a.slot.kind] = true;
            continue;
        }
        assert_int_equal(a.type, DTT_TRACKER_PUT);
        assert_false(is_written[a.slot.kind]);
        is_written[a.slot.kind] = true;
        assert_int_equal(a.slot.minute, M);
        assert_true(a.seq == (a.slot.kind == DTT_SLOT_OLD_LINE ? 0
                              : a.slot.kind == DTT_SLOT_SECRET ? at_ms(0).wall_ns / (int64_t)DTT_S
                                                               : INT64_MAX));
        assert_int_equal(
            dtt_record_unseal(dtt_slice(a.value, a.value_len), test_topic, M, enc_seed, &rec),
            DTT_OK);
        /* The first readers of the old line die of anything but 320 bytes. */
        assert_int_equal(rec.content_len, a.slot.kind == DTT_SLOT_OLD_LINE ? 320 : 384);
    }
    for (unsigned k = 0; k < DTT_SLOT_KINDS; k++) {
        assert_true(is_read[0][k] && is_read[1][k] && is_written[k]);
    }
}

static void the_old_line_counts_on_from_what_it_saw(void **state)
{
    (void)state;
    struct sealed s;
    struct dtt_tracker_action a;
    int64_t seq = -1;
    open_with_all_slots();
    seal_plain(&s, 1, M);
    dtt_tracker_slot_value(t, at_ms(0), DTT_SLOT_OLD_LINE, M, 4, dtt_slice("garbage", 7));
    dtt_tracker_slot_value(t, at_ms(0), DTT_SLOT_OLD_LINE, M, 3, sealed_slice(&s));
    dtt_tracker_slot_value(t, at_ms(0), DTT_SLOT_PUBLIC, M, 9, dtt_slice("other", 5));
    while (dtt_tracker_next(t, true, &a)) {
        seq = a.type == DTT_TRACKER_PUT && a.slot.kind == DTT_SLOT_OLD_LINE ? a.seq : seq;
        if (a.type == DTT_TRACKER_DIAL) {
            assert_true(id_is(&a.peer, 1));
            out.dials++;
        }
    }
    assert_true(seq == 5);
    assert_int_equal(out.dials, 1);
}

static void one_slot_that_stores_is_enough(void **state)
{
    (void)state;
    open_with_all_slots();
    collect();
    dtt_tracker_put_done(t, at_ms(100), DTT_SLOT_PUBLIC, M, DTT_ETIMEDOUT, 0);
    dtt_tracker_put_done(t, at_ms(100), DTT_SLOT_PUBLIC, M, DTT_OK, 9); /* told twice */
    dtt_tracker_put_done(t, at_ms(200), DTT_SLOT_SECRET, M, DTT_OK, 12);
    collect();
    assert_int_equal(out.published, 0);
    dtt_tracker_put_done(t, at_ms(300), DTT_SLOT_OLD_LINE, M, DTT_OK, 3);
    collect();
    assert_int_equal(out.published, 1);
    assert_int_equal(out.pub.copies, 12);
    assert_int_equal(out.pub.slot.minute, M);
    assert_int_equal(run(9000).puts, 0); /* no retry */
}

static void who_stays_alone_reads_the_open_slots_by_turns(void **state)
{
    (void)state;
    struct dtt_tracker_action a;
    unsigned n[DTT_SLOT_KINDS] = {0};
    open_with_all_slots();
    for (uint64_t ms = 0; ms < 55000; ms += 100) {
        dtt_tracker_tick(t, at_ms(ms));
        while (dtt_tracker_next(t, true, &a)) {
            if (a.type == DTT_TRACKER_GET) {
                n[a.slot.kind] += a.slot.minute == M;
                dtt_tracker_slot_done(t, at_ms(ms), a.slot.kind, a.slot.minute, DTT_OK, 8);
            } else if (a.type == DTT_TRACKER_PUT) {
                dtt_tracker_put_done(t, at_ms(ms), a.slot.kind, M, DTT_OK, 8);
            }
        }
    }
    assert_int_equal(n[DTT_SLOT_PUBLIC], n[DTT_SLOT_OLD_LINE]);
    assert_true(n[DTT_SLOT_PUBLIC] >= 4);
    assert_in_range(2 * n[DTT_SLOT_PUBLIC], n[DTT_SLOT_SECRET], n[DTT_SLOT_SECRET] + 4);
}

/* ---- publishing */

static void the_record_shows_neighbors_and_messages_soon_after_joining(void **state)
{
    (void)state;
    uint8_t hash[32] = {0};
    collect();
    reads_done(500, M);
    put_done(600, 20);
    up(1000, 1);
    up(1100, 2);
    for (uint8_t i = 1; i <= 7; i++) {
        hash[0] = i;
        dtt_tracker_message(t, at_ms(1200), hash);
    }
    for (uint64_t ms = 1300; ms < 3000; ms += 50) {
        tick(ms);
        assert_int_equal(out.puts, 0);
        if (out.gets) {
            reads_done(ms, M);
        }
    }
    tick(3000);
    struct dtt_record_info info = open_put();
    assert_int_equal(info.n_active_peers, 2);
    assert_true(id_is(&info.active_peers[0], 1));
    assert_int_equal(info.n_message_hashes, 5);
    assert_int_equal(info.message_hashes[0][0], 3);
    assert_int_equal(info.message_hashes[4][0], 7);
}

static void a_new_address_is_published_soon(void **state)
{
    (void)state;
    struct dtt_addr a[2] = {node_addr(1), node_addr(2)};
    dtt_tracker_set_addrs(t, at_ms(0), a, 1);
    collect();
    assert_int_equal(out.puts, 1);
    dtt_tracker_set_addrs(t, at_ms(500), a, 2);
    collect();
    assert_int_equal(out.puts, 0);
    tick(999);
    assert_int_equal(out.puts, 0);
    tick(1000); /* though the first put is still under way */
    assert_int_equal(open_put().n_addrs, 2);
    put_done(3000, 20);
    dtt_tracker_set_addrs(t, at_ms(5000), a, 2); /* the same ones */
    collect();
    assert_int_equal(out.puts, 0);
    dtt_tracker_set_addrs(t, at_ms(5500), NULL, 0); /* nobody hears us, and it will not last */
    collect();
    assert_int_equal(out.puts, 0);
    dtt_tracker_set_addrs(t, at_ms(5700), a + 1, 1);
    collect();
    assert_int_equal(open_put().n_addrs, 1);
}

static int reach_after(uint64_t ms, int kind, int step)
{
    struct dtt_reach reach = {.is_told = 1, .kind = kind, .step = step};
    if (kind == DTT_REACH_VARY) {
        reach.last = node_addr(1);
    }
    dtt_tracker_set_reach(t, at_ms(ms), &reach);
    collect();
    return out.puts > 0 ? open_put().reach.kind : -1;
}

/* Who reads our first record would wait for us to dial, or know no way. */
static void a_reach_that_changes_what_others_do_is_published_soon(void **state)
{
    (void)state;
    struct dtt_addr addr = node_addr(1);
    dtt_tracker_set_addrs(t, at_ms(0), &addr, 1);
    assert_int_equal(reach_after(0, DTT_REACH_CONE, 0), DTT_REACH_CONE);
    put_done(500, 20);
    assert_int_equal(reach_after(1000, DTT_REACH_OPEN, 0), DTT_REACH_OPEN);
    put_done(1500, 20);
    assert_int_equal(reach_after(2000, DTT_REACH_OPEN, 0), -1);
    assert_int_equal(reach_after(3000, DTT_REACH_CONE, 0), -1);
    assert_int_equal(reach_after(4000, DTT_REACH_VARY, 0), DTT_REACH_VARY);
    put_done(4500, 20);
    assert_int_equal(reach_after(6000, DTT_REACH_VARY, 0), -1);
    tick(9000);
    assert_int_equal(reach_after(20000, DTT_REACH_VARY, 2), DTT_REACH_VARY);
    assert_int_equal(open_put().reach.step, 2);
}

/* Neighbours help newcomers; a swarm whose members turn out open one by one does not publish. */
static void with_neighbors_an_open_router_is_no_hurry(void **state)
{
    struct dtt_reach open = {.is_told = 1, .kind = DTT_REACH_OPEN};
    (void)state;
    collect();
    reads_done(500, M);
    put_done(600, 20);
    up(800, 1);
    run(5000); /* the record that names the neighbour is out */
    dtt_tracker_set_reach(t, at_ms(6000), &open);
    collect();
    assert_int_equal(out.gets + out.puts, 0);
}

static void of_two_records_the_later_one_says_so(void **state)
{
    (void)state;
    struct dtt_addr a[2] = {node_addr(1), node_addr(2)};
    dtt_tracker_set_addrs(t, at_ms(0), a, 1);
    collect();
    struct dtt_record_info first = open_put();
    assert_true(first.unix_s == (uint64_t)(at_ms(0).wall_ns / (int64_t)DTT_S));
    dtt_tracker_set_addrs(t, at_ms(300), a + 1, 1);
    tick(1000);
    assert_true(open_put().unix_s == first.unix_s + 1);
}

static void a_stored_record_is_reported(void **state)
{
    (void)state;
    collect();
    put_done(700, 17);
    assert_int_equal(out.published, 1);
    assert_int_equal(out.pub.slot.minute, M);
    assert_int_equal(out.pub.copies, 17);
    put_done(800, 0);
    assert_int_equal(out.published, 0);
}

static void enough_others_silence_us(void **state)
{
    (void)state;
    collect();
    put_done(500, 20);
    for (unsigned i = 1; i <= 5; i++) {
        member_value(600, i);
    }
    reads_done(700, M);
    up(800, 1);
    assert_int_equal(run(50000).puts, 0);
    assert_true(ctx.counters[DTT_COUNTER_TRACKER_RECORDS_CAPPED] >= 1);
}

/* Of publishers that name no neighbour it takes four times as many. */
static void strangers_do_not_silence_us(void **state)
{
    (void)state;
    collect();
    put_done(500, 20);
    for (unsigned i = 1; i <= 19; i++) {
        plain_value(600, i);
    }
    reads_done(700, M);
    up(800, 1);
    run(50000);
    assert_int_equal(ctx.counters[DTT_COUNTER_TRACKER_RECORDS_CAPPED], 0);
}

/* ---- for the local network */

/* The record that it gives for a minute, opened as its readers do. */
static struct dtt_record_info near_record(uint64_t minute, const struct dtt_addr *near, size_t n)
{
    struct dtt_secret secret = test_secret("secret");
    struct dtt_record_info info = {.size = sizeof(info)};
    uint8_t buf[DTT_RECORD_VALUE_MAX], enc_seed[32];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    struct dtt_record rec;
    assert_int_equal(dtt_tracker_near_record(t, at_ms(0), minute, near, n, &w), DTT_OK);
    dtt_secret_rotate(enc_seed, &secret, test_topic, minute);
    assert_int_equal(
        dtt_record_unseal(dtt_slice(w.data, w.len), test_topic, minute, enc_seed, &rec), DTT_OK);
    assert_int_equal(dtt_content_read(dtt_slice(rec.content, rec.content_len), &info), DTT_OK);
    return info;
}

static void near_addresses_come_first_and_once(void **state)
{
    (void)state;
    struct dtt_addr told[DTT_RECORD_ADDRS], near[2] = {node_addr(50), node_addr(2)};
    for (unsigned i = 0; i < DTT_RECORD_ADDRS; i++) {
        told[i] = node_addr(i + 1);
    }
    dtt_tracker_set_addrs(t, at_ms(0), told, 3);
    struct dtt_record_info info = near_record(M, near, 2);
    assert_int_equal(info.n_addrs, 4); /* one is in both */
    assert_memory_equal(&info.addrs[0], &near[0], sizeof(near[0]));
    assert_memory_equal(&info.addrs[1], &near[1], sizeof(near[1]));
    assert_memory_equal(&info.addrs[2], &told[0], sizeof(told[0]));
    assert_memory_equal(&info.addrs[3], &told[2], sizeof(told[2]));

    dtt_tracker_set_addrs(t, at_ms(0), told, DTT_RECORD_ADDRS);
    info = near_record(M - 1, near, 1);
    assert_int_equal(info.n_addrs, DTT_RECORD_ADDRS);
    assert_memory_equal(&info.addrs[0], &near[0], sizeof(near[0]));
    assert_memory_equal(&info.addrs[1], &told[0], sizeof(told[0]));
}

/* Else each echo of the local network would be another program with our identity. */
static void what_the_local_network_echoes_is_no_twin(void **state)
{
    (void)state;
    uint8_t buf[DTT_RECORD_VALUE_MAX];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    struct dtt_record_info info;
    struct sealed other;
    struct dtt_addr addr = node_addr(50);
    collect();
    assert_int_equal(dtt_tracker_near_record(t, at_ms(9000), M, &addr, 1, &w), DTT_OK);
    assert_false(dtt_tracker_near_value(t, at_ms(9010), M, dtt_slice(w.data, w.len), 1, &info));
    collect();
    assert_int_equal(out.twins, 0);
    seal_plain(&other, 1, M);
    assert_true(dtt_tracker_near_value(t, at_ms(9020), M, sealed_slice(&other), 1, &info));
    assert_true(id_is(&info.publisher, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_slot_in_use_is_read_and_written),
        TEST(the_old_line_counts_on_from_what_it_saw),
        TEST(one_slot_that_stores_is_enough),
        TEST(who_stays_alone_reads_the_open_slots_by_turns),
        TEST(the_record_shows_neighbors_and_messages_soon_after_joining),
        TEST(a_new_address_is_published_soon),
        TEST(a_reach_that_changes_what_others_do_is_published_soon),
        TEST(with_neighbors_an_open_router_is_no_hurry),
        TEST(of_two_records_the_later_one_says_so),
        TEST(a_stored_record_is_reported),
        TEST(enough_others_silence_us),
        TEST(strangers_do_not_silence_us),
        TEST(near_addresses_come_first_and_once),
        TEST(what_the_local_network_echoes_is_no_twin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
