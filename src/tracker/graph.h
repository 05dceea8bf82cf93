/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The publishers in our part of the swarm, as far as records tell. Edges of the graph are our
 * neighbours, and each record's publisher with its active peers. A publisher that advertises a
 * message we have seen is in our part too. All others may live in another bubble.
 */
#ifndef DTT_TRACKER_GRAPH_H
#define DTT_TRACKER_GRAPH_H

#include "tracker/peers.h"
#include "tracker/view.h"
#include "tracker/window.h"

struct dtt_graph {
    const struct dtt_view *view;
    bool is_reached[DTT_VIEW_PUBLISHERS_MAX]; /**< by index of the view's records */
};

/** Marks the records connected to us. `v` is borrowed and must not change meanwhile. */
void dtt_graph_init(struct dtt_graph *g, const struct dtt_view *v, struct dtt_peers *peers,
                    const struct dtt_window *w);
/** Marks record `i` and all that is connected to it. */
void dtt_graph_reach(struct dtt_graph *g, size_t i);

#endif
