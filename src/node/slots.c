/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/slots.h"

#include "codec/bencode.h"
#include "node/core_topic.h"
#include "record/closed.h"

int dtt_slots_topic(const struct dtt_topic_config *cfg, uint8_t ret_topic[32],
                    struct dtt_secret *ret_secret)
{
    if (!cfg->secret || cfg->secret_len == 0) {
        return DTT_EINVAL;
    }
    const struct dtt_slice secret = dtt_slice(cfg->secret, cfg->secret_len);
    int err = cfg->flags & DTT_TOPIC_CLOSED ? dtt_closed_topic(ret_topic, cfg->name, secret)
                                            : dtt_slot_topic(ret_topic, cfg->name, cfg->topic_hash);
    if (!err) {
        dtt_secret_init(ret_secret, secret, cfg->rotation, cfg->rotation_user);
    }
    return err;
}

int dtt_slots_get(struct dtt_core *c, struct dtt_now now, const struct dtt_slot *slot,
                  struct dtt_dht_get_args *args, struct dtt_wait *wait)
{
    dtt_dht_op op;
    args->is_mutable = true;
    args->salt_len = sizeof(slot->salt);
    memcpy(args->key, slot->key, sizeof(args->key));
    memcpy(args->salt, slot->salt, sizeof(slot->salt));
    wait->slot = slot->kind;
    wait->minute = slot->minute;
    int err = dtt_dht_get(c->dht, now, args, &op);
    return err ? err : dtt_waits_add(&c->waits, now, op, wait);
}

int dtt_slots_put(struct dtt_core *c, struct dtt_now now, const struct dtt_slot *slot,
                  struct dtt_slice value, struct dtt_dht_put_args *args, struct dtt_wait *wait)
{
    dtt_dht_op op;
    args->is_mutable = true;
    args->has_cas = dtt_slot_has_cas(slot->kind);
    args->cas = args->seq;
    args->salt_len = sizeof(slot->salt);
    memcpy(args->key, slot->key, sizeof(args->key));
    memcpy(args->salt, slot->salt, sizeof(slot->salt));
    wait->slot = slot->kind;
    wait->minute = slot->minute;
    return dtt_waits_put(&c->waits, now, value, slot->seed, args, wait, &op);
}

struct dtt_slice dtt_slots_value(const struct dtt_dht_event *ev)
{
    struct dtt_slice v = dtt_slice(ev->u.value.v, ev->u.value.v_len);
    struct dtt_slice contents;
    return dtt_bencode_is_str(v, &contents) ? contents : v;
}

void dtt_slots_event(struct dtt_now now, const struct dtt_wait *wait,
                     const struct dtt_dht_event *ev)
{
    if (!wait->topic) {
        return;
    }
    struct dtt_tracker *tracker = wait->topic->tracker;
    if (ev->type == DTT_DHT_EV_VALUE) {
        dtt_tracker_slot_value(tracker, now, wait->slot, wait->minute, ev->u.value.seq,
                               dtt_slots_value(ev));
    } else if (ev->type == DTT_DHT_EV_DONE && !wait->is_sample) {
        dtt_tracker_slot_done(tracker, now, wait->slot, wait->minute, ev->u.done.status,
                              ev->u.done.answered);
    } else if (ev->type == DTT_DHT_EV_PUT_DONE) {
        dtt_tracker_put_done(tracker, now, wait->slot, wait->minute, ev->u.put.status,
                             ev->u.put.acked);
    }
}
