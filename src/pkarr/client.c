/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pkarr/client.h"

#include "base/rng.h"
#include "codec/http.h"
#include "codec/text.h"

#include <stdio.h>
#include <stdlib.h>

/* Path and Host of a URL, the other fields, and a packet. */
#define REQUEST_MAX (2 * DTT_URL_MAX + 512 + DTT_PKARR_SIGNED_MAX)
#define STATUS_OK 200
#define STATUS_NOT_FOUND 404
#define STATUS_TOO_MANY 429

enum server_state { SERVER_IDLE, SERVER_WAITING, SERVER_READING, SERVER_WRITING };

struct server {
    char text[DTT_URL_MAX];
    struct dtt_url url;
    enum server_state state;
    bool is_old;       /* WRITING: what is being written has been replaced meanwhile */
    uint64_t due_ns;   /* WAITING */
    uint64_t pause_ns; /* after the last failure; 0: there was none since a success */
    uint64_t rest_ns;  /* before then nothing is asked: it said that it had too much */
};

enum exchange_state {
    EXCHANGE_QUEUED, /* the driver is to open a stream */
    EXCHANGE_OPEN,   /* it has been told */
    EXCHANGE_OVER    /* of a question: the event waits */
};

struct exchange {
    enum exchange_state state;
    uint32_t number;
    struct server *server;
    bool is_question; /* for another's packet, not for ours */
    struct dtt_id id;
    uint64_t until_ns;
    size_t request_len;
    uint8_t request[REQUEST_MAX];
    struct dtt_http_answer answer;
    uint8_t body[DTT_PKARR_SIGNED_MAX];
};

struct dtt_pkarr_client {
    struct dtt_ctx *ctx;
    struct dtt_rng rng;
    struct dtt_id id;
    const uint8_t *seed;
    size_t n_servers;
    struct server servers[DTT_PKARR_SERVERS];
    size_t packet_len; /* 0: nothing is published */
    uint8_t packet[DTT_PKARR_PACKET_MAX];
    int64_t last_us; /* the latest date of ours, written by this process or found */
    uint32_t last_number;
    struct exchange *exchanges[DTT_PKARR_EXCHANGES]; /* NULL: free */
    struct exchange *told;                           /* the event that was handed out last */
};

int dtt_pkarr_client_new(struct dtt_pkarr_client **ret, const struct dtt_pkarr_client_config *cfg)
{
    struct dtt_pkarr_client *c = calloc(1, sizeof(*c));
    if (!c) {
        return DTT_ENOMEM;
    }
    c->ctx = cfg->ctx;
    c->id = cfg->id;
    c->seed = cfg->seed;
    dtt_rng_init(&c->rng, c->ctx->seed, "pkarr");
    for (; c->n_servers < cfg->n_urls; c->n_servers++) {
        struct server *s = &c->servers[c->n_servers];
        const char *text = cfg->urls[c->n_servers];
        dtt_url_parse(text, &s->url);
        memcpy(s->text, text, strlen(text) + 1);
    }
    *ret = c;
    return DTT_OK;
}

/* The place of an exchange is free; the exchange itself is the caller's. */
static void leave_place(struct dtt_pkarr_client *c, const struct exchange *x)
{
    for (size_t i = 0; i < DTT_PKARR_EXCHANGES; i++) {
        if (c->exchanges[i] == x) {
            c->exchanges[i] = NULL;
        }
    }
}

void dtt_pkarr_client_free(struct dtt_pkarr_client *c)
{
    if (!c) {
        return;
    }
    for (size_t i = 0; i < DTT_PKARR_EXCHANGES; i++) {
        free(c->exchanges[i]);
    }
    dtt_rng_fini(&c->rng);
    free(c);
}

static struct exchange *find(const struct dtt_pkarr_client *c, uint32_t number)
{
    for (size_t i = 0; i < DTT_PKARR_EXCHANGES; i++) {
        struct exchange *x = c->exchanges[i];
        if (x && x->number == number && x->state != EXCHANGE_OVER) {
            return x;
        }
    }
    return NULL;
}

/* ---- requests */

static void write_request(struct exchange *x, const char *method, struct dtt_slice body)
{
    const struct dtt_url *url = &x->server->url;
    struct dtt_writer w = dtt_writer(x->request, sizeof(x->request));
    char key[DTT_BASE32_LEN(DTT_ID_BYTES) + 1];
    char length[24];
    dtt_zbase32_encode(key, dtt_slice(x->id.bytes, sizeof(x->id.bytes)));
    dtt_write_text(&w, method);
    dtt_write_text(&w, " ");
    dtt_write_text(&w, url->path);
    dtt_write_text(&w, "/");
    dtt_write_text(&w, key);
    dtt_write_text(&w, " HTTP/1.1\r\n");
    dtt_http_write_field(&w, "Host", url->authority);
    dtt_http_write_field(&w, "Connection", "close");
    if (body.len > 0) {
        snprintf(length, sizeof(length), "%zu", body.len);
        dtt_http_write_field(&w, "Content-Length", length);
        dtt_http_write_field(&w, "Content-Type", "application/x-pkarr-signed-packet");
    }
    dtt_write_text(&w, "\r\n");
    dtt_write_slice(&w, body);
    x->request_len = w.len;
}

/* Questions leave room for what keeps our own packet: one exchange a server. NULL: no room. */
static struct exchange *new_exchange(struct dtt_pkarr_client *c, struct dtt_now now,
                                     struct server *s, bool is_question, const struct dtt_id *id)
{
    size_t most = DTT_PKARR_EXCHANGES - (is_question ? DTT_PKARR_SERVERS : 0);
    for (size_t i = 0; i < most; i++) {
        struct exchange *x = c->exchanges[i] ? NULL : calloc(1, sizeof(*x));
        if (x) {
            *x = (struct exchange){.number = ++c->last_number,
                                   .server = s,
                                   .is_question = is_question,
                                   .id = *id,
                                   .until_ns = now.mono_ns + DTT_PKARR_PATIENCE_NS};
            dtt_http_answer_init(&x->answer, x->body, sizeof(x->body));
            c->exchanges[i] = x;
            return x;
        }
    }
    return NULL;
}

static void rest(struct server *s, struct dtt_now now, const struct dtt_http_answer *a)
{
    uint64_t ns = a->retry_after_s ? a->retry_after_s * DTT_S : DTT_PKARR_REST_NS;
    s->rest_ns = now.mono_ns + dtt_min_ns(ns, DTT_PKARR_REST_MAX_NS);
}

/* ---- our own packet */

/* By chance up to half as much later: several nodes may share a limit. */
static void try_later(struct dtt_pkarr_client *c, struct dtt_now now, struct server *s)
{
    s->pause_ns = dtt_next_pause_ns(s->pause_ns, DTT_PKARR_RETRY_NS, DTT_PKARR_RETRY_MAX_NS);
    uint64_t from = now.mono_ns + s->pause_ns;
    from = s->rest_ns > from ? s->rest_ns : from;
    s->due_ns = from + dtt_rng_below(&c->rng, s->pause_ns / 2);
    s->state = SERVER_WAITING;
}

static void on_failure(struct dtt_pkarr_client *c, struct dtt_now now, struct server *s,
                       const char *why)
{
    DTT_COUNT(c->ctx, PKARR_PUBLISH_FAILED);
    DTT_TRACE(c->ctx, PKARR_PUBLISH_FAILED, dtt_tv_text(s->text), dtt_tv_text(why));
    try_later(c, now, s);
}

static void read_own(struct dtt_pkarr_client *c, struct dtt_now now, struct server *s)
{
    struct exchange *x = new_exchange(c, now, s, false, &c->id);
    if (x) {
        write_request(x, "GET", dtt_slice(NULL, 0));
        s->state = SERVER_READING;
    } else {
        on_failure(c, now, s, "there is no memory");
    }
}

static void write_own(struct dtt_pkarr_client *c, struct dtt_now now, struct server *s)
{
    uint8_t buf[DTT_PKARR_SIGNED_MAX];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    int64_t now_us = now.wall_ns / (int64_t)DTT_US;
    if (c->packet_len == 0) {
        s->state = SERVER_IDLE;
        return;
    }
    struct exchange *x = new_exchange(c, now, s, false, &c->id);
    if (!x) {
        on_failure(c, now, s, "there is no memory");
        return;
    }
    c->last_us = now_us > c->last_us ? now_us : c->last_us + (c->last_us < INT64_MAX);
    const struct dtt_pkarr_signed packet = {.time_us = c->last_us,
                                            .packet = dtt_slice(c->packet, c->packet_len)};
    dtt_pkarr_signed_write(&w, c->seed, &packet);
    write_request(x, "PUT", dtt_slice(buf, w.len));
    s->state = SERVER_WRITING;
}

/* What stands under our id: nobody else can have signed it. */
static void on_own_read(struct dtt_pkarr_client *c, const struct exchange *x)
{
    struct dtt_pkarr_signed stored;
    if (x->answer.status != STATUS_OK) {
        return;
    }
    if (!dtt_pkarr_signed_read(dtt_slice(x->body, x->answer.body.len), &c->id, c->ctx->valid,
                               &stored)) {
        DTT_COUNT(c->ctx, PKARR_REFUSED);
    } else if (stored.time_us > c->last_us) {
        c->last_us = stored.time_us;
    }
}

static void on_own_written(struct dtt_pkarr_client *c, struct dtt_now now, struct server *s)
{
    DTT_COUNT(c->ctx, PKARR_PUBLISHED);
    DTT_TRACE(c->ctx, PKARR_PUBLISHED, dtt_tv_text(s->text));
    s->pause_ns = 0;
    s->due_ns = now.mono_ns;
    if (!s->is_old) {
        s->due_ns += DTT_PKARR_AGAIN_NS + dtt_rng_below(&c->rng, DTT_PKARR_AGAIN_JITTER_NS);
    }
    s->is_old = false;
    s->state = SERVER_WAITING;
}

/* The exchange is over; `why` NULL: the server has answered. */
static void on_own(struct dtt_pkarr_client *c, struct dtt_now now, const struct exchange *x,
                   const char *why)
{
    struct server *s = x->server;
    unsigned status = x->answer.status;
    char sentence[64];
    bool is_fine = s->state == SERVER_READING ? status == STATUS_OK || status == STATUS_NOT_FOUND
                                              : status / 100 == STATUS_OK / 100;
    if (!why && !is_fine) {
        snprintf(sentence, sizeof(sentence), "the server answers %u", status);
        why = sentence;
    }
    if (why) {
        on_failure(c, now, s, why);
    } else if (s->state == SERVER_READING) {
        on_own_read(c, x);
        write_own(c, now, s);
    } else {
        on_own_written(c, now, s);
    }
}

void dtt_pkarr_client_publish(struct dtt_pkarr_client *c, struct dtt_now now,
                              struct dtt_slice packet)
{
    if (dtt_slice_eq(packet, dtt_slice(c->packet, c->packet_len))) {
        return;
    }
    memcpy(c->packet, packet.data, packet.len);
    c->packet_len = packet.len;
    for (size_t i = 0; i < c->n_servers; i++) {
        struct server *s = &c->servers[i];
        s->is_old = s->state == SERVER_WRITING;
        if (s->state == SERVER_IDLE || s->state == SERVER_WAITING) {
            s->state = packet.len > 0 ? SERVER_WAITING : SERVER_IDLE;
            s->due_ns = now.mono_ns > s->rest_ns ? now.mono_ns : s->rest_ns;
        }
    }
}

/* ---- exchanges */

static void finish(struct dtt_pkarr_client *c, struct dtt_now now, struct exchange *x,
                   const char *why)
{
    if (!why && x->answer.status == STATUS_TOO_MANY) {
        rest(x->server, now, &x->answer);
    }
    if (!x->is_question) {
        leave_place(c, x); /* the next one needs it */
        on_own(c, now, x, why);
        free(x);
        return;
    }
    if (why) {
        DTT_COUNT(c->ctx, PKARR_UNANSWERED);
        DTT_TRACE(c->ctx, PKARR_UNANSWERED, dtt_tv_text(x->server->text), dtt_tv_text(why));
    }
    x->state = EXCHANGE_OVER;
}

unsigned dtt_pkarr_client_resolve(struct dtt_pkarr_client *c, struct dtt_now now,
                                  const struct dtt_id *id)
{
    unsigned n = 0;
    for (size_t i = 0; i < c->n_servers; i++) {
        struct server *s = &c->servers[i];
        struct exchange *x = s->rest_ns <= now.mono_ns ? new_exchange(c, now, s, true, id) : NULL;
        if (x) {
            write_request(x, "GET", dtt_slice(NULL, 0));
            n++;
        } else {
            DTT_COUNT(c->ctx, PKARR_SKIPPED);
        }
    }
    return n;
}

bool dtt_pkarr_client_next_request(struct dtt_pkarr_client *c, uint32_t *ret_number,
                                   const struct dtt_url **ret_url)
{
    for (size_t i = 0; i < DTT_PKARR_EXCHANGES; i++) {
        struct exchange *x = c->exchanges[i];
        if (x && x->state == EXCHANGE_QUEUED) {
            x->state = EXCHANGE_OPEN;
            *ret_number = x->number;
            *ret_url = &x->server->url;
            return true;
        }
    }
    return false;
}

struct dtt_slice dtt_pkarr_client_request(const struct dtt_pkarr_client *c, uint32_t number)
{
    const struct exchange *x = find(c, number);
    return x ? dtt_slice(x->request, x->request_len) : dtt_slice(NULL, 0);
}

/* Ends an exchange whose answer is there, or broken. */
static void look_at(struct dtt_pkarr_client *c, struct dtt_now now, struct exchange *x)
{
    if (dtt_http_answer_is_over(&x->answer)) {
        finish(c, now, x, x->answer.state == DTT_HTTP_BROKEN ? x->answer.why : NULL);
    }
}

void dtt_pkarr_client_recv(struct dtt_pkarr_client *c, struct dtt_now now, uint32_t number,
                           struct dtt_slice bytes)
{
    struct exchange *x = find(c, number);
    if (x) {
        dtt_http_answer_recv(&x->answer, bytes);
        look_at(c, now, x);
    }
}

void dtt_pkarr_client_ended(struct dtt_pkarr_client *c, struct dtt_now now, uint32_t number,
                            const char *why)
{
    struct exchange *x = find(c, number);
    if (x && why) {
        finish(c, now, x, why);
    } else if (x) {
        dtt_http_answer_end(&x->answer);
        look_at(c, now, x);
    }
}

uint64_t dtt_pkarr_client_deadline(const struct dtt_pkarr_client *c)
{
    uint64_t t = DTT_NEVER;
    for (size_t i = 0; i < c->n_servers; i++) {
        const struct server *s = &c->servers[i];
        t = s->state == SERVER_WAITING ? dtt_min_ns(t, s->due_ns) : t;
    }
    for (size_t i = 0; i < DTT_PKARR_EXCHANGES; i++) {
        const struct exchange *x = c->exchanges[i];
        if (x && x != c->told) {
            t = dtt_min_ns(t, x->state == EXCHANGE_OVER ? 0 : x->until_ns);
        }
    }
    return t;
}

void dtt_pkarr_client_tick(struct dtt_pkarr_client *c, struct dtt_now now)
{
    for (size_t i = 0; i < DTT_PKARR_EXCHANGES; i++) {
        struct exchange *x = c->exchanges[i];
        if (x && x->state != EXCHANGE_OVER && x->until_ns <= now.mono_ns) {
            finish(c, now, x, "the server does not answer");
        }
    }
    for (size_t i = 0; i < c->n_servers; i++) {
        struct server *s = &c->servers[i];
        if (s->state == SERVER_WAITING && s->due_ns <= now.mono_ns) {
            read_own(c, now, s);
        }
    }
}

bool dtt_pkarr_client_next_event(struct dtt_pkarr_client *c, struct dtt_pkarr_event *ret)
{
    if (c->told) {
        leave_place(c, c->told);
        free(c->told);
        c->told = NULL;
    }
    for (size_t i = 0; i < DTT_PKARR_EXCHANGES && !c->told; i++) {
        struct exchange *x = c->exchanges[i];
        c->told = x && x->state == EXCHANGE_OVER ? x : NULL;
    }
    if (!c->told) {
        return false;
    }
    const struct dtt_http_answer *a = &c->told->answer;
    bool is_answer = a->state == DTT_HTTP_DONE && a->status == STATUS_OK;
    *ret = (struct dtt_pkarr_event){.id = c->told->id};
    ret->is_found = is_answer && dtt_pkarr_signed_read(dtt_slice(c->told->body, a->body.len),
                                                       &ret->id, c->ctx->valid, &ret->found);
    DTT_COUNT_N(c->ctx, PKARR_REFUSED, is_answer && !ret->is_found);
    return true;
}
