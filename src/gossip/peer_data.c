/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/peer_data.h"

void dtt_peer_data_learn(const struct dtt_gossip_port *port, struct dtt_gossip_blob **slot,
                         const struct dtt_id *id, const struct dtt_gossip_peer_data *data)
{
    if (!data->is_some || dtt_slice_eq(dtt_gossip_blob_slice(*slot), data->bytes)) {
        return;
    }
    if (data->bytes.len > DTT_GOSSIP_PEER_DATA_MAX) {
        DTT_COUNT(port->ctx, GOSSIP_PEER_DATA_REFUSED);
        return;
    }
    struct dtt_gossip_blob *copy = dtt_gossip_blob_new(data->bytes);
    if (!copy) {
        DTT_COUNT(port->ctx, GOSSIP_PEER_DATA_REFUSED);
        return;
    }
    dtt_gossip_blob_unref(*slot);
    *slot = copy;
    if (copy->len) {
        dtt_gossip_emit_peer_data(port, id, copy);
    }
}

void dtt_peer_data_learn_hearsay(const struct dtt_gossip_port *port,
                                 struct dtt_gossip_peer *neighbor,
                                 const struct dtt_gossip_peer_data *data)
{
    if (!neighbor->data || neighbor->data->len == 0) {
        dtt_peer_data_learn(port, &neighbor->data, &neighbor->id, data);
    }
}

struct dtt_gossip_peer_data dtt_peer_data_of(const struct dtt_gossip_peer *p)
{
    return (struct dtt_gossip_peer_data){.is_some = p->data != NULL,
                                         .bytes = dtt_gossip_blob_slice(p->data)};
}
