/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Feeds an endpoint that has a live and a half-open connection. The two low bits of the first byte
 * say what the rest of the input is:
 *
 *     0: the frames of a packet that its live peer encrypts and sends
 *     1: the frames of one of the first packets of a stranger
 *     2: what follows the header of a packet for the live connection
 *     3: a datagram
 *
 * Bit 2 says who dialled: 0 the other side, 1 the endpoint; bits 3 and 4 how many packets go before
 * the one with the frames; bit 5 that its live peer has gone to another address. Frames get into a
 * packet by a function of ngtcp2's crypto helper that this file replaces.
 */
#include "quic/ngtcp2_compat.h"
#include "quic/quic.h"

#include <stdlib.h>

#define SHORT_HEADER (1 + 8)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct dtt_ctx ctx[3];
static struct dtt_quic *target;
static struct dtt_quic *peer;
static struct dtt_quic *mute; /* begins handshakes and hears nothing */
static dtt_quic_conn peer_conn;
static bool is_target_dialer;
static int64_t peer_stream;
static struct dtt_now now;
static unsigned connected;
static unsigned closed;
static bool is_peer_closed;
static uint64_t half_open_ns;        /* until then there is a half-open connection */
static uint64_t end_ns;              /* of the live connection: the next input gets another */
static uint8_t header[SHORT_HEADER]; /* of the last packet from peer to target */
static struct dtt_slice frames;      /* what a packet shall hold */
static unsigned frames_after;        /* so many others */

static const struct dtt_addr addr[4] = {
    {.ip = {10, 0, 0, 1}, .port = 1, .family = DTT_FAMILY_V4},
    {.ip = {10, 0, 0, 2}, .port = 2, .family = DTT_FAMILY_V4},
    {.ip = {10, 0, 0, 3}, .port = 3, .family = DTT_FAMILY_V4},
    {.ip = {10, 0, 0, 4}, .port = 4, .family = DTT_FAMILY_V4},
};
static int peer_at = 1; /* which address it has, 1 or 3 */

int ngtcp2_crypto_encrypt_cb(uint8_t *dest, const ngtcp2_crypto_aead *aead,
                             const ngtcp2_crypto_aead_ctx *aead_ctx, const uint8_t *plaintext,
                             size_t plaintextlen, const uint8_t *nonce, size_t noncelen,
                             const uint8_t *aad, size_t aadlen)
{
    uint8_t evil[2048] = {0}; /* zeros are PADDING frames */
    if (frames.len && plaintextlen <= sizeof(evil) && frames_after-- == 0) {
        memcpy(evil, frames.data, frames.len < plaintextlen ? frames.len : plaintextlen);
        plaintext = evil;
        frames.len = 0;
    }
    return ngtcp2_crypto_encrypt(dest, aead, aead_ctx, plaintext, plaintextlen, nonce, noncelen,
                                 aad, aadlen) == 0
               ? 0
               : NGTCP2_ERR_CALLBACK_FAILURE;
}

static void take_events(void)
{
    struct dtt_quic_event e;
    while (dtt_quic_next_event(target, &e)) {
        connected += e.type == DTT_QUIC_CONNECTED;
        closed += e.type == DTT_QUIC_CLOSED && e.was_connected;
        if (closed > connected || (e.type == DTT_QUIC_DATA && e.data.len && !e.data.data)) {
            abort();
        }
    }
    while (dtt_quic_next_event(peer, &e)) {
        is_peer_closed |= e.type == DTT_QUIC_CLOSED;
        if (e.type == DTT_QUIC_CONNECTED) {
            peer_conn = e.conn;
        }
    }
}

static void carry(struct dtt_quic *from, int from_no, struct dtt_quic *to, int to_no)
{
    struct dtt_quic_packet p;
    while (dtt_quic_next_packet(from, now, &p)) {
        for (size_t at = 0; at < p.data.len; at += p.segment) {
            size_t len = p.data.len - at < p.segment ? p.data.len - at : p.segment;
            if (from == peer && len >= SHORT_HEADER && p.data.data[at] < 0x80) {
                memcpy(header, p.data.data + at, SHORT_HEADER);
            }
            if (to && dtt_addr_eq(&p.remote, &addr[to_no])) {
                dtt_quic_recv(to, now, &addr[to_no], &addr[from_no], 0,
                              dtt_slice(p.data.data + at, len));
            }
        }
    }
}

static void run(unsigned rounds, uint64_t ns)
{
    for (unsigned i = 0; i < rounds; i++) {
        carry(peer, peer_at, target, 0);
        carry(target, 0, peer, peer_at);
        take_events();
        now.mono_ns += ns;
        dtt_quic_tick(peer, now);
        dtt_quic_tick(target, now);
    }
}

static struct dtt_quic *make(int number)
{
    struct dtt_quic *q;
    struct dtt_quic_config cfg = {.alpn = "x", .max_conns = 64};
    memset(cfg.seed, number + 1, sizeof(cfg.seed));
    ctx[number].seed[0] = (uint8_t)number;
    if (dtt_quic_new(&q, &ctx[number], &cfg, now) != 0) {
        abort();
    }
    return q;
}

static void begin(void)
{
    target = make(0);
    peer = make(1);
    mute = make(2);
}

/* Frees all at the end of the program, so that a leak checker sees what is left over. */
static void end(void)
{
    dtt_quic_free(target);
    dtt_quic_free(peer);
    dtt_quic_free(mute);
}

static void forget_mute(void)
{
    struct dtt_quic_event e;
    now.mono_ns += 11 * DTT_S;
    dtt_quic_tick(mute, now);
    while (dtt_quic_next_event(mute, &e)) {
    }
}

/* The mute one's first packet as a client, and no more of it. */
static void half_open(void)
{
    dtt_quic_conn unused;
    forget_mute();
    if (dtt_quic_dial(mute, now, dtt_quic_id(target), &addr[2], &addr[0], &unused) != 0) {
        abort();
    }
    carry(mute, 2, target, 0);
    half_open_ns = now.mono_ns + 10 * DTT_S;
}

/* Its first packets as a server. */
static void dial_mute(void)
{
    dtt_quic_conn c;
    struct dtt_slice later = frames;
    forget_mute();
    frames.len = 0;
    if (dtt_quic_dial(target, now, dtt_quic_id(mute), &addr[0], &addr[2], &c) == 0) {
        carry(target, 0, mute, 2);
        frames = later;
        carry(mute, 2, target, 0);
        dtt_quic_close(target, now, c, 0, NULL);
    }
}

static void connect_both(void)
{
    const struct dtt_addr *its = &addr[peer_at];
    dtt_quic_close(peer, now, peer_conn, 0, NULL);
    run(2, DTT_S);
    /* If only the peer noticed. Acknowledgements that came late make three PTO, the least, long. */
    for (unsigned i = 0; i < 100 && connected != closed; i++) {
        run(20, 5 * DTT_S);
    }
    if (connected != closed) {
        abort();
    }
    if (now.mono_ns > half_open_ns) {
        half_open();
    }
    int err = is_target_dialer
                  ? dtt_quic_dial(target, now, dtt_quic_id(peer), &addr[0], its, &peer_conn)
                  : dtt_quic_dial(peer, now, dtt_quic_id(target), its, &addr[0], &peer_conn);
    run(16, 5 * DTT_MS);
    if (err || connected != closed + 1 || dtt_quic_open_uni(peer, peer_conn, &peer_stream) != 0) {
        abort();
    }
    is_peer_closed = false;
}

/* After a silence that a client takes for a sign. */
static void move_peer(void)
{
    peer_at = 4 - peer_at;
    now.mono_ns += 300 * DTT_MS;
}

static void feed(const uint8_t *data, size_t len)
{
    static const uint8_t filler[1100];
    uint8_t datagram[65536];
    switch (data[0] & 3) {
    case 0:
        (void)dtt_quic_write(peer, peer_conn, peer_stream, dtt_slice(filler, sizeof(filler)),
                             false);
        frames = dtt_slice(data + 1, len - 1);
        frames_after = data[0] >> 3 & 3;
        return;
    case 1:
        frames = dtt_slice(data + 1, len - 1);
        frames_after = data[0] >> 3 & 3;
        if (data[0] & 4) {
            dial_mute();
        } else {
            half_open();
        }
        return;
    case 2:
        memcpy(datagram, header, sizeof(header));
        memcpy(datagram + sizeof(header), data + 1, len - 1);
        dtt_quic_recv(target, now, &addr[0], &addr[peer_at], 1,
                      dtt_slice(datagram, sizeof(header) + len - 1));
        return;
    default: dtt_quic_recv(target, now, &addr[0], &addr[len % 4], 3, dtt_slice(data + 1, len - 1));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0 || len > 2048) {
        return 0;
    }
    if (!target) {
        begin();
        (void)atexit(end);
        is_peer_closed = true;
    }
    bool is_other_role = (data[0] & 3) != 1 && ((data[0] & 4) != 0) != is_target_dialer;
    is_target_dialer ^= is_other_role;
    if (is_other_role || is_peer_closed || connected == closed || now.mono_ns > end_ns) {
        connect_both();
        end_ns = now.mono_ns + 100 * DTT_S;
    }
    if (data[0] & 32) {
        move_peer();
    }
    feed(data, len);
    run(2, 5 * DTT_MS);
    frames.len = 0;
    return 0;
}
