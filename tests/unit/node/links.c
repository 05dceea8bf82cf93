/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Links between a transport and a gossip of the test's own. What they ask of both is one line of
 * text; peers are numbers, addresses and the connections with them are letters:
 *
 *     dial 3@a; dial 3@b; close b (too slow); hear 3 hello; gone 3 timeout
 *
 * Connections beyond the 26th have no letter that can be read; tests of crowds number them.
 */
#include "node/links.h"

#include "node/inflow.h"
#include "node/outflow.h"
#include "node/race.h"
#include "record/proof.h"
#include "support/oom.h"
#include "support/vectors.h"

#include <stdarg.h>
#include <stdio.h>

#define LETTERS 256

static struct dtt_links l;
static const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
static struct dtt_ctx ctx;
static struct dtt_now now;
static char said[4096];
static size_t n_said;
static const struct dtt_gossip_topic_id red = {{1}}, blue = {{2}};

/* What the transport answers, and what is known of the connection of each letter. */
static int dial_error, write_error, open_error;
static size_t next_unacked; /* after the next write; 0: as before it */
static struct {
    unsigned peer;
    bool is_up, is_trusted, is_blocked;
    unsigned datagrams;
    struct dtt_addr addr; /* dialled */
    size_t unacked;
} conns[LETTERS];
static int64_t last_stream;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    va_list args;
    n_said += (size_t)snprintf(said + n_said, sizeof(said) - n_said, n_said ? "; " : "");
    va_start(args, format);
    n_said += (size_t)vsnprintf(said + n_said, sizeof(said) - n_said, format, args);
    va_end(args);
    assert_true(n_said < sizeof(said));
}

/* What was asked since the last call. */
static const char *script(void)
{
    static char line[sizeof(said)];
    memcpy(line, said, sizeof(line));
    n_said = 0;
    said[0] = '\0';
    return line;
}

static struct dtt_id id_of(unsigned peer)
{
    return (struct dtt_id){.bytes = {(uint8_t)peer, (uint8_t)(peer >> 8), 1}};
}

static unsigned peer_of(const struct dtt_id *id)
{
    return id->bytes[0] | (unsigned)id->bytes[1] << 8;
}

static struct dtt_addr addr_of(char letter)
{
    return dtt_addr_v4(198, 51, 100, (uint8_t)letter, 1000);
}

static char letter_of(dtt_quic_conn conn)
{
    return (char)('a' + conn - 1);
}

static dtt_quic_conn conn_of(char letter)
{
    return (dtt_quic_conn)(letter - 'a' + 1);
}

/* ---- the transport */

static int fake_dial(struct dtt_quic *t, struct dtt_now when, const struct dtt_id *peer,
                     const struct dtt_addr *local, const struct dtt_addr *remote,
                     dtt_quic_conn *ret)
{
    char letter = (char)(remote->port > 3000 ? remote->port - 3000 : remote->ip[3]);
    (void)t, (void)when, (void)local;
    if (dial_error) {
        return dial_error;
    }
    say("dial %u@%c", peer_of(peer), letter);
    *ret = conn_of(letter);
    conns[letter - 'a'].peer = peer_of(peer);
    conns[letter - 'a'].addr = *remote;
    return DTT_OK;
}

static void fake_limit_dial(struct dtt_quic *t, dtt_quic_conn conn, unsigned datagrams)
{
    (void)t;
    conns[conn - 1].datagrams = datagrams;
}

static int fake_open_uni(struct dtt_quic *t, dtt_quic_conn conn, int64_t *ret_stream)
{
    (void)t;
    if (open_error) {
        return open_error;
    }
    *ret_stream = ++last_stream;
    say("open %c/%d", letter_of(conn), (int)last_stream);
    return DTT_OK;
}

static int fake_write(struct dtt_quic *t, dtt_quic_conn conn, int64_t stream, struct dtt_slice data,
                      bool fin)
{
    (void)t;
    if (write_error) {
        return write_error;
    }
    if (next_unacked && data.len != DTT_GOSSIP_HEADER_FRAME) {
        conns[conn - 1].unacked = next_unacked;
        next_unacked = 0;
    }
    if (data.len == 4 + DTT_PROOF_LEN && data.data[3] == DTT_PROOF_LEN) {
        say("proof %c/%d", letter_of(conn), (int)stream);
    } else if (data.len == DTT_GOSSIP_HEADER_FRAME) {
        say("topic %d", (int)stream);
    } else if (data.len > 4) {
        say("write %c/%d %.*s%s", letter_of(conn), (int)stream, (int)data.len - 4, data.data + 4,
            fin ? " end" : "");
    } else {
        say("end %c/%d", letter_of(conn), (int)stream);
    }
    return DTT_OK;
}

static size_t fake_unacked(const struct dtt_quic *t, dtt_quic_conn conn)
{
    (void)t;
    return conns[conn - 1].unacked;
}

static bool fake_info(const struct dtt_quic *t, dtt_quic_conn conn, struct dtt_quic_info *ret)
{
    (void)t;
    *ret = (struct dtt_quic_info){.is_blocked = conns[conn - 1].is_blocked};
    return true;
}

static bool fake_exporter(const struct dtt_quic *t, dtt_quic_conn conn,
                          uint8_t ret[DTT_QUIC_EXPORTER_BYTES])
{
    (void)t;
    memset(ret, (int)conn, DTT_QUIC_EXPORTER_BYTES);
    return true;
}

static void fake_trust(struct dtt_quic *t, dtt_quic_conn conn)
{
    (void)t;
    conns[conn - 1].is_trusted = true;
}

static void fake_hold(struct dtt_quic *t, dtt_quic_conn conn, bool is_held)
{
    (void)t;
    say("%s %c", is_held ? "hold" : "release", letter_of(conn));
}

static void fake_close(struct dtt_quic *t, struct dtt_now when, dtt_quic_conn conn, uint64_t code,
                       const char *words)
{
    (void)t, (void)when;
    assert_int_equal(code, 0);
    if (*words) {
        say("close %c (%s)", letter_of(conn), words);
    } else {
        say("close %c", letter_of(conn));
    }
}

static const struct dtt_transport_ops fake = {.dial = fake_dial,
                                              .limit_dial = fake_limit_dial,
                                              .open_uni = fake_open_uni,
                                              .write = fake_write,
                                              .unacked = fake_unacked,
                                              .info = fake_info,
                                              .exporter = fake_exporter,
                                              .trust = fake_trust,
                                              .hold = fake_hold,
                                              .close = fake_close};

/* ---- gossip, in place of src/gossip/gossip.c */

int dtt_gossip_recv(struct dtt_gossip *g, struct dtt_now when, const struct dtt_gossip_source *from,
                    const struct dtt_gossip_topic_id *topic, struct dtt_slice payload)
{
    (void)g, (void)when, (void)topic;
    say("hear %u %.*s", peer_of(&from->id), (int)payload.len, payload.data);
    return dtt_slice_eq(payload, dtt_slice("bad", 3))       ? DTT_EPROTO
           : dtt_slice_eq(payload, dtt_slice("unknown", 7)) ? DTT_ESTATE
                                                            : DTT_OK;
}

/* Gossip needs the peers 300 to 399, and those from 400 to 499 hold the secret. */
bool dtt_gossip_needs(const struct dtt_gossip *g, const struct dtt_id *peer)
{
    (void)g;
    return peer_of(peer) / 100 == 3;
}

enum dtt_standing dtt_gossip_standing(const struct dtt_gossip *g, struct dtt_now when,
                                      const struct dtt_id *peer)
{
    (void)g, (void)when;
    return peer_of(peer) / 100 == 4 ? DTT_STANDING_PROVEN : DTT_STANDING_STRANGER;
}

void dtt_gossip_set_slow(struct dtt_gossip *g, const struct dtt_id *peer, bool is_slow)
{
    (void)g;
    say("%s %u", is_slow ? "slow" : "fast", peer_of(peer));
}

void dtt_gossip_peer_gone(struct dtt_gossip *g, struct dtt_now when, const struct dtt_id *peer,
                          enum dtt_reason reason)
{
    (void)g, (void)when;
    say("gone %u %s", peer_of(peer), dtt_reason_word(reason));
}

void dtt_gossip_prove(struct dtt_gossip *g, struct dtt_now when,
                      const struct dtt_gossip_topic_id *topic, const struct dtt_id *peer)
{
    (void)g, (void)when;
    say("proven %u %s", peer_of(peer), topic->bytes[0] == 1 ? "red" : "blue");
}

/* ---- proofs: we are in red and not in blue, and so is everybody */

static bool seed_of(void *user, const struct dtt_gossip_topic_id *topic, uint64_t minute,
                    uint8_t ret_seed[32])
{
    (void)user;
    memset(ret_seed, (int)minute, 32);
    return topic->bytes[0] == 1;
}

static const struct dtt_prover prover = {.me = {{200}}, .seed = seed_of};

/* ---- input */

static void know(unsigned peer, const char *letters)
{
    struct dtt_id id = id_of(peer);
    for (size_t i = strlen(letters); i > 0; i--) { /* the newest are dialled first */
        struct dtt_addr addr = addr_of(letters[i - 1]);
        dtt_book_add(&l.book, &id, &addr, 1);
    }
}

static void send_in(unsigned peer, const struct dtt_gossip_topic_id *topic, const char *text,
                    bool last)
{
    struct dtt_id id = id_of(peer);
    dtt_links_send(&l, now, &id, topic, dtt_slice(text, strlen(text)), last, NULL);
}

static void send_to(unsigned peer, const char *text)
{
    send_in(peer, &red, text, false);
}

static void event(enum dtt_quic_event_type type, char letter, struct dtt_quic_event ev)
{
    ev.type = type;
    ev.conn = conn_of(letter);
    ev.peer = id_of(conns[letter - 'a'].peer);
    ev.addr = conns[letter - 'a'].addr.family ? conns[letter - 'a'].addr : addr_of(letter);
    dtt_links_quic_event(&l, now, &ev);
}

static void up(char letter)
{
    conns[letter - 'a'].is_up = true;
    event(DTT_QUIC_CONNECTED, letter, (struct dtt_quic_event){.dialed = true});
}

static void accept_from(unsigned peer, char letter)
{
    conns[letter - 'a'].peer = peer;
    conns[letter - 'a'].is_up = true;
    event(DTT_QUIC_CONNECTED, letter, (struct dtt_quic_event){.dialed = false});
}

static void closed(char letter, enum dtt_reason reason)
{
    event(DTT_QUIC_CLOSED, letter,
          (struct dtt_quic_event){.reason = reason, .was_connected = conns[letter - 'a'].is_up});
    conns[letter - 'a'].is_up = false;
}

/* A stream that says its topic and one frame. */
static void hear(char letter, int64_t stream, const char *text, bool fin)
{
    uint8_t bytes[DTT_GOSSIP_HEADER_FRAME + 64];
    size_t len = strlen(text);
    dtt_gossip_stream_header(bytes, &red);
    dtt_put_be32(bytes + DTT_GOSSIP_HEADER_FRAME, (uint32_t)len);
    memcpy(bytes + DTT_GOSSIP_HEADER_FRAME + 4, text, len);
    event(DTT_QUIC_DATA, letter,
          (struct dtt_quic_event){.stream = stream,
                                  .fin = fin,
                                  .data = dtt_slice(bytes, DTT_GOSSIP_HEADER_FRAME + 4 + len)});
}

static void neighbor(unsigned peer, int change)
{
    struct dtt_id id = id_of(peer);
    dtt_links_neighbor(&l, now, &id, change);
}

static void located(unsigned peer, bool is_over)
{
    struct dtt_id id = id_of(peer);
    dtt_links_located(&l, now, &id, is_over);
}

static void pass(uint64_t ns)
{
    now.mono_ns += ns;
    dtt_links_tick(&l, now);
}

static void failure_is(unsigned peer, char letter, const char *stage, enum dtt_reason reason)
{
    struct dtt_dial_failure f;
    assert_true(dtt_links_next_failure(&l, &f));
    assert_int_equal(peer_of(&f.peer), peer);
    assert_int_equal(f.addr.family ? f.addr.ip[3] : ' ', letter);
    assert_string_equal(f.stage, stage);
    assert_int_equal(f.reason, reason);
    assert_false(dtt_links_next_failure(&l, &f));
}

static int setup(void **state)
{
    struct dtt_transport t = {.ops = &fake, .bound = {{.family = DTT_FAMILY_V4, .port = 1}}};
    (void)state;
    memset(&ctx, 0, sizeof(ctx));
    memset(conns, 0, sizeof(conns));
    now = (struct dtt_now){.mono_ns = 100 * DTT_S};
    dial_error = write_error = open_error = DTT_OK;
    last_stream = 0;
    script();
    dtt_links_init(&l, &ctx, &t, NULL, &prover, hash_key);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dtt_links_fini(&l);
    return 0;
}

/* ---- dialling */

static void addresses_are_tried_at_short_intervals(void **state)
{
    (void)state;
    know(3, "abcdef");
    send_to(3, "hello");
    assert_string_equal(script(), "dial 3@a");
    pass(DTT_RACE_STAGGER_NS - 1);
    assert_string_equal(script(), "");
    pass(1);
    assert_string_equal(script(), "dial 3@b");
    closed('a', DTT_REASON_REFUSED);
    assert_string_equal(script(), "dial 3@c");
    pass(DTT_RACE_STAGGER_NS);
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "dial 3@d; dial 3@e");
    pass(DTT_S); /* four are under way */
    assert_string_equal(script(), "");
    assert_int_equal(dtt_links_deadline(&l), DTT_NEVER);
    closed('c', DTT_REASON_TIMEOUT);
    assert_string_equal(script(), "dial 3@f");
}

static void the_first_to_connect_ends_the_race(void **state)
{
    (void)state;
    know(3, "abc");
    send_to(3, "one");
    send_to(3, "two");
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "dial 3@a; dial 3@b");
    up('b');
    assert_string_equal(script(), "close a; open b/1; topic 1; write b/1 one; write b/1 two");
    closed('a', DTT_REASON_CLOSED_BY_US);
    send_to(3, "three");
    assert_string_equal(script(), "write b/1 three");
    closed('b', DTT_REASON_RESET);
    assert_string_equal(script(), "gone 3 reset");
}

static void a_lost_race_is_told_with_its_reason(void **state)
{
    static const struct {
        enum dtt_reason reason;
        const char *stage, *script;
    } cases[] = {
        {DTT_REASON_TIMEOUT, "connect", "dial 3@a; gone 3 timeout"},
        {DTT_REASON_UNREACHABLE, "connect", "dial 3@a; gone 3 unreachable"},
        {DTT_REASON_REFUSED, "handshake", "dial 3@a; gone 3 refused"},
        {DTT_REASON_WRONG_KEY, "handshake", "dial 3@a; gone 3 wrong_key"},
        {DTT_REASON_WRONG_ALPN, "handshake", "dial 3@a; gone 3 wrong_alpn"},
        {DTT_REASON_PROTOCOL_ERROR, "handshake", "dial 3@a; gone 3 protocol_error"},
    };
    (void)state;
    know(3, "a");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        send_to(3, "hello");
        closed('a', cases[i].reason);
        assert_string_equal(script(), cases[i].script);
        failure_is(3, 'a', cases[i].stage, cases[i].reason);
    }
}

static void a_dial_that_cannot_be_made_has_its_reason(void **state)
{
    static const struct {
        int error;
        enum dtt_reason reason;
    } cases[] = {{DTT_EFULL, DTT_REASON_LIMIT},
                 {DTT_EINVAL, DTT_REASON_SELF},
                 {DTT_ENOMEM, DTT_REASON_LOCAL}};
    struct dtt_id id = id_of(4);
    struct dtt_addr v6 = {.family = DTT_FAMILY_V6, .port = 5, .ip = {0x20, 1, 5}};
    (void)state;
    know(3, "ab");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dial_error = cases[i].error;
        send_to(3, "hello");
        failure_is(3, 'b', "connect", cases[i].reason);
        script();
    }
    dial_error = DTT_OK;
    dtt_book_add(&l.book, &id, &v6, 1);
    send_to(4, "hello"); /* we have no socket of that family */
    assert_string_equal(script(), "gone 4 local");
}

static void an_address_is_looked_for(void **state)
{
    struct dtt_id id;
    (void)state;
    send_to(3, "hello");
    send_to(4, "hello");
    assert_true(dtt_links_next_wanted(&l, false, &id));
    assert_int_equal(peer_of(&id), 3);
    assert_true(dtt_links_next_wanted(&l, false, &id));
    assert_false(dtt_links_next_wanted(&l, false, &id));
    located(3, false); /* nothing yet */
    assert_string_equal(script(), "");
    know(3, "a");
    located(3, false);
    located(3, true); /* too late to matter */
    assert_string_equal(script(), "dial 3@a");
    located(4, true);
    assert_string_equal(script(), "gone 4 unknown");
    failure_is(4, ' ', "address", DTT_REASON_NO_ADDRESS);
    send_to(5, "hello");
    accept_from(5, 'e'); /* it comes by itself */
    located(5, true);
    assert_string_equal(script(), "open e/1; topic 1; write e/1 hello");
}

/* The end of a connection that nothing is known of must not end the search for an address. */
static void a_late_end_does_not_stop_the_search(void **state)
{
    (void)state;
    know(3, "ab");
    send_to(3, "hello");
    pass(DTT_RACE_STAGGER_NS);
    up('b');
    closed('b', DTT_REASON_TIMEOUT);
    dtt_book_fini(&l.book);
    dtt_book_init(&l.book, hash_key); /* its addresses made room for others' */
    send_to(3, "again");
    script();
    closed('a', DTT_REASON_CLOSED_BY_US);
    assert_string_equal(script(), "");
    know(3, "c");
    located(3, false);
    assert_string_equal(script(), "dial 3@c");
}

/* Peer `peer` is known at `letter` of a host of its own, and peer 9 named it. */
static void name(unsigned peer, uint8_t named_by)
{
    struct dtt_id id = id_of(peer), via = id_of(named_by);
    dtt_links_send(&l, now, &id, &red, dtt_slice("hello", 5), false, &via);
}

static void know_at(unsigned peer, uint8_t host, char letter)
{
    struct dtt_id id = id_of(peer);
    struct dtt_addr addr = dtt_addr_v4(198, 51, host, (uint8_t)letter, 2000);
    dtt_book_add(&l.book, &id, &addr, 1);
}

/* At one host with all that are known like this; the letter is in the port. */
static void know_at_one_host(unsigned peer, char letter)
{
    struct dtt_id id = id_of(peer);
    struct dtt_addr addr = dtt_addr_v4(198, 51, 1, 1, (uint16_t)(3000 + letter));
    dtt_book_add(&l.book, &id, &addr, 1);
}

static void dials_on_hearsay_have_a_share(void **state)
{
    struct dtt_id id = id_of(13);
    (void)state;
    for (uint8_t i = 0; i < 6; i++) {
        know_at(10 + i, i, (char)('a' + i));
        name(10 + i, 9);
    }
    assert_string_equal(script(), "dial 10@a; dial 11@b; dial 12@c; dial 13@d; gone 14 budget; "
                                  "gone 15 budget"); /* four that peer 9 named */
    assert_int_equal(conns[0].datagrams, 1);
    know_at(20, 20, 'm');
    name(20, 8);
    dtt_links_unneeded(&l, now, &id);
    know_at(16, 16, 'g');
    name(16, 9);
    assert_string_equal(script(), "dial 20@m; close d; dial 16@g");
    for (uint8_t i = 21; i < 40; i++) {
        know_at(i, i, 'n');
        name(i, i / 4);
    }
    script();
    know_at(50, 50, 'z');
    name(50, 50);
    assert_string_equal(script(), "gone 50 budget"); /* sixteen in all */
}

static void a_host_is_asked_on_hearsay_ever_more_rarely(void **state)
{
    (void)state;
    know_at_one_host(10, 'a');
    know_at_one_host(11, 'b');
    name(10, 9);
    name(11, 8);
    assert_string_equal(script(), "dial 10@a; gone 11 budget");
    send_to(11, "hello"); /* now a record has named it */
    assert_string_equal(script(), "dial 11@b");
    assert_int_equal(conns[1].datagrams, 2);
}

/* A dial that finds no budget waits for it, or for an answer from that host. */
static void a_wanted_dial_waits_for_the_budget(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        know_at_one_host(3 + i, (char)('a' + i));
        send_to(3 + i, "hello");
    }
    assert_string_equal(script(), "dial 3@a; dial 4@b; dial 5@c");
    assert_int_equal(conns[0].datagrams, 2);
    assert_int_equal(conns[1].datagrams, 1);
    closed('a', DTT_REASON_TIMEOUT);
    script();
    pass(DTT_RACE_RETRY_NS);
    assert_string_equal(script(), "");
    event(DTT_QUIC_CLOSED, 'b', (struct dtt_quic_event){.reason = DTT_REASON_REFUSED});
    assert_string_equal(script(), "gone 4 refused");
    pass(DTT_RACE_RETRY_NS); /* somebody lives there */
    assert_string_equal(script(), "dial 6@d");
}

static void a_wanted_dial_ends_one_on_hearsay(void **state)
{
    (void)state;
    know_at(10, 200, 'a');
    name(10, 9);
    for (uint8_t i = 1; i < DTT_LINKS_DIALS; i++) {
        know_at(20 + i, i, 'b');
        send_to(20 + i, "hello");
    }
    script();
    know_at(3, 201, 'c');
    send_to(3, "hello");
    assert_string_equal(script(), "close a; gone 10 budget; dial 3@c");
    know_at(4, 202, 'd');
    send_to(4, "hello");
    assert_string_equal(script(), "");
    closed('c', DTT_REASON_TIMEOUT);
    script();
    pass(DTT_RACE_RETRY_NS);
    assert_string_equal(script(), "dial 4@d");
}

static void others_name_no_ports_of_services_and_no_loopback(void **state)
{
    struct dtt_id id = id_of(3);
    struct dtt_addr addrs[] = {dtt_addr_v4(198, 51, 100, 'a', 53),
                               dtt_addr_v4(127, 0, 0, 'b', 2500),
                               dtt_addr_v4(198, 51, 100, 'c', 2500)};
    (void)state;
    dtt_links_learn(&l, &id, addrs, 3);
    send_to(3, "hello");
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "dial 3@c");
    l.nearest = DTT_SCOPE_LOOPBACK;
    dtt_links_learn(&l, &id, addrs, 3);
    closed('c', DTT_REASON_TIMEOUT);
    send_to(3, "hello");
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "gone 3 timeout; dial 3@c; dial 3@b");
}

static void addresses_on_hearsay_are_looked_for_apart(void **state)
{
    struct dtt_id id;
    (void)state;
    name(3, 9);
    send_to(4, "hello");
    assert_true(dtt_links_next_wanted(&l, false, &id));
    assert_int_equal(peer_of(&id), 4);
    assert_false(dtt_links_next_wanted(&l, false, &id));
    assert_true(dtt_links_next_wanted(&l, true, &id));
    assert_int_equal(peer_of(&id), 3);
}

static void a_goodbye_is_no_reason_to_dial(void **state)
{
    (void)state;
    know(3, "a");
    send_in(3, &red, "bye", true);
    assert_string_equal(script(), "");
    send_to(3, "hello");
    send_in(3, &red, "bye", true);
    up('a');
    assert_string_equal(script(),
                        "dial 3@a; open a/1; topic 1; write a/1 hello; write a/1 bye end");
}

/* ---- connections */

static void a_dial_outlives_an_accepted_connection(void **state)
{
    (void)state;
    know(3, "a");
    send_to(3, "hello");
    accept_from(3, 'b');
    assert_string_equal(script(), "dial 3@a; open b/1; topic 1; write b/1 hello");
    closed('b', DTT_REASON_CLOSED_BY_PEER); /* the dial is still under way */
    assert_string_equal(script(), "");
    send_to(3, "more");
    up('a');
    assert_string_equal(script(), "open a/2; topic 2; write a/2 more");
    closed('a', DTT_REASON_TIMEOUT);
    assert_string_equal(script(), "gone 3 timeout");
}

static void we_answer_where_the_peer_speaks(void **state)
{
    (void)state;
    accept_from(3, 'a');
    hear('a', 1, "one", false);
    accept_from(3, 'b');
    send_to(3, "two");
    assert_string_equal(script(), "hear 3 one; open a/1; topic 1; write a/1 two");
    hear('b', 1, "three", false); /* the first one spoke only just now */
    send_to(3, "four");
    assert_string_equal(script(), "hear 3 three; write a/1 four");
    pass(DTT_LINKS_FRESH_NS);
    hear('b', 2, "five", false);
    send_to(3, "six");
    assert_string_equal(script(), "hear 3 five; end a/1; open b/2; topic 2; write b/2 six");
    closed('a', DTT_REASON_TIMEOUT); /* the other one is left */
    send_to(3, "seven");
    assert_string_equal(script(), "write b/2 seven");
}

static void worn(char letter, char at)
{
    struct dtt_quic_event ev = {.type = DTT_QUIC_WORN,
                                .conn = conn_of(letter),
                                .peer = id_of(conns[letter - 'a'].peer),
                                .addr = addr_of(at)};
    dtt_links_quic_event(&l, now, &ev);
}

static void a_worn_connection_is_replaced(void **state)
{
    (void)state;
    know(3, "a");
    send_to(3, "one");
    up('a');
    neighbor(3, 1);
    hear('a', 7, "1", true);
    script();
    worn('a', 'b');
    worn('a', 'b'); /* a dial is under way */
    send_to(3, "two");
    assert_string_equal(script(), "dial 3@b; write a/1 two");
    closed('b', DTT_REASON_TIMEOUT); /* it fails: the next sign of wear makes another one */
    assert_string_equal(script(), "");
    worn('a', 'b');
    up('b');
    conns[0].unacked = 5;
    hear('a', 12, "2", false); /* the peer speaks on the old one still */
    send_to(3, "three");
    assert_string_equal(script(),
                        "dial 3@b; end a/1; hear 3 2; open b/2; topic 2; write b/2 three");
    hear('b', 8, "3", false);
    pass(DTT_LINKS_FRESH_NS);
    hear('b', 9, "4", false);
    event(DTT_QUIC_DATA, 'a', (struct dtt_quic_event){.stream = 12, .fin = true});
    hear('b', 10, "4", false); /* what we said on it may not have come */
    assert_string_equal(script(), "hear 3 3; hear 3 4; hear 3 4");
    conns[0].unacked = 0;
    hear('b', 13, "5", false);
    hear('b', 14, "6", false);
    assert_string_equal(script(), "hear 3 5; close a (worn); hear 3 6");
    closed('a', DTT_REASON_CLOSED_BY_US);
    worn('a', 'c'); /* too late to matter */
    assert_string_equal(script(), "");
}

/* Both sides see the wear at once: two new connections, of which both use one each. */
static void both_may_replace_it(void **state)
{
    (void)state;
    know(3, "a");
    send_to(3, "one");
    up('a');
    neighbor(3, 1);
    hear('a', 7, "1", true);
    worn('a', 'b');
    script();
    accept_from(3, 'c');
    up('b');
    hear('a', 12, "2", true);
    send_to(3, "two");
    assert_string_equal(script(), "end a/1; hear 3 2; open b/2; topic 2; write b/2 two");
    hear('c', 8, "3", false); /* where the peer speaks */
    send_to(3, "three");
    assert_string_equal(script(), "hear 3 3; end b/2; open c/3; topic 3; write c/3 three");
    pass(DTT_LINKS_FRESH_NS);
    hear('c', 9, "4", false);
    assert_string_equal(script(), "hear 3 4; close a (worn)");
}

/* Both had dialled at once, and each has been speaking on the other's since. */
static void it_matters_where_the_peer_speaks(void **state)
{
    (void)state;
    know(3, "a");
    send_to(3, "one");
    up('a');
    neighbor(3, 1);
    hear('a', 7, "1", true);
    accept_from(3, 'b');
    script();
    worn('b', 'c'); /* the peer may be about to follow us */
    assert_string_equal(script(), "");
    pass(2 * DTT_LINKS_FRESH_NS);
    worn('b', 'c');
    assert_string_equal(script(), "dial 3@c");
    up('c');
    send_to(3, "two");
    assert_string_equal(script(), "end a/1; open c/2; topic 2; write c/2 two");
}

/* A stranger's connection ends when it is worn out. */
static void only_neighbors_are_worth_another_connection(void **state)
{
    (void)state;
    accept_from(3, 'a');
    worn('a', 'b');
    assert_string_equal(script(), "");
}

static void of_too_many_connections_the_least_used_goes(void **state)
{
    (void)state;
    for (char letter = 'a'; letter <= 'e'; letter++) {
        accept_from(3, letter);
        hear(letter, 1, "x", false);
        script();
    }
    accept_from(3, 'f');
    assert_memory_equal(script(), "close ", 6);
    dtt_links_close_all(&l, now);
    assert_int_equal(l.streams_in, 4 + 1);
}

static void an_unneeded_connection_lingers(void **state)
{
    (void)state;
    accept_from(3, 'a');
    neighbor(3, 1);
    assert_int_equal(dtt_links_deadline(&l), DTT_NEVER);
    neighbor(3, 1); /* in another topic */
    neighbor(3, -1);
    pass(DTT_S * 3600);
    assert_string_equal(script(), "");
    neighbor(3, -1);
    pass(DTT_LINKS_LINGER_NS - 1);
    hear('a', 1, "wait", false);
    pass(DTT_LINKS_LINGER_NS - 1);
    assert_string_equal(script(), "hear 3 wait");
    pass(1);
    assert_string_equal(script(), "close a (close from disconnect)");
    closed('a', DTT_REASON_CLOSED_BY_US);
    assert_string_equal(script(), "gone 3 closed_by_us");
}

/* Peer 1000 + i connects as number i, from the hosts of `address` in turn. */
static void crowd(size_t n, struct dtt_addr address, size_t hosts)
{
    for (size_t i = 0; i < n; i++) {
        struct dtt_quic_event ev = {.type = DTT_QUIC_CONNECTED, .conn = i + 1, .addr = address};
        ev.peer = id_of((unsigned)(1000 + i));
        ev.addr.ip[3] = (uint8_t)(i % hosts);
        conns[i].peer = (unsigned)(1000 + i);
        dtt_links_quic_event(&l, now, &ev);
    }
}

static void accept_at(unsigned peer, dtt_quic_conn conn, struct dtt_addr addr)
{
    struct dtt_quic_event ev = {.type = DTT_QUIC_CONNECTED, .conn = conn, .addr = addr};
    ev.peer = id_of(peer);
    conns[conn - 1].peer = peer;
    dtt_links_quic_event(&l, now, &ev);
}

static const char *closing(dtt_quic_conn conn)
{
    static char line[32];
    snprintf(line, sizeof(line), "close %c (no place)", letter_of(conn));
    return line;
}

static void a_newcomer_takes_the_place_of_the_crowd(void **state)
{
    static const size_t hosts[] = {1, 250};
    struct dtt_addr home = dtt_addr_v4(203, 0, 113, 1, 1);
    for (size_t i = 0; i < 2; i++) {
        setup(state);
        crowd(DTT_LINKS_STRANGERS, dtt_addr_v4(198, 51, 100, 0, 1), hosts[i]);
        assert_string_equal(script(), "");
        now.mono_ns += DTT_MS;
        accept_at(3, 200, home);
        assert_string_equal(script(), closing(1)); /* the oldest of the largest source */
        accept_at(4, 201, dtt_addr_v4(198, 51, 100, 9, 1));
        assert_string_equal(script(), closing(2));
        assert_int_equal(l.n_accepted, DTT_LINKS_STRANGERS);
        teardown(state);
    }
    setup(state);
}

static void ranks_decide_before_sources(void **state)
{
    struct dtt_addr home = dtt_addr_v4(203, 0, 113, 1, 1);
    struct dtt_addr bad = dtt_addr_v4(198, 51, 100, 0, 1);
    (void)state;
    accept_at(400, 200, bad); /* proven */
    accept_at(300, 201, bad); /* asked */
    accept_at(3, 202, bad);   /* a neighbour */
    neighbor(3, 1);
    accept_at(4, 203, home); /* silent */
    crowd(DTT_LINKS_STRANGERS - 2, bad, 1);
    pass(DTT_LINKS_GRACE_NS);
    accept_at(5, 204, bad); /* not yet silent */
    accept_at(6, 205, bad);
    assert_string_equal(script(), closing(1));
}

/* Not everybody who knows how to speak, but those whom a topic needs, and the proven. */
static void few_are_trusted(void **state)
{
    static const unsigned peers[] = {3, 4, 300, 400};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        accept_from(peers[i], (char)('a' + i));
        hear((char)('a' + i), 1, "unknown", true);
    }
    neighbor(4, 1);
    for (size_t i = 0; i < 4; i++) {
        assert_false(conns[i].is_trusted);
        hear((char)('a' + i), 2, "x", true);
        assert_int_equal(conns[i].is_trusted, i > 0);
    }
}

/* What gossip does not understand renews nothing. */
static void noise_does_not_renew(void **state)
{
    (void)state;
    accept_from(3, 'a');
    pass(DTT_LINKS_LINGER_NS - 1);
    hear('a', 1, "unknown", false);
    pass(1);
    assert_string_equal(script(), "hear 3 unknown; close a (close from disconnect)");
}

static void who_reads_too_slowly_is_let_go(void **state)
{
    (void)state;
    accept_from(3, 'a');
    send_to(3, "one");
    write_error = DTT_EAGAIN;
    send_to(3, "two");
    assert_string_equal(script(), "open a/1; topic 1; write a/1 one; close a (too slow)");
    closed('a', DTT_REASON_CLOSED_BY_US);
    assert_string_equal(script(), "gone 3 too_slow");
    assert_int_equal(ctx.counters[DTT_COUNTER_NODE_PEERS_SLOW], 1);
    accept_from(4, 'b');
    write_error = DTT_ENOMEM;
    send_to(4, "one");
    closed('b', DTT_REASON_CLOSED_BY_US);
    assert_string_equal(script(), "open b/2; close b (cannot send); gone 4 closed_by_us");
    accept_from(5, 'c');
    open_error = DTT_EAGAIN; /* it allows no stream */
    send_to(5, "one");
    closed('c', DTT_REASON_TIMEOUT); /* meanwhile it has fallen silent */
    assert_string_equal(script(), "close c (too slow); gone 5 timeout");
}

/* What the peer of 'a' has to take, before a message and after it. */
static void write_to(unsigned peer, size_t before, size_t after)
{
    conns[0].unacked = before;
    next_unacked = after;
    send_to(peer, "x");
}

static void a_slow_neighbor_gets_announcements(void **state)
{
    (void)state;
    accept_from(3, 'a');
    neighbor(3, 1);
    write_to(3, 0, 100 * 1024);
    script();
    pass(DTT_BACKLOG_LOOK_NS); /* it may be fast: this was a burst */
    assert_string_equal(script(), "");
    conns[0].unacked = 70 * 1024;
    pass(DTT_BACKLOG_LOOK_NS);
    assert_string_equal(script(), "slow 3");
    neighbor(3, 1); /* in another topic, whose gossip has yet to hear it */
    assert_string_equal(script(), "slow 3");
    conns[0].unacked = 20 * 1024;
    pass(DTT_BACKLOG_LOOK_NS);
    assert_string_equal(script(), "");
    conns[0].unacked = 15 * 1024;
    pass(DTT_BACKLOG_LOOK_NS);
    assert_string_equal(script(), "fast 3");
    write_to(3, 15 * 1024, 193 * 1024);
    assert_string_equal(script(), "write a/1 x; slow 3");
    conns[0].unacked = 0;
    pass(DTT_BACKLOG_LOOK_NS);
    assert_string_equal(script(), "fast 3");
    assert_int_equal(dtt_links_deadline(&l), DTT_NEVER);
}

static void a_neighbor_that_stops_is_let_go(void **state)
{
    struct dtt_id id = id_of(3);
    (void)state;
    accept_from(3, 'a');
    neighbor(3, 1);
    write_to(3, 0, 300 * 1024);
    conns[0].is_blocked = true;
    script();
    for (int i = 0; i < 5; i++) { /* it goes on, a byte at a time */
        pass(DTT_BACKLOG_LOOK_NS);
        conns[0].unacked--;
    }
    assert_true(dtt_links_is_late(&l, now, &id));
    pass(DTT_BACKLOG_LOOK_NS); /* the last byte */
    for (int i = 0; i < 4; i++) {
        pass(DTT_BACKLOG_LOOK_NS);
    }
    assert_string_equal(script(), "");
    pass(DTT_BACKLOG_LOOK_NS);
    assert_string_equal(script(), "close a (too slow)");
    closed('a', DTT_REASON_CLOSED_BY_US);
    assert_string_equal(script(), "gone 3 too_slow");
    conns[0].unacked = 0;
    conns[0].is_blocked = false; /* another one is not heard for some seconds */
    accept_from(4, 'a');
    neighbor(4, 1);
    write_to(4, 0, 1000);
    script();
    pass(DTT_BACKLOG_LOOK_NS);
    pass(DTT_BACKLOG_DEAF_NS - 2 * DTT_S);
    assert_string_equal(script(), "");
    pass(2 * DTT_S);
    assert_string_equal(script(), "close a (too slow)");
}

static void a_peer_with_many_events_is_not_read_from(void **state)
{
    struct dtt_events events;
    struct dtt_event ev = {.type = DTT_EVENT_MESSAGE, .u.message.neighbor = id_of(3)};
    (void)state;
    dtt_events_init(&events, hash_key);
    accept_from(3, 'a');
    accept_from(4, 'b');
    for (int i = 0; i < DTT_EVENTS_A_PEER; i++) {
        dtt_links_follow(&l, &events);
        assert_false(dtt_links_lag(&l, &events));
        dtt_events_push(&events, now, &ev, dtt_slice(NULL, 0));
    }
    assert_true(dtt_links_lag(&l, &events));
    dtt_links_follow(&l, &events);
    accept_from(3, 'c');
    dtt_links_follow(&l, &events);
    assert_string_equal(script(), "hold a; hold c");
    while (dtt_events_next(&events)) {
    }
    assert_true(dtt_links_lag(&l, &events));
    dtt_links_follow(&l, &events);
    assert_string_equal(script(), "release c; release a");
    dtt_events_fini(&events);
}

/* ---- proofs */

/* A proof of `peer`, which dialled us, for connection `letter`, as frame of stream 99. */
static void hear_proof(char letter, unsigned peer, const struct dtt_gossip_topic_id *topic,
                       int minutes_off, bool is_first)
{
    uint8_t bytes[DTT_GOSSIP_HEADER_FRAME + 4 + DTT_PROOF_LEN], seed[32];
    uint64_t minute = dtt_now_minute(now) + (uint64_t)minutes_off;
    struct dtt_gossip_topic_id stream_topic;
    struct dtt_proof_bond bond = {.prover = id_of(peer), .verifier = prover.me, .is_dialler = true};
    size_t skip = is_first ? 0 : DTT_GOSSIP_HEADER_FRAME;
    memset(bond.exporter, (int)conn_of(letter), sizeof(bond.exporter));
    memset(seed, (int)minute, sizeof(seed));
    dtt_proof_stream_topic(stream_topic.bytes);
    dtt_gossip_stream_header(bytes, &stream_topic);
    dtt_put_be32(bytes + DTT_GOSSIP_HEADER_FRAME, DTT_PROOF_LEN);
    dtt_proof_write(bytes + DTT_GOSSIP_HEADER_FRAME + 4, seed, topic->bytes, minute, &bond);
    event(DTT_QUIC_DATA, letter,
          (struct dtt_quic_event){.stream = 99,
                                  .data = dtt_slice(bytes + skip, sizeof(bytes) - skip)});
}

static void proofs_go_only_to_those_that_read_them(void **state)
{
    struct dtt_id id = id_of(4);
    (void)state;
    accept_from(3, 'a');
    accept_from(4, 'b');
    send_to(3, "hello");
    assert_string_equal(script(), "open a/1; topic 1; write a/1 hello");
    dtt_book_mark(&l.book, &id);
    send_in(4, &blue, "hello", false); /* we cannot prove that */
    assert_string_equal(script(), "open b/2; topic 2; write b/2 hello");
    send_to(4, "hello");
    send_to(4, "again");
    assert_string_equal(script(), "open b/3; topic 3; proof b/3; open b/4; topic 4; "
                                  "write b/4 hello; write b/4 again");
    know(4, "c"); /* another connection has its own */
    closed('b', DTT_REASON_TIMEOUT);
    send_to(4, "more");
    up('c');
    assert_string_equal(script(), "gone 4 timeout; dial 4@c; open c/5; topic 5; proof c/5; "
                                  "open c/6; topic 6; write c/6 more");
}

static void a_proof_is_answered(void **state)
{
    (void)state;
    now.wall_ns = 1000 * 60 * (int64_t)DTT_S;
    accept_from(403, 'a');
    hear_proof('a', 403, &red, 2, true);
    assert_string_equal(script(), "proven 403 red; open a/1; topic 1; proof a/1");
    assert_true(conns[0].is_trusted);
    hear_proof('a', 403, &red, 0, false); /* once is enough */
    assert_string_equal(script(), "proven 403 red");
    hear_proof('a', 403, &red, 3, false); /* its clock is off */
    hear_proof('a', 4, &red, 0, false);   /* of another peer */
    hear_proof('a', 403, &blue, 0, false);
    assert_string_equal(script(), "");
    assert_int_equal(ctx.counters[DTT_COUNTER_NODE_PROOFS_REFUSED], 3);
    accept_from(4, 'b');
    hear_proof('b', 403, &red, 0, true); /* of another connection */
    assert_string_equal(script(), "");
    for (int i = 0; i < DTT_LINK_PROOFS_READ - 5; i++) {
        hear_proof('a', 403, &red, 0, false);
    }
    script();
    hear_proof('a', 403, &red, 0, false);
    assert_string_equal(script(), ""); /* so many are looked at */
}

/* ---- streams and limits */

static void each_topic_has_its_stream(void **state)
{
    (void)state;
    accept_from(3, 'a');
    send_in(3, &red, "one", false);
    send_in(3, &blue, "two", false);
    send_in(3, &red, "bye", true);
    send_in(3, &red, "again", false);
    assert_string_equal(script(), "open a/1; topic 1; write a/1 one; open a/2; topic 2; "
                                  "write a/2 two; write a/1 bye end; open a/3; topic 3; "
                                  "write a/3 again");
}

static void bad_streams_end_the_connection(void **state)
{
    (void)state;
    accept_from(3, 'a');
    hear('a', 1, "bad", false);
    assert_false(conns[0].is_trusted);
    assert_string_equal(script(), "hear 3 bad; close a (bad gossip stream)");
    for (int64_t stream = 2; stream <= DTT_INFLOW_MAX; stream++) {
        hear('a', stream, "x", false);
    }
    script();
    hear('a', 1000, "one too many", false);
    assert_string_equal(script(), "close a (bad gossip stream)");
    event(DTT_QUIC_STREAM_RESET, 'a', (struct dtt_quic_event){.stream = 2});
    hear('a', 1000, "now it fits", true);
    assert_string_equal(script(), "hear 3 now it fits");
    assert_int_equal(l.streams_in, DTT_INFLOW_MAX - 1);
    closed('a', DTT_REASON_CLOSED_BY_US);
    assert_int_equal(l.streams_in, 0);
}

static void queues_and_peers_are_bounded(void **state)
{
    struct dtt_id id = id_of(3);
    (void)state;
    know(3, "a");
    for (int i = 0; i <= DTT_OUTFLOW_QUEUE; i++) {
        send_to(3, "hello");
    }
    assert_int_equal(ctx.counters[DTT_COUNTER_NODE_MESSAGES_DROPPED], 1);
    assert_int_equal(dtt_links_unacked(&l, &id), 5 * DTT_OUTFLOW_QUEUE);
    for (unsigned peer = 4; peer < 3 + DTT_LINKS_MAX; peer++) {
        send_to(peer, "hello");
    }
    script();
    send_to(599, "hello");
    assert_string_equal(script(), "gone 599 limit");
    accept_from(598, 'b');
    assert_string_equal(script(), "close b (too many peers)");
    up('a');
    script();
    conns[0].unacked = 7;
    assert_int_equal(dtt_links_unacked(&l, &id), 7);
    dtt_links_close_all(&l, now);
    assert_string_equal(script(), "close a (close from disconnect)");
}

/* Each allocation fails once: nothing is lost but what the failure is about. */
static void survives_allocation_failures(void **state)
{
    for (long n = 1;; n++) {
        setup(state);
        oom_arm(n);
        know(3, "ab");
        send_to(3, "hello");
        pass(DTT_RACE_STAGGER_NS);
        accept_from(4, 'd');
        hear('d', 1, "hello", false);
        send_to(4, "hello");
        if (conns[1].peer == 3) {
            up('b');
        }
        hear('d', 2, "hello", true);
        send_to(3, "more");
        pass(DTT_LINKS_LINGER_NS);
        bool happened = oom_disarm();
        dtt_links_close_all(&l, now);
        teardown(state);
        if (!happened) {
            assert_true(n > 8);
            break;
        }
    }
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(addresses_are_tried_at_short_intervals),
        T(the_first_to_connect_ends_the_race),
        T(a_lost_race_is_told_with_its_reason),
        T(a_dial_that_cannot_be_made_has_its_reason),
        T(an_address_is_looked_for),
        T(a_late_end_does_not_stop_the_search),
        T(dials_on_hearsay_have_a_share),
        T(a_host_is_asked_on_hearsay_ever_more_rarely),
        T(a_wanted_dial_waits_for_the_budget),
        T(a_wanted_dial_ends_one_on_hearsay),
        T(others_name_no_ports_of_services_and_no_loopback),
        T(addresses_on_hearsay_are_looked_for_apart),
        T(a_goodbye_is_no_reason_to_dial),
        T(a_dial_outlives_an_accepted_connection),
        T(we_answer_where_the_peer_speaks),
        T(a_worn_connection_is_replaced),
        T(both_may_replace_it),
        T(it_matters_where_the_peer_speaks),
        T(only_neighbors_are_worth_another_connection),
        T(of_too_many_connections_the_least_used_goes),
        T(an_unneeded_connection_lingers),
        T(a_newcomer_takes_the_place_of_the_crowd),
        T(ranks_decide_before_sources),
        T(few_are_trusted),
        T(noise_does_not_renew),
        T(who_reads_too_slowly_is_let_go),
        T(a_slow_neighbor_gets_announcements),
        T(a_neighbor_that_stops_is_let_go),
        T(a_peer_with_many_events_is_not_read_from),
        T(proofs_go_only_to_those_that_read_them),
        T(a_proof_is_answered),
        T(each_topic_has_its_stream),
        T(bad_streams_end_the_connection),
        T(queues_and_peers_are_bounded),
        cmocka_unit_test(survives_allocation_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
