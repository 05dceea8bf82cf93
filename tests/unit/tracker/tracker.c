/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"
#include "support/oom.h"

#define SELF 99
#define M    START_MINUTE

/* What a tracker asked for since the last look. */
struct outcome {
    unsigned gets, puts, dials, records, published;
    uint64_t get_minutes[2 * DTT_SLOT_KINDS];
    struct dtt_tracker_action put, dial, pub, record;
};

static struct dtt_ctx ctx;
static struct dtt_tracker *t;
static struct outcome out;

static void collect(void)
{
    struct dtt_tracker_action a;
    memset(&out, 0, sizeof(out));
    while (dtt_tracker_next(t, &a)) {
        switch (a.type) {
        case DTT_TRACKER_GET:
            assert_true(out.gets < 2 * DTT_SLOT_KINDS);
            out.get_minutes[out.gets++] = a.slot.minute;
            break;
        case DTT_TRACKER_PUT: out.puts++, out.put = a; break;
        case DTT_TRACKER_DIAL: out.dials++, out.dial = a; break;
        case DTT_TRACKER_RECORD: out.records++, out.record = a; break;
        case DTT_TRACKER_PUBLISHED: out.published++, out.pub = a; break;
        }
    }
}

static void open_tracker(int preset, uint64_t ms)
{
    struct dtt_tracker_config cfg = test_config(SELF, preset);
    cfg.tuning.secret_slot = false; /* one slot a minute makes the counts below readable */
    memset(&ctx, 0, sizeof(ctx));
    assert_int_equal(dtt_tracker_new(&t, &ctx, &cfg, at_ms(ms)), DTT_OK);
}

static int setup(void **state)
{
    (void)state;
    open_tracker(DTT_PRESET_DEFAULT, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dtt_tracker_free(t);
    t = NULL;
    return 0;
}

static void tick(uint64_t ms)
{
    dtt_tracker_tick(t, at_ms(ms));
    collect();
}

static void value(uint64_t ms, uint64_t minute, const struct sealed *s)
{
    dtt_tracker_slot_value(t, at_ms(ms), DTT_SLOT_PUBLIC, minute, INT64_MAX, sealed_slice(s));
    collect();
}

static void plain_value(uint64_t ms, unsigned n)
{
    struct sealed s;
    seal_plain(&s, n, M);
    value(ms, M, &s);
}

static void reads_done(uint64_t ms, uint64_t minute)
{
    dtt_tracker_slot_done(t, at_ms(ms), DTT_SLOT_PUBLIC, minute, DTT_OK, 8);
    dtt_tracker_slot_done(t, at_ms(ms), DTT_SLOT_PUBLIC, minute - 1, DTT_OK, 8);
    collect();
}

static void put_done(uint64_t ms, uint32_t acked)
{
    dtt_tracker_put_done(t, at_ms(ms), DTT_SLOT_PUBLIC, M + ms / 60000,
                         acked ? DTT_OK : DTT_ETIMEDOUT, acked);
    collect();
}

static void up(uint64_t ms, unsigned n)
{
    struct dtt_id id = node_id(n);
    dtt_tracker_neighbor_up(t, at_ms(ms), &id);
    collect();
}

static void down(uint64_t ms, unsigned n)
{
    struct dtt_id id = node_id(n);
    dtt_tracker_neighbor_down(t, at_ms(ms), &id, false);
    collect();
}

static struct dtt_tracker_status status(uint64_t ms)
{
    struct dtt_tracker_status st;
    dtt_tracker_status(t, at_ms(ms), &st);
    return st;
}

static void add_outcome(struct outcome *sum)
{
    sum->gets += out.gets;
    sum->puts += out.puts;
    sum->dials += out.dials;
}

/* Goes from deadline to deadline up to `ms`; counts what was asked for on the way. */
static struct outcome run(uint64_t ms)
{
    struct outcome sum = {0};
    while (dtt_tracker_deadline(t) <= at_ms(ms).mono_ns) {
        uint64_t at = (dtt_tracker_deadline(t) - at_ms(0).mono_ns + DTT_MS - 1) / DTT_MS;
        tick(at);
        add_outcome(&sum);
        if (out.gets) {
            reads_done(at, M + at / 60000);
            add_outcome(&sum);
        }
        if (out.puts) {
            put_done(at, 20);
            add_outcome(&sum);
        }
        assert_true(dtt_tracker_deadline(t) > at_ms(at).mono_ns);
    }
    return sum;
}

static struct dtt_record_info open_put(void)
{
    struct dtt_secret secret = test_secret("secret");
    struct dtt_record_info info = {0};
    struct dtt_record rec;
    uint8_t enc_seed[32];
    dtt_secret_rotate(enc_seed, &secret, test_topic, out.put.slot.minute);
    assert_int_equal(out.puts, 1);
    assert_int_equal(dtt_record_unseal(dtt_slice(out.put.value, out.put.value_len), test_topic,
                                       out.put.slot.minute, enc_seed, &rec),
                     DTT_OK);
    assert_true(id_is(&rec.publisher, SELF));
    assert_int_equal(dtt_content_read(dtt_slice(rec.content, rec.content_len), &info), DTT_OK);
    return info;
}

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
    while (dtt_tracker_next(t, &a)) {
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
        assert_true(a.seq == (a.slot.kind == DTT_SLOT_OLD_LINE ? 0 : INT64_MAX));
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
    while (dtt_tracker_next(t, &a)) {
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
        while (dtt_tracker_next(t, &a)) {
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

/* ---- a neighbour that falls silent */

static void who_fell_silent_is_dialled_though_there_are_others(void **state)
{
    (void)state;
    struct dtt_id one = node_id(1);
    struct dtt_id two = node_id(2);
    up(100, 1);
    up(200, 2);
    up(300, 3);
    dtt_tracker_neighbor_down(t, at_ms(5000), &one, true);
    dtt_tracker_neighbor_down(t, at_ms(5000), &two, false); /* said goodbye */
    collect();
    assert_int_equal(out.dials, 0);
    tick(6000);
    assert_int_equal(out.dials, 1);
    assert_true(id_is(&out.dial.peer, 1));
    dtt_tracker_dial_failed(t, at_ms(9000), &one);
    collect();
    tick(9000 + 6300);
    assert_int_equal(out.dials, 1);
    assert_true(id_is(&out.dial.peer, 1));
    up(16000, 1);
    assert_int_equal(run(60000).dials, 0);
    assert_int_equal(status(60000).members, 3);
}

/* ---- the first call */

static void start_reads_both_minutes_and_publishes(void **state)
{
    (void)state;
    struct dtt_slot want;
    struct dtt_addr addr = node_addr(SELF);
    dtt_tracker_set_addrs(t, at_ms(0), &addr, 1);
    collect();
    assert_int_equal(out.gets, 2);
    assert_int_equal(out.get_minutes[0], M);
    assert_int_equal(out.get_minutes[1], M - 1);
    assert_int_equal(out.dials, 0);
    struct dtt_record_info info = open_put();
    assert_int_equal(info.n_addrs, 1);
    assert_int_equal(info.n_active_peers, 0);
    dtt_slot_init(&want, DTT_SLOT_PUBLIC, test_topic, M, NULL);
    assert_same_slot(&out.put.slot, &want);
    tick(1);
    assert_int_equal(out.gets + out.puts + out.dials, 0);
}

static void the_seed_preset_does_not_publish_at_start(void **state)
{
    (void)state;
    dtt_tracker_free(t);
    open_tracker(DTT_PRESET_SEED, 0);
    collect();
    assert_int_equal(out.gets, 2);
    assert_int_equal(out.puts, 0);
    reads_done(800, M);
    assert_int_equal(out.puts, 1); /* the pass was in vain */
}

static void older_minutes_come_first_where_wanted(void **state)
{
    (void)state;
    struct dtt_tracker_config cfg = test_config(SELF, DTT_PRESET_DEFAULT);
    struct sealed s;
    cfg.tuning.secret_slot = false;
    cfg.tuning.older_first = true;
    dtt_tracker_free(t);
    assert_int_equal(dtt_tracker_new(&t, &ctx, &cfg, at_ms(0)), DTT_OK);
    collect();
    assert_int_equal(out.gets, 2);
    assert_int_equal(out.get_minutes[0], M - 1);
    assert_int_equal(out.get_minutes[1], M - 2);
    assert_int_equal(out.puts, 1);
    seal_plain(&s, 1, M - 2);
    value(300, M - 2, &s);
    assert_int_equal(out.dials, 1);
    put_done(400, 20);
    reads_done(500, M - 1);
    tick(20000);
    assert_true(out.gets > 0);
    assert_int_equal(out.get_minutes[0], M);
}

static void out_of_memory_is_an_error(void **state)
{
    (void)state;
    struct dtt_tracker_config cfg = test_config(1, DTT_PRESET_DEFAULT);
    struct dtt_tracker *other = NULL;
    long n = 1;
    for (;; n++) {
        oom_arm(n);
        int err = dtt_tracker_new(&other, &ctx, &cfg, at_ms(0));
        if (!oom_disarm()) {
            assert_int_equal(err, DTT_OK);
            break;
        }
        assert_int_equal(err, DTT_ENOMEM);
        assert_null(other);
    }
    assert_true(n > 1);
    dtt_tracker_free(other);
    dtt_tracker_free(NULL);
}

static void nothing_is_allocated_after_the_start(void **state)
{
    (void)state;
    struct sealed s;
    seal_plain(&s, 1, M);
    oom_arm(1);
    collect();
    value(100, M, &s);
    assert_int_equal(out.dials, 1);
    up(200, 1);
    run(600000);
    assert_false(oom_disarm());
}

/* ---- finding */

static void the_first_record_is_dialled_within_the_call(void **state)
{
    (void)state;
    collect();
    plain_value(300, 1);
    assert_int_equal(out.dials, 1);
    assert_true(id_is(&out.dial.peer, 1));
    assert_int_equal(out.dial.n_addrs, 1);
    assert_int_equal(out.dial.addrs[0].ip[3], 1);
    assert_int_equal(out.records, 1);
    assert_true(id_is(&out.record.record.publisher, 1));
}

static void candidates_are_dialled_at_a_pace_and_active_peers_too(void **state)
{
    (void)state;
    struct sealed s;
    struct dtt_record_info info = {.n_active_peers = 3,
                                   .active_peers = {node_id(2), node_id(SELF), node_id(3)},
                                   .n_addrs = 1,
                                   .addrs = {node_addr(1)}};
    collect();
    seal_as(&s, 1, M, "secret", &info);
    value(300, M, &s);
    assert_true(id_is(&out.dial.peer, 1));
    tick(399);
    assert_int_equal(out.dials, 0);
    tick(400);
    assert_int_equal(out.dials, 1);
    assert_true(id_is(&out.dial.peer, 2));
    assert_int_equal(out.dial.n_addrs, 0);
    tick(500);
    assert_true(id_is(&out.dial.peer, 3));
    tick(600); /* not ourselves */
    assert_int_equal(out.dials, 0);
}

static void the_newest_record_is_dialled_first(void **state)
{
    (void)state;
    struct sealed s;
    collect();
    plain_value(300, 1);
    assert_int_equal(out.dials, 1);
    seal_plain(&s, 2, M - 1);
    value(310, M - 1, &s);
    plain_value(320, 3);
    assert_int_equal(out.dials, 0);
    tick(400);
    assert_true(id_is(&out.dial.peer, 3));
    tick(500);
    assert_true(id_is(&out.dial.peer, 2));
}

static void joining_ends_the_dials(void **state)
{
    (void)state;
    collect();
    plain_value(300, 1);
    plain_value(310, 2);
    up(350, 1);
    assert_int_equal(out.dials, 0);
    tick(400);
    tick(900);
    assert_int_equal(out.dials, 0);
    assert_int_equal(status(900).searching_since_ns, DTT_NEVER);
}

static void a_named_peer_is_dialled_at_once(void **state)
{
    (void)state;
    struct dtt_id one = node_id(1);
    struct dtt_addr a = node_addr(1);
    dtt_tracker_add_candidate(t, at_ms(0), &one, &a, 1);
    collect();
    assert_int_equal(out.dials, 1);
    assert_true(id_is(&out.dial.peer, 1));
    dtt_tracker_dial_failed(t, at_ms(100), &one);
    assert_int_equal(run(60000).dials, 2); /* and again, with a back-off */
}

static void a_wanted_peer_is_dialled_even_with_neighbors(void **state)
{
    (void)state;
    struct dtt_id one = node_id(1);
    struct dtt_id two = node_id(2);
    struct dtt_id self = node_id(SELF);
    struct dtt_addr a = node_addr(1);
    up(100, 3);
    dtt_tracker_add_candidate(t, at_ms(200), &two, &a, 1);
    collect();
    assert_int_equal(out.dials, 0);
    dtt_tracker_want_peer(t, at_ms(300), &one, &a, 1);
    collect();
    assert_int_equal(out.dials, 1);
    assert_true(id_is(&out.dial.peer, 1));
    up(400, 1);
    dtt_tracker_want_peer(t, at_ms(500), &one, &a, 1);
    dtt_tracker_want_peer(t, at_ms(500), &self, &a, 1);
    collect();
    assert_int_equal(out.dials, 0);
}

static void a_peer_that_came_to_us_meanwhile_is_not_dialled(void **state)
{
    (void)state;
    struct dtt_id one = node_id(1);
    struct sealed s;
    collect();
    seal_plain(&s, 1, M);
    dtt_tracker_slot_value(t, at_ms(300), DTT_SLOT_PUBLIC, M, INT64_MAX, sealed_slice(&s));
    dtt_tracker_neighbor_up(t, at_ms(300), &one);
    collect();
    assert_int_equal(out.dials, 0);
    assert_int_equal(status(300).dials_started, 0);
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
    dtt_tracker_set_addrs(t, at_ms(5500), NULL, 0);
    collect();
    assert_int_equal(open_put().n_addrs, 0);
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
        plain_value(600, i);
    }
    reads_done(700, M);
    up(800, 1);
    assert_int_equal(run(50000).puts, 0);
    assert_true(ctx.metrics[DTT_METRIC_TRACKER_CAPPED] >= 1);
}

/* ---- what changes under way */

static void a_new_minute_is_published_and_read_while_searching(void **state)
{
    (void)state;
    collect();
    put_done(500, 20);
    reads_done(59000, M);
    tick(59990);
    tick(60000);
    assert_int_equal(out.gets, 1); /* the slot of M is fresh */
    assert_int_equal(out.get_minutes[0], M + 1);
    assert_in_range(dtt_tracker_deadline(t), at_ms(60000).mono_ns, at_ms(61000).mono_ns);
    tick(61000);
    assert_int_equal(out.puts, 1);
    assert_int_equal(out.put.slot.minute, M + 1);
}

static void values_of_the_previous_minute_still_count_after_the_turn(void **state)
{
    (void)state;
    struct sealed s;
    dtt_tracker_free(t);
    open_tracker(DTT_PRESET_DEFAULT, 59900);
    collect();
    assert_int_equal(out.get_minutes[0], M);
    tick(60000);
    seal_plain(&s, 1, M);
    value(60100, M, &s);
    assert_int_equal(out.dials, 1);
    seal_plain(&s, 2, M - 1);
    value(60100, M - 1, &s);
    assert_int_equal(out.records, 0);
}

static void a_clock_that_was_set_makes_us_look_again(void **state)
{
    (void)state;
    struct dtt_now now = at_ms(30000);
    collect();
    put_done(500, 20);
    reads_done(1000, M);
    run(10000);
    now.wall_ns += (int64_t)(3600 * DTT_S);
    dtt_tracker_tick(t, now);
    collect();
    assert_int_equal(out.gets, 2);
    assert_int_equal(out.get_minutes[0], M + 60);
    assert_int_equal(out.puts, 1);
    assert_int_equal(out.put.slot.minute, M + 60);
}

static void a_slewed_clock_does_not(void **state)
{
    (void)state;
    struct dtt_now now;
    collect();
    put_done(500, 20);
    reads_done(500, M);
    up(600, 1);
    dtt_tracker_tick(t, at_ms(10000));
    collect();
    reads_done(10000, M);
    tick(10001);
    for (uint64_t i = 0; i < 50; i++) { /* five seconds in all, a tenth at a time */
        now = at_ms(10002);
        now.wall_ns += (int64_t)(i * 100 * DTT_MS);
        dtt_tracker_tick(t, now);
        collect();
        assert_int_equal(out.gets + out.puts, 0);
    }
}

static void another_network_makes_us_look_again_even_when_joined(void **state)
{
    (void)state;
    collect();
    put_done(500, 20);
    reads_done(500, M);
    up(600, 1);
    run(40000);
    dtt_tracker_network_changed(t, at_ms(41000));
    collect();
    assert_in_range(out.gets, 1, 2); /* the old slot may be fresh */
    assert_int_equal(out.get_minutes[0], M);
    assert_int_equal(out.puts, 1);
}

static void failures_are_forgiven_in_another_network(void **state)
{
    (void)state;
    struct dtt_id one = node_id(1);
    collect();
    plain_value(300, 1);
    dtt_tracker_dial_failed(t, at_ms(400), &one);
    tick(1000);
    assert_int_equal(out.dials, 0);
    dtt_tracker_network_changed(t, at_ms(1100));
    collect();
    assert_int_equal(out.dials, 1);
}

static void losing_the_last_neighbor_starts_a_search_at_once(void **state)
{
    (void)state;
    collect();
    put_done(500, 20);
    plain_value(600, 1);
    plain_value(610, 2);
    reads_done(700, M);
    up(800, 1);
    up(900, 3);
    run(20000);
    down(21000, 1);
    assert_int_equal(out.gets, 0);
    assert_int_equal(status(21000).searching_since_ns, DTT_NEVER);
    down(22000, 3);
    assert_true(out.gets >= 1);
    assert_int_equal(out.dials, 1);
    assert_true(id_is(&out.dial.peer, 1)); /* the dial of 2 is under way */
    assert_int_equal(status(22500).searching_since_ns, at_ms(22000).mono_ns);
    assert_int_equal(status(22500).neighbors, 0);
}

static void a_store_that_works_now_is_used_now(void **state)
{
    (void)state;
    collect();
    put_done(100, 0);
    dtt_tracker_slot_done(t, at_ms(100), DTT_SLOT_PUBLIC, M, DTT_ETIMEDOUT, 0);
    dtt_tracker_slot_done(t, at_ms(100), DTT_SLOT_PUBLIC, M - 1, DTT_ETIMEDOUT, 0);
    collect();
    assert_int_equal(out.gets + out.puts, 0);
    dtt_tracker_store_ready(t, at_ms(150));
    collect();
    assert_int_equal(out.gets, 2);
    tick(2000);
    assert_int_equal(out.puts, 1);
}

/* ---- status */

static void the_status_tells_the_truth(void **state)
{
    (void)state;
    struct sealed s;
    struct dtt_id one = node_id(1);
    struct dtt_tracker_status st = status(0);
    assert_int_equal(st.searching_since_ns, at_ms(0).mono_ns);
    assert_int_equal(st.reads_done + st.records_seen + st.candidates + st.dials_started, 0);
    collect();
    plain_value(200, 1);
    plain_value(210, 2);
    plain_value(220, 2);
    seal_as(&s, 3, M, "other", NULL);
    value(230, M, &s);
    value(240, M, &s);
    dtt_tracker_slot_done(t, at_ms(300), DTT_SLOT_PUBLIC, M, DTT_OK, 5);
    dtt_tracker_slot_done(t, at_ms(300), DTT_SLOT_PUBLIC, M - 1, DTT_ETIMEDOUT, 0);
    tick(310);
    st = status(310);
    assert_int_equal(st.reads_done, 1);
    assert_int_equal(st.records_seen, 2);
    assert_int_equal(st.records_refused, 1);
    assert_int_equal(st.dials_started, 2);
    assert_int_equal(st.dials_failed, 0);
    assert_int_equal(st.candidates, 0);
    dtt_tracker_dial_failed(t, at_ms(320), &one);
    dtt_tracker_dial_failed(t, at_ms(321), &one); /* told twice */
    collect();
    st = status(330);
    assert_int_equal(st.dials_failed, 1);
    assert_int_equal(st.candidates, 1);
    up(400, 2);
    st = status(410);
    assert_int_equal(st.neighbors, 1);
    assert_int_equal(st.searching_since_ns, DTT_NEVER);
    assert_int_equal(status(60000).records_seen, 2);
    assert_int_equal(status(120000).records_seen, 0);
}

static void a_dial_without_an_outcome_counts_as_failed_in_the_end(void **state)
{
    (void)state;
    collect();
    plain_value(200, 1);
    reads_done(300, M);
    run(30199);
    assert_int_equal(status(30199).dials_failed, 0);
    run(31000);
    assert_int_equal(status(31000).dials_failed, 1);
}

/* ---- all in all */

static uint64_t fingerprint(void)
{
    uint64_t h = UINT64_C(14695981039346656037);
    open_tracker(DTT_PRESET_DEFAULT, 0);
    for (uint64_t ms = 0; ms < 200000; ms += 97) {
        struct dtt_tracker_action a;
        dtt_tracker_tick(t, at_ms(ms));
        while (dtt_tracker_next(t, &a)) {
            const uint8_t *p = (const uint8_t *)&a;
            for (size_t i = 0; i < sizeof(a); i++) {
                h = (h ^ p[i]) * UINT64_C(1099511628211);
            }
        }
        h = (h ^ dtt_tracker_deadline(t)) * UINT64_C(1099511628211);
        if (ms % 5 == 0) {
            struct dtt_id id = node_id((unsigned)(ms % 7));
            dtt_tracker_add_candidate(t, at_ms(ms), &id, NULL, 0);
            dtt_tracker_dial_failed(t, at_ms(ms), &id);
        }
    }
    dtt_tracker_free(t);
    return h;
}

static void same_inputs_same_outputs(void **state)
{
    (void)state;
    dtt_tracker_free(t);
    uint64_t first = fingerprint();
    assert_int_equal(first, fingerprint());
    t = NULL;
}

static void two_trackers_of_a_node_never_share_keys(void **state)
{
    (void)state;
    struct dtt_tracker *first = t;
    struct dtt_tracker_config cfg = test_config(SELF, DTT_PRESET_DEFAULT);
    collect();
    struct outcome one = out;
    assert_int_equal(dtt_tracker_new(&t, &ctx, &cfg, at_ms(0)), DTT_OK);
    collect();
    dtt_tracker_free(first);
    assert_int_equal(one.puts + out.puts, 3); /* the second one uses two slots */
    /* Behind the length: the ephemeral public keys. */
    assert_memory_not_equal(one.put.value + 12, out.put.value + 12, 32);
}

struct seen {
    bool points[DTT_TP_COUNT];
};

static void note_trace(void *user, const struct dtt_trace_record *rec)
{
    struct seen *seen = user;
    char line[512];
    size_t values = 0;
    size_t fields = 0;
    while (rec->values[values].kind != DTT_TV_END) {
        values++;
    }
    size_t len = dtt_trace_format(rec, 0, line, sizeof(line));
    for (size_t i = 0; i < len; i++) {
        fields += line[i] == '=';
    }
    assert_int_equal(values, fields);
    assert_null(strstr(line, "DTT_E?"));
    seen->points[rec->point] = true;
}

static void trace_points_have_as_many_values_as_fields(void **state)
{
    (void)state;
    struct seen seen = {{false}};
    struct sealed s;
    struct dtt_id two = node_id(2);
    ctx.trace = (struct dtt_trace){DTT_TRACE_LEVEL_DEBUG, note_trace, &seen};
    collect();
    plain_value(100, 1);
    plain_value(110, 2);
    tick(210);
    dtt_tracker_dial_failed(t, at_ms(300), &two);
    seal_as(&s, 3, M, "other", NULL);
    value(310, M, &s);
    reads_done(400, M);
    up(600, 1);
    run(50000); /* the first put times out, its retry does not */
    for (unsigned i = 3; i < 8; i++) {
        plain_value(50000, i);
    }
    run(59000);
    down(59500, 1);
    dtt_tracker_network_changed(t, at_ms(59600));
    collect();
    tick(59600 + 20000);
    struct dtt_now now = at_ms(80000);
    now.wall_ns += (int64_t)(10 * DTT_S);
    dtt_tracker_tick(t, now);
    for (int p = DTT_TP_TRACKER_SEARCH; p <= DTT_TP_TRACKER_MERGE; p++) {
        if (!seen.points[p] && p != DTT_TP_TRACKER_CAPPED) {
            fail_msg("%s was not traced", dtt_trace_point_event((enum dtt_trace_point)p));
        }
    }
}

static void alone_the_reads_become_rare(void **state)
{
    (void)state;
    collect();
    reads_done(300, M);
    struct outcome first = run(60000);
    struct outcome second = run(600000);
    /* Two slots: the old one at most every four seconds. */
    assert_in_range(first.gets, 25, 45);
    assert_in_range(second.gets, 150, 300);
    assert_in_range(second.puts, 9, 40);
    assert_int_equal(second.dials, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_slot_in_use_is_read_and_written),
        TEST(the_old_line_counts_on_from_what_it_saw),
        TEST(one_slot_that_stores_is_enough),
        TEST(who_stays_alone_reads_the_open_slots_by_turns),
        TEST(who_fell_silent_is_dialled_though_there_are_others),
        TEST(start_reads_both_minutes_and_publishes),
        TEST(the_seed_preset_does_not_publish_at_start),
        TEST(older_minutes_come_first_where_wanted),
        TEST(out_of_memory_is_an_error),
        TEST(nothing_is_allocated_after_the_start),
        TEST(the_first_record_is_dialled_within_the_call),
        TEST(candidates_are_dialled_at_a_pace_and_active_peers_too),
        TEST(the_newest_record_is_dialled_first),
        TEST(joining_ends_the_dials),
        TEST(a_named_peer_is_dialled_at_once),
        TEST(a_wanted_peer_is_dialled_even_with_neighbors),
        TEST(a_peer_that_came_to_us_meanwhile_is_not_dialled),
        TEST(the_record_shows_neighbors_and_messages_soon_after_joining),
        TEST(a_new_address_is_published_soon),
        TEST(a_stored_record_is_reported),
        TEST(enough_others_silence_us),
        TEST(a_new_minute_is_published_and_read_while_searching),
        TEST(values_of_the_previous_minute_still_count_after_the_turn),
        TEST(a_clock_that_was_set_makes_us_look_again),
        TEST(a_slewed_clock_does_not),
        TEST(another_network_makes_us_look_again_even_when_joined),
        TEST(failures_are_forgiven_in_another_network),
        TEST(losing_the_last_neighbor_starts_a_search_at_once),
        TEST(a_store_that_works_now_is_used_now),
        TEST(the_status_tells_the_truth),
        TEST(a_dial_without_an_outcome_counts_as_failed_in_the_end),
        TEST(same_inputs_same_outputs),
        TEST(two_trackers_of_a_node_never_share_keys),
        TEST(trace_points_have_as_many_values_as_fields),
        TEST(alone_the_reads_become_rare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
