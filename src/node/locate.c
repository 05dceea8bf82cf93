/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/locate.h"

#include "codec/bencode.h"
#include "codec/pkarr.h"
#include "node/dials.h"
#include "node/lookups.h"

#define COPIES 20 /* nodes that our packet is stored on */

void dtt_locate_get(struct dtt_core *c, struct dtt_now now, const struct dtt_id *id,
                    bool is_hearsay)
{
    struct dtt_dht_get_args args = {.is_mutable = true, .fresh_ns = DTT_DHT_FRESH_MAX_NS};
    struct dtt_wait wait = {
        .kind = DTT_WAIT_ADDR_GET, .peer = *id, .is_hearsay = is_hearsay, .seq = INT64_MIN};
    dtt_dht_op op;
    if (c->lan) {
        dtt_lan_want(c->lan, now);
    }
    dtt_lookups_start(c, now, id, is_hearsay);
    memcpy(args.key, id->bytes, sizeof(args.key));
    int err = dtt_dht_get(c->dht, now, &args, &op);
    if (!err) {
        err = dtt_waits_add(&c->waits, now, op, &wait);
    }
    if (err) {
        dtt_lookups_walk_over(c, now, id);
    }
}

/*
 * The first packet is there as soon as the first record (tracker/publisher.h): iroh looks up the
 * publisher of a record that it reads, and does so once.
 */
void dtt_locate_soon(struct dtt_core *c, struct dtt_now now)
{
    bool is_relay_coming = c->relays.n > 0 && c->relays.home == c->relays.n;
    uint64_t delay_ns = DTT_SELF_DELAY_NS;
    struct dtt_dht_stats dht;
    dtt_dht_stats(c->dht, &dht);
    if (c->self.len == 0 && !is_relay_coming && dht.nodes_v4 + dht.nodes_v6 > 0) {
        delay_ns = dtt_self_is_seen(&c->self) ? 0 : DTT_SELF_SEEN_NS;
    }
    dtt_self_soon(&c->self, now, delay_ns);
}

/*
 * What others find under our id, before we replace it: reading and writing share one walk through
 * the DHT. Where it names an address that is not ours a twin may be.
 */
static void look_for_twins(struct dtt_core *c, struct dtt_now now)
{
    struct dtt_dht_get_args args = {.is_mutable = true};
    struct dtt_wait wait = {.kind = DTT_WAIT_TWIN_GET, .seq = INT64_MIN};
    dtt_dht_op op;
    memcpy(args.key, c->id.bytes, sizeof(args.key));
    if (dtt_dht_get(c->dht, now, &args, &op) == DTT_OK) {
        (void)dtt_waits_add(&c->waits, now, op, &wait); /* else it is not looked for this time */
    }
}

void dtt_locate_put(struct dtt_core *c, struct dtt_now now)
{
    struct dtt_self *self = &c->self;
    struct dtt_wait wait = {.kind = DTT_WAIT_ADDR_PUT};
    struct dtt_dht_put_args args = {.is_mutable = true, .copies = COPIES};
    dtt_dht_op op;
    if (c->n_topics == 0 || now.mono_ns < self->due_ns) {
        return;
    }
    dtt_lookups_publish(c, now);
    if (!dtt_self_take(self, now, &c->id, dtt_relays_home(&c->relays))) {
        return;
    }
    look_for_twins(c, now);
    args.seq = self->seq;
    memcpy(args.key, c->id.bytes, sizeof(args.key));
    if (dtt_waits_put(&c->waits, now, dtt_slice(self->packet, self->len), c->cfg.node_seed, &args,
                      &wait, &op)) {
        dtt_self_failed(self, now);
    }
}

/* The number of addresses in a packet of `id`; DTT_EPROTO when it is none. */
static int read_packet(struct dtt_core *c, const struct dtt_dht_event *ev, const struct dtt_id *id,
                       struct dtt_pkarr_place *ret)
{
    struct dtt_slice packet;
    int n = DTT_EPROTO;
    if (dtt_bencode_is_str(dtt_slice(ev->u.value.v, ev->u.value.v_len), &packet)) {
        n = dtt_pkarr_read(packet, id, ret);
    }
    if (n < 0) {
        DTT_COUNT(c->ctx, NODE_ADDRS_REFUSED);
    }
    return n;
}

/* A peer's packet; it is ignored when a newer one has been found already. */
static void on_packet(struct dtt_core *c, struct dtt_now now, struct dtt_wait *wait,
                      const struct dtt_dht_event *ev)
{
    const struct dtt_id *id = &wait->peer;
    struct dtt_pkarr_place place;
    int n = read_packet(c, ev, id, &place);
    if (n >= 0 && dtt_pkarr_is_somewhere(&place) && ev->u.value.seq > wait->seq) {
        wait->seq = ev->u.value.seq;
        dtt_lookups_walk_found(c, now, id, &place);
    }
}

static void on_own_packet(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_event *ev)
{
    struct dtt_pkarr_place place;
    int n = read_packet(c, ev, &c->id, &place);
    for (int i = 0; i < n; i++) {
        dtt_twins_suspect(c, now, &place.addrs[i]);
    }
}

void dtt_locate_event(struct dtt_core *c, struct dtt_now now, struct dtt_wait *wait,
                      const struct dtt_dht_event *ev)
{
    if (wait->kind == DTT_WAIT_TWIN_GET) {
        if (ev->type == DTT_DHT_EV_VALUE) {
            on_own_packet(c, now, ev);
        }
    } else if (ev->type == DTT_DHT_EV_VALUE) {
        on_packet(c, now, wait, ev);
    } else if (ev->type == DTT_DHT_EV_DONE) {
        dtt_lookups_walk_over(c, now, &wait->peer);
    } else if (ev->type == DTT_DHT_EV_PUT_DONE) {
        DTT_TRACE(c->ctx, NODE_ANNOUNCED, dtt_tv_int(ev->u.put.acked));
        if (ev->u.put.acked == 0) {
            dtt_self_failed(&c->self, now);
        }
    }
}
