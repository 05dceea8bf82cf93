/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "drive.h"
#include "support/oom.h"

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

static void peers_are_dialled_at_a_pace_and_active_peers_too(void **state)
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
    dtt_tracker_want_peer(t, at_ms(0), &one, &a, 1);
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
    struct dtt_id self = node_id(SELF);
    struct dtt_addr a = node_addr(1);
    up(100, 3);
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
    assert_int_equal(st.reads_done + st.records_seen + st.peers_idle + st.dials_started, 0);
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
    assert_int_equal(st.peers_idle, 0);
    dtt_tracker_dial_failed(t, at_ms(320), &one);
    dtt_tracker_dial_failed(t, at_ms(321), &one); /* told twice */
    collect();
    st = status(330);
    assert_int_equal(st.dials_failed, 1);
    assert_int_equal(st.peers_idle, 1);
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
        while (dtt_tracker_next(t, true, &a)) {
            const uint8_t *p = (const uint8_t *)&a;
            for (size_t i = 0; i < sizeof(a); i++) {
                h = (h ^ p[i]) * UINT64_C(1099511628211);
            }
        }
        h = (h ^ dtt_tracker_deadline(t)) * UINT64_C(1099511628211);
        if (ms % 5 == 0) {
            struct dtt_id id = node_id((unsigned)(ms % 7));
            dtt_tracker_want_peer(t, at_ms(ms), &id, NULL, 0);
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
    size_t len = dtt_trace_format(rec, line, sizeof(line));
    for (size_t i = 0; i < len; i++) {
        fields += line[i] == '=';
    }
    assert_int_equal(values, fields);
    assert_null(strstr(line, "DTT_E?"));
    seen->points[rec->point] = true;
}

static int
no_rotation(void *user, const uint8_t topic_hash[32], uint64_t minute,
            /* NOLINTNEXTLINE(readability-non-const-parameter): a function of the API's type */
            const uint8_t secret_hash[32], uint8_t ret_seed[32])
{
    (void)user;
    (void)topic_hash;
    (void)minute;
    (void)secret_hash;
    (void)ret_seed;
    return -1;
}

static void restart_without_keys(void)
{
    struct dtt_tracker_config cfg = test_config(SELF, DTT_PRESET_DEFAULT);
    cfg.secret.rotation = no_rotation;
    dtt_tracker_free(t);
    assert_int_equal(dtt_tracker_new(&t, &ctx, &cfg, at_ms(0)), DTT_OK);
}

static void without_keys_nothing_is_read_or_written(void **state)
{
    (void)state;
    restart_without_keys();
    collect();
    assert_int_equal(out.gets + out.puts, 0);
    struct outcome later = run(180000);
    assert_int_equal(later.gets + later.puts, 0);
    assert_int_equal(status(180000).minutes_skipped, 6);
    assert_true(status(180000).is_minute_skipped);
}

/* Answers what the tracker asks of the DHT; counts reads at the door and dials. */
struct door_seen {
    unsigned whole, samples, n_public, dials;
    bool is_stored; /* what is put */
    bool was_neighbor;
};

static void serve(uint64_t ms, struct door_seen *seen)
{
    struct dtt_tracker_action a;
    while (dtt_tracker_next(t, true, &a)) {
        bool is_sample = a.type == DTT_TRACKER_GET && a.sample > 0;
        bool is_secret = a.slot.kind == DTT_SLOT_SECRET;
        seen->samples += is_sample;
        seen->n_public += is_sample && !is_secret;
        seen->whole += a.type == DTT_TRACKER_GET && !is_sample && is_secret;
        seen->dials += a.type == DTT_TRACKER_DIAL;
        seen->was_neighbor |= a.type == DTT_TRACKER_DIAL && a.was_neighbor;
        if (a.type == DTT_TRACKER_PUT) {
            assert_int_equal(a.first, is_secret && status(ms).neighbors == 0 ? 2 : 0);
            assert_int_equal(a.spare, is_secret && status(ms).neighbors > 0 ? 2 : 0);
            dtt_tracker_put_done(t, at_ms(ms), a.slot.kind, a.slot.minute, DTT_OK,
                                 seen->is_stored ? 4 : 0);
        } else if (a.type == DTT_TRACKER_GET && !is_sample) {
            dtt_tracker_slot_done(t, at_ms(ms), a.slot.kind, a.slot.minute, DTT_OK, 12);
        }
    }
}

static struct door_seen run_door(uint64_t from_ms, uint64_t to_ms, bool is_stored)
{
    struct door_seen seen = {.is_stored = is_stored};
    for (uint64_t ms = from_ms; ms < to_ms; ms += 100) {
        dtt_tracker_tick(t, at_ms(ms));
        serve(ms, &seen);
    }
    return seen;
}

/*
 * Alone with a neighbour that knows no door it is on duty in each minute: it reads the secret slot
 * once, and then a part of it in each slice.
 */
static void the_doorman_reads_and_dials(void **state)
{
    struct seen seen = {{false}};
    struct dtt_tracker_config cfg = test_config(SELF, DTT_PRESET_DEFAULT);
    (void)state;
    dtt_tracker_free(t);
    ctx.trace = (struct dtt_trace){DTT_TRACE_LEVEL_DEBUG, note_trace, &seen};
    assert_int_equal(dtt_tracker_new(&t, &ctx, &cfg, at_ms(0)), DTT_OK);
    (void)run_door(0, 1000, true);
    up(1000, 1);
    (void)run_door(1000, 122000, true); /* the passes after joining are over */
    struct door_seen minute = run_door(122000, 182000, true);
    assert_in_range(minute.whole, 1, 2); /* an elected member's read may be another one */
    assert_int_equal(minute.samples, 11);
    assert_int_equal(minute.n_public, 0);
    assert_int_equal(minute.dials, 0);
    assert_true(seen.points[DTT_TP_TRACKER_DOOR]);
    (void)run_door(182000, 190000, true);
    struct sealed s;
    seal_plain(&s, 9, M + 3);
    value(190000, M + 3, &s);
    assert_int_equal(out.dials, 1);
    assert_true(out.dial.was_neighbor);
    down(191000, 1);
    assert_true(dtt_tracker_deadline(t) != DTT_NEVER);
}

/* Whose record newcomers do not know is not let in by their routers: it neither reads nor dials. */
static void who_is_not_to_be_seen_is_no_doorman(void **state)
{
    struct dtt_tracker_config cfg = test_config(SELF, DTT_PRESET_DEFAULT);
    (void)state;
    dtt_tracker_free(t);
    assert_int_equal(dtt_tracker_new(&t, &ctx, &cfg, at_ms(0)), DTT_OK);
    (void)run_door(0, 1000, false);
    up(1000, 1);
    assert_int_equal(run_door(1000, 50000, false).samples, 0);
    plain_value(50000, 9);
    assert_int_equal(out.dials, 0);
    assert_int_equal(run_door(50100, 61900, true).dials, 1); /* as soon as its record is stored */
    assert_in_range(run_door(61900, 122000, true).samples, 3, 9); /* it knows of a third member */
}

static void trace_points_have_as_many_values_as_fields(void **state)
{
    (void)state;
    struct seen seen = {{false}};
    struct sealed s;
    struct dtt_id one = node_id(1), two = node_id(2);
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
    dtt_tracker_neighbor_silent(t, at_ms(59100), &one);
    down(59500, 1);
    dtt_tracker_network_changed(t, at_ms(59600));
    collect();
    tick(59600 + 20000);
    struct dtt_now now = at_ms(80000);
    now.wall_ns += (int64_t)(10 * DTT_S);
    dtt_tracker_tick(t, now);
    restart_without_keys();
    for (int p = DTT_TP_TRACKER_SEARCH; p <= DTT_TP_TRACKER_MERGE; p++) {
        /* CAPPED takes other records, DOOR the secret slot: the_doorman_reads_and_dials. */
        if (!seen.points[p] && p != DTT_TP_TRACKER_CAPPED && p != DTT_TP_TRACKER_DOOR) {
            fail_msg("trace point %d was not traced", p);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_fell_silent_is_dialled_though_there_are_others),
        TEST(start_reads_both_minutes_and_publishes),
        TEST(the_seed_preset_does_not_publish_at_start),
        TEST(older_minutes_come_first_where_wanted),
        TEST(out_of_memory_is_an_error),
        TEST(nothing_is_allocated_after_the_start),
        TEST(the_first_record_is_dialled_within_the_call),
        TEST(peers_are_dialled_at_a_pace_and_active_peers_too),
        TEST(the_newest_record_is_dialled_first),
        TEST(joining_ends_the_dials),
        TEST(a_named_peer_is_dialled_at_once),
        TEST(a_wanted_peer_is_dialled_even_with_neighbors),
        TEST(a_peer_that_came_to_us_meanwhile_is_not_dialled),
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
        TEST(without_keys_nothing_is_read_or_written),
        TEST(trace_points_have_as_many_values_as_fields),
        TEST(the_doorman_reads_and_dials),
        TEST(who_is_not_to_be_seen_is_no_doorman),
        TEST(alone_the_reads_become_rare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
