/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A flood of hostile datagrams against one DHT node on loopback whose table is full, while somebody
 * honest asks it: random bytes, mutated packets, puts with bad signatures, replies nobody asked
 * for, and queries of nodes that crowd around its id.
 *
 *     dht_flood PORT CROWD_PORT SECONDS MOST_PER_S <PACKETS
 *
 * PACKETS are real packets to mutate, one a line, in hex. The flood sends at half of what the node
 * answers at the time, at most MOST_PER_S: a fuller socket would lose honest queries before the
 * node sees them. The result is one JSON line.
 */
#define _GNU_SOURCE
#include "crowd.h"
#include "crypto/ed25519.h"
#include "dht/item.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define CAPTURES 256
#define SOCKETS 16
#define BATCH 64
#define HONEST_PER_S 200
#define TIMEOUT_S 2
#define CALIBRATE_S 2
#define SIGNED_IN 50 /* one of so many datagrams costs a verification */

enum kind { RANDOM, MUTATED, SPOOFED, NEAR, KINDS };

static struct packet captures[CAPTURES];
static size_t n_captures;
static uint64_t random_state = 1;

static uint64_t draw(uint64_t bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % bound;
}

static void draw_bytes(uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        buf[i] = (uint8_t)draw(256);
    }
}

static void read_captures(void)
{
    static char line[2 * PACKET + 2];
    while (n_captures < CAPTURES && fgets(line, sizeof(line), stdin)) {
        struct packet *p = &captures[n_captures];
        if (sodium_hex2bin(p->data, PACKET, line, strlen(line), "\n", &p->len, NULL) == 0 &&
            p->len > 0) {
            n_captures++;
        }
    }
    if (n_captures == 0) {
        die("no packets on standard input");
    }
}

/* ---- what the flood sends */

static void make_mutated(struct packet *p)
{
    *p = captures[draw(n_captures)];
    for (uint64_t n = 1 + draw(4); n > 0; n--) {
        p->data[draw(p->len)] = draw(2) ? (uint8_t)draw(256) : (uint8_t) "die:l01-"[draw(8)];
    }
    p->len = draw(8) ? p->len : 1 + draw(p->len);
}

/* A reply, as if we had been asked. */
static void make_spoofed(struct packet *p)
{
    uint8_t id[DTT_NODE_ID_BYTES], t[4], nodes[8 * DTT_KRPC_NODE4_BYTES];
    draw_bytes(id, sizeof(id));
    draw_bytes(t, sizeof(t));
    draw_bytes(nodes, sizeof(nodes));
    struct dtt_krpc r = {.type = DTT_KRPC_REPLY,
                         .t = dtt_slice(t, sizeof(t)),
                         .id = dtt_slice(id, sizeof(id)),
                         .nodes = dtt_slice(nodes, sizeof(nodes)),
                         .token = dtt_slice("abcd", 4)};
    p->len = (size_t)dtt_krpc_encode(&r, p->data, PACKET);
}

/* A query of a node that shares many bits with the victim. */
static void make_near(struct packet *p, const struct server *s)
{
    uint8_t id[DTT_NODE_ID_BYTES];
    memcpy(id, s->id, sizeof(id));
    draw_bytes(id + 2 + draw(10), 8);
    struct dtt_krpc q = query(draw(2) ? DTT_KRPC_M_FIND_NODE : DTT_KRPC_M_GET, id);
    q.target = dtt_slice(id, sizeof(id));
    p->len = encode_query(&q, (uint32_t)draw(UINT32_MAX), p->data);
}

/* A good token and a signature that is none. */
static void make_badly_signed(struct packet *p, const struct dtt_krpc *put)
{
    uint8_t sig[DTT_KRPC_SIG_BYTES];
    struct dtt_krpc q = *put;
    memcpy(sig, put->sig.data, sizeof(sig));
    sig[draw(32)] ^= 1;
    q.sig = dtt_slice(sig, sizeof(sig));
    q.seq = dtt_krpc_int(2 + (int64_t)draw(1000));
    p->len = encode_query(&q, (uint32_t)draw(UINT32_MAX), p->data);
}

static void make(struct packet *p, const struct server *s, const struct dtt_krpc *put)
{
    if (draw(SIGNED_IN) == 0) {
        make_badly_signed(p, put);
        return;
    }
    switch ((enum kind)draw(KINDS)) {
    case RANDOM:
        p->len = 1 + draw(1200);
        draw_bytes(p->data, p->len);
        break;
    case MUTATED: make_mutated(p); break;
    case SPOOFED: make_spoofed(p); break;
    default: make_near(p, s); break;
    }
}

/* Never returns. Counts what it sent at *sent, which the parent sees. */
static void flood(const struct server *s, const struct dtt_krpc *put, double per_s,
                  volatile uint64_t *sent)
{
    static struct packet packets[BATCH];
    int fds[SOCKETS];
    double start = now_s();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (size_t i = 0; i < SOCKETS; i++) {
        fds[i] = open_socket(0, s->port);
    }
    for (;;) {
        struct mmsghdr msgs[BATCH] = {0};
        struct iovec iov[BATCH];
        for (size_t i = 0; i < BATCH; i++) {
            make(&packets[i], s, put);
            iov[i] = (struct iovec){.iov_base = packets[i].data, .iov_len = packets[i].len};
            msgs[i].msg_hdr.msg_iov = &iov[i];
            msgs[i].msg_hdr.msg_iovlen = 1;
        }
        int n = sendmmsg(fds[draw(SOCKETS)], msgs, BATCH, 0);
        *sent += n > 0 ? (uint64_t)n : 0;
        while ((double)*sent > per_s * (now_s() - start)) {
            usleep(200);
        }
    }
}

/* ---- the honest side */

struct honest {
    const struct server *s;
    const uint8_t *id;
    const uint8_t *stored; /* a target that has a value */
    uint32_t next;         /* transaction */
    double sent[1 << 16];
    bool is_answered[1 << 16];
    uint64_t answered, with_value;
};

static void honest_ask(struct honest *h)
{
    uint8_t buf[PACKET], target[DTT_NODE_ID_BYTES] = {0};
    bool gets = h->next % 2;
    struct dtt_krpc q = query(gets ? DTT_KRPC_M_GET : DTT_KRPC_M_FIND_NODE, h->id);
    q.is_read_only = true;
    dtt_put_be32(target, h->next * 2654435761u);
    q.target = dtt_slice(gets ? h->stored : target, sizeof(target));
    h->sent[h->next & 0xffff] = now_s();
    h->is_answered[h->next & 0xffff] = false;
    (void)!send(h->s->fd, buf, encode_query(&q, h->next, buf), 0);
    h->next++;
}

static void honest_listen(struct honest *h, int wait_ms)
{
    struct packet p;
    struct dtt_krpc m;
    struct pollfd fd = {.fd = h->s->fd, .events = POLLIN};
    while (poll(&fd, 1, wait_ms) > 0) {
        ssize_t n = recv(h->s->fd, p.data, PACKET, MSG_DONTWAIT);
        if (n <= 0 || dtt_krpc_decode(dtt_slice(p.data, (size_t)n), &m) != 0 ||
            m.type != DTT_KRPC_REPLY || m.t.len != 4) {
            continue;
        }
        uint32_t t = dtt_get_be32(m.t.data);
        if (t < h->next && h->next - t < 0x10000 && !h->is_answered[t & 0xffff] &&
            now_s() - h->sent[t & 0xffff] < TIMEOUT_S) {
            h->is_answered[t & 0xffff] = true;
            h->answered++;
            h->with_value += m.v.data != NULL;
        }
        wait_ms = 0;
    }
}

static void honest_run(struct honest *h, double seconds)
{
    double start = now_s();
    while (now_s() - start < seconds) {
        while (h->next < HONEST_PER_S * (now_s() - start)) {
            honest_ask(h);
        }
        honest_listen(h, 2);
    }
    double end = now_s();
    while (now_s() - end < TIMEOUT_S) {
        honest_listen(h, 50);
    }
}

/* Answers a second in a closed loop. */
static double calibrate(const struct server *s, const uint8_t *id)
{
    uint64_t n = 0;
    double start = now_s();
    for (unsigned in_flight = 0; now_s() - start < CALIBRATE_S;) {
        uint8_t buf[PACKET];
        struct dtt_krpc q = query(DTT_KRPC_M_FIND_NODE, id);
        struct pollfd fd = {.fd = s->fd, .events = POLLIN};
        q.target = dtt_slice(id, DTT_NODE_ID_BYTES);
        q.is_read_only = true;
        for (; in_flight < 32; in_flight++) {
            (void)!send(s->fd, buf, encode_query(&q, 1, buf), 0);
        }
        if (poll(&fd, 1, 200) <= 0) {
            in_flight = 0;
        }
        while (recv(s->fd, buf, PACKET, MSG_DONTWAIT) > 0) {
            in_flight -= in_flight > 0;
            n++;
        }
    }
    return (double)n / (now_s() - start);
}

/* Contacts the node hands out that are not of the crowd. */
static unsigned foreign_contacts(const struct server *s, const uint8_t *id, unsigned crowd_port)
{
    unsigned foreign = 0;
    for (unsigned i = 0; i < 200; i++) {
        uint8_t target[DTT_NODE_ID_BYTES], node[DTT_NODE_ID_BYTES];
        struct dtt_krpc q = query(DTT_KRPC_M_FIND_NODE, id), r;
        struct packet p;
        struct dtt_addr addr;
        crowd_id(target, s->id, i % 20, 0);
        draw_bytes(target + 3, sizeof(target) - 3);
        q.target = dtt_slice(target, sizeof(target));
        q.is_read_only = true;
        if (!ask(s, &q, &p, &r)) {
            die("the node does not answer any more");
        }
        struct dtt_reader nodes = dtt_reader(r.nodes);
        while (dtt_krpc_next_node(&nodes, DTT_FAMILY_V4, node, &addr)) {
            foreign += addr.port < crowd_port || addr.port >= crowd_port + CROWD;
        }
    }
    return foreign;
}

int main(int argc, char **argv)
{
    static struct honest h;
    struct server s = {0};
    struct packet p;
    struct dtt_krpc r;
    uint8_t id[DTT_NODE_ID_BYTES] = "somebody honest ...", seed[32] = {5}, key[32], sig[64];
    uint8_t target[DTT_NODE_ID_BYTES], token[DTT_KRPC_TOKEN_MAX];
    if (argc != 5 || sodium_init() < 0) {
        fprintf(stderr, "usage: dht_flood PORT CROWD_PORT SECONDS MOST_PER_S <PACKETS\n");
        return 2;
    }
    uint16_t crowd_port = (uint16_t)atoi(argv[2]);
    read_captures();
    server_open(&s, (uint16_t)atoi(argv[1]), id);
    pid_t crowd = crowd_start(&s, crowd_port);
    printf("crowd\n");
    fflush(stdout);
    unsigned before = crowd_settle(&s, id);

    struct dtt_slice v = dtt_slice("6:honest", 8);
    dtt_ed25519_public_key(key, seed);
    dtt_item_target(target, key, dtt_slice(NULL, 0));
    dtt_item_sign(sig, seed, dtt_slice(NULL, 0), 1, v);
    struct dtt_krpc get = query(DTT_KRPC_M_GET, id);
    get.target = dtt_slice(target, sizeof(target));
    if (!ask(&s, &get, &p, &r) || r.token.len > sizeof(token)) {
        die("no token for a get");
    }
    memcpy(token, r.token.data, r.token.len);
    struct dtt_krpc put = query(DTT_KRPC_M_PUT, id);
    put.k = dtt_slice(key, sizeof(key));
    put.sig = dtt_slice(sig, sizeof(sig));
    put.seq = dtt_krpc_int(1);
    put.token = dtt_slice(token, r.token.len);
    put.v = v;
    if (!ask(&s, &put, &p, &r) || r.type != DTT_KRPC_REPLY) {
        die("the honest item was not stored");
    }

    double rate = calibrate(&s, id) / 2;
    rate = rate < atof(argv[4]) ? rate : atof(argv[4]);
    volatile uint64_t *sent =
        mmap(NULL, sizeof(*sent), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (sent == MAP_FAILED) {
        die("mmap");
    }
    pid_t flooder = fork();
    if (flooder == 0) {
        flood(&s, &put, rate, sent);
    }
    h.s = &s;
    h.id = id;
    h.stored = target;
    honest_run(&h, atof(argv[3]));
    kill(flooder, SIGKILL);
    sleep(1);
    printf("{\"flood_per_s\":%.0f,\"asked\":%" PRIu32 ",\"goodput\":%.4f,\"values\":%.4f,"
           "\"contacts_before\":%u,\"contacts\":%u,\"foreign\":%u}\n",
           (double)*sent / atof(argv[3]), h.next, (double)h.answered / h.next,
           2.0 * (double)h.with_value / h.next, before, crowd_known(&s, id),
           foreign_contacts(&s, id, crowd_port));
    kill(crowd, SIGKILL);
    return 0;
}
