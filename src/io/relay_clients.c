/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/relay_clients.h"

#include "node/core_relays.h"

#include <sodium.h>
#include <stdio.h>

static void on_up(struct dtt_relay_client *c, struct dtt_now now)
{
    if (!c->serial) {
        c->of->scopes |= 1u << dtt_relay_stream_scope(c->stream);
    }
    dtt_core_relays_set_up(c->of->core, now, c->number, true);
}

/* The relay is lost, and why. */
static void on_down(struct dtt_relay_client *c, struct dtt_now now,
                    const struct dtt_relay_event *event)
{
    struct dtt_relays_trouble trouble = {.what = dtt_relay_end_text(event->end),
                                         .advice = dtt_relay_end_advice(event->end)};
    snprintf(trouble.detail, sizeof(trouble.detail), "%s", event->why);
    dtt_core_relays_set_up(c->of->core, now, c->number, false);
    dtt_core_relays_set_trouble(c->of->core, now, c->number, &trouble);
}

/* One that only reads more slowly serves still. */
static void on_status(struct dtt_relay_client *c, struct dtt_now now, uint8_t status)
{
    static const struct dtt_relays_trouble same_id = {
        .what = "another program has this node's endpoint id there, and gets what is sent to it",
        .advice = "give each its own identity"};
    static const struct dtt_relays_trouble none = {0};
    if (status == DTT_RELAY_STATUS_SAME_ID || status == DTT_RELAY_STATUS_HEALTHY) {
        dtt_core_relays_set_trouble(c->of->core, now, c->number,
                                    status == DTT_RELAY_STATUS_SAME_ID ? &same_id : &none);
    }
}

static void on_event(void *user, struct dtt_now now, const struct dtt_relay_event *event)
{
    struct dtt_relay_client *c = user;
    struct dtt_core *core = c->of->core;
    if (c->serial != dtt_core_relays_foreign(core, c->number)->serial) {
        return; /* it is left, and run closes it */
    }
    switch (event->type) {
    case DTT_RELAY_EVENT_UP: on_up(c, now); break;
    case DTT_RELAY_EVENT_DOWN: on_down(c, now, event); break;
    case DTT_RELAY_EVENT_STATUS: on_status(c, now, event->status); return; /* nothing to hand on */
    case DTT_RELAY_EVENT_PONG:
        dtt_core_relays_set_rtt(core, now, c->number,
                                dtt_relay_rtt_ns(dtt_relay_stream_client(c->stream)));
        break;
    case DTT_RELAY_EVENT_DATAGRAMS:
        dtt_core_relays_recv(core, now, c->number, &event->id, event->segment, event->data);
        return; /* on_read */
    default: return;
    }
    *c->of->is_stale = true; /* the core has something to hand on */
}

/* Received stream bytes wait in QUIC until they are routed: do so before reading on, but not for
 * each datagram, of which a block may have hundreds. */
static void on_read(void *user, struct dtt_now now)
{
    struct dtt_relay_client *c = user;
    dtt_core_run(c->of->core, now);
}

/* `serial`: 0 for a given relay. */
static int open_client(struct dtt_relay_clients *x, struct dtt_now now, size_t i, const char *url,
                       uint32_t serial)
{
    struct dtt_relay_client *c = &x->list[i];
    *c = (struct dtt_relay_client){.of = x, .number = i, .serial = serial};
    const struct dtt_relay_stream_config cfg = {.ctx = x->ctx,
                                                .loop = x->loop,
                                                .is_stale = x->is_stale,
                                                .seed = x->seed,
                                                .url = url,
                                                .trust = x->trust,
                                                .scopes = serial ? x->scopes : 0,
                                                .user = c,
                                                .on_event = on_event,
                                                .on_read = on_read};
    return dtt_relay_stream_new(&c->stream, now, &cfg);
}

/* Without memory the place stays as it is until the core takes it back. */
static void follow(struct dtt_relay_clients *x, struct dtt_now now, size_t i)
{
    const struct dtt_relays_one *one = dtt_core_relays_foreign(x->core, i);
    struct dtt_relay_client *c = &x->list[i];
    if (c->serial == one->serial) {
        return;
    }
    dtt_relay_stream_free(c->stream);
    *c = (struct dtt_relay_client){.serial = one->serial};
    if (one->serial) {
        (void)open_client(x, now, i, one->url, one->serial);
    }
    *x->is_stale = true;
}

int dtt_relay_clients_init(struct dtt_relay_clients *x, struct dtt_now now,
                           const uint8_t seed[DTT_SEED_BYTES], const char *const *urls, size_t n)
{
    int err = DTT_OK;
    memcpy(x->seed, seed, sizeof(x->seed));
    x->scopes = 1u << DTT_SCOPE_GLOBAL;
    for (size_t i = 0; i < n && !err; i++) {
        err = open_client(x, now, i, urls[i], 0);
    }
    return err;
}

void dtt_relay_clients_run(struct dtt_relay_clients *x, struct dtt_now now)
{
    size_t doubted;
    for (size_t i = DTT_RELAYS_MAX; i < DTT_RELAYS_PLACES; i++) {
        follow(x, now, i);
    }
    while (dtt_core_relays_next_doubted(x->core, &doubted)) {
        dtt_relay_stream_moved(x->list[doubted].stream, now);
    }
    for (size_t i = 0; i < DTT_RELAYS_PLACES; i++) {
        if (x->list[i].stream && dtt_relay_stream_deadline(x->list[i].stream) <= now.mono_ns) {
            dtt_relay_stream_tick(x->list[i].stream, now);
        }
    }
}

void dtt_relay_clients_send(struct dtt_relay_clients *x, struct dtt_now now,
                            const struct dtt_core_packet *packet)
{
    (void)dtt_relay_stream_send(x->list[packet->relay].stream, now, &packet->peer, packet->segment,
                                packet->data);
}

uint64_t dtt_relay_clients_deadline(const struct dtt_relay_clients *x)
{
    uint64_t t = DTT_NEVER;
    for (size_t i = 0; i < DTT_RELAYS_PLACES; i++) {
        t = x->list[i].stream ? dtt_min_ns(t, dtt_relay_stream_deadline(x->list[i].stream)) : t;
    }
    return t;
}

void dtt_relay_clients_fini(struct dtt_relay_clients *x)
{
    for (size_t i = 0; i < DTT_RELAYS_PLACES; i++) {
        dtt_relay_stream_free(x->list[i].stream);
        x->list[i].stream = NULL;
    }
    sodium_memzero(x->seed, sizeof(x->seed));
}
