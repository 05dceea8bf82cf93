/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Links between a transport and a gossip of the test's own. What they ask of both is one line of
 * text; peers are numbers, addresses and the connections with them are letters:
 *
 *     dial 3@a; dial 3@b; close b (too slow); hear 3 hello; gone 3 timeout
 *
 * Connections beyond the 26th have no letter that can be read; tests of crowds number them.
 */
#ifndef TESTS_UNIT_NODE_LINK_FAKES_H
#define TESTS_UNIT_NODE_LINK_FAKES_H

#include "node/dials.h"
#include "node/inflow.h"
#include "node/link.h"
#include "node/outflow.h"
#include "node/places.h"
#include "node/race.h"
#include "record/proof.h"
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
static bool is_unread; /* what is written waits */
static struct {
    unsigned peer;
    bool is_up, is_made, is_trusted, is_blocked, is_unheard;
    unsigned datagrams;
    struct dtt_addr addr; /* dialled */
    size_t unacked;
    uint64_t written, acked; /* of each stream */
} conns[LETTERS];
static int64_t last_stream;

__attribute__((format(printf, 1, 2))) static inline void say(const char *format, ...)
{
    va_list args;
    n_said += (size_t)snprintf(said + n_said, sizeof(said) - n_said, n_said ? "; " : "");
    va_start(args, format);
    n_said += (size_t)vsnprintf(said + n_said, sizeof(said) - n_said, format, args);
    va_end(args);
    assert_true(n_said < sizeof(said));
}

/* What was asked since the last call. */
static inline const char *script(void)
{
    static char line[sizeof(said)];
    memcpy(line, said, sizeof(line));
    n_said = 0;
    said[0] = '\0';
    return line;
}

static inline struct dtt_id id_of(unsigned peer)
{
    return (struct dtt_id){.bytes = {(uint8_t)peer, (uint8_t)(peer >> 8), 1}};
}

static inline unsigned peer_of(const struct dtt_id *id)
{
    return id->bytes[0] | (unsigned)id->bytes[1] << 8;
}

static inline struct dtt_addr addr_of(char letter)
{
    return dtt_addr_v4(198, 51, 100, (uint8_t)letter, 1000);
}

static inline char letter_of(dtt_quic_conn conn)
{
    return (char)('a' + conn - 1);
}

static inline dtt_quic_conn conn_of(char letter)
{
    return (dtt_quic_conn)(letter - 'a' + 1);
}

/* ---- the transport */

static inline int fake_dial(struct dtt_quic *t, struct dtt_now when, const struct dtt_id *peer,
                            const struct dtt_addr *local, const struct dtt_addr *remote,
                            dtt_quic_conn *ret)
{
    char letter = (char)(dtt_addr_is_invented(remote) ? 'r'
                         : remote->port > 3000        ? remote->port - 3000
                                                      : remote->ip[3]);
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

static inline void fake_limit_dial(struct dtt_quic *t, dtt_quic_conn conn, unsigned datagrams)
{
    (void)t;
    conns[conn - 1].datagrams = datagrams;
}

static inline int fake_open_uni(struct dtt_quic *t, dtt_quic_conn conn, int64_t *ret_stream)
{
    (void)t;
    if (open_error) {
        return open_error;
    }
    *ret_stream = ++last_stream;
    say("open %c/%d", letter_of(conn), (int)last_stream);
    return DTT_OK;
}

static inline int fake_write(struct dtt_quic *t, dtt_quic_conn conn, int64_t stream,
                             struct dtt_slice data, bool fin)
{
    (void)t;
    if (write_error) {
        return write_error;
    }
    conns[conn - 1].unacked += is_unread ? data.len : 0;
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

static inline size_t fake_unacked(const struct dtt_quic *t, dtt_quic_conn conn)
{
    (void)t;
    return conns[conn - 1].unacked;
}

static inline bool fake_progress(const struct dtt_quic *t, dtt_quic_conn conn, int64_t stream,
                                 uint64_t *ret_written, uint64_t *ret_acked)
{
    (void)t, (void)stream;
    *ret_written = conns[conn - 1].written;
    *ret_acked = conns[conn - 1].acked;
    return true;
}

static inline bool fake_info(const struct dtt_quic *t, dtt_quic_conn conn,
                             struct dtt_quic_info *ret)
{
    (void)t;
    *ret = (struct dtt_quic_info){.is_made = conns[conn - 1].is_made,
                                  .is_blocked = conns[conn - 1].is_blocked,
                                  .heard_ns = conns[conn - 1].is_unheard ? 0 : now.mono_ns};
    return true;
}

static inline bool fake_exporter(const struct dtt_quic *t, dtt_quic_conn conn,
                                 uint8_t ret[DTT_QUIC_EXPORTER_BYTES])
{
    (void)t;
    memset(ret, (int)conn, DTT_QUIC_EXPORTER_BYTES);
    return true;
}

static inline void fake_trust(struct dtt_quic *t, dtt_quic_conn conn, bool is_trusted)
{
    (void)t;
    conns[conn - 1].is_trusted = is_trusted;
}

static inline void fake_hold(struct dtt_quic *t, dtt_quic_conn conn, bool is_held)
{
    (void)t;
    say("%s %c", is_held ? "hold" : "release", letter_of(conn));
}

static inline void fake_close(struct dtt_quic *t, struct dtt_now when, dtt_quic_conn conn,
                              uint64_t code, const char *words)
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
                                              .progress = fake_progress,
                                              .info = fake_info,
                                              .exporter = fake_exporter,
                                              .trust = fake_trust,
                                              .hold = fake_hold,
                                              .close = fake_close};

/* ---- gossip, in place of src/gossip/gossip.c */

int dtt_gossip_recv(struct dtt_gossip *g, struct dtt_now n, const struct dtt_gossip_source *from,
                    const struct dtt_gossip_topic_id *topic, struct dtt_slice payload)
{
    (void)g, (void)n, (void)topic;
    say("hear %u %.*s", peer_of(&from->id), (int)payload.len, payload.data);
    return dtt_slice_eq(payload, dtt_slice("bad", 3))       ? DTT_EPROTO
           : dtt_slice_eq(payload, dtt_slice("unknown", 7)) ? DTT_ESTATE
                                                            : DTT_OK;
}

/* What is now about to be sent is what is so when it is sent. */
bool dtt_gossip_renew(const struct dtt_gossip *g, struct dtt_slice payload, struct dtt_writer *w)
{
    (void)g;
    if (!dtt_slice_is(payload, "then")) {
        return false;
    }
    dtt_write(w, "now", 3);
    return true;
}

/* Gossip needs the peers 300 to 399, and those from 400 to 499 hold the secret. */
bool dtt_gossip_needs(const struct dtt_gossip *g, const struct dtt_id *peer)
{
    (void)g;
    return peer_of(peer) / 100 == 3;
}

bool dtt_gossip_is_proven(const struct dtt_gossip *g, struct dtt_now when,
                          const struct dtt_id *peer)
{
    (void)g, (void)when;
    return peer_of(peer) / 100 == 4;
}

static bool is_told_silent; /* of the last peer that gossip was told of */

void dtt_gossip_set_silent(struct dtt_gossip *g, const struct dtt_id *peer, bool is_silent)
{
    (void)g;
    (void)peer;
    is_told_silent = is_silent;
}

void dtt_gossip_set_slow(struct dtt_gossip *g, struct dtt_now n, const struct dtt_id *peer,
                         bool is_slow)
{
    (void)g, (void)n;
    say("%s %u", is_slow ? "slow" : "fast", peer_of(peer));
}

void dtt_gossip_remind(struct dtt_gossip *g, struct dtt_now n, const struct dtt_id *peer)
{
    (void)g, (void)n;
    say("remind %u", peer_of(peer));
}

void dtt_gossip_peer_gone(struct dtt_gossip *g, struct dtt_now n, const struct dtt_id *peer,
                          enum dtt_reason reason)
{
    (void)g, (void)n;
    say("gone %u %s", peer_of(peer), dtt_reason_word(reason));
}

void dtt_gossip_prove(struct dtt_gossip *g, struct dtt_now n,
                      const struct dtt_gossip_topic_id *topic, const struct dtt_id *peer)
{
    (void)g, (void)n;
    say("proven %u %s", peer_of(peer), topic->bytes[0] == 1 ? "red" : "blue");
}

/* Whoever is a neighbour is one in red. */
bool dtt_gossip_is_neighbor(const struct dtt_gossip *g, const struct dtt_gossip_topic_id *topic,
                            const struct dtt_id *peer)
{
    const struct dtt_link *link = dtt_link_find(&l, peer);
    (void)g;
    return topic->bytes[0] == 1 && link && link->neighbor_of > 0;
}

/* ---- proofs: we are in red and not in blue, and so is everybody */

static inline bool seed_of(void *user, const struct dtt_gossip_topic_id *topic, uint64_t minute,
                           uint8_t ret_seed[32])
{
    (void)user;
    memset(ret_seed, (int)minute, 32);
    return topic->bytes[0] == 1;
}

static uint64_t shown_minute; /* by a peer's proof */

static void clock_of(void *user, struct dtt_now at, const struct dtt_gossip_topic_id *topic,
                     const struct dtt_id *peer, uint64_t minute)
{
    (void)user;
    (void)at;
    (void)topic;
    (void)peer;
    shown_minute = minute;
}

static const struct dtt_prover prover = {.me = {{200}}, .seed = seed_of, .clock = clock_of};

/* ---- input */

static inline void know(unsigned peer, const char *letters)
{
    struct dtt_id id = id_of(peer);
    for (size_t i = strlen(letters); i > 0; i--) { /* the newest are dialled first */
        struct dtt_addr addr = addr_of(letters[i - 1]);
        dtt_book_add(&l.book, now, &id, &addr, 1);
    }
}

/* Its host has the address `p` at home. */
static inline void behind_nat(unsigned peer)
{
    struct dtt_id id = id_of(peer);
    struct dtt_addr addr = dtt_addr_v4(192, 168, 1, 'p', 1000);
    dtt_book_add(&l.book, now, &id, &addr, 1);
}

static inline void send_in(unsigned peer, const struct dtt_gossip_topic_id *topic, const char *text,
                           bool last)
{
    struct dtt_id id = id_of(peer);
    struct dtt_outflow_message m = {
        .topic = topic, .payload = dtt_slice(text, strlen(text)), .last = last};
    dtt_links_send(&l, now, &id, &m, NULL);
}

static inline void send_to(unsigned peer, const char *text)
{
    send_in(peer, &red, text, false);
}

static inline void event(enum dtt_quic_event_type type, char letter, struct dtt_quic_event ev)
{
    ev.type = type;
    ev.conn = conn_of(letter);
    ev.peer = id_of(conns[letter - 'a'].peer);
    ev.addr = conns[letter - 'a'].addr.family ? conns[letter - 'a'].addr : addr_of(letter);
    dtt_links_quic_event(&l, now, &ev);
}

static inline void up(char letter)
{
    conns[letter - 'a'].is_up = true;
    event(DTT_QUIC_CONNECTED, letter, (struct dtt_quic_event){.dialed = true});
}

static inline void accept_from(unsigned peer, char letter)
{
    conns[letter - 'a'].peer = peer;
    conns[letter - 'a'].is_up = true;
    event(DTT_QUIC_CONNECTED, letter, (struct dtt_quic_event){.dialed = false});
}

static inline void closed(char letter, enum dtt_reason reason)
{
    event(DTT_QUIC_CLOSED, letter,
          (struct dtt_quic_event){.reason = reason, .was_connected = conns[letter - 'a'].is_up});
    conns[letter - 'a'].is_up = false;
}

/* A stream that says its topic and one frame. */
static inline void hear(char letter, int64_t stream, const char *text, bool fin)
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

static inline void neighbor(unsigned peer, int change)
{
    struct dtt_id id = id_of(peer);
    dtt_links_neighbor(&l, now, &id, change);
}

static inline void located(unsigned peer, bool is_over)
{
    struct dtt_id id = id_of(peer);
    dtt_dials_located(&l, now, &id, is_over);
}

static inline void pass(uint64_t ns)
{
    now.mono_ns += ns;
    dtt_links_tick(&l, now);
}

static inline int setup(void **state)
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

static inline int teardown(void **state)
{
    (void)state;
    dtt_links_fini(&l);
    return 0;
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
