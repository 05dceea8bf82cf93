/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * When a question is asked, and on which links: at once, after 1, 3 and 7 s, and from then on when
 * the caller says.
 */
#ifndef DTT_LAN_ASKS_H
#define DTT_LAN_ASKS_H

#include "base/time.h"
#include "lan/link.h"

/** The first questions: so long after the start. */
#define DTT_LAN_ASKS                       \
    {                                      \
        0, 1 * DTT_S, 3 * DTT_S, 7 * DTT_S \
    }

struct dtt_lan_asks {
    size_t n;               /**< since the start */
    uint64_t first_ns;      /**< the start */
    uint64_t next_ns;       /**< the next question */
    uint64_t last_ns;       /**< the last one; DTT_NEVER: there was none */
    dtt_lan_link_set links; /**< on which that is still to be sent */
};

/** Never asked yet, and due at once. */
void dtt_lan_asks_init(struct dtt_lan_asks *a, uint64_t mono_ns);
/** Asks anew, at once. What waits to be sent still is. */
void dtt_lan_asks_restart(struct dtt_lan_asks *a, uint64_t mono_ns);
/**
 * A question is asked now on these links. False: the first ones are over, and the caller sets
 * `next_ns`.
 */
bool dtt_lan_asks_begin(struct dtt_lan_asks *a, uint64_t mono_ns, dtt_lan_link_set links);

#endif
