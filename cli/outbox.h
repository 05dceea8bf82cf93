/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Lines on their way: kept until somebody is there to send them to, and then until a neighbour has
 * acknowledged them, so that those that were lost can be named.
 */
#ifndef CLI_OUTBOX_H
#define CLI_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>

#define OUTBOX_LINES_MAX 1024
#define OUTBOX_BYTES_MAX 262144

struct outbox_line {
    struct outbox_line *next;
    size_t len;
    char text[];
};

struct outbox {
    struct outbox_line *first, *last; /* the oldest first: those sent, then those that wait */
    struct outbox_line *waiting;      /* the first that was not sent yet */
    size_t n_sent, n_waiting, n_bytes;
};

/** False when there is no room. */
bool outbox_add(struct outbox *o, const char *text, size_t len);

/** The next line to send, or NULL. */
const struct outbox_line *outbox_next(const struct outbox *o);

/** It was sent. */
void outbox_sent(struct outbox *o);

/** Forgets it. */
void outbox_drop(struct outbox *o);

/** Forgets those that were sent, but the last `unsent`, which nobody has acknowledged. */
void outbox_confirm(struct outbox *o, size_t unsent);

/** Takes the oldest of those sent, which is lost, or else the next one; NULL: none. To be freed. */
struct outbox_line *outbox_take(struct outbox *o);

void outbox_free(struct outbox *o);

#endif
