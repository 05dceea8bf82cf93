/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/talk.h"

#include "crypto/ed25519.h"
#include "support/vectors.h"

#define START_MS UINT64_C(1800000000000)

static const uint8_t seeds[2][32] = {{1}, {2}};
static const struct dtt_gossip_topic_id room = {{3}}, other_room = {{4}};
static const struct dtt_id neighbor = {{9}};
static struct dtt_ctx ctx;
static struct dtt_talk talks[2];
static struct dtt_talk_heard heard;
static uint8_t buf[DTT_GOSSIP_CONTENT_MAX];

static struct dtt_now at_ms(uint64_t ms)
{
    return (struct dtt_now){.mono_ns = (1000 + ms) * DTT_MS,
                            .wall_ns = (int64_t)((START_MS + ms) * DTT_MS)};
}

static int setup(void **state)
{
    (void)state;
    ctx = (struct dtt_ctx){.valid = NULL};
    for (size_t i = 0; i < 2; i++) {
        struct dtt_id id;
        dtt_ed25519_public_key(id.bytes, seeds[i]);
        dtt_talk_init(&talks[i], &ctx, at_ms(0), &id, &room);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dtt_talk_fini(&talks[0]);
    dtt_talk_fini(&talks[1]);
    return 0;
}

/* Ann's next message, as it goes out. */
static struct dtt_slice said(uint64_t ms, struct dtt_slice content)
{
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    dtt_talk_write(&talks[0], at_ms(ms), content, seeds[0], &w);
    assert_false(w.failed);
    dtt_talk_said(&talks[0]);
    return dtt_slice(buf, w.len);
}

static const struct dtt_event_message *hear(struct dtt_talk *t, uint64_t ms, struct dtt_slice data)
{
    dtt_talk_hear(t, at_ms(ms), &neighbor, DTT_GOSSIP_SWARM, data, &heard);
    return &heard.message;
}

static void a_message_has_its_author(void **state)
{
    static const uint8_t bytes[] = {0xff, 0, 0xfe};
    static uint8_t big[DTT_TALK_SIGNED_MAX];
    (void)state;
    const struct dtt_event_message *m = hear(&talks[1], 5, said(4, dtt_slice("hello", 5)));
    assert_true(heard.is_message);
    assert_int_equal(heard.news.change, DTT_MEMBER_APPEARED);
    assert_memory_equal(&m->author, &talks[0].me, sizeof(m->author));
    assert_memory_equal(&m->neighbor, &neighbor, sizeof(m->neighbor));
    assert_int_equal(m->signature, DTT_SIGNATURE_DATED);
    assert_int_equal(m->replayed, DTT_REPLAYED_NOT);
    assert_true(m->is_text);
    assert_int_equal(m->sent_ms, START_MS + 4);
    assert_int_equal(m->seq, START_MS * 1024 + 1);
    assert_true(dtt_slice_eq(dtt_slice(m->data, m->len), dtt_slice("hello", 5)));
    assert_ptr_equal(m->raw, buf);
    m = hear(&talks[1], 6, said(5, dtt_slice(bytes, sizeof(bytes))));
    assert_int_equal(m->seq, START_MS * 1024 + 2);
    assert_false(m->is_text);
    assert_true(dtt_slice_eq(dtt_slice(m->data, m->len), dtt_slice(bytes, sizeof(bytes))));
    memset(big, 'x', sizeof(big));
    m = hear(&talks[1], 7, said(6, dtt_slice(big, sizeof(big))));
    assert_int_equal(m->len, sizeof(big));
    assert_int_equal(m->raw_len, DTT_GOSSIP_CONTENT_MAX);
    assert_int_equal(ctx.counters[DTT_COUNTER_AUTHOR_SIGNED], 3);
}

/* Wrong key, another topic, said again, said again late; and signed by whoever passed it on. */
static void forgeries_are_marked_or_dropped(void **state)
{
    (void)state;
    uint8_t kept[512];
    struct dtt_slice good = said(0, dtt_slice("pay ben", 7));
    memcpy(kept, good.data, good.len);
    struct dtt_slice again = dtt_slice(kept, good.len);
    kept[0] ^= 1;
    const struct dtt_event_message *m = hear(&talks[1], 1, again);
    static const struct dtt_id nobody;
    assert_int_equal(m->signature, DTT_SIGNATURE_BAD);
    assert_memory_equal(&m->author, &nobody, sizeof(nobody));
    assert_true(dtt_slice_eq(dtt_slice(m->data, m->len), again));
    kept[0] ^= 1;
    memcpy(kept + good.len - 64, (const uint8_t[64]){5}, 64);
    assert_int_equal(hear(&talks[1], 1, again)->signature, DTT_SIGNATURE_BAD);
    assert_int_equal(ctx.counters[DTT_COUNTER_AUTHOR_FORGED], 2);
    memcpy(kept, buf, good.len);
    talks[1].topic = other_room;
    hear(&talks[1], 1, again);
    assert_false(heard.is_message);
    assert_int_equal(heard.news.change, 0);
    assert_int_equal(ctx.counters[DTT_COUNTER_AUTHOR_OTHER_TOPIC], 1);
    talks[1].topic = room;
    assert_int_equal(hear(&talks[1], 1, again)->replayed, DTT_REPLAYED_NOT);
    assert_int_equal(hear(&talks[1], 2, again)->replayed, DTT_REPLAYED_HEARD);
    assert_int_equal(hear(&talks[1], 130001, again)->replayed, DTT_REPLAYED_LATE);
    assert_int_equal(ctx.counters[DTT_COUNTER_AUTHOR_REPLAYED], 2);
    assert_true(heard.is_message);
    /* Plain text is plain. */
    m = hear(&talks[1], 3, dtt_slice("pay ben", 7));
    assert_int_equal(m->signature, DTT_SIGNATURE_NONE);
    assert_int_equal(m->len, 7);
}

static void a_new_process_goes_on_above_what_it_hears(void **state)
{
    (void)state;
    talks[0].seq += 1000000; /* much was said, or the clock was put back since */
    struct dtt_slice old = said(0, dtt_slice("before", 6));
    struct dtt_talk again;
    dtt_talk_init(&again, &ctx, at_ms(100), &talks[0].me, &room);
    assert_true(again.seq < talks[0].seq);
    const struct dtt_event_message *m = hear(&again, 101, old);
    assert_memory_equal(&m->author, &again.me, sizeof(again.me));
    assert_int_equal(m->replayed, DTT_REPLAYED_NOT);
    assert_int_equal(again.seq, talks[0].seq);
    /* What this process has said itself is no news to it. */
    assert_int_equal(hear(&talks[0], 102, old)->replayed, DTT_REPLAYED_HEARD);
    assert_int_equal(dtt_authors_list(&again.authors, NULL, 0), 0);
    dtt_talk_fini(&again);
}

static struct dtt_slice name_said(uint64_t ms)
{
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    dtt_talk_write_name(&talks[0], at_ms(ms), seeds[0], &w);
    assert_false(w.failed);
    dtt_talk_named(&talks[0], at_ms(ms), true, false);
    return dtt_slice(buf, w.len);
}

static void a_name_is_told_to_newcomers(void **state)
{
    struct dtt_talk *t = &talks[0];
    (void)state;
    assert_int_equal(dtt_talk_set_name(t, at_ms(0), dtt_slice("\xff", 1)), DTT_EINVAL);
    assert_int_equal(dtt_talk_set_name(t, at_ms(0), dtt_slice(buf, DTT_NAME_MAX + 1)), DTT_ETOOBIG);
    assert_false(dtt_talk_is_name_due(t, at_ms(0)));
    assert_int_equal(dtt_talk_set_name(t, at_ms(0), dtt_slice("Ann", 3)), DTT_OK);
    assert_true(dtt_talk_is_name_due(t, at_ms(0)));
    /* Nobody is there: it waits for somebody. */
    dtt_talk_named(t, at_ms(0), false, true);
    assert_int_equal(t->name_due_ns, DTT_NEVER);
    dtt_talk_greet(t, at_ms(1));
    assert_true(dtt_talk_is_name_due(t, at_ms(1)));
    dtt_talk_named(t, at_ms(1), false, false);
    assert_false(dtt_talk_is_name_due(t, at_ms(1000)));
    assert_true(dtt_talk_is_name_due(t, at_ms(1001)));
    hear(&talks[1], 1002, name_said(1001));
    assert_false(heard.is_message);
    assert_int_equal(heard.news.change, DTT_MEMBER_APPEARED);
    assert_string_equal(heard.news.author->name, "Ann");
    /* Once in ten seconds, whoever comes; and after five minutes. */
    dtt_talk_greet(t, at_ms(2000));
    assert_false(dtt_talk_is_name_due(t, at_ms(11000)));
    assert_true(dtt_talk_is_name_due(t, at_ms(11001)));
    name_said(11001);
    assert_false(dtt_talk_is_name_due(t, at_ms(311000)));
    assert_true(dtt_talk_is_name_due(t, at_ms(311001)));
    assert_int_equal(dtt_talk_deadline(t), at_ms(311001).mono_ns);
    assert_int_equal(dtt_talk_set_name(t, at_ms(0), dtt_slice(NULL, 0)), DTT_OK);
    assert_int_equal(dtt_talk_deadline(t), DTT_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_message_has_its_author, setup, teardown),
        cmocka_unit_test_setup_teardown(forgeries_are_marked_or_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(a_new_process_goes_on_above_what_it_hears, setup, teardown),
        cmocka_unit_test_setup_teardown(a_name_is_told_to_newcomers, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
