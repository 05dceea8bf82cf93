/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/text.h"
#include "commands.h"
#include "identity.h"
#include "output.h"
#include "print.h"
#include "secret.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Room for a sealed record in hex with some white space, and more to notice excess. */
#define INPUT_MAX (4 * DTT_RECORD_VALUE_MAX)

/* Fills the topic, the minute and the secret of the slot: an exit code. */
static int fill_slot(struct dtt_slot_config *slot, struct secret *secret, struct options *o)
{
    if (!o->topic == (o->n_topic_hashes == 0)) {
        return output_fail(EXIT_USAGE, "'%s' needs either '--topic TOPIC' or '--topic-hash HEX'",
                           o->command->name);
    }
    int code = secret_get(secret, o, o->topic ? o->topic : "the topic");
    if (code != EXIT_OK) {
        return code;
    }
    if (o->closed) {
        if (!o->topic) {
            return output_fail(EXIT_USAGE, "'--closed' needs '--topic': a hash says it by itself");
        }
        if (dtt_topic_hash_closed(o->topic, secret->bytes, secret->len, o->topic_hash[0]) != 0) {
            return output_fail(EXIT_INTERNAL, "out of memory");
        }
        o->topic = NULL;
        o->n_topic_hashes = 1;
    }
    *slot = (struct dtt_slot_config){.size = sizeof(*slot),
                                     .name = o->topic,
                                     .topic_hash = o->n_topic_hashes > 0 ? o->topic_hash[0] : NULL,
                                     .minute = o->minute >= 0 ? (uint64_t)o->minute
                                                              : (uint64_t)time(NULL) / 60,
                                     .secret = secret->bytes,
                                     .secret_len = secret->len};
    return EXIT_OK;
}

/* Drops white space in place; the new length. */
static size_t squeeze(char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (!isspace((unsigned char)text[i])) {
            text[n++] = text[i];
        }
    }
    return n;
}

/* Reads the sealed record into `value`, which has INPUT_MAX bytes: an exit code. */
static int read_value(char *value, size_t *ret_len, bool is_hex)
{
    size_t len = fread(value, 1, INPUT_MAX, stdin);
    if (ferror(stdin)) {
        return output_fail(EXIT_IO, "cannot read standard input: %s", strerror(errno));
    }
    if (is_hex) {
        uint8_t bytes[INPUT_MAX / 2];
        len = squeeze(value, len);
        if (dtt_hex_decode(bytes, len / 2, value, len) != DTT_OK) {
            return output_fail(EXIT_DATA, "refused: standard input is not hex digits");
        }
        len /= 2;
        memcpy(value, bytes, len);
    }
    *ret_len = len;
    return EXIT_OK;
}

static int refuse(const struct dtt_slot_config *slot, size_t len, int err)
{
    unsigned long long minute = slot->minute;
    if (len == 0) {
        return output_fail(EXIT_DATA, "refused: standard input is empty");
    }
    switch (err) {
    case DTT_EAUTH:
        return output_fail(EXIT_DATA,
                           "refused: sealed with another secret, for another topic or for another "
                           "minute than %llu, or damaged",
                           minute);
    case DTT_ETOPIC: return output_fail(EXIT_DATA, "refused: the record is of another topic");
    case DTT_EMINUTE:
        return output_fail(EXIT_DATA,
                           "refused: the record is not of minute %llu; give its own "
                           "with '--minute'",
                           minute);
    case DTT_EPROTO:
        return output_fail(EXIT_DATA, "refused: %zu bytes that are not a sealed record%s", len,
                           len > DTT_RECORD_VALUE_MAX ? "; text needs '--hex'" : "");
    default: return output_fail(EXIT_INTERNAL, "cannot open the record: %s", dtt_error_text(err));
    }
}

static int run_open(struct options *o)
{
    struct dtt_record_info record = {.size = sizeof(record)};
    struct dtt_slot_config slot;
    struct secret secret = {0};
    char value[INPUT_MAX];
    size_t len = 0;
    int code = fill_slot(&slot, &secret, o);
    if (code == EXIT_OK) {
        code = read_value(value, &len, o->hex);
    }
    if (code == EXIT_OK) {
        int err = dtt_record_open(&slot, value, len, &record);
        if (err == 0) {
            print_record_json(&record);
        } else {
            code = refuse(&slot, len, err);
        }
    }
    secret_wipe(&secret);
    return code;
}

static void write_value(const uint8_t *value, size_t len, bool is_hex)
{
    char text[2 * DTT_RECORD_VALUE_MAX + 1];
    if (is_hex) {
        dtt_hex_encode(text, dtt_slice(value, len));
        puts(text);
    } else {
        fwrite(value, 1, len, stdout);
    }
}

static int run_seal(struct options *o)
{
    uint8_t seed[DTT_SEED_BYTES];
    uint8_t value[DTT_RECORD_VALUE_MAX];
    struct dtt_slot_config slot;
    struct secret secret = {0};
    size_t len;
    if (!o->identity) {
        return output_fail(EXIT_USAGE, "'record seal' needs '--identity FILE': the publisher's "
                                       "secret key");
    }
    if (!o->hex && isatty(STDOUT_FILENO)) {
        return output_fail(EXIT_USAGE, "a sealed record is no text; give '--hex' or send standard "
                                       "output to a file");
    }
    int code = fill_slot(&slot, &secret, o);
    if (code == EXIT_OK) {
        code = identity_load(o->identity, seed);
    }
    if (code == EXIT_OK) {
        o->record.size = sizeof(o->record);
        int err = dtt_record_seal(&slot, seed, &o->record, value, sizeof(value), &len);
        if (err == 0) {
            write_value(value, len, o->hex);
        } else {
            code = output_fail(err == DTT_ETOOBIG ? EXIT_DATA : EXIT_INTERNAL,
                               "cannot seal the record: %s", dtt_error_text(err));
        }
    }
    explicit_bzero(seed, sizeof(seed));
    secret_wipe(&secret);
    return code;
}

#define OPTIONS_SLOT                                                         \
    (OPTIONS_SECRET | OPTION_BIT(OPTION_CLOSED) | OPTION_BIT(OPTION_TOPIC) | \
     OPTION_BIT(OPTION_TOPIC_HASH) | OPTION_BIT(OPTION_MINUTE) | OPTION_BIT(OPTION_HEX))

const struct command command_record_open = {
    .name = "record open",
    .summary = "open a sealed record, or say why it is refused",
    .details = "Reads a sealed record from standard input, opens it with the secret, checks its\n"
               "signature, topic and minute, and prints it as JSON. A record that is refused is\n"
               "exit code 65 and a sentence.",
    .options = OPTIONS_SLOT | OPTION_BIT(OPTION_JSON),
    .run = run_open,
};

const struct command command_record_seal = {
    .name = "record seal",
    .summary = "make a sealed record",
    .details = "Signs a record with the key of '--identity', seals it for holders of the secret\n"
               "and writes it to standard output.",
    .options = OPTIONS_SLOT | OPTION_BIT(OPTION_OWN_IDENTITY) | OPTION_BIT(OPTION_ACTIVE_PEER) |
               OPTION_BIT(OPTION_HASH) | OPTION_BIT(OPTION_ADDR),
    .run = run_seal,
};
