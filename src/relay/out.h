/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bytes for a relay that the driver has not taken yet. An empty one uses no memory. */
#ifndef DTT_RELAY_OUT_H
#define DTT_RELAY_OUT_H

#include "base/bytes.h"

struct dtt_relay_out {
    uint8_t *data;
    size_t len, cap;
    size_t max; /**< bytes at most */
};

/** Appends all of it; false: more than `max`, or out of memory. */
bool dtt_relay_out_append(struct dtt_relay_out *o, struct dtt_slice bytes);
/** The first `n` bytes were taken. */
void dtt_relay_out_take(struct dtt_relay_out *o, size_t n);
void dtt_relay_out_clear(struct dtt_relay_out *o);

#endif
