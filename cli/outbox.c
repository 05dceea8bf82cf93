/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "outbox.h"

#include <stdlib.h>
#include <string.h>

bool outbox_add(struct outbox *o, const char *text, size_t len)
{
    struct outbox_line *line = NULL;
    if (o->n_sent + o->n_waiting < OUTBOX_LINES_MAX && o->n_bytes + len <= OUTBOX_BYTES_MAX) {
        line = malloc(sizeof(*line) + len);
    }
    if (!line) {
        return false;
    }
    line->next = NULL;
    line->len = len;
    memcpy(line->text, text, len);
    if (o->last) {
        o->last->next = line;
    } else {
        o->first = line;
    }
    o->last = line;
    o->waiting = o->waiting ? o->waiting : line;
    o->n_waiting++;
    o->n_bytes += len;
    return true;
}

const struct outbox_line *outbox_next(const struct outbox *o)
{
    return o->waiting;
}

void outbox_sent(struct outbox *o)
{
    o->waiting = o->waiting->next;
    o->n_waiting--;
    o->n_sent++;
}

struct outbox_line *outbox_take(struct outbox *o)
{
    struct outbox_line *line = o->first;
    if (!line) {
        return NULL;
    }
    if (o->n_sent > 0) {
        o->n_sent--;
    } else {
        o->n_waiting--;
        o->waiting = line->next;
    }
    o->first = line->next;
    o->last = o->first ? o->last : NULL;
    o->n_bytes -= line->len;
    return line;
}

void outbox_drop(struct outbox *o)
{
    struct outbox_line **place = &o->first, *before = NULL;
    while (*place != o->waiting) {
        before = *place;
        place = &(*place)->next;
    }
    struct outbox_line *line = o->waiting;
    *place = o->waiting = line->next;
    o->last = line->next ? o->last : before;
    o->n_waiting--;
    o->n_bytes -= line->len;
    free(line);
}

void outbox_confirm(struct outbox *o, size_t unsent)
{
    while (o->n_sent > unsent) {
        free(outbox_take(o));
    }
}

void outbox_free(struct outbox *o)
{
    struct outbox_line *line;
    while ((line = outbox_take(o)) != NULL) {
        free(line);
    }
}
