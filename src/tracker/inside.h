/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The state of a tracker, shared by the files that it consists of. */
#ifndef DTT_TRACKER_INSIDE_H
#define DTT_TRACKER_INSIDE_H

#include "base/reach.h"
#include "tracker/census.h"
#include "tracker/doorman.h"
#include "tracker/merge.h"
#include "tracker/peers.h"
#include "tracker/publisher.h"
#include "tracker/reads.h"
#include "tracker/search.h"
#include "tracker/tracker.h"
#include "tracker/twin.h"
#include "tracker/view.h"
#include "tracker/window.h"

struct dtt_tracker {
    struct dtt_ctx *ctx;
    struct dtt_tracker_config cfg;
    struct dtt_rng rng;
    struct dtt_id self;
    dtt_slot_kinds kinds; /* of the slots in use */
    int64_t wall_offset;  /* wall minus mono at the last call */
    struct dtt_now now;   /* of the last call */
    uint64_t turn_ns;     /* mono, start of the next minute */
    uint64_t deadline_ns; /* mono, before which a tick has nothing to do */
    size_t n_addrs;
    struct dtt_addr addrs[DTT_RECORD_ADDRS];
    struct dtt_reach reach; /* ours, but for the age */
    uint64_t start_ns;      /* mono, since when we are in the topic */

    struct dtt_view view;
    struct dtt_reads reads;
    struct dtt_peers peers;
    struct dtt_window window;
    struct dtt_search search;
    struct dtt_publisher publisher;
    struct dtt_merge merge;
    struct dtt_census census;
    struct dtt_clock clock;
    struct dtt_twin twin;
    struct dtt_doorman door;
    struct dtt_bucket missed_reads;
    bool wants_day_record;
    bool has_clock_news;         /* not yet handed out */
    struct dtt_clock_guess told; /* of our clock */

    uint64_t next_dial_ns;
    bool has_dial; /* chosen and not yet handed out */
    struct dtt_id dial;
    uint32_t dials_started;
    uint32_t dials_failed;
};

static inline bool dtt_tracker_is_searching(const struct dtt_tracker *t)
{
    return t->search.state != DTT_SEARCH_QUIET;
}

/** For traces. */
static inline const char *dtt_tracker_kind_name(enum dtt_slot_kind kind)
{
    switch (kind) {
    case DTT_SLOT_PUBLIC: return "public";
    case DTT_SLOT_SECRET: return "secret";
    case DTT_SLOT_OLD_LINE: break;
    }
    return "old_line";
}

#endif
