/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/door.h"

#include "link_fakes.h"

static struct dtt_doors d;

static struct dtt_door_side side(unsigned peer, uint64_t joined_s)
{
    return (struct dtt_door_side){.id = id_of(peer), .is_cone = true, .joined_s = joined_s};
}

static uint64_t patience(struct dtt_door_side us, struct dtt_door_side peer)
{
    return dtt_door_patience_ns(&us, &peer);
}

/* Of each two exactly one whispers, and which one both find by themselves. */
static void the_newcomer_whispers(void **state)
{
    static const uint64_t together = DTT_DOOR_TOGETHER_S;
    (void)state;
    assert_int_equal(patience(side(1, 1000), side(2, 5)), DTT_DOOR_LONG_NS);
    assert_int_equal(patience(side(2, 5), side(1, 1000)), 0);
    assert_int_equal(patience(side(1, 100 + together), side(2, 100)), DTT_DOOR_BRIEF_NS);
    assert_int_equal(patience(side(1, 101 + together), side(2, 100)), DTT_DOOR_LONG_NS);
    assert_int_equal(patience(side(1, 100), side(2, 100)), DTT_DOOR_BRIEF_NS);
    assert_int_equal(patience(side(2, 100), side(1, 100)), 0);
    assert_int_equal(patience(side(1, 1), side(2, UINT64_MAX)), 0);
    assert_int_equal(patience(side(1, UINT64_MAX), side(2, 1)), DTT_DOOR_LONG_NS);
}

static void who_lets_in_or_cannot_be_dialled_changes_that(void **state)
{
    struct dtt_door_side open = side(2, 5), unknown = side(1, 1000);
    (void)state;
    open.is_cone = false;
    unknown.is_cone = false;
    assert_int_equal(patience(side(1, 1000), open), 0);
    assert_int_equal(patience(unknown, side(2, 5)), 0);
}

/* ---- the table */

static uint64_t open_for(unsigned peer, uint64_t patience_ns, const char *letters)
{
    struct dtt_id id = id_of(peer);
    struct dtt_addr addrs[8];
    for (size_t i = 0; i < strlen(letters); i++) {
        addrs[i] = addr_of(letters[i]);
    }
    return dtt_doors_open(&d, now, &id, patience_ns, addrs, strlen(letters));
}

/* Knocks at all doors for so long, and says at which second there was one. */
static const char *knocks(unsigned seconds)
{
    static char text[400];
    struct dtt_addr addrs[DTT_DOOR_ADDRS];
    uint64_t start_ns = now.mono_ns, end_ns = start_ns + seconds * DTT_S;
    int len = 0;
    text[0] = '\0';
    while (dtt_doors_deadline(&d) <= end_ns) {
        now.mono_ns = dtt_doors_deadline(&d) > now.mono_ns ? dtt_doors_deadline(&d) : now.mono_ns;
        size_t n = dtt_doors_take(&d, now, addrs);
        if (n > 0) {
            len += snprintf(text + len, sizeof(text) - (size_t)len, "%u%.*s ",
                            (unsigned)((now.mono_ns - start_ns) / DTT_S), (int)n, "****");
        }
    }
    now.mono_ns = end_ns;
    return text;
}

static int begin(void **state)
{
    memset(&d, 0, sizeof(d));
    return setup(state);
}

static void a_door_is_whispered_at_and_then_kept(void **state)
{
    (void)state;
    assert_int_equal(open_for(1, DTT_DOOR_LONG_NS, "a"), now.mono_ns + DTT_DOOR_LONG_NS);
    assert_string_equal(knocks(60), "0* 2* 4* 6* 8* 10* 12* 27* 42* 57* ");
    assert_string_equal(knocks(59), "12* 27* 42* 57* ");
    assert_string_equal(knocks(60), ""); /* no record came for two minutes */
    assert_int_equal(d.n, 0);
    assert_int_equal(dtt_doors_deadline(&d), DTT_NEVER);
}

static void the_elders_door_is_kept_at_once(void **state)
{
    struct dtt_id id = id_of(1);
    (void)state;
    assert_int_equal(open_for(1, 0, "ab"), now.mono_ns);
    assert_string_equal(knocks(100), "0** 15** 30** 45** 60** 75** 90** ");
    dtt_doors_renew(&d, now, &id); /* there is another record */
    assert_string_equal(knocks(110), "5** 20** 35** 50** 65** 80** 95** 110** ");
    dtt_doors_close(&d, &id);
    assert_string_equal(knocks(100), "");
    dtt_doors_renew(&d, now, &id);
    dtt_doors_close(&d, &id);
    assert_int_equal(d.n, 0);
}

/* Who is dialled again has been whispered at before; a new address is knocked at without delay. */
static void an_open_door_does_not_begin_anew(void **state)
{
    (void)state;
    uint64_t aloud_ns = open_for(1, DTT_DOOR_BRIEF_NS, "a");
    assert_string_equal(knocks(1), "0* ");
    assert_int_equal(open_for(1, DTT_DOOR_LONG_NS, "a"), aloud_ns);
    assert_string_equal(knocks(0), "");
    assert_int_equal(open_for(1, DTT_DOOR_LONG_NS, "ab"), aloud_ns);
    assert_string_equal(knocks(20), "0** 2** 4** 19** ");
    assert_int_equal(open_for(1, DTT_DOOR_LONG_NS, "ab"), aloud_ns);
}

static void dial_failed(unsigned peer, bool is_newcomer)
{
    struct dtt_id id = id_of(peer);
    dtt_doors_failed(&d, now, &id, is_newcomer);
    dtt_doors_renew(&d, now, &id);
}

/* What it has sent aloud may have shifted the elder's port: it waits until that is forgotten. */
static void a_newcomer_whose_dial_failed_is_patient(void **state)
{
    (void)state;
    open_for(1, DTT_DOOR_BRIEF_NS, "a");
    dial_failed(1, true); /* it has not dialled yet */
    assert_string_equal(knocks(16), "0* 2* 4* 6* ");
    dial_failed(1, true);
    assert_int_equal(open_for(1, DTT_DOOR_BRIEF_NS, "a"), now.mono_ns + DTT_DOOR_PATIENT_NS);
    assert_string_equal(knocks(100), "15* 30* 45* 60* 75* 90* ");
    assert_true(open_for(1, DTT_DOOR_BRIEF_NS, "a") < now.mono_ns);
    dial_failed(1, true);
    assert_int_equal(open_for(1, DTT_DOOR_BRIEF_NS, "a"), now.mono_ns + DTT_DOOR_PATIENT_NS);
}

/* The shifted port lives as long as anything leaves from it. */
static void an_elder_whose_dials_failed_is_quiet(void **state)
{
    (void)state;
    open_for(1, 0, "a");
    assert_string_equal(knocks(10), "0* ");
    dial_failed(1, false);
    assert_int_equal(open_for(1, 0, "a"), now.mono_ns - 10 * DTT_S); /* it may dial once more */
    assert_string_equal(knocks(10), "5* ");
    dial_failed(1, false);
    assert_int_equal(open_for(1, 0, "a"), now.mono_ns + DTT_DOOR_QUIET_NS);
    assert_int_equal(open_for(1, 0, "ab"), now.mono_ns + DTT_DOOR_QUIET_NS);
    assert_string_equal(knocks(60), "35** 50** ");
    assert_true(open_for(1, 0, "ab") < now.mono_ns);
}

static void in_another_network_failures_are_forgotten(void **state)
{
    (void)state;
    open_for(1, 0, "a");
    open_for(2, DTT_DOOR_LONG_NS, "b");
    knocks(1);
    dial_failed(1, true);
    dtt_doors_moved(&d, now);
    assert_int_equal(open_for(1, 0, "a"), now.mono_ns);
    assert_int_equal(open_for(2, 0, "b"), now.mono_ns + DTT_DOOR_LONG_NS - DTT_S);
    assert_string_equal(knocks(3), "0* 1* 3* ");
}

static void only_global_addresses_are_knocked_at(void **state)
{
    struct dtt_id id = id_of(1);
    struct dtt_addr addrs[] = {dtt_addr_v4(192, 168, 1, 2, 5000), dtt_addr_v4(127, 0, 0, 1, 5000),
                               addr_of('a')};
    (void)state;
    assert_int_equal(dtt_doors_open(&d, now, &id, DTT_DOOR_LONG_NS, addrs, 2), now.mono_ns);
    assert_int_equal(d.n, 0);
    assert_true(dtt_doors_open(&d, now, &id, DTT_DOOR_LONG_NS, addrs, 3) > now.mono_ns);
    assert_int_equal(d.list[0].n, 1);
}

static void the_door_that_ends_first_makes_room(void **state)
{
    (void)state;
    for (unsigned i = 0; i < DTT_DOORS_MAX + 1; i++) {
        open_for(i, DTT_DOOR_LONG_NS, "abcdef");
        now.mono_ns += DTT_S;
        struct dtt_id second = id_of(1);
        dtt_doors_renew(&d, now, &second);
    }
    assert_int_equal(d.n, DTT_DOORS_MAX);
    for (size_t i = 0; i < d.n; i++) {
        assert_int_not_equal(peer_of(&d.list[i].id), 0);
        assert_int_equal(d.list[i].n, DTT_DOOR_ADDRS);
    }
}

#define D(test) cmocka_unit_test_setup_teardown(test, begin, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        D(the_newcomer_whispers),
        D(who_lets_in_or_cannot_be_dialled_changes_that),
        D(a_door_is_whispered_at_and_then_kept),
        D(the_elders_door_is_kept_at_once),
        D(an_open_door_does_not_begin_anew),
        D(a_newcomer_whose_dial_failed_is_patient),
        D(an_elder_whose_dials_failed_is_quiet),
        D(in_another_network_failures_are_forgotten),
        D(only_global_addresses_are_knocked_at),
        D(the_door_that_ends_first_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
