/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How many values each host of the local network may have us open: some at once, then a few a
 * second. Who floods uses up its own share, as long as it does not pretend to be many; all of them
 * together have a limit, too.
 */
#ifndef DTT_LAN_SOURCES_H
#define DTT_LAN_SOURCES_H

#include "base/addr.h"
#include "base/bucket.h"
#include "base/time.h"

#define DTT_LAN_SOURCES 32 /**< hosts remembered; the one silent for longest makes room */
#define DTT_LAN_OPEN_PER_SECOND 8
#define DTT_LAN_OPEN_BURST 24
#define DTT_LAN_OPEN_ALL_PER_SECOND 64
#define DTT_LAN_OPEN_ALL_BURST 128

struct dtt_lan_source {
    struct dtt_addr addr; /**< family none: free; the port does not count */
    uint64_t heard_ns;
    struct dtt_bucket bucket;
};

struct dtt_lan_sources {
    struct dtt_bucket all;
    struct dtt_lan_source list[DTT_LAN_SOURCES];
};

void dtt_lan_sources_init(struct dtt_lan_sources *s, uint64_t mono_ns);
/** Whether a value of this host may be opened; if so it counts. */
bool dtt_lan_sources_take(struct dtt_lan_sources *s, uint64_t mono_ns, const struct dtt_addr *from);

#endif
