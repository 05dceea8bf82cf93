/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/core_relays.h"

#include "node/core_topic.h"
#include "node/inside.h"
#include "node/link.h"
#include "node/relayed.h"
#include "quic/demux.h"

static bool is_linked(void *user, const struct dtt_id *id)
{
    return dtt_link_find(user, id) != NULL;
}

static bool is_relayed(void *user, const struct dtt_id *id)
{
    const struct dtt_link *link = dtt_link_find(user, id);
    return link && (link->n_conns == 0 || dtt_relay_way_is(link));
}

void dtt_core_relays_init(struct dtt_core *c, const struct dtt_core_config *cfg,
                          const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES])
{
    static_assert(DTT_LINKS_MAX < DTT_RELAYS_PEERS, "peers without a link find room, too");
    dtt_relays_init(&c->relays, c->ctx, cfg->relays, cfg->n_relays, hash_key);
    dtt_relays_keep(&c->relays, is_linked, is_relayed, &c->links);
    c->home_told = c->relays.home;
    if (cfg->n_relays > 0) {
        c->transport.relayed = dtt_relays_local();
    }
}

const struct dtt_relays_one *dtt_core_relays_foreign(const struct dtt_core *c, size_t i)
{
    return &c->relays.list[i];
}

void dtt_core_relays_set_up(struct dtt_core *c, struct dtt_now now, size_t i, bool is_up)
{
    bool was_away = dtt_relays_is_away(&c->relays, now);
    dtt_relays_set_up(&c->relays, now, i, is_up);
    if (!is_up || c->state != DTT_CORE_OPEN) {
        return;
    }
    dtt_relayed_up(&c->links, now);
    bool is_back = was_away && !dtt_relays_is_away(&c->relays, now);
    for (size_t k = 0; k < c->n_topics && is_back; k++) {
        dtt_tracker_forgive(c->topics[k]->tracker, now);
    }
}

void dtt_core_relays_set_trouble(struct dtt_core *c, struct dtt_now now, size_t i,
                                 const struct dtt_relays_trouble *trouble)
{
    dtt_relays_set_trouble(&c->relays, now, i, trouble);
}

void dtt_core_relays_set_rtt(struct dtt_core *c, struct dtt_now now, size_t i, uint64_t rtt_ns)
{
    dtt_relays_set_rtt(&c->relays, now, i, rtt_ns);
}

bool dtt_core_relays_next_doubted(struct dtt_core *c, size_t *ret)
{
    return dtt_relays_next_doubted(&c->relays, ret);
}

void dtt_core_relays_tick(struct dtt_core *c, struct dtt_now now)
{
    dtt_relays_tick(&c->relays, now);
    struct dtt_event out = {.type = DTT_EVENT_RELAY};
    while (dtt_relays_next_news(&c->relays, now, &out.u.relay)) {
        dtt_events_tell(&c->events, now, NULL, &out);
    }
}

/* Nothing of the DHT comes by a relay: QUIC, and messages of meetings. */
void dtt_core_relays_recv(struct dtt_core *c, struct dtt_now now, size_t i, const struct dtt_id *id,
                          size_t segment, struct dtt_slice datagrams)
{
    struct dtt_addr local = dtt_relays_local();
    struct dtt_addr remote;
    if (c->state == DTT_CORE_HUNG_UP || segment == 0 ||
        !dtt_relays_heard(&c->relays, i, id, &remote)) {
        DTT_COUNT(c->ctx, NODE_RELAY_RX_DROPPED);
        return;
    }
    for (size_t at = 0; at < datagrams.len; at += segment) {
        size_t len = datagrams.len - at < segment ? datagrams.len - at : segment;
        struct dtt_slice datagram = dtt_slice(datagrams.data + at, len);
        if (c->n_topics == 0 && dtt_quic_demux_is_short(datagram)) {
            DTT_COUNT(c->ctx, NODE_RX_UNHEARD);
            continue;
        }
        DTT_COUNT_N(c->ctx, NODE_RELAY_RX_BYTES, len);
        if (dtt_quic_demux_is_krpc(datagram) && dtt_meet_recv(&c->links, now, &remote, datagram)) {
            continue;
        }
        c->transport.ops->recv(c->transport.self, now, &local, &remote, 0, datagram);
    }
}

bool dtt_core_relays_route(struct dtt_core *c, struct dtt_core_packet *packet)
{
    if (!dtt_relays_route(&c->relays, &packet->remote, &packet->peer, &packet->relay)) {
        DTT_COUNT(c->ctx, NODE_RELAY_TX_DROPPED);
        return false;
    }
    packet->is_relayed = true;
    DTT_COUNT_N(c->ctx, NODE_RELAY_TX_BYTES, packet->data.len);
    return true;
}
