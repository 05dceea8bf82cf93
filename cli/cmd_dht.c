/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/text.h"
#include "commands.h"
#include "dht_result.h"
#include "identity.h"
#include "output.h"

#include <dtt/dht.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DHT_TIMEOUT_MS 10000

/* The question of a command, read from its command line. */
struct request {
    struct dtt_addr addr; /* ping */
    uint8_t hash[20];     /* a target or an info hash */
    uint16_t port;        /* announce */
    struct dtt_dht_get get;
    struct dtt_dht_put put;
    uint8_t key[32];              /* of get */
    uint8_t seed[DTT_SEED_BYTES]; /* of put */
    char value[DTT_RECORD_VALUE_MAX + 1];
};

static int read_addr(const struct options *o, struct request *r)
{
    if (dtt_addr_parse(o->arg, &r->addr) != 0 || r->addr.port == 0) {
        return output_fail(EXIT_USAGE, "'%s' is not of the form ADDR:PORT with a numeric address",
                           o->arg);
    }
    return EXIT_OK;
}

/* Reads the argument as 20 bytes, or says what it should be. */
static int read_hash(const struct options *o, const char *what, struct request *r)
{
    if (dtt_hex_decode(r->hash, sizeof(r->hash), o->arg, strlen(o->arg)) == DTT_OK) {
        r->get.target = r->hash;
        return EXIT_OK;
    }
    return output_fail(EXIT_USAGE, "'%.80s' is not %s (40 hex digits)", o->arg, what);
}

static int read_key(const struct options *o, struct request *r)
{
    size_t len = strlen(o->arg);
    if (dtt_hex_decode(r->key, sizeof(r->key), o->arg, len) == DTT_OK) {
        r->get.key = r->key;
        r->get.salt = o->salt;
        r->get.salt_len = o->salt ? strlen(o->salt) : 0;
        return EXIT_OK;
    }
    if (dtt_hex_decode(r->hash, sizeof(r->hash), o->arg, len) != DTT_OK) {
        return output_fail(EXIT_USAGE,
                           "'%.80s' is neither a public key (64 hex digits) nor a target (40)",
                           o->arg);
    }
    if (o->salt) {
        return output_fail(EXIT_USAGE, "'--salt' goes with a public key, not with a target");
    }
    r->get.target = r->hash;
    return EXIT_OK;
}

static int read_announcement(const struct options *o, struct request *r)
{
    char *end;
    unsigned long port = strtoul(o->arg2, &end, 10);
    int code = read_hash(o, "an info hash", r);
    if (code == EXIT_OK &&
        (*o->arg2 < '0' || *o->arg2 > '9' || *end || port < 1 || port > UINT16_MAX)) {
        return output_fail(EXIT_USAGE, "'%.80s' is not a port (1 to 65535)", o->arg2);
    }
    r->port = (uint16_t)port;
    return code;
}

/* The value is the argument, or standard input for "-". */
static int read_value(const struct options *o, struct request *r)
{
    r->put.value = o->arg;
    r->put.value_len = strlen(o->arg);
    if (strcmp(o->arg, "-") == 0) {
        r->put.value = r->value;
        r->put.value_len = fread(r->value, 1, sizeof(r->value), stdin);
        if (ferror(stdin)) {
            return output_fail(EXIT_IO, "cannot read standard input: %s", strerror(errno));
        }
    }
    if (r->put.value_len > DTT_RECORD_VALUE_MAX) {
        return output_fail(EXIT_DATA, "the value is larger than the %d bytes that a DHT node keeps",
                           DTT_RECORD_VALUE_MAX);
    }
    return EXIT_OK;
}

static int read_item(const struct options *o, struct request *r)
{
    if (!o->key && (o->salt || o->seq >= 0 || o->cas >= 0)) {
        return output_fail(EXIT_USAGE, "'--salt', '--seq' and '--cas' need '--key FILE': an "
                                       "immutable item has none");
    }
    int code = read_value(o, r);
    r->put.verify = o->verify;
    if (code != EXIT_OK || !o->key) {
        return code;
    }
    r->put.seed = r->seed;
    r->put.salt = o->salt;
    r->put.salt_len = o->salt ? strlen(o->salt) : 0;
    r->put.seq = o->seq >= 0 ? o->seq : (int64_t)time(NULL);
    r->put.has_cas = o->cas >= 0;
    r->put.cas = o->cas;
    return identity_load(o->key, r->seed);
}

static int read_request(const struct options *o, struct request *r)
{
    switch (o->command->query) {
    case QUERY_PING: return read_addr(o, r);
    case QUERY_GET: return read_key(o, r);
    case QUERY_PEERS: return read_hash(o, "an info hash", r);
    case QUERY_ANNOUNCE: return read_announcement(o, r);
    case QUERY_PUT: return read_item(o, r);
    case QUERY_GET_IMMUTABLE:
    case QUERY_FIND:
    case QUERY_NONE: break;
    }
    return read_hash(o, "a target", r);
}

static int start(dtt_node *node, enum query query, const struct request *r)
{
    uint32_t op;
    switch (query) {
    case QUERY_PING: return dtt_node_dht_ping(node, &r->addr, &op);
    case QUERY_PEERS: return dtt_node_dht_get_peers(node, r->hash, &op);
    case QUERY_ANNOUNCE: return dtt_node_dht_announce(node, r->hash, r->port, &op);
    case QUERY_PUT: return dtt_node_dht_put(node, &r->put, &op);
    case QUERY_FIND: return dtt_node_dht_find(node, r->hash, &op);
    case QUERY_GET:
    case QUERY_GET_IMMUTABLE:
    case QUERY_NONE: break;
    }
    return dtt_node_dht_get(node, &r->get, &op);
}

static void ask_now(struct session *s)
{
    const struct command *c = s->options->command;
    int err = start(s->node, c->query, s->user);
    if (err != 0) {
        session_end(s, output_fail(session_exit_code(err), "cannot start '%s': %s", c->name,
                                   dtt_error_text(err)));
    }
}

/* Opens a node, starts the query and shows its events up to the last. */
static int ask(struct options *o, struct request *r)
{
    enum query query = o->command->query;
    struct session s = {.ask = ask_now, .user = r};
    unsigned flags =
        DTT_NODE_DHT_ONLY | DTT_NODE_READ_ONLY | (query == QUERY_PING ? DTT_NODE_NO_BOOTSTRAP : 0);
    int code = session_open(&s, o, SESSION_DHT, flags, DHT_TIMEOUT_MS);
    if (code == EXIT_OK) {
        ask_now(&s);
        session_run(&s, dht_result_take);
        code = s.code;
    }
    session_close(&s);
    return code;
}

static int run(struct options *o)
{
    struct request r = {.get = {.size = sizeof(r.get)}, .put = {.size = sizeof(r.put)}};
    int code = read_request(o, &r);
    if (code == EXIT_OK) {
        code = ask(o, &r);
    }
    explicit_bzero(r.seed, sizeof(r.seed));
    return code;
}

#define OPTIONS_QUERY (OPTIONS_DHT | OPTION_BIT(OPTION_ASK_TIMEOUT) | OPTION_BIT(OPTION_FOR))

const struct command command_dht_ping = {
    .name = "dht ping",
    .arg = "ADDR:PORT",
    .summary = "ask a DHT node whether it is there",
    .details = "Prints the node's id, address and round-trip time; exit code 69 when no answer\n"
               "comes.",
    .options = OPTION_BIT(OPTION_LISTEN) | OPTION_BIT(OPTION_FOR) | OPTION_BIT(OPTION_JSON) |
               OPTION_BIT(OPTION_LOG),
    .query = QUERY_PING,
    .run = run,
};

const struct command command_dht_get = {
    .name = "dht get",
    .arg = "KEY",
    .summary = "read the values stored under a key",
    .details = "KEY is a public key (64 hex digits: mutable items, with '--salt' if they have\n"
               "one) or a target (40 hex digits: an immutable item). Prints each distinct valid\n"
               "value as it arrives; none is exit code 0, too.",
    .options = OPTIONS_QUERY | OPTION_BIT(OPTION_SALT),
    .query = QUERY_GET,
    .run = run,
};

const struct command command_dht_put = {
    .name = "dht put",
    .arg = "VALUE",
    .summary = "store a value",
    .details = "Stores VALUE, or standard input for '-', of at most 996 bytes, on the nodes\n"
               "closest to its target. A node's yes does not mean that it keeps the value:\n"
               "'--verify' reads it back. Exit code 65 when more nodes refuse it than take it.",
    .options = OPTIONS_QUERY | OPTION_BIT(OPTION_KEY) | OPTION_BIT(OPTION_SALT) |
               OPTION_BIT(OPTION_SEQ) | OPTION_BIT(OPTION_CAS) | OPTION_BIT(OPTION_VERIFY),
    .query = QUERY_PUT,
    .run = run,
};

const struct command command_dht_get_immutable = {
    .name = "dht get-immutable",
    .arg = "TARGET",
    .summary = "read an immutable item",
    .details = "TARGET is the SHA-1 hash of the bencoded value (40 hex digits), as 'dht\n"
               "put-immutable' prints it.",
    .options = OPTIONS_QUERY,
    .query = QUERY_GET_IMMUTABLE,
    .run = run,
};

const struct command command_dht_put_immutable = {
    .name = "dht put-immutable",
    .arg = "VALUE",
    .summary = "store an immutable item",
    .details = "Stores VALUE, or standard input for '-', of at most 996 bytes, under its own\n"
               "hash, and prints it. '--verify' reads it back.",
    .options = OPTIONS_QUERY | OPTION_BIT(OPTION_VERIFY),
    .query = QUERY_PUT,
    .run = run,
};

const struct command command_dht_peers = {
    .name = "dht peers",
    .arg = "INFOHASH",
    .summary = "list the peers announced under an info hash",
    .details = "Prints the address of each peer that DHT nodes hold under INFOHASH (40 hex\n"
               "digits; BEP 5) as it arrives, 1024 at most.",
    .options = OPTIONS_QUERY,
    .query = QUERY_PEERS,
    .run = run,
};

const struct command command_dht_announce = {
    .name = "dht announce",
    .arg = "INFOHASH",
    .arg2 = "PORT",
    .summary = "announce this machine as a peer",
    .details = "Tells the DHT nodes closest to INFOHASH (40 hex digits) that a peer listens at\n"
               "this machine's address, as they see it, and PORT. They keep it for half an hour\n"
               "or so. Exit code 65 when all nodes refuse it.",
    .options = OPTIONS_QUERY,
    .query = QUERY_ANNOUNCE,
    .run = run,
};

const struct command command_dht_find = {
    .name = "dht find",
    .arg = "TARGET",
    .summary = "find the DHT nodes closest to a target",
    .details = "Prints id, address and round-trip time of the nodes closest to TARGET (40 hex\n"
               "digits).",
    .options = OPTIONS_QUERY,
    .query = QUERY_FIND,
    .run = run,
};
