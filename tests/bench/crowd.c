/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "crowd.h"

#include "dht/node_id.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUCKETS (CROWD / 8)

void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int open_socket(uint16_t port, uint16_t remote)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    int bytes = 4 << 20;
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
        die("bind");
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    a.sin_port = htons(remote);
    if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
        die("connect");
    }
    return fd;
}

/* ---- messages */

size_t encode_query(struct dtt_krpc *m, uint32_t tid, uint8_t *buf)
{
    uint8_t t[4];
    dtt_put_be32(t, tid);
    m->t = dtt_slice(t, sizeof(t));
    int n = dtt_krpc_encode(m, buf, PACKET);
    if (n < 0) {
        die("encode");
    }
    return (size_t)n;
}

struct dtt_krpc query(enum dtt_krpc_method method, const uint8_t *id)
{
    return (struct dtt_krpc){
        .type = DTT_KRPC_QUERY, .method = method, .id = dtt_slice(id, DTT_NODE_ID_BYTES)};
}

/* One question, asked until answered. The reply's slices point into `p`. */
bool ask(const struct server *s, struct dtt_krpc *q, struct packet *p, struct dtt_krpc *ret)
{
    uint8_t out[PACKET];
    static uint32_t tid;
    for (int attempt = 0; attempt < 50; attempt++) {
        size_t len = encode_query(q, ++tid, out);
        (void)!send(s->fd, out, len, 0);
        struct pollfd fd = {.fd = s->fd, .events = POLLIN};
        while (poll(&fd, 1, 200) > 0) {
            ssize_t n = recv(s->fd, p->data, PACKET, 0);
            if (n > 0 && dtt_krpc_decode(dtt_slice(p->data, (size_t)n), ret) == 0 &&
                ret->t.len == 4 && dtt_get_be32(ret->t.data) == tid) {
                return true;
            }
        }
    }
    return false;
}

void server_open(struct server *s, uint16_t port, const uint8_t *own_id)
{
    struct packet p;
    struct dtt_krpc q = query(DTT_KRPC_M_PING, own_id), r;
    s->port = port;
    s->fd = open_socket(0, port);
    q.is_read_only = true;
    if (!ask(s, &q, &p, &r) || !r.id.data) {
        die("the node does not answer a ping");
    }
    memcpy(s->id, r.id.data, sizeof(s->id));
}

/* ---- the crowd */

/* The id of a crowd member: it shares exactly `bucket` bits with the node's. */
void crowd_id(uint8_t ret[DTT_NODE_ID_BYTES], const uint8_t *server, unsigned bucket, unsigned i)
{
    memcpy(ret, server, DTT_NODE_ID_BYTES);
    ret[bucket / 8] ^= (uint8_t)(0x80u >> bucket % 8);
    /* The bits that follow make the members of a bucket differ. */
    for (unsigned bit = 0; bit < 3; bit++) {
        if (i >> bit & 1) {
            ret[(bucket + 1 + bit) / 8] ^= (uint8_t)(0x80u >> (bucket + 1 + bit) % 8);
        }
    }
    ret[19] ^= (uint8_t)(bucket * 8 + i + 1);
}

/* Answers one query. */
static void crowd_serve(int fd, const uint8_t *id)
{
    struct packet in, out;
    struct dtt_krpc q;
    ssize_t n = recv(fd, in.data, PACKET, MSG_DONTWAIT);
    if (n <= 0 || dtt_krpc_decode(dtt_slice(in.data, (size_t)n), &q) != 0 ||
        q.type != DTT_KRPC_QUERY) {
        return;
    }
    struct dtt_krpc r = {.type = DTT_KRPC_REPLY, .t = q.t, .id = dtt_slice(id, DTT_NODE_ID_BYTES)};
    if (q.method != DTT_KRPC_M_PING) {
        r.nodes = dtt_slice("", 0);
        r.token = dtt_slice("tokn", 4);
    }
    int len = dtt_krpc_encode(&r, out.data, PACKET);
    if (len > 0) {
        (void)!send(fd, out.data, (size_t)len, 0);
    }
}

static void crowd_greet(int fd, const uint8_t *id)
{
    uint8_t out[PACKET];
    struct dtt_krpc q = query(DTT_KRPC_M_FIND_NODE, id);
    q.target = dtt_slice(id, DTT_NODE_ID_BYTES);
    (void)!send(fd, out, encode_query(&q, 1, out), 0);
}

/* Runs until the parent ends. */
static void run(const struct server *s, uint16_t port)
{
    static struct pollfd fds[CROWD];
    static uint8_t ids[CROWD][DTT_NODE_ID_BYTES];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (unsigned i = 0; i < CROWD; i++) {
        crowd_id(ids[i], s->id, i / 8, i % 8);
        fds[i] =
            (struct pollfd){.fd = open_socket((uint16_t)(port + i), s->port), .events = POLLIN};
    }
    for (unsigned round = 0;; round++) {
        /* A few at a time: a node pings newcomers in small numbers. */
        for (unsigned i = 0; round < 100 && i < 16; i++) {
            unsigned member = (round * 16 + i) % CROWD;
            crowd_greet(fds[member].fd, ids[member]);
        }
        double until = now_s() + 0.1;
        while (now_s() < until && poll(fds, CROWD, round < 100 ? 20 : -1) >= 0) {
            for (unsigned i = 0; i < CROWD; i++) {
                if (fds[i].revents) {
                    crowd_serve(fds[i].fd, ids[i]);
                }
            }
        }
    }
}

/* How many of the crowd the node hands out. */
unsigned crowd_known(const struct server *s, const uint8_t *id)
{
    unsigned known = 0;
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        uint8_t target[DTT_NODE_ID_BYTES], node[DTT_NODE_ID_BYTES];
        struct dtt_krpc q = query(DTT_KRPC_M_FIND_NODE, id), r;
        struct packet p;
        struct dtt_addr addr;
        crowd_id(target, s->id, bucket, 0);
        q.target = dtt_slice(target, sizeof(target));
        if (!ask(s, &q, &p, &r)) {
            die("the node does not answer find_node");
        }
        struct dtt_reader nodes = dtt_reader(r.nodes);
        while (dtt_krpc_next_node(&nodes, DTT_FAMILY_V4, node, &addr)) {
            known += dtt_node_id_common(node, s->id) == bucket;
        }
    }
    return known;
}

unsigned crowd_settle(const struct server *s, const uint8_t *id)
{
    unsigned known = 0;
    for (int i = 0; i < 100 && known < CROWD; i++) {
        known = crowd_known(s, id);
        usleep(known < CROWD ? 300000 : 0);
    }
    return known;
}

pid_t crowd_start(const struct server *s, uint16_t port)
{
    pid_t pid = fork();
    if (pid == 0) {
        run(s, port);
    }
    return pid;
}
