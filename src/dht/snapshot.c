/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/snapshot.h"

#include "dht/inside.h"
#include "dht/node_id.h"

static const char *const families[] = {"ipv4", "ipv6"};

static void put_table(struct dtt_json *j, const struct dtt_rtable *t, struct dtt_now now)
{
    size_t good = 0;
    size_t bad = 0;
    dtt_json_object(j, NULL);
    dtt_json_text(j, "family", families[dtt_side_of(t->family)]);
    dtt_json_u64(j, "nodes", t->live);
    dtt_json_array(j, "buckets");
    for (size_t i = 0; i < t->n; i++) {
        const struct dtt_rbucket *b = &t->buckets[i];
        for (size_t k = 0; k < b->live; k++) {
            bool is_bad = b->nodes[k].fails >= DTT_RTABLE_FAILS_BAD;
            bad += is_bad;
            good += !is_bad && now.mono_ns / DTT_S < b->nodes[k].heard_s + DTT_RTABLE_GOOD_S;
        }
        dtt_json_u64(j, NULL, b->live);
    }
    dtt_json_end(j);
    dtt_json_u64(j, "good", good);
    dtt_json_u64(j, "questionable", t->live - good - bad);
    dtt_json_u64(j, "bad", bad);
    dtt_json_end(j);
}

static void put_side(struct dtt_json *j, const struct dtt_lookup *lookup, size_t side)
{
    unsigned common = 0;
    for (size_t i = 0; i < lookup->n; i++) {
        if (lookup->nodes[i].state == DTT_LOOKUP_NODE_ANSWERED) {
            common = dtt_node_id_common(lookup->target, lookup->nodes[i].id);
            break; /* the closest come first */
        }
    }
    dtt_json_object(j, NULL);
    dtt_json_text(j, "family", families[side]);
    dtt_json_u64(j, "known", lookup->n);
    dtt_json_u64(j, "asked", lookup->asked);
    dtt_json_u64(j, "answered", lookup->answered);
    dtt_json_u64(j, "in_flight", lookup->in_flight);
    dtt_json_u64(j, "common_bits", common);
    dtt_json_end(j);
}

/* Not its target: with that anybody could read the slot of a topic. */
static void put_walk(struct dtt_json *j, const struct dtt_walk *walk, struct dtt_now now)
{
    static const char *const kinds[] = {
        [DTT_GOAL_NODES] = "nodes", [DTT_GOAL_ITEM] = "item", [DTT_GOAL_PEERS] = "peers"};
    dtt_json_object(j, NULL);
    dtt_json_text(j, "kind", kinds[walk->goal.kind]);
    dtt_json_text(j, "state", walk->state == DTT_WALK_WAITING ? "waiting" : "running");
    dtt_json_u64(j, "operations", walk->refs);
    dtt_json_u64(j, "age_ms", (now.mono_ns - walk->started_ns) / DTT_MS);
    dtt_json_u64(j, "values", walk->found.n_values);
    dtt_json_array(j, "sides");
    for (size_t side = 0; side < 2; side++) {
        if (walk->side[side].n > 0) {
            put_side(j, &walk->side[side], side);
        }
    }
    dtt_json_end(j);
    dtt_json_end(j);
}

void dtt_dht_snapshot(struct dtt_json *j, const struct dtt_dht *d, struct dtt_now now)
{
    dtt_json_hex(j, "id", dtt_slice(d->id, sizeof(d->id)));
    dtt_json_bool(j, "read_only", d->cfg.read_only);
    dtt_json_u64(j, "bootstrap_nodes", d->n_bootstraps);
    dtt_json_u64(j, "asked", d->asked);
    dtt_json_u64(j, "answered", d->answered);
    dtt_json_array(j, "tables");
    for (size_t side = 0; side < 2; side++) {
        if (dtt_dht_has_family(d, d->tables[side].family)) {
            put_table(j, &d->tables[side], now);
        }
    }
    dtt_json_end(j);
    dtt_json_array(j, "lookups");
    for (size_t i = 0; i < DTT_WALKS_MAX; i++) {
        if (d->walks[i] && !dtt_walks_is_over(d->walks[i])) {
            put_walk(j, d->walks[i], now);
        }
    }
    dtt_json_end(j);
    dtt_json_u64(j, "items", d->storage.values);
    dtt_json_u64(j, "peers", d->peers.count);
}
