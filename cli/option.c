/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "option.h"

#include "base/addr.h"
#include "codec/text.h"

#include <dtt/dht.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum option_result result(bool is_good)
{
    return is_good ? OPTION_TAKEN : OPTION_IS_BAD;
}

static enum option_result set_text(struct options *o, const struct option *option, void *place,
                                   char *value)
{
    (void)o;
    *(char **)place = value;
    return result(*value && (option->max == 0 || strlen(value) <= (size_t)option->max));
}

static enum option_result set_number(struct options *o, const struct option *option, void *place,
                                     char *value)
{
    char *end;
    long long n;
    (void)o;
    errno = 0;
    n = strtoll(value, &end, 10);
    *(int64_t *)place = n;
    return result(end != value && !*end && !errno && n >= option->min && n <= option->max);
}

static enum option_result set_seconds(struct options *o, const struct option *option, void *place,
                                      char *value)
{
    const double longest = 100.0 * 365 * 24 * 3600;
    double seconds;
    char *end;
    (void)o;
    (void)option;
    /* strtod also reads hexadecimal, "inf" and "nan". */
    if (strspn(value, "0123456789.") != strlen(value)) {
        return OPTION_IS_BAD;
    }
    seconds = strtod(value, &end);
    if (end == value || *end || seconds > longest) {
        return OPTION_IS_BAD;
    }
    *(int64_t *)place = (int64_t)(seconds * 1000);
    return OPTION_TAKEN;
}

/* One of a few words, in the order of their numbers. */
static enum option_result set_word(struct options *o, const struct option *option, void *place,
                                   char *value)
{
    (void)o;
    for (int64_t i = 0; option->words[i]; i++) {
        if (strcmp(option->words[i], value) == 0) {
            *(int64_t *)place = i;
            return OPTION_TAKEN;
        }
    }
    return OPTION_IS_BAD;
}

static enum option_result set_knob(struct options *o, const struct option *option, void *place,
                                   char *value)
{
    (void)option;
    (void)place;
    if (strcmp(value, "list") == 0) {
        o->wants_knobs = true;
        return OPTION_TAKEN;
    }
    return dtt_tuning_set(&o->tuning, value, o->why, sizeof(o->why)) == 0 ? OPTION_TAKEN
                                                                          : OPTION_SAYS_WHY;
}

/* The library resolves the name; here only the form is checked. */
static enum option_result set_host(struct options *o, const struct option *option, void *place,
                                   char *value)
{
    char host[DTT_HOST_MAX];
    uint16_t port;
    (void)o;
    (void)option;
    *(char **)place = value;
    return result(dtt_addr_split_host(value, host, &port) == DTT_OK);
}

static enum option_result set_listen(struct options *o, const struct option *option, void *place,
                                     char *value)
{
    struct dtt_addr addr, first;
    (void)option;
    if (dtt_addr_parse(value, &addr) != 0) {
        return OPTION_IS_BAD;
    }
    if (o->n_listen == 1 && dtt_addr_parse(o->listen[0], &first) == 0 &&
        first.family == addr.family) {
        return OPTION_IS_ONE_TOO_MANY;
    }
    *(char **)place = value;
    return OPTION_TAKEN;
}

static enum option_result set_id(struct options *o, const struct option *option, void *place,
                                 char *value)
{
    (void)o;
    (void)option;
    return result(dtt_id_parse(value, place) == 0);
}

/* The address of somebody: with a port, and not that of all interfaces. */
static enum option_result set_addr(struct options *o, const struct option *option, void *place,
                                   char *value)
{
    struct dtt_addr *addr = place;
    (void)o;
    (void)option;
    return result(dtt_addr_parse(value, addr) == 0 && addr->port != 0 &&
                  !dtt_addr_is_wildcard(addr));
}

static enum option_result set_peer(struct options *o, const struct option *option, void *place,
                                   char *value)
{
    struct dtt_peer_addr *peer = place;
    char *at = strchr(value, '@');
    char id[DTT_ID_TEXT_MAX];
    if (!at || (size_t)(at - value) >= sizeof(id)) {
        return OPTION_IS_BAD;
    }
    peer->size = sizeof(*peer);
    memcpy(id, value, (size_t)(at - value));
    id[at - value] = '\0';
    return dtt_id_parse(id, &peer->id) == 0 ? set_addr(o, option, &peer->addr, at + 1)
                                            : OPTION_IS_BAD;
}

static enum option_result set_hash(struct options *o, const struct option *option, void *place,
                                   char *value)
{
    (void)o;
    (void)option;
    return result(dtt_hex_decode(place, 32, value, strlen(value)) == DTT_OK);
}

const char *const option_presets[] = {"default", "seed", "rust-0.3", NULL};
static const char *const log_levels[] = {"off", "error", "warn", "info", "debug", NULL};

#define FIELD(name) offsetof(struct options, name)

const struct option option_table[] = {
    {.id = OPTION_SECRET_FILE,
     .name = "secret-file",
     .value = "FILE",
     .expects = "a file name",
     .set = set_text,
     .field = FIELD(secret_file),
     .help = "read the shared secret from FILE (a newline at its end is\n"
             "not part of it); else the variable DTT_SECRET is taken,\n"
             "else a terminal is asked"},
    {.id = OPTION_SECRET,
     .name = "secret",
     .value = "TEXT",
     .expects = "a secret: it is empty",
     .set = set_text,
     .field = FIELD(secret),
     .help = "the shared secret itself: others on this machine can see\n"
             "it in the list of processes, and the shell remembers it"},
    {.id = OPTION_BOOTSTRAP,
     .name = "bootstrap",
     .value = "HOST:PORT",
     .expects = "of the form HOST:PORT (an IPv6 address in brackets)",
     .set = set_host,
     .field = FIELD(bootstrap),
     .size = sizeof(char *),
     .count = FIELD(n_bootstrap),
     .most = OPTIONS_BOOTSTRAP_MAX,
     .help = "first DHT node to ask instead of the public ones;\n"
             "can be given up to 32 times"},
    {.id = OPTION_NO_BOOTSTRAP,
     .name = "no-bootstrap",
     .field = FIELD(no_bootstrap),
     .help = "contact nobody: be the first node of a private DHT"},
    {.id = OPTION_LISTEN,
     .name = "listen",
     .value = "ADDR:PORT",
     .expects = "of the form ADDR:PORT with a numeric address, like 0.0.0.0:4000 or [::]:4000",
     .set = set_listen,
     .field = FIELD(listen),
     .size = sizeof(char *),
     .count = FIELD(n_listen),
     .most = OPTIONS_LISTEN_MAX,
     .help = "bind to this address, port 0 for any; once for IPv4 and\n"
             "once for IPv6 (default: all interfaces, any port)"},
    {.id = OPTION_FIRST_LISTEN,
     .name = "listen",
     .value = "ADDR:PORT",
     .expects = "of the form ADDR:PORT with a numeric address, like 127.0.0.1:4000",
     .set = set_listen,
     .field = FIELD(listen),
     .size = sizeof(char *),
     .count = FIELD(n_listen),
     .most = OPTIONS_LISTEN_MAX,
     .help = "where the first node listens, which is the address that\n"
             "others are told (default: 127.0.0.1, any port)"},
    {.id = OPTION_IDENTITY,
     .name = "identity",
     .value = "FILE",
     .expects = "a file name",
     .set = set_text,
     .field = FIELD(identity),
     .help = "secret key that gives the endpoint id, 32 bytes, made if\n"
             "missing (default: a new identity each time)"},
    {.id = OPTION_STATE,
     .name = "state",
     .value = "FILE",
     .expects = "a file name",
     .set = set_text,
     .field = FIELD(state),
     .help = "keep the DHT node's id and the nodes it knows in FILE for\n"
             "a quick start next time (default: start anew)"},
    {.id = OPTION_PEER,
     .name = "peer",
     .value = "ID@ADDR:PORT",
     .expects = "of the form ID@ADDR:PORT with an endpoint id and the numeric address of a machine",
     .set = set_peer,
     .field = FIELD(peers),
     .size = sizeof(struct dtt_peer_addr),
     .count = FIELD(n_peers),
     .most = OPTIONS_PEERS_MAX,
     .help = "dial this peer too; can be given up to 64 times"},
    {.id = OPTION_JOIN_TIMEOUT,
     .name = "join-timeout",
     .value = "SECONDS",
     .expects = "a number of seconds",
     .set = set_seconds,
     .field = FIELD(join_timeout_ms),
     .help = "give up with exit code 69 after this time without an\n"
             "answer; 0 waits for ever"},
    {.id = OPTION_FOR,
     .name = "for",
     .value = "SECONDS",
     .expects = "a number of seconds",
     .set = set_seconds,
     .field = FIELD(for_ms),
     .help = "leave after this time"},
    {.id = OPTION_PRESET,
     .name = "preset",
     .value = "NAME",
     .expects = "one of default, seed, rust-0.3",
     .set = set_word,
     .field = FIELD(preset),
     .words = option_presets,
     .help = "timing of the search: default, seed (the first Rust\n"
             "version) or rust-0.3"},
    {.id = OPTION_TUNE,
     .name = "tune",
     .value = "KNOB=VALUE",
     .set = set_knob,
     .help = "change one figure of the preset; can be given for each\n"
             "knob, and '--tune list' shows them"},
    {.id = OPTION_OLD_LINE,
     .name = "old-line",
     .field = FIELD(old_line),
     .help = "meet members that run the Rust line 0.1 or 0.2 too"},
    {.id = OPTION_QUIT_ON_EOF,
     .name = "quit-on-eof",
     .field = FIELD(quit_on_eof),
     .help = "leave when standard input has ended and all is sent"},
    {.id = OPTION_NODES,
     .name = "nodes",
     .value = "N",
     .expects = "a number from 1 to 500",
     .set = set_number,
     .field = FIELD(n_nodes),
     .min = 1,
     .max = 500,
     .help = "number of DHT nodes (default 20)"},
    {.id = OPTION_PEERS,
     .name = "peers",
     .value = "N",
     .expects = "a number from 2 to 50",
     .set = set_number,
     .field = FIELD(n_demo_peers),
     .min = 2,
     .max = 50,
     .help = "number of peers (default 3)"},
    {.id = OPTION_KEY,
     .name = "key",
     .value = "FILE",
     .expects = "a file name",
     .set = set_text,
     .field = FIELD(key),
     .help = "sign a mutable item with this secret key, 32 bytes, made\n"
             "if missing (default: an immutable item)"},
    {.id = OPTION_SALT,
     .name = "salt",
     .value = "TEXT",
     .expects = "a salt of 1 to 64 bytes",
     .set = set_text,
     .field = FIELD(salt),
     .max = DTT_DHT_SALT_MAX,
     .help = "salt of a mutable item, at most 64 bytes"},
    {.id = OPTION_SEQ,
     .name = "seq",
     .value = "N",
     .expects = "a number from 0 to 9223372036854775807",
     .set = set_number,
     .field = FIELD(seq),
     .max = INT64_MAX,
     .help = "sequence number of a mutable item (default: the time)"},
    {.id = OPTION_CAS,
     .name = "cas",
     .value = "N",
     .expects = "a number from 0 to 9223372036854775807",
     .set = set_number,
     .field = FIELD(cas),
     .max = INT64_MAX,
     .help = "only replace the item with this sequence number"},
    {.id = OPTION_VERIFY,
     .name = "verify",
     .field = FIELD(verify),
     .help = "read the item back and count the nodes that return it"},
    {.id = OPTION_TOPIC,
     .name = "topic",
     .value = "TOPIC",
     .expects = "a topic: it is empty",
     .set = set_text,
     .field = FIELD(topic),
     .help = "name of the topic"},
    {.id = OPTION_TOPIC_HASH,
     .name = "topic-hash",
     .value = "HEX",
     .expects = "32 bytes as 64 hex digits",
     .set = set_hash,
     .field = FIELD(topic_hash),
     .count = FIELD(n_topic_hashes),
     .most = 1,
     .help = "hash of the topic instead of its name"},
    {.id = OPTION_MINUTE,
     .name = "minute",
     .value = "N",
     .expects = "a number of minutes since 1970",
     .set = set_number,
     .field = FIELD(minute),
     .max = INT64_MAX,
     .help = "minute of the record, unix time / 60 (default: now)"},
    {.id = OPTION_ACTIVE_PEER,
     .name = "peer",
     .value = "ID",
     .expects = "an endpoint id",
     .set = set_id,
     .field = FIELD(record.active_peers),
     .size = sizeof(struct dtt_id),
     .count = FIELD(record.n_active_peers),
     .most = DTT_RECORD_PEERS,
     .help = "an active peer to name, up to 5 times"},
    {.id = OPTION_HASH,
     .name = "hash",
     .value = "HEX",
     .expects = "32 bytes as 64 hex digits",
     .set = set_hash,
     .field = FIELD(record.message_hashes),
     .size = 32,
     .count = FIELD(record.n_message_hashes),
     .most = DTT_RECORD_HASHES,
     .help = "a message hash to name, up to 5 times"},
    {.id = OPTION_ADDR,
     .name = "addr",
     .value = "ADDR:PORT",
     .expects = "of the form ADDR:PORT with a numeric address",
     .set = set_addr,
     .field = FIELD(record.addrs),
     .size = sizeof(struct dtt_addr),
     .count = FIELD(record.n_addrs),
     .most = DTT_RECORD_ADDRS,
     .help = "an address of the publisher, up to 8 times"},
    {.id = OPTION_HEX,
     .name = "hex",
     .field = FIELD(hex),
     .help = "the sealed record as hex digits instead of raw bytes"},
    {.id = OPTION_MEMBERS,
     .name = "nodes",
     .value = "N",
     .expects = "a number from 2 to 20000",
     .set = set_number,
     .field = FIELD(n_members),
     .min = 2,
     .max = 20000,
     .help = "number of members (default: as the scenario says)"},
    {.id = OPTION_SEED,
     .name = "seed",
     .value = "N",
     .expects = "a number from 0 to 9223372036854775807",
     .set = set_number,
     .field = FIELD(seed),
     .max = INT64_MAX,
     .help = "from which all chance follows (default 1): the same seed\n"
             "gives the same run"},
    {.id = OPTION_REAL,
     .name = "quic",
     .field = FIELD(is_real),
     .help = "members speak real QUIC with its cryptography instead of\n"
             "a light stand-in: slower, for up to some hundred members"},
    {.id = OPTION_PLOT,
     .name = "plot",
     .value = "FILE",
     .expects = "a file name",
     .set = set_text,
     .field = FIELD(plot),
     .help = "draw components, neighbours and traffic over time into\n"
             "FILE, an SVG picture"},
    {.id = OPTION_LIST,
     .name = "list",
     .field = FIELD(list),
     .help = "list the scenarios and what each checks"},
    {.id = OPTION_JSON, .name = "json", .field = FIELD(json), .help = "one JSON object a line"},
    {.id = OPTION_LOG,
     .name = "log",
     .value = "LEVEL",
     .expects = "one of off, error, warn, info, debug",
     .set = set_word,
     .field = FIELD(log_level),
     .words = log_levels,
     .help = "show the library's log on standard error: off, error,\n"
             "warn, info or debug (default: off)"},
    {.id = OPTION_HELP, .name = "help", .field = FIELD(help), .help = "show this text"},
    {0},
};
