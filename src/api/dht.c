/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "api/node_priv.h"
#include "node/core_dht.h"
#include "node/snapshot.h"

int dtt_node_dht_get(dtt_node *n, const struct dtt_dht_get *args, uint32_t *ret_op)
{
    struct dtt_dht_get get;
    if (!n || !ret_op || !dtt_read_sized(&get, sizeof(get), args) ||
        (get.target != NULL) == (get.key != NULL) || get.salt_len > DTT_DHT_SALT_MAX ||
        (get.salt_len && !get.salt)) {
        return DTT_EINVAL;
    }
    return dtt_flushed(n, dtt_core_dht_get(dtt_io_core(n->io), dtt_io_now(n->io), &get, ret_op));
}

int dtt_node_dht_put(dtt_node *n, const struct dtt_dht_put *args, uint32_t *ret_op)
{
    struct dtt_dht_put put;
    if (!n || !ret_op || !dtt_read_sized(&put, sizeof(put), args) ||
        (put.value_len && !put.value) || put.salt_len > DTT_DHT_SALT_MAX ||
        (put.salt_len && !put.salt) || put.seq < 0) {
        return DTT_EINVAL;
    }
    return dtt_flushed(n, dtt_core_dht_put(dtt_io_core(n->io), dtt_io_now(n->io), &put, ret_op));
}

int dtt_node_dht_find(dtt_node *n, const uint8_t target[20], uint32_t *ret_op)
{
    if (!n || !target || !ret_op) {
        return DTT_EINVAL;
    }
    return dtt_flushed(n, dtt_core_dht_find(dtt_io_core(n->io), dtt_io_now(n->io), target, ret_op));
}

int dtt_node_dht_ping(dtt_node *n, const struct dtt_addr *addr, uint32_t *ret_op)
{
    if (!n || !addr || !ret_op || !dtt_addr_is_usable(addr)) {
        return DTT_EINVAL;
    }
    return dtt_flushed(n, dtt_core_dht_ping(dtt_io_core(n->io), dtt_io_now(n->io), addr, ret_op));
}

int dtt_node_dht_get_peers(dtt_node *n, const uint8_t info_hash[20], uint32_t *ret_op)
{
    if (!n || !info_hash || !ret_op) {
        return DTT_EINVAL;
    }
    return dtt_flushed(
        n, dtt_core_dht_get_peers(dtt_io_core(n->io), dtt_io_now(n->io), info_hash, ret_op));
}

int dtt_node_dht_announce(dtt_node *n, const uint8_t info_hash[20], uint16_t port, uint32_t *ret_op)
{
    if (!n || !info_hash || !ret_op) {
        return DTT_EINVAL;
    }
    return dtt_flushed(
        n, dtt_core_dht_announce(dtt_io_core(n->io), dtt_io_now(n->io), info_hash, port, ret_op));
}

int dtt_node_dht_status(const dtt_node *n, struct dtt_dht_status *ret)
{
    struct dtt_snapshot_stats stats;
    if (!n) {
        return DTT_EINVAL;
    }
    dtt_snapshot_stats(dtt_io_core(n->io), &stats);
    struct dtt_dht_status status = {.nodes_v4 = stats.dht.nodes_v4,
                                    .nodes_v6 = stats.dht.nodes_v6,
                                    .items = stats.dht.items,
                                    .peers = stats.dht.peers,
                                    .bootstraps = stats.dht.bootstraps,
                                    .resolving = stats.resolving};
    memcpy(status.id, stats.dht.id, sizeof(status.id));
    return dtt_write_sized(ret, &status, sizeof(status)) ? DTT_OK : DTT_EINVAL;
}

void dtt_node_dht_cancel(dtt_node *n, uint32_t op)
{
    dtt_core_dht_cancel(dtt_io_core(n->io), dtt_io_now(n->io), op);
    dtt_io_flush(n->io);
}
