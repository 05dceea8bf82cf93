/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "chat_input.h"

#include <stdbool.h>
#include <string.h>

#define ACTION "/me "

static const struct {
    const char *word;
    enum chat_verb verb;
    const char *help;
} commands[] = {
    {"help", CHAT_HELP, "/help        shows this"},
    {"who", CHAT_WHO, "/who         who is here"},
    {"me", CHAT_ME, "/me ACTION   says what you do: '* NAME ACTION'"},
    {"name", CHAT_NAME, "/name NAME   tells others your name; it is kept with '--identity'"},
    {"quit", CHAT_QUIT, "/quit        leaves, as Ctrl-D does"},
    {NULL, CHAT_SAY, "//TEXT       sends '/TEXT'; any other line is sent as it is"},
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Cuts white space off both ends. */
static void trim(struct chat_input *in)
{
    while (in->len > 0 && is_space(in->text[in->len - 1])) {
        in->len--;
    }
    while (in->len > 0 && is_space(in->text[0])) {
        in->text++;
        in->len--;
    }
}

static size_t word_len(const char *text, size_t len)
{
    size_t n = 0;
    while (n < len && !is_space(text[n])) {
        n++;
    }
    return n;
}

static enum chat_verb find(const char *word, size_t len)
{
    for (size_t i = 0; commands[i].word; i++) {
        if (strlen(commands[i].word) == len && memcmp(commands[i].word, word, len) == 0) {
            return commands[i].verb;
        }
    }
    return CHAT_UNKNOWN;
}

struct chat_input chat_input_read(const char *line, size_t len)
{
    struct chat_input in = {CHAT_SAY, line, len};
    struct chat_input trimmed = in;
    trim(&trimmed);
    if (trimmed.len == 0) {
        in.verb = CHAT_NOTHING;
        return in;
    }
    if (line[0] != '/') {
        return in;
    }
    if (len > 1 && line[1] == '/') {
        in.text++;
        in.len--;
        return in;
    }
    size_t word = word_len(line + 1, len - 1);
    in.verb = find(line + 1, word);
    if (in.verb == CHAT_UNKNOWN) {
        in.len = word + 1;
        return in;
    }
    in.text += word + 1;
    in.len -= word + 1;
    trim(&in);
    if (in.verb == CHAT_ME && in.len > 0) {
        in.len += (size_t)(in.text - line);
        in.text = line; /* sent with the command */
    }
    return in;
}

const char *chat_input_help(size_t i)
{
    return i < sizeof(commands) / sizeof(commands[0]) ? commands[i].help : NULL;
}

const char *chat_input_action(const char *message, size_t len, size_t *ret_len)
{
    if (len <= strlen(ACTION) || memcmp(message, ACTION, strlen(ACTION)) != 0) {
        return NULL;
    }
    *ret_len = len - strlen(ACTION);
    return message + strlen(ACTION);
}
