/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/door.h"

#include "link_fakes.h"
#include "node/knock.h"

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
    assert_string_equal(knocks(22), "0** 2** 4** 6** 21** ");
    assert_int_equal(open_for(1, DTT_DOOR_LONG_NS, "ab"), aloud_ns);
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

/* ---- how peers are dialled */

static void record(unsigned peer, int kind, uint64_t joined_s)
{
    struct dtt_id id = id_of(peer);
    struct dtt_reach reach = {.is_told = 1, .kind = kind, .age_s = 0};
    dtt_dials_record(&l, now, &id, &reach, joined_s);
}

static void we_joined(uint64_t joined_s)
{
    l.me = (struct dtt_book_reach){.told = {.is_told = 1, .kind = DTT_REACH_CONE},
                                   .joined_s = joined_s};
}

static void behind_nat(unsigned peer)
{
    struct dtt_id id = id_of(peer);
    struct dtt_addr addr = dtt_addr_v4(192, 168, 1, 'p', 1000);
    dtt_book_add(&l.book, now, &id, &addr, 1);
}

static size_t n_whispers(void)
{
    struct dtt_knock knock;
    size_t n = 0;
    while (dtt_knock_next(&l, &knock)) {
        assert_int_equal(knock.hops, DTT_KNOCK_WHISPER);
        n++;
    }
    return n;
}

static void a_newcomer_lets_the_elder_dial(void **state)
{
    (void)state;
    we_joined(1000);
    behind_nat(3);
    know(3, "a");
    record(3, DTT_REACH_CONE, 500);
    send_to(3, "hello");
    assert_int_equal(n_whispers(), 1);
    for (int i = 1; i < 12; i++) {
        pass(DTT_S);
    }
    assert_int_equal(n_whispers(), 5);
    assert_string_equal(script(), "dial 3@p"); /* after a second: it may be our home after all */
    closed('p', DTT_REASON_TIMEOUT);
    assert_string_equal(script(), "");
    pass(DTT_S);
    assert_string_equal(script(), "dial 3@a");
    closed('a', DTT_REASON_TIMEOUT);
    assert_string_equal(script(), "gone 3 timeout");
    n_whispers();
    pass(DTT_DOOR_KEEP_NS);
    assert_int_equal(n_whispers(), 1); /* the door stays open */
    send_to(3, "again");
    assert_string_equal(script(), "dial 3@a");
    accept_from(3, 'e');
    n_whispers();
    pass(DTT_DOOR_KEEP_NS);
    assert_int_equal(n_whispers(), 0);
}

static void an_elder_dials_at_once(void **state)
{
    (void)state;
    we_joined(500);
    behind_nat(3);
    know(3, "a");
    record(3, DTT_REACH_CONE, 1000);
    send_to(3, "hello");
    assert_string_equal(script(), "dial 3@a");
    assert_int_equal(n_whispers(), 1);
}

/* A dial that arrives spoils nothing where no port is translated. */
static void what_has_no_nat_is_dialled_at_once(void **state)
{
    const uint8_t ip[16] = {0x20, 1, [3] = 's'};
    struct dtt_addr six = dtt_addr_v6(ip, 1000);
    struct dtt_id id = id_of(4);
    (void)state;
    we_joined(1000);
    know(3, "a");
    record(3, DTT_REACH_CONE, 500);
    send_to(3, "hello");
    assert_string_equal(script(), "dial 3@a");
    l.transport.bound[1] = (struct dtt_addr){.family = DTT_FAMILY_V6, .port = 1};
    behind_nat(4);
    know(4, "b");
    dtt_book_add(&l.book, now, &id, &six, 1);
    record(4, DTT_REACH_CONE, 500);
    send_to(4, "hello");
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "dial 4@s");
}

static void who_tells_nothing_is_dialled_at_once(void **state)
{
    (void)state;
    we_joined(1000);
    behind_nat(3);
    know(3, "a");
    send_to(3, "hello"); /* a Rust node, or an older one */
    behind_nat(4);
    know(4, "b");
    record(4, DTT_REACH_OPEN, 500);
    send_to(4, "hello");
    assert_string_equal(script(), "dial 3@a; dial 4@b");
    assert_int_equal(n_whispers(), 0);
}

/* A router that lets in whom we have sent to, whatever the port, must know the address. */
static void one_of_changing_ports_finds_its_address_known(void **state)
{
    struct dtt_id id = id_of(3);
    struct dtt_reach reach = {
        .is_told = 1, .kind = DTT_REACH_VARY, .last = dtt_addr_v4(198, 51, 100, 'v', 4000)};
    struct dtt_knock knock;
    (void)state;
    we_joined(500);
    behind_nat(3);
    dtt_dials_record(&l, now, &id, &reach, 1000);
    send_to(3, "hello");
    assert_true(dtt_knock_next(&l, &knock));
    assert_true(dtt_addr_eq(&knock.addr, &reach.last));
    assert_false(dtt_knock_next(&l, &knock));
}

/* The record that names the outside address may come while the private one is being dialled. */
static void an_address_that_comes_late_is_whispered_at(void **state)
{
    struct dtt_id id = id_of(3);
    struct dtt_addr addr = addr_of('a');
    (void)state;
    we_joined(1000);
    behind_nat(3);
    send_to(3, "hello");
    assert_string_equal(script(), "dial 3@p");
    record(3, DTT_REACH_CONE, 995);
    dtt_dials_name(&l, now, &id, &addr, 1);
    assert_int_equal(n_whispers(), 1);
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "");
    pass(DTT_DOOR_BRIEF_NS - DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "dial 3@a");
}

static void hearsay_opens_no_door(void **state)
{
    struct dtt_id id = id_of(3), via = id_of(9);
    struct dtt_outflow_message m = {.topic = &red, .payload = dtt_slice("hello", 5)};
    (void)state;
    we_joined(1000);
    behind_nat(3);
    know(3, "a");
    record(3, DTT_REACH_CONE, 500);
    dtt_links_send(&l, now, &id, &m, &via);
    assert_string_equal(script(), "dial 3@a");
    assert_int_equal(n_whispers(), 0);
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
        D(only_global_addresses_are_knocked_at),
        D(the_door_that_ends_first_makes_room),
        D(a_newcomer_lets_the_elder_dial),
        D(an_elder_dials_at_once),
        D(what_has_no_nat_is_dialled_at_once),
        D(who_tells_nothing_is_dialled_at_once),
        D(one_of_changing_ports_finds_its_address_known),
        D(an_address_that_comes_late_is_whispered_at),
        D(hearsay_opens_no_door),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
