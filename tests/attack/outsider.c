/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Knows a topic's name, a member's id and its address, but not the secret. It joins whatever topics
 * may be meant, says that it reads proofs, claims to have some, speaks, and keeps all that it is
 * told.
 *
 * usage: attack-outsider NAME GUESS HASH ID@ADDR:PORT     GUESS: a secret, HASH: of the topic
 *
 * Ends with its standard input and tells then how many bytes came on streams, and whether HASH was
 * among them.
 */
#include "codec/text.h"
#include "crypto/blake3.h"
#include "gossip/addr_info.h"
#include "record/closed.h"
#include "record/proof.h"
#include "stranger.h"

#include <dtt/dtt.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define GUESSES 4
#define HEARD_MAX (1 << 20)

static uint8_t heard[HEARD_MAX];
static size_t n_heard;

static void keep(struct stranger *s, struct dtt_slice data)
{
    size_t len = data.len < HEARD_MAX - n_heard ? data.len : HEARD_MAX - n_heard;
    (void)s;
    memcpy(heard + n_heard, data.data, len);
    n_heard += len;
}

static bool has_heard(const uint8_t hash[32])
{
    for (size_t i = 0; i + 32 <= n_heard; i++) {
        if (memcmp(heard + i, hash, 32) == 0) {
            return true;
        }
    }
    return false;
}

static void claim(struct stranger *s, const struct dtt_gossip_topic_id *topic)
{
    static const uint8_t stop[] = {0, 0, 0, DTT_PROOF_LEN};
    const struct dtt_proof_bond bond = {.is_dialler = true};
    struct dtt_gossip_topic_id proofs;
    uint8_t frame[4 + DTT_PROOF_LEN];
    memcpy(proofs.bytes, dtt_proof_stream_topic, sizeof(proofs.bytes));
    memcpy(frame, stop, sizeof(stop));
    dtt_proof_write(frame + 4, topic->bytes, topic->bytes, stranger_now_ns() / (60 * DTT_S), &bond);
    if (stranger_speak(s, &proofs) == DTT_OK) {
        (void)dtt_quic_write(s->quic, s->conn, s->stream, dtt_slice(frame, sizeof(frame)), false);
    }
}

static void speak(struct stranger *s, const struct dtt_gossip_topic_id *topic)
{
    struct dtt_gossip_message join = {.type = DTT_MSG_JOIN, .u.join.data.is_some = true};
    struct dtt_gossip_message said = {.type = DTT_MSG_GOSSIP, .u.gossip.scope = DTT_GOSSIP_SWARM};
    uint8_t info[64];
    struct dtt_writer w = dtt_writer(info, sizeof(info));
    dtt_addr_info_write(&w, "", NULL, 0);
    dtt_addr_info_write_mark(&w);
    join.u.join.data.bytes = dtt_slice(info, w.len);
    said.u.gossip.content = dtt_slice("let me in", 9);
    dtt_blake3(said.u.gossip.id.bytes, said.u.gossip.content);
    claim(s, topic);
    if (stranger_speak(s, topic) == DTT_OK) {
        (void)stranger_say(s, &join);
        (void)stranger_say(s, &said);
    }
}

static bool is_over(void)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    char byte;
    return poll(&in, 1, 0) > 0 && read(STDIN_FILENO, &byte, 1) <= 0;
}

int main(int argc, char **argv)
{
    struct dtt_gossip_topic_id topics[GUESSES] = {0};
    struct stranger s = {.on_data = keep};
    struct dtt_addr me, target;
    struct dtt_id id;
    uint8_t hash[32];
    unsigned rounds = 0;
    char both[256];
    if (argc != 5 || dtt_hex_decode(hash, 32, argv[3], strlen(argv[3])) != DTT_OK) {
        stranger_die("usage: attack-outsider NAME GUESS HASH ID@ADDR:PORT");
    }
    stranger_read_target(argv[4], &id, &target);
    (void)dtt_addr_parse("127.0.0.1:0", &me);
    snprintf(both, sizeof(both), "%s%s", argv[1], argv[2]);
    dtt_topic_hash(argv[1], topics[0].bytes);
    dtt_topic_hash(both, topics[1].bytes);
    (void)dtt_closed_topic(topics[2].bytes, argv[1], dtt_slice(argv[2], strlen(argv[2])));
    (void)dtt_closed_topic(topics[3].bytes, argv[1], dtt_slice("", 0));
    while (!is_over()) {
        stranger_open(&s, &me, &id, &target, true);
        for (size_t i = 0; stranger_connect(&s) && i < GUESSES; i++) {
            speak(&s, &topics[i]);
            stranger_run(&s, 1, 500);
        }
        stranger_run(&s, 1, 1000);
        stranger_close(&s);
        if (++rounds == 2) {
            printf("{\"event\":\"begun\"}\n");
            fflush(stdout);
        }
    }
    printf("{\"event\":\"report\",\"bytes\":%zu,\"has_hash\":%s}\n", n_heard,
           has_heard(hash) ? "true" : "false");
    return 0;
}
