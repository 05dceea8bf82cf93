/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The command line: the first byte chooses a command, each further line is one of its words. What
 * is refused has one sentence for it, and what is taken keeps the stated bounds.
 */
#include "commands.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool is_sentence(const char *text)
{
    size_t len = strlen(text);

    return len > 10 && len < OPTIONS_ERROR_MAX;
}

static bool keeps_bounds(const struct options *o)
{
    return o->n_bootstrap <= OPTIONS_BOOTSTRAP_MAX && o->n_listen <= OPTIONS_LISTEN_MAX &&
           o->n_peers <= OPTIONS_PEERS_MAX && o->n_topic_hashes <= 1 &&
           o->record.n_active_peers <= DTT_RECORD_PEERS &&
           o->record.n_message_hashes <= DTT_RECORD_HASHES &&
           o->record.n_addrs <= DTT_RECORD_ADDRS && o->n_nodes <= 500 && o->preset >= 0 &&
           o->preset <= DTT_PRESET_RUST_0_3 && o->log_level >= 0 && o->log_level <= DTT_LOG_DEBUG;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char error[OPTIONS_ERROR_MAX] = "";
    char *argv[WORDS_MAX], *text;
    struct options o;
    size_t n_commands = 0;
    int argc = 0;

    while (commands[n_commands]) {
        n_commands++;
    }
    if (len == 0 || !(text = calloc(1, len))) {
        return 0;
    }
    const struct command *command = commands[data[0] % n_commands];
    memcpy(text, data + 1, len - 1); /* the last byte stays NUL */
    for (char *word = text; word && argc < WORDS_MAX;) {
        argv[argc++] = word;
        word = strchr(word, '\n');
        if (word) {
            *word++ = '\0';
        }
    }
    if (options_parse(&o, command, argc, argv, error)) {
        bool is_whole =
            o.help || o.wants_knobs || !command->arg || command->arg_is_optional || o.arg;
        if (o.command != command || !is_whole || !keeps_bounds(&o)) {
            abort();
        }
    } else if (!is_sentence(error)) {
        abort();
    }
    free(text);
    return 0;
}
