/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/missed.h"

#include "tracker/inside.h"

void dtt_missed_init(struct dtt_bucket *reads, struct dtt_now now)
{
    dtt_bucket_init(reads, 1, DTT_MISSED_READS * DTT_MISSED_READ_S, now.mono_ns);
}

/* A record of the previous minute may have been written since that was read last. */
static bool was_current(struct dtt_now now, uint64_t age_ns)
{
    return now.wall_ns < 0 || (uint64_t)now.wall_ns % (60 * DTT_S) < age_ns;
}

void dtt_missed_look(struct dtt_tracker *t, struct dtt_now now, const struct dtt_id *peer)
{
    const struct dtt_tracker_peer *p = dtt_peers_find(&t->peers, peer);
    if (!p || p->state != DTT_PEER_NEIGHBOR) {
        return;
    }
    if (!dtt_bucket_take(&t->missed_reads, DTT_MISSED_READ_S, now.mono_ns)) {
        DTT_COUNT(t->ctx, TRACKER_MISSED_REFUSED);
        return;
    }
    DTT_COUNT(t->ctx, TRACKER_MISSED_READS);
    DTT_TRACE(t->ctx, TRACKER_MISSED, dtt_tv_id(peer));
    dtt_reads_start_current(&t->reads, now.mono_ns, t->kinds);
    if (was_current(now, DTT_PUBLISHER_SOUGHT_NS)) {
        dtt_reads_start_previous(&t->reads, now.mono_ns, t->kinds);
    }
    dtt_publisher_sought(&t->publisher, now.mono_ns);
}
