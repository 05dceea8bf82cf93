/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The parts of `dtt chat` in a terminal: its state, and what it prints. */
#ifndef CLI_CHAT_H
#define CLI_CHAT_H

#include "names.h"
#include "outbox.h"
#include "output.h"
#include "screen.h"
#include "session.h"
#include "text.h"
#include "timeline.h"
#include "waiting.h"

/* The prompt shows this much of a long topic. */
#define CHAT_TOPIC_SHOWN 24

struct chat {
    struct session session;
    struct screen screen;
    struct outbox outbox;
    struct timeline timeline;
    struct names names;
    char topic[TEXT_CLEAN_SIZE(CHAT_TOPIC_SHOWN)];
    char waiting[WAITING_SENTENCE_MAX]; /**< what is waited for; "": nothing */
    char notice[SCREEN_STATUS_MAX];     /**< an answer to the last key; "": none */
    struct dtt_addr addr;               /**< where others reach us, as far as it is known */
    bool had_company;
    uint64_t alone_ms; /**< since when there is no neighbour, by timeline_now_ms; 0: there is one */
    uint64_t rung_ms;  /**< when the bell rang last */
    char text[TEXT_CLEAN_SIZE(EDITOR_MAX)]; /**< of the line being printed */
};

/** Prints a remark of the program itself, set apart from messages. */
void chat_remark(struct chat *c, const char *format, ...) OUTPUT_PRINTF(2, 3);

/** Prints what we say. */
void chat_print_own(struct chat *c, const void *data, size_t len);

/** Prints what somebody else says, and what is to be known about who that is. */
void chat_print_message(struct chat *c, const struct dtt_event_message *m);

/** Prints who is here, ourselves first. */
void chat_print_members(struct chat *c);

/** Prints the commands, and what the marks of a message mean. */
void chat_print_help(struct chat *c);

#endif
