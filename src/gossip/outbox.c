/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/outbox.h"

void dtt_gossip_outbox_init(struct dtt_gossip_outbox *o)
{
    dtt_ring_init(&o->items, sizeof(struct dtt_gossip_outbox_item), DTT_GOSSIP_ACTIONS_MAX);
}

void dtt_gossip_outbox_fini(struct dtt_gossip_outbox *o)
{
    struct dtt_gossip_outbox_item item;
    while (dtt_gossip_outbox_pop(o, &item)) {
        dtt_gossip_blob_unref(item.blob);
    }
    dtt_ring_fini(&o->items);
}

bool dtt_gossip_outbox_pop(struct dtt_gossip_outbox *o, struct dtt_gossip_outbox_item *ret)
{
    return dtt_ring_take(&o->items, ret);
}

/* Takes its own reference of item->blob. */
static bool push(const struct dtt_gossip_port *p, const struct dtt_gossip_outbox_item *item)
{
    struct dtt_gossip_outbox_item *room = dtt_ring_push(&p->outbox->items);
    if (!room) {
        DTT_COUNT(p->ctx, GOSSIP_ACTIONS_DROPPED);
        return false;
    }
    *room = *item;
    room->topic = p->topic;
    dtt_gossip_blob_ref(room->blob);
    return true;
}

bool dtt_gossip_send_blob(const struct dtt_gossip_port *p, const struct dtt_id *to,
                          struct dtt_gossip_blob *encoded)
{
    return push(p, &(struct dtt_gossip_outbox_item){
                       .type = DTT_GOSSIP_SEND, .peer = *to, .blob = encoded, .len = encoded->len});
}

int dtt_gossip_outbox_encode(const struct dtt_gossip_message *m, struct dtt_gossip_blob **ret)
{
    uint8_t buf[DTT_GOSSIP_PAYLOAD_MAX];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    dtt_gossip_message_encode(&w, m);
    if (w.failed) {
        return DTT_ETOOBIG;
    }
    *ret = dtt_gossip_blob_new(dtt_slice(buf, w.len));
    return *ret ? DTT_OK : DTT_ENOMEM;
}

bool dtt_gossip_send_hearsay(const struct dtt_gossip_port *p, const struct dtt_id *to,
                             const struct dtt_id *via, const struct dtt_gossip_message *m)
{
    struct dtt_gossip_blob *blob;
    if (dtt_gossip_outbox_encode(m, &blob) != DTT_OK) {
        DTT_COUNT(p->ctx, GOSSIP_ACTIONS_DROPPED);
        return false;
    }
    struct dtt_gossip_outbox_item item = {.type = DTT_GOSSIP_SEND, .peer = *to, .blob = blob};
    item.len = blob->len;
    item.last = m->type == DTT_MSG_DISCONNECT;
    item.is_hearsay = via != NULL;
    item.via = via ? *via : item.via;
    bool sent = push(p, &item);
    dtt_gossip_blob_unref(blob);
    return sent;
}

bool dtt_gossip_send(const struct dtt_gossip_port *p, const struct dtt_id *to,
                     const struct dtt_gossip_message *m)
{
    return dtt_gossip_send_hearsay(p, to, NULL, m);
}

void dtt_gossip_emit_disconnect(const struct dtt_gossip_port *p, const struct dtt_id *peer)
{
    push(p, &(struct dtt_gossip_outbox_item){.type = DTT_GOSSIP_DISCONNECT, .peer = *peer});
}

void dtt_gossip_emit_mute(const struct dtt_gossip_port *p, const struct dtt_id *peer)
{
    push(p, &(struct dtt_gossip_outbox_item){.type = DTT_GOSSIP_MUTE, .peer = *peer});
}

void dtt_gossip_emit_refused(const struct dtt_gossip_port *p, const struct dtt_id *peer)
{
    push(p, &(struct dtt_gossip_outbox_item){.type = DTT_GOSSIP_REFUSED, .peer = *peer});
}

void dtt_gossip_emit_peer_data(const struct dtt_gossip_port *p, const struct dtt_id *peer,
                               struct dtt_gossip_blob *data)
{
    push(p, &(struct dtt_gossip_outbox_item){
                .type = DTT_GOSSIP_PEER_DATA, .peer = *peer, .blob = data, .len = data->len});
}

static const struct dtt_id *topic_as_id(const struct dtt_gossip_port *p, struct dtt_id *out)
{
    memcpy(out->bytes, p->topic.bytes, sizeof(out->bytes));
    return out;
}

void dtt_gossip_emit_up(const struct dtt_gossip_port *p, const struct dtt_id *peer)
{
    struct dtt_id topic;
    DTT_TRACE(p->ctx, GOSSIP_NEIGHBOR_UP, dtt_tv_id(topic_as_id(p, &topic)), dtt_tv_id(peer));
    push(p, &(struct dtt_gossip_outbox_item){.type = DTT_GOSSIP_NEIGHBOR_UP, .peer = *peer});
}

void dtt_gossip_emit_down(const struct dtt_gossip_port *p, const struct dtt_id *peer,
                          enum dtt_reason reason)
{
    struct dtt_id topic;
    DTT_TRACE(p->ctx, GOSSIP_NEIGHBOR_DOWN, dtt_tv_id(topic_as_id(p, &topic)), dtt_tv_id(peer),
              dtt_tv_text(dtt_reason_word((int)reason)));
    push(p, &(struct dtt_gossip_outbox_item){
                .type = DTT_GOSSIP_NEIGHBOR_DOWN, .peer = *peer, .reason = reason});
}

void dtt_gossip_emit_received(const struct dtt_gossip_port *p, const struct dtt_id *from,
                              enum dtt_gossip_scope scope, struct dtt_gossip_blob *blob,
                              size_t skip, size_t len)
{
    push(p, &(struct dtt_gossip_outbox_item){.type = DTT_GOSSIP_RECEIVED,
                                             .peer = *from,
                                             .scope = scope,
                                             .blob = blob,
                                             .skip = skip,
                                             .len = len});
}
