/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/text.h"
#include "commands.h"
#include "output.h"
#include "print.h"
#include "secret.h"

static int hash_of_closed(struct options *o, uint8_t ret[DTT_TOPIC_HASH_BYTES])
{
    struct secret secret = {0};
    int code = secret_get(&secret, o, o->arg);
    if (code == EXIT_OK && dtt_topic_hash_closed(o->arg, secret.bytes, secret.len, ret) != 0) {
        code = output_fail(EXIT_INTERNAL, "out of memory");
    }
    secret_wipe(&secret);
    return code;
}

static int run(struct options *o)
{
    uint8_t hash[DTT_TOPIC_HASH_BYTES];
    char text[2 * DTT_TOPIC_HASH_BYTES + 1];
    struct print_line line;
    int code = EXIT_OK;
    if (o->closed) {
        code = hash_of_closed(o, hash);
    } else {
        dtt_topic_hash(o->arg, hash);
    }
    if (code != EXIT_OK) {
        return code;
    }
    if (o->json) {
        print_begin(&line, "topic");
        dtt_json_hex(&line.json, "topic", dtt_slice(hash, sizeof(hash)));
        dtt_json_bool(&line.json, "closed", o->closed);
        print_end(&line);
    } else {
        dtt_hex_encode(text, dtt_slice(hash, sizeof(hash)));
        puts(text);
    }
    return EXIT_OK;
}

const struct command command_topic = {
    .name = "topic",
    .arg = "TOPIC",
    .summary = "print the hash of a topic, for programs that join by it",
    .details = "Prints 64 hex digits: the topic id of gossip, by which a Rust program joins\n"
               "(TopicId::from_hash of the crate distributed-topic-tracker, with the same\n"
               "secret).\n"
               "\n"
               "With '--closed' it follows from name and secret. Treat it as the secret then:\n"
               "with it and the address of a member anybody can hear and speak in the room.",
    .options = OPTIONS_SECRET | OPTION_BIT(OPTION_CLOSED) | OPTION_BIT(OPTION_JSON),
    .run = run,
};
