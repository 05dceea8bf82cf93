/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "author/authors.h"

#include "support/oom.h"
#include "support/vectors.h"

static const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
static const struct dtt_id ann = {{1}}, ben = {{2}}, via = {{7}}, other = {{8}};
static struct dtt_ctx ctx;
static struct dtt_authors a;
static struct dtt_author_news news;

#define START_MS UINT64_C(1800000000000)

static struct dtt_now at_ms(uint64_t ms)
{
    return (struct dtt_now){.mono_ns = (1000 + ms) * DTT_MS,
                            .wall_ns = (int64_t)((START_MS + ms) * DTT_MS)};
}

static struct dtt_envelope dated(struct dtt_id author, uint64_t ms, uint64_t seq)
{
    return (struct dtt_envelope){.author = author,
                                 .kind = DTT_ENVELOPE_TEXT,
                                 .is_dated = true,
                                 .sent_ms = START_MS + ms,
                                 .seq = seq};
}

static struct dtt_envelope named(struct dtt_id author, uint64_t ms, uint64_t seq, const char *name)
{
    struct dtt_envelope e = dated(author, ms, seq);
    e.kind = DTT_ENVELOPE_NAME;
    e.content = dtt_slice(name, strlen(name));
    return e;
}

static int hear(uint64_t ms, struct dtt_envelope e)
{
    return dtt_authors_hear(&a, at_ms(ms), &e, &via, true, &news);
}

static int setup(void **state)
{
    (void)state;
    ctx = (struct dtt_ctx){.valid = NULL};
    dtt_authors_init(&a, &ctx, hash_key);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dtt_authors_fini(&a);
    return 0;
}

static void its_time_must_be_near(void **state)
{
    (void)state;
    assert_int_equal(hear(130000, dated(ann, 0, 1)), DTT_REPLAYED_NOT);
    assert_int_equal(hear(130002, dated(ann, 1, 2)), DTT_REPLAYED_LATE);
    assert_int_equal(hear(120000, dated(ann, 250000, 3)), DTT_REPLAYED_NOT);
    assert_int_equal(hear(120000, dated(ann, 250001, 4)), DTT_REPLAYED_EARLY);
    /* What is marked has not been heard. */
    assert_int_equal(hear(120003, dated(ann, 10000, 2)), DTT_REPLAYED_NOT);
    assert_int_equal(hear(120003, dated(ann, 10000, 2)), DTT_REPLAYED_HEARD);
    assert_int_equal(hear(120000, dated(ben, 500000, 2)), DTT_REPLAYED_EARLY);
    assert_int_equal(dtt_authors_list(&a, NULL, 0), 1);
    /* Our own clock is ten minutes ahead. */
    a.ahead_ms = 600000;
    assert_int_equal(hear(720000, dated(ann, 119000, 5)), DTT_REPLAYED_NOT);
    assert_int_equal(hear(120000, dated(ann, 119000, 6)), DTT_REPLAYED_EARLY);
}

static void undated_ones_have_no_time(void **state)
{
    struct dtt_envelope e = {.author = ann, .kind = DTT_ENVELOPE_TEXT};
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(hear(0, e), DTT_REPLAYED_NOT);
    }
    assert_int_equal(dtt_authors_list(&a, NULL, 0), 1);
}

static void names_are_told_when_they_change(void **state)
{
    struct dtt_envelope undated = {
        .author = ann, .kind = DTT_ENVELOPE_NAME, .content = dtt_slice("old", 3)};
    char longest[100];
    (void)state;
    assert_int_equal(hear(0, undated), DTT_REPLAYED_NOT);
    assert_int_equal(news.change, DTT_MEMBER_APPEARED);
    assert_string_equal(news.author->name, "old");
    hear(0, undated);
    assert_int_equal(news.change, 0);
    hear(1, named(ann, 1, 5, "Ann"));
    assert_int_equal(news.change, DTT_MEMBER_NAMED);
    assert_string_equal(news.author->name, "Ann");
    assert_string_equal(news.was, "old");
    /* Anybody can say the one without a date again, and a dated one late. */
    hear(2, undated);
    assert_int_equal(news.change, 0);
    assert_int_equal(hear(500000, named(ann, 2, 4, "Anna")), DTT_REPLAYED_LATE);
    assert_int_equal(news.change, 0);
    const struct dtt_author *author;
    assert_int_equal(dtt_authors_list(&a, &author, 1), 1);
    assert_string_equal(author->name, "Ann");
    /* Cut at a whole character. */
    memset(longest, 'x', sizeof(longest));
    memcpy(longest + DTT_NAME_MAX - 1, "\xc3\xab", 2);
    longest[90] = '\0';
    hear(3, named(ann, 3, 6, longest));
    assert_int_equal(strlen(news.author->name), DTT_NAME_MAX - 1);
}

static void neighbours_come_and_go(void **state)
{
    (void)state;
    dtt_authors_neighbor_up(&a, at_ms(0), &ann, &news);
    assert_int_equal(news.change, DTT_MEMBER_APPEARED);
    dtt_authors_neighbor_up(&a, at_ms(0), &ben, &news);
    hear(1, dated(ann, 1, 1));
    assert_int_equal(news.change, 0);
    /* It is no neighbour any more, and still a member. */
    dtt_authors_neighbor_down(&a, at_ms(2), &ann, false, &news);
    assert_int_equal(news.change, 0);
    dtt_authors_neighbor_down(&a, at_ms(2), &ben, true, &news);
    assert_int_equal(news.change, DTT_MEMBER_GONE);
    assert_memory_equal(&news.author->id, &ben, sizeof(ben));
    dtt_authors_neighbor_down(&a, at_ms(2), &other, true, &news);
    assert_int_equal(news.change, 0);
    dtt_authors_neighbor_up(&a, at_ms(3), &ben, &news);
    assert_int_equal(news.change, DTT_MEMBER_APPEARED);
    /* Long after: the neighbour stays. */
    uint64_t gone_ms = DTT_AUTHORS_GONE_NS / DTT_MS;
    assert_int_equal(dtt_authors_deadline(&a), at_ms(2).mono_ns + DTT_AUTHORS_GONE_NS);
    dtt_authors_tick(&a, at_ms(1 + gone_ms), &news);
    assert_int_equal(news.change, 0);
    dtt_authors_tick(&a, at_ms(3 + gone_ms), &news);
    assert_int_equal(news.change, DTT_MEMBER_GONE);
    assert_memory_equal(&news.author->id, &ann, sizeof(ann));
    dtt_authors_tick(&a, at_ms(3 + gone_ms), &news);
    assert_int_equal(news.change, 0);
    const struct dtt_author *all[3];
    assert_int_equal(dtt_authors_list(&a, all, 3), 2);
    assert_true(dtt_authors_is_here(&a, all[0]) && all[0]->is_neighbor);
    assert_false(dtt_authors_is_here(&a, all[1]));
}

static struct dtt_id made_up(uint32_t i)
{
    struct dtt_id id = {{0xee}};
    dtt_put_be32(id.bytes + 4, i);
    return id;
}

/* Whoever makes up authors pushes out its own, and opens no way for what was heard. */
static void a_flood_of_authors_is_bounded(void **state)
{
    struct dtt_envelope e;
    (void)state;
    for (uint32_t i = 0; i < 100; i++) {
        struct dtt_id id = {{0x55}};
        id.bytes[1] = (uint8_t)i;
        e = dated(id, i, 1);
        assert_int_equal(dtt_authors_hear(&a, at_ms(i), &e, &other, true, &news), DTT_REPLAYED_NOT);
    }
    dtt_authors_neighbor_up(&a, at_ms(100), &via, &news);
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(hear(1000 + i, dated(made_up(i), 1000 + i, 1)), DTT_REPLAYED_NOT);
    }
    const struct dtt_author *all[DTT_AUTHORS_MAX];
    assert_int_equal(dtt_authors_list(&a, all, DTT_AUTHORS_MAX), DTT_AUTHORS_MAX);
    assert_int_equal(ctx.counters[DTT_COUNTER_AUTHOR_FORGOTTEN], 1101 - DTT_AUTHORS_MAX);
    size_t honest = 0;
    for (size_t i = 0; i < DTT_AUTHORS_MAX; i++) {
        honest += all[i]->id.bytes[0] == 0x55 || all[i]->is_neighbor;
    }
    assert_int_equal(honest, 101);
    /* Said again, of one that was forgotten: 90 s are over for gossip. */
    assert_int_equal(hear(95000, dated(made_up(0), 1000, 1)), DTT_REPLAYED_HEARD);
    assert_int_equal(hear(95000, dated(ann, 94000, 1)), DTT_REPLAYED_NOT);
}

/* Told once, of each author, 10 to 20 s after others of its messages have shown it. */
static void what_does_not_come_is_missed(void **state)
{
    uint64_t missed = 0, in_all = 0;
    (void)state;
    hear(0, dated(ann, 0, 1));
    hear(0, dated(ben, 0, 1));
    hear(0, dated(other, 0, 1));
    assert_null(dtt_authors_missed(&a, at_ms(0), &missed));
    hear(1000, dated(ann, 1000, 5));
    hear(1000, dated(ben, 1000, 9));
    hear(1000, dated(other, 1000, 4));
    assert_int_equal(dtt_authors_deadline(&a), at_ms(11000).mono_ns);
    hear(2000, dated(other, 500, 3));
    hear(2000, dated(other, 500, 2)); /* somebody has kept them */
    hear(2000, dated(ben, 500, 3));
    assert_null(dtt_authors_missed(&a, at_ms(11000), &missed));
    assert_int_equal(dtt_authors_deadline(&a), at_ms(21000).mono_ns);
    for (int i = 0; i < 2; i++) {
        const struct dtt_author *e = dtt_authors_missed(&a, at_ms(21000), &missed);
        assert_non_null(e);
        assert_int_equal(missed, memcmp(&e->id, &ann, sizeof(ann)) == 0 ? 3 : 6);
        in_all += missed;
    }
    assert_int_equal(in_all, 9);
    assert_null(dtt_authors_missed(&a, at_ms(21000), &missed));
    assert_int_equal(dtt_authors_deadline(&a), at_ms(2000).mono_ns + DTT_AUTHORS_GONE_NS - DTT_S);
}

static void without_memory_nobody_is_remembered(void **state)
{
    (void)state;
    for (long n = 1;; n++) {
        oom_arm(n);
        int replayed = hear(0, dated(ann, 0, 1));
        if (!oom_disarm()) {
            break;
        }
        assert_int_equal(replayed, DTT_REPLAYED_NOT);
        assert_int_equal(dtt_authors_list(&a, NULL, 0), 0);
    }
    assert_int_equal(dtt_authors_list(&a, NULL, 0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(its_time_must_be_near, setup, teardown),
        cmocka_unit_test_setup_teardown(undated_ones_have_no_time, setup, teardown),
        cmocka_unit_test_setup_teardown(names_are_told_when_they_change, setup, teardown),
        cmocka_unit_test_setup_teardown(neighbours_come_and_go, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flood_of_authors_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_come_is_missed, setup, teardown),
        cmocka_unit_test_setup_teardown(without_memory_nobody_is_remembered, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
