/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Looks for another program that has our key. Where the DHT names an address under our id that is
 * not ours, a former process of ours was there, or a twin is there now: it is dialled with our own
 * key for an answer. A program that has the key answers, and both know.
 */
#ifndef DTT_NODE_TWINS_H
#define DTT_NODE_TWINS_H

#include "base/time.h"
#include "quic/quic.h"

#define DTT_TWINS_TRIED 16                /**< addresses that are not tried again soon */
#define DTT_TWINS_AGAIN_NS (1800 * DTT_S) /**< an address is tried once in this time */
#define DTT_TWINS_DATAGRAMS 2             /**< to an address where nobody answers */

struct dtt_core;

struct dtt_twins {
    size_t n; /**< tried so far */
    struct {
        struct dtt_addr addr;
        uint64_t at_ns;
    } tried[DTT_TWINS_TRIED];
};

/** The DHT names this address under our own id. */
void dtt_twins_suspect(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *addr);
/** An event of a connection whose other end has our own key. */
void dtt_twins_event(struct dtt_core *c, struct dtt_now now, const struct dtt_quic_event *ev);

#endif
