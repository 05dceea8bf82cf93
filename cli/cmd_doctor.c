/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/addr.h"
#include "codec/url.h"
#include "commands.h"
#include "identity.h"
#include "io/relay_probe.h"
#include "output.h"
#include "print.h"
#include "session.h"
#include "signals.h"
#include "waiting.h"

#include <dtt/dht.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define DOCTOR_TIMEOUT_MS 10000
/* Time after a first answer for answers over the other family and votes on our address. */
#define DOCTOR_SETTLE_MS 1500
/* 2026-01-01: no clock is right that shows an earlier day. */
#define DOCTOR_EARLIEST 1767225600
/* By then a router has granted a port mapping, refused it, or does not know what that is. */
#define DOCTOR_PORTMAP_MS 8000
/* This many nodes would agree on our address if all saw the same one. */
#define DOCTOR_VOTERS 4
/* Strangers come to nodes that answer queries, and a filter may know for three minutes who asked a
 * former process: an examination is too short for them. */
#define DOCTOR_PROOF                                                                           \
    "not proven yet: 'dtt pipe --log info' says 'reach class=open' when two of them came in, " \
    "which takes more than three minutes"

enum verdict { VERDICT_OK, VERDICT_WARN, VERDICT_FAIL };
static const char *const words[] = {"ok", "warn", "fail"}; /* of a verdict */

enum side { SIDE_V4, SIDE_V6, N_SIDES };

struct doctor {
    struct session session;
    bool has_color;
    enum verdict worst;
    size_t n_bound;
    struct dtt_addr bound[N_SIDES];
    unsigned n_nodes[N_SIDES];         /* that answered the find */
    uint32_t best_rtt_us[N_SIDES];     /* 0: unknown */
    struct dtt_addr external[N_SIDES]; /* family none: unknown */
    uint32_t votes[N_SIDES];
    struct dtt_dht_status dht;
    const char *failed; /* the first finding that failed */
    bool has_lan;       /* members in the local network can be found */
    bool has_relay;     /* one of those that were named serves */
    bool has_put;
    bool has_signal;
    unsigned put_asked, put_acked, put_verified;
    struct dtt_event_port_mapping mapping; /* status 0: the router has said nothing yet */
};

static enum side side_of(const struct dtt_addr *addr)
{
    return addr->family == DTT_FAMILY_V6 ? SIDE_V6 : SIDE_V4;
}

/* ------------------------------------------------------------- the findings */

/* Prints a finding. */
OUTPUT_PRINTF(4, 5)
static void report(struct doctor *d, const char *name, enum verdict verdict, const char *format,
                   ...)
{
    static const int colors[] = {32, 33, 31};
    char text[320];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (verdict > d->worst) {
        d->worst = verdict;
    }
    if (verdict == VERDICT_FAIL && !d->failed) {
        d->failed = name;
    }
    if (d->session.options->json) {
        struct print_line line;
        print_begin(&line, "check");
        dtt_json_text(&line.json, "name", name);
        dtt_json_text(&line.json, "verdict", words[verdict]);
        dtt_json_text(&line.json, "text", text);
        print_end(&line);
    } else if (d->has_color) {
        printf("\033[%dm%-4s\033[0m  %-10s  %s\n", colors[verdict], words[verdict], name, text);
    } else {
        printf("%-4s  %-10s  %s\n", words[verdict], name, text);
    }
    fflush(stdout);
}

/* Records are filed by the minute, so the clock matters; only the system knows how good it is. */
static void check_clock(struct doctor *d)
{
    struct timex state = {0};
    time_t now = time(NULL);
    struct tm utc;
    char text[32];
    gmtime_r(&now, &utc);
    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &utc);
    if (now < DOCTOR_EARLIEST) {
        report(d, "clock", VERDICT_FAIL,
               "%s UTC, which is behind: this program is younger; set the clock", text);
    } else if (adjtimex(&state) >= 0 && !(state.status & STA_UNSYNC)) {
        report(d, "clock", VERDICT_OK, "%s UTC, which the system keeps in step", text);
    } else {
        report(d, "clock", VERDICT_WARN,
               "%s UTC, which nothing keeps in step (no NTP?); compare it with another clock: only "
               "'chat' and 'pipe' can tell when those of members differ",
               text);
    }
}

static void check_udp(struct doctor *d)
{
    char first[DTT_ADDR_TEXT_MAX], second[DTT_ADDR_TEXT_MAX];
    dtt_addr_format(&d->bound[0], first);
    dtt_addr_format(&d->bound[1], second);
    report(d, "udp", VERDICT_OK, "listening on %s%s%s", first, d->n_bound > 1 ? " and " : "",
           d->n_bound > 1 ? second : "");
}

/* Whether and where members can be looked for in the local network. */
static void check_lan(struct doctor *d)
{
    uint64_t links = waiting_metric(d->session.node, "lan_links");
    if (d->session.options->no_lan) {
        report(d, "lan", VERDICT_OK, "not asked, as '--no-lan' says");
    } else if (links > 0) {
        d->has_lan = true;
        report(d, "lan", VERDICT_OK,
               "members in the local network can be found, over %u link%s: an interface is one for "
               "IPv4 and one for IPv6",
               (unsigned)links, links == 1 ? "" : "s");
    } else {
        report(d, "lan", VERDICT_WARN,
               "members in the local network cannot be found: no interface to listen on can "
               "multicast, or another program keeps UDP port 5353 for itself");
    }
}

/* How many of the bootstrap hosts are names rather than addresses. */
static size_t count_names(const struct options *o)
{
    struct dtt_addr addr;
    const char *public;
    size_t n = 0;
    for (size_t i = 0; i < o->n_bootstrap; i++) {
        n += dtt_addr_parse(o->bootstrap[i], &addr) != 0;
    }
    for (size_t i = 0; o->n_bootstrap == 0 && (public = dtt_public_bootstrap(i)) != NULL; i++) {
        n += dtt_addr_parse(public, &addr) != 0;
    }
    return n;
}

/* True when there is somebody to ask. */
static bool check_names(struct doctor *d, bool is_complete)
{
    size_t names = count_names(d->session.options);
    if (names == 0) {
        report(d, "names", VERDICT_OK,
               "the bootstrap nodes are given by address: nothing to look up");
    } else if (d->dht.bootstraps > 0) {
        report(d, "names", VERDICT_OK, "the bootstrap hosts have %u address%s", d->dht.bootstraps,
               d->dht.bootstraps == 1 ? "" : "es");
    } else if (d->dht.resolving > 0 && !is_complete) {
        report(d, "names", VERDICT_WARN,
               "not known: '--for' was over before the name server answered");
    } else if (d->dht.resolving > 0) {
        report(d, "names", VERDICT_FAIL,
               "the name server has not answered: is there a network, and is the server in "
               "/etc/resolv.conf up? '--bootstrap' also takes an address");
    } else if (waiting_metric(d->session.node, "names_threadless") > 0) {
        report(d, "names", VERDICT_FAIL,
               "there is no thread to look up a bootstrap host: raise 'ulimit -u', or the limit of "
               "the container; '--bootstrap' also takes an address");
    } else {
        report(d, "names", VERDICT_FAIL,
               "no bootstrap host could be looked up: is there a network, and are the names right? "
               "'--bootstrap' also takes an address");
    }
    return d->dht.bootstraps > 0;
}

static void check_dht(struct doctor *d, enum side side)
{
    static const char *const names[] = {"dht_v4", "dht_v6"};
    static const char *const families[] = {"IPv4", "IPv6"};
    unsigned n = d->n_nodes[side];
    if (n > 0) {
        report(d, names[side], VERDICT_OK,
               "%u node%s near a random place answer%s, the first in %.1f ms", n, n == 1 ? "" : "s",
               n == 1 ? "s" : "", (double)d->best_rtt_us[side] / 1000);
    } else if (d->n_nodes[!side] > 0) {
        report(d, names[side], VERDICT_WARN,
               "no node answers over %s; over %s they do, which is enough", families[side],
               families[!side]);
    } else {
        report(d, names[side], VERDICT_FAIL,
               "no node answers over %s: is there a network, and does it let UDP through?",
               families[side]);
    }
}

static bool is_own(const struct dtt_addr *addr)
{
    struct ifaddrs *list;
    bool is_found = false;
    if (getifaddrs(&list) != 0) {
        return false;
    }
    for (const struct ifaddrs *i = list; i && !is_found; i = i->ifa_next) {
        if (!i->ifa_addr) {
            continue;
        }
        if (i->ifa_addr->sa_family == AF_INET && addr->family == DTT_FAMILY_V4) {
            const struct sockaddr_in *in = (const void *)i->ifa_addr;
            is_found = memcmp(&in->sin_addr, addr->ip, sizeof(in->sin_addr)) == 0;
        } else if (i->ifa_addr->sa_family == AF_INET6 && addr->family == DTT_FAMILY_V6) {
            const struct sockaddr_in6 *in6 = (const void *)i->ifa_addr;
            is_found = memcmp(&in6->sin6_addr, addr->ip, sizeof(in6->sin6_addr)) == 0;
        }
    }
    freeifaddrs(list);
    return is_found;
}

/* What the addresses that DHT nodes see say about the way to the internet. */
enum nat {
    NAT_UNKNOWN, /* too few nodes to believe them */
    NAT_VARIES,  /* each of them sees another port */
    NAT_NONE,    /* they see an address of this machine */
    NAT_KEEPS    /* all of them see one port, at the address of a NAT */
};

static enum nat nat_of(const struct doctor *d, enum side side)
{
    const struct dtt_addr *external = &d->external[side];
    if (external->family == DTT_FAMILY_NONE) {
        return d->n_nodes[side] < DOCTOR_VOTERS ? NAT_UNKNOWN : NAT_VARIES;
    }
    return is_own(external) ? NAT_NONE : NAT_KEEPS;
}

/* The nodes are in the network of this machine, rather than on the internet. */
static bool is_inside(const struct doctor *d, enum side side)
{
    const struct dtt_addr *external = &d->external[side];
    return external->family != DTT_FAMILY_NONE && dtt_addr_scope(external) != DTT_SCOPE_GLOBAL;
}

/* The external address and the kind of NAT. */
static void check_address(struct doctor *d, enum side side)
{
    static const char *const names[] = {"address_v4", "address_v6"};
    static const char *const nats[] = {"nat_v4", "nat_v6"};
    bool is_mapped = side == SIDE_V4 && d->mapping.status == DTT_PORT_MAPPING_HELD;
    enum nat nat = nat_of(d, side);
    char text[DTT_ADDR_TEXT_MAX];
    if (d->n_nodes[side] == 0) {
        return;
    }
    if (nat == NAT_UNKNOWN) {
        report(d, names[side], VERDICT_WARN, "unknown: too few nodes to believe them");
        return;
    }
    if (nat == NAT_VARIES) {
        report(d, names[side], is_mapped ? VERDICT_OK : VERDICT_WARN,
               "the nodes do not agree on it");
        report(d, nats[side], is_mapped ? VERDICT_OK : VERDICT_WARN,
               "a NAT that shows each of them another port%s",
               is_mapped ? ", at which one is mapped to this machine"
                         : ": strangers cannot reach this machine, it can reach those that "
                           "others can");
        return;
    }
    dtt_addr_format(&d->external[side], text);
    report(d, names[side], VERDICT_OK, "%s, %u nodes agree", text, d->votes[side]);
    if (is_mapped) {
        report(d, nats[side], VERDICT_OK, "a NAT, at which a port is mapped to this machine");
    } else if (nat == NAT_NONE) {
        report(d, nats[side], VERDICT_OK,
               "none: the address is this machine's own; that no firewall keeps strangers out "
               "is " DOCTOR_PROOF);
    } else {
        report(d, nats[side], VERDICT_WARN,
               "a NAT that shows all of them the same port, %u; forwarding that UDP port would let "
               "strangers in; that they come in without is " DOCTOR_PROOF,
               d->external[side].port);
    }
}

/* IPv4 is translated, so that a mapping would help. */
static bool is_behind_nat(const struct doctor *d)
{
    enum nat nat = nat_of(d, SIDE_V4);
    return nat == NAT_VARIES || (nat == NAT_KEEPS && !is_inside(d, SIDE_V4));
}

static void check_mapping(struct doctor *d)
{
    const struct dtt_event_port_mapping *m = &d->mapping;
    unsigned port = d->bound[SIDE_V4].port;
    char addr[DTT_ADDR_TEXT_MAX];
    dtt_addr_format(&m->addr, addr);
    if (d->session.options->no_portmap || (m->status == 0 && !is_behind_nat(d))) {
        return;
    }
    switch (m->status) {
    case DTT_PORT_MAPPING_HELD:
        report(d, "portmap", VERDICT_OK, "%s: %s for %u s, through which strangers come in",
               m->protocol, addr, (unsigned)m->lifetime_s);
        break;
    case DTT_PORT_MAPPING_REFUSED:
        report(d, "portmap", VERDICT_WARN,
               "%s (%s, code %u); allow it there, or forward a UDP port and name it by '--listen'",
               m->reason, m->protocol, (unsigned)m->code);
        break;
    case DTT_PORT_MAPPING_SECOND_NAT:
        addr[strcspn(addr, ":")] = '\0';
        report(d, "portmap", VERDICT_WARN,
               "%s: the router's own address is %s: another NAT follows, which no mapping opens; "
               "only its owner can give this line an address of its own",
               m->protocol, addr);
        break;
    case DTT_PORT_MAPPING_ABSENT:
    case DTT_PORT_MAPPING_LOST:
        report(d, "portmap", VERDICT_WARN,
               "the router answers neither PCP nor NAT-PMP%s; switch one on there, or forward a "
               "UDP port and name it by '--listen'",
               CLI_HAS_UPNP ? " nor UPnP" : ", and this build of dtt knows no UPnP");
        break;
    default:
        report(d, "portmap", VERDICT_WARN, "there is no router to ask for UDP port %u", port);
        break;
    }
}

/* A signal came, or the time of '--for' is over. */
static bool has_enough(void *user)
{
    struct doctor *d = user;
    const struct session *s = &d->session;
    d->has_signal |= signals_next(s->signals) != 0;
    return d->has_signal || (s->options->for_ms >= 0 &&
                             session_now_ms() >= s->start_ms + (uint64_t)s->options->for_ms);
}

/* As whom the relays see us: some of them let in only those they know. */
static int get_seed(const struct options *o, uint8_t ret[DTT_SEED_BYTES])
{
    return o->identity ? identity_load(o->identity, ret)
                       : session_exit_code(dtt_seed_generate(ret));
}

/* The query of its URL is left out: it may be a token, and a report is shown to others. */
static void report_relay(struct doctor *d, const char *url, const struct dtt_relay_probe_result *r)
{
    int len = (int)dtt_url_bare_len(url);
    switch (r->outcome) {
    case DTT_RELAY_PROBE_SERVES:
        d->has_relay = true;
        report(d, "relay", VERDICT_OK,
               "%.*s lets this machine in after %.1f ms and answers in %.1f ms", len, url,
               (double)r->open_us / 1000, (double)r->rtt_us / 1000);
        break;
    case DTT_RELAY_PROBE_FAILED:
        report(d, "relay", VERDICT_WARN, "%.*s: %s", len, url, r->why);
        break;
    default: report(d, "relay", VERDICT_WARN, "%.*s: not known, for want of time", len, url); break;
    }
}

static void check_relays(struct doctor *d)
{
    const struct options *o = d->session.options;
    struct dtt_relay_probe_result results[OPTIONS_RELAYS_MAX];
    struct dtt_relay_probe probe = {.urls = o->relays,
                                    .n = o->n_relays,
                                    .ca_file = o->ca_file,
                                    .user = d,
                                    .is_enough = has_enough};
    if (o->n_relays == 0 || get_seed(o, probe.seed) != EXIT_OK) {
        return;
    }
    int err = dtt_relay_probe_run(&probe, results);
    explicit_bzero(probe.seed, sizeof(probe.seed));
    for (size_t i = 0; i < o->n_relays && err == 0; i++) {
        report_relay(d, o->relays[i], &results[i]);
    }
    if (err != 0) {
        report(d, "relay", VERDICT_WARN, "not known: %s", dtt_error_text(err));
    }
}

static void check_storage(struct doctor *d)
{
    if (d->put_verified > 0) {
        report(d, "storage", VERDICT_OK, "%u of %u nodes took a value, %u return it", d->put_acked,
               d->put_asked, d->put_verified);
    } else if (d->put_acked > 0) {
        report(d, "storage", VERDICT_FAIL, "%u of %u nodes took a value, but none returns it",
               d->put_acked, d->put_asked);
    } else {
        report(d, "storage", VERDICT_FAIL, "none of %u nodes took a value", d->put_asked);
    }
}

/* --------------------------------------------------------------- the course */

static void must_start(struct session *s, int err)
{
    if (err != 0) {
        session_end(
            s, output_fail(session_exit_code(err), "cannot ask the DHT: %s", dtt_error_text(err)));
    }
}

static void start_find(struct session *s)
{
    uint8_t random[DTT_SEED_BYTES];
    uint32_t op;
    int err = dtt_seed_generate(random);
    must_start(s, err == 0 ? dtt_node_dht_find(s->node, random, &op) : err);
}

static void start_put(struct session *s)
{
    uint8_t seed[DTT_SEED_BYTES];
    struct dtt_dht_put put = {.size = sizeof(put),
                              .value = "dtt doctor",
                              .value_len = sizeof("dtt doctor") - 1,
                              .seed = seed,
                              .verify = 1};
    uint32_t op;
    int err = dtt_seed_generate(seed);
    must_start(s, err == 0 ? dtt_node_dht_put(s->node, &put, &op) : err);
}

static void take_node(struct doctor *d, const struct dtt_event *event)
{
    enum side side = side_of(&event->u.dht_node.addr);
    uint32_t rtt_us = event->u.dht_node.rtt_us;
    d->n_nodes[side]++;
    if (rtt_us > 0 && (d->best_rtt_us[side] == 0 || rtt_us < d->best_rtt_us[side])) {
        d->best_rtt_us[side] = rtt_us;
    }
}

static void end_examination(struct session *s)
{
    session_end(s, EXIT_OK);
}

/* All is known, or only the router's answer is missing. */
static void end_soon(struct session *s)
{
    const struct doctor *d = s->user;
    if (d->mapping.status != 0 || s->options->no_portmap || !is_behind_nat(d)) {
        end_examination(s);
    } else {
        s->on_alarm = end_examination;
        s->alarm_ms = s->start_ms + DOCTOR_PORTMAP_MS;
    }
}

static void take_event(struct session *s, const struct dtt_event *event)
{
    struct doctor *d = s->user;
    const struct dtt_addr *addr;
    switch (event->type) {
    case DTT_EVENT_LISTENING:
        d->n_bound = event->u.listening.n_addrs;
        memcpy(d->bound, event->u.listening.addrs, sizeof(d->bound));
        check_clock(d);
        check_udp(d);
        check_lan(d);
        break;
    case DTT_EVENT_EXTERNAL_ADDR:
        addr = &event->u.external_addr.addr;
        d->external[side_of(addr)] = *addr;
        d->votes[side_of(addr)] = event->u.external_addr.votes;
        break;
    case DTT_EVENT_DHT_READY: s->alarm_ms = session_now_ms() + DOCTOR_SETTLE_MS; break;
    case DTT_EVENT_DHT_NODE: take_node(d, event); break;
    case DTT_EVENT_DHT_DONE: start_put(s); break;
    case DTT_EVENT_DHT_PUT:
        d->has_put = true;
        d->put_asked = event->u.dht_put.asked;
        d->put_acked = event->u.dht_put.acked;
        d->put_verified = event->u.dht_put.verified;
        end_soon(s);
        break;
    case DTT_EVENT_PORT_MAPPING:
        d->mapping = event->u.port_mapping;
        if (d->has_put) {
            end_examination(s);
        }
        break;
    default: break;
    }
}

#define RELAY_WORDS " would help ('--relay', or '--n0' for public ones)"

/* Where the DHT is out of reach: what is left where TCP passes. */
static const char *what_is_left(const struct doctor *d)
{
    bool has_dht = d->n_nodes[SIDE_V4] + d->n_nodes[SIDE_V6] > 0;
    if (has_dht || strcmp(d->failed, "clock") == 0) {
        return "";
    }
    return d->has_relay ? "; over the relay it reaches those whose ids it is given ('--peer')"
                        : "; where UDP is blocked a relay" RELAY_WORDS
                          ": it reaches those whose ids are given ('--peer')";
}

/* Who can meet whom from here, and what would make it better. */
static const char *who_is_met(const struct doctor *d)
{
    bool has_v6 = d->external[SIDE_V6].family != DTT_FAMILY_NONE;
    if (d->mapping.status == DTT_PORT_MAPPING_HELD) {
        return "meets everybody: strangers come in through the router";
    }
    if (d->n_nodes[SIDE_V4] == 0) {
        return "meets only those who have IPv6, too: IPv4 is not to be had here";
    }
    if (is_inside(d, SIDE_V4)) {
        return "meets everybody in its network";
    }
    switch (nat_of(d, SIDE_V4)) {
    case NAT_UNKNOWN: return "finds others; too few nodes have answered to say whom it meets";
    case NAT_VARIES:
        return has_v6
                   ? "meets everybody but those without IPv6 whose router, as the one here, uses "
                     "a new port for each peer: a port forwarding or a relay" RELAY_WORDS
                   : "meets everybody but those whose router, as the one here, uses a new port for "
                     "each peer: IPv6, a port forwarding, a public member or a relay" RELAY_WORDS;
    case NAT_NONE:
        return "meets everybody, and at once if no firewall keeps strangers out, which is not "
               "proven yet";
    default:
        return "meets others that keep one port, or are open; a router that uses a new port for "
               "each peer has to be guessed at, which a port forwarding would spare";
    }
}

/* The last line; in JSON with the state of the node. */
static void give_verdict(struct doctor *d, bool is_complete)
{
    char text[320];
    if (!is_complete) {
        d->worst = VERDICT_FAIL;
        snprintf(text, sizeof(text), "not known: the time of '--for' was over too soon");
    } else if (d->failed) {
        /* There members ask by the minute, too, but need neither names nor the DHT. */
        bool is_lan_left = d->has_lan && strcmp(d->failed, "clock") != 0;
        snprintf(text, sizeof(text), "this machine %s, because of '%s'%s",
                 is_lan_left ? "finds others in the local network only" : "does not find others",
                 d->failed, what_is_left(d));
    } else {
        snprintf(text, sizeof(text), "this machine %s", who_is_met(d));
    }
    if (!d->session.options->json) {
        report(d, "verdict", d->worst, "%s", text);
    } else {
        struct print_line line;
        char node[OUTPUT_LINE_MAX];
        size_t len = dtt_node_snapshot_json(d->session.node, node, sizeof(node));
        print_begin(&line, "done");
        dtt_json_text(&line.json, "verdict", words[d->worst]);
        dtt_json_text(&line.json, "text", text);
        if (len < sizeof(node)) {
            dtt_json_raw(&line.json, "node", node);
        }
        print_end(&line);
    }
}

/* Reports the findings that need the whole examination, or how far it came. */
static int conclude(struct doctor *d, bool is_complete)
{
    d->dht.size = sizeof(d->dht);
    (void)dtt_node_dht_status(d->session.node, &d->dht);
    if (check_names(d, is_complete) || d->session.has_dht) {
        for (int side = 0; side < N_SIDES && is_complete; side++) {
            check_dht(d, (enum side)side);
        }
        for (int side = 0; side < N_SIDES; side++) {
            check_address(d, (enum side)side);
        }
        check_mapping(d);
    }
    if (d->has_put) {
        check_storage(d);
    }
    check_relays(d);
    give_verdict(d, is_complete);
    return d->worst == VERDICT_FAIL ? EXIT_REACH : EXIT_OK;
}

static int run(struct options *o)
{
    struct doctor d = {.has_color = output_has_color(STDOUT_FILENO)};
    d.session.on_alarm = start_find;
    d.session.user = &d;
    d.session.is_diagnosis = true;
    int code = session_open(&d.session, o, SESSION_DHT,
                            DTT_NODE_READ_ONLY | (o->no_portmap ? 0 : DTT_NODE_PORTMAP),
                            DOCTOR_TIMEOUT_MS);

    if (code == EXIT_OK) {
        session_run(&d.session, take_event);
        code = d.session.code;
        bool is_complete = code == EXIT_REACH || d.has_put;
        if (is_complete || (code == EXIT_OK && d.session.is_time_over)) {
            code = conclude(&d, is_complete);
        } else if (code == EXIT_OK) {
            code = output_fail(EXIT_REACH, "there is no verdict yet, and a signal came");
        }
    }
    session_close(&d.session);
    return code;
}

const struct command command_doctor = {
    .name = "doctor",
    .summary = "find out why peers are not found or not reached",
    .details = "Checks from this machine, one line each: the clock, UDP sockets, whether members\n"
               "in the local network can be found, the names of the bootstrap hosts, whether\n"
               "DHT nodes answer over IPv4 and IPv6, the address they see and what NAT that\n"
               "means, whether the home router maps a port to this machine, and whether the\n"
               "nodes keep a value, stored under a random key. Then it connects to each relay\n"
               "that '--relay' or '--n0' names and tells how long that takes, or why it is not\n"
               "let in, as the endpoint of '--identity'. The last line is the verdict.\n"
               "Joins no topic. Exit code 69 when something fails.",
    .options = OPTIONS_DHT | OPTION_BIT(OPTION_ASK_TIMEOUT) | OPTION_BIT(OPTION_FOR) |
               OPTION_BIT(OPTION_NO_PORTMAP) | OPTION_BIT(OPTION_NO_LAN) |
               OPTION_BIT(OPTION_RELAY) | OPTION_BIT(OPTION_N0) | OPTION_BIT(OPTION_CA_FILE) |
               OPTION_BIT(OPTION_IDENTITY),
    .unlisted = OPTIONS_TOPIC & ~OPTION_BIT(OPTION_JOIN_TIMEOUT),
    .run = run,
};
