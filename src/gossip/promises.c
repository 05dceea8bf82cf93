/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/promises.h"

#include <assert.h>
#include <string.h>

void dtt_gossip_promises_init(struct dtt_gossip_promises *s, struct dtt_ctx *ctx)
{
    memset(s, 0, sizeof(*s));
    s->ctx = ctx;
}

void dtt_gossip_promises_add_slot(struct dtt_gossip_promises *s, struct dtt_now now, uint8_t slot)
{
    assert(slot < DTT_GOSSIP_ACTIVE_MAX);
    s->slots[slot] = (struct dtt_gossip_promise){
        .came_ns = now.mono_ns, .said_ns = now.mono_ns, .heard_then = s->n_heard};
}

void dtt_gossip_promises_forget_slot(struct dtt_gossip_promises *s, uint8_t slot)
{
    s->slots[slot] = (struct dtt_gossip_promise){.due_ns = 0};
}

void dtt_gossip_promises_contest(struct dtt_gossip_promises *s, struct dtt_now now)
{
    bool is_quiet = s->message_ns == 0 || now.mono_ns - s->message_ns >= DTT_GOSSIP_CONTEST_NS;
    s->contested_until_ns = is_quiet ? 0 : now.mono_ns + DTT_GOSSIP_CONTEST_NS;
}

void dtt_gossip_promises_said(struct dtt_gossip_promises *s, struct dtt_now now, uint8_t slot)
{
    s->slots[slot].said_ns = now.mono_ns;
    s->slots[slot].heard_then = s->n_heard;
}

void dtt_gossip_promises_brought(struct dtt_gossip_promises *s, uint8_t slot)
{
    s->n_heard++;
    s->slots[slot].has_brought = true;
    s->slots[slot].n_broken = 0;
}

static void owe(struct dtt_gossip_promise *promise, struct dtt_now now,
                const struct dtt_gossip_message_id *id, bool is_probe)
{
    assert(!promise->due_ns);
    promise->id = *id;
    promise->asked_ns = now.mono_ns;
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
    promise->has_brought = true;
    promise->n_broken = 0;
    return promise->is_probe;
}

void dtt_gossip_promises_judge(struct dtt_gossip_promises *s, struct dtt_now now, uint8_t slot,
                               bool is_slow, bool is_silent)
{
    struct dtt_gossip_promise *promise = &s->slots[slot];
    if (promise->due_ns && is_silent) {
        promise->due_ns = dtt_min_ns(now.mono_ns + DTT_GOSSIP_PROMISE_NS,
                                     promise->asked_ns + DTT_GOSSIP_PUT_OFF_NS);
    }
    if (!promise->due_ns || now.mono_ns < promise->due_ns) {
        return;
    }
    promise->due_ns = 0;
    if (is_slow) {
        return; /* What it is asked may not have got there. */
    }
    promise->n_broken++;
    DTT_COUNT(s->ctx, GOSSIP_PROMISES_BROKEN);
}

void dtt_gossip_promises_witness(struct dtt_gossip_promises *s, struct dtt_now now,
                                 const struct dtt_gossip_message_id *id)
{
    s->message_ns = now.mono_ns;
    if (!s->witness_ns) {
        s->witness = *id;
        s->witness_ns = now.mono_ns;
    }
}

/* No neighbour has brought anything, and none is asked: all may be silent. */
static bool is_deaf(const struct dtt_gossip_promises *s)
{
    for (size_t i = 0; i < DTT_GOSSIP_ACTIVE_MAX; i++) {
        if (s->slots[i].has_brought || s->slots[i].due_ns) {
            return false;
        }
    }
    return true;
}

bool dtt_gossip_promises_probe(struct dtt_gossip_promises *s, struct dtt_now now, uint8_t slot,
                               bool is_slow)
{
    struct dtt_gossip_promise *promise = &s->slots[slot];
    bool is_quiet = now.mono_ns - promise->said_ns >= DTT_GOSSIP_SILENT_NS &&
                    s->n_heard - promise->heard_then >= DTT_GOSSIP_SILENT_HEARD;
    bool is_doubted = !promise->has_brought && now.mono_ns < s->contested_until_ns;
    if (promise->due_ns || is_slow || promise->came_ns > s->witness_ns ||
        !(promise->n_broken || is_quiet || is_doubted || is_deaf(s))) {
        return false;
    }
    DTT_COUNT(s->ctx, GOSSIP_PROBES);
    owe(promise, now, &s->witness, true);
    return true;
}

bool dtt_gossip_promises_is_useless(const struct dtt_gossip_promises *s, uint8_t slot)
{
    const struct dtt_gossip_promise *promise = &s->slots[slot];
    return promise->n_broken >= (promise->has_brought ? DTT_GOSSIP_BROKEN_MAX : 1);
}
