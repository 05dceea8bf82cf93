/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Things the library hands out, on standard output. */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include <dtt/dtt.h>

/** {"publisher":...,"minute":...,"active_peers":[...],"message_hashes":[...],"addrs":[...]} */
void print_record_json(const struct dtt_record_info *record);

/** Some lines for people. */
void print_record(const struct dtt_record_info *record, uint64_t age_ms);

/** dtt_event_json and a newline. */
void print_event_json(const struct dtt_event *event);

#endif
