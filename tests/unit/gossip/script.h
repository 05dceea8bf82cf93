/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a state machine put into its outbox, as one line of text, so that a test reads like the
 * table in a paper. Peers are numbers; contents are single letters:
 *
 *     up 3; neighbor(high) > 3; forward(3, ttl 6) > 1; gossip(a, 1) > 2; received(a) < 2
 */
#ifndef TESTS_UNIT_GOSSIP_SCRIPT_H
#define TESTS_UNIT_GOSSIP_SCRIPT_H

#include "support/vectors.h"

#include "crypto/blake3.h"
#include "crypto/ed25519.h"
#include "gossip/outbox.h"

#include <stdio.h>

#define PEERS 80

static struct dtt_id peers[PEERS]; /* 0 is ourselves */
static struct dtt_ctx ctx;
static struct dtt_rng rng;
static struct dtt_gossip_outbox outbox;
static struct dtt_now now;
static const struct dtt_gossip_port port = {.ctx = &ctx, .rng = &rng, .outbox = &outbox};

static void script_open(void)
{
    memset(&ctx, 0, sizeof(ctx));
    dtt_rng_init(&rng, ctx.seed, "script");
    dtt_gossip_outbox_init(&outbox);
    now.mono_ns = 100 * DTT_S;
    for (size_t i = 0; i < PEERS && peers[PEERS - 1].bytes[0] == 0; i++) {
        uint8_t seed[32] = {(uint8_t)(i + 1)};
        dtt_ed25519_public_key(peers[i].bytes, seed);
    }
}

static int script_peer(const struct dtt_id *id)
{
    for (int i = 0; i < PEERS; i++) {
        if (dtt_gossip_id_eq(&peers[i], id)) {
            return i;
        }
    }
    return -1;
}

static inline struct dtt_gossip_message_id script_id(char letter)
{
    struct dtt_gossip_message_id id;
    dtt_blake3(id.bytes, dtt_slice(&letter, 1));
    return id;
}

static char script_letter(const struct dtt_gossip_message_id *id)
{
    for (char c = 'a'; c <= 'z'; c++) {
        struct dtt_gossip_message_id known = script_id(c);
        if (memcmp(&known, id, sizeof(known)) == 0) {
            return c;
        }
    }
    return '?';
}

static size_t script_message(char *out, size_t cap, struct dtt_slice payload)
{
    struct dtt_gossip_message m;
    char list[4096] = "";
    size_t n = 0;
    assert_int_equal(dtt_gossip_message_decode(payload, NULL, &m), DTT_OK);
    switch (m.type) {
    case DTT_MSG_JOIN: return (size_t)snprintf(out, cap, "join");
    case DTT_MSG_FORWARD_JOIN:
        return (size_t)snprintf(out, cap, "forward(%d, ttl %d)",
                                script_peer(&m.u.forward_join.peer.id), m.u.forward_join.ttl);
    case DTT_MSG_SHUFFLE:
        return (size_t)snprintf(out, cap, "shuffle(%d, %zu nodes, ttl %d)",
                                script_peer(&m.u.shuffle.origin), m.u.shuffle.n, m.u.shuffle.ttl);
    case DTT_MSG_SHUFFLE_REPLY:
        return (size_t)snprintf(out, cap, "reply(%zu nodes)", m.u.shuffle.n);
    case DTT_MSG_NEIGHBOR:
        return (size_t)snprintf(out, cap, "neighbor(%s)",
                                m.u.neighbor.priority == DTT_GOSSIP_HIGH ? "high" : "low");
    case DTT_MSG_DISCONNECT:
        return (size_t)snprintf(out, cap, "disconnect(%s)",
                                m.u.disconnect.alive ? "alive" : "quit");
    case DTT_MSG_GOSSIP:
        if (m.u.gossip.scope == DTT_GOSSIP_NEIGHBORS) {
            return (size_t)snprintf(out, cap, "gossip(%c)", script_letter(&m.u.gossip.id));
        }
        return (size_t)snprintf(out, cap, "gossip(%c, %d)", script_letter(&m.u.gossip.id),
                                m.u.gossip.round);
    case DTT_MSG_PRUNE: return (size_t)snprintf(out, cap, "prune");
    case DTT_MSG_GRAFT:
        return (size_t)snprintf(out, cap, "graft(%c, %d)",
                                m.u.graft.has_id ? script_letter(&m.u.graft.id) : '-',
                                m.u.graft.round);
    case DTT_MSG_IHAVE:
        for (size_t i = 0; i < m.u.ihave.n; i++) {
            n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%c %d", i ? ", " : "",
                                  script_letter(&m.u.ihave.entries[i].id),
                                  m.u.ihave.entries[i].round);
        }
        return (size_t)snprintf(out, cap, "ihave(%s)", list);
    }
    return 0;
}

/* Empties the outbox; the text is valid until the next call. */
static inline const char *script(void)
{
    static char text[65536];
    struct dtt_gossip_outbox_item item;
    size_t n = 0;
    text[0] = '\0';
    while (dtt_gossip_outbox_pop(&outbox, &item)) {
        struct dtt_slice data = dtt_gossip_blob_slice(item.blob);
        int peer = script_peer(&item.peer);
        n += (size_t)snprintf(text + n, sizeof(text) - n, n ? "; " : "");
        switch (item.type) {
        case DTT_GOSSIP_SEND:
            n += script_message(text + n, sizeof(text) - n, data);
            n += (size_t)snprintf(text + n, sizeof(text) - n, " > %d", peer);
            break;
        case DTT_GOSSIP_REFUSED:
            n += (size_t)snprintf(text + n, sizeof(text) - n, "refused %d", peer);
            break;
        case DTT_GOSSIP_MUTE:
            n += (size_t)snprintf(text + n, sizeof(text) - n, "mute %d", peer);
            break;
        case DTT_GOSSIP_DISCONNECT:
            n += (size_t)snprintf(text + n, sizeof(text) - n, "hang up %d", peer);
            break;
        case DTT_GOSSIP_PEER_DATA:
            n += (size_t)snprintf(text + n, sizeof(text) - n, "data(%.*s) of %d", (int)data.len,
                                  (const char *)data.data, peer);
            break;
        case DTT_GOSSIP_NEIGHBOR_UP:
            n += (size_t)snprintf(text + n, sizeof(text) - n, "up %d", peer);
            break;
        case DTT_GOSSIP_NEIGHBOR_DOWN:
            n += (size_t)snprintf(text + n, sizeof(text) - n, "down %d %s", peer,
                                  dtt_reason_word(item.reason));
            break;
        case DTT_GOSSIP_RECEIVED:
            n += (size_t)snprintf(text + n, sizeof(text) - n, "received(%.*s%s) < %d",
                                  (int)item.len, (const char *)data.data + item.skip,
                                  item.scope == DTT_GOSSIP_SWARM ? "" : ", neighbors", peer);
            break;
        }
        dtt_gossip_blob_unref(item.blob);
        assert_true(n < sizeof(text));
    }
    return text;
}

#endif
