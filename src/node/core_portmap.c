/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/core_portmap.h"

#include "node/inside.h"

#include <assert.h>
#include <sodium.h>

static_assert((int)DTT_PORT_MAPPING_HELD == (int)DTT_PORTMAP_HELD &&
                  (int)DTT_PORT_MAPPING_LOST == (int)DTT_PORTMAP_LOST &&
                  (int)DTT_PORT_MAPPING_ABSENT == (int)DTT_PORTMAP_ABSENT &&
                  (int)DTT_PORT_MAPPING_REFUSED == (int)DTT_PORTMAP_REFUSED &&
                  (int)DTT_PORT_MAPPING_SECOND_NAT == (int)DTT_PORTMAP_SECOND_NAT,
              "an outcome is told as it is");

void dtt_core_portmap_init(struct dtt_core *c, struct dtt_now now)
{
    static const char label[] = "dtt PCP nonce";
    uint8_t nonce[DTT_PCP_NONCE_BYTES];
    uint8_t hash[crypto_generichash_BYTES];
    crypto_generichash(hash, sizeof(hash), (const uint8_t *)label, sizeof(label), c->cfg.node_seed,
                       sizeof(c->cfg.node_seed));
    memcpy(nonce, hash, sizeof(nonce));
    dtt_portmap_init(&c->portmap, c->ctx, nonce);
    c->portmap_ns = c->cfg.portmap == DTT_CORE_PORTMAP_OFF
                        ? DTT_NEVER
                        : now.mono_ns + DTT_CORE_PORTMAP_DELAY_NS;
}

/* The address is one of this host's interfaces: there is no NAT to ask. */
static bool is_on_interface(const struct dtt_core *c, const struct dtt_addr *seen)
{
    for (size_t i = 0; i < c->self.n_local; i++) {
        if (dtt_addr_same_ip(&c->self.local[i], seen)) {
            return true;
        }
    }
    return false;
}

static bool is_asked_for(const struct dtt_core *c)
{
    return c->state == DTT_CORE_OPEN &&
           (c->cfg.portmap == DTT_CORE_PORTMAP_ALWAYS || c->n_topics > 0);
}

uint64_t dtt_core_portmap_deadline(const struct dtt_core *c)
{
    uint64_t t = dtt_portmap_deadline(&c->portmap);
    return is_asked_for(c) ? dtt_min_ns(t, c->portmap_ns) : t;
}

void dtt_core_portmap_tick(struct dtt_core *c, struct dtt_now now)
{
    struct dtt_addr seen = c->portmap.seen;
    if (c->cfg.portmap == DTT_CORE_PORTMAP_OFF) {
        return;
    }
    if (is_asked_for(c) && now.mono_ns >= c->portmap_ns) {
        c->portmap_ns = DTT_NEVER;
    }
    bool has_vote = dtt_dht_seen_ip(c->dht, &seen);
    has_vote = (has_vote || c->portmap.is_wanted) && dtt_addr_scope(&seen) == DTT_SCOPE_GLOBAL;
    /* Who is reached without a mapping needs none; who has one owes it that strangers come in. */
    bool is_open =
        !c->portmap.is_wanted && dtt_strangers_reach_us(&c->strangers, now, DTT_FAMILY_V4);
    bool is_wanted = !is_open && c->portmap_ns == DTT_NEVER && is_asked_for(c) && has_vote &&
                     !is_on_interface(c, &seen);
    dtt_portmap_want(&c->portmap, now, is_wanted, &seen);
    dtt_portmap_tick(&c->portmap, now);
}

static void tell(struct dtt_core *c, struct dtt_now now, const struct dtt_portmap_report *report)
{
    struct dtt_event out = {.type = DTT_EVENT_PORT_MAPPING};
    struct dtt_event_port_mapping *ev = &out.u.port_mapping;
    ev->status = (int)report->outcome;
    ev->addr = report->addr;
    ev->lifetime_s = report->lifetime_s;
    ev->protocol = dtt_portmap_way_word(report->way);
    ev->code = report->code;
    if (report->outcome == DTT_PORTMAP_REFUSED) {
        ev->reason = dtt_portmap_reason(report);
    }
    DTT_TRACE(c->ctx, NODE_PORT_MAPPING, dtt_tv_text(dtt_portmap_outcome_word(report->outcome)),
              dtt_tv_text(ev->protocol), dtt_tv_addr(&report->addr),
              dtt_tv_int((int64_t)report->code));
    dtt_events_tell(&c->events, now, NULL, &out);
}

bool dtt_core_portmap_settle(struct dtt_core *c, struct dtt_now now)
{
    const struct dtt_portmap_report *held = dtt_portmap_held(&c->portmap);
    struct dtt_addr addr = held ? held->addr : (struct dtt_addr){0};
    struct dtt_portmap_report report;
    bool is_change = !dtt_addr_eq(&addr, &c->self.mapped);
    c->self.mapped = addr;
    if (dtt_portmap_next_report(&c->portmap, &report)) {
        tell(c, now, &report);
    }
    return is_change;
}

bool dtt_core_portmap_next_packet(struct dtt_core *c, struct dtt_core_packet *ret)
{
    size_t len = dtt_portmap_next_packet(&c->portmap, c->portmap_packet);
    *ret = (struct dtt_core_packet){.local = c->portmap.client,
                                    .remote = c->portmap.gateway,
                                    .segment = len,
                                    .data = dtt_slice(c->portmap_packet, len)};
    return len > 0;
}

void dtt_core_set_gateway(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *gateway,
                          const struct dtt_addr *client)
{
    dtt_portmap_set_place(&c->portmap, now, gateway, client);
}

void dtt_core_set_upnp(struct dtt_core *c, bool is_there)
{
    dtt_portmap_set_upnp(&c->portmap, is_there);
}

bool dtt_core_next_upnp(struct dtt_core *c, struct dtt_now now, struct dtt_portmap_job *ret)
{
    return dtt_portmap_next_job(&c->portmap, now, ret);
}

void dtt_core_upnp_done(struct dtt_core *c, struct dtt_now now, const struct dtt_portmap_done *done)
{
    dtt_portmap_upnp_done(&c->portmap, now, done);
}
