/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A bare QUIC endpoint for the interop suite: src/quic with a socket and a clock, no gossip. Prints
 * what happens as one JSON object a line and is told what to do a line at a time:
 *
 *     /dial ID@ADDR:PORT
 *     /send COUNT BYTES    COUNT unidirectional streams of BYTES bytes each, on each connection
 *     /close               all connections, with code 7 and the reason "enough"
 *
 * A stream's bytes are (n + i) mod 251 with n its number among those sent on its connection, so
 * that the receiver can tell whether each is whole: it names n.
 *
 * usage: interop-quic --listen ADDR:PORT --alpn NAME
 */
#include "base/addr.h"
#include "io/host.h"
#include "io/udp.h"
#include "quic/quic.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNS 64
#define STREAMS 256
#define CHUNK 65536

/* A stream that the peer opened, or one of ours that is not written to its end. */
struct stream {
    dtt_quic_conn conn; /* 0: free */
    int64_t id;
    unsigned n;
    size_t len; /* bytes so far */
    bool is_whole;
};

struct conn {
    dtt_quic_conn handle; /* 0: free */
    unsigned n_sent;
    unsigned n_wanted;
    size_t size; /* of each stream wanted */
};

static struct dtt_ctx ctx;
static struct dtt_quic *quic;
static struct dtt_udp udp;
static struct dtt_udp_rx *rx;
static struct conn conns[CONNS];
static struct stream incoming[STREAMS], outgoing[STREAMS];

static void die(const char *what)
{
    fprintf(stderr, "interop-quic: %s\n", what);
    exit(1);
}

static struct conn *find_conn(dtt_quic_conn handle)
{
    for (size_t i = 0; i < CONNS; i++) {
        if (conns[i].handle == handle) {
            return &conns[i];
        }
    }
    die("too many connections");
    return NULL;
}

static struct stream *find_stream(struct stream *table, dtt_quic_conn conn, int64_t id)
{
    for (size_t i = 0; i < STREAMS; i++) {
        if (table[i].conn == conn && (conn == 0 || table[i].id == id)) {
            return &table[i];
        }
    }
    return NULL;
}

/* ---- what comes in */

static void take_bytes(const struct dtt_quic_event *ev)
{
    struct stream *s = find_stream(incoming, ev->conn, ev->stream);
    if (!s) {
        s = find_stream(incoming, 0, 0);
        if (!s) {
            die("too many streams");
        }
        *s = (struct stream){.conn = ev->conn,
                             .id = ev->stream,
                             .is_whole = true,
                             .n = ev->data.len ? ev->data.data[0] : 0};
    }
    for (size_t i = 0; i < ev->data.len; i++) {
        s->is_whole = s->is_whole && ev->data.data[i] == (s->n + s->len + i) % 251;
    }
    s->len += ev->data.len;
    if (ev->fin) {
        printf("{\"event\":\"stream\",\"n\":%u,\"bytes\":%zu,\"whole\":%s}\n", s->n, s->len,
               s->is_whole ? "true" : "false");
        s->conn = 0;
    }
}

static void take_event(const struct dtt_quic_event *ev)
{
    char id[DTT_ID_TEXT_MAX], addr[DTT_ADDR_TEXT_MAX];
    dtt_id_format(&ev->peer, id);
    dtt_addr_format(&ev->addr, addr);
    if (ev->type == DTT_QUIC_CONNECTED) {
        *find_conn(0) = (struct conn){.handle = ev->conn};
        dtt_quic_trust(quic, ev->conn, true); /* there is no layer above that would */
        printf("{\"event\":\"connected\",\"endpoint_id\":\"%s\",\"dialed\":%s}\n", id,
               ev->dialed ? "true" : "false");
    } else if (ev->type == DTT_QUIC_CLOSED) {
        printf("{\"event\":\"closed\",\"endpoint_id\":\"%s\",\"reason\":\"%s\",\"connected\":%s}\n",
               id, dtt_reason_word(ev->reason), ev->was_connected ? "true" : "false");
        if (ev->was_connected) {
            find_conn(ev->conn)->handle = 0;
        }
    } else if (ev->type == DTT_QUIC_MIGRATED) {
        printf("{\"event\":\"migrated\",\"addr\":\"%s\"}\n", addr);
    } else if (ev->type == DTT_QUIC_DATA) {
        take_bytes(ev);
    }
}

/* ---- what goes out */

static void write_stream(struct stream *s, size_t size)
{
    static uint8_t chunk[CHUNK];
    while (s->len < size) {
        size_t len = size - s->len < CHUNK ? size - s->len : CHUNK;
        for (size_t i = 0; i < len; i++) {
            chunk[i] = (uint8_t)((s->n + s->len + i) % 251);
        }
        bool fin = s->len + len == size;
        if (dtt_quic_write(quic, s->conn, s->id, dtt_slice(chunk, len), fin) != 0) {
            return; /* later */
        }
        s->len += len;
    }
    s->conn = 0;
}

static void write_streams(void)
{
    for (size_t i = 0; i < CONNS; i++) {
        struct conn *c = &conns[i];
        struct stream *s;
        while (c->handle && c->n_sent < c->n_wanted && (s = find_stream(outgoing, 0, 0)) != NULL) {
            int64_t id;
            if (dtt_quic_open_uni(quic, c->handle, &id) != 0) {
                break; /* later */
            }
            *s = (struct stream){.conn = c->handle, .id = id, .n = c->n_sent++ % 251};
            write_stream(s, c->size);
        }
    }
    for (size_t i = 0; i < STREAMS; i++) {
        if (outgoing[i].conn) {
            write_stream(&outgoing[i], find_conn(outgoing[i].conn)->size);
        }
    }
}

static void dial(char *text)
{
    struct dtt_id id;
    struct dtt_addr addr;
    dtt_quic_conn handle;
    char *at = strchr(text, '@');
    if (at) {
        *at = '\0';
    }
    if (!at || dtt_id_parse(text, &id) != 0 || dtt_addr_parse(at + 1, &addr) != 0 ||
        dtt_quic_dial(quic, dtt_host_now(), &id, &udp.bound, &addr, &handle) != 0) {
        die("cannot dial");
    }
}

static void obey(char *line)
{
    unsigned count;
    size_t size;
    if (strncmp(line, "/dial ", 6) == 0) {
        dial(line + 6);
    } else if (sscanf(line, "/send %u %zu", &count, &size) == 2) {
        for (size_t i = 0; i < CONNS; i++) {
            conns[i].n_wanted = conns[i].n_sent + count;
            conns[i].size = size;
        }
    } else if (strcmp(line, "/close") == 0) {
        for (size_t i = 0; i < CONNS; i++) {
            dtt_quic_close(quic, dtt_host_now(), conns[i].handle, 7, "enough");
        }
    } else {
        die("unknown command");
    }
}

/* ---- the loop */

static void receive(void)
{
    struct dtt_udp_datagram d;
    struct dtt_addr gone;
    while (dtt_udp_recv(&udp, rx) > 0) {
        while (dtt_udp_next(&udp, rx, &d)) {
            dtt_quic_recv(quic, dtt_host_now(), &udp.bound, &d.from, d.ecn, d.data);
        }
    }
    while (dtt_udp_next_error(&udp, &gone)) {
        dtt_quic_unreachable(quic, dtt_host_now(), &gone);
    }
}

static void transmit(void)
{
    struct dtt_quic_packet p;
    while (dtt_quic_next_packet(quic, dtt_host_now(), &p)) {
        while (!dtt_udp_add(&udp, &p.local, &p.remote, p.ecn, 0, p.segment, p.data)) {
            dtt_udp_flush(&udp);
        }
    }
    while (dtt_udp_flush(&udp) == DTT_EAGAIN) {
        struct pollfd fd = {udp.fd, POLLOUT, 0};
        poll(&fd, 1, -1);
    }
}

static int wait_ms(void)
{
    uint64_t deadline = dtt_quic_deadline(quic), now = dtt_host_now().mono_ns;
    if (deadline == DTT_NEVER) {
        return -1;
    }
    return deadline <= now ? 0 : (int)((deadline - now) / DTT_MS + 1);
}

static void open_endpoint(char **words)
{
    struct dtt_quic_config config = {0};
    struct dtt_addr listen = {0};
    char id[DTT_ID_TEXT_MAX], addr[DTT_ADDR_TEXT_MAX];
    for (; words[0] && words[1]; words += 2) {
        if (strcmp(words[0], "--alpn") == 0) {
            config.alpn = words[1];
        } else if (strcmp(words[0], "--listen") != 0 || dtt_addr_parse(words[1], &listen) != 0) {
            die(words[0]);
        }
    }
    if (dtt_host_entropy(ctx.seed, sizeof(ctx.seed)) != 0 ||
        dtt_host_entropy(config.seed, sizeof(config.seed)) != 0 ||
        dtt_udp_open(&udp, &listen) != 0 || !(rx = dtt_udp_rx_new()) ||
        dtt_quic_new(&quic, &ctx, &config, dtt_host_now()) != 0) {
        die("cannot open the endpoint");
    }
    dtt_id_format(dtt_quic_id(quic), id);
    dtt_addr_format(&udp.bound, addr);
    printf("{\"event\":\"listening\",\"endpoint_id\":\"%s\",\"addrs\":[\"%s\"]}\n", id, addr);
}

int main(int argc, char **argv)
{
    (void)argc;
    char line[256];
    bool at_end = false;
    open_endpoint(argv + 1);
    setbuf(stdin, NULL); /* so that poll sees every line that is left */
    while (!at_end) {
        struct dtt_quic_event ev;
        while (dtt_quic_next_event(quic, &ev)) {
            take_event(&ev);
        }
        write_streams();
        transmit();
        fflush(stdout);
        struct pollfd fds[] = {{udp.fd, POLLIN, 0}, {0, POLLIN, 0}};
        poll(fds, 2, wait_ms());
        receive();
        dtt_quic_tick(quic, dtt_host_now());
        if (fds[1].revents) {
            at_end = !fgets(line, sizeof(line), stdin);
            line[strcspn(line, "\n")] = '\0';
            if (!at_end) {
                obey(line);
            }
        }
    }
    dtt_quic_free(quic);
    dtt_udp_rx_free(rx);
    dtt_udp_close(&udp);
    return 0;
}
