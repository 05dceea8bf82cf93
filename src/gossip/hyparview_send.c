/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/hyparview_send.h"

#include "gossip/peer_data.h"

#define GOODBYE_NODES (DTT_HYPARVIEW_SHUFFLE_ACTIVE + DTT_HYPARVIEW_SHUFFLE_PASSIVE)

/* iroh-gossip always sends Some, empty while no address is known. */
static struct dtt_gossip_peer_data my_data(const struct dtt_hyparview *h)
{
    return (struct dtt_gossip_peer_data){.is_some = true,
                                         .bytes = dtt_gossip_blob_slice(h->my_data)};
}

bool dtt_hyparview_send_neighbor(struct dtt_hyparview *h, const struct dtt_id *to,
                                 enum dtt_gossip_priority priority, const struct dtt_id *via)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_NEIGHBOR,
                                   .u.neighbor = {.priority = priority, .data = my_data(h)}};
    return dtt_gossip_send_hearsay(&h->port, to, via, &m);
}

bool dtt_hyparview_send_join(struct dtt_hyparview *h, const struct dtt_id *to)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_JOIN, .u.join.data = my_data(h)};
    return dtt_gossip_send(&h->port, to, &m);
}

void dtt_hyparview_send_forward_join(struct dtt_hyparview *h, const struct dtt_id *to,
                                     const struct dtt_gossip_node *peer, uint16_t ttl)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_FORWARD_JOIN,
                                   .u.forward_join = {.peer = *peer, .ttl = ttl}};
    dtt_gossip_send(&h->port, to, &m);
}

/* Adds a node to the list of a Shuffle unless the frame would become too large. */
static void list_node(struct dtt_gossip_message *m, size_t *size,
                      const struct dtt_gossip_node *node)
{
    size_t node_size = dtt_gossip_node_size(node);
    if (m->u.shuffle.n < DTT_GOSSIP_NODES_MAX && *size + node_size <= DTT_GOSSIP_PAYLOAD_MAX) {
        m->u.shuffle.nodes[m->u.shuffle.n++] = *node;
        *size += node_size;
    }
}

/* Lists up to `max` random members of a view other than `skip`. */
static void list_some(struct dtt_hyparview *h, struct dtt_gossip_message *m, size_t *size,
                      const struct dtt_gossip_view *v, size_t max, const struct dtt_id *skip)
{
    uint8_t order[DTT_GOSSIP_PASSIVE_MAX];
    for (size_t i = 0; i < v->n; i++) {
        order[i] = (uint8_t)i;
    }
    dtt_rng_shuffle(h->port.rng, order, v->n, 1);
    for (size_t i = 0; i < v->n && max > 0; i++) {
        const struct dtt_gossip_peer *p = &v->peers[order[i]];
        if (!dtt_gossip_id_eq(&p->id, skip)) {
            list_node(m, size, &(struct dtt_gossip_node){.id = p->id, .data = dtt_peer_data_of(p)});
            max--;
        }
    }
}

/* What a Shuffle takes without its nodes: variants, origin, count, ttl. */
#define SHUFFLE_OVERHEAD (2 + DTT_ID_BYTES + 1 + 3)

void dtt_hyparview_send_shuffle_reply(struct dtt_hyparview *h, const struct dtt_id *to,
                                      size_t count, const struct dtt_id *via)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_SHUFFLE_REPLY};
    size_t size = SHUFFLE_OVERHEAD;
    list_some(h, &m, &size, &h->passive, count, to);
    list_some(h, &m, &size, &h->active, count - m.u.shuffle.n, to);
    dtt_gossip_send_hearsay(&h->port, to, via, &m);
}

void dtt_hyparview_send_goodbye(struct dtt_hyparview *h, const struct dtt_id *to, bool alive)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_DISCONNECT, .u.disconnect.alive = alive};
    dtt_hyparview_send_shuffle_reply(h, to, GOODBYE_NODES, NULL);
    dtt_gossip_send(&h->port, to, &m);
}

void dtt_hyparview_send_shuffle(struct dtt_hyparview *h)
{
    struct dtt_gossip_peer *target = dtt_gossip_view_pick(&h->active, h->port.rng);
    if (!target) {
        return;
    }
    struct dtt_gossip_message m = {.type = DTT_MSG_SHUFFLE};
    struct dtt_gossip_node me = {.id = h->cfg.me, .data = my_data(h)};
    size_t size = SHUFFLE_OVERHEAD + dtt_gossip_node_size(&me);
    m.u.shuffle.origin = h->cfg.me;
    m.u.shuffle.ttl = DTT_HYPARVIEW_SHUFFLE_WALK;
    list_some(h, &m, &size, &h->active, DTT_HYPARVIEW_SHUFFLE_ACTIVE, &target->id);
    list_some(h, &m, &size, &h->passive, DTT_HYPARVIEW_SHUFFLE_PASSIVE, &target->id);
    m.u.shuffle.nodes[m.u.shuffle.n++] = me;
    dtt_gossip_send(&h->port, &target->id, &m);
}

void dtt_hyparview_send_forward_shuffle(struct dtt_hyparview *h, const struct dtt_id *to,
                                        const struct dtt_gossip_message *m, uint16_t ttl)
{
    struct dtt_gossip_message forward = {.type = DTT_MSG_SHUFFLE};
    size_t size = SHUFFLE_OVERHEAD;
    forward.u.shuffle.origin = m->u.shuffle.origin;
    forward.u.shuffle.ttl = ttl;
    for (size_t i = 0; i < m->u.shuffle.n; i++) {
        list_node(&forward, &size, &m->u.shuffle.nodes[i]);
    }
    dtt_gossip_send(&h->port, to, &forward);
}

void dtt_hyparview_send_question(struct dtt_hyparview *h, const struct dtt_id *to)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_SHUFFLE};
    m.u.shuffle.origin = h->cfg.me;
    dtt_gossip_send(&h->port, to, &m);
}

void dtt_hyparview_send_confirmations(struct dtt_hyparview *h)
{
    for (size_t i = 0; i < h->active.n; i++) {
        dtt_hyparview_send_neighbor(h, &h->active.peers[i].id, DTT_GOSSIP_LOW, NULL);
    }
}
