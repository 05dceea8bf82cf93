/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "control.h"

#include "base/time.h"
#include "codec/json.h"
#include "tun.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define SHOWN_MAX (1 << 20)

enum word_type { WORD_CHOICE, WORD_FLAG, WORD_COUNT, WORD_SECONDS, WORD_MS, WORD_PERCENT };

/* A word "name=value" that sets a member. */
struct word {
    const char *name;
    enum word_type type;
    size_t at;
    const char *const *choices; /* the values of an enum, in its order */
};

static const char *const dependences[] = {"independent", "address", "port", NULL};
static const char *const ports[] = {"keep", "overload", "random", "sequential", NULL};
static const char *const no_or_yes[] = {"no", "yes", NULL};
static const char *const out_or_both[] = {"out", "both", NULL};
static const char *const pass_or_filter[] = {"pass", "filter", NULL};
static const char *const pools[] = {"paired", "arbitrary", NULL};
static const char *const udp_rules[] = {"pass", "drop", "reject", NULL};
static const char *const portmaps[] = {"off", "pmp", "pcp", "refuse", NULL};

#define RULE(member) offsetof(struct router, v4.rules.member)
static const struct word router_words[] = {
    {"firewall", WORD_FLAG, RULE(is_firewall), no_or_yes},
    {"map", WORD_CHOICE, RULE(mapping), dependences},
    {"filter", WORD_CHOICE, RULE(filter), dependences},
    {"ports", WORD_CHOICE, RULE(ports), ports},
    {"hairpin", WORD_CHOICE, RULE(hairpin), no_or_yes},
    {"pool", WORD_CHOICE, RULE(pool), pools},
    {"refresh", WORD_FLAG, RULE(is_refreshed_in), out_or_both},
    {"strays", WORD_FLAG, RULE(leaves_strays), no_or_yes},
    {"max", WORD_COUNT, RULE(max), NULL},
    {"idle", WORD_SECONDS, RULE(idle_ns), NULL},
    {"idle_new", WORD_SECONDS, RULE(idle_new_ns), NULL},
    {"hard", WORD_SECONDS, RULE(hard_ns), NULL},
    {"v6", WORD_FLAG, offsetof(struct router, has_v6), pass_or_filter},
    {"udp", WORD_CHOICE, offsetof(struct router, udp), udp_rules},
    {"portmap", WORD_CHOICE, offsetof(struct router, portmap), portmaps},
    {"delay", WORD_MS, offsetof(struct router, delay_ns), NULL},
    {NULL}};
static const struct word host_words[] = {
    {"delay", WORD_MS, offsetof(struct host, delay_ns), NULL},
    {"ro", WORD_FLAG, offsetof(struct host, is_read_only), no_or_yes},
    {"cut", WORD_FLAG, offsetof(struct host, is_cut), no_or_yes},
    {NULL}};
static const struct word core_words[] = {
    {"jitter", WORD_MS, offsetof(struct internet, jitter_ns), NULL},
    {"hops", WORD_COUNT, offsetof(struct internet, hops), NULL},
    {"loss", WORD_PERCENT, offsetof(struct internet, loss), NULL},
    {"stranger", WORD_SECONDS, offsetof(struct internet, stranger_ns), NULL},
    {NULL}};

static bool find_choice(const char *const *choices, const char *value, unsigned *ret)
{
    for (unsigned i = 0; choices[i]; i++) {
        if (strcmp(choices[i], value) == 0) {
            *ret = i;
            return true;
        }
    }
    return false;
}

static bool find_number(const char *value, double *ret)
{
    char *end;
    *ret = strtod(value, &end);
    return end != value && *end == 0 && *ret >= 0 && *ret < 1e6;
}

static bool set_member(const struct word *word, void *target, const char *value)
{
    void *member = (uint8_t *)target + word->at;
    double number = 0;
    unsigned choice = 0;
    if (word->choices ? !find_choice(word->choices, value, &choice)
                      : !find_number(value, &number)) {
        return false;
    }
    switch (word->type) {
    case WORD_CHOICE: *(unsigned *)member = choice; break;
    case WORD_FLAG: *(bool *)member = choice; break;
    case WORD_COUNT: *(unsigned *)member = (unsigned)number; break;
    case WORD_SECONDS: *(uint64_t *)member = (uint64_t)(number * 1e9); break;
    case WORD_MS: *(uint64_t *)member = (uint64_t)(number * 1e6); break;
    case WORD_PERCENT: *(unsigned *)member = (unsigned)(number * 100); break;
    }
    return true;
}

static bool set_word(const struct word *words, void *target, const char *name, const char *value)
{
    for (; words->name; words++) {
        if (strcmp(words->name, name) == 0) {
            return set_member(words, target, value);
        }
    }
    return false;
}

static struct router *router_named(struct internet *net, const char *name)
{
    for (size_t i = 0; i < net->n_routers; i++) {
        if (strcmp(net->routers[i].name, name) == 0) {
            return &net->routers[i];
        }
    }
    return NULL;
}

static struct host *host_named(struct internet *net, const char *name)
{
    for (size_t i = 0; i < net->n_hosts; i++) {
        if (strcmp(net->hosts[i].name, name) == 0) {
            return &net->hosts[i];
        }
    }
    return NULL;
}

/* "IP,IP,...": their number, or 0. */
static size_t read_ips(const char *value, struct dtt_addr *ret, size_t max)
{
    char copy[2048];
    char *rest = NULL;
    size_t n = 0;
    snprintf(copy, sizeof(copy), "%s", value);
    for (char *ip = strtok_r(copy, ",", &rest); ip; ip = strtok_r(NULL, ",", &rest)) {
        uint8_t bytes[16];
        if (n == max) {
            return 0;
        }
        if (inet_pton(AF_INET, ip, bytes) == 1) {
            ret[n++] = dtt_addr_v4(bytes[0], bytes[1], bytes[2], bytes[3], 0);
        } else if (inet_pton(AF_INET6, ip, bytes) == 1) {
            ret[n++] = dtt_addr_v6(bytes, 0);
        } else {
            return 0;
        }
    }
    return n;
}

static bool set_router(struct internet *net, void *target, const char *name, const char *value)
{
    struct router *r = target;
    if (strcmp(name, "up") == 0) {
        r->up = router_named(net, value);
        return r->up && r->up != r;
    }
    if (strcmp(name, "gateway") == 0) {
        return read_ips(value, &r->gateway, 1) == 1;
    }
    if (strcmp(name, "claims") == 0) {
        return read_ips(value, &r->claimed, 1) == 1;
    }
    if (strcmp(name, "ip") == 0) {
        nat_flush(&r->v4);
        r->v4.n_outside = read_ips(value, r->v4.outside, NAT_OUTSIDE_MAX);
        return r->v4.n_outside != 0;
    }
    return set_word(router_words, r, name, value);
}

static bool set_host(struct internet *net, void *target, const char *name, const char *value)
{
    struct host *h = target;
    if (strcmp(name, "up") == 0) {
        h->up = router_named(net, value);
        return h->up != NULL;
    }
    if (strcmp(name, "ns") == 0) {
        h->fd = tun_open(value);
        return h->fd >= 0;
    }
    if (strcmp(name, "ip") == 0) {
        h->n_addrs = read_ips(value, h->addrs, HOST_ADDRS_MAX);
        return h->n_addrs != 0;
    }
    return set_word(host_words, h, name, value);
}

static bool set_core(struct internet *net, void *target, const char *name, const char *value)
{
    (void)target;
    return set_word(core_words, net, name, value);
}

typedef bool set_fn(struct internet *net, void *target, const char *name, const char *value);

static void refuse(const char *what, const char *word)
{
    char out[512];
    char text[256];
    struct dtt_json j;
    snprintf(text, sizeof(text), "%s '%s'%s%s", what, word, errno ? ": " : "",
             errno ? strerror(errno) : "");
    dtt_json_init(&j, out, sizeof(out));
    dtt_json_object(&j, NULL);
    dtt_json_text(&j, "event", "answer");
    dtt_json_text(&j, "refused", text);
    dtt_json_end(&j);
    dtt_json_finish(&j);
    puts(out);
}

/* Sets what the words say; false when one of them, which has been told, makes no sense. */
static bool set_words(struct internet *net, set_fn *set, void *target, char **rest)
{
    char *word;
    while ((word = strtok_r(NULL, " ", rest)) != NULL) {
        char *value = strchr(word, '=');
        errno = 0;
        if (value) {
            *value++ = 0;
        }
        if (!value || !set(net, target, word, value)) {
            refuse("no such word, or not such a value:", word);
            return false;
        }
    }
    return true;
}

/* The firewall for IPv6 has the rules of the router, of which only some mean anything there. */
static void follow_v6(struct router *r)
{
    r->v6.rules = r->v4.rules;
    r->v6.rules.is_firewall = true;
}

static struct router *add_router(struct internet *net, uint64_t t_ns, const char *name)
{
    struct router *r = &net->routers[net->n_routers];
    if (net->n_routers == ROUTERS_MAX || router_named(net, name)) {
        return NULL;
    }
    net->n_routers++;
    snprintf(r->name, sizeof(r->name), "%s", name);
    r->has_v6 = true;
    r->born_ns = t_ns;
    r->v4.rng = r->v6.rng = &net->rng;
    r->v4.rules = (struct nat_rules){.filter = NAT_ADDRESS_AND_PORT,
                                     .is_refreshed_in = true,
                                     .idle_ns = 120 * DTT_S,
                                     .idle_new_ns = 30 * DTT_S};
    return r;
}

static struct host *add_host(struct internet *net, const char *name)
{
    struct host *h = &net->hosts[net->n_hosts];
    if (net->n_hosts == HOSTS_MAX || host_named(net, name)) {
        return NULL;
    }
    net->n_hosts++;
    snprintf(h->name, sizeof(h->name), "%s", name);
    h->fd = -1;
    return h;
}

static void show_mappings(struct dtt_json *j, const struct nat *n, uint64_t t_ns)
{
    dtt_json_array(j, "mappings");
    for (size_t i = 0; i < n->n_mappings; i++) {
        const struct nat_mapping *m = n->mappings[i];
        dtt_json_object(j, NULL);
        dtt_json_u64(j, "protocol", m->protocol);
        dtt_json_addr(j, "inside", &m->inside);
        dtt_json_addr(j, "outside", &m->outside);
        dtt_json_u64(j, "remotes", m->n_sessions);
        dtt_json_bool(j, "answered", m->is_answered);
        dtt_json_bool(j, "granted", m->granted_ns > t_ns);
        dtt_json_thousandths(j, "age_s", (int64_t)((t_ns - m->born_ns) / DTT_MS));
        dtt_json_end(j);
    }
    dtt_json_end(j);
}

static void show_router(struct dtt_json *j, struct router *r, uint64_t t_ns)
{
    struct nat *nats[] = {&r->v4, &r->v6};
    const char *const names[] = {"v4", "v6"};
    for (size_t i = 0; i < 2; i++) {
        struct nat *n = nats[i];
        nat_expire(n, t_ns);
        dtt_json_object(j, names[i]);
        dtt_json_u64(j, "out", n->counts.out);
        dtt_json_u64(j, "in", n->counts.in);
        dtt_json_u64(j, "filtered", n->counts.filtered);
        dtt_json_u64(j, "hairpinned", n->counts.hairpinned);
        dtt_json_u64(j, "made", n->counts.made);
        dtt_json_u64(j, "full", n->counts.full);
        dtt_json_u64(j, "shifted", n->counts.shifted);
        dtt_json_u64(j, "strays", n->n_strays);
        show_mappings(j, n, t_ns);
        dtt_json_end(j);
    }
}

static void show_host(struct dtt_json *j, const struct host *h)
{
    dtt_json_u64(j, "sent", h->sent);
    dtt_json_u64(j, "received", h->received);
    dtt_json_u64(j, "krpc_sent", h->krpc_sent);
    dtt_json_u64(j, "krpc_received", h->krpc_received);
    dtt_json_u64(j, "talk_v4", h->talk_v4);
    dtt_json_u64(j, "talk_v6", h->talk_v6);
    dtt_json_u64(j, "talk_lan", h->talk_lan);
}

static void show_core(struct dtt_json *j, const struct internet *net)
{
    dtt_json_u64(j, "lost", net->lost);
    dtt_json_u64(j, "too_far", net->too_far);
    dtt_json_u64(j, "nowhere", net->nowhere);
    dtt_json_u64(j, "not_read", net->not_read);
}

static void show(struct internet *net, uint64_t t_ns, const char *name)
{
    static char out[SHOWN_MAX];
    struct dtt_json j;
    struct router *r = router_named(net, name);
    struct host *h = host_named(net, name);
    if (!r && !h && strcmp(name, "core") != 0) {
        refuse("there is no", name);
        return;
    }
    dtt_json_init(&j, out, sizeof(out));
    dtt_json_object(&j, NULL);
    dtt_json_text(&j, "event", "answer");
    dtt_json_text(&j, "name", name);
    if (r) {
        show_router(&j, r, t_ns);
    } else if (h) {
        show_host(&j, h);
    } else {
        show_core(&j, net);
    }
    dtt_json_end(&j);
    if (dtt_json_finish(&j) < sizeof(out)) {
        puts(out);
    } else {
        refuse("too much to show of", name);
    }
}

/* What is named by the second word of a line, made for "router" and "host"; and what sets it. */
static void *find_target(struct internet *net, uint64_t t_ns, const char *verb, const char *name,
                         set_fn **set)
{
    if (strcmp(verb, "router") == 0) {
        *set = set_router;
        return add_router(net, t_ns, name);
    }
    if (strcmp(verb, "host") == 0) {
        *set = set_host;
        return add_host(net, name);
    }
    void *r = router_named(net, name);
    *set = r ? set_router : set_host;
    return r ? r : (void *)host_named(net, name);
}

/* Whether it has been done and not yet answered. */
static bool do_line(struct internet *net, uint64_t t_ns, char *line)
{
    char *rest = NULL;
    set_fn *set = NULL;
    const char *verb = strtok_r(line, " ", &rest);
    errno = 0;
    if (!verb) {
        return true;
    }
    if (strcmp(verb, "core") == 0) {
        return set_words(net, set_core, net, &rest);
    }
    const char *name = strtok_r(NULL, " ", &rest);
    if (!name) {
        refuse("no name after", verb);
        return false;
    }
    if (strcmp(verb, "show") == 0) {
        show(net, t_ns, name);
        return false;
    }
    struct router *flushed = router_named(net, name);
    if (strcmp(verb, "flush") == 0 && flushed) {
        nat_flush(&flushed->v4);
        nat_flush(&flushed->v6);
        return true;
    }
    bool is_known =
        strcmp(verb, "router") == 0 || strcmp(verb, "host") == 0 || strcmp(verb, "set") == 0;
    void *target = is_known ? find_target(net, t_ns, verb, name, &set) : NULL;
    if (!target) {
        refuse("no such line, or no room for", name);
        return false;
    }
    bool is_done = set_words(net, set, target, &rest);
    if (set == set_router) {
        follow_v6(target);
    }
    return is_done;
}

void control_line(struct internet *net, uint64_t t_ns, char *line)
{
    if (do_line(net, t_ns, line)) {
        puts("{\"event\":\"answer\"}");
    }
    fflush(stdout);
}
