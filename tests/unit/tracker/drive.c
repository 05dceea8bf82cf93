/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "drive.h"

struct dtt_ctx ctx;
struct dtt_tracker *t;
struct outcome out;

void collect(void)
{
    struct dtt_tracker_action a;
    memset(&out, 0, sizeof(out));
    while (dtt_tracker_next(t, true, &a)) {
        switch (a.type) {
        case DTT_TRACKER_GET:
            assert_true(out.gets < 2 * DTT_SLOT_KINDS);
            out.get_minutes[out.gets++] = a.slot.minute;
            break;
        case DTT_TRACKER_PUT: out.puts++, out.put = a; break;
        case DTT_TRACKER_DIAL: out.dials++, out.dial = a; break;
        case DTT_TRACKER_RECORD: out.records++, out.record = a; break;
        case DTT_TRACKER_PUBLISHED: out.published++, out.pub = a; break;
        case DTT_TRACKER_CLOCK: out.clocks++; break;
        case DTT_TRACKER_TWIN: out.twins++, out.twin = a; break;
        }
    }
}

void open_tracker(int preset, uint64_t ms)
{
    struct dtt_tracker_config cfg = test_config(SELF, preset);
    cfg.tuning.secret_slot = false; /* one slot a minute makes the counts below readable */
    memset(&ctx, 0, sizeof(ctx));
    assert_int_equal(dtt_tracker_new(&t, &ctx, &cfg, at_ms(ms)), DTT_OK);
}

int setup(void **state)
{
    (void)state;
    open_tracker(DTT_PRESET_DEFAULT, 0);
    return 0;
}

int teardown(void **state)
{
    (void)state;
    dtt_tracker_free(t);
    t = NULL;
    return 0;
}

void tick(uint64_t ms)
{
    dtt_tracker_tick(t, at_ms(ms));
    collect();
}

void value(uint64_t ms, uint64_t minute, const struct sealed *s)
{
    dtt_tracker_slot_value(t, at_ms(ms), DTT_SLOT_PUBLIC, minute, INT64_MAX, sealed_slice(s));
    collect();
}

void plain_value(uint64_t ms, unsigned n)
{
    struct sealed s;
    seal_plain(&s, n, M);
    value(ms, M, &s);
}

void member_value(uint64_t ms, unsigned n)
{
    struct dtt_record_info info = {.n_active_peers = 1, .active_peers = {node_id(50)}};
    struct sealed s;
    seal_as(&s, n, M, "secret", &info);
    value(ms, M, &s);
}

void reads_done(uint64_t ms, uint64_t minute)
{
    dtt_tracker_slot_done(t, at_ms(ms), DTT_SLOT_PUBLIC, minute, DTT_OK, 8);
    dtt_tracker_slot_done(t, at_ms(ms), DTT_SLOT_PUBLIC, minute - 1, DTT_OK, 8);
    collect();
}

void put_done(uint64_t ms, uint32_t acked)
{
    dtt_tracker_put_done(t, at_ms(ms), DTT_SLOT_PUBLIC, M + ms / 60000,
                         acked ? DTT_OK : DTT_ETIMEDOUT, acked);
    collect();
}

void up(uint64_t ms, unsigned n)
{
    struct dtt_id id = node_id(n);
    dtt_tracker_neighbor_up(t, at_ms(ms), &id);
    collect();
}

void down(uint64_t ms, unsigned n)
{
    struct dtt_id id = node_id(n);
    dtt_tracker_neighbor_down(t, at_ms(ms), &id, false);
    collect();
}

struct dtt_tracker_status status(uint64_t ms)
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

struct outcome run(uint64_t ms)
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

struct dtt_record_info open_put(void)
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
