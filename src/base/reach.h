/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What strangers can reach of a node behind its router, as nodes tell it to each other: the value
 * of entry kind 2 of docs/protocol/extension.md.
 */
#ifndef DTT_BASE_REACH_H
#define DTT_BASE_REACH_H

#include "base/bytes.h"

#include <dtt/types.h>
#include <stdbool.h>

#define DTT_REACH_VALUE_MAX 10 /**< bytes */
#define DTT_REACH_STEP_MAX 16

/** "unknown", "open", "cone", "vary". */
const char *dtt_reach_name(int kind);

/** What can be written: a known class, and with VARY a usable IPv4 address and a step in range. */
bool dtt_reach_is_sound(const struct dtt_reach *r);
/** Appends the value: 3 or 10 bytes. Nothing when none is told or it is not sound. */
void dtt_reach_write(struct dtt_writer *w, const struct dtt_reach *r);
/** DTT_EPROTO, and *ret is as it was: of another length, or not sound. */
int dtt_reach_read(struct dtt_slice value, struct dtt_reach *ret);
/** When the writer of `r` came into the topic, unix time, if it wrote at `unix_s`; 0: not known. */
uint64_t dtt_reach_joined_s(const struct dtt_reach *r, uint64_t unix_s);

#endif
