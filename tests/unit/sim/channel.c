/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Two ends of a channel; a test decides which packets arrive, and when. */
#include "sim/channel.h"

#include "support/vectors.h"

struct packet {
    bool has_frames;
    uint32_t seq, ack;
    size_t len; /* of the frames */
    uint8_t bytes[DTT_SIM_CHANNEL_BYTES];
};

static struct dtt_sim_channel a, b;
static uint8_t text[4000];

static int setup(void **state)
{
    (void)state;
    memset(&a, 0, sizeof(a));
    memset(&b, 0, sizeof(b));
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (uint8_t)(i * 7 + i / 251);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dtt_sim_channel_fini(&a);
    dtt_sim_channel_fini(&b);
    return 0;
}

static bool send(struct dtt_sim_channel *ch, uint64_t ms, struct packet *ret)
{
    size_t len = dtt_sim_channel_send(ch, ms * DTT_MS, ret->bytes, &ret->has_frames);
    if (len > 0) {
        size_t head = ret->has_frames ? 8 : 4;
        ret->seq = dtt_get_be32(ret->bytes);
        ret->ack = dtt_get_be32(ret->bytes + head - 4);
        ret->len = len - head;
    }
    return len > 0;
}

/* Gives `p` to b and reads what comes out of it, which goes on with `text` at `*at`. */
static void take(const struct packet *p, size_t *at)
{
    struct dtt_sim_frame f;
    dtt_sim_channel_receive(&b, p->seq, dtt_slice(p->bytes + 8, p->len));
    while (dtt_sim_channel_read(&b, &f)) {
        assert_int_equal(f.stream, 3);
        assert_memory_equal(f.data.data, text + *at, f.data.len);
        *at += f.data.len;
        assert_int_equal(f.is_last, *at == sizeof(text));
    }
}

static void packets_in_any_order_are_read_in_theirs(void **state)
{
    struct packet p[4], ack;
    size_t at = 0;
    (void)state;
    assert_int_equal(dtt_sim_channel_write(&a, 3, dtt_slice(text, sizeof(text)), true), DTT_OK);
    for (unsigned i = 0; i < 4; i++) {
        assert_true(send(&a, 1, &p[i]));
        assert_int_equal(p[i].seq, i);
    }
    assert_false(send(&a, 1, &ack));
    take(&p[2], &at);
    take(&p[1], &at);
    take(&p[1], &at);
    assert_int_equal(at, 0);
    take(&p[0], &at);
    assert_int_equal(at, p[0].len + p[1].len + p[2].len - 3 * 6);
    take(&p[3], &at);
    take(&p[0], &at);
    assert_int_equal(at, sizeof(text));
    assert_true(send(&b, 2, &ack));
    assert_false(ack.has_frames);
    assert_int_equal(ack.ack, 4);
    assert_false(send(&b, 2, &ack));
    assert_false(dtt_sim_channel_acknowledge(&a, 2 * DTT_MS, 4));
    assert_int_equal(a.unacked, 0);
    assert_int_equal(dtt_sim_channel_deadline(&a), DTT_NEVER);
}

/* The flight goes out again, and its round trips count no more: which copy arrived is not known. */
static void what_is_not_acknowledged_is_repeated(void **state)
{
    struct packet p;
    size_t at = 0;
    (void)state;
    dtt_sim_channel_sample_rtt(&a, 100 * DTT_MS);
    assert_int_equal(dtt_sim_channel_write(&a, 3, dtt_slice(text, 2000), false), DTT_OK);
    assert_true(send(&a, 10, &p) && send(&a, 10, &p));
    assert_int_equal(dtt_sim_channel_deadline(&a), (10 + 180) * DTT_MS);
    dtt_sim_channel_repeat(&a);
    assert_true(send(&a, 190, &p));
    assert_int_equal(p.seq, 0);
    assert_int_equal(dtt_sim_channel_deadline(&a), (190 + 360) * DTT_MS);
    take(&p, &at);
    assert_true(send(&a, 190, &p));
    take(&p, &at);
    assert_int_equal(at, 2000);
    dtt_sim_channel_acknowledge(&a, 500 * DTT_MS, 2);
    assert_int_equal(a.srtt_ns, 100 * DTT_MS);
    assert_int_equal(a.backoff, 0);
}

static void a_full_window_opens_at_half(void **state)
{
    static const uint8_t block[DTT_SIM_CHANNEL_WINDOW + 1];
    struct packet p;
    (void)state;
    assert_int_equal(dtt_sim_channel_write(&a, 3, dtt_slice(block, sizeof(block)), false),
                     DTT_ETOOBIG);
    assert_int_equal(dtt_sim_channel_write(&a, 3, dtt_slice(block, DTT_SIM_CHANNEL_WINDOW), false),
                     DTT_OK);
    assert_int_equal(dtt_sim_channel_write(&a, 3, dtt_slice(block, 1), false), DTT_EAGAIN);
    while (send(&a, 1, &p)) {
    }
    bool is_open = false;
    for (uint32_t ack = 1; ack <= p.seq && !is_open; ack++) {
        is_open = dtt_sim_channel_acknowledge(&a, DTT_MS, ack);
        assert_int_equal(is_open, a.unacked < DTT_SIM_CHANNEL_WINDOW / 2);
    }
    assert_true(is_open);
    assert_int_equal(dtt_sim_channel_write(&a, 3, dtt_slice(block, 1), false), DTT_OK);
}

static void early_packets_are_bounded_and_garbage_ends_a_packet(void **state)
{
    static const uint8_t cut_off[] = {0, 0, 0, 1, 0, 1, 'x', 0, 0, 0, 1, 0, 9, 'y'};
    struct dtt_sim_frame f;
    (void)state;
    for (uint32_t seq = 1; seq < 1000; seq++) {
        dtt_sim_channel_receive(&b, seq, dtt_slice(cut_off, sizeof(cut_off)));
    }
    assert_int_equal(b.n_in, DTT_SIM_CHANNEL_EARLY);
    assert_false(dtt_sim_channel_read(&b, &f));
    dtt_sim_channel_receive(&b, 0, dtt_slice(text, DTT_SIM_CHANNEL_BYTES));
    assert_int_equal(b.n_in, DTT_SIM_CHANNEL_EARLY);
    dtt_sim_channel_receive(&b, 0, dtt_slice(cut_off, sizeof(cut_off)));
    for (unsigned i = 0; i <= DTT_SIM_CHANNEL_EARLY; i++) {
        assert_true(dtt_sim_channel_read(&b, &f));
        assert_int_equal(f.data.len, 1);
    }
    assert_false(dtt_sim_channel_read(&b, &f));
    assert_int_equal(b.n_in, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(packets_in_any_order_are_read_in_theirs),
        TEST(what_is_not_acknowledged_is_repeated),
        TEST(a_full_window_opens_at_half),
        TEST(early_packets_are_bounded_and_garbage_ends_a_packet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
