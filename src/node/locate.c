/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/locate.h"

#include "codec/bencode.h"
#include "codec/pkarr.h"
#include "node/dials.h"

#define COPIES 20 /* nodes that our packet is stored on */

void dtt_locate_get(struct dtt_core *c, struct dtt_now now, const struct dtt_id *id,
                    bool is_hearsay)
{
    struct dtt_dht_get_args args = {.is_mutable = true, .fresh_ns = DTT_DHT_FRESH_MAX_NS};
    struct dtt_wait wait = {
        .kind = DTT_WAIT_ADDR_GET, .peer = *id, .is_hearsay = is_hearsay, .seq = INT64_MIN};
    dtt_dht_op op;
    memcpy(args.key, id->bytes, sizeof(args.key));
    int err = dtt_dht_get(c->dht, now, &args, &op);
    if (!err) {
        err = dtt_waits_add(&c->waits, now, op, &wait);
    }
    if (err) {
        dtt_dials_located(&c->links, now, id, true);
    }
}

void dtt_locate_put(struct dtt_core *c, struct dtt_now now)
{
    struct dtt_self *self = &c->self;
    struct dtt_wait wait = {.kind = DTT_WAIT_ADDR_PUT};
    struct dtt_dht_put_args args = {.is_mutable = true, .copies = COPIES};
    dtt_dht_op op;
    if (c->n_topics == 0 || !dtt_self_take(self, now, &c->id)) {
        return;
    }
    args.seq = self->seq;
    memcpy(args.key, c->id.bytes, sizeof(args.key));
    if (dtt_waits_put(&c->waits, now, dtt_slice(self->packet, self->len), c->cfg.node_seed, &args,
                      &wait, &op)) {
        dtt_self_failed(self, now);
    }
}

/* A peer's packet; it is ignored when a newer one has been found already. */
static void on_packet(struct dtt_core *c, struct dtt_now now, struct dtt_wait *wait,
                      const struct dtt_dht_event *ev)
{
    const struct dtt_id *id = &wait->peer;
    struct dtt_addr addrs[DTT_BOOK_ADDRS];
    struct dtt_slice packet;
    int n = DTT_EPROTO;
    if (dtt_bencode_is_str(dtt_slice(ev->u.value.v, ev->u.value.v_len), &packet)) {
        n = dtt_pkarr_read(packet, id, addrs, DTT_BOOK_ADDRS);
    }
    if (n < 0) {
        DTT_COUNT(c->ctx, NODE_ADDRS_REFUSED);
    } else if (n > 0 && ev->u.value.seq > wait->seq) {
        DTT_TRACE(c->ctx, NODE_ADDRS_FOUND, dtt_tv_id(id), dtt_tv_int(n));
        wait->seq = ev->u.value.seq;
        dtt_dials_learn(&c->links, now, id, addrs, (size_t)n);
        dtt_dials_located(&c->links, now, id, false);
    }
}

void dtt_locate_event(struct dtt_core *c, struct dtt_now now, struct dtt_wait *wait,
                      const struct dtt_dht_event *ev)
{
    if (ev->type == DTT_DHT_EV_VALUE) {
        on_packet(c, now, wait, ev);
    } else if (ev->type == DTT_DHT_EV_DONE) {
        dtt_dials_located(&c->links, now, &wait->peer, true);
    } else if (ev->type == DTT_DHT_EV_PUT_DONE) {
        DTT_TRACE(c->ctx, NODE_ANNOUNCED, dtt_tv_int(ev->u.put.acked));
        if (ev->u.put.acked == 0) {
            dtt_self_failed(&c->self, now);
        }
    }
}
