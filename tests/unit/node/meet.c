/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Red is our topic, whose secret everybody here holds: the one who aims at a victim, too. */
#include "node/meet.h"

#include "crypto/ed25519.h"
#include "dht/krpc.h"
#include "link_fakes.h"
#include "node/knock.h"
#include "node/seek.h"
#include "record/meet_message.h"

static const uint8_t our_seed[32] = {77};
static uint8_t nonce;

/* Person `c` has the seed {c}, and its connection comes from addr_of(c). */
static struct dtt_id person(char c)
{
    const uint8_t node_seed[32] = {(uint8_t)c};
    struct dtt_id id;
    dtt_ed25519_public_key(id.bytes, c == 'u' ? our_seed : node_seed);
    return id;
}

static struct dtt_link *link_of(char c)
{
    struct dtt_id id = person(c);
    return dtt_link_find(&l, &id);
}

/* Where person `c` is; capital letters: the way by a relay. */
static struct dtt_addr place(char c)
{
    const uint8_t ip[16] = {0xfd, 0x15, 0x07, 0x0a, 0x51, 0x0b, [15] = (uint8_t)c};
    return c <= 'Z' && c >= 'A' ? dtt_addr_v6(ip, 12345) : addr_of(c);
}

/* A neighbour in red that has shown a proof on its connection, which comes from `at`. */
static void befriend_at(char c, char at)
{
    struct dtt_id id = person(c);
    struct dtt_quic_event ev = {
        .type = DTT_QUIC_CONNECTED, .conn = conn_of(c), .peer = id, .addr = place(at)};
    struct dtt_outflow_message m = {.topic = &red, .payload = dtt_slice("hi", 2)};
    dtt_links_quic_event(&l, now, &ev);
    dtt_links_send(&l, now, &id, &m, NULL); /* so that red is a topic of the connection */
    dtt_links_neighbor(&l, now, &id, 1);
    link_of(c)->conns[0].proofs.n_read = 1;
    script();
}

static void befriend(char c)
{
    befriend_at(c, c);
}

static size_t message(uint8_t ret[DTT_MEET_MESSAGE_MAX], char from, char to,
                      const struct dtt_addr *addr, uint32_t minute, uint8_t topic)
{
    const uint8_t node_seed[32] = {(uint8_t)from};
    struct dtt_meet_message meet = {.kind = DTT_MEET_ASK, .from = person(from), .to = person(to)};
    struct dtt_meet_head head = {.minute = minute, .nonce = {nonce++}};
    struct dtt_gossip_topic_id where = {{topic}};
    uint8_t seed[32];
    seed_of(NULL, &red, minute, seed);
    if (addr) {
        meet.addrs[meet.n++] = *addr;
    }
    return dtt_meet_message_seal(ret, &meet, &head, seed, where.bytes, node_seed);
}

static size_t query(uint8_t ret[DTT_MEET_PACKET_MAX], struct dtt_slice m, struct dtt_slice o)
{
    static const uint8_t id[20] = {1};
    struct dtt_krpc q = {.type = DTT_KRPC_QUERY,
                         .method = DTT_KRPC_M_DTT_MEET,
                         .t = dtt_slice("tttt", 4),
                         .id = dtt_slice(id, 20),
                         .m = m,
                         .o = o};
    int len = dtt_krpc_encode(&q, ret, DTT_MEET_PACKET_MAX);
    assert_true(len > 0);
    return (size_t)len;
}

static const uint8_t room[18];

/* `from` asks us about `to`; returns the length of what it sent. */
static size_t ask(char from, char to, char at)
{
    uint8_t m[DTT_MEET_MESSAGE_MAX], bytes[DTT_MEET_PACKET_MAX];
    struct dtt_addr addr = place(at);
    size_t len = message(m, from, to, NULL, (uint32_t)dtt_now_minute(now), 1);
    len = query(bytes, dtt_slice(m, len), dtt_slice(room, sizeof(room)));
    assert_true(dtt_meet_recv(&l, now, &addr, dtt_slice(bytes, len)));
    return len;
}

/* Middle `m` tells us that `from` asked, whom it sees at `seen`. */
static void tell(char m, char from, char seen, const struct dtt_addr *named)
{
    uint8_t bytes[DTT_MEET_PACKET_MAX], sealed[DTT_MEET_MESSAGE_MAX], o[18];
    struct dtt_addr at = addr_of(m), other = addr_of(seen);
    struct dtt_writer w = dtt_writer(o, sizeof(o));
    other.port = 2000;
    dtt_addr_write_compact(&w, &other);
    size_t len = message(sealed, from, 'u', named, (uint32_t)dtt_now_minute(now), 1);
    len = query(bytes, dtt_slice(sealed, len), dtt_slice(o, w.len));
    assert_true(dtt_meet_recv(&l, now, &at, dtt_slice(bytes, len)));
}

/* As the core does: ends of meetings go to who dials. */
static void settle(void)
{
    struct dtt_meet_end end;
    while (dtt_meet_next_end(&l, &end)) {
        if (end.addr.family) {
            dtt_seek_met(&l, now, &end.peer, &end.addr);
        }
        dtt_dials_met(&l, now, &end.peer, end.addr.family ? &end.addr : NULL);
    }
}

/* What goes out: "b query 255 of c" and the like. */
static const char *sent(void)
{
    struct dtt_meet_packet p;
    settle();
    while (dtt_meet_next(&l, &p)) {
        struct dtt_krpc m;
        struct dtt_addr o = {0};
        assert_int_equal(dtt_krpc_decode(dtt_slice(p.data, p.len), &m), DTT_OK);
        char at = (char)p.remote.ip[p.remote.family == DTT_FAMILY_V6 ? 15 : 3];
        bool has_o = m.o.data && dtt_addr_from_compact(m.o, &o) == DTT_OK && o.family;
        const char *what = m.type == DTT_KRPC_QUERY ? "query" : "answer";
        if (m.type == DTT_KRPC_ERROR) {
            say("%c error %d", at, (int)m.error);
        } else if (has_o && o.ip[0]) {
            say("%c %s of %c", at, what, o.ip[3]);
        } else {
            say("%c %s", at, what);
        }
    }
    return script();
}

static const uint64_t *counter(enum dtt_counter c)
{
    return &ctx.counters[c];
}

/* Knocks that went out: those at an address, all of them for 0; whispers are told apart. */
static size_t knocks(char at, size_t *whispers)
{
    struct dtt_knock k;
    size_t n = 0;
    *whispers = 0;
    while (dtt_knock_next(&l, &k)) {
        if (at == 0 || k.addr.ip[3] == (uint8_t)at) {
            n++;
            *whispers += k.hops == DTT_KNOCK_WHISPER;
        }
    }
    return n;
}

/* ---- the middle */

static void the_middle_tells_both(void **state)
{
    (void)state;
    befriend('a');
    befriend('b');
    ask('a', 'b', 'a');
    assert_string_equal(sent(), "b query of a; a answer of b");
    assert_int_equal(*counter(DTT_COUNTER_NODE_MEETS_PASSED), 1);
}

/* Nothing that goes out is longer than what came. */
static void nothing_is_amplified(void **state)
{
    struct dtt_meet_packet p;
    size_t out = 0;
    (void)state;
    befriend('a');
    befriend('b');
    size_t in = ask('a', 'b', 'a');
    while (dtt_meet_next(&l, &p)) {
        assert_true(p.len <= in);
        out += p.len;
    }
    assert_true(out < 2 * in);
    in = ask('a', 'c', 'a');
    assert_true(dtt_meet_next(&l, &p) && p.len < in / 2);
    /* Without room for the address there is no forward that is short enough. */
    uint8_t m[DTT_MEET_MESSAGE_MAX], bytes[DTT_MEET_PACKET_MAX];
    struct dtt_addr at = addr_of('b');
    size_t len = message(m, 'b', 'a', NULL, (uint32_t)dtt_now_minute(now), 1);
    len = query(bytes, dtt_slice(m, len), dtt_slice(NULL, 0));
    assert_true(dtt_meet_recv(&l, now, &at, dtt_slice(bytes, len)));
    assert_string_equal(sent(), "b error 201");
}

static void strangers_are_not_served(void **state)
{
    (void)state;
    befriend('a');
    befriend('b');
    befriend('r');
    ask('a', 'b', 'x'); /* of a neighbour, from another address than its connection has */
    ask('c', 'b', 'c'); /* who has no connection */
    link_of('r')->conns[0].proofs.n_read = 0; /* as a Rust node */
    ask('r', 'b', 'r');
    ask('a', 'c', 'a'); /* for nobody that we know */
    ask('a', 'r', 'a');
    assert_string_equal(sent(), "a error 201; a error 201");
    dtt_links_neighbor(&l, now, &link_of('b')->id, -1);
    ask('a', 'b', 'a'); /* a neighbour no more */
    assert_string_equal(sent(), "a error 201");
    link_of('a')->out.streams[0].topic = blue; /* of a topic that we do not share */
    ask('a', 'b', 'a');
    assert_string_equal(sent(), "");
}

static void nobody_asks_in_the_name_of_another(void **state)
{
    (void)state;
    befriend('a');
    befriend('b');
    befriend('c');
    ask('b', 'c', 'a');
    assert_string_equal(sent(), "a error 201");
}

static void a_pair_waits_for_its_next_turn(void **state)
{
    (void)state;
    befriend('a');
    befriend('b');
    ask('a', 'b', 'a');
    assert_string_equal(sent(), "b query of a; a answer of b");
    pass(DTT_MEETINGS_PAIR_NS - 1);
    ask('a', 'b', 'a');
    assert_string_equal(sent(), "a error 201");
    pass(1);
    ask('a', 'b', 'a');
    assert_string_equal(sent(), "b query of a; a answer of b");
}

/* One neighbour does not use up what is there for all, and all together no more than that. */
static void floods_are_bounded(void **state)
{
    size_t n = 0;
    struct dtt_meet_packet p;
    (void)state;
    befriend('a');
    befriend('b');
    befriend('c');
    for (int i = 0; i < 100; i++) {
        ask('a', 'b', 'a');
    }
    while (dtt_meet_next(&l, &p)) {
        n++;
    }
    assert_int_equal(n, 2 + 7); /* one is passed on and answered; then errors, up to 8 in all */
    ask('c', 'b', 'c');
    assert_string_equal(sent(), "b query of c; c answer of b");
}

/* ---- who is told */

static void the_one_that_is_told_knocks(void **state)
{
    size_t whispers;
    (void)state;
    befriend('m');
    tell('m', 'x', 'x', NULL);
    assert_string_equal(sent(), "");
    assert_int_equal(knocks('x', &whispers), 1);
    assert_int_equal(whispers, 1);
    pass(249 * DTT_MS);
    assert_int_equal(knocks('x', &whispers), 0);
    pass(1 * DTT_MS);
    assert_int_equal(knocks('x', &whispers), 1);
    assert_int_equal(whispers, 0);
    size_t n = 0;
    for (int i = 0; i < 100; i++) {
        pass(100 * DTT_MS);
        n += knocks(0, &whispers);
    }
    assert_int_equal(n, 4);
    assert_string_equal(script(), ""); /* no dial */
}

static void stale_and_repeated_messages_are_dropped(void **state)
{
    uint8_t m[DTT_MEET_MESSAGE_MAX], bytes[DTT_MEET_PACKET_MAX];
    struct dtt_addr at = addr_of('m');
    size_t whispers;
    (void)state;
    now.wall_ns = (int64_t)(1000 * 60 * DTT_S);
    befriend('m');
    for (uint32_t minute = 997; minute <= 1003; minute++) {
        size_t len = message(m, 'x', 'u', NULL, minute, 1);
        uint8_t o[6] = {198, 51, 100, 'x', 7, 208};
        len = query(bytes, dtt_slice(m, len), dtt_slice(o, 6));
        for (int i = 0; i < 2; i++) { /* the second one is a replay */
            bool is_timely = minute >= 999 && minute <= 1001;
            pass(10 * DTT_S);
            knocks(0, &whispers);
            assert_true(dtt_meet_recv(&l, now, &at, dtt_slice(bytes, len)));
            assert_int_equal(knocks('x', &whispers), i == 0 && is_timely);
        }
    }
    size_t len = message(m, 'x', 'u', NULL, 1000, 2); /* of another topic */
    len = query(bytes, dtt_slice(m, len), dtt_slice(room, 6));
    assert_true(dtt_meet_recv(&l, now, &at, dtt_slice(bytes, len)));
    assert_int_equal(*counter(DTT_COUNTER_NODE_MEETS_TOLD), 3);
}

/* Members and a middle that aim at a victim, as fast as they can, for a minute: the victim gets no
 * more than 64 bytes in 10 seconds, and nothing of QUIC. */
static void a_victim_gets_next_to_nothing(void **state)
{
    struct dtt_addr victim = addr_of('v');
    size_t whispers;
    size_t bytes[6] = {0};
    (void)state;
    for (const char *c = "abcde"; *c; c++) {
        befriend(*c);
    }
    for (size_t i = 0; i < 600; i++) {
        char c = (char)('a' + i % 5);
        victim.port = (uint16_t)(5000 + i);
        tell(c, (char)('0' + i % 60), 'v', &victim); /* as another member each time */
        pass(100 * DTT_MS);
        bytes[i / 100] += knocks('v', &whispers);
    }
    for (size_t i = 0; i < 6; i++) {
        assert_true(bytes[i] <= 64);
        assert_true(i > 0 || bytes[i] > 0);
    }
    assert_string_equal(script(), "");
}

/* ---- who asks */

/* Peer `c` is behind a NAT, and a neighbour has named it. */
static void want(char c, char via)
{
    struct dtt_id id = person(c), by = person(via);
    struct dtt_addr addrs[2] = {addr_of(c), dtt_addr_v4(192, 168, 1, 9, 3000 + 'r')};
    struct dtt_outflow_message m = {.topic = &red, .payload = dtt_slice("hi", 2)};
    dtt_book_add(&l.book, now, &id, addrs, 2);
    dtt_links_send(&l, now, &id, &m, via ? &by : NULL);
}

static struct dtt_id peer_wanted;

static void answer(char middle, char seen, int error)
{
    static const uint8_t id[20] = {1};
    struct dtt_addr at = place(middle), other = addr_of(seen);
    uint8_t o[18], t[4], bytes[DTT_MEET_PACKET_MAX];
    struct dtt_writer w = dtt_writer(o, sizeof(o));
    other.port = 2000;
    dtt_addr_write_compact(&w, &other);
    dtt_put_be32(t, dtt_meetings_find(&l.meetings, &peer_wanted, true)->t);
    struct dtt_krpc m = {.type = error ? DTT_KRPC_ERROR : DTT_KRPC_REPLY,
                         .t = dtt_slice(t, 4),
                         .id = dtt_slice(id, 20),
                         .o = dtt_slice(o, w.len),
                         .error = error,
                         .error_text = dtt_slice("", 0)};
    int len = dtt_krpc_encode(&m, bytes, sizeof(bytes));
    assert_true(len > 0 && dtt_meet_recv(&l, now, &at, dtt_slice(bytes, (size_t)len)));
}

static void who_asks_dials_where_the_knock_comes_from(void **state)
{
    size_t whispers;
    struct dtt_addr from = addr_of('q');
    (void)state;
    befriend('m');
    want('p', 'm');
    peer_wanted = person('p');
    assert_string_equal(sent(), "m query");
    answer('m', 'q', 0);
    assert_int_equal(knocks('q', &whispers), 1); /* where the middle sees it ... */
    pass(250 * DTT_MS);
    assert_int_equal(knocks('p', &whispers), 1); /* ... and where it said it is */
    from.port = 2001;
    assert_string_equal(script(), ""); /* nothing but knocks */
    dtt_meet_knocked(&l, &(struct dtt_addr){.family = DTT_FAMILY_V4, .ip = {1}, .port = 9});
    assert_string_equal(script(), ""); /* of somebody else */
    dtt_meet_knocked(&l, &from);
    settle();
    assert_non_null(strstr(script(), "@q"));
    assert_int_equal(conns['q' - 'a'].addr.port, 2001);
    assert_int_equal(conns['q' - 'a'].datagrams, 4); /* the way is open: not as on hearsay */
    script();
    assert_int_equal(*counter(DTT_COUNTER_NODE_MEETS_KNOCKED), 1);
}

static void without_a_knock_nothing_of_quic_goes_out(void **state)
{
    (void)state;
    befriend('m');
    want('p', 'm');
    peer_wanted = person('p');
    answer('m', 'p', 0);
    for (unsigned i = 0; i < 100; i++) {
        pass(100 * DTT_MS);
        assert_null(strstr(script(), "@p")); /* only the one at home, as ever */
    }
}

/* It has two addresses, or one is a victim's. */
static void a_knock_is_good_for_its_own_address_only(void **state)
{
    struct dtt_addr from = addr_of('q');
    (void)state;
    befriend('m');
    want('p', 'm');
    peer_wanted = person('p');
    answer('m', 'q', 0);
    dtt_meet_knocked(&l, &from);
    settle();
    assert_non_null(strstr(script(), "@q"));
    for (unsigned i = 0; i < 100; i++) {
        pass(100 * DTT_MS);
        assert_null(strstr(script(), "@p"));
    }
}

/* A neighbour that names many peers does not get them dialled because we cannot ask about all. */
static void whom_there_is_no_meeting_for_is_not_dialled(void **state)
{
    (void)state;
    befriend('m');
    for (size_t i = 0; i < DTT_MEETINGS_MAX; i++) {
        char c = (char)('0' + i);
        want(c, 'm');
        peer_wanted = person(c);
        answer('m', c, 0);
    }
    script();
    want('p', 'm');
    assert_null(strstr(script(), "dial"));
    assert_null(link_of('p'));
    assert_int_equal(*counter(DTT_COUNTER_NODE_HEARSAY_REFUSED), 1);
}

/* A router that gives us another port for each peer lets no knock in: the dial goes on. */
static void where_our_port_varies_silence_tells_nothing(void **state)
{
    (void)state;
    l.me.told = (struct dtt_reach){.is_told = true, .kind = DTT_REACH_VARY};
    befriend('m');
    want('p', 'm');
    peer_wanted = person('p');
    answer('m', 'p', 0);
    pass(DTT_MEETINGS_HOLD_NS - 1);
    assert_null(strstr(script(), "@p"));
    pass(DTT_RACE_STAGGER_NS);
    assert_non_null(strstr(script(), "@p"));
    assert_int_equal(conns['p' - 'a'].datagrams, 1);
}

static void the_next_one_is_asked(void **state)
{
    (void)state;
    befriend('a');
    befriend('b');
    befriend('c');
    befriend('d');
    want('p', 'c');
    peer_wanted = person('p');
    assert_string_equal(sent(), "c query");
    answer('c', 'p', 201);
    assert_string_equal(sent(), "a query");
    pass(DTT_MEETINGS_ANSWER_NS);
    assert_string_equal(sent(), "b query");
    answer('b', 'p', 201);
    assert_non_null(strstr(sent(), "@p")); /* three are enough: the dial waits no more */
}

static void an_old_node_is_not_asked_again(void **state)
{
    (void)state;
    befriend('m');
    want('p', 'm');
    peer_wanted = person('p');
    answer('m', 'p', 204);
    assert_true(link_of('m')->is_meet_deaf);
    sent();
    want('q', 'm');
    assert_null(strstr(sent(), "query"));
}

static void nobody_is_asked_about_who_has_no_nat(void **state)
{
    struct dtt_id id = person('p'), by = person('m');
    struct dtt_addr addr = addr_of('p');
    struct dtt_outflow_message m = {.topic = &red, .payload = dtt_slice("hi", 2)};
    (void)state;
    befriend('m');
    dtt_book_add(&l.book, now, &id, &addr, 1);
    dtt_links_send(&l, now, &id, &m, &by);
    const char *line = sent();
    assert_null(strstr(line, "query"));
    assert_non_null(strstr(line, "@p"));
}

/* A newcomer dials by records; its first neighbour helps with the others. */
static void a_new_neighbour_is_asked_about_dials_under_way(void **state)
{
    (void)state;
    want('p', 0);
    assert_non_null(strstr(sent(), "@p"));
    befriend('m');
    assert_string_equal(sent(), ""); /* no proof yet */
    dtt_links_neighbor(&l, now, &link_of('m')->id, 1);
    assert_string_equal(sent(), "m query");
    peer_wanted = person('p');
    answer('m', 'p', 0);
    dtt_meet_knocked(&l, &conns['p' - 'a'].addr);
    assert_null(strstr(sent(), "@p")); /* that dial goes on: the way is open for its repetitions */
}

/* The connection is as it was, but nothing comes back: another one takes its place. */
static void a_silent_neighbour_is_met_again(void **state)
{
    struct dtt_id id = person('p');
    struct dtt_addr addrs[2] = {addr_of('p'), dtt_addr_v4(192, 168, 1, 9, 3000 + 'r')};
    struct dtt_addr from = addr_of('q');
    struct dtt_outflow_message m = {.topic = &red, .payload = dtt_slice("hi", 2)};
    (void)state;
    befriend('m');
    befriend('p');
    dtt_book_add(&l.book, now, &id, addrs, 2);
    pass(DTT_BACKLOG_LOOK_NS);
    is_unread = true;
    dtt_links_send(&l, now, &id, &m, NULL);
    is_unread = false;
    pass(DTT_BACKLOG_LOOK_NS - 1);
    script();
    assert_string_equal(sent(), "");
    pass(1);
    assert_string_equal(sent(), "m query");
    peer_wanted = id;
    answer('m', 'q', 0);
    from.port = 2001;
    dtt_meet_knocked(&l, &from);
    settle();
    assert_non_null(strstr(script(), "@q"));
    assert_int_equal(conns['q' - 'a'].datagrams, 4);
    struct dtt_quic_event ev = {
        .type = DTT_QUIC_CONNECTED, .conn = conn_of('q'), .peer = id, .addr = from, .dialed = true};
    dtt_links_quic_event(&l, now, &ev);
    assert_int_equal(link_of('p')->conns[0].conn, conn_of('q'));
    assert_int_equal(link_of('p')->n_conns, 2);
}

/* Nobody is asked about a silent neighbour more often than that, and not without a NAT. */
static void a_silent_neighbour_is_sought_now_and_then(void **state)
{
    struct dtt_id id = person('p');
    struct dtt_addr addrs[2] = {addr_of('p'), dtt_addr_v4(192, 168, 1, 9, 3000 + 'r')};
    struct dtt_outflow_message m = {.topic = &red, .payload = dtt_slice("hi", 2)};
    size_t n = 0;
    (void)state;
    befriend('m');
    befriend('p');
    is_unread = true;
    dtt_links_send(&l, now, &id, &m, NULL);
    pass(2 * DTT_BACKLOG_LOOK_NS);
    script();
    assert_string_equal(sent(), ""); /* it has no NAT, for all that we know */
    dtt_book_add(&l.book, now, &id, addrs, 2);
    for (int i = 0; i < 10; i++) {
        pass(DTT_S);
        script();
        n += strcmp(sent(), "m query") == 0;
    }
    is_unread = false;
    assert_int_equal(n, 5);
}

/* ---- over a relay */

/* Our own addresses, two of them global. */
static void be_at_home(void)
{
    struct dtt_addr own[3] = {dtt_addr_v4(192, 168, 1, 8, 3000), addr_of('u'), addr_of('w')};
    dtt_dials_own(&l, now, own, 3);
}

/* It gets our address, as nobody sees it, and is knocked at. */
static void over_a_relay_the_peer_itself_is_told(void **state)
{
    size_t whispers;
    struct dtt_meet_packet p;
    (void)state;
    befriend_at('x', 'X');
    size_t in = ask('x', 'u', 'X');
    assert_true(dtt_meet_next(&l, &p) && p.len < in);
    assert_false(dtt_meet_next(&l, &p));
    be_at_home();
    uint8_t m[DTT_MEET_MESSAGE_MAX], bytes[DTT_MEET_PACKET_MAX];
    struct dtt_addr at = place('X'), named = addr_of('x');
    named.port = 2000;
    size_t len = message(m, 'x', 'u', &named, (uint32_t)dtt_now_minute(now), 1);
    len = query(bytes, dtt_slice(m, len), dtt_slice(room, sizeof(room)));
    assert_true(dtt_meet_recv(&l, now, &at, dtt_slice(bytes, len)));
    assert_string_equal(sent(), "X answer of u");
    assert_int_equal(knocks('x', &whispers), 1);
    assert_int_equal(whispers, 1);
}

/* Whose addresses nobody sees cannot be told of them. */
static void over_a_relay_nobody_else_is_told(void **state)
{
    (void)state;
    befriend_at('x', 'X');
    befriend_at('y', 'Y');
    befriend('a');
    befriend('b');
    ask('x', 'a', 'X');
    ask('a', 'x', 'a');
    ask('x', 'y', 'X');
    assert_string_equal(sent(), "X error 201; a error 201; X error 201");
    ask('a', 'b', 'a');
    assert_string_equal(sent(), "b query of a; a answer of b");
}

/* A relayed neighbour is asked itself, before others; where it knocks it is dialled. */
static void a_relayed_neighbour_is_asked_for_a_direct_way(void **state)
{
    struct dtt_id id = person('p');
    struct dtt_addr addrs[2] = {addr_of('p'), dtt_addr_v4(192, 168, 1, 9, 3000 + 'r')};
    struct dtt_addr from = addr_of('q');
    (void)state;
    befriend('m');
    befriend_at('p', 'P');
    dtt_dials_name(&l, now, &id, addrs, 2);
    pass(1);
    assert_string_equal(sent(), "P query");
    peer_wanted = id;
    answer('P', 'q', 0);
    pass(250 * DTT_MS);
    assert_null(strstr(script(), "@p")); /* a packet of ours could come too early */
    from.port = 2001;
    dtt_meet_knocked(&l, &from);
    settle();
    pass(1);
    assert_non_null(strstr(script(), "@q"));
}

/* ---- the rest */

/* What the DHT asks and answers is left to it. */
static void other_krpc_is_not_taken(void **state)
{
    static const char ping[] = "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe";
    static const char other[] = "d1:ad2:id20:abcdefghij01234567891:m1:xe1:q4:ping1:t2:aa1:y1:qe";
    struct dtt_addr at = addr_of('m');
    (void)state;
    befriend('m');
    want('p', 'm');
    assert_false(dtt_meet_recv(&l, now, &at, dtt_slice(ping, sizeof(ping) - 1)));
    assert_false(dtt_meet_recv(&l, now, &at, dtt_slice(other, sizeof(other) - 1)));
    assert_false(dtt_meet_recv(&l, now, &at, dtt_slice("d1:", 3)));
    l.prover.node_seed = NULL;
    uint8_t m[DTT_MEET_MESSAGE_MAX], bytes[DTT_MEET_PACKET_MAX];
    size_t len = message(m, 'm', 'u', NULL, 0, 1);
    len = query(bytes, dtt_slice(m, len), dtt_slice(room, 6));
    assert_false(dtt_meet_recv(&l, now, &at, dtt_slice(bytes, len)));
}

static int begin(void **state)
{
    setup(state);
    nonce = 0;
    l.prover.me = person('u');
    l.prover.node_seed = our_seed;
    return 0;
}

#define M(test) cmocka_unit_test_setup_teardown(test, begin, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        M(the_middle_tells_both),
        M(nothing_is_amplified),
        M(strangers_are_not_served),
        M(nobody_asks_in_the_name_of_another),
        M(a_pair_waits_for_its_next_turn),
        M(floods_are_bounded),
        M(the_one_that_is_told_knocks),
        M(stale_and_repeated_messages_are_dropped),
        M(a_victim_gets_next_to_nothing),
        M(who_asks_dials_where_the_knock_comes_from),
        M(without_a_knock_nothing_of_quic_goes_out),
        M(a_knock_is_good_for_its_own_address_only),
        M(whom_there_is_no_meeting_for_is_not_dialled),
        M(where_our_port_varies_silence_tells_nothing),
        M(the_next_one_is_asked),
        M(an_old_node_is_not_asked_again),
        M(nobody_is_asked_about_who_has_no_nat),
        M(a_new_neighbour_is_asked_about_dials_under_way),
        M(a_silent_neighbour_is_met_again),
        M(a_silent_neighbour_is_sought_now_and_then),
        M(over_a_relay_the_peer_itself_is_told),
        M(over_a_relay_nobody_else_is_told),
        M(a_relayed_neighbour_is_asked_for_a_direct_way),
        M(other_krpc_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
