/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lookups and publications: records of a topic read or written once, without joining it. */
#include "node/waits.h"

#include <inttypes.h>
#include <stdio.h>

static void lookup_value(struct dtt_core *c, struct dtt_now now, const struct dtt_op *op,
                         const struct dtt_dht_event *ev)
{
    struct dtt_slice value;
    if (!dtt_ops_string(dtt_slice(ev->u.value.v, ev->u.value.v_len), &value)) {
        value = dtt_slice(NULL, 0); /* counted as garbage */
    }
    dtt_lookup_value(op->lookup, now, op->minute, value, &c->events);
}

static void lookup_end(struct dtt_core *c, struct dtt_now now, struct dtt_op *op,
                       const struct dtt_dht_event *ev)
{
    if (dtt_lookup_done(op->lookup, now, ev->u.done.asked, ev->u.done.answered, &c->events)) {
        c->n_app_ops--;
    }
    dtt_lookup_unref(op->lookup);
}

static void publication_end(struct dtt_core *c, struct dtt_now now, struct dtt_publication *p)
{
    dtt_publication_tell(p, now, &c->events);
    dtt_publication_free(p);
    c->n_app_ops--;
}

static void publication_value(struct dtt_core *c, const struct dtt_op *op,
                              const struct dtt_dht_event *ev)
{
    struct dtt_slice value;
    if (dtt_ops_string(dtt_slice(ev->u.value.v, ev->u.value.v_len), &value)) {
        dtt_publication_value(op->publication, op->slot, ev->u.value.seq, value, &c->id);
    }
}

/* Puts it into one slot; sealed anew, so that equal bytes do not tell the slots' relation. */
static int publication_write(struct dtt_core *c, struct dtt_now now, struct dtt_publication *p,
                             const struct dtt_slot *slot)
{
    struct dtt_tracker_action a = {.slot = *slot,
                                   .seq = INT64_MAX,
                                   .width = (uint8_t)p->tuning.slot_width,
                                   .is_brief = true,
                                   .copies = p->tuning.slot_copies};
    struct dtt_op op = {.kind = DTT_OP_PUBLISH_PUT, .publication = p, .slot = slot->kind};
    struct dtt_writer value = dtt_writer(a.value, sizeof(a.value));
    struct dtt_rng rng;
    char label[64];
    if (slot->kind == DTT_SLOT_OLD_LINE) {
        int64_t seen = p->seq[slot->kind];
        a.seq = !p->has_seq[slot->kind] ? 0 : seen < INT64_MAX ? seen + 1 : seen;
    }
    snprintf(label, sizeof(label), "publish %" PRIu32 " %d %" PRIu64, p->op, (int)slot->kind,
             now.mono_ns);
    dtt_rng_init(&rng, c->ctx->seed, label);
    int err = dtt_publication_seal(p, c->cfg.node_seed, &rng, &value);
    dtt_rng_fini(&rng);
    a.value_len = value.len;
    return err ? err : dtt_ops_slot_put(c, now, &a, &op);
}

/* One of its slots has been read. After the last one it is written. */
static void publication_read(struct dtt_core *c, struct dtt_now now, struct dtt_publication *p)
{
    if (--p->pending > 0) {
        return;
    }
    p->status = dtt_publication_is_capped(p) ? DTT_EFULL : DTT_OK;
    for (unsigned k = 0; k < DTT_SLOT_KINDS && p->status != DTT_EFULL; k++) {
        struct dtt_slot slot;
        if (dtt_publication_slot(p, (enum dtt_slot_kind)k, &slot)) {
            int err = publication_write(c, now, p, &slot);
            p->pending += err == DTT_OK;
            p->status = err ? err : p->status;
        }
    }
    if (p->pending == 0) {
        publication_end(c, now, p);
    }
}

static void publication_put(struct dtt_core *c, struct dtt_now now, struct dtt_publication *p,
                            const struct dtt_dht_event *ev)
{
    p->copies = ev->u.put.acked > p->copies ? ev->u.put.acked : p->copies;
    p->status = ev->u.put.status ? ev->u.put.status : p->status;
    if (--p->pending == 0) {
        publication_end(c, now, p);
    }
}

void dtt_ops_record_event(struct dtt_core *c, struct dtt_now now, struct dtt_op *op,
                          const struct dtt_dht_event *ev)
{
    bool is_over = dtt_ops_is_over(ev);
    if (op->kind == DTT_OP_LOOKUP && ev->type == DTT_DHT_EV_VALUE) {
        lookup_value(c, now, op, ev);
    } else if (op->kind == DTT_OP_LOOKUP && is_over) {
        lookup_end(c, now, op, ev);
    } else if (op->kind == DTT_OP_PUBLISH_GET && ev->type == DTT_DHT_EV_VALUE) {
        publication_value(c, op, ev);
    } else if (op->kind == DTT_OP_PUBLISH_GET && is_over) {
        publication_read(c, now, op->publication);
    } else if (op->kind == DTT_OP_PUBLISH_PUT && is_over) {
        publication_put(c, now, op->publication, ev);
    }
}

int dtt_core_lookup(struct dtt_core *c, struct dtt_now now, const struct dtt_topic_config *cfg,
                    uint32_t *ret_op)
{
    struct dtt_lookup *lookup;
    uint64_t minute = dtt_now_minute(now);
    if (c->n_app_ops == DTT_CORE_OPS) {
        return DTT_EFULL;
    }
    int err = dtt_lookup_new(&lookup, cfg,
                             DTT_OP_LOOKUP_BIT | (++c->next_lookup & ~DTT_OP_LOOKUP_BIT), now);
    if (err) {
        return err;
    }
    uint64_t first = minute ? minute - 1 : 0;
    for (uint64_t i = 0; i < (minute - first + 1) * DTT_SLOT_KINDS && !err; i++) {
        struct dtt_slot slot;
        enum dtt_slot_kind kind = (enum dtt_slot_kind)(i % DTT_SLOT_KINDS);
        struct dtt_op op = {.kind = DTT_OP_LOOKUP,
                            .lookup = lookup,
                            .slot = kind,
                            .minute = first + i / DTT_SLOT_KINDS};
        if (dtt_lookup_slot(lookup, kind, op.minute, &slot)) {
            err = dtt_ops_slot_get(c, now, &slot, 0, false, &op);
            if (!err) {
                dtt_lookup_ref(lookup);
            }
        }
    }
    bool is_started = dtt_lookup_pending(lookup) > 0;
    *ret_op = dtt_lookup_op(lookup);
    dtt_lookup_unref(lookup);
    if (!is_started) {
        return err;
    }
    c->n_app_ops++;
    dtt_core_route(c, now);
    return DTT_OK;
}

int dtt_core_publish(struct dtt_core *c, struct dtt_now now, const struct dtt_topic_config *cfg,
                     struct dtt_slice content, uint32_t *ret_op)
{
    struct dtt_publication *p;
    if (c->n_app_ops == DTT_CORE_OPS) {
        return DTT_EFULL;
    }
    int err = dtt_publication_new(&p, cfg, content,
                                  DTT_OP_LOOKUP_BIT | (++c->next_lookup & ~DTT_OP_LOOKUP_BIT), now);
    if (err) {
        return err;
    }
    for (unsigned k = 0; k < DTT_SLOT_KINDS && !err; k++) {
        struct dtt_slot slot;
        struct dtt_op op = {
            .kind = DTT_OP_PUBLISH_GET, .publication = p, .slot = (enum dtt_slot_kind)k};
        if (dtt_publication_slot(p, op.slot, &slot)) {
            err = dtt_ops_slot_get(c, now, &slot, (uint8_t)p->tuning.slot_width, true, &op);
            p->pending += err == DTT_OK;
        }
    }
    if (p->pending == 0) {
        dtt_publication_free(p);
        return err;
    }
    *ret_op = p->op;
    c->n_app_ops++;
    dtt_core_route(c, now);
    return DTT_OK;
}
