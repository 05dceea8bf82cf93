/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the DHT is told of our addresses, under our endpoint id, for peers that know no more of us
 * than the id: the pkarr packet of iroh's mainline address lookup. This is when to put it and what.
 */
#ifndef DTT_NODE_SELF_H
#define DTT_NODE_SELF_H

#include "base/time.h"
#include "codec/pkarr.h"

#define DTT_ANNOUNCE_DELAY_NS (1 * DTT_S)       /**< addresses found together are told together */
#define DTT_ANNOUNCE_RETRY_NS (60 * DTT_S)      /**< after a put that nobody took */
#define DTT_ANNOUNCE_AGAIN_NS (60 * 60 * DTT_S) /**< nodes drop items that are 2 hours old */

struct dtt_announce {
    uint64_t due_ns; /**< DTT_NEVER: nothing to do */
    int64_t seq;     /**< microseconds of the first put of `packet` */
    size_t len;
    uint8_t packet[DTT_PKARR_PACKET_MAX];
};

void dtt_announce_init(struct dtt_announce *a);
/** Something changed: the next put comes after a short delay. */
void dtt_announce_soon(struct dtt_announce *a, struct dtt_now now);
/** The put failed. */
void dtt_announce_failed(struct dtt_announce *a, struct dtt_now now);
/**
 * True when `packet` is to be put now with `seq`. The item is public: where there is a global
 * address, it names no other. Without addresses nothing is put.
 */
bool dtt_announce_take(struct dtt_announce *a, struct dtt_now now, const struct dtt_id *id,
                       const struct dtt_addr *addrs, size_t n);

#endif
