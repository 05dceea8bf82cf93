/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a person types in `chat`: something to say, or a command that begins with a slash. */
#ifndef CLI_CHAT_INPUT_H
#define CLI_CHAT_INPUT_H

#include <stddef.h>

enum chat_verb {
    CHAT_NOTHING, /**< nothing but white space */
    CHAT_SAY,
    CHAT_HELP,
    CHAT_WHO,
    CHAT_ME,
    CHAT_NAME,
    CHAT_QUIT,
    CHAT_UNKNOWN /**< the text is the command */
};

struct chat_input {
    enum chat_verb verb;
    const char *text; /**< what is to be sent, or the argument of a command */
    size_t len;
};

/** Reads a line. `//` at its start stands for one slash that is sent. */
struct chat_input chat_input_read(const char *line, size_t len);

/** The lines of `/help`, one for each i from 0 on, then NULL. */
const char *chat_input_help(size_t i);

/**
 * The action in a message `/me ACTION`, or NULL. Such a message goes through the swarm as it was
 * typed, as in XMPP (XEP-0245), so that other programs show something sensible, too.
 */
const char *chat_input_action(const char *message, size_t len, size_t *ret_len);

#endif
