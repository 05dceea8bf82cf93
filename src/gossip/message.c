/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/message.h"

#include "codec/postcard.h"
#include "crypto/ed25519.h"

/* ---- reading */

static void read_peer_id(struct dtt_reader *r, struct dtt_memo *valid, struct dtt_id *ret)
{
    dtt_read_into(r, ret->bytes, sizeof(ret->bytes));
    /* iroh decompresses keys while it decodes, so no Rust peer lets such a frame pass. */
    if (!r->failed && !dtt_ed25519_is_point_once(valid, ret->bytes)) {
        r->failed = true;
    }
}

static struct dtt_gossip_peer_data read_peer_data(struct dtt_reader *r)
{
    struct dtt_gossip_peer_data data = {.is_some = dtt_postcard_read_bool(r)};
    if (data.is_some) {
        data.bytes = dtt_postcard_read_bytes(r);
    }
    return data;
}

static void read_node(struct dtt_reader *r, struct dtt_memo *valid, struct dtt_gossip_node *ret)
{
    read_peer_id(r, valid, &ret->id);
    ret->data = read_peer_data(r);
}

/* Each further node takes bytes, so the loop is bounded by the payload whatever count it claims. */
static void read_nodes(struct dtt_reader *r, struct dtt_memo *valid, struct dtt_gossip_message *m)
{
    uint64_t count = dtt_postcard_read_len(r);
    m->u.shuffle.n = 0;
    for (uint64_t i = 0; i < count && !r->failed; i++) {
        if (i < DTT_GOSSIP_NODES_MAX) {
            read_node(r, valid, &m->u.shuffle.nodes[m->u.shuffle.n++]);
        } else {
            /* Decompressing a key is costly, so it is not done for nodes that are not used. */
            dtt_read(r, DTT_ID_BYTES);
            read_peer_data(r);
        }
    }
}

static void read_swarm(struct dtt_reader *r, struct dtt_memo *valid, struct dtt_gossip_message *m)
{
    switch (dtt_postcard_read_variant(r, DTT_WIRE_SWARM_MESSAGES)) {
    case DTT_WIRE_JOIN:
        m->type = DTT_MSG_JOIN;
        m->u.join.data = read_peer_data(r);
        break;
    case DTT_WIRE_FORWARD_JOIN:
        m->type = DTT_MSG_FORWARD_JOIN;
        read_node(r, valid, &m->u.forward_join.peer);
        m->u.forward_join.ttl = dtt_postcard_read_u16(r);
        break;
    case DTT_WIRE_SHUFFLE:
        m->type = DTT_MSG_SHUFFLE;
        read_peer_id(r, valid, &m->u.shuffle.origin);
        read_nodes(r, valid, m);
        m->u.shuffle.ttl = dtt_postcard_read_u16(r);
        break;
    case DTT_WIRE_SHUFFLE_REPLY:
        m->type = DTT_MSG_SHUFFLE_REPLY;
        read_nodes(r, valid, m);
        break;
    case DTT_WIRE_NEIGHBOR:
        m->type = DTT_MSG_NEIGHBOR;
        m->u.neighbor.priority = dtt_postcard_read_variant(r, DTT_WIRE_PRIORITIES) == DTT_WIRE_HIGH
                                     ? DTT_GOSSIP_HIGH
                                     : DTT_GOSSIP_LOW;
        m->u.neighbor.data = read_peer_data(r);
        break;
    default:
        m->type = DTT_MSG_DISCONNECT;
        m->u.disconnect.alive = dtt_postcard_read_bool(r);
        m->u.disconnect.respond = dtt_postcard_read_bool(r);
    }
}

static void read_message_id(struct dtt_reader *r, struct dtt_gossip_message_id *ret)
{
    dtt_read_into(r, ret->bytes, sizeof(ret->bytes));
}

static void read_payload(struct dtt_reader *r, struct dtt_gossip_message *m)
{
    m->type = DTT_MSG_GOSSIP;
    read_message_id(r, &m->u.gossip.id);
    m->u.gossip.content = dtt_postcard_read_bytes(r);
    m->u.gossip.scope = DTT_GOSSIP_NEIGHBORS;
    m->u.gossip.round = 0;
    if (dtt_postcard_read_variant(r, DTT_WIRE_SCOPES) == DTT_WIRE_SCOPE_SWARM) {
        m->u.gossip.scope = DTT_GOSSIP_SWARM;
        m->u.gossip.round = dtt_postcard_read_u16(r);
    }
}

static void read_ihave(struct dtt_reader *r, struct dtt_gossip_message *m)
{
    uint64_t count = dtt_postcard_read_len(r);
    m->type = DTT_MSG_IHAVE;
    m->u.ihave.n = 0;
    if (count > DTT_GOSSIP_IHAVE_READ_MAX) {
        r->failed = true;
    }
    for (uint64_t i = 0; i < count && !r->failed; i++) {
        struct dtt_gossip_ihave *entry = &m->u.ihave.entries[m->u.ihave.n++];
        read_message_id(r, &entry->id);
        entry->round = dtt_postcard_read_u16(r);
    }
}

static void read_gossip(struct dtt_reader *r, struct dtt_gossip_message *m)
{
    switch (dtt_postcard_read_variant(r, DTT_WIRE_GOSSIP_MESSAGES)) {
    case DTT_WIRE_PAYLOAD: read_payload(r, m); break;
    case DTT_WIRE_PRUNE: m->type = DTT_MSG_PRUNE; break;
    case DTT_WIRE_GRAFT:
        m->type = DTT_MSG_GRAFT;
        m->u.graft.has_id = dtt_postcard_read_bool(r);
        if (m->u.graft.has_id) {
            read_message_id(r, &m->u.graft.id);
        }
        m->u.graft.round = dtt_postcard_read_u16(r);
        break;
    default: read_ihave(r, m);
    }
}

int dtt_gossip_message_decode(struct dtt_slice payload, struct dtt_memo *valid,
                              struct dtt_gossip_message *ret)
{
    struct dtt_reader r = dtt_reader(payload);
    if (payload.len > DTT_GOSSIP_FRAME_MAX) {
        return DTT_EPROTO;
    }
    if (dtt_postcard_read_variant(&r, DTT_WIRE_LAYERS) == DTT_WIRE_SWARM) {
        read_swarm(&r, valid, ret);
    } else {
        read_gossip(&r, ret);
    }
    return r.failed ? DTT_EPROTO : DTT_OK;
}

/* ---- writing */

static void write_head(struct dtt_writer *w, uint8_t layer, uint8_t variant)
{
    dtt_postcard_write_varint(w, layer);
    dtt_postcard_write_varint(w, variant);
}

static void write_peer_data(struct dtt_writer *w, const struct dtt_gossip_peer_data *data)
{
    dtt_postcard_write_bool(w, data->is_some);
    if (data->is_some) {
        dtt_postcard_write_bytes(w, data->bytes);
    }
}

static void write_node(struct dtt_writer *w, const struct dtt_gossip_node *node)
{
    dtt_write(w, node->id.bytes, sizeof(node->id.bytes));
    write_peer_data(w, &node->data);
}

static void write_nodes(struct dtt_writer *w, const struct dtt_gossip_message *m)
{
    dtt_postcard_write_varint(w, m->u.shuffle.n);
    for (size_t i = 0; i < m->u.shuffle.n; i++) {
        write_node(w, &m->u.shuffle.nodes[i]);
    }
}

static void write_message_id(struct dtt_writer *w, const struct dtt_gossip_message_id *id)
{
    dtt_write(w, id->bytes, sizeof(id->bytes));
}

static void write_payload(struct dtt_writer *w, const struct dtt_gossip_message *m)
{
    write_message_id(w, &m->u.gossip.id);
    dtt_postcard_write_bytes(w, m->u.gossip.content);
    if (m->u.gossip.scope == DTT_GOSSIP_SWARM) {
        dtt_postcard_write_varint(w, DTT_WIRE_SCOPE_SWARM);
        dtt_postcard_write_varint(w, m->u.gossip.round);
    } else {
        dtt_postcard_write_varint(w, DTT_WIRE_SCOPE_NEIGHBORS);
    }
}

static void write_ihave(struct dtt_writer *w, const struct dtt_gossip_message *m)
{
    dtt_postcard_write_varint(w, m->u.ihave.n);
    for (size_t i = 0; i < m->u.ihave.n; i++) {
        write_message_id(w, &m->u.ihave.entries[i].id);
        dtt_postcard_write_varint(w, m->u.ihave.entries[i].round);
    }
}

void dtt_gossip_message_encode(struct dtt_writer *w, const struct dtt_gossip_message *m)
{
    switch (m->type) {
    case DTT_MSG_JOIN:
        write_head(w, DTT_WIRE_SWARM, DTT_WIRE_JOIN);
        write_peer_data(w, &m->u.join.data);
        break;
    case DTT_MSG_FORWARD_JOIN:
        write_head(w, DTT_WIRE_SWARM, DTT_WIRE_FORWARD_JOIN);
        write_node(w, &m->u.forward_join.peer);
        dtt_postcard_write_varint(w, m->u.forward_join.ttl);
        break;
    case DTT_MSG_SHUFFLE:
        write_head(w, DTT_WIRE_SWARM, DTT_WIRE_SHUFFLE);
        dtt_write(w, m->u.shuffle.origin.bytes, DTT_ID_BYTES);
        write_nodes(w, m);
        dtt_postcard_write_varint(w, m->u.shuffle.ttl);
        break;
    case DTT_MSG_SHUFFLE_REPLY:
        write_head(w, DTT_WIRE_SWARM, DTT_WIRE_SHUFFLE_REPLY);
        write_nodes(w, m);
        break;
    case DTT_MSG_NEIGHBOR:
        write_head(w, DTT_WIRE_SWARM, DTT_WIRE_NEIGHBOR);
        dtt_postcard_write_varint(w, m->u.neighbor.priority == DTT_GOSSIP_HIGH ? DTT_WIRE_HIGH
                                                                               : DTT_WIRE_LOW);
        write_peer_data(w, &m->u.neighbor.data);
        break;
    case DTT_MSG_DISCONNECT:
        write_head(w, DTT_WIRE_SWARM, DTT_WIRE_DISCONNECT);
        dtt_postcard_write_bool(w, m->u.disconnect.alive);
        dtt_postcard_write_bool(w, false);
        break;
    case DTT_MSG_GOSSIP:
        write_head(w, DTT_WIRE_GOSSIP, DTT_WIRE_PAYLOAD);
        write_payload(w, m);
        break;
    case DTT_MSG_PRUNE: write_head(w, DTT_WIRE_GOSSIP, DTT_WIRE_PRUNE); break;
    case DTT_MSG_GRAFT:
        write_head(w, DTT_WIRE_GOSSIP, DTT_WIRE_GRAFT);
        dtt_postcard_write_bool(w, m->u.graft.has_id);
        if (m->u.graft.has_id) {
            write_message_id(w, &m->u.graft.id);
        }
        dtt_postcard_write_varint(w, m->u.graft.round);
        break;
    case DTT_MSG_IHAVE:
        write_head(w, DTT_WIRE_GOSSIP, DTT_WIRE_IHAVE);
        write_ihave(w, m);
        break;
    }
}

size_t dtt_gossip_node_size(const struct dtt_gossip_node *node)
{
    size_t len = node->data.bytes.len;
    return DTT_ID_BYTES + 1 + (node->data.is_some ? dtt_postcard_varint_len(len) + len : 0);
}
