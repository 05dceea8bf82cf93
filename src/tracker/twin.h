/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A second program with our key: on a copied disk, or in another window. Members answer whom they
 * heard last, so neither works well, and nobody else can tell. It may answer a dial (node/twins.h).
 * A record of our own key that we have not made, and that was written after we started, is its. One
 * written before is most likely of our own former process.
 */
#ifndef DTT_TRACKER_TWIN_H
#define DTT_TRACKER_TWIN_H

#include "base/bytes.h"
#include "base/time.h"

#include <dtt/record.h>
#include <stdbool.h>

/** Values that we remember as ours: those of three minutes, with a record in three slots each third
 *  second where an interface flaps, and those for the local network. */
#define DTT_TWIN_MADE 256
#define DTT_TWIN_HASH_BYTES 16
#define DTT_TWIN_MARGIN_S 2            /**< clocks of two machines may differ a little */
#define DTT_TWIN_KEEP_NS (600 * DTT_S) /**< it is there for so long after its last record */

struct dtt_twin {
    int64_t start_s; /**< wall */
    uint64_t n_made;
    uint8_t made[DTT_TWIN_MADE][DTT_TWIN_HASH_BYTES];
    bool is_seen;
    bool is_news; /**< not yet handed out */
    uint64_t seen_ns;
    size_t n_addrs;
    struct dtt_addr addrs[DTT_RECORD_ADDRS];
};

void dtt_twin_init(struct dtt_twin *t, struct dtt_now now);
/** The clock was set: older times of writing say nothing. */
void dtt_twin_clock_was_set(struct dtt_twin *t, struct dtt_now now);
/** We have made this value of a slot. */
void dtt_twin_made(struct dtt_twin *t, struct dtt_slice value);
/** A value that holds a record of our key; true when it is the first of a twin for long. */
bool dtt_twin_found(struct dtt_twin *t, struct dtt_now now, struct dtt_slice value,
                    const struct dtt_record_info *info);
/** It has answered, or spoken, from this address. */
void dtt_twin_met(struct dtt_twin *t, struct dtt_now now, const struct dtt_addr *addr);
bool dtt_twin_is_there(const struct dtt_twin *t, uint64_t mono_ns);

#endif
