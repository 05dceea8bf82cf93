/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Two relay clients in one process that talk through a relay: a sends datagrams and batches to b,
 * and b sends each back. Repeated until it has come back, as QUIC would.
 *
 *     relay_pair URL CAFILE N        N exchanges; CAFILE: of the authorities for https
 *
 * One line on standard output: "ok N RTT_US LOST", or why not; exit status 0 when all came back.
 * Before it stand "half" when half of them have, and a line "end WHY" for each connection that
 * ended.
 */
#define _DEFAULT_SOURCE
#include "crypto/ed25519.h"
#include "io/host.h"
#include "io/relay_stream.h"

#include <stdio.h>
#include <stdlib.h>

#define PATIENCE_NS (30 * DTT_S)
#define REPEAT_NS (500 * DTT_MS)
#define SEGMENT 1200

struct side {
    struct pair *of;
    struct dtt_ctx ctx;
    uint8_t seed[DTT_SEED_BYTES];
    struct dtt_id id;
    struct dtt_relay_stream *relay;
    bool is_open;
};

struct pair {
    uv_loop_t loop;
    struct side a, b;
    uint32_t n, wanted;
    uint64_t sent_ns;
    unsigned lost;
};

/* Exchange n is of one datagram, or of up to ten. */
static size_t fill(uint32_t n, uint8_t buf[10 * SEGMENT])
{
    size_t len = n % 2 ? 1 + n * 7 % SEGMENT : (1 + n % 10) * SEGMENT - n % 100;
    for (size_t i = 0; i < len; i++) {
        buf[i] = (uint8_t)(n + i * 13);
    }
    memcpy(buf, &n, len < sizeof(n) ? len : sizeof(n));
    return len;
}

static void send_next(struct pair *p, struct dtt_now now)
{
    uint8_t buf[10 * SEGMENT];
    size_t len = fill(p->n, buf);
    p->sent_ns = now.mono_ns;
    (void)dtt_relay_stream_send(p->a.relay, now, &p->b.id, SEGMENT, dtt_slice(buf, len));
}

static void on_datagrams(struct side *s, struct dtt_now now, const struct dtt_relay_event *e)
{
    struct pair *p = s->of;
    uint8_t buf[10 * SEGMENT];
    if (s == &p->b) {
        (void)dtt_relay_stream_send(s->relay, now, &e->id, e->segment, e->data);
        return;
    }
    size_t len = fill(p->n, buf);
    if (dtt_slice_eq(e->data, dtt_slice(buf, len)) &&
        memcmp(&e->id, &p->b.id, sizeof(e->id)) == 0) {
        p->n++;
        if (p->n == p->wanted / 2) {
            puts("half");
            fflush(stdout);
        }
        send_next(p, now);
    }
}

static void on_event(void *user, struct dtt_now now, const struct dtt_relay_event *e)
{
    struct side *s = user;
    switch (e->type) {
    case DTT_RELAY_EVENT_UP: s->is_open = true; break;
    case DTT_RELAY_EVENT_DOWN:
        s->is_open = false;
        printf("end %s: %s\n", dtt_relay_end_text(e->end), e->why);
        fflush(stdout);
        break;
    case DTT_RELAY_EVENT_DATAGRAMS: on_datagrams(s, now, e); break;
    default: break;
    }
}

static int start(struct side *s, struct pair *p, uint8_t seed, const char *url,
                 struct dtt_tls_trust *trust)
{
    s->of = p;
    memset(s->seed, seed, sizeof(s->seed));
    if (dtt_host_entropy(s->ctx.seed, sizeof(s->ctx.seed)) != DTT_OK) {
        return DTT_EIO;
    }
    dtt_ed25519_public_key(s->id.bytes, s->seed);
    struct dtt_relay_stream_config cfg = {.ctx = &s->ctx,
                                          .loop = &p->loop,
                                          .seed = s->seed,
                                          .url = url,
                                          .trust = trust,
                                          .user = s,
                                          .on_event = on_event};
    return dtt_relay_stream_new(&s->relay, dtt_host_now(), &cfg);
}

static void on_timer(uv_timer_t *timer)
{
    struct pair *p = timer->data;
    struct dtt_now now = dtt_host_now();
    dtt_relay_stream_tick(p->a.relay, now);
    dtt_relay_stream_tick(p->b.relay, now);
    if (p->a.is_open && p->b.is_open && now.mono_ns >= p->sent_ns + REPEAT_NS) {
        p->lost += p->sent_ns > 0;
        send_next(p, now);
    }
}

int main(int argc, char **argv)
{
    static struct pair p;
    struct dtt_tls_trust trust = {0};
    uv_timer_t timer = {.data = &p};
    if (argc != 4) {
        return 2;
    }
    trust.ca_file = argv[2];
    p.wanted = (uint32_t)strtoul(argv[3], NULL, 10);
    if (uv_loop_init(&p.loop) != 0 || start(&p.a, &p, 1, argv[1], &trust) != 0 ||
        start(&p.b, &p, 2, argv[1], &trust) != 0) {
        return 2;
    }
    uint64_t begin_ns = dtt_host_now().mono_ns, end_ns = begin_ns + PATIENCE_NS;
    uv_timer_init(&p.loop, &timer);
    uv_timer_start(&timer, on_timer, 0, 20);
    while (p.n < p.wanted && dtt_host_now().mono_ns < end_ns) {
        uv_run(&p.loop, UV_RUN_ONCE);
    }
    bool is_done = p.n >= p.wanted;
    printf("%s %u %llu %u\n", is_done ? "ok" : "not all came back:", p.n,
           (unsigned long long)(dtt_relay_rtt_ns(dtt_relay_stream_client(p.a.relay)) / DTT_US),
           p.lost);
    dtt_relay_stream_free(p.a.relay);
    dtt_relay_stream_free(p.b.relay);
    return is_done ? 0 : 1;
}
