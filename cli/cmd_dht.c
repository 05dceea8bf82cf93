/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/text.h"
#include "commands.h"
#include "exit_code.h"
#include "identity.h"
#include "output.h"
#include "print.h"
#include "session.h"
#include "text.h"

#include <dtt/dht.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DHT_TIMEOUT_MS  10000
#define SERVE_REPORT_MS 60000

/* KRPC errors of BEP 44. */
#define KRPC_CAS_MISMATCH 301
#define KRPC_SEQ_TOO_LOW  302

static void print_value(const struct dtt_event *event)
{
    const uint8_t *data = event->u.dht_value.data;
    size_t len = event->u.dht_value.data_len;
    char text[TEXT_CLEAN_SIZE(DTT_DHT_VALUE_MAX)];

    if (!data) {
        data = event->u.dht_value.v;
        len = event->u.dht_value.v_len;
    }
    text_clean(text, data, len < DTT_DHT_VALUE_MAX ? len : DTT_DHT_VALUE_MAX);
    printf("seq %" PRId64 "  %s\n", event->u.dht_value.seq, text);
}

static void print_node(const struct dtt_event *event)
{
    char id[2 * sizeof(event->u.dht_node.id) + 1];
    char addr[DTT_ADDR_TEXT_MAX];

    dtt_hex_encode(id, dtt_slice(event->u.dht_node.id, sizeof(event->u.dht_node.id)));
    dtt_addr_format(&event->u.dht_node.addr, addr);
    printf("%s  %s", id, addr);
    if (event->u.dht_node.rtt_us > 0) {
        printf("  %.1f ms", (double)event->u.dht_node.rtt_us / 1000);
    }
    puts("");
}

static void print_put(const struct dtt_event *event)
{
    char key[2 * sizeof(event->u.dht_put.key) + 1];
    char target[2 * sizeof(event->u.dht_put.target) + 1];

    dtt_hex_encode(key, dtt_slice(event->u.dht_put.key, sizeof(event->u.dht_put.key)));
    dtt_hex_encode(target, dtt_slice(event->u.dht_put.target, sizeof(event->u.dht_put.target)));
    printf("target  %s\n", target);
    /* An immutable item has no key. */
    if (strspn(key, "0") < strlen(key)) {
        printf("key     %s\nseq     %" PRId64 "\n", key, event->u.dht_put.seq);
    }
}

static void print_peer(const struct dtt_event *event)
{
    char addr[DTT_ADDR_TEXT_MAX];

    dtt_addr_format(&event->u.dht_peer.addr, addr);
    puts(addr);
}

/* Nobody said anything: why, and an exit code. */
static int report_silence(const struct session *s, unsigned asked)
{
    const struct options *o = s->options;

    if (o->command == &command_dht_ping) {
        return output_fail(EXIT_REACH, "no answer from %s", o->arg);
    }
    if (!s->has_dht) {
        return session_unreached(s);
    }
    return output_fail(EXIT_REACH, "none of the %u nodes asked has answered; try again", asked);
}

/* How many were asked, how many answered, how long it took: the last line of every operation. */
static void say_counts(const struct options *o, const char *what, unsigned answered, unsigned asked,
                       uint64_t elapsed_ms)
{
    if (!o->json) {
        output_say("%s%u of %u node%s answered in %" PRIu64 " ms", what, answered, asked,
                   asked == 1 ? "" : "s", elapsed_ms);
    }
}

/* Why nobody has taken what was to be stored. */
static int report_refusal(const struct session *s, unsigned asked, int error)
{
    switch (error) {
    case 0: return report_silence(s, asked);
    case KRPC_CAS_MISMATCH:
        return output_fail(EXIT_DATA, "refused: the stored item has another sequence number than "
                                      "'--cas' says");
    case KRPC_SEQ_TOO_LOW:
        return output_fail(EXIT_DATA, "refused: the stored item is newer; give a higher '--seq'");
    default: return output_fail(EXIT_DATA, "refused by all nodes with KRPC error %d", error);
    }
}

static int finish_put(const struct session *s, const struct dtt_event *event)
{
    const struct options *o = s->options;
    unsigned asked = event->u.dht_put.asked;
    unsigned acked = event->u.dht_put.acked;

    if (acked == 0) {
        return report_refusal(s, asked, event->u.dht_put.error);
    }
    if (!o->json) {
        print_put(event);
        output_say("%u of %u nodes said yes", acked, asked);
        if (o->verify) {
            output_say("%u nodes return the value", event->u.dht_put.verified);
        }
        say_counts(o, "", acked + event->u.dht_put.refused, asked, event->u.dht_put.elapsed_ms);
    }
    return EXIT_OK;
}

static int finish_announce(const struct session *s, const struct dtt_event *event)
{
    const struct options *o = s->options;
    unsigned asked = event->u.dht_announce.asked;
    unsigned acked = event->u.dht_announce.acked;

    if (acked == 0) {
        return report_refusal(s, asked, event->u.dht_announce.error);
    }
    if (!o->json) {
        output_say("%u of %u nodes said yes", acked, asked);
    }
    say_counts(o, "", acked + event->u.dht_announce.refused, asked,
               event->u.dht_announce.elapsed_ms);
    return EXIT_OK;
}

/* Which value how many of the nodes returned, when there is more than one. */
static void say_holders(const struct dtt_event *event)
{
    for (uint32_t value = 0; value < event->u.dht_done.values; value++) {
        unsigned n = 0;

        for (size_t i = 0; i < event->u.dht_done.n_holders; i++) {
            n += event->u.dht_done.holders[i].value == value;
        }
        output_say("value %u: returned by %u node%s", value + 1, n, n == 1 ? "" : "s");
    }
}

static int finish(const struct session *s, const struct dtt_event *event)
{
    const struct options *o = s->options;
    const char *noun = o->command == &command_dht_peers ? "peer" : "value";
    unsigned values = event->u.dht_done.values;
    bool is_search = o->command != &command_dht_ping && o->command != &command_dht_find;
    char what[40] = "";

    if (event->u.dht_done.status == DTT_EREFUSED) {
        return output_fail(EXIT_REACH, "%s answered with an error", o->arg);
    }
    if (event->u.dht_done.answered == 0) {
        return report_silence(s, event->u.dht_done.asked);
    }
    if (is_search) {
        snprintf(what, sizeof(what), "%u %s%s; ", values, noun, values == 1 ? "" : "s");
    }
    if (event->u.dht_done.n_holders > 0 && !o->json) {
        say_holders(event);
    }
    say_counts(o, what, event->u.dht_done.answered, event->u.dht_done.asked,
               event->u.dht_done.elapsed_ms);
    return EXIT_OK;
}

static bool is_dht_result(const struct dtt_event *event)
{
    return (event->type >= DTT_EVENT_DHT_VALUE && event->type <= DTT_EVENT_DHT_NODE) ||
           event->type == DTT_EVENT_DHT_PEER || event->type == DTT_EVENT_DHT_ANNOUNCE;
}

static void take_event(struct session *s, const struct dtt_event *event)
{
    const struct options *o = s->options;

    if (o->json && is_dht_result(event)) {
        print_event_json(event);
    }
    switch (event->type) {
    case DTT_EVENT_DHT_VALUE:
        if (!o->json) {
            print_value(event);
        }
        break;
    case DTT_EVENT_DHT_NODE:
        if (!o->json) {
            print_node(event);
        }
        break;
    case DTT_EVENT_DHT_PEER:
        if (!o->json) {
            print_peer(event);
        }
        break;
    case DTT_EVENT_DHT_PUT: session_end(s, finish_put(s, event)); break;
    case DTT_EVENT_DHT_ANNOUNCE: session_end(s, finish_announce(s, event)); break;
    case DTT_EVENT_DHT_DONE: session_end(s, finish(s, event)); break;
    default: break;
    }
}

typedef int (*start_fn)(struct session *s, const void *what, uint32_t *ret_op);

/* Opens a node, starts the operation and shows its events up to the last. */
static int run_query(struct options *o, unsigned flags, start_fn start, const void *what)
{
    struct session s = {0};
    int code = session_open(&s, o, SESSION_DHT, flags | DTT_NODE_DHT_ONLY | DTT_NODE_READ_ONLY,
                            DHT_TIMEOUT_MS);
    uint32_t op;

    if (code == EXIT_OK) {
        int rc = start(&s, what, &op);

        if (rc != 0) {
            code = output_fail(session_exit_code(rc), "cannot start '%s': %s", o->command->name,
                               dtt_error_text(rc));
        }
    }
    if (code == EXIT_OK) {
        session_run(&s, take_event);
        code = s.code;
    }
    session_close(&s);
    return code;
}

static int start_ping(struct session *s, const void *what, uint32_t *ret_op)
{
    return dtt_node_dht_ping(s->node, what, ret_op);
}

static int run_ping(struct options *o)
{
    struct dtt_addr addr;

    if (dtt_addr_parse(o->arg, &addr) != 0 || addr.port == 0) {
        return output_fail(EXIT_USAGE, "'%s' is not of the form ADDR:PORT with a numeric address",
                           o->arg);
    }
    return run_query(o, DTT_NODE_NO_BOOTSTRAP, start_ping, &addr);
}

static int start_get(struct session *s, const void *what, uint32_t *ret_op)
{
    return dtt_node_dht_get(s->node, what, ret_op);
}

static int run_get(struct options *o)
{
    uint8_t key[32], target[20];
    struct dtt_dht_get get = {.size = sizeof(get)};
    size_t len = strlen(o->arg);

    if (dtt_hex_decode(key, sizeof(key), o->arg, len) == DTT_OK) {
        get.key = key;
        get.salt = o->salt;
        get.salt_len = o->salt ? strlen(o->salt) : 0;
    } else if (dtt_hex_decode(target, sizeof(target), o->arg, len) == DTT_OK) {
        get.target = target;
    } else {
        return output_fail(EXIT_USAGE,
                           "'%.80s' is neither a public key (64 hex digits) nor a target (40)",
                           o->arg);
    }
    if (get.target && o->salt) {
        return output_fail(EXIT_USAGE, "'--salt' goes with a public key, not with a target");
    }
    return run_query(o, 0, start_get, &get);
}

/* The argument as 20 bytes; what it should have been otherwise. */
static int get_hash(const struct options *o, const char *what, uint8_t ret[20])
{
    if (dtt_hex_decode(ret, 20, o->arg, strlen(o->arg)) == DTT_OK) {
        return EXIT_OK;
    }
    return output_fail(EXIT_USAGE, "'%.80s' is not %s (40 hex digits)", o->arg, what);
}

static int run_get_immutable(struct options *o)
{
    uint8_t target[20];
    struct dtt_dht_get get = {.size = sizeof(get), .target = target};
    int code = get_hash(o, "a target", target);

    return code == EXIT_OK ? run_query(o, 0, start_get, &get) : code;
}

static int start_find(struct session *s, const void *what, uint32_t *ret_op)
{
    return dtt_node_dht_find(s->node, what, ret_op);
}

static int run_find(struct options *o)
{
    uint8_t target[20];
    int code = get_hash(o, "a target", target);

    return code == EXIT_OK ? run_query(o, 0, start_find, target) : code;
}

static int start_peers(struct session *s, const void *what, uint32_t *ret_op)
{
    return dtt_node_dht_get_peers(s->node, what, ret_op);
}

static int run_peers(struct options *o)
{
    uint8_t hash[20];
    int code = get_hash(o, "an info hash", hash);

    return code == EXIT_OK ? run_query(o, 0, start_peers, hash) : code;
}

struct announcement {
    uint8_t info_hash[20];
    uint16_t port;
};

static int start_announce(struct session *s, const void *what, uint32_t *ret_op)
{
    const struct announcement *a = what;

    return dtt_node_dht_announce(s->node, a->info_hash, a->port, ret_op);
}

static int run_announce(struct options *o)
{
    struct announcement a;
    char *end;
    unsigned long port = strtoul(o->arg2, &end, 10);
    int code = get_hash(o, "an info hash", a.info_hash);

    if (code != EXIT_OK) {
        return code;
    }
    if (*o->arg2 < '0' || *o->arg2 > '9' || *end || port < 1 || port > UINT16_MAX) {
        return output_fail(EXIT_USAGE, "'%.80s' is not a port (1 to 65535)", o->arg2);
    }
    a.port = (uint16_t)port;
    return run_query(o, 0, start_announce, &a);
}

static int start_put(struct session *s, const void *what, uint32_t *ret_op)
{
    return dtt_node_dht_put(s->node, what, ret_op);
}

/* The value is the argument, or standard input for "-". */
static int get_value(const struct options *o, char *buffer, size_t cap, struct dtt_dht_put *put)
{
    put->value = o->arg;
    put->value_len = strlen(o->arg);
    if (strcmp(o->arg, "-") == 0) {
        put->value = buffer;
        put->value_len = fread(buffer, 1, cap, stdin);
        if (ferror(stdin)) {
            return output_fail(EXIT_IO, "cannot read standard input: %s", strerror(errno));
        }
    }
    if (put->value_len > DTT_RECORD_VALUE_MAX) {
        return output_fail(EXIT_DATA, "the value is larger than the %d bytes that a DHT node keeps",
                           DTT_RECORD_VALUE_MAX);
    }
    return EXIT_OK;
}

static int run_put(struct options *o)
{
    char buffer[DTT_RECORD_VALUE_MAX + 1];
    uint8_t seed[DTT_SEED_BYTES];
    struct dtt_dht_put put = {.size = sizeof(put), .verify = o->verify};
    int code = get_value(o, buffer, sizeof(buffer), &put);

    if (!o->key && (o->salt || o->seq >= 0 || o->cas >= 0)) {
        return output_fail(EXIT_USAGE, "'--salt', '--seq' and '--cas' need '--key FILE': an "
                                       "immutable item has none");
    }
    if (code == EXIT_OK && o->key) {
        put.seed = seed;
        put.salt = o->salt;
        put.salt_len = o->salt ? strlen(o->salt) : 0;
        put.seq = o->seq >= 0 ? o->seq : (int64_t)time(NULL);
        put.has_cas = o->cas >= 0;
        put.cas = o->cas;
        code = identity_load(o->key, seed);
    }
    if (code == EXIT_OK) {
        code = run_query(o, 0, start_put, &put);
    }
    explicit_bzero(seed, sizeof(seed));
    return code;
}

static void announce(const struct dtt_event *event, bool is_json)
{
    char addr[DTT_ADDR_TEXT_MAX];

    if (is_json) {
        print_event_json(event);
        return;
    }
    for (size_t i = 0; i < event->u.listening.n_addrs; i++) {
        dtt_addr_format(&event->u.listening.addrs[i], addr);
        printf("listening %s\n", addr);
    }
    fflush(stdout);
}

static void report_counters_json(const dtt_node *node, const struct dtt_dht_status *status)
{
    struct print_line line;
    const char *name;
    uint64_t value;

    print_begin(&line, "status");
    dtt_json_hex(&line.json, "id", dtt_slice(status->id, sizeof(status->id)));
    dtt_json_u64(&line.json, "nodes_v4", status->nodes_v4);
    dtt_json_u64(&line.json, "nodes_v6", status->nodes_v6);
    dtt_json_u64(&line.json, "items", status->items);
    dtt_json_u64(&line.json, "peers", status->peers);
    for (size_t i = 0; dtt_node_counter(node, i, &name, NULL, &value); i++) {
        if (value > 0) {
            dtt_json_u64(&line.json, name, value);
        }
    }
    print_end(&line);
}

/* What the node knows, holds and has done so far, the counters that are not zero; again later. */
static void report_counters(struct session *s)
{
    struct dtt_dht_status status = {.size = sizeof(status)};
    const char *name;
    uint64_t value;

    s->alarm_ms = session_now_ms() + SERVE_REPORT_MS;
    dtt_node_dht_status(s->node, &status);
    if (s->options->json) {
        report_counters_json(s->node, &status);
        return;
    }
    output_say("%u nodes by IPv4, %u by IPv6; %u items and %u peers stored for others",
               status.nodes_v4, status.nodes_v6, status.items, status.peers);
    fputs("dtt: counters:", stderr);
    for (size_t i = 0; dtt_node_counter(s->node, i, &name, NULL, &value); i++) {
        if (value > 0) {
            fprintf(stderr, " %s=%" PRIu64, name, value);
        }
    }
    fputc('\n', stderr);
}

static void take_serve_event(struct session *s, const struct dtt_event *event)
{
    const struct options *o = s->options;

    if (event->type == DTT_EVENT_LISTENING) {
        announce(event, o->json);
    } else if (event->type == DTT_EVENT_DHT_READY && !o->json) {
        output_say("a DHT node has answered");
    } else if (event->type == DTT_EVENT_EXTERNAL_ADDR && o->json) {
        print_event_json(event);
    }
}

static int run_serve(struct options *o)
{
    struct session s = {.on_alarm = report_counters};
    bool has_report = o->json || o->log_level >= DTT_LOG_INFO;
    int code;

    if (o->no_bootstrap && o->n_bootstrap > 0) {
        return output_fail(EXIT_USAGE, "'--bootstrap' and '--no-bootstrap' exclude each other");
    }
    code = session_open(&s, o, SESSION_DHT,
                        DTT_NODE_DHT_ONLY | (o->no_bootstrap ? DTT_NODE_NO_BOOTSTRAP : 0), 0);
    if (code == EXIT_OK) {
        if (has_report) {
            s.alarm_ms = session_now_ms() + SERVE_REPORT_MS;
        }
        session_run(&s, take_serve_event);
        code = s.code;
    }
    if (code == EXIT_OK && has_report) {
        report_counters(&s);
    }
    session_close(&s);
    return code;
}

#define OPTIONS_QUERY (OPTIONS_DHT | OPTION_BIT(OPTION_JOIN_TIMEOUT) | OPTION_BIT(OPTION_FOR))
#define TIMEOUT_TEXT  "\n'--join-timeout' is 10 seconds unless given."

const struct command command_dht_ping = {
    .name = "dht ping",
    .arg = "ADDR:PORT",
    .summary = "ask a DHT node whether it is there",
    .details = "Prints the node's id, address and round-trip time; exit code 69 when no answer\n"
               "comes.",
    .options = OPTION_BIT(OPTION_LISTEN) | OPTION_BIT(OPTION_FOR) | OPTION_BIT(OPTION_JSON) |
               OPTION_BIT(OPTION_LOG),
    .run = run_ping,
};

const struct command command_dht_get = {
    .name = "dht get",
    .arg = "KEY",
    .summary = "read the values stored under a key",
    .details = "KEY is a public key (64 hex digits: mutable items, with '--salt' if they have\n"
               "one) or a target (40 hex digits: an immutable item). Prints each distinct valid\n"
               "value as it arrives." TIMEOUT_TEXT,
    .options = OPTIONS_QUERY | OPTION_BIT(OPTION_SALT),
    .run = run_get,
};

const struct command command_dht_put = {
    .name = "dht put",
    .arg = "VALUE",
    .summary = "store a value",
    .details = "Stores VALUE, or standard input for '-', of at most 996 bytes, on the nodes\n"
               "closest to its target. A node's yes does not mean that it keeps the value:\n"
               "'--verify' reads it back. Exit code 65 when all nodes refuse it." TIMEOUT_TEXT,
    .options = OPTIONS_QUERY | OPTION_BIT(OPTION_KEY) | OPTION_BIT(OPTION_SALT) |
               OPTION_BIT(OPTION_SEQ) | OPTION_BIT(OPTION_CAS) | OPTION_BIT(OPTION_VERIFY),
    .run = run_put,
};

const struct command command_dht_get_immutable = {
    .name = "dht get-immutable",
    .arg = "TARGET",
    .summary = "read an immutable item",
    .details = "TARGET is the SHA-1 hash of the bencoded value (40 hex digits), as 'dht\n"
               "put-immutable' prints it." TIMEOUT_TEXT,
    .options = OPTIONS_QUERY,
    .run = run_get_immutable,
};

const struct command command_dht_put_immutable = {
    .name = "dht put-immutable",
    .arg = "VALUE",
    .summary = "store an immutable item",
    .details = "Stores VALUE, or standard input for '-', of at most 996 bytes, under its own\n"
               "hash, and prints it. '--verify' reads it back." TIMEOUT_TEXT,
    .options = OPTIONS_QUERY | OPTION_BIT(OPTION_VERIFY),
    .run = run_put,
};

const struct command command_dht_peers = {
    .name = "dht peers",
    .arg = "INFOHASH",
    .summary = "list the peers announced under an info hash",
    .details = "Prints the address of each peer that DHT nodes hold under INFOHASH (40 hex\n"
               "digits; BEP 5) as it arrives, 1024 at most." TIMEOUT_TEXT,
    .options = OPTIONS_QUERY,
    .run = run_peers,
};

const struct command command_dht_announce = {
    .name = "dht announce",
    .arg = "INFOHASH",
    .arg2 = "PORT",
    .summary = "announce this machine as a peer",
    .details = "Tells the DHT nodes closest to INFOHASH (40 hex digits) that a peer listens at\n"
               "this machine's address, as they see it, and PORT. They keep it for half an hour\n"
               "or so. Exit code 65 when all nodes refuse it." TIMEOUT_TEXT,
    .options = OPTIONS_QUERY,
    .run = run_announce,
};

const struct command command_dht_find = {
    .name = "dht find",
    .arg = "TARGET",
    .summary = "find the DHT nodes closest to a target",
    .details = "Prints id, address and round-trip time of the nodes closest to TARGET (40 hex\n"
               "digits)." TIMEOUT_TEXT,
    .options = OPTIONS_QUERY,
    .run = run_find,
};

const struct command command_dht_serve = {
    .name = "dht serve",
    .summary = "run one storing DHT node",
    .details = "Answers and stores for other nodes until a signal comes or '--for' runs out.\n"
               "Prints 'listening ADDR:PORT', and with '--log info' or '--json' what it knows and\n"
               "holds and its counters every minute and at the end. With '--state' it has the\n"
               "same node id the next time and starts from the nodes it knew.",
    .options = OPTIONS_QUERY | OPTION_BIT(OPTION_NO_BOOTSTRAP),
    .run = run_serve,
};
