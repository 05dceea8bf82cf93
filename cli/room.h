/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A topic between standard input and standard output: lines in are messages out. */
#ifndef CLI_ROOM_H
#define CLI_ROOM_H

#include "options.h"

/** First hex digits of an endpoint id, as names of people. */
#define ROOM_NAME_DIGITS 10

void room_name(const struct dtt_id *id, char name[ROOM_NAME_DIGITS + 1]);

/**
 * Runs `pipe`, or `chat` without a terminal: `has_names` puts the neighbour's name before each
 * message. Returns an exit code.
 */
int room_run(struct options *o, bool has_names);

#endif
