/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The counters and what can be counted at this moment, as one list. */
#include "api/node_priv.h"
#include "node/snapshot.h"

/* Number `i` of all but the counters of the context; without a name past the last. */
static struct dtt_metric gauge(const dtt_node *n, size_t i)
{
    enum { G = DTT_METRIC_GAUGE, C = DTT_METRIC_COUNTER };
    struct dtt_snapshot_stats s;
    dtt_snapshot_stats(dtt_io_core(n->io), &s);
    const struct dtt_metric all[] = {
        {0, G, "dht_nodes_v4", "DHT nodes known that answer, IPv4", s.dht.nodes_v4},
        {0, G, "dht_nodes_v6", "DHT nodes known that answer, IPv6", s.dht.nodes_v6},
        {0, G, "dht_items", "values stored for others", s.dht.items},
        {0, G, "dht_peers", "peers announced by others", s.dht.peers},
        {0, G, "lan_links", "interfaces asked for members, once for each family", s.lan_links},
        {0, G, "names_threadless", "bootstrap names not looked up, for want of a thread",
         s.threadless},
        {0, G, "node_topics", "topics joined", s.topics},
        {0, G, "node_neighbors", "peers that are a neighbour in some topic", s.neighbors},
        {0, G, "node_links", "peers with a connection or a dial", s.links},
        {0, G, "node_connections", "connections with them", s.connections},
        {0, G, "node_dials", "dials under way", s.dials},
        {0, G, "node_events_queued", "events not taken yet", s.events},
        {0, C, "node_events_lost", "events not queued: queue full, or memory", s.events_lost},
    };
    return i < sizeof(all) / sizeof(all[0]) ? all[i] : (struct dtt_metric){0};
}

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
    } else {
        m = gauge(n, i - DTT_COUNTER_COUNT);
        if (!m.name) {
            return 0;
        }
    }
    return dtt_write_sized(ret, &m, sizeof(m)) ? 1 : DTT_EINVAL;
}
