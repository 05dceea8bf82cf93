/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Address packets in the DHT: those of peers that are wanted, and our own. */
#include "node/waits.h"

#include "codec/bencode.h"
#include "codec/pkarr.h"
#include "dht/item.h"

void dtt_ops_addr_get(struct dtt_core *c, struct dtt_now now, const struct dtt_id *id)
{
    struct dtt_dht_get_args args = {.is_mutable = true, .fresh_ns = DTT_DHT_FRESH_MAX_NS};
    struct dtt_op op = {.kind = DTT_OP_ADDR_GET, .seq = INT64_MIN};
    dtt_dht_op number;
    memcpy(args.key, id->bytes, sizeof(args.key));
    memcpy(op.key, id->bytes, sizeof(op.key));
    int err = dtt_dht_get(c->dht, now, &args, &number);
    if (!err) {
        err = dtt_ops_add(c, now, number, &op);
    }
    if (err) {
        dtt_links_located(&c->links, now, id, true);
    } else {
        c->n_addr_gets++;
    }
}

void dtt_ops_announce(struct dtt_core *c, struct dtt_now now)
{
    struct dtt_announce *a = &c->announce;
    struct dtt_addr addrs[DTT_CORE_ADDRS];
    struct dtt_op op = {.kind = DTT_OP_ADDR_PUT};
    struct dtt_dht_put_args args = {.is_mutable = true, .copies = 20};
    uint8_t v[DTT_DHT_VALUE_MAX];
    struct dtt_writer w = dtt_writer(v, sizeof(v));
    dtt_dht_op number;
    if (c->n_topics == 0 ||
        !dtt_announce_take(a, now, &c->id, addrs, dtt_core_own_addrs(c, addrs))) {
        return;
    }
    dtt_bencode_write_str(&w, dtt_slice(a->packet, a->len));
    args.v = dtt_slice(v, w.len);
    args.seq = a->seq;
    memcpy(args.key, c->id.bytes, sizeof(args.key));
    int err = w.failed ? DTT_ETOOBIG : DTT_OK;
    if (!err) {
        err = dtt_item_sign(args.sig, c->cfg.node_seed, dtt_slice(NULL, 0), args.seq, args.v);
    }
    if (!err) {
        err = dtt_dht_put(c->dht, now, &args, &number);
    }
    if (!err) {
        err = dtt_ops_add(c, now, number, &op);
    }
    if (err) {
        dtt_announce_failed(a, now);
    }
}

/* A packet with somebody's addresses; older ones than those already found are of no use. */
static void on_addrs(struct dtt_core *c, struct dtt_now now, struct dtt_op *op,
                     const struct dtt_dht_event *ev)
{
    struct dtt_addr addrs[DTT_BOOK_ADDRS];
    struct dtt_id id;
    struct dtt_slice packet;
    int n = DTT_EPROTO;
    memcpy(id.bytes, op->key, sizeof(id.bytes));
    if (dtt_ops_string(dtt_slice(ev->u.value.v, ev->u.value.v_len), &packet)) {
        n = dtt_pkarr_read(packet, &id, addrs, DTT_BOOK_ADDRS);
    }
    if (n < 0) {
        DTT_COUNT(c->ctx, NODE_ADDRS_REFUSED);
    } else if (n > 0 && ev->u.value.seq > op->seq) {
        DTT_TRACE(c->ctx, NODE_ADDRS_FOUND, dtt_tv_id(&id), dtt_tv_int(n));
        op->seq = ev->u.value.seq;
        dtt_book_add(&c->links.book, &id, addrs, (size_t)n);
        dtt_links_located(&c->links, now, &id, false);
    }
}

static void addr_get_end(struct dtt_core *c, struct dtt_now now, const struct dtt_op *op)
{
    struct dtt_id id;
    memcpy(id.bytes, op->key, sizeof(id.bytes));
    c->n_addr_gets--;
    dtt_links_located(&c->links, now, &id, true);
}

void dtt_ops_addr_event(struct dtt_core *c, struct dtt_now now, struct dtt_op *op,
                        const struct dtt_dht_event *ev)
{
    if (op->kind == DTT_OP_ADDR_GET && ev->type == DTT_DHT_EV_VALUE) {
        on_addrs(c, now, op, ev);
    } else if (op->kind == DTT_OP_ADDR_GET && dtt_ops_is_over(ev)) {
        addr_get_end(c, now, op);
    } else if (dtt_ops_is_over(ev)) {
        DTT_TRACE(c->ctx, NODE_ANNOUNCED, dtt_tv_int(ev->u.put.acked));
        if (ev->u.put.acked == 0) {
            dtt_announce_failed(&c->announce, now);
        }
    }
}
