/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Load for one DHT node of any make on loopback: first a crowd that fills its routing table, 8
 * contacts for each of the 20 farthest buckets, then queries of each kind in a closed loop, then
 * gets at half and at twice the rate at which it answered them.
 *
 *     dht_load PORT CROWD_PORT PID SECONDS
 *
 * The crowd has the 160 ports from CROWD_PORT on and queries the node from each of them; after the
 * line "crowd" a driver may introduce them to nodes that do not learn from queries. One JSON line a
 * method: replies a second, and a second of PID's processor time.
 */
#define _GNU_SOURCE
#include "crowd.h"
#include "crypto/ed25519.h"
#include "dht/item.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define WINDOW 32
#define KEYS 16
#define PUTS 40000 /* signed in advance */
#define VALUE_LEN 200
#define SAMPLES (1 << 20)
#define LOST_MS 200 /* what takes longer does not come */

struct item {
    uint8_t seed[32];
    uint8_t key[32];
    uint8_t target[20];
    uint8_t v[VALUE_LEN];
    uint8_t token[DTT_KRPC_TOKEN_MAX];
    size_t token_len;
};

/* Puts keep only what differs between them. */
static struct put {
    int64_t seq;
    uint8_t sig[DTT_KRPC_SIG_BYTES];
} puts_[PUTS];

static struct item items[KEYS];
static float latencies[SAMPLES];

/* Processor time of a process so far. */
static double cpu_s(long pid)
{
    char path[64], text[1024];
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
    if (f) {
        fclose(f);
    }
    text[n] = '\0';
    const char *after = strrchr(text, ')');
    if (!after || sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                         &system) != 2) {
        die("no such process");
    }
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* ---- items */

static void sign_all(void)
{
    for (unsigned i = 0; i < KEYS; i++) {
        struct item *it = &items[i];
        int head = snprintf((char *)it->v, VALUE_LEN, "%d:", VALUE_LEN - 4);
        memset(it->seed, (int)i + 1, sizeof(it->seed));
        memset(it->v + head, 'x', VALUE_LEN - (size_t)head);
        dtt_ed25519_public_key(it->key, it->seed);
        dtt_item_target(it->target, it->key, dtt_slice(NULL, 0));
    }
    for (unsigned i = 0; i < PUTS; i++) {
        struct item *it = &items[i % KEYS];
        puts_[i].seq = i / KEYS + 1;
        dtt_item_sign(puts_[i].sig, it->seed, dtt_slice(NULL, 0), puts_[i].seq,
                      dtt_slice(it->v, VALUE_LEN));
    }
}

static struct dtt_krpc put_query(const uint8_t *id, unsigned n)
{
    struct item *it = &items[n % KEYS];
    struct dtt_krpc q = query(DTT_KRPC_M_PUT, id);
    q.k = dtt_slice(it->key, sizeof(it->key));
    q.sig = dtt_slice(puts_[n].sig, sizeof(puts_[n].sig));
    q.seq = dtt_krpc_int(puts_[n].seq);
    q.token = dtt_slice(it->token, it->token_len);
    q.v = dtt_slice(it->v, VALUE_LEN);
    return q;
}

static void fetch_tokens(const struct server *s, const uint8_t *id)
{
    for (unsigned i = 0; i < KEYS; i++) {
        struct packet p;
        struct dtt_krpc q = query(DTT_KRPC_M_GET, id), r;
        q.target = dtt_slice(items[i].target, DTT_NODE_ID_BYTES);
        if (!ask(s, &q, &p, &r) || r.token.len == 0 || r.token.len > DTT_KRPC_TOKEN_MAX) {
            die("no token for a get");
        }
        memcpy(items[i].token, r.token.data, r.token.len);
        items[i].token_len = r.token.len;
    }
}

/* ---- load */

/*
 * PUT_NEW: each a new value, whose signature has to be verified. PUT_RENEWAL: one that is stored
 * already. PUT: each value twice, as BEP 44's hourly renewal makes it where items live two hours.
 */
enum method { PING, FIND_NODE, GET_HIT, GET_MISS, PUT_NEW, PUT, PUT_RENEWAL };
static const char *const names[] = {"ping",    "find_node", "get_hit",    "get_miss",
                                    "put_new", "put",       "put_renewal"};

static struct loop {
    const struct server *s;
    const uint8_t *id;
    enum method method;
    uint32_t first, tid; /* transactions of this run: [first, tid) */
    unsigned put;        /* the next one */
    double rate;         /* queries a second, answered or not; 0: a closed loop */
    double start;
    double sent[1 << 16];
    unsigned in_flight;
    uint64_t out, in, errors, without_value;
    uint64_t bytes_out, bytes_in;
} loop;

static bool is_exhausted(const struct loop *l)
{
    return (l->method == PUT_NEW || l->method == PUT) && l->put == PUTS;
}

/* Queries to send now, at most WINDOW. */
static unsigned due(const struct loop *l)
{
    double n = l->rate > 0 ? (now_s() - l->start) * l->rate - (double)l->out
                           : (double)(WINDOW - l->in_flight);
    return n < 0 ? 0 : n < WINDOW ? (unsigned)n : WINDOW;
}

static size_t make_query(struct loop *l, uint8_t *buf)
{
    uint8_t target[DTT_NODE_ID_BYTES] = {0};
    struct dtt_krpc q = query(DTT_KRPC_M_PING, l->id);
    dtt_put_be32(target, l->tid * 2654435761u); /* all over the table */
    switch (l->method) {
    case PING: break;
    case FIND_NODE: q.method = DTT_KRPC_M_FIND_NODE; break;
    case GET_HIT:
        q.method = DTT_KRPC_M_GET;
        memcpy(target, items[l->tid % KEYS].target, sizeof(target));
        break;
    case GET_MISS: q.method = DTT_KRPC_M_GET; break;
    case PUT_NEW: q = put_query(l->id, l->put++); break;
    case PUT:
        q = put_query(l->id, l->put);
        l->put += l->tid % 2;
        break;
    case PUT_RENEWAL: q = put_query(l->id, l->put - 1); break;
    }
    if (q.method == DTT_KRPC_M_FIND_NODE || q.method == DTT_KRPC_M_GET) {
        q.target = dtt_slice(target, sizeof(target));
    }
    return encode_query(&q, l->tid, buf);
}

static void send_some(struct loop *l)
{
    static struct packet out[WINDOW];
    struct mmsghdr msgs[WINDOW];
    struct iovec iov[WINDOW];
    unsigned n = 0, most = due(l);
    memset(msgs, 0, sizeof(msgs));
    while (n < most && !is_exhausted(l)) {
        out[n].len = make_query(l, out[n].data);
        l->sent[l->tid++ & 0xffff] = now_s();
        l->bytes_out += out[n].len;
        iov[n] = (struct iovec){.iov_base = out[n].data, .iov_len = out[n].len};
        msgs[n].msg_hdr.msg_iov = &iov[n];
        msgs[n].msg_hdr.msg_iovlen = 1;
        n++;
    }
    for (unsigned at = 0; at < n;) {
        int sent = sendmmsg(l->s->fd, msgs + at, n - at, 0);
        if (sent <= 0) {
            die("send");
        }
        at += (unsigned)sent;
    }
    l->in_flight += n;
    l->out += n;
}

static void take_reply(struct loop *l, struct dtt_slice data)
{
    struct dtt_krpc m;
    /* The node may ping us, too. */
    if (dtt_krpc_decode(data, &m) != 0 || m.type == DTT_KRPC_QUERY || m.t.len != 4 ||
        dtt_get_be32(m.t.data) - l->first >= l->tid - l->first) {
        return;
    }
    l->errors += m.type == DTT_KRPC_ERROR;
    l->without_value += !m.v.data;
    latencies[l->in % SAMPLES] =
        (float)((now_s() - l->sent[dtt_get_be32(m.t.data) & 0xffff]) * 1e6);
    l->in++;
    l->bytes_in += data.len;
    l->in_flight -= l->in_flight > 0;
}

/* False when nothing came for so long. */
static bool receive_some(struct loop *l, int timeout_ms)
{
    static struct packet in[WINDOW];
    struct mmsghdr msgs[WINDOW];
    struct iovec iov[WINDOW];
    struct pollfd fd = {.fd = l->s->fd, .events = POLLIN};
    if (poll(&fd, 1, timeout_ms) <= 0) {
        return false;
    }
    memset(msgs, 0, sizeof(msgs));
    for (unsigned i = 0; i < WINDOW; i++) {
        iov[i] = (struct iovec){.iov_base = in[i].data, .iov_len = PACKET};
        msgs[i].msg_hdr.msg_iov = &iov[i];
        msgs[i].msg_hdr.msg_iovlen = 1;
    }
    int n = recvmmsg(l->s->fd, msgs, WINDOW, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++) {
        take_reply(l, dtt_slice(in[i].data, msgs[i].msg_len));
    }
    return true;
}

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Prints a line of figures called `name`; returns the replies a second. `rate`: as in the loop. */
static double run(const struct server *s, const uint8_t *id, enum method method, const char *name,
                  double rate, double seconds)
{
    struct loop *l = &loop;
    *l = (struct loop){.s = s,
                       .id = id,
                       .method = method,
                       .first = l->tid + 2,
                       .tid = l->tid + 2,
                       .put = l->put,
                       .rate = rate,
                       .start = now_s()};
    double cpu = cpu_s(s->pid);
    while (now_s() - l->start < seconds && !is_exhausted(l)) {
        send_some(l);
        if (!receive_some(l, rate > 0 ? 0 : LOST_MS)) {
            l->in_flight = 0; /* of a closed loop all were lost */
        }
    }
    double wall = now_s() - l->start;
    while (rate > 0 && receive_some(l, LOST_MS)) {
    }
    cpu = cpu_s(s->pid) - cpu;
    size_t n = l->in < SAMPLES ? l->in : SAMPLES;
    qsort(latencies, n, sizeof(latencies[0]), compare);
    printf("{\"method\":\"%s\",\"replies\":%" PRIu64
           ",\"sent_per_s\":%.0f,\"per_s\":%.0f,\"per_cpu_s\":%.0f,"
           "\"lost\":%.5f,\"errors\":%" PRIu64 ",\"without_value\":%" PRIu64
           ",\"query_bytes\":%.0f,\"reply_bytes\":%.0f,\"p50_us\":%.0f,\"p99_us\":%.0f}\n",
           name, l->in, (double)l->out / wall, (double)l->in / wall,
           cpu > 0 ? (double)l->in / cpu : 0, l->out ? 1 - (double)l->in / (double)l->out : 0,
           l->errors, l->without_value, (double)l->bytes_out / (double)(l->out ? l->out : 1),
           (double)l->bytes_in / (double)(l->in ? l->in : 1), n ? (double)latencies[n / 2] : 0,
           n ? (double)latencies[n * 99 / 100] : 0);
    fflush(stdout);
    return (double)l->in / wall;
}

int main(int argc, char **argv)
{
    struct server s = {0};
    uint8_t id[DTT_NODE_ID_BYTES] = "load generator here";
    if (argc != 5 || sodium_init() < 0) {
        fprintf(stderr, "usage: dht_load PORT CROWD_PORT PID SECONDS\n");
        return 2;
    }
    server_open(&s, (uint16_t)atoi(argv[1]), id);
    s.pid = atol(argv[3]);
    pid_t crowd = crowd_start(&s, (uint16_t)atoi(argv[2]));
    printf("crowd\n");
    fflush(stdout);
    sign_all();
    printf("{\"contacts\":%u}\n", crowd_settle(&s, id));
    fetch_tokens(&s, id);
    static const enum method order[] = {PING, FIND_NODE, GET_MISS,   PUT_NEW,
                                        PUT,  GET_HIT,   PUT_RENEWAL};
    double per_s = 0;
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        double answered = run(&s, id, order[i], names[order[i]], 0, atof(argv[4]));
        per_s = order[i] == GET_HIT ? answered : per_s;
    }
    run(&s, id, GET_HIT, "half", per_s / 2, atof(argv[4]));
    run(&s, id, GET_HIT, "double", per_s * 2, atof(argv[4]));
    kill(crowd, SIGKILL);
    return 0;
}
