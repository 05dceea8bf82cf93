/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A topic between standard input and standard output: lines in are messages out. */
#ifndef CLI_ROOM_H
#define CLI_ROOM_H

#include "options.h"

/** A member's name is so many of the first hex digits of its endpoint id. */
#define ROOM_NAME_DIGITS 10
#define ROOM_SENTENCE_MAX 128

void room_name(const struct dtt_id *id, char name[ROOM_NAME_DIGITS + 1]);

/** Writes what joining, or the coming and going of a neighbour, means to a person; else false. */
bool room_sentence(const struct dtt_event *event, char sentence[ROOM_SENTENCE_MAX]);

/**
 * Runs `pipe`, or `chat` without a terminal: `has_names` puts the neighbour's name before each
 * message. Returns an exit code.
 */
int room_run(struct options *o, bool has_names);

#endif
