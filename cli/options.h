/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The command line: one table of options for all commands, one parser, one help text. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <dtt/dtt.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum option_id {
    OPTION_SECRET_FILE,
    OPTION_SECRET,
    OPTION_CLOSED,
    OPTION_BOOTSTRAP,
    OPTION_NO_BOOTSTRAP,
    OPTION_LISTEN,
    OPTION_FIRST_LISTEN,
    OPTION_IDENTITY,
    OPTION_OWN_IDENTITY,
    OPTION_PEER,
    OPTION_JOIN_TIMEOUT,
    OPTION_ASK_TIMEOUT,
    OPTION_FOR,
    OPTION_PRESET,
    OPTION_TUNE,
    OPTION_OLD_LINE,
    OPTION_NO_PORTMAP,
    OPTION_NO_LAN,
    OPTION_LAN,
    OPTION_PKARR,
    OPTION_DNS_ORIGIN,
    OPTION_PUBLISH_ADDRS,
    OPTION_CA_FILE,
    OPTION_RELAY,
    OPTION_N0,
    OPTION_PLAIN,
    OPTION_QUIT_ON_EOF,
    OPTION_NAME,
    OPTION_UNSIGNED,
    OPTION_SIGNED,
    OPTION_NODES,
    OPTION_PEERS,
    OPTION_KEY,
    OPTION_SALT,
    OPTION_SEQ,
    OPTION_CAS,
    OPTION_VERIFY,
    OPTION_STATE,
    OPTION_NO_STATE,
    OPTION_TOPIC,
    OPTION_TOPIC_HASH,
    OPTION_MINUTE,
    OPTION_ACTIVE_PEER,
    OPTION_HASH,
    OPTION_ADDR,
    OPTION_HEX,
    OPTION_MEMBERS,
    OPTION_SEED,
    OPTION_REAL,
    OPTION_PLOT,
    OPTION_LIST,
    OPTION_JSON,
    OPTION_LOG,
    OPTION_HELP
};

/** A set of options: bit n is option n. */
#define OPTION_BIT(id) (UINT64_C(1) << (id))

#define OPTIONS_DHT                                                                        \
    (OPTION_BIT(OPTION_BOOTSTRAP) | OPTION_BIT(OPTION_LISTEN) | OPTION_BIT(OPTION_STATE) | \
     OPTION_BIT(OPTION_NO_STATE) | OPTION_BIT(OPTION_JSON) | OPTION_BIT(OPTION_LOG))
#define OPTIONS_SECRET (OPTION_BIT(OPTION_SECRET_FILE) | OPTION_BIT(OPTION_SECRET))
#define OPTIONS_SERVERS                                                                            \
    (OPTION_BIT(OPTION_PKARR) | OPTION_BIT(OPTION_DNS_ORIGIN) | OPTION_BIT(OPTION_PUBLISH_ADDRS) | \
     OPTION_BIT(OPTION_CA_FILE) | OPTION_BIT(OPTION_RELAY) | OPTION_BIT(OPTION_N0))
#define OPTIONS_TOPIC                                                                         \
    (OPTIONS_DHT | OPTIONS_SECRET | OPTION_BIT(OPTION_CLOSED) | OPTION_BIT(OPTION_IDENTITY) | \
     OPTION_BIT(OPTION_PEER) | OPTION_BIT(OPTION_JOIN_TIMEOUT) | OPTION_BIT(OPTION_FOR) |     \
     OPTION_BIT(OPTION_PRESET) | OPTION_BIT(OPTION_TUNE) | OPTION_BIT(OPTION_OLD_LINE) |      \
     OPTION_BIT(OPTION_NO_PORTMAP) | OPTION_BIT(OPTION_NO_LAN) | OPTION_BIT(OPTION_LAN) |     \
     OPTIONS_SERVERS)

#define OPTIONS_LISTEN_MAX 2
#define OPTIONS_BOOTSTRAP_MAX 32
#define OPTIONS_PEERS_MAX 64
#define OPTIONS_PKARR_MAX 4
#define OPTIONS_DNS_ORIGINS_MAX 4
#define OPTIONS_RELAYS_MAX 8
#define OPTIONS_ERROR_MAX 320

/** The parsed command line. Strings point into argv. Numbers are -1 where not given. */
struct options {
    const struct command *command;
    const char *arg;  /**< the first argument that is not an option, or NULL */
    const char *arg2; /**< the second one, or NULL */

    char *secret; /**< --secret: the only value that is wiped from argv */
    const char *secret_file;
    const char *identity;
    const char *name;
    const char *state;
    const char *bootstrap[OPTIONS_BOOTSTRAP_MAX];
    size_t n_bootstrap;
    const char *listen[OPTIONS_LISTEN_MAX];
    size_t n_listen;
    struct dtt_peer_addr peers[OPTIONS_PEERS_MAX];
    size_t n_peers;
    const char *pkarr[OPTIONS_PKARR_MAX];
    size_t n_pkarr;
    const char *dns_origins[OPTIONS_DNS_ORIGINS_MAX];
    size_t n_dns_origins;
    const char *ca_file;
    const char *relays[OPTIONS_RELAYS_MAX];
    size_t n_relays;
    int64_t join_timeout_ms;
    int64_t for_ms;
    int64_t preset;
    int64_t lan;              /**< 1: iroh's own service is spoken there, too */
    struct dtt_tuning tuning; /**< of --tune and --old-line */
    char why[160];            /**< the sentence of OPTION_SAYS_WHY */
    bool wants_knobs;         /**< --tune list */
    int64_t log_level;

    int64_t n_nodes;
    int64_t n_demo_peers;
    int64_t n_members;
    int64_t seed;
    const char *plot;

    const char *key;
    const char *salt;
    int64_t seq;
    int64_t cas;

    const char *topic;
    uint8_t topic_hash[1][DTT_TOPIC_HASH_BYTES];
    size_t n_topic_hashes;
    int64_t minute;
    struct dtt_record_info record; /**< contents for `record seal` */

    bool closed, no_state, is_signed, is_unsigned;
    bool no_bootstrap, no_lan, no_portmap, publish_addrs, n0, old_line, plain, quit_on_eof, verify,
        hex, is_real, list, json;
    bool help;
};

/** The question of a command of `dtt dht`. */
enum query {
    QUERY_NONE,
    QUERY_PING,
    QUERY_GET,
    QUERY_GET_IMMUTABLE,
    QUERY_PUT,
    QUERY_FIND,
    QUERY_PEERS,
    QUERY_ANNOUNCE
};

struct command {
    const char *name;    /**< "pipe", or "dht get" */
    const char *arg;     /**< name of the argument, e.g. "TOPIC"; NULL: takes none */
    const char *arg2;    /**< name of the second one; NULL: takes none */
    const char *summary; /**< for the list of commands */
    const char *details; /**< paragraphs for --help */
    uint64_t options;    /**< set of OPTION_BIT; --help always */
    uint64_t unlisted;   /**< others that are accepted, have no effect, and are not in the help */
    bool arg_is_optional;
    enum query query;
    int (*run)(struct options *o); /**< returns an exit code */
};

/**
 * Parses the words after the command's name. False with a sentence in `error`. With --help nothing
 * else is required.
 */
bool options_parse(struct options *o, const struct command *command, int argc, char **argv,
                   char error[OPTIONS_ERROR_MAX]);

/** Prints the help of one command. */
void options_help(FILE *out, const struct command *command);

#endif
