/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/waits.h"

#include "codec/bencode.h"
#include "dht/item.h"

#include <dtt/dht.h>
#include <stdlib.h>
#include <string.h>

void dtt_waits_init(struct dtt_waits *w, struct dtt_dht *dht,
                    const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES])
{
    *w = (struct dtt_waits){.dht = dht};
    dtt_map_init(&w->by_op, sizeof(dtt_dht_op), DTT_CORE_WAITS, hash_key);
}

void dtt_waits_fini(struct dtt_waits *w)
{
    for (size_t i = 0; i < dtt_map_count(&w->by_op); i++) {
        struct dtt_wait *wait = dtt_map_value_at(&w->by_op, i);
        assert(!wait->once);
        free(wait);
    }
    dtt_map_fini(&w->by_op);
}

int dtt_waits_add(struct dtt_waits *w, struct dtt_now now, dtt_dht_op op,
                  const struct dtt_wait *wait)
{
    struct dtt_wait *copy = malloc(sizeof(*copy));
    if (copy) {
        *copy = *wait;
        if (dtt_map_put(&w->by_op, &op, copy) == DTT_OK) {
            w->n_slots += wait->kind <= DTT_WAIT_SLOT_PUT;
            w->n_addr_gets += wait->kind == DTT_WAIT_ADDR_GET;
            w->n_named_gets += wait->is_hearsay;
            return DTT_OK;
        }
        free(copy);
    }
    dtt_dht_cancel(w->dht, now, op);
    return DTT_ENOMEM;
}

int dtt_waits_put(struct dtt_waits *w, struct dtt_now now, struct dtt_slice value,
                  const uint8_t *seed, struct dtt_dht_put_args *args, const struct dtt_wait *wait,
                  dtt_dht_op *ret)
{
    uint8_t v[DTT_DHT_VALUE_MAX];
    struct dtt_writer out = dtt_writer(v, sizeof(v));
    dtt_bencode_write_str(&out, value);
    args->v = dtt_slice(v, out.len);
    int err = out.failed ? DTT_ETOOBIG : DTT_OK;
    if (!err && seed) {
        err = dtt_item_sign(args->sig, seed, dtt_slice(args->salt, args->salt_len), args->seq,
                            args->v);
    }
    if (!err) {
        err = dtt_dht_put(w->dht, now, args, ret);
    }
    return err ? err : dtt_waits_add(w, now, *ret, wait);
}

struct dtt_wait *dtt_waits_get(const struct dtt_waits *w, dtt_dht_op op)
{
    return dtt_map_get(&w->by_op, &op);
}

void dtt_waits_remove(struct dtt_waits *w, dtt_dht_op op)
{
    struct dtt_wait *wait = dtt_map_take(&w->by_op, &op);
    assert(wait);
    w->n_slots -= wait->kind <= DTT_WAIT_SLOT_PUT;
    if (wait->kind == DTT_WAIT_ADDR_GET) {
        assert(w->n_addr_gets > 0);
        w->n_addr_gets--;
        w->n_named_gets -= wait->is_hearsay;
    }
    free(wait);
}

void dtt_waits_forget_topic(struct dtt_waits *w, const struct dtt_topic *topic)
{
    for (size_t i = 0; i < dtt_map_count(&w->by_op); i++) {
        struct dtt_wait *wait = dtt_map_value_at(&w->by_op, i);
        if (wait->topic == topic) {
            wait->topic = NULL;
        }
    }
}

void dtt_waits_cancel_put(struct dtt_waits *w, struct dtt_now now, const struct dtt_topic *topic,
                          enum dtt_slot_kind slot, uint64_t minute)
{
    for (size_t i = 0; i < dtt_map_count(&w->by_op); i++) {
        struct dtt_wait *wait = dtt_map_value_at(&w->by_op, i);
        if (wait->kind == DTT_WAIT_SLOT_PUT && wait->topic == topic && wait->slot == slot &&
            wait->minute == minute) {
            dtt_dht_op op;
            memcpy(&op, dtt_map_key_at(&w->by_op, i), sizeof(op));
            wait->topic = NULL;
            dtt_dht_cancel(w->dht, now, op);
        }
    }
}

int dtt_waits_app_room(const struct dtt_waits *w)
{
    return w->n_app < DTT_CORE_OPS ? DTT_OK : DTT_EFULL;
}

void dtt_waits_check(const struct dtt_waits *w)
{
    size_t slots = 0, addr_gets = 0, named_gets = 0, app = 0, once = 0;
    for (size_t i = 0; i < dtt_map_count(&w->by_op); i++) {
        const struct dtt_wait *wait = dtt_map_value_at(&w->by_op, i);
        slots += wait->kind <= DTT_WAIT_SLOT_PUT;
        addr_gets += wait->kind == DTT_WAIT_ADDR_GET;
        named_gets += wait->is_hearsay;
        app += wait->kind >= DTT_WAIT_APP;
        once += wait->once != NULL;
        assert(!wait->topic || wait->kind <= DTT_WAIT_SLOT_PUT);
        assert(!wait->once || wait->kind == DTT_WAIT_ONCE_GET || wait->kind == DTT_WAIT_ONCE_PUT);
    }
    assert(slots == w->n_slots);
    assert(addr_gets == w->n_addr_gets && w->n_addr_gets <= DTT_CORE_ADDR_GETS);
    assert(named_gets == w->n_named_gets && w->n_named_gets <= DTT_CORE_NAMED_GETS);
    assert(app <= w->n_app && w->n_app <= app + once && w->n_app <= DTT_CORE_OPS);
    (void)slots;
    (void)addr_gets;
    (void)named_gets;
    (void)app;
    (void)once;
}
