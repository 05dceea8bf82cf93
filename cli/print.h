/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Prints results of the library, and lines of JSON, on standard output. */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include "codec/json.h"
#include "output.h"

#include <dtt/dtt.h>

/** One line of JSON, an object, to be filled by dtt_json_*. */
struct print_line {
    struct dtt_json json;
    char text[OUTPUT_LINE_MAX];
};

/** Begins a line with the member "event"; NULL: without. */
void print_begin(struct print_line *l, const char *event);

/** Prints the line at once. If it did not fit, a sentence on standard error says so instead. */
void print_end(struct print_line *l);

/** dtt_event_json as a line. */
void print_event_json(const struct dtt_event *event);

/** {"publisher":...,"minute":...,"active_peers":[...],"message_hashes":[...],"addrs":[...]} */
void print_record_json(const struct dtt_record_info *record);

/** The same as some lines for people. */
void print_record(const struct dtt_record_info *record, uint64_t age_ms);

#endif
