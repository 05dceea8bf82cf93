/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/promises.h"

#include <assert.h>
#include <string.h>

/* A witness: old enough for all neighbours to have it, young enough for them to serve it. */
#define WITNESS_LEAST_NS (1 * DTT_S)
#define WITNESS_MOST_NS (20 * DTT_S)

#define NO_SLOT DTT_GOSSIP_ACTIVE_MAX

void dtt_gossip_promises_init(struct dtt_gossip_promises *s, struct dtt_ctx *ctx)
{
    memset(s, 0, sizeof(*s));
    s->ctx = ctx;
    s->useless = NO_SLOT;
}

void dtt_gossip_promises_add_slot(struct dtt_gossip_promises *s, struct dtt_now now, uint8_t slot)
{
    assert(slot < DTT_GOSSIP_ACTIVE_MAX && s->useless != slot);
    s->slots[slot] = (struct dtt_gossip_promise){.said_ns = now.mono_ns, .heard_then = s->n_heard};
}

void dtt_gossip_promises_forget_slot(struct dtt_gossip_promises *s, uint8_t slot)
{
    if (s->useless == slot) {
        s->useless = NO_SLOT;
    }
}

void dtt_gossip_promises_said(struct dtt_gossip_promises *s, struct dtt_now now, uint8_t slot)
{
    s->slots[slot].said_ns = now.mono_ns;
    s->slots[slot].heard_then = s->n_heard;
}

void dtt_gossip_promises_brought(struct dtt_gossip_promises *s, uint8_t slot)
{
    s->n_heard++;
    s->slots[slot].n_broken = 0;
}

static void owe(struct dtt_gossip_promise *promise, struct dtt_now now,
                const struct dtt_gossip_message_id *id, bool is_probe)
{
    assert(!promise->due_ns);
    promise->id = *id;
    promise->due_ns = now.mono_ns + DTT_GOSSIP_PROMISE_NS;
    promise->is_probe = is_probe;
}

void dtt_gossip_promises_make(struct dtt_gossip_promises *s, struct dtt_now now, uint8_t slot,
                              const struct dtt_gossip_message_id *id)
{
    if (!s->slots[slot].due_ns) {
        owe(&s->slots[slot], now, id, false);
    }
}

bool dtt_gossip_promises_keep(struct dtt_gossip_promises *s, uint8_t slot,
                              const struct dtt_gossip_message_id *id)
{
    struct dtt_gossip_promise *promise = &s->slots[slot];
    if (!promise->due_ns || !dtt_gossip_message_id_eq(&promise->id, id)) {
        return false;
    }
    promise->due_ns = 0;
    promise->n_broken = 0;
    return promise->is_probe;
}

void dtt_gossip_promises_judge(struct dtt_gossip_promises *s, struct dtt_now now, uint8_t slot,
                               bool is_slow)
{
    struct dtt_gossip_promise *promise = &s->slots[slot];
    if (!promise->due_ns || now.mono_ns < promise->due_ns) {
        return;
    }
    promise->due_ns = 0;
    if (is_slow) {
        return; /* What it is asked may not have got there. */
    }
    DTT_COUNT(s->ctx, GOSSIP_PROMISES_BROKEN);
    if (++promise->n_broken >= DTT_GOSSIP_BROKEN_MAX) {
        s->useless = slot;
    }
}

bool dtt_gossip_promises_next_witness(struct dtt_gossip_promises *s, struct dtt_now now,
                                      const struct dtt_gossip_message_id *id,
                                      struct dtt_gossip_message_id *ret)
{
    uint64_t age_ns = now.mono_ns - s->witness_ns;
    if (s->witness_ns && age_ns < WITNESS_LEAST_NS) {
        return false;
    }
    *ret = age_ns < WITNESS_MOST_NS ? s->witness : (struct dtt_gossip_message_id){{0}};
    s->witness = *id;
    s->witness_ns = now.mono_ns;
    return true;
}

bool dtt_gossip_promises_probe(struct dtt_gossip_promises *s, struct dtt_now now, uint8_t slot,
                               bool is_slow, const struct dtt_gossip_message_id *witness)
{
    struct dtt_gossip_promise *promise = &s->slots[slot];
    bool is_quiet = now.mono_ns - promise->said_ns >= DTT_GOSSIP_SILENT_NS &&
                    s->n_heard - promise->heard_then >= DTT_GOSSIP_SILENT_HEARD;
    if (promise->due_ns || is_slow || (promise->n_broken == 0 && !is_quiet)) {
        return false;
    }
    DTT_COUNT(s->ctx, GOSSIP_PROBES);
    owe(promise, now, witness, true);
    return true;
}

bool dtt_gossip_promises_is_silent(const struct dtt_gossip_promises *s, uint8_t slot)
{
    return s->slots[slot].n_broken > 0;
}

bool dtt_gossip_promises_take_useless(struct dtt_gossip_promises *s, uint8_t *ret)
{
    if (s->useless == NO_SLOT) {
        return false;
    }
    *ret = s->useless;
    s->useless = NO_SLOT;
    return true;
}
