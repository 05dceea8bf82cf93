/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "relay/relay.h"

#include "base/buffer.h"
#include "base/rng.h"
#include "base/trace.h"
#include "codec/url.h"
#include "relay/auth.h"
#include "relay/frame.h"
#include "relay/upgrade.h"
#include "relay/websocket.h"

#include <stdio.h>
#include <stdlib.h>

struct dtt_relay {
    struct dtt_ctx *ctx;
    const uint8_t *seed;
    char authority[DTT_URL_MAX], query[DTT_URL_MAX];
    struct dtt_rng rng;
    enum dtt_relay_state state;
    uint64_t deadline_ns;  /* of all states but OPEN */
    uint64_t ping_ns;      /* of OPEN: when to ping; DTT_NEVER: a pong is awaited */
    uint64_t pong_by_ns;   /* its deadline; DTT_NEVER: none is awaited, or the ping waits here */
    uint64_t ping_sent_ns; /* when it left */
    uint64_t rtt_ns;       /* 0: not measured */
    uint64_t started_ns;   /* when the last try began */
    uint64_t lost_ns;      /* when a connection that had worked ended; 0: none has */
    unsigned n_failed;     /* tries since the last pong */
    bool is_challenged;    /* a challenge was answered: there is one a connection */
    size_t ping_ahead;     /* bytes of `out` up to the end of the ping; 0: it has left */
    uint8_t ping[DTT_RELAY_PING_BYTES];
    struct dtt_upgrade upgrade;
    struct dtt_websocket *websocket; /* from AUTHENTICATING on */
    struct dtt_buffer out;
    bool wants_connect, wants_disconnect, has_up, has_down; /* events that wait */
    enum dtt_relay_end end;
    char why[DTT_RELAY_WHY_MAX];
};

/* ---------------------------------------------------------------- the end */

/* A random part of the pause, so that the clients of a relay do not all come back at once. */
static uint64_t jitter(struct dtt_relay *r, uint64_t pause_ns)
{
    return pause_ns / 2 + dtt_rng_below(&r->rng, pause_ns / 2 + 1);
}

/* When to try again. A pong was a sign of life, and how often such a connection ends does not
 * count: anybody who knows our id can end it (relay_wire.h). */
static uint64_t retry_ns(struct dtt_relay *r, struct dtt_now now, enum dtt_relay_end end)
{
    if (r->n_failed == 0) {
        r->lost_ns = now.mono_ns;
        uint64_t again_ns = r->started_ns + DTT_RELAY_AGAIN_NS;
        return again_ns > now.mono_ns ? again_ns : now.mono_ns;
    }
    bool is_no = end == DTT_RELAY_END_DENIED || end == DTT_RELAY_END_REFUSED;
    uint64_t first_ns = is_no ? DTT_RELAY_DENIED_NS : DTT_RELAY_RETRY_NS;
    bool is_soon = r->lost_ns != 0 && now.mono_ns - r->lost_ns < DTT_RELAY_SOON_NS;
    uint64_t max_ns = is_no     ? DTT_RELAY_DENIED_MAX_NS
                      : is_soon ? DTT_RELAY_RETRY_SOON_NS
                                : DTT_RELAY_RETRY_MAX_NS;
    return now.mono_ns + jitter(r, dtt_doubled_ns(first_ns, r->n_failed - 1, max_ns));
}

/* Only what may be shown: the relay chose the bytes. */
static void set_why(struct dtt_relay *r, struct dtt_slice text)
{
    size_t len = text.len < sizeof(r->why) - 1 ? text.len : sizeof(r->why) - 1;
    for (size_t i = 0; i < len; i++) {
        r->why[i] = (char)(text.data[i] >= ' ' && text.data[i] < 0x7f ? text.data[i] : '?');
    }
    r->why[len] = '\0';
}

static void end_saying(struct dtt_relay *r, struct dtt_now now, enum dtt_relay_end end,
                       struct dtt_slice why)
{
    if (r->state == DTT_RELAY_STATE_WAITING) {
        return;
    }
    set_why(r, why); /* which may be bytes of the message at hand */
    dtt_websocket_free(r->websocket);
    r->websocket = NULL;
    dtt_buffer_clear(&r->out);
    r->wants_disconnect = end != DTT_RELAY_END_STREAM && !r->wants_connect;
    r->wants_connect = r->has_up = false;
    r->has_down = true;
    r->end = end;
    r->state = DTT_RELAY_STATE_WAITING;
    r->deadline_ns = retry_ns(r, now, end);
    DTT_TRACE(r->ctx, RELAY_DOWN, dtt_tv_text(r->authority), dtt_tv_text(dtt_relay_end_text(end)),
              dtt_tv_text(r->why));
}

static void end(struct dtt_relay *r, struct dtt_now now, enum dtt_relay_end end, const char *why)
{
    end_saying(r, now, end, dtt_slice(why, strlen(why)));
}

/* ---------------------------------------------------------------- sending */

/* A frame of the protocol's own: it may use the reserve, as answers to pings of WebSocket do. */
static void send_control(struct dtt_relay *r, struct dtt_now now, struct dtt_slice frame)
{
    if (dtt_websocket_send(r->websocket, frame, dtt_slice(NULL, 0)) != DTT_OK) {
        end(r, now, DTT_RELAY_END_FLOOD, "");
    }
}

static void send_ping(struct dtt_relay *r, struct dtt_now now, enum dtt_relay_frame_type type,
                      const uint8_t data[DTT_RELAY_PING_BYTES])
{
    uint8_t frame[1 + DTT_RELAY_PING_BYTES];
    struct dtt_writer w = dtt_writer(frame, sizeof(frame));
    dtt_relay_frame_write_ping(&w, type, data);
    send_control(r, now, dtt_slice(frame, w.len));
}

static bool awaits_pong(const struct dtt_relay *r)
{
    return r->state == DTT_RELAY_STATE_OPEN && r->ping_ns == DTT_NEVER;
}

/* The time of its pong runs when it has left. */
static void ping(struct dtt_relay *r, struct dtt_now now)
{
    dtt_rng_bytes(&r->rng, r->ping, sizeof(r->ping));
    r->ping_ns = r->pong_by_ns = DTT_NEVER;
    r->ping_sent_ns = now.mono_ns;
    send_ping(r, now, DTT_RELAY_PING, r->ping);
    r->ping_ahead = r->out.len;
}

int dtt_relay_send(struct dtt_relay *r, const struct dtt_id *to, size_t segment,
                   struct dtt_slice datagrams)
{
    uint8_t head[DTT_RELAY_DATAGRAM_HEAD_MAX];
    struct dtt_writer w = dtt_writer(head, sizeof(head));
    if (datagrams.len == 0 || segment == 0 || datagrams.len > DTT_RELAY_FRAME_MAX - sizeof(head) ||
        (datagrams.len - 1) / segment >= DTT_RELAY_SEGMENTS_MAX) {
        return DTT_EINVAL;
    }
    dtt_relay_frame_write_head(&w, to, segment, datagrams.len);
    size_t costs = w.len + datagrams.len + DTT_WEBSOCKET_OVERHEAD;
    if (r->state != DTT_RELAY_STATE_OPEN || r->out.len + costs > DTT_RELAY_OUT_MAX ||
        dtt_websocket_send(r->websocket, dtt_slice(head, w.len), datagrams) != DTT_OK) {
        DTT_COUNT(r->ctx, RELAY_TX_DROPPED);
        return DTT_EAGAIN;
    }
    DTT_COUNT(r->ctx, RELAY_TX);
    return DTT_OK;
}

struct dtt_slice dtt_relay_output(const struct dtt_relay *r)
{
    return dtt_slice(r->out.data, r->out.len);
}

static uint64_t pong_wait_ns(const struct dtt_relay *r, bool is_slow)
{
    uint64_t wait_ns = r->rtt_ns ? 3 * r->rtt_ns : DTT_RELAY_PONG_MAX_NS;
    if (is_slow) {
        return DTT_RELAY_PONG_SLOW_NS;
    }
    wait_ns = dtt_min_ns(wait_ns, DTT_RELAY_PONG_MAX_NS);
    return wait_ns < DTT_RELAY_PONG_MIN_NS ? DTT_RELAY_PONG_MIN_NS : wait_ns;
}

void dtt_relay_sent(struct dtt_relay *r, struct dtt_now now, size_t n)
{
    bool was_here = r->ping_ahead > 0;
    dtt_buffer_take(&r->out, n);
    r->ping_ahead = n < r->ping_ahead ? r->ping_ahead - n : 0;
    if (!awaits_pong(r) || r->ping_ahead > 0) {
        return;
    }
    bool is_slow = r->out.len > 0 || (was_here && now.mono_ns > r->ping_sent_ns);
    if (was_here || is_slow) { /* who takes what waits, little by little, is there */
        r->ping_sent_ns = was_here ? now.mono_ns : r->ping_sent_ns;
        r->pong_by_ns = now.mono_ns + pong_wait_ns(r, is_slow);
    }
}

/* ------------------------------------------------------------- connecting */

void dtt_relay_connected(struct dtt_relay *r, struct dtt_now now,
                         const uint8_t material[DTT_RELAY_MATERIAL_BYTES])
{
    char auth[DTT_RELAY_AUTH_TEXT_MAX], text[DTT_UPGRADE_REQUEST_MAX];
    struct dtt_writer w = dtt_writer(text, sizeof(text));
    struct dtt_upgrade_request request = {.authority = r->authority, .query = r->query};
    if (r->state != DTT_RELAY_STATE_CONNECTING) {
        return;
    }
    if (material) {
        dtt_relay_auth_field(auth, r->seed, material);
        request.auth = auth;
    }
    dtt_rng_bytes(&r->rng, request.key, sizeof(request.key));
    dtt_upgrade_write(&w, &request);
    dtt_upgrade_init(&r->upgrade, request.key);
    r->state = DTT_RELAY_STATE_UPGRADING;
    if (!dtt_buffer_append(&r->out, dtt_slice(text, w.len))) {
        end(r, now, DTT_RELAY_END_MEMORY, "");
    }
}

void dtt_relay_disconnected(struct dtt_relay *r, struct dtt_now now, const char *why)
{
    end(r, now, DTT_RELAY_END_STREAM, why);
}

/* The head of the answer is complete. */
static void upgraded(struct dtt_relay *r, struct dtt_now now)
{
    const struct dtt_upgrade *u = &r->upgrade;
    char why[48];
    snprintf(why, sizeof(why), "it answers with HTTP status %u", u->head.status);
    if (u->head.status >= 400) {
        end(r, now, DTT_RELAY_END_REFUSED, why);
    } else if (u->head.status != 101 || !u->is_websocket || !u->is_accepted || u->version == 0) {
        end(r, now, DTT_RELAY_END_NO_RELAY, why);
    } else if (dtt_websocket_new(&r->websocket, &r->rng, &r->out, DTT_RELAY_MESSAGE_MAX) !=
               DTT_OK) {
        end(r, now, DTT_RELAY_END_MEMORY, "");
    } else {
        r->state = DTT_RELAY_STATE_AUTHENTICATING;
        r->is_challenged = false;
    }
}

void dtt_relay_recv(struct dtt_relay *r, struct dtt_now now, struct dtt_slice bytes)
{
    if (r->state == DTT_RELAY_STATE_UPGRADING) {
        int n = dtt_upgrade_recv(&r->upgrade, bytes);
        if (n < 0) {
            end(r, now, DTT_RELAY_END_NO_RELAY, "it does not speak HTTP");
            return;
        }
        bytes = dtt_slice(bytes.data + n, bytes.len - (size_t)n);
        if (r->upgrade.is_over) {
            upgraded(r, now);
        }
    }
    if (r->websocket) {
        dtt_websocket_recv(r->websocket, bytes);
    }
}

static void become_open(struct dtt_relay *r, struct dtt_now now)
{
    r->state = DTT_RELAY_STATE_OPEN;
    r->has_up = true;
    r->rtt_ns = 0;
    DTT_TRACE(r->ctx, RELAY_UP, dtt_tv_text(r->authority),
              dtt_tv_int((int64_t)((now.mono_ns - r->started_ns) / DTT_MS)));
    ping(r, now);
}

static void authenticate(struct dtt_relay *r, struct dtt_now now, const struct dtt_relay_frame *f)
{
    uint8_t answer[DTT_RELAY_AUTH_FRAME_BYTES];
    struct dtt_writer w = dtt_writer(answer, sizeof(answer));
    switch (f->type) {
    case DTT_RELAY_SERVER_CONFIRMS: become_open(r, now); break;
    case DTT_RELAY_SERVER_DENIES: end_saying(r, now, DTT_RELAY_END_DENIED, f->data); break;
    case DTT_RELAY_SERVER_CHALLENGE:
        if (r->is_challenged) {
            end(r, now, DTT_RELAY_END_PROTOCOL, "a second challenge");
            break;
        }
        r->is_challenged = true;
        dtt_relay_auth_answer(&w, r->seed, f->data.data);
        send_control(r, now, dtt_slice(answer, w.len));
        break;
    default: end(r, now, DTT_RELAY_END_PROTOCOL, "a frame before its time"); break;
    }
}

/* ----------------------------------------------------------------- frames */

static bool take_pong(struct dtt_relay *r, struct dtt_now now, struct dtt_slice data)
{
    if (!awaits_pong(r) || !dtt_slice_eq(data, dtt_slice(r->ping, sizeof(r->ping)))) {
        DTT_COUNT(r->ctx, RELAY_RX_USELESS);
        return false;
    }
    r->pong_by_ns = DTT_NEVER;
    r->ping_ns = now.mono_ns + DTT_RELAY_PING_NS;
    r->rtt_ns = now.mono_ns > r->ping_sent_ns ? now.mono_ns - r->ping_sent_ns : 1;
    r->n_failed = 0;
    return true;
}

static bool take_datagrams(struct dtt_relay *r, const struct dtt_relay_frame *f,
                           struct dtt_relay_event *ret)
{
    if (f->data.len == 0 || (f->data.len - 1) / f->segment >= DTT_RELAY_SEGMENTS_MAX) {
        DTT_COUNT(r->ctx, RELAY_RX_USELESS);
        return false;
    }
    DTT_COUNT(r->ctx, RELAY_RX);
    ret->type = DTT_RELAY_EVENT_DATAGRAMS;
    ret->id = f->id;
    ret->segment = f->segment;
    ret->data = f->data;
    return true;
}

/* Of version 1 there are texts for people only, and of them this one counts. */
static uint8_t status_of_health(struct dtt_slice text)
{
    static const char same[] = "Another endpoint connected with the same endpoint id";
    bool is_same = text.len >= sizeof(same) - 1 && memcmp(text.data, same, sizeof(same) - 1) == 0;
    return is_same ? DTT_RELAY_STATUS_SAME_ID : DTT_RELAY_STATUS_HEALTHY;
}

/* A frame of an open connection: whether it makes an event. */
static bool take_frame(struct dtt_relay *r, struct dtt_now now, const struct dtt_relay_frame *f,
                       struct dtt_relay_event *ret)
{
    switch (f->type) {
    case DTT_RELAY_SERVER_DATAGRAM:
    case DTT_RELAY_SERVER_DATAGRAMS: return take_datagrams(r, f, ret);
    case DTT_RELAY_PING: send_ping(r, now, DTT_RELAY_PONG, f->data.data); return false;
    case DTT_RELAY_PONG: ret->type = DTT_RELAY_EVENT_PONG; return take_pong(r, now, f->data);
    case DTT_RELAY_ENDPOINT_GONE:
        ret->type = DTT_RELAY_EVENT_GONE;
        ret->id = f->id;
        return true;
    case DTT_RELAY_STATUS:
    case DTT_RELAY_HEALTH:
        ret->type = DTT_RELAY_EVENT_STATUS;
        ret->status = f->type == DTT_RELAY_STATUS ? f->status : status_of_health(f->data);
        return true;
    case DTT_RELAY_RESTARTING: return false; /* as iroh: the end will tell, and no pause helps */
    default: end(r, now, DTT_RELAY_END_PROTOCOL, "a frame after its time"); return false;
    }
}

static enum dtt_relay_end end_of(int err)
{
    switch (err) {
    case DTT_ECLOSED: return DTT_RELAY_END_CLOSED;
    case DTT_EFULL: return DTT_RELAY_END_FLOOD;
    case DTT_ENOMEM: return DTT_RELAY_END_MEMORY;
    default: return DTT_RELAY_END_PROTOCOL;
    }
}

/* Reads messages until one makes an event. */
static bool read_messages(struct dtt_relay *r, struct dtt_now now, struct dtt_relay_event *ret)
{
    struct dtt_slice message;
    struct dtt_relay_frame f;
    while (r->websocket) {
        int n = dtt_websocket_next(r->websocket, &message);
        if (n == 0) {
            return false;
        }
        if (n < 0) {
            end(r, now, end_of(n), "");
        } else if (dtt_relay_frame_read(message, r->upgrade.version, &f) != DTT_OK) {
            DTT_COUNT(r->ctx, RELAY_RX_MALFORMED);
            end(r, now, DTT_RELAY_END_PROTOCOL, "a frame that cannot be read");
        } else if (r->state == DTT_RELAY_STATE_AUTHENTICATING) {
            authenticate(r, now, &f);
            if (r->has_up) {
                return false; /* and comes before what follows it */
            }
        } else {
            if (!awaits_pong(r)) {
                r->ping_ns = now.mono_ns + DTT_RELAY_PING_NS;
            }
            if (take_frame(r, now, &f, ret)) {
                return true;
            }
        }
    }
    return false;
}

static bool take_flag(bool *flag, enum dtt_relay_event_type type, struct dtt_relay_event *ret)
{
    bool is_set = *flag;
    *flag = false;
    ret->type = type;
    return is_set;
}

static bool next_flag(struct dtt_relay *r, struct dtt_relay_event *ret)
{
    if (take_flag(&r->wants_disconnect, DTT_RELAY_EVENT_DISCONNECT, ret) ||
        take_flag(&r->wants_connect, DTT_RELAY_EVENT_CONNECT, ret) ||
        take_flag(&r->has_up, DTT_RELAY_EVENT_UP, ret)) {
        return true;
    }
    if (take_flag(&r->has_down, DTT_RELAY_EVENT_DOWN, ret)) {
        ret->end = r->end;
        ret->why = r->why;
        return true;
    }
    return false;
}

bool dtt_relay_next(struct dtt_relay *r, struct dtt_now now, struct dtt_relay_event *ret)
{
    *ret = (struct dtt_relay_event){.why = ""};
    enum dtt_relay_state before;
    do {
        before = r->state;
        if (next_flag(r, ret) || read_messages(r, now, ret)) {
            return true;
        }
    } while (r->state != before);
    return false;
}

/* ------------------------------------------------------------------- time */

static void start(struct dtt_relay *r, struct dtt_now now)
{
    r->state = DTT_RELAY_STATE_CONNECTING;
    r->deadline_ns = now.mono_ns + DTT_RELAY_OPEN_NS;
    r->started_ns = now.mono_ns;
    r->n_failed++;
    r->ping_ahead = 0;
    r->ping_ns = r->pong_by_ns = DTT_NEVER;
    r->wants_connect = true;
}

uint64_t dtt_relay_deadline(const struct dtt_relay *r)
{
    return r->state == DTT_RELAY_STATE_OPEN ? dtt_min_ns(r->ping_ns, r->pong_by_ns)
                                            : r->deadline_ns;
}

void dtt_relay_tick(struct dtt_relay *r, struct dtt_now now)
{
    static const char *const waits[] = {
        [DTT_RELAY_STATE_CONNECTING] = "there is no connection",
        [DTT_RELAY_STATE_UPGRADING] = "there is no answer to the request",
        [DTT_RELAY_STATE_AUTHENTICATING] = "it says neither yes nor no",
    };
    if (dtt_relay_deadline(r) > now.mono_ns) {
        return;
    }
    switch (r->state) {
    case DTT_RELAY_STATE_WAITING: start(r, now); break;
    case DTT_RELAY_STATE_OPEN:
        if (r->pong_by_ns <= now.mono_ns) {
            end(r, now, DTT_RELAY_END_NO_PONG, "");
        } else {
            ping(r, now);
        }
        break;
    default: end(r, now, DTT_RELAY_END_TIMEOUT, waits[r->state]); break;
    }
}

void dtt_relay_moved(struct dtt_relay *r, struct dtt_now now)
{
    if (r->state == DTT_RELAY_STATE_WAITING) {
        r->deadline_ns = now.mono_ns;
    } else if (r->state == DTT_RELAY_STATE_OPEN && !awaits_pong(r)) {
        ping(r, now);
    }
}

/* ------------------------------------------------------------------- life */

int dtt_relay_new(struct dtt_relay **ret, struct dtt_now now, const struct dtt_relay_config *cfg)
{
    char label[DTT_URL_MAX + 8];
    if (strlen(cfg->authority) >= DTT_URL_MAX || strlen(cfg->query) >= DTT_URL_MAX) {
        return DTT_EINVAL;
    }
    struct dtt_relay *r = calloc(1, sizeof(*r));
    if (!r) {
        return DTT_ENOMEM;
    }
    r->ctx = cfg->ctx;
    r->seed = cfg->seed;
    r->out.max = DTT_RELAY_OUT_MAX + DTT_RELAY_OUT_RESERVE;
    snprintf(r->authority, sizeof(r->authority), "%s", cfg->authority);
    snprintf(r->query, sizeof(r->query), "%s", cfg->query);
    snprintf(label, sizeof(label), "relay %s", cfg->authority);
    dtt_rng_init(&r->rng, cfg->ctx->seed, label);
    r->deadline_ns = now.mono_ns;
    *ret = r;
    return DTT_OK;
}

void dtt_relay_free(struct dtt_relay *r)
{
    if (r) {
        dtt_websocket_free(r->websocket);
        dtt_buffer_clear(&r->out);
        dtt_rng_fini(&r->rng);
        free(r);
    }
}

enum dtt_relay_state dtt_relay_state(const struct dtt_relay *r)
{
    return r->state;
}

uint64_t dtt_relay_rtt_ns(const struct dtt_relay *r)
{
    return r->rtt_ns;
}

const char *dtt_relay_end_text(enum dtt_relay_end end)
{
    static const char *const texts[] = {
#define X(name, text, advice) [name] = text,
        DTT_RELAY_ENDS(X)
#undef X
    };
    return texts[end];
}

const char *dtt_relay_end_advice(enum dtt_relay_end end)
{
    static const char *const advices[] = {
#define X(name, text, advice) [name] = advice,
        DTT_RELAY_ENDS(X)
#undef X
    };
    return advices[end];
}
