/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "lan/lan.h"

#include "base/ring.h"
#include "lan/asks.h"
#include "lan/name.h"
#include "lan/sources.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#define MINUTE_NS (60 * DTT_S)
#define FAR 2 /* minutes before and after ours whose names are known: clocks differ */
#define MINUTES (2 * FAR + 1)
#define SEEN 64       /* values of a topic that need no second look */
#define VALUES 64     /* values that wait to be handed out */
#define ECHO_NS DTT_S /* by then a question of ours has come back to us */
#define RENEW_NS (3 * DTT_S)
#define HASH_BYTES 16
#define OPCODE_AND_ERROR 0x780f /* RFC 6762, 18.3 and 18.11: others are ignored */
#define ANSWER_TTL_S 60

enum answer_state {
    IDLE,
    WAITING, /* until due_ns: others may answer */
    WANTED,  /* there is no record, or none of our present addresses */
    SENDING  /* on the links in `links` */
};

/* What is known of one minute of a topic. */
struct answer {
    enum answer_state state;
    uint64_t minute;
    bool has_name; /* there is an encryption seed */
    struct dtt_dns_name name;
    dtt_lan_link_set links; /* on which it is asked for */
    uint64_t due_ns;
    unsigned heard; /* other members' records since it was asked for */
    bool is_told;   /* WANTED: it was handed out */
    bool is_stale;  /* the record; it is made anew, but not too often */
    uint64_t made_ns;
    size_t len; /* 0: no record */
    uint8_t value[DTT_RECORD_VALUE_MAX];
};

struct topic {
    uint32_t number;
    uint8_t topic[32];
    struct dtt_secret secret;
    struct answer minutes[MINUTES]; /* minute m: index m % MINUTES */
    struct dtt_lan_asks asks;
    uint16_t ask_id; /* of the last question, by which its echo is known */
    uint64_t n_seen;
    uint8_t seen[SEEN][HASH_BYTES];
};

struct dtt_lan {
    struct dtt_ctx *ctx;
    struct dtt_rng rng;
    uint64_t minute;
    uint64_t now_ns;
    size_t n_links;
    struct dtt_lan_link links[DTT_LAN_LINKS];
    struct dtt_bucket answers[DTT_LAN_LINKS];
    struct dtt_lan_sources sources;
    struct dtt_lan_iroh iroh;
    struct dtt_ring values; /* struct dtt_lan_event */
    size_t turn;            /* the topic after the one that sent last */
    size_t n_topics;
    struct topic *topics[DTT_LAN_TOPICS];
    uint8_t packet[DTT_LAN_PACKET_MAX];
};

/* ---- minutes */

static uint64_t next_turn_ns(struct dtt_now now)
{
    uint64_t into = now.wall_ns < 0 ? 0 : (uint64_t)now.wall_ns % MINUTE_NS;
    return dtt_add_ns(now.mono_ns, MINUTE_NS - into);
}

static dtt_lan_link_set all_links(const struct dtt_lan *l)
{
    return ((dtt_lan_link_set)1 << l->n_links) - 1;
}

static void begin_minute(struct topic *t, uint64_t minute)
{
    struct answer *a = &t->minutes[minute % MINUTES];
    uint8_t enc_seed[32];
    if (a->minute == minute) {
        return;
    }
    a->state = IDLE;
    a->minute = minute;
    a->links = 0;
    a->len = 0;
    a->has_name = dtt_secret_rotate(enc_seed, &t->secret, t->topic, minute) == DTT_OK;
    if (a->has_name) {
        dtt_lan_name(&a->name, t->topic, minute, enc_seed);
    }
    sodium_memzero(enc_seed, sizeof(enc_seed));
}

static void begin_minutes(struct topic *t, uint64_t minute)
{
    uint64_t first = minute < FAR ? 0 : minute - FAR;
    for (uint64_t m = first; m <= minute + FAR; m++) {
        begin_minute(t, m);
    }
}

/* Each input begins here: a new minute has other names. */
static void enter(struct dtt_lan *l, struct dtt_now now)
{
    uint64_t minute = dtt_now_minute(now);
    bool is_jump = minute != l->minute + 1;
    l->now_ns = now.mono_ns;
    if (minute == l->minute) {
        return;
    }
    l->minute = minute;
    for (size_t i = 0; i < l->n_topics; i++) {
        begin_minutes(l->topics[i], minute);
        if (is_jump) {
            dtt_lan_asks_restart(&l->topics[i]->asks, now.mono_ns);
        }
    }
}

/* ---- life */

int dtt_lan_new(struct dtt_lan **ret, struct dtt_ctx *ctx, struct dtt_now now)
{
    struct dtt_lan *l = calloc(1, sizeof(*l));
    if (!l) {
        return DTT_ENOMEM;
    }
    l->ctx = ctx;
    l->minute = dtt_now_minute(now);
    l->now_ns = now.mono_ns;
    dtt_rng_init(&l->rng, ctx->seed, "lan");
    dtt_lan_sources_init(&l->sources, now.mono_ns);
    dtt_ring_init(&l->values, sizeof(struct dtt_lan_event), VALUES);
    *ret = l;
    return DTT_OK;
}

static void free_topic(struct topic *t)
{
    sodium_memzero(t, sizeof(*t));
    free(t);
}

void dtt_lan_free(struct dtt_lan *l)
{
    if (l) {
        while (l->n_topics > 0) {
            free_topic(l->topics[--l->n_topics]);
        }
        dtt_ring_fini(&l->values);
        dtt_rng_fini(&l->rng);
        free(l);
    }
}

void dtt_lan_set_links(struct dtt_lan *l, struct dtt_now now, const struct dtt_lan_link *links,
                       size_t n)
{
    n = n < DTT_LAN_LINKS ? n : DTT_LAN_LINKS;
    enter(l, now);
    if (n == l->n_links && (n == 0 || memcmp(links, l->links, n * sizeof(*links)) == 0)) {
        return;
    }
    l->n_links = n;
    for (size_t i = 0; i < n; i++) {
        l->links[i] = links[i];
        dtt_bucket_init(&l->answers[i], DTT_LAN_ANSWERS_PER_SECOND, DTT_LAN_ANSWERS_PER_SECOND,
                        now.mono_ns);
    }
    for (size_t i = 0; i < l->n_topics; i++) {
        struct topic *t = l->topics[i];
        t->asks.links = 0; /* the numbers mean other links now */
        for (size_t k = 0; k < MINUTES; k++) {
            t->minutes[k].state = IDLE;
            t->minutes[k].len = 0; /* it lacks our addresses there */
        }
        dtt_lan_asks_restart(&t->asks, now.mono_ns);
    }
    dtt_lan_iroh_restart(&l->iroh, now.mono_ns);
}

void dtt_lan_set_iroh(struct dtt_lan *l, struct dtt_now now, const struct dtt_lan_iroh_peer *us)
{
    enter(l, now);
    if (!l->iroh.is_on) {
        l->iroh.is_on = true;
        dtt_lan_iroh_restart(&l->iroh, now.mono_ns);
    }
    l->iroh.us = *us;
}

void dtt_lan_want(struct dtt_lan *l, struct dtt_now now)
{
    enter(l, now);
    dtt_lan_iroh_want(&l->iroh, now.mono_ns);
}

int dtt_lan_join(struct dtt_lan *l, struct dtt_now now, uint32_t number, const uint8_t topic[32],
                 const struct dtt_secret *secret)
{
    enter(l, now);
    if (l->n_topics == DTT_LAN_TOPICS) {
        return DTT_EFULL;
    }
    struct topic *t = calloc(1, sizeof(*t));
    if (!t) {
        return DTT_ENOMEM;
    }
    t->number = number;
    memcpy(t->topic, topic, sizeof(t->topic));
    t->secret = *secret;
    for (size_t k = 0; k < MINUTES; k++) {
        t->minutes[k].minute = UINT64_MAX;
    }
    begin_minutes(t, l->minute);
    dtt_lan_asks_init(&t->asks, now.mono_ns);
    l->topics[l->n_topics++] = t;
    return DTT_OK;
}

static struct topic *find(const struct dtt_lan *l, uint32_t number)
{
    for (size_t i = 0; i < l->n_topics; i++) {
        if (l->topics[i]->number == number) {
            return l->topics[i];
        }
    }
    return NULL;
}

void dtt_lan_leave(struct dtt_lan *l, uint32_t number)
{
    for (size_t i = 0; i < l->n_topics; i++) {
        if (l->topics[i]->number == number) {
            free_topic(l->topics[i]);
            l->topics[i] = l->topics[--l->n_topics];
            return;
        }
    }
}

void dtt_lan_renew(struct dtt_lan *l)
{
    for (size_t i = 0; i < l->n_topics; i++) {
        for (size_t k = 0; k < MINUTES; k++) {
            l->topics[i]->minutes[k].is_stale = true;
        }
    }
}

/* ---- receiving */

static struct answer *answer_of(struct topic *t, uint64_t minute)
{
    struct answer *a = &t->minutes[minute % MINUTES];
    return a->minute == minute && a->has_name ? a : NULL;
}

/* NULL: the name is none of ours. */
static struct answer *find_name(const struct dtt_lan *l, const struct dtt_dns_name *name,
                                struct topic **ret_topic)
{
    for (size_t i = 0; i < l->n_topics; i++) {
        for (size_t k = 0; k < MINUTES; k++) {
            struct answer *a = &l->topics[i]->minutes[k];
            if (a->has_name && dtt_dns_name_eq(&a->name, name)) {
                *ret_topic = l->topics[i];
                return a;
            }
        }
    }
    return NULL;
}

static bool is_echo(const struct topic *t, uint64_t mono_ns, uint16_t id)
{
    return t->asks.last_ns != DTT_NEVER && t->ask_id == id && mono_ns - t->asks.last_ns < ECHO_NS;
}

static void on_question(struct dtt_lan *l, struct dtt_now now, size_t link, uint16_t id,
                        const struct dtt_dns_entry *e)
{
    struct topic *t;
    if (l->iroh.is_on && dtt_lan_iroh_is_question(e)) {
        dtt_lan_iroh_on_question(&l->iroh, now.mono_ns, &l->rng, link);
        return;
    }
    struct answer *a = e->type == DTT_DNS_TYPE_TXT ? find_name(l, &e->name, &t) : NULL;
    if (!a || is_echo(t, now.mono_ns, id)) {
        return;
    }
    DTT_COUNT(l->ctx, LAN_QUESTIONS);
    if (a->state == IDLE) {
        uint64_t wait = DTT_LAN_WAIT_MAX_NS - DTT_LAN_WAIT_MIN_NS;
        a->state = WAITING;
        a->links = 0;
        a->heard = 0;
        a->due_ns = now.mono_ns + DTT_LAN_WAIT_MIN_NS + dtt_rng_below(&l->rng, wait + 1);
    }
    a->links |= (dtt_lan_link_set)1 << link;
}

static bool is_known(struct topic *t, struct dtt_slice value)
{
    uint8_t hash[HASH_BYTES];
    for (size_t k = 0; k < MINUTES; k++) {
        const struct answer *a = &t->minutes[k];
        if (a->len > 0 && dtt_slice_eq(value, dtt_slice(a->value, a->len))) {
            return true;
        }
    }
    crypto_generichash(hash, sizeof(hash), value.data, value.len, NULL, 0);
    for (uint64_t i = 0; i < t->n_seen && i < SEEN; i++) {
        if (memcmp(t->seen[i], hash, sizeof(hash)) == 0) {
            return true;
        }
    }
    return false;
}

/* Room for what a host says; NULL: it has said enough, or too much waits. */
static struct dtt_lan_event *push(struct dtt_lan *l, struct dtt_now now,
                                  enum dtt_lan_event_type type, size_t link,
                                  const struct dtt_addr *from)
{
    struct dtt_lan_event *ev =
        dtt_lan_sources_take(&l->sources, now.mono_ns, from) ? dtt_ring_push(&l->values) : NULL;
    if (ev) {
        *ev = (struct dtt_lan_event){.type = type, .index = l->links[link].index, .from = *from};
    } else {
        DTT_COUNT(l->ctx, LAN_VALUES_SKIPPED);
    }
    return ev;
}

static void on_answer(struct dtt_lan *l, struct dtt_now now, size_t link,
                      const struct dtt_addr *from, const struct dtt_dns_entry *e)
{
    uint8_t buf[DTT_RECORD_VALUE_MAX];
    struct dtt_writer value = dtt_writer(buf, sizeof(buf));
    struct topic *t;
    const struct answer *a = e->type == DTT_DNS_TYPE_TXT ? find_name(l, &e->name, &t) : NULL;
    if (!a || a->minute > l->minute) {
        return;
    }
    if (!dtt_dns_read_text(e->data, &value) || value.len == 0) {
        DTT_COUNT(l->ctx, LAN_RX_MALFORMED);
        return;
    }
    struct dtt_slice bytes = dtt_slice(buf, value.len);
    if (is_known(t, bytes)) {
        return;
    }
    struct dtt_lan_event *ev = push(l, now, DTT_LAN_VALUE, link, from);
    if (!ev) {
        return;
    }
    crypto_generichash(t->seen[t->n_seen++ % SEEN], HASH_BYTES, buf, value.len, NULL, 0);
    ev->number = t->number;
    ev->minute = a->minute;
    ev->value_len = value.len;
    memcpy(ev->value, buf, value.len);
}

/* Where an endpoint is that speaks iroh's own service. */
static void on_endpoint(struct dtt_lan *l, struct dtt_now now, size_t link,
                        const struct dtt_addr *from, struct dtt_slice datagram)
{
    struct dtt_lan_iroh_peer peer;
    if (!l->iroh.is_on || !dtt_lan_iroh_read(datagram, DTT_LAN_ENTRIES, &peer) ||
        memcmp(&peer.id, &l->iroh.us.id, sizeof(peer.id)) == 0) {
        return;
    }
    struct dtt_lan_event *ev = push(l, now, DTT_LAN_PEER, link, from);
    if (ev) {
        DTT_COUNT(l->ctx, LAN_IROH_HEARD);
        ev->peer = peer;
    }
}

void dtt_lan_recv(struct dtt_lan *l, struct dtt_now now, uint32_t index,
                  const struct dtt_addr *from, struct dtt_slice datagram)
{
    struct dtt_dns_message m;
    struct dtt_dns_entry e;
    size_t link = dtt_lan_link_find(l->links, l->n_links, index, from->family);
    enter(l, now);
    if (link == l->n_links || from->port != DTT_LAN_PORT ||
        !dtt_lan_link_has(&l->links[link], from)) {
        DTT_COUNT(l->ctx, LAN_RX_FOREIGN);
        return;
    }
    if (!dtt_dns_open(&m, datagram) || datagram.len > DTT_LAN_PACKET_MAX ||
        (m.flags & OPCODE_AND_ERROR)) {
        DTT_COUNT(l->ctx, LAN_RX_MALFORMED);
        return;
    }
    for (size_t i = 0; i < DTT_LAN_ENTRIES && dtt_dns_next(&m, &e); i++) {
        bool is_response = (m.flags & DTT_DNS_FLAG_RESPONSE) != 0;
        if ((e.class_code & DTT_DNS_CLASS_MASK) != DTT_DNS_CLASS_IN) {
            continue;
        }
        if (!is_response && e.section == DTT_DNS_QUESTION) {
            on_question(l, now, link, m.id, &e);
        } else if (is_response && e.section == DTT_DNS_ANSWER) {
            on_answer(l, now, link, from, &e);
        }
    }
    DTT_COUNT_N(l->ctx, LAN_RX_MALFORMED, m.at.failed);
    if (m.flags & DTT_DNS_FLAG_RESPONSE) {
        on_endpoint(l, now, link, from, datagram);
    }
}

void dtt_lan_verified(struct dtt_lan *l, uint32_t number, uint64_t minute, uint32_t index,
                      uint8_t family)
{
    struct topic *t = find(l, number);
    struct answer *a = t ? answer_of(t, minute) : NULL;
    size_t link = dtt_lan_link_find(l->links, l->n_links, index, family);
    if (!a || a->state != WAITING || link == l->n_links || ++a->heard < DTT_LAN_ENOUGH) {
        return;
    }
    a->links &= ~((dtt_lan_link_set)1 << link);
    if (a->links == 0) {
        a->state = IDLE;
        DTT_COUNT(l->ctx, LAN_ANSWERS_SPARED);
    }
}

/* ---- our record */

void dtt_lan_answer(struct dtt_lan *l, uint32_t number, uint64_t minute, struct dtt_slice value)
{
    struct topic *t = find(l, number);
    struct answer *a = t ? answer_of(t, minute) : NULL;
    if (!a || a->state != WANTED) {
        return;
    }
    if (value.len == 0 || value.len > sizeof(a->value)) {
        a->state = IDLE;
        return;
    }
    memcpy(a->value, value.data, value.len);
    a->len = value.len;
    a->is_stale = false;
    a->made_ns = l->now_ns;
    a->state = SENDING;
}

bool dtt_lan_next_event(struct dtt_lan *l, struct dtt_now now, struct dtt_lan_event *ret)
{
    enter(l, now);
    if (dtt_ring_take(&l->values, ret)) {
        return true;
    }
    for (size_t i = 0; i < l->n_topics; i++) {
        for (size_t k = 0; k < MINUTES; k++) {
            struct answer *a = &l->topics[i]->minutes[k];
            if (a->state == WANTED && !a->is_told) {
                a->is_told = true;
                *ret =
                    (struct dtt_lan_event){.type = DTT_LAN_WANT,
                                           .number = l->topics[i]->number,
                                           .minute = a->minute,
                                           .index = l->links[dtt_lan_link_first(a->links)].index};
                return true;
            }
        }
    }
    return false;
}

/* ---- sending */

static bool hand_out(struct dtt_lan *l, size_t link, const struct dtt_writer *w,
                     struct dtt_lan_packet *ret)
{
    assert(!w->failed && link < l->n_links);
    *ret = (struct dtt_lan_packet){.index = l->links[link].index,
                                   .family = l->links[link].family,
                                   .data = dtt_slice(w->data, w->len)};
    return true;
}

static bool next_question(struct dtt_lan *l, struct topic *t, struct dtt_lan_packet *ret)
{
    const struct dtt_dns_header header = {.id = t->ask_id, .questions = 1};
    struct dtt_writer w = dtt_writer(l->packet, sizeof(l->packet));
    const struct answer *a = answer_of(t, l->minute);
    if (t->asks.links == 0 || !a) {
        return false;
    }
    size_t link = dtt_lan_link_take(&t->asks.links);
    dtt_dns_write_header(&w, &header);
    dtt_dns_write_question(&w, &a->name, DTT_DNS_TYPE_TXT, DTT_DNS_CLASS_IN);
    DTT_COUNT(l->ctx, LAN_TX_QUESTIONS);
    return hand_out(l, link, &w, ret);
}

static bool next_answer(struct dtt_lan *l, struct dtt_now now, struct answer *a,
                        struct dtt_lan_packet *ret)
{
    const struct dtt_dns_header header = {
        .flags = DTT_DNS_FLAG_RESPONSE | DTT_DNS_FLAG_AUTHORITATIVE, .answers = 1};
    struct dtt_writer w = dtt_writer(l->packet, sizeof(l->packet));
    uint64_t ready_ns = DTT_NEVER;
    for (size_t i = 0; i < l->n_links && a->state == SENDING; i++) {
        if (!(a->links >> i & 1)) {
            continue;
        }
        if (!dtt_bucket_take(&l->answers[i], 1, now.mono_ns)) {
            uint64_t at = dtt_bucket_ready_ns(&l->answers[i], 1, now.mono_ns);
            ready_ns = dtt_min_ns(ready_ns, at);
            continue;
        }
        a->links &= ~((dtt_lan_link_set)1 << i);
        a->state = a->links == 0 ? IDLE : SENDING;
        dtt_dns_write_header(&w, &header);
        dtt_dns_write_name(&w, &a->name);
        dtt_dns_write_fields(&w, DTT_DNS_TYPE_TXT, DTT_DNS_CLASS_IN, ANSWER_TTL_S,
                             dtt_dns_text_len(a->len));
        dtt_dns_write_text(&w, dtt_slice(a->value, a->len));
        DTT_COUNT(l->ctx, LAN_TX_ANSWERS);
        return hand_out(l, i, &w, ret);
    }
    if (a->state == SENDING) {
        a->state = WAITING;
        a->due_ns = ready_ns;
    }
    return false;
}

bool dtt_lan_next_packet(struct dtt_lan *l, struct dtt_now now, struct dtt_lan_packet *ret)
{
    struct dtt_writer w = dtt_writer(l->packet, sizeof(l->packet));
    size_t link;
    enter(l, now);
    while (dtt_lan_iroh_next(&l->iroh, &w, &link)) {
        if (!w.failed) {
            return hand_out(l, link, &w, ret);
        }
        w = dtt_writer(l->packet, sizeof(l->packet));
    }
    for (size_t i = 0; i < l->n_topics; i++) {
        struct topic *t = l->topics[(l->turn + i) % l->n_topics];
        bool is_any = next_question(l, t, ret);
        for (size_t k = 0; k < MINUTES && !is_any; k++) {
            struct answer *a = &t->minutes[k];
            is_any = a->state == SENDING && next_answer(l, now, a, ret);
        }
        if (is_any) {
            l->turn += i + 1; /* the next topic comes first */
            return true;
        }
    }
    return false;
}

/* ---- time */

static void ask(struct dtt_lan *l, struct dtt_now now, struct topic *t)
{
    t->ask_id = (uint16_t)(1 + dtt_rng_below(&l->rng, UINT16_MAX));
    if (!dtt_lan_asks_begin(&t->asks, now.mono_ns, all_links(l))) {
        t->asks.next_ns = next_turn_ns(now) + dtt_rng_below(&l->rng, DTT_LAN_SPREAD_NS);
    }
}

static void answer_due(struct answer *a, uint64_t mono_ns)
{
    bool is_old = a->is_stale && mono_ns - a->made_ns >= RENEW_NS;
    a->is_told = false;
    a->state = a->len == 0 || is_old ? WANTED : SENDING;
}

void dtt_lan_tick(struct dtt_lan *l, struct dtt_now now)
{
    enter(l, now);
    dtt_lan_iroh_tick(&l->iroh, now.mono_ns, all_links(l));
    for (size_t i = 0; i < l->n_topics; i++) {
        struct topic *t = l->topics[i];
        if (t->asks.next_ns <= now.mono_ns && l->n_links > 0) {
            ask(l, now, t);
        }
        for (size_t k = 0; k < MINUTES; k++) {
            struct answer *a = &t->minutes[k];
            if (a->state == WAITING && a->due_ns <= now.mono_ns) {
                answer_due(a, now.mono_ns);
            }
        }
    }
}

uint64_t dtt_lan_deadline(const struct dtt_lan *l)
{
    uint64_t at = l->n_links > 0 ? dtt_lan_iroh_deadline(&l->iroh) : DTT_NEVER;
    for (size_t i = 0; i < l->n_topics && l->n_links > 0; i++) {
        const struct topic *t = l->topics[i];
        at = dtt_min_ns(at, t->asks.next_ns);
        for (size_t k = 0; k < MINUTES; k++) {
            at = t->minutes[k].state == WAITING ? dtt_min_ns(at, t->minutes[k].due_ns) : at;
        }
    }
    return at;
}

size_t dtt_lan_n_links(const struct dtt_lan *l)
{
    return l->n_links;
}

const struct dtt_lan_link *dtt_lan_links(const struct dtt_lan *l)
{
    return l->links;
}
