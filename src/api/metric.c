/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The counters and what can be counted at this moment, as one list. */
#include "api/node_priv.h"
#include "node/core_dht.h"
#include "node/links.h"

struct gauge {
    int kind;
    const char *name, *help;
    uint64_t (*value)(const dtt_node *n);
};

static struct dtt_dht_stats dht_of(const dtt_node *n)
{
    struct dtt_dht_stats stats;
    dtt_core_dht_stats(dtt_io_core(n->io), &stats);
    return stats;
}

static uint64_t nodes_v4(const dtt_node *n)
{
    return dht_of(n).nodes_v4;
}

static uint64_t nodes_v6(const dtt_node *n)
{
    return dht_of(n).nodes_v6;
}

static uint64_t items(const dtt_node *n)
{
    return dht_of(n).items;
}

static uint64_t peers(const dtt_node *n)
{
    return dht_of(n).peers;
}

static struct dtt_links_stats links_of(const dtt_node *n)
{
    struct dtt_links_stats stats;
    dtt_core_links_stats(dtt_io_core(n->io), &stats);
    return stats;
}

static uint64_t topics(const dtt_node *n)
{
    return dtt_core_n_topics(dtt_io_core(n->io));
}

static uint64_t neighbors(const dtt_node *n)
{
    return links_of(n).neighbors;
}

static uint64_t links(const dtt_node *n)
{
    return links_of(n).links;
}

static uint64_t connections(const dtt_node *n)
{
    return links_of(n).connections;
}

static uint64_t dials(const dtt_node *n)
{
    return links_of(n).dials;
}

static uint64_t events_queued(const dtt_node *n)
{
    return dtt_core_events(dtt_io_core(n->io))->ring.count;
}

static uint64_t events_lost(const dtt_node *n)
{
    return dtt_core_events(dtt_io_core(n->io))->lost;
}

/* All but the counters of the context. */
static const struct gauge gauges[] = {
    {DTT_METRIC_GAUGE, "dht_nodes_v4", "DHT nodes known that answer, IPv4", nodes_v4},
    {DTT_METRIC_GAUGE, "dht_nodes_v6", "DHT nodes known that answer, IPv6", nodes_v6},
    {DTT_METRIC_GAUGE, "dht_items", "values stored for others", items},
    {DTT_METRIC_GAUGE, "dht_peers", "peers announced by others", peers},
    {DTT_METRIC_GAUGE, "node_topics", "topics joined", topics},
    {DTT_METRIC_GAUGE, "node_neighbors", "peers that are a neighbour in some topic", neighbors},
    {DTT_METRIC_GAUGE, "node_links", "peers with a connection or a dial", links},
    {DTT_METRIC_GAUGE, "node_connections", "connections with them", connections},
    {DTT_METRIC_GAUGE, "node_dials", "dials under way", dials},
    {DTT_METRIC_GAUGE, "node_events_queued", "events not taken yet", events_queued},
    {DTT_METRIC_COUNTER, "node_events_lost", "events not queued: queue full, or memory",
     events_lost},
};

#define N_GAUGES (sizeof(gauges) / sizeof(gauges[0]))

int dtt_node_metric(const dtt_node *n, size_t i, struct dtt_metric *ret)
{
    struct dtt_metric m = {.kind = DTT_METRIC_COUNTER};
    if (!n) {
        return DTT_EINVAL;
    }
    if (i < DTT_COUNTER_COUNT) {
        m.name = dtt_counter_name((enum dtt_counter)i);
        m.help = dtt_counter_help((enum dtt_counter)i);
        m.value = n->ctx.counters[i];
    } else if (i - DTT_COUNTER_COUNT < N_GAUGES) {
        const struct gauge *g = &gauges[i - DTT_COUNTER_COUNT];
        m.kind = g->kind;
        m.name = g->name;
        m.help = g->help;
        m.value = g->value(n);
    } else {
        return 0;
    }
    return dtt_write_sized(ret, &m, sizeof(m)) ? 1 : DTT_EINVAL;
}
