/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "lan/iroh.h"

#include "codec/text.h"

#include <stdio.h>

#define SERVICE "_irohv1._udp.local"
#define TTL_S 120
#define TEXT_MAX 128 /* of a name: an id in base32, a port, and the service */
#define ID_CHARACTERS DTT_BASE32_LEN(32)
#define SRV_FIXED_BYTES 6
#define PORTS 4       /* of an endpoint; others are not read */
#define WANT_NS DTT_S /* between two questions */
/* Members of a crate's swarm ask every 0.7 s, and hear all answers. */
#define ANSWERS_PER_SECOND 1
#define ANSWERS_BURST 4
#define WAIT_NS (100 * DTT_MS) /* at most, before an answer */
#define EVERY_NS (60 * DTT_S)

/* A port of the endpoint, and the name under which its addresses stand. */
struct target {
    uint16_t port;
    struct dtt_dns_name name;
};

static void service_name(struct dtt_dns_name *ret)
{
    dtt_dns_name_make(ret, SERVICE);
}

/* ---- the question */

void dtt_lan_iroh_write_question(struct dtt_writer *w)
{
    const struct dtt_dns_header header = {.questions = 1};
    struct dtt_dns_name name;
    service_name(&name);
    dtt_dns_write_header(w, &header);
    dtt_dns_write_question(w, &name, DTT_DNS_TYPE_PTR, DTT_DNS_CLASS_IN);
}

bool dtt_lan_iroh_is_question(const struct dtt_dns_entry *e)
{
    struct dtt_dns_name name;
    service_name(&name);
    return e->section == DTT_DNS_QUESTION && e->type == DTT_DNS_TYPE_PTR &&
           dtt_dns_name_eq(&e->name, &name);
}

/* ---- the answer */

static void base32_of(const struct dtt_id *id, char ret[ID_CHARACTERS + 1])
{
    dtt_base32_encode(ret, dtt_slice(id->bytes, sizeof(id->bytes)));
}

static bool has_port(const struct dtt_lan_iroh_peer *p, size_t n, uint16_t port)
{
    size_t i = 0;
    while (i < n && p->addrs[i].port != port) {
        i++;
    }
    return i < n;
}

static void target_name(struct dtt_dns_name *ret, const char *id, uint16_t port)
{
    char text[TEXT_MAX];
    snprintf(text, sizeof(text), "%s-%u.local", id, port);
    dtt_dns_name_make(ret, text);
}

static void write_addr(struct dtt_writer *w, const char *id, const struct dtt_addr *a)
{
    struct dtt_dns_name name;
    size_t len = dtt_addr_ip_len(a);
    target_name(&name, id, a->port);
    dtt_dns_write_name(w, &name);
    dtt_dns_write_fields(w, a->family == DTT_FAMILY_V4 ? DTT_DNS_TYPE_A : DTT_DNS_TYPE_AAAA,
                         DTT_DNS_CLASS_IN, TTL_S, len);
    dtt_write(w, a->ip, len);
}

void dtt_lan_iroh_write_answer(struct dtt_writer *w, const struct dtt_lan_iroh_peer *us)
{
    struct dtt_dns_header header = {.flags = DTT_DNS_FLAG_RESPONSE | DTT_DNS_FLAG_AUTHORITATIVE,
                                    .answers = 1,
                                    .additionals = (uint16_t)us->n_addrs};
    struct dtt_dns_name service, instance, target;
    char id[ID_CHARACTERS + 1], text[TEXT_MAX];
    if (us->n_addrs == 0) {
        return;
    }
    for (size_t i = 0; i < us->n_addrs; i++) {
        header.answers = (uint16_t)(header.answers + !has_port(us, i, us->addrs[i].port));
    }
    base32_of(&us->id, id);
    snprintf(text, sizeof(text), "%s." SERVICE, id);
    service_name(&service);
    dtt_dns_name_make(&instance, text);
    dtt_dns_write_header(w, &header);
    dtt_dns_write_name(w, &service);
    dtt_dns_write_fields(w, DTT_DNS_TYPE_PTR, DTT_DNS_CLASS_IN, TTL_S, instance.len);
    dtt_dns_write_name(w, &instance);
    for (size_t i = 0; i < us->n_addrs; i++) {
        if (has_port(us, i, us->addrs[i].port)) {
            continue;
        }
        target_name(&target, id, us->addrs[i].port);
        dtt_dns_write_name(w, &instance);
        dtt_dns_write_fields(w, DTT_DNS_TYPE_SRV, DTT_DNS_CLASS_IN, TTL_S,
                             SRV_FIXED_BYTES + target.len);
        dtt_write_be16(w, 0); /* priority, weight */
        dtt_write_be16(w, 0);
        dtt_write_be16(w, us->addrs[i].port);
        dtt_dns_write_name(w, &target);
    }
    for (size_t i = 0; i < us->n_addrs; i++) {
        write_addr(w, id, &us->addrs[i]);
    }
}

/* The id before the name of the service; false: it is another service, or no id. */
static bool read_instance(const struct dtt_dns_name *name, struct dtt_id *ret)
{
    struct dtt_dns_name service;
    service_name(&service);
    if (name->bytes[0] != ID_CHARACTERS || name->len != 1 + ID_CHARACTERS + service.len ||
        memcmp(name->bytes + 1 + ID_CHARACTERS, service.bytes, service.len) != 0) {
        return false;
    }
    return dtt_base32_decode(ret->bytes, sizeof(ret->bytes), (const char *)name->bytes + 1,
                             ID_CHARACTERS) == DTT_OK;
}

/* The port and the name in a SRV record. */
static bool read_target(const struct dtt_dns_message *m, const struct dtt_dns_entry *e,
                        struct target *ret)
{
    if (e->data.len <= SRV_FIXED_BYTES) {
        return false;
    }
    ret->port = dtt_get_be16(e->data.data + SRV_FIXED_BYTES - 2);
    return dtt_dns_read_name(
        m, dtt_slice(e->data.data + SRV_FIXED_BYTES, e->data.len - SRV_FIXED_BYTES), &ret->name);
}

static void add_addr(struct dtt_lan_iroh_peer *p, const struct target *t,
                     const struct dtt_dns_entry *e)
{
    bool is_v4 = e->type == DTT_DNS_TYPE_A && e->data.len == 4;
    const uint8_t *ip = e->data.data;
    if (p->n_addrs == DTT_LAN_IROH_ADDRS) {
        return;
    }
    if (is_v4) {
        p->addrs[p->n_addrs++] = dtt_addr_v4(ip[0], ip[1], ip[2], ip[3], t->port);
    } else if (e->type == DTT_DNS_TYPE_AAAA && e->data.len == 16) {
        p->addrs[p->n_addrs++] = dtt_addr_v6(ip, t->port);
    }
}

bool dtt_lan_iroh_read(struct dtt_slice datagram, size_t max, struct dtt_lan_iroh_peer *ret)
{
    struct dtt_dns_message m;
    struct dtt_dns_entry e;
    struct target targets[PORTS];
    size_t n_targets = 0;
    bool is_any = false;
    *ret = (struct dtt_lan_iroh_peer){.n_addrs = 0};
    if (!dtt_dns_open(&m, datagram)) {
        return false;
    }
    for (size_t i = 0; i < max && dtt_dns_next(&m, &e); i++) {
        struct dtt_id id;
        if ((e.class_code & DTT_DNS_CLASS_MASK) != DTT_DNS_CLASS_IN) {
            continue;
        }
        if (e.section == DTT_DNS_ANSWER && e.type == DTT_DNS_TYPE_SRV && n_targets < PORTS &&
            read_instance(&e.name, &id) && (!is_any || memcmp(&id, &ret->id, sizeof(id)) == 0)) {
            is_any = true;
            ret->id = id;
            n_targets += read_target(&m, &e, &targets[n_targets]);
        }
        for (size_t k = 0; k < n_targets && e.section == DTT_DNS_ADDITIONAL; k++) {
            if (dtt_dns_name_eq(&targets[k].name, &e.name)) {
                add_addr(ret, &targets[k], &e);
                break;
            }
        }
    }
    return ret->n_addrs > 0;
}

/* ---- when they are sent */

void dtt_lan_iroh_restart(struct dtt_lan_iroh *s, uint64_t mono_ns)
{
    dtt_lan_asks_init(&s->asks, mono_ns);
    s->answer_ns = DTT_NEVER;
    s->asked_for = s->answering = 0;
    dtt_bucket_init(&s->answers, ANSWERS_PER_SECOND, ANSWERS_BURST, mono_ns);
}

void dtt_lan_iroh_want(struct dtt_lan_iroh *s, uint64_t mono_ns)
{
    uint64_t soon_ns = s->asks.n == 0 ? mono_ns : dtt_add_ns(s->asks.last_ns, WANT_NS);
    s->asks.next_ns = dtt_min_ns(s->asks.next_ns, soon_ns > mono_ns ? soon_ns : mono_ns);
}

void dtt_lan_iroh_on_question(struct dtt_lan_iroh *s, uint64_t mono_ns, struct dtt_rng *rng,
                              size_t link)
{
    s->asked_for |= (dtt_lan_link_set)1 << link;
    if (s->answer_ns == DTT_NEVER) {
        s->answer_ns = mono_ns + dtt_rng_below(rng, WAIT_NS + 1);
    }
}

void dtt_lan_iroh_tick(struct dtt_lan_iroh *s, uint64_t mono_ns, dtt_lan_link_set links)
{
    if (!s->is_on) {
        return;
    }
    if (s->asks.next_ns <= mono_ns && links != 0 && !dtt_lan_asks_begin(&s->asks, mono_ns, links)) {
        s->asks.next_ns = dtt_add_ns(mono_ns, EVERY_NS);
    }
    if (s->answer_ns <= mono_ns) {
        bool is_said = s->us.n_addrs > 0 && dtt_bucket_take(&s->answers, 1, mono_ns);
        s->answering = is_said ? s->asked_for & links : 0;
        s->asked_for = 0;
        s->answer_ns = DTT_NEVER;
    }
}

uint64_t dtt_lan_iroh_deadline(const struct dtt_lan_iroh *s)
{
    return s->is_on ? dtt_min_ns(s->asks.next_ns, s->answer_ns) : DTT_NEVER;
}

bool dtt_lan_iroh_next(struct dtt_lan_iroh *s, struct dtt_writer *w, size_t *ret_link)
{
    if (s->asks.links != 0) {
        *ret_link = dtt_lan_link_take(&s->asks.links);
        dtt_lan_iroh_write_question(w);
        return true;
    }
    if (s->answering != 0) {
        *ret_link = dtt_lan_link_take(&s->answering);
        dtt_lan_iroh_write_answer(w, &s->us);
        return true;
    }
    return false;
}
