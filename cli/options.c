/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "options.h"

#include "codec/text.h"

#include <dtt/dht.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum set_result { SET_OK, SET_BAD, SET_TOO_MANY, SET_WHY };

struct option {
    enum option_id id;
    const char *name;    /* without the dashes */
    const char *value;   /* what to give, for the help; NULL for a flag */
    const char *help;    /* lines after the first are indented when printed */
    const char *expects; /* "... is not EXPECTS" */
    enum set_result (*set)(struct options *o, const struct option *option, char *value);
    size_t field; /* offset in struct options: of a flag's bool, of a general setter's target */
    int64_t min, max;
};

static enum set_result set_text(struct options *o, const struct option *option, char *value)
{
    *(char **)((char *)o + option->field) = value;
    return *value ? SET_OK : SET_BAD;
}

static enum set_result set_number(struct options *o, const struct option *option, char *value)
{
    char *end;
    long long n;

    errno = 0;
    n = strtoll(value, &end, 10);
    if (end == value || *end || errno || n < option->min || n > option->max) {
        return SET_BAD;
    }
    *(int64_t *)((char *)o + option->field) = n;
    return SET_OK;
}

static enum set_result set_seconds(struct options *o, const struct option *option, char *value)
{
    const double longest = 100.0 * 365 * 24 * 3600;
    char *end;
    double seconds;

    /* strtod also reads hexadecimal, "inf" and "nan". */
    if (strspn(value, "0123456789.") != strlen(value)) {
        return SET_BAD;
    }
    seconds = strtod(value, &end);
    if (end == value || *end || seconds > longest) {
        return SET_BAD;
    }
    *(int64_t *)((char *)o + option->field) = (int64_t)(seconds * 1000);
    return SET_OK;
}

/* The words of an option that takes one of a few, in the order of their numbers. */
static enum set_result set_word(int64_t *field, const char *const *words, size_t n,
                                const char *value)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(words[i], value) == 0) {
            *field = (int64_t)i;
            return SET_OK;
        }
    }
    return SET_BAD;
}

static enum set_result set_preset(struct options *o, const struct option *option, char *value)
{
    static const char *const words[] = {"default", "seed", "rust-0.3"};

    (void)option;
    return set_word(&o->preset, words, sizeof(words) / sizeof(words[0]), value);
}

static enum set_result set_knob(struct options *o, const struct option *option, char *value)
{
    (void)option;
    if (strcmp(value, "list") == 0) {
        o->wants_knobs = true;
        return SET_OK;
    }
    return dtt_tuning_set(&o->tuning, value, o->why, sizeof(o->why)) == 0 ? SET_OK : SET_WHY;
}

static enum set_result set_log(struct options *o, const struct option *option, char *value)
{
    static const char *const words[] = {"off", "error", "warn", "info", "debug"};

    (void)option;
    return set_word(&o->log_level, words, sizeof(words) / sizeof(words[0]), value);
}

static enum set_result set_salt(struct options *o, const struct option *option, char *value)
{
    (void)option;
    o->salt = value;
    return *value && strlen(value) <= DTT_DHT_SALT_MAX ? SET_OK : SET_BAD;
}

static bool is_port(const char *text)
{
    long port = strtol(text, NULL, 10);

    return *text && strlen(text) <= 5 && strspn(text, "0123456789") == strlen(text) && port > 0 &&
           port <= 65535;
}

bool options_is_wildcard(const struct dtt_addr *addr)
{
    static const uint8_t zero[sizeof(addr->ip)];

    return memcmp(addr->ip, zero, sizeof(zero)) == 0;
}

/* The library resolves the name; here only the form is checked. */
static enum set_result set_bootstrap(struct options *o, const struct option *option, char *value)
{
    const char *colon = strrchr(value, ':');
    struct dtt_addr addr;

    (void)option;
    if (o->n_bootstrap == OPTIONS_BOOTSTRAP_MAX) {
        return SET_TOO_MANY;
    }
    if (!colon || colon == value || !is_port(colon + 1)) {
        return SET_BAD;
    }
    /* More than one colon is an IPv6 address, which needs its brackets. */
    if (strchr(value, ':') != colon && dtt_addr_parse(value, &addr) != 0) {
        return SET_BAD;
    }
    o->bootstrap[o->n_bootstrap++] = value;
    return SET_OK;
}

static enum set_result set_listen(struct options *o, const struct option *option, char *value)
{
    struct dtt_addr addr, first;

    (void)option;
    if (o->n_listen == OPTIONS_LISTEN_MAX) {
        return SET_TOO_MANY;
    }
    if (dtt_addr_parse(value, &addr) != 0) {
        return SET_BAD;
    }
    if (o->n_listen == 1 && dtt_addr_parse(o->listen[0], &first) == 0 &&
        first.family == addr.family) {
        return SET_TOO_MANY;
    }
    o->listen[o->n_listen++] = value;
    return SET_OK;
}

static enum set_result set_peer(struct options *o, const struct option *option, char *value)
{
    const char *at = strchr(value, '@');
    struct dtt_peer_addr peer;
    char id[DTT_ID_TEXT_MAX];

    (void)option;
    if (o->n_peers == OPTIONS_PEERS_MAX) {
        return SET_TOO_MANY;
    }
    if (!at || (size_t)(at - value) >= sizeof(id)) {
        return SET_BAD;
    }
    memcpy(id, value, (size_t)(at - value));
    id[at - value] = '\0';
    if (dtt_id_parse(id, &peer.id) != 0 || dtt_addr_parse(at + 1, &peer.addr) != 0 ||
        peer.addr.port == 0 || options_is_wildcard(&peer.addr)) {
        return SET_BAD;
    }
    o->peers[o->n_peers++] = peer;
    return SET_OK;
}

static bool is_hex(uint8_t *out, size_t len, const char *text)
{
    return dtt_hex_decode(out, len, text, strlen(text)) == DTT_OK;
}

static enum set_result set_topic_hash(struct options *o, const struct option *option, char *value)
{
    (void)option;
    o->has_topic_hash = is_hex(o->topic_hash, sizeof(o->topic_hash), value);
    return o->has_topic_hash ? SET_OK : SET_BAD;
}

static enum set_result set_active_peer(struct options *o, const struct option *option, char *value)
{
    struct dtt_record_info *r = &o->record;

    (void)option;
    if (r->n_active_peers == DTT_RECORD_PEERS) {
        return SET_TOO_MANY;
    }
    if (dtt_id_parse(value, &r->active_peers[r->n_active_peers]) != 0) {
        return SET_BAD;
    }
    r->n_active_peers++;
    return SET_OK;
}

static enum set_result set_hash(struct options *o, const struct option *option, char *value)
{
    struct dtt_record_info *r = &o->record;

    (void)option;
    if (r->n_message_hashes == DTT_RECORD_HASHES) {
        return SET_TOO_MANY;
    }
    if (!is_hex(r->message_hashes[r->n_message_hashes], 32, value)) {
        return SET_BAD;
    }
    r->n_message_hashes++;
    return SET_OK;
}

static enum set_result set_addr(struct options *o, const struct option *option, char *value)
{
    struct dtt_record_info *r = &o->record;

    (void)option;
    if (r->n_addrs == DTT_RECORD_ADDRS) {
        return SET_TOO_MANY;
    }
    if (dtt_addr_parse(value, &r->addrs[r->n_addrs]) != 0 || r->addrs[r->n_addrs].port == 0) {
        return SET_BAD;
    }
    r->n_addrs++;
    return SET_OK;
}

#define FIELD(name) offsetof(struct options, name)

/* In the order of the help. */
static const struct option table[] = {
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
     .set = set_bootstrap,
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
     .help = "bind to this address, port 0 for any; once for IPv4 and\n"
             "once for IPv6 (default: all interfaces, any port)"},
    {.id = OPTION_FIRST_LISTEN,
     .name = "listen",
     .value = "ADDR:PORT",
     .expects = "of the form ADDR:PORT with a numeric address, like 127.0.0.1:4000",
     .set = set_listen,
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
     .set = set_preset,
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
     .set = set_salt,
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
     .set = set_topic_hash,
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
     .set = set_active_peer,
     .help = "an active peer to name, up to 5 times"},
    {.id = OPTION_HASH,
     .name = "hash",
     .value = "HEX",
     .expects = "32 bytes as 64 hex digits",
     .set = set_hash,
     .help = "a message hash to name, up to 5 times"},
    {.id = OPTION_ADDR,
     .name = "addr",
     .value = "ADDR:PORT",
     .expects = "of the form ADDR:PORT with a numeric address",
     .set = set_addr,
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
     .set = set_log,
     .help = "show the library's log on standard error: off, error,\n"
             "warn, info or debug (default: off)"},
    {.id = OPTION_HELP, .name = "help", .field = FIELD(help), .help = "show this text"},
};

#define N_OPTIONS (sizeof(table) / sizeof(table[0]))

static bool is_taken(const struct command *command, const struct option *option)
{
    return option->id == OPTION_HELP || (command->options & OPTION_BIT(option->id)) != 0;
}

/* Two options may share a name as long as no command takes both. */
static const struct option *find(const struct command *command, const char *name, size_t len)
{
    for (size_t i = 0; i < N_OPTIONS; i++) {
        if (is_taken(command, &table[i]) && strncmp(table[i].name, name, len) == 0 &&
            table[i].name[len] == '\0') {
            return &table[i];
        }
    }
    return NULL;
}

static int set(struct options *o, const struct option *option, char *value, char *error)
{
    switch (option->set(o, option, value)) {
    case SET_OK: return 0;
    case SET_TOO_MANY:
        snprintf(error, OPTIONS_ERROR_MAX,
                 "option '--%s %.80s' is one too many; 'dtt %s --help' "
                 "says how often it can be given",
                 option->name, value, o->command->name);
        return -1;
    case SET_WHY:
        snprintf(error, OPTIONS_ERROR_MAX,
                 "option '--%s %.80s': %s; 'dtt %s --tune list' shows the knobs", option->name,
                 value, o->why, o->command->name);
        return -1;
    case SET_BAD:
    default:
        snprintf(error, OPTIONS_ERROR_MAX, "option '--%s': '%.80s' is not %s", option->name, value,
                 option->expects);
        return -1;
    }
}

/* Takes the option at argv[*i] and moves *i to its last word. */
static int parse_option(struct options *o, int argc, char **argv, int *i, char *error)
{
    const char *command = o->command->name;
    char *name = argv[*i] + 2;
    size_t len = strcspn(name, "=");
    char *value = name[len] == '=' ? name + len + 1 : NULL;
    const struct option *option = find(o->command, name, len);

    if (!option) {
        snprintf(error, OPTIONS_ERROR_MAX,
                 "unknown option '--%.*s' for '%s'; 'dtt %s --help' lists them",
                 (int)(len < 80 ? len : 80), name, command, command);
        return -1;
    }
    if (!option->value && value) {
        snprintf(error, OPTIONS_ERROR_MAX, "option '--%s' takes no value", option->name);
        return -1;
    }
    if (!option->value) {
        *(bool *)((char *)o + option->field) = true;
        return 0;
    }
    if (!value) {
        if (*i + 1 >= argc) {
            snprintf(error, OPTIONS_ERROR_MAX, "option '--%s' needs a value: --%s %s", option->name,
                     option->name, option->value);
            return -1;
        }
        value = argv[++*i];
    }
    return set(o, option, value, error);
}

static int take_argument(struct options *o, const char *arg, char *error)
{
    const struct command *c = o->command;

    if (!c->arg) {
        snprintf(error, OPTIONS_ERROR_MAX,
                 "'%s' takes no argument, but '%.80s' was given; "
                 "'dtt %s --help' explains",
                 c->name, arg, c->name);
        return -1;
    }
    if (o->arg && c->arg2 && !o->arg2) {
        o->arg2 = arg;
        return 0;
    }
    if (o->arg2) {
        snprintf(error, OPTIONS_ERROR_MAX,
                 "'%s' takes %s and %s, and '%.80s' is a third argument; 'dtt %s --help' explains",
                 c->name, c->arg, c->arg2, arg, c->name);
        return -1;
    }
    if (o->arg) {
        snprintf(error, OPTIONS_ERROR_MAX,
                 "'%s' takes one %s, and '%.80s' is a second one (quote what has spaces)", c->name,
                 c->arg, arg);
        return -1;
    }
    o->arg = arg;
    return 0;
}

int options_parse(struct options *o, const struct command *command, int argc, char **argv,
                  char error[OPTIONS_ERROR_MAX])
{
    bool only_arguments = false;

    *o = (struct options){.command = command,
                          .tuning = {.size = sizeof(o->tuning)},
                          .join_timeout_ms = -1,
                          .for_ms = -1,
                          .n_nodes = -1,
                          .n_demo_peers = -1,
                          .n_members = -1,
                          .seed = 1,
                          .seq = -1,
                          .cas = -1,
                          .minute = -1};
    for (int i = 0; i < argc; i++) {
        int rc;

        if (only_arguments || argv[i][0] != '-' || argv[i][1] == '\0') {
            rc = take_argument(o, argv[i], error);
        } else if (strcmp(argv[i], "--") == 0) {
            only_arguments = true;
            rc = 0;
        } else if (strcmp(argv[i], "-h") == 0) {
            o->help = true;
            rc = 0;
        } else if (argv[i][1] != '-') {
            snprintf(error, OPTIONS_ERROR_MAX,
                     "unknown option '%.80s' for '%s'; options are words, and 'dtt %s --help' "
                     "lists them",
                     argv[i], command->name, command->name);
            rc = -1;
        } else {
            rc = parse_option(o, argc, argv, &i, error);
        }
        if (rc != 0) {
            return -1;
        }
        if (o->help || o->wants_knobs) {
            return 0;
        }
    }
    if (o->old_line) {
        o->tuning.old_line_slot = 1;
    }
    if (dtt_tuning_check(&o->tuning, (int)o->preset, o->why, sizeof(o->why)) != 0) {
        snprintf(error, OPTIONS_ERROR_MAX, "option '--tune': %s", o->why);
        return -1;
    }
    if (command->arg && !command->arg_is_optional && !o->arg) {
        snprintf(error, OPTIONS_ERROR_MAX, "'%s' needs %s %s; 'dtt %s --help' explains",
                 command->name, strchr("AEIOU", command->arg[0]) ? "an" : "a", command->arg,
                 command->name);
        return -1;
    }
    if (command->arg2 && !o->arg2) {
        snprintf(error, OPTIONS_ERROR_MAX, "'%s' needs a %s after the %s; 'dtt %s --help' explains",
                 command->name, command->arg2, command->arg, command->name);
        return -1;
    }
    if (o->arg && *o->arg == '\0') {
        snprintf(error, OPTIONS_ERROR_MAX, "the %s is empty", command->arg);
        return -1;
    }
    return 0;
}

/* Prints `text` with its later lines indented to the column of the first. */
static void print_indented(FILE *out, const char *text, int indent)
{
    for (const char *line = text; line;) {
        size_t len = strcspn(line, "\n");

        fprintf(out, "%.*s\n", (int)len, line);
        line = line[len] ? line + len + 1 : NULL;
        if (line) {
            fprintf(out, "%*s", indent, "");
        }
    }
}

void options_help(FILE *out, const struct command *command)
{
    const int column = 26;

    fprintf(out, "usage: dtt %s [OPTIONS]", command->name);
    if (command->arg) {
        fprintf(out, command->arg_is_optional ? " [%s]" : " %s", command->arg);
    }
    if (command->arg2) {
        fprintf(out, " %s", command->arg2);
    }
    fprintf(out, "\n\n%s\n\noptions:\n", command->details);
    for (size_t i = 0; i < N_OPTIONS; i++) {
        const struct option *option = &table[i];
        char left[40];

        if (!is_taken(command, option)) {
            continue;
        }
        snprintf(left, sizeof(left), "  --%s%s%s", option->name, option->value ? " " : "",
                 option->value ? option->value : "");
        fprintf(out, "%-*s", column, left);
        if (strlen(left) >= (size_t)column) {
            fprintf(out, "\n%*s", column, "");
        }
        print_indented(out, option->help, column);
    }
}
