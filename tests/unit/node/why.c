/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/why.h"

#include "support/vectors.h"

static const struct dtt_gossip_facts facts;
static const struct dtt_dial_failure none;
static const struct dtt_why_names no_names;
static const struct dtt_now now = {.mono_ns = 10 * DTT_S};

/* From the first name that is looked up to the first neighbour. */
static void each_stage_has_its_sentence(void **state)
{
    static const struct {
        struct dtt_tracker_status tracker;
        struct dtt_dht_stats dht;
        struct dtt_why_names names;
        int stage;
        const char *sentence;
    } cases[] = {
        {{.members = 0},
         {.asked = 0},
         {.resolving = 1},
         DTT_STAGE_RESOLVE,
         "looking up the addresses of 1 bootstrap host"},
        {{.members = 0},
         {.asked = 0},
         {.resolving = 2},
         DTT_STAGE_RESOLVE,
         "looking up the addresses of 2 bootstrap hosts"},
        {{.members = 0},
         {.asked = 0},
         {.resolving = 0},
         DTT_STAGE_DHT,
         "no DHT node is known: no bootstrap host could be looked up"},
        {{.members = 0},
         {.asked = 0},
         {.threadless = 4},
         DTT_STAGE_DHT,
         "no DHT node is known: there is no thread to look up a bootstrap host; raise 'ulimit -u', "
         "or the limit of the container"},
        {{.members = 0},
         {.bootstraps = 2, .asked = 1},
         {.resolving = 1},
         DTT_STAGE_DHT,
         "no DHT node has answered yet: asked 2 bootstrap nodes, 1 query sent; nothing comes back: "
         "UDP is blocked here, or none of them lives"},
        {{.members = 0},
         {.nodes_v6 = 1, .asked = 9},
         {.resolving = 0},
         DTT_STAGE_SEARCH,
         "looking for members on the DHT (1 node known)"},
        {{.reads_done = 1},
         {.nodes_v4 = 2, .nodes_v6 = 3},
         {.resolving = 0},
         DTT_STAGE_ALONE,
         "nobody else is here yet; waiting for others (5 DHT nodes known)"},
        {{.reads_done = 1, .records_refused = 1},
         {.nodes_v4 = 2},
         {.resolving = 0},
         DTT_STAGE_ALONE,
         "nobody else is here: 1 record of this topic did not open, so either the secret differs "
         "or they are garbage; waiting for others"},
        {{.records_seen = 3, .dials_started = 1, .dials_failed = 1},
         {.nodes_v4 = 2},
         {.resolving = 0},
         DTT_STAGE_DIAL,
         "3 members found on the DHT, connecting: 1 attempt, 1 failed"},
        {{.peers_idle = 1},
         {.asked = 0},
         {.resolving = 1},
         DTT_STAGE_DIAL,
         "members are known, connecting"},
        {{.is_minute_skipped = true},
         {.nodes_v4 = 2},
         {.resolving = 0},
         DTT_STAGE_SEARCH,
         "the program's rotation of the secret failed for this minute, which is left out"},
        {{.neighbors = 1, .is_minute_skipped = true},
         {.asked = 0},
         {.resolving = 1},
         DTT_STAGE_JOINED,
         "connected to 1 neighbour"},
        {{.neighbors = 4},
         {.asked = 0},
         {.resolving = 0},
         DTT_STAGE_JOINED,
         "connected to 4 neighbours"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dtt_why why;
        dtt_why_explain(&cases[i].tracker, &cases[i].dht, &facts, &none, cases[i].names, now, &why);
        assert_int_equal(why.stage, cases[i].stage);
        assert_string_equal(why.sentence, cases[i].sentence);
    }
}

static void a_wrong_clock_and_a_twin_are_told_of(void **state)
{
    static const struct {
        struct dtt_clock_guess clock;
        const char *sentence;
    } cases[] = {
        {{.offset_s = 60, .sources = 3, .agreeing = 3}, "connected to 1 neighbour"},
        {{.offset_s = 7800, .sources = 3, .agreeing = 3},
         "connected to 1 neighbour; your clock seems 2 h 10 min ahead: 3 members agree"},
        {{.offset_s = -180, .sources = 1, .agreeing = 1},
         "connected to 1 neighbour; your clock seems 3 min behind, or that of another member is "
         "wrong"},
        {{.offset_s = 90000, .sources = 2, .agreeing = 2},
         "connected to 1 neighbour; your clock seems 1 day 1 h ahead, or that of other members is "
         "wrong"},
    };
    (void)state;
    struct dtt_tracker_status s = {.neighbors = 1};
    struct dtt_why why;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        s.clock = cases[i].clock;
        dtt_why_explain(&s, &(struct dtt_dht_stats){.asked = 0}, &facts, &none, no_names, now,
                        &why);
        assert_string_equal(why.sentence, cases[i].sentence);
        assert_int_equal(why.clock_offset_s, s.clock.offset_s);
        assert_int_equal(why.clock_sources, s.clock.agreeing);
    }
    s = (struct dtt_tracker_status){
        .neighbors = 1, .has_twin = true, .twin = dtt_addr_v4(192, 0, 2, 1, 7)};
    dtt_why_explain(&s, &(struct dtt_dht_stats){.asked = 0}, &facts, &none, no_names, now, &why);
    assert_string_equal(why.sentence,
                        "connected to 1 neighbour; another program runs with this identity, at "
                        "192.0.2.1:7: give each its own");
    assert_int_equal(why.has_twin, 1);
}

static void neighbors_of_no_use_are_told_of(void **state)
{
    static const struct {
        struct dtt_gossip_facts facts;
        const char *sentence;
    } cases[] = {
        {{.silent = 6}, "connected to 8 neighbours; 6 of them pass nothing on"},
        {{.silent = 1, .slow = 2},
         "connected to 8 neighbours; 1 of them passes nothing on; 2 of them read slowly"},
        {{.slow = 1}, "connected to 8 neighbours; 1 of them reads slowly"},
    };
    const struct dtt_tracker_status tracker = {.neighbors = 8};
    const struct dtt_dht_stats dht = {.asked = 0};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dtt_why why;
        dtt_why_explain(&tracker, &dht, &cases[i].facts, &none, no_names, now, &why);
        assert_string_equal(why.sentence, cases[i].sentence);
    }
}

static void figures_are_those_of_the_modules(void **state)
{
    const struct dtt_tracker_status tracker = {.records_seen = 1,
                                               .records_refused = 2,
                                               .dials_started = 3,
                                               .dials_failed = 4,
                                               .members = 5,
                                               .searching_since_ns = 7 * DTT_S};
    const struct dtt_dht_stats dht = {.nodes_v4 = 6, .nodes_v6 = 1, .asked = 8, .answered = 9};
    struct dtt_tracker_status joined = {.neighbors = 1, .searching_since_ns = DTT_NEVER};
    struct dtt_why why;
    (void)state;
    dtt_why_explain(&tracker, &dht, &facts, &none, no_names, now, &why);
    assert_int_equal(why.records_seen, 1);
    assert_int_equal(why.records_refused, 2);
    assert_int_equal(why.dials_started, 3);
    assert_int_equal(why.dials_failed, 4);
    assert_int_equal(why.members, 5);
    assert_int_equal(why.dht_nodes, 7);
    assert_int_equal(why.dht_asked, 8);
    assert_int_equal(why.dht_answered, 9);
    assert_int_equal(why.for_ms, 3000);
    dtt_why_explain(&joined, &dht, &facts, &none, no_names, now, &why);
    assert_int_equal(why.for_ms, 0);
}

/* All addresses, with what came of each, as far as there is room. */
static void what_was_tried_is_told(void **state)
{
    const struct dtt_tracker_status tracker = {.records_seen = 1, .dials_started = 1};
    const struct dtt_dht_stats dht = {.nodes_v4 = 6};
    struct dtt_dial_failure failure = {
        .n_tries = 2,
        .tries = {{dtt_addr_v4(198, 51, 100, 1, 4433), DTT_REASON_TIMEOUT},
                  {dtt_addr_v4(192, 168, 1, 2, 4433), DTT_REASON_NO_ROUTE}}};
    struct dtt_why why;
    (void)state;
    dtt_why_explain(&tracker, &dht, &facts, &failure, no_names, now, &why);
    assert_string_equal(why.sentence,
                        "1 member found on the DHT, connecting: 1 attempt, 0 failed; the last at "
                        "198.51.100.1:4433 (timeout), 192.168.1.2:4433 (no_route)");
    for (failure.n_tries = 0; failure.n_tries < DTT_RACE_TRIES; failure.n_tries++) {
        uint8_t ip[16];
        memset(ip, 0xab, sizeof(ip));
        failure.tries[failure.n_tries].addr = dtt_addr_v6(ip, 54321);
        failure.tries[failure.n_tries].reason = DTT_REASON_PROTOCOL_ERROR;
    }
    dtt_why_explain(&tracker, &dht, &facts, &failure, no_names, now, &why);
    assert_in_range(strlen(why.sentence), 150, sizeof(why.sentence) - 1);
    assert_string_equal(why.sentence + strlen(why.sentence) - 16, "(protocol_error)");
    const struct dtt_tracker_status joined = {.neighbors = 1};
    dtt_why_explain(&joined, &dht, &facts, &failure, no_names, now, &why);
    assert_string_equal(why.sentence, "connected to 1 neighbour");
}

/* Behind "connecting" stands what is between the two, instead of the addresses. */
static void what_stands_between_is_told(void **state)
{
    static const struct {
        struct dtt_dial_failure failure;
        const char *want;
    } cases[] = {
        {{.reason = DTT_REASON_BOTH_VARY, .mine = DTT_REACH_VARY, .theirs = DTT_REACH_VARY},
         "; both routers use a new port for each peer: IPv6, a port forwarding or a public member "
         "would help"},
        {{.reason = DTT_REASON_PORT_VARIES, .mine = DTT_REACH_VARY, .theirs = DTT_REACH_CONE},
         "; this router uses a new port for each peer and guessing it failed: a port forwarding "
         "would help"},
        {{.reason = DTT_REASON_PORT_VARIES, .mine = DTT_REACH_CONE, .theirs = DTT_REACH_VARY},
         "; their router uses a new port for each peer and guessing it failed: a port forwarding "
         "would help"},
        {{.reason = DTT_REASON_OTHER_FAMILY,
          .addr = {.family = DTT_FAMILY_V6, .ip = {0x20, 1}, .port = 4433}},
         "; they have IPv6 only, which is not to be had here: a member with both would help"},
        {{.reason = DTT_REASON_TIMEOUT, .mine = DTT_REACH_CONE, .theirs = DTT_REACH_CONE},
         "; both routers keep one port, yet nothing comes through: a firewall drops UDP, or the "
         "address is old"},
    };
    const struct dtt_tracker_status tracker = {.records_seen = 1, .dials_started = 1};
    const struct dtt_dht_stats dht = {.nodes_v4 = 6};
    struct dtt_why why;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dtt_dial_failure failure = cases[i].failure;
        failure.n_tries = 1;
        failure.tries[0].addr = dtt_addr_v4(198, 51, 100, 1, 4433);
        dtt_why_explain(&tracker, &dht, &facts, &failure, no_names, now, &why);
        assert_non_null(strstr(why.sentence, cases[i].want));
        assert_null(strstr(why.sentence, "198.51.100.1"));
    }
    const struct dtt_now later = {.mono_ns = 8 * DTT_S};
    const struct dtt_tracker_status searching = {.searching_since_ns = 0};
    dtt_why_explain(&searching, &(struct dtt_dht_stats){.asked = 9, .bootstraps = 2}, &facts, &none,
                    no_names, later, &why);
    assert_non_null(strstr(why.sentence, "; nothing comes back: UDP is blocked here, or none of "
                                         "them lives"));
}

/* The words of a relay are left out where they do not fit; the advice is there. */
static void a_relay_that_does_not_serve_is_told_of(void **state)
{
    static struct dtt_relays relays = {
        .n = 2, .list = {{.url = "https://a.test"}, {.url = "https://b.test"}}};
    struct dtt_relays_trouble *t = &relays.list[1].trouble;
    struct dtt_why why = {.sentence = "connected to 1 neighbour"};
    (void)state;
    dtt_why_add_relay(&why, &relays);
    assert_string_equal(why.sentence, "connected to 1 neighbour");
    *t = (struct dtt_relays_trouble){"it denies access", "ask its operator", "no such id"};
    dtt_why_add_relay(&why, &relays);
    assert_string_equal(why.sentence,
                        "connected to 1 neighbour; the relay https://b.test does not serve: it "
                        "denies access (no such id); ask its operator");
    memset(t->detail, 'x', sizeof(t->detail) - 1);
    why = (struct dtt_why){.sentence = "members are known, connecting: 12 attempts, 12 failed"};
    dtt_why_add_relay(&why, &relays);
    assert_string_equal(why.sentence,
                        "members are known, connecting: 12 attempts, 12 failed; the relay "
                        "https://b.test does not serve: it denies access; ask its operator");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_stage_has_its_sentence),
        cmocka_unit_test(neighbors_of_no_use_are_told_of),
        cmocka_unit_test(a_wrong_clock_and_a_twin_are_told_of),
        cmocka_unit_test(what_was_tried_is_told),
        cmocka_unit_test(what_stands_between_is_told),
        cmocka_unit_test(a_relay_that_does_not_serve_is_told_of),
        cmocka_unit_test(figures_are_those_of_the_modules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
