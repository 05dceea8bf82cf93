/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "option.h"

#include "base/addr.h"
#include "codec/pkarr.h"
#include "codec/text.h"
#include "codec/url.h"

#include <dtt/dht.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum option_result result(bool is_good)
{
    return is_good ? OPTION_TAKEN : OPTION_IS_BAD;
}

static enum option_result set_text(const struct option_use *use)
{
    *(char **)use->place = use->value;
    return result(*use->value &&
                  (use->option->max == 0 || strlen(use->value) <= (size_t)use->option->max));
}

static enum option_result set_number(const struct option_use *use)
{
    char *end;
    long long n;
    errno = 0;
    n = strtoll(use->value, &end, 10);
    *(int64_t *)use->place = n;
    return result(end != use->value && !*end && !errno && n >= use->option->min &&
                  n <= use->option->max);
}

static enum option_result set_seconds(const struct option_use *use)
{
    const double longest = 100.0 * 365 * 24 * 3600;
    char *end;
    /* strtod also reads hexadecimal, "inf" and "nan". */
    if (strspn(use->value, "0123456789.") != strlen(use->value)) {
        return OPTION_IS_BAD;
    }
    double seconds = strtod(use->value, &end);
    if (end == use->value || *end || seconds > longest) {
        return OPTION_IS_BAD;
    }
    *(int64_t *)use->place = (int64_t)(seconds * 1000);
    return OPTION_TAKEN;
}

/* One of a few words, in the order of their numbers. */
static enum option_result set_word(const struct option_use *use)
{
    for (int64_t i = 0; use->option->words[i]; i++) {
        if (strcmp(use->option->words[i], use->value) == 0) {
            *(int64_t *)use->place = i;
            return OPTION_TAKEN;
        }
    }
    return OPTION_IS_BAD;
}

/* Of two tunings with one knob each at most: the same one is set in both. */
static bool is_same_knob(const struct dtt_tuning *a, const struct dtt_tuning *b)
{
    for (size_t at = sizeof(a->size); at + sizeof(int) <= sizeof(*a); at += sizeof(int)) {
        int of_a, of_b;
        memcpy(&of_a, (const char *)a + at, sizeof(of_a));
        memcpy(&of_b, (const char *)b + at, sizeof(of_b));
        if (of_a != 0 && of_b != 0) {
            return true;
        }
    }
    return false;
}

static enum option_result set_knob(const struct option_use *use)
{
    struct dtt_tuning one = {.size = sizeof(one)};
    if (strcmp(use->value, "list") == 0) {
        use->o->wants_knobs = true;
        return OPTION_TAKEN;
    }
    if (dtt_tuning_set(&one, use->value, use->o->why, sizeof(use->o->why)) != 0) {
        return OPTION_SAYS_WHY;
    }
    if (is_same_knob(&one, &use->o->tuning)) {
        snprintf(use->o->why, sizeof(use->o->why), "this knob was given before");
        return OPTION_SAYS_WHY;
    }
    (void)dtt_tuning_set(&use->o->tuning, use->value, NULL, 0);
    return OPTION_TAKEN;
}

/* The library resolves the name; here only the form is checked. */
static enum option_result set_host(const struct option_use *use)
{
    char host[DTT_HOST_MAX];
    uint16_t port;
    *(char **)use->place = use->value;
    return result(dtt_addr_split_host(use->value, host, &port) == DTT_OK);
}

static enum option_result set_listen(const struct option_use *use)
{
    struct dtt_addr addr, first;
    if (dtt_addr_parse(use->value, &addr) != 0) {
        return OPTION_IS_BAD;
    }
    if (use->o->n_listen == 1 && dtt_addr_parse(use->o->listen[0], &first) == 0 &&
        first.family == addr.family) {
        return OPTION_IS_ONE_TOO_MANY;
    }
    *(char **)use->place = use->value;
    return OPTION_TAKEN;
}

static enum option_result set_id(const struct option_use *use)
{
    return result(dtt_id_parse(use->value, use->place) == 0);
}

/* An address to send to: with a port, and not that of all interfaces. */
static enum option_result set_addr(const struct option_use *use)
{
    struct dtt_addr *addr = use->place;
    return result(dtt_addr_parse(use->value, addr) == 0 && addr->port != 0 &&
                  !dtt_addr_is_wildcard(addr));
}

static enum option_result set_peer(const struct option_use *use)
{
    struct dtt_peer_addr *peer = use->place;
    size_t len = strcspn(use->value, "@");
    char id[DTT_ID_TEXT_MAX];
    if (len >= sizeof(id)) {
        return OPTION_IS_BAD;
    }
    peer->size = sizeof(*peer);
    memcpy(id, use->value, len);
    id[len] = '\0';
    if (dtt_id_parse(id, &peer->id) != 0) {
        return OPTION_IS_BAD;
    }
    char *addr = use->value + len;
    return *addr ? set_addr(&(struct option_use){.place = &peer->addr, .value = addr + 1})
                 : OPTION_TAKEN;
}

static enum option_result set_url(const struct option_use *use)
{
    struct dtt_url url;
    *(char **)use->place = use->value;
    return result(dtt_url_parse(use->value, &url) == DTT_OK);
}

static enum option_result set_relay(const struct option_use *use)
{
    struct dtt_url url;
    const char *query;
    *(char **)use->place = use->value;
    return result(dtt_url_parse_with_query(use->value, &url, &query) == DTT_OK);
}

static enum option_result set_origin(const struct option_use *use)
{
    *(char **)use->place = use->value;
    return result(dtt_pkarr_is_origin(use->value));
}

static enum option_result set_hash(const struct option_use *use)
{
    return result(dtt_hex_decode(use->place, 32, use->value, strlen(use->value)) == DTT_OK);
}

const char *const option_presets[] = {"default", "seed", "rust-0.3", NULL};
/* What is spoken in the local network; --no-lan is nothing of it. */
static const char *const lans[] = {"private", "iroh", NULL};
static const char *const log_levels[] = {"off", "error", "warn", "info", "debug", NULL};

#define FIELD(name) offsetof(struct options, name)
#define SIZE(name) sizeof(((struct options *)0)->name)

/* The fields of each kind of option: a flag, a value, a number, a value that may be repeated. */
#define FLAG(id_, name_, field_) .id = OPTION_##id_, .name = name_, .field = FIELD(field_)
#define VALUE(set_, id_, name_, value_, expects_, field_) \
    FLAG(id_, name_, field_), .value = value_, .expects = expects_, .set = set_
#define NUMBER(id_, name_, field_, min_, max_) \
    .min = min_, .max = max_,                  \
    VALUE(set_number, id_, name_, "N", "a number from " #min_ " to " #max_, field_)
#define LIST(set_, id_, name_, value_, expects_, field_, count_) \
    VALUE(set_, id_, name_, value_, expects_, field_),           \
        .count = FIELD(count_), .size = SIZE(field_[0]), .most = SIZE(field_) / SIZE(field_[0])

const struct option option_table[] = {
    {VALUE(set_text, SECRET_FILE, "secret-file", "FILE", "a file name", secret_file),
     .help = "read the shared secret from FILE (a newline at its end is\n"
             "not part of it); default: the variable DTT_SECRET, or a\n"
             "question at the terminal"},
    {VALUE(set_text, SECRET, "secret", "TEXT", "a secret: it is empty", secret),
     .help = "the shared secret itself: others on this machine can see\n"
             "it in the list of processes, and the shell remembers it"},
    {FLAG(CLOSED, "closed", closed), .help =
                                         "the room of a closed topic: nobody finds it, hears or\n"
                                         "speaks there without the secret; all members say so"},
    {LIST(set_host, BOOTSTRAP, "bootstrap", "HOST:PORT",
          "HOST:PORT with a port from 1 to 65535 (and an IPv6 address in brackets)", bootstrap,
          n_bootstrap),
     .help = "first DHT node to ask instead of the public ones;\n"
             "can be given up to 32 times"},
    {FLAG(NO_BOOTSTRAP, "no-bootstrap", no_bootstrap),
     .help = "contact nobody: be the first node of a private DHT"},
    {LIST(set_listen, LISTEN, "listen", "ADDR:PORT",
          "of the form ADDR:PORT with a numeric address, like 0.0.0.0:4000 or [::]:4000", listen,
          n_listen),
     .help = "bind to this address, port 0 for any; once for IPv4 and\n"
             "once for IPv6 (default: all interfaces, any port)"},
    {LIST(set_listen, FIRST_LISTEN, "listen", "ADDR:PORT",
          "of the form ADDR:PORT with a numeric address, like 127.0.0.1:4000", listen, n_listen),
     .help = "address of the first node, which other machines are told\n"
             "(default: 127.0.0.1, any port)"},
    {VALUE(set_text, IDENTITY, "identity", "FILE", "a file name", identity),
     .help = "secret key that gives the endpoint id, 32 bytes, made if\n"
             "missing; 'default' is one in your home (without this\n"
             "option: a new identity each time)"},
    {VALUE(set_text, OWN_IDENTITY, "identity", "FILE", "a file name", identity),
     .help = "secret key that gives the endpoint id, 32 bytes, made if\n"
             "missing; 'default' is one in your home"},
    {VALUE(set_text, STATE, "state", "FILE", "a file name", state),
     .help = "keep the DHT node's id and the nodes it knows in FILE for\n"
             "a quick start next time (default: a file of your own in\n"
             "$XDG_STATE_HOME/dtt, but none with '--bootstrap')"},
    {FLAG(NO_STATE, "no-state", no_state), .help = "start afresh, and keep nothing"},
    {LIST(set_peer, PEER, "peer", "ID[@ADDR:PORT]",
          "ID or ID@ADDR:PORT with an endpoint id of 64 hex digits, as 'dtt id' prints, and the "
          "numeric address of a machine",
          peers, n_peers),
     .help = "dial this peer too, which is looked for where it has no\n"
             "address; can be given up to 64 times"},
    {VALUE(set_seconds, JOIN_TIMEOUT, "join-timeout", "SECONDS",
           "a number of seconds, without a unit and of 100 years at most", join_timeout_ms),
     .help = "give up with exit code 69 after this time without a\n"
             "neighbour (default: 0, which waits for ever)"},
    {VALUE(set_seconds, ASK_TIMEOUT, "join-timeout", "SECONDS",
           "a number of seconds, without a unit and of 100 years at most", join_timeout_ms),
     .help = "give up with exit code 69 after this time without the\n"
             "answer of a DHT node (default: 10; 0 waits for ever)"},
    {VALUE(set_seconds, FOR, "for", "SECONDS",
           "a number of seconds, without a unit and of 100 years at most", for_ms),
     .help = "leave after this time"},
    {VALUE(set_word, PRESET, "preset", "NAME", "one of default, seed, rust-0.3", preset),
     .words = option_presets,
     .help = "timing of the search: default, seed (the first Rust\n"
             "version) or rust-0.3"},
    {.id = OPTION_TUNE,
     .name = "tune",
     .value = "KNOB=VALUE",
     .set = set_knob,
     .help = "change one figure of the preset; can be given for each\n"
             "knob, and '--tune list' shows them"},
    {FLAG(OLD_LINE, "old-line", old_line),
     .help = "meet members that run the Rust line 0.1 or 0.2 too"},
    {FLAG(NO_PORTMAP, "no-portmap", no_portmap),
     .help = "do not ask the home router for a port mapping"},
    {FLAG(NO_LAN, "no-lan", no_lan), .help = "do not look for members in the local network"},
    {VALUE(set_word, LAN, "lan", "WORD", "private or iroh", lan), .words = lans,
     .help = "iroh: tell everybody in the local network where this\n"
             "endpoint is, as iroh's crates do; default: private"},
    {LIST(set_url, PKARR, "pkarr", "URL", DTT_URL_FORM, pkarr, n_pkarr),
     .help = "ask this pkarr server where peers are, and tell it at\n"
             "which relay this node is; up to 4 times"},
    {LIST(set_origin, DNS_ORIGIN, "dns-origin", "DOMAIN", DTT_PKARR_ORIGIN_FORM, dns_origins,
          n_dns_origins),
     .help = "ask the name servers of this machine where peers are, by\n"
             "names in this domain; up to 4 times"},
    {FLAG(PUBLISH_ADDRS, "publish-addrs", publish_addrs),
     .help = "keep the addresses of this machine at the pkarr servers,\n"
             "where everybody who knows the endpoint id can read them"},
    {LIST(set_relay, RELAY, "relay", "URL", "a URL of the form https://HOST[:PORT], or with http",
          relays, n_relays),
     .help = "stay connected to this relay of iroh's, over which peers\n"
             "there are reached where no datagram passes; up to 8 times\n"
             "(doctor: connect to it and tell how it is)"},
    {FLAG(N0, "n0", n0), .help = "use the public servers of iroh's preset N0, too: four\n"
                                 "relays, a pkarr server and a DNS origin"},
    {VALUE(set_text, CA_FILE, "ca-file", "FILE", "a file name", ca_file),
     .help = "trust the authorities in FILE (PEM) to name servers\n"
             "(default: those of the system)"},
    {FLAG(PLAIN, "plain", plain), .help = "change nothing in place, for screen readers; TERM=dumb\n"
                                          "does the same"},
    {FLAG(QUIT_ON_EOF, "quit-on-eof", quit_on_eof),
     .help = "leave when standard input has ended and all is sent"},
    {VALUE(set_text, NAME, "name", "TEXT", "a name of 1 to 64 bytes", name), .max = DTT_NAME_MAX,
     .help = "what others call you; kept in IDENTITY.name, where chat\n"
             "finds it the next time"},
    {FLAG(UNSIGNED, "unsigned", is_unsigned), .help = "do not sign lines: nobody sees who wrote\n"
                                                      "them"},
    {FLAG(SIGNED, "signed", is_signed),
     .help = "sign each line, of up to 3902 bytes: others see who wrote\n"
             "it and when, and equal lines count apart"},
    {NUMBER(NODES, "nodes", n_nodes, 1, 500), .help = "number of DHT nodes (default 20)"},
    {NUMBER(PEERS, "peers", n_demo_peers, 2, 50), .help = "number of peers (default 3)"},
    {VALUE(set_text, KEY, "key", "FILE", "a file name", key),
     .help = "sign a mutable item with this secret key, 32 bytes, made\n"
             "if missing (default: an immutable item)"},
    {VALUE(set_text, SALT, "salt", "TEXT", "a salt of 1 to 64 bytes", salt),
     .max = DTT_DHT_SALT_MAX, .help = "salt of a mutable item, at most 64 bytes"},
    {NUMBER(SEQ, "seq", seq, 0, 9223372036854775807),
     .help = "sequence number of a mutable item (default: the time)"},
    {NUMBER(CAS, "cas", cas, 0, 9223372036854775807),
     .help = "only replace the item with this sequence number"},
    {FLAG(VERIFY, "verify", verify),
     .help = "read the item back and count the nodes that return it"},
    {VALUE(set_text, TOPIC, "topic", "TOPIC", "a topic: it is empty", topic),
     .help = "name of the topic"},
    {LIST(set_hash, TOPIC_HASH, "topic-hash", "HEX", "32 bytes as 64 hex digits", topic_hash,
          n_topic_hashes),
     .help = "hash of the topic instead of its name"},
    {VALUE(set_number, MINUTE, "minute", "N", "a number of minutes since 1970", minute),
     .max = INT64_MAX, .help = "minute of the record, unix time / 60 (default: now)"},
    {LIST(set_id, ACTIVE_PEER, "peer", "ID", "an endpoint id", record.active_peers,
          record.n_active_peers),
     .help = "an active peer to name, up to 5 times"},
    {LIST(set_hash, HASH, "hash", "HEX", "32 bytes as 64 hex digits", record.message_hashes,
          record.n_message_hashes),
     .help = "a message hash to name, up to 5 times"},
    {LIST(set_addr, ADDR, "addr", "ADDR:PORT", "of the form ADDR:PORT with a numeric address",
          record.addrs, record.n_addrs),
     .help = "an address of the publisher, up to 8 times"},
    {FLAG(HEX, "hex", hex), .help = "the sealed record as hex digits instead of raw bytes"},
    {NUMBER(MEMBERS, "nodes", n_members, 2, 20000),
     .help = "number of members (default: as the scenario says)"},
    {NUMBER(SEED, "seed", seed, 0, 9223372036854775807),
     .help = "source of all chance (default 1): the same seed gives the\n"
             "same run"},
    {.help = "members speak real QUIC with its cryptography instead of\n"
             "a light stand-in: slower, for up to some hundred members",
     FLAG(REAL, "quic", is_real)},
    {VALUE(set_text, PLOT, "plot", "FILE", "a file name", plot),
     .help = "draw components, neighbours and traffic over time into\n"
             "FILE, an SVG picture"},
    {FLAG(LIST, "list", list), .help = "list the scenarios and what each checks"},
    {FLAG(JSON, "json", json), .help = "one JSON object a line"},
    {VALUE(set_word, LOG, "log", "LEVEL", "one of off, error, warn, info, debug", log_level),
     .words = log_levels,
     .help = "show the library's log on standard error: off, error,\n"
             "warn, info or debug (default: off)"},
    {FLAG(HELP, "help", help), .help = "show this text"},
    {0},
};
