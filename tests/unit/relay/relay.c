/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "relay/relay.h"

#include "relay/auth.h"
#include "support/vectors.h"

#include "peer.h"

#define V1 DTT_RELAY_PROTOCOL_V1
#define V2 DTT_RELAY_PROTOCOL_V2

/* ------------------------------------------- recorded sessions, byte by byte */

static bool is_scripted; /* the random bytes are those of the recordings */

void __real_dtt_rng_bytes(struct dtt_rng *r, void *out, size_t len);
void __wrap_dtt_rng_bytes(struct dtt_rng *r, void *out, size_t len);

void __wrap_dtt_rng_bytes(struct dtt_rng *r, void *out, size_t len)
{
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    if (!is_scripted) {
        __real_dtt_rng_bytes(r, out, len);
        return;
    }
    for (size_t i = 0; i < len; i++) {
        ((uint8_t *)out)[i] = len == 4                      ? mask[i]
                              : len == DTT_RELAY_PING_BYTES ? (uint8_t) "pingdata"[i]
                                                            : (uint8_t)i; /* the key */
    }
}

/* What the client sent is what the recorded one sent. */
static void must_have_sent(struct peer *p, json_t *step)
{
    struct dtt_slice want = vectors_hex(step, "bytes");
    assert_int_equal(p->out_len, want.len);
    assert_memory_equal(p->out, want.data, want.len);
    p->out_len = 0;
    free((void *)want.data);
}

static void replay(json_t *session, size_t step)
{
    static const enum dtt_relay_event_type wanted[] = {
        DTT_RELAY_EVENT_CONNECT,   DTT_RELAY_EVENT_UP,     DTT_RELAY_EVENT_PONG,
        DTT_RELAY_EVENT_DATAGRAMS, DTT_RELAY_EVENT_STATUS, DTT_RELAY_EVENT_STATUS,
        DTT_RELAY_EVENT_GONE};
    static const char batch[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    bool is_tls = !json_is_null(vectors_at(session, "exported"));
    bool is_v2 = strcmp(vectors_text(session, "protocols"), V1) != 0;
    json_t *steps = vectors_at(session, "steps");
    uint8_t material[DTT_RELAY_MATERIAL_BYTES];
    struct dtt_id b;
    json_t *root = vectors_load("relay.json");
    vectors_hex_into(root, "keys.b.id", b.bytes, sizeof(b.bytes));
    json_decref(root);
    struct peer *p = peer_new();
    size_t at = 0;
    if (is_tls) {
        vectors_hex_into(session, "exported", material, sizeof(material));
    }
    dtt_relay_connected(p->relay, p->now, is_tls ? material : NULL);
    peer_run(p, true);
    if (is_v2 && !is_tls) { /* the others offer one version, or are at another port */
        must_have_sent(p, json_array_get(steps, 0));
    } else if (is_tls) {
        struct dtt_slice want = vectors_hex(json_array_get(steps, 0), "bytes");
        const uint8_t *field = memmem(want.data, want.len, "X-Iroh", 6);
        size_t len = want.len - (size_t)(field - want.data);
        assert_true(p->out_len > len);
        assert_memory_equal(p->out + p->out_len - len, field, len);
        free((void *)want.data);
    }
    p->out_len = 0;
    for (at = 1; at + 1 < json_array_size(steps); at++) {
        json_t *s = json_array_get(steps, at);
        if (vectors_text(s, "from")[0] == 's') {
            struct dtt_slice bytes = vectors_hex(s, "bytes");
            peer_say(p, bytes, step);
            free((void *)bytes.data);
        } else if (peer_last(p)->type != DTT_RELAY_EVENT_DATAGRAMS) {
            must_have_sent(p, s);
        } else { /* "from a" went out with an ECN, which we do not send; then a batch */
            struct dtt_slice want = vectors_hex(s, "bytes");
            assert_int_equal(dtt_relay_send(p->relay, &b, 6, dtt_slice("from a", 6)), DTT_OK);
            assert_int_equal(dtt_relay_send(p->relay, &b, 4, dtt_slice(batch, 10)), DTT_OK);
            peer_run(p, true);
            p->out[6 + 33] ^= 2; /* ECT(0) */
            assert_int_equal(p->out_len, want.len);
            assert_memory_equal(p->out, want.data, want.len);
            p->out_len = 0;
            free((void *)want.data);
        }
    }
    assert_int_equal(p->n_log, sizeof(wanted) / sizeof(wanted[0]));
    for (size_t i = 0; i < p->n_log; i++) {
        assert_int_equal(p->log[i].type, wanted[i]);
    }
    assert_memory_equal(p->data, "from b", 6);
    assert_int_equal(p->log[3].segment, 6);
    assert_memory_equal(&p->log[3].id, &b, sizeof(b));
    assert_int_equal(p->log[4].status, DTT_RELAY_STATUS_SAME_ID);
    assert_int_equal(p->log[5].status, DTT_RELAY_STATUS_HEALTHY);
    assert_memory_equal(&p->log[6].id, &b, sizeof(b));
    peer_free(p);
}

static void recorded_sessions_are_replayed(void **state)
{
    json_t *root = vectors_load("relay.json");
    json_t *sessions = vectors_at(root, "sessions");
    (void)state;
    assert_int_equal(json_array_size(sessions), 3);
    is_scripted = true;
    for (size_t i = 0; i < json_array_size(sessions); i++) {
        for (size_t step = 1; step < 8; step++) {
            replay(json_array_get(sessions, i), step);
        }
        replay(json_array_get(sessions, i), SIZE_MAX);
    }
    is_scripted = false;
    json_decref(root);
}

/* --------------------------------------------------------- frames of vectors */

static void frames_are_taken_and_refused_as_iroh_does(void **state)
{
    static const char *const lists[] = {"frames", "reject"};
    json_t *root = vectors_load("relay.json");
    unsigned n = 0;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        json_t *list = vectors_at(root, lists[i]);
        for (size_t k = 0; k < json_array_size(list); k++) {
            json_t *c = json_array_get(list, k);
            json_t *version = json_object_get(c, "version"), *client = json_object_get(c, "client");
            if (!client) {
                continue; /* of the handshake, or of a client */
            }
            bool is_v1 = version && strcmp(json_string_value(version), "v1") == 0;
            struct peer *p = peer_open(is_v1 ? V1 : V2, 20 * DTT_MS);
            struct dtt_slice frame = vectors_hex(c, "frame");
            peer_say_message(p, frame.data, frame.len);
            bool is_taken = dtt_relay_state(p->relay) == DTT_RELAY_STATE_OPEN;
            assert_true(is_taken == (strcmp(json_string_value(client), "accepted") == 0));
            if (!is_taken) {
                peer_must_be_down(p, DTT_RELAY_END_PROTOCOL, "a frame that cannot be read");
                assert_int_equal(p->ctx.counters[DTT_COUNTER_RELAY_RX_MALFORMED], 1);
            }
            n++;
            free((void *)frame.data);
            peer_free(p);
        }
    }
    assert_true(n >= 15);
    json_decref(root);
}

/* Datagrams that would make more work than they are worth are passed over. */
static void useless_datagrams_are_dropped(void **state)
{
    struct peer *p = peer_open(V2, 20 * DTT_MS);
    uint8_t m[36 + 65] = {DTT_RELAY_SERVER_DATAGRAM};
    (void)state;
    size_t before = p->n_log;
    peer_say_message(p, m, 34); /* empty */
    m[0] = DTT_RELAY_SERVER_DATAGRAMS;
    m[35] = 1; /* 65 of one byte each */
    peer_say_message(p, m, 36 + 65);
    m[0] = DTT_RELAY_PONG; /* to no ping of ours */
    peer_say_message(p, m, 9);
    assert_int_equal(p->n_log, before);
    assert_int_equal(p->ctx.counters[DTT_COUNTER_RELAY_RX_USELESS], 3);
    m[0] = DTT_RELAY_SERVER_DATAGRAMS;
    peer_say_message(p, m, 36 + 64);
    assert_int_equal(peer_last(p)->type, DTT_RELAY_EVENT_DATAGRAMS);
    assert_int_equal(peer_last(p)->segment, 1);
    assert_int_equal(peer_last(p)->data.len, 64);
    peer_free(p);
}

static void a_body_has_65536_bytes_at_most(void **state)
{
    static uint8_t m[1 + DTT_RELAY_BODY_MAX + 1] = {DTT_RELAY_SERVER_DATAGRAM};
    struct peer *p = peer_open(V2, 20 * DTT_MS);
    (void)state;
    peer_say_message(p, m, 1 + DTT_RELAY_BODY_MAX);
    assert_int_equal(peer_last(p)->type, DTT_RELAY_EVENT_DATAGRAMS);
    assert_int_equal(peer_last(p)->data.len, DTT_RELAY_BODY_MAX - 33);
    peer_say_message(p, m, sizeof(m));
    peer_must_be_down(p, DTT_RELAY_END_PROTOCOL, "a frame that cannot be read");
    peer_free(p);

    p = peer_open(V2, 20 * DTT_MS); /* it is not even waited for */
    peer_say(p, dtt_slice("\x82\x7f\0\0\0\0\0\x10\0\0x", 11), SIZE_MAX);
    peer_must_be_down(p, DTT_RELAY_END_PROTOCOL, "");
    peer_free(p);
}

/* ------------------------------------------------------------ the way to OPEN */

static void refuse(const char *answer, enum dtt_relay_end end, const char *why)
{
    struct peer *p = peer_new();
    dtt_relay_connected(p->relay, p->now, NULL);
    peer_run(p, true);
    assert_int_equal(dtt_relay_state(p->relay), DTT_RELAY_STATE_UPGRADING);
    peer_say_text(p, answer);
    peer_must_be_down(p, end, why);
    peer_free(p);
}

static void what_is_no_relay_is_left(void **state)
{
    (void)state;
    refuse("HTTP/1.1 404 Not Found\r\n\r\n", DTT_RELAY_END_REFUSED,
           "it answers with HTTP status 404");
    refuse("HTTP/1.1 200 OK\r\nupgrade: websocket\r\n\r\n", DTT_RELAY_END_NO_RELAY,
           "it answers with HTTP status 200");
    refuse("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nsec-websocket-accept: "
           "Bz3qJYTGdOe8gUSpLosEdiLKDrk=\r\nsec-websocket-protocol: iroh-relay-v2\r\n\r\n",
           DTT_RELAY_END_NO_RELAY, "it answers with HTTP status 101"); /* for another key */
    refuse("SSH-2.0-OpenSSH\r\n", DTT_RELAY_END_NO_RELAY, "it does not speak HTTP");
    struct peer *p = peer_new();
    peer_upgrade(p, "iroh-relay-v9");
    peer_must_be_down(p, DTT_RELAY_END_NO_RELAY, "it answers with HTTP status 101");
    peer_free(p);
}

static void a_denial_is_told_and_asked_again_slowly(void **state)
{
    struct peer *p = peer_new();
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        uint64_t longest = 60 * DTT_S << i < 300 * DTT_S ? 60 * DTT_S << i : 300 * DTT_S;
        peer_upgrade(p, V2);
        peer_say_message(p, "\x03\x0fnot\nauthorized\xff", 17);
        peer_must_be_down(p, DTT_RELAY_END_DENIED, "not?authorized?");
        uint64_t pause = dtt_relay_deadline(p->relay) - p->now.mono_ns;
        assert_true(pause >= longest / 2 && pause <= longest);
        peer_tick(p, pause);
        assert_true(p->has_stream);
    }
    peer_free(p);
}

static void the_handshake_has_an_order(void **state)
{
    static const uint8_t challenge[1 + DTT_RELAY_CHALLENGE_BYTES] = {0};
    static const uint8_t ping[9] = {DTT_RELAY_PING};
    uint8_t answer[128], opcode;
    (void)state;
    struct peer *p = peer_new();
    peer_upgrade(p, V2);
    peer_say_message(p, challenge, sizeof(challenge));
    assert_int_equal(peer_heard(p, &opcode, answer, sizeof(answer)), DTT_RELAY_AUTH_FRAME_BYTES);
    peer_say_message(p, challenge, sizeof(challenge));
    peer_must_be_down(p, DTT_RELAY_END_PROTOCOL, "a second challenge");
    peer_free(p);

    p = peer_new();
    peer_upgrade(p, V2);
    peer_say_message(p, ping, sizeof(ping));
    peer_must_be_down(p, DTT_RELAY_END_PROTOCOL, "a frame before its time");
    peer_free(p);

    p = peer_open(V2, 20 * DTT_MS);
    peer_say_message(p, challenge, sizeof(challenge));
    peer_must_be_down(p, DTT_RELAY_END_PROTOCOL, "a frame after its time");
    peer_free(p);
}

/* Brings a client as far as `state`. */
static struct peer *reach(enum dtt_relay_state state)
{
    struct peer *p = peer_new();
    if (state == DTT_RELAY_STATE_UPGRADING) {
        dtt_relay_connected(p->relay, p->now, NULL);
        peer_run(p, true);
    } else if (state == DTT_RELAY_STATE_AUTHENTICATING) {
        peer_upgrade(p, V2);
    }
    assert_int_equal(dtt_relay_state(p->relay), state);
    return p;
}

static void messages_may_come_together(void **state)
{
    uint8_t challenge[1 + DTT_RELAY_CHALLENGE_BYTES] = {DTT_RELAY_SERVER_CHALLENGE};
    uint8_t frames[64];
    (void)state;
    struct peer *p = peer_new();
    peer_upgrade(p, V2);
    size_t len = peer_frame(frames, true, 2, dtt_slice(challenge, sizeof(challenge)));
    len += peer_frame(frames + len, true, 2, dtt_slice("\x02", 1));
    peer_say(p, dtt_slice(frames, len), len);
    assert_int_equal(dtt_relay_state(p->relay), DTT_RELAY_STATE_OPEN);
    peer_free(p);
}

static void silence_ends_each_state(void **state)
{
    static const char *const why[] = {
        [DTT_RELAY_STATE_CONNECTING] = "there is no connection",
        [DTT_RELAY_STATE_UPGRADING] = "there is no answer to the request",
        [DTT_RELAY_STATE_AUTHENTICATING] = "it says neither yes nor no",
    };
    (void)state;
    for (int s = DTT_RELAY_STATE_CONNECTING; s <= DTT_RELAY_STATE_AUTHENTICATING; s++) {
        struct peer *p = reach((enum dtt_relay_state)s);
        assert_int_equal(dtt_relay_deadline(p->relay), p->now.mono_ns + 10 * DTT_S);
        peer_tick(p, 10 * DTT_S - 1);
        assert_true(p->has_stream);
        peer_tick(p, 1);
        peer_must_be_down(p, DTT_RELAY_END_TIMEOUT, why[s]);
        peer_free(p);
    }
}

static void the_stream_may_fail_in_each_state(void **state)
{
    (void)state;
    for (int s = DTT_RELAY_STATE_CONNECTING; s <= DTT_RELAY_STATE_OPEN; s++) {
        struct peer *p =
            s == DTT_RELAY_STATE_OPEN ? peer_open(V2, 20 * DTT_MS) : reach((enum dtt_relay_state)s);
        p->has_stream = false; /* the driver has none any more, and is not told to close it */
        dtt_relay_disconnected(p->relay, p->now, "refused");
        peer_run(p, true);
        peer_must_be_down(p, DTT_RELAY_END_STREAM, "refused");
        dtt_relay_connected(p->relay, p->now, NULL); /* too late */
        assert_int_equal(dtt_relay_output(p->relay).len, 0);
        peer_free(p);
    }
}

/* ------------------------------------------------------------------- pings */

static void a_relay_without_pongs_is_left(void **state)
{
    uint8_t ping[16], opcode;
    (void)state;
    struct peer *p = peer_open(V2, 300 * DTT_MS);
    assert_int_equal(dtt_relay_deadline(p->relay), p->now.mono_ns + 15 * DTT_S);
    p->now.mono_ns += 10 * DTT_S;
    peer_say_message(p, "\x0d\x00", 2); /* whatever comes puts it off */
    assert_int_equal(dtt_relay_deadline(p->relay), p->now.mono_ns + 15 * DTT_S);

    p->now.mono_ns += 15 * DTT_S;
    dtt_relay_tick(p->relay, p->now);
    peer_run(p, false);
    assert_int_equal(dtt_relay_deadline(p->relay), DTT_NEVER); /* the ping waits in the queue */
    peer_run(p, true);
    assert_int_equal(dtt_relay_deadline(p->relay), p->now.mono_ns + 900 * DTT_MS);
    assert_int_equal(peer_heard(p, &opcode, ping, sizeof(ping)), 9);
    ping[0] = DTT_RELAY_PONG;
    ping[1] ^= 1; /* not ours */
    peer_say_message(p, ping, 9);
    peer_tick(p, 900 * DTT_MS - 1);
    assert_true(p->has_stream);
    peer_tick(p, 1);
    peer_must_be_down(p, DTT_RELAY_END_NO_PONG, "");
    assert_int_equal(dtt_relay_deadline(p->relay), p->now.mono_ns); /* it had worked: at once */
    peer_free(p);

    p = peer_new(); /* the first pong has five seconds */
    peer_upgrade(p, V2);
    peer_say_message(p, "\x02", 1);
    assert_int_equal(dtt_relay_deadline(p->relay), p->now.mono_ns + 5 * DTT_S);
    peer_tick(p, 5 * DTT_S);
    peer_must_be_down(p, DTT_RELAY_END_NO_PONG, "");
    peer_free(p);
}

/* A ping behind datagrams comes late, and so does its pong. */
static void a_relay_that_reads_slowly_is_kept(void **state)
{
    static uint8_t block[12000];
    const struct dtt_id to = {.bytes = {1}};
    (void)state;
    struct peer *p = peer_open(V2, 1 * DTT_MS);
    p->now.mono_ns += 15 * DTT_S;
    dtt_relay_tick(p->relay, p->now);
    assert_int_equal(dtt_relay_send(p->relay, &to, 1200, dtt_slice(block, sizeof(block))), DTT_OK);
    size_t len = dtt_relay_output(p->relay).len;
    p->now.mono_ns += 1 * DTT_S;
    dtt_relay_sent(p->relay, p->now, 14); /* all but the ping's last byte */
    assert_int_equal(dtt_relay_deadline(p->relay), DTT_NEVER);
    dtt_relay_sent(p->relay, p->now, 1);
    assert_int_equal(dtt_relay_deadline(p->relay), p->now.mono_ns + 15 * DTT_S);
    for (size_t i = 0; i < 10; i++) { /* the rest goes out little by little, without a pong */
        p->now.mono_ns += 14 * DTT_S;
        dtt_relay_sent(p->relay, p->now, 1000);
        assert_int_equal(dtt_relay_deadline(p->relay), p->now.mono_ns + 15 * DTT_S);
    }
    dtt_relay_sent(p->relay, p->now, len - 15 - 10000); /* nothing waits any more */
    peer_tick(p, 15 * DTT_S);
    peer_must_be_down(p, DTT_RELAY_END_NO_PONG, "");
    peer_free(p);
}

static void pings_are_answered_and_a_flood_of_them_is_not(void **state)
{
    static const uint8_t ping[9] = {DTT_RELAY_PING, 1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t pong[16], opcode, frame[32];
    (void)state;
    struct peer *p = peer_open(V2, 20 * DTT_MS);
    peer_say_message(p, ping, sizeof(ping));
    assert_int_equal(peer_heard(p, &opcode, pong, sizeof(pong)), 9);
    assert_int_equal(opcode, 2);
    assert_int_equal(pong[0], DTT_RELAY_PONG);
    assert_memory_equal(pong + 1, ping + 1, 8);
    peer_say_frame(p, 9, dtt_slice("abc", 3)); /* a ping of WebSocket */
    assert_int_equal(peer_heard(p, &opcode, pong, sizeof(pong)), 3);
    assert_int_equal(opcode, 10);

    size_t len = peer_frame(frame, true, 2, dtt_slice(ping, sizeof(ping)));
    for (size_t i = 0; i < 20000 && p->has_stream; i++) {
        dtt_relay_recv(p->relay, p->now, dtt_slice(frame, len));
        peer_run(p, false); /* and it reads nothing */
        assert_true(dtt_relay_output(p->relay).len <= DTT_RELAY_OUT_MAX + DTT_RELAY_OUT_RESERVE);
    }
    peer_must_be_down(p, DTT_RELAY_END_FLOOD, "");
    peer_free(p);
}

/* What waits is more than datagrams may fill: it stays within its bound all the same. */
static void a_flood_that_fills_the_reserve_has_a_bound(void **state)
{
    static const uint8_t ping[9] = {DTT_RELAY_PING}, content[125];
    const struct dtt_id to = {.bytes = {1}};
    uint8_t frame[sizeof(content) + 10];
    (void)state;
    struct peer *p = peer_open(V2, 20 * DTT_MS);
    size_t len = peer_frame(frame, true, 2, dtt_slice(ping, sizeof(ping)));
    while (dtt_relay_output(p->relay).len <= DTT_RELAY_OUT_MAX) {
        dtt_relay_recv(p->relay, p->now, dtt_slice(frame, len));
        peer_run(p, false);
    }
    assert_int_equal(dtt_relay_send(p->relay, &to, 1200, dtt_slice(content, 1)), DTT_EAGAIN);
    len = peer_frame(frame, true, 9, dtt_slice(content, sizeof(content)));
    for (size_t i = 0; i < 100 && p->has_stream; i++) {
        dtt_relay_recv(p->relay, p->now, dtt_slice(frame, len));
        peer_run(p, false);
        assert_true(dtt_relay_output(p->relay).len <= DTT_RELAY_OUT_MAX + DTT_RELAY_OUT_RESERVE);
    }
    peer_must_be_down(p, DTT_RELAY_END_FLOOD, "");
    peer_free(p);
}

/* ---------------------------------------------------------- trying again */

static void pauses_grow_while_no_pong_comes(void **state)
{
    struct peer *p = peer_new();
    uint64_t longest = 10 * DTT_MS;
    (void)state;
    for (unsigned i = 0; i < 14; i++) {
        peer_upgrade(p, V2);
        peer_say_message(p, "\x02", 1); /* it says yes, and ends */
        peer_say_frame(p, 8, dtt_slice(NULL, 0));
        peer_must_be_down(p, DTT_RELAY_END_CLOSED, "");
        uint64_t pause = dtt_relay_deadline(p->relay) - p->now.mono_ns;
        assert_true(pause >= longest / 2 && pause <= longest);
        longest = 2 * longest < 16 * DTT_S ? 2 * longest : 16 * DTT_S;
        peer_tick(p, pause);
        p->out_len = 0;
    }
    peer_free(p);
}

static void a_connection_that_worked_is_made_anew_at_once(void **state)
{
    struct peer *p = peer_open(V2, 20 * DTT_MS);
    (void)state;
    peer_say_frame(p, 8, dtt_slice(NULL, 0)); /* 20 ms after it began: not more often than 1 s */
    assert_int_equal(dtt_relay_deadline(p->relay), p->now.mono_ns + 980 * DTT_MS);
    dtt_relay_moved(p->relay, p->now); /* another network: that may be what it takes */
    assert_int_equal(dtt_relay_deadline(p->relay), p->now.mono_ns);
    peer_free(p);

    p = peer_open(V2, 20 * DTT_MS);
    dtt_relay_moved(p->relay, p->now);
    peer_run(p, true);
    assert_int_equal(dtt_relay_deadline(p->relay), p->now.mono_ns + 500 * DTT_MS); /* a pong */
    peer_tick(p, 500 * DTT_MS);
    peer_must_be_down(p, DTT_RELAY_END_NO_PONG, "");
    peer_free(p);
}

/* One that is restarted is found again soon; one that does not come back is asked less often. */
static void a_relay_that_worked_is_tried_often_for_a_minute(void **state)
{
    struct peer *p = peer_open(V2, 20 * DTT_MS);
    uint64_t longest = 0;
    (void)state;
    peer_say_frame(p, 8, dtt_slice(NULL, 0));
    uint64_t lost_ns = p->now.mono_ns;
    while (p->now.mono_ns < lost_ns + 200 * DTT_S) {
        uint64_t pause = dtt_relay_deadline(p->relay) - p->now.mono_ns;
        bool is_soon = p->now.mono_ns - lost_ns < DTT_RELAY_SOON_NS;
        assert_true(pause <= (is_soon ? 2 * DTT_S : 16 * DTT_S));
        longest = pause > longest ? pause : longest;
        peer_tick(p, pause);
        p->has_stream = false;
        dtt_relay_disconnected(p->relay, p->now, "nobody there");
        peer_run(p, true);
        peer_must_be_down(p, DTT_RELAY_END_STREAM, "nobody there");
        p->out_len = 0;
    }
    assert_true(longest >= 8 * DTT_S);
    peer_free(p);
}

/* -------------------------------------------------------------- datagrams */

static void what_does_not_fit_is_dropped(void **state)
{
    static uint8_t block[DTT_RELAY_FRAME_MAX];
    const struct dtt_id to = {.bytes = {1}};
    uint64_t n = 0;
    (void)state;
    struct peer *p = peer_new();
    assert_int_equal(dtt_relay_send(p->relay, &to, 1, dtt_slice(block, 1)), DTT_EAGAIN);
    assert_int_equal(p->ctx.counters[DTT_COUNTER_RELAY_TX_DROPPED], 1);
    peer_free(p);

    p = peer_open(V2, 20 * DTT_MS);
    while (dtt_relay_send(p->relay, &to, 1200, dtt_slice(block, 12000)) == DTT_OK) {
        n++;
    }
    assert_int_equal(n, DTT_RELAY_OUT_MAX / 12050);
    assert_true(dtt_relay_output(p->relay).len <= DTT_RELAY_OUT_MAX);
    assert_int_equal(p->ctx.counters[DTT_COUNTER_RELAY_TX], n);
    assert_int_equal(p->ctx.counters[DTT_COUNTER_RELAY_TX_DROPPED], 1);
    while (dtt_relay_send(p->relay, &to, 1, dtt_slice(block, 1)) == DTT_OK) {
    }
    static const uint8_t ping[9] = {DTT_RELAY_PING};
    uint8_t frame[32];
    size_t len = peer_frame(frame, true, 2, dtt_slice(ping, sizeof(ping)));
    dtt_relay_recv(p->relay, p->now, dtt_slice(frame, len));
    peer_run(p, false);
    assert_true(p->has_stream); /* the answer has a place of its own */
    assert_int_equal(dtt_relay_send(p->relay, &to, 1, dtt_slice(block, 1)), DTT_EAGAIN);
    peer_run(p, true);
    assert_int_equal(dtt_relay_send(p->relay, &to, 1200, dtt_slice(block, 12000)), DTT_OK);
    peer_free(p);
}

/* Frames that make the server end the connection of the peer they are for. */
static void hazards_are_never_sent(void **state)
{
    static uint8_t block[DTT_RELAY_FRAME_MAX];
    const struct dtt_id to = {.bytes = {1}};
    const size_t most = DTT_RELAY_FRAME_MAX - 36;
    (void)state;
    struct peer *p = peer_open(V2, 20 * DTT_MS);
    assert_int_equal(dtt_relay_send(p->relay, &to, 1200, dtt_slice(NULL, 0)), DTT_EINVAL);
    assert_int_equal(dtt_relay_send(p->relay, &to, 0, dtt_slice(block, 1)), DTT_EINVAL);
    assert_int_equal(dtt_relay_send(p->relay, &to, most + 1, dtt_slice(block, most + 1)),
                     DTT_EINVAL);
    assert_int_equal(dtt_relay_send(p->relay, &to, 1, dtt_slice(block, 65)), DTT_EINVAL);
    assert_int_equal(dtt_relay_output(p->relay).len, 0);
    assert_int_equal(dtt_relay_send(p->relay, &to, most, dtt_slice(block, most)), DTT_OK);
    assert_int_equal(dtt_relay_send(p->relay, &to, 1, dtt_slice(block, 64)), DTT_OK);
    peer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_sessions_are_replayed),
        cmocka_unit_test(frames_are_taken_and_refused_as_iroh_does),
        cmocka_unit_test(useless_datagrams_are_dropped),
        cmocka_unit_test(a_body_has_65536_bytes_at_most),
        cmocka_unit_test(what_is_no_relay_is_left),
        cmocka_unit_test(a_denial_is_told_and_asked_again_slowly),
        cmocka_unit_test(the_handshake_has_an_order),
        cmocka_unit_test(messages_may_come_together),
        cmocka_unit_test(silence_ends_each_state),
        cmocka_unit_test(the_stream_may_fail_in_each_state),
        cmocka_unit_test(a_relay_without_pongs_is_left),
        cmocka_unit_test(a_relay_that_reads_slowly_is_kept),
        cmocka_unit_test(pings_are_answered_and_a_flood_of_them_is_not),
        cmocka_unit_test(a_flood_that_fills_the_reserve_has_a_bound),
        cmocka_unit_test(pauses_grow_while_no_pong_comes),
        cmocka_unit_test(a_connection_that_worked_is_made_anew_at_once),
        cmocka_unit_test(a_relay_that_worked_is_tried_often_for_a_minute),
        cmocka_unit_test(what_does_not_fit_is_dropped),
        cmocka_unit_test(hazards_are_never_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
