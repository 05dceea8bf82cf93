/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What DHT operations were started for, and the slots of topics. */
#include "node/waits.h"

#include "codec/bencode.h"
#include "dht/item.h"

#include <stdlib.h>

void dtt_ops_forget_topic(struct dtt_core *c, const struct dtt_topic *t)
{
    for (size_t i = 0; i < dtt_map_count(&c->ops); i++) {
        struct dtt_op *op = dtt_map_value_at(&c->ops, i);
        if (op->topic == t) {
            op->topic = NULL;
        }
    }
}

void dtt_ops_free(struct dtt_core *c)
{
    for (size_t i = 0; i < dtt_map_count(&c->ops); i++) {
        struct dtt_op *op = dtt_map_value_at(&c->ops, i);
        if (op->lookup) {
            dtt_lookup_unref(op->lookup);
        }
        if (op->publication && --op->publication->pending == 0) {
            dtt_publication_free(op->publication);
        }
        free(op);
    }
    dtt_map_fini(&c->ops);
}

int dtt_ops_add(struct dtt_core *c, struct dtt_now now, dtt_dht_op number, const struct dtt_op *op)
{
    struct dtt_op *copy = malloc(sizeof(*copy));
    if (copy) {
        *copy = *op;
        if (dtt_map_put(&c->ops, &number, copy) == DTT_OK) {
            return DTT_OK;
        }
        free(copy);
    }
    dtt_dht_cancel(c->dht, now, number);
    return DTT_ENOMEM;
}

bool dtt_ops_string(struct dtt_slice v, struct dtt_slice *ret)
{
    struct dtt_reader r = dtt_reader(v);
    *ret = dtt_bencode_read_str(&r);
    return !r.failed && dtt_reader_left(&r) == 0;
}

int dtt_ops_slot_get(struct dtt_core *c, struct dtt_now now, const struct dtt_slot *slot,
                     uint8_t width, bool is_brief, const struct dtt_op *op)
{
    struct dtt_dht_get_args args = {
        .is_mutable = true, .salt_len = sizeof(slot->salt), .width = width, .is_brief = is_brief};
    dtt_dht_op number;
    memcpy(args.key, slot->key, sizeof(args.key));
    memcpy(args.salt, slot->salt, sizeof(slot->salt));
    if (op->kind == DTT_OP_LOOKUP) { /* a tracker knows itself how fresh it wants a slot */
        args.fresh_ns = DTT_DHT_FRESH_MAX_NS;
    }
    int err = dtt_dht_get(c->dht, now, &args, &number);
    if (!err) {
        err = dtt_ops_add(c, now, number, op);
    }
    return err;
}

int dtt_ops_slot_put(struct dtt_core *c, struct dtt_now now, const struct dtt_tracker_action *a,
                     const struct dtt_op *op)
{
    const struct dtt_slot *slot = &a->slot;
    uint8_t v[DTT_DHT_VALUE_MAX];
    struct dtt_writer w = dtt_writer(v, sizeof(v));
    dtt_bencode_write_str(&w, dtt_slice(a->value, a->value_len));
    if (w.failed) {
        return DTT_ETOOBIG;
    }
    struct dtt_dht_put_args args = {.v = dtt_slice(v, w.len),
                                    .is_mutable = true,
                                    .salt_len = sizeof(slot->salt),
                                    .seq = a->seq,
                                    .has_cas = true,
                                    .cas = a->seq,
                                    .copies = (uint8_t)a->copies,
                                    .among = a->width,
                                    .is_brief = a->is_brief};
    dtt_dht_op number;
    memcpy(args.key, slot->key, sizeof(args.key));
    memcpy(args.salt, slot->salt, sizeof(slot->salt));
    int err = dtt_item_sign(args.sig, slot->seed, dtt_slice(slot->salt, sizeof(slot->salt)),
                            args.seq, args.v);
    if (!err) {
        err = dtt_dht_put(c->dht, now, &args, &number);
    }
    if (!err) {
        err = dtt_ops_add(c, now, number, op);
    }
    return err;
}

int dtt_ops_topic_get(struct dtt_core *c, struct dtt_now now, struct dtt_topic *t,
                      const struct dtt_tracker_action *a)
{
    struct dtt_op op = {
        .kind = DTT_OP_SLOT_GET, .topic = t, .slot = a->slot.kind, .minute = a->slot.minute};
    return dtt_ops_slot_get(c, now, &a->slot, a->width, a->is_brief, &op);
}

int dtt_ops_topic_put(struct dtt_core *c, struct dtt_now now, struct dtt_topic *t,
                      const struct dtt_tracker_action *a)
{
    struct dtt_op op = {
        .kind = DTT_OP_SLOT_PUT, .topic = t, .slot = a->slot.kind, .minute = a->slot.minute};
    for (size_t i = 0; i < dtt_map_count(&c->ops); i++) {
        struct dtt_op *old = dtt_map_value_at(&c->ops, i);
        if (old->kind == DTT_OP_SLOT_PUT && old->topic == t && old->slot == op.slot &&
            old->minute == op.minute) {
            dtt_dht_op number;
            memcpy(&number, dtt_map_key_at(&c->ops, i), sizeof(number));
            old->topic = NULL;
            dtt_dht_cancel(c->dht, now, number);
        }
    }
    return dtt_ops_slot_put(c, now, a, &op);
}

static void slot_event(struct dtt_now now, const struct dtt_op *op, const struct dtt_dht_event *ev)
{
    struct dtt_slice value;
    if (!op->topic) {
        return;
    }
    if (ev->type == DTT_DHT_EV_VALUE) {
        if (!dtt_ops_string(dtt_slice(ev->u.value.v, ev->u.value.v_len), &value)) {
            value = dtt_slice(ev->u.value.v, ev->u.value.v_len); /* counted as garbage */
        }
        dtt_tracker_slot_value(op->topic->tracker, now, op->slot, op->minute, ev->u.value.seq,
                               value);
    } else if (ev->type == DTT_DHT_EV_DONE) {
        dtt_tracker_slot_done(op->topic->tracker, now, op->slot, op->minute, ev->u.done.status,
                              ev->u.done.answered);
    } else if (ev->type == DTT_DHT_EV_PUT_DONE) {
        dtt_tracker_put_done(op->topic->tracker, now, op->slot, op->minute, ev->u.put.status,
                             ev->u.put.acked);
    }
}

void dtt_ops_on_event(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_event *ev)
{
    struct dtt_op *op = dtt_map_get(&c->ops, &ev->op);
    if (!op) {
        return;
    }
    switch (op->kind) {
    case DTT_OP_SLOT_GET:
    case DTT_OP_SLOT_PUT: slot_event(now, op, ev); break;
    case DTT_OP_LOOKUP:
    case DTT_OP_PUBLISH_GET:
    case DTT_OP_PUBLISH_PUT: dtt_ops_record_event(c, now, op, ev); break;
    case DTT_OP_ADDR_GET:
    case DTT_OP_ADDR_PUT: dtt_ops_addr_event(c, now, op, ev); break;
    case DTT_OP_APP: dtt_ops_app_event(c, now, op, ev); break;
    }
    if (dtt_ops_is_over(ev)) {
        free(dtt_map_take(&c->ops, &ev->op));
    }
}
