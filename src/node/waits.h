/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The register of the DHT operations that the node has started. Each has an entry that says what it
 * was started for, until its last event. core.c hands each event to the file that made the entry.
 */
#ifndef DTT_NODE_WAITS_H
#define DTT_NODE_WAITS_H

#include "base/map.h"
#include "dht/dht.h"
#include "node/limits.h"
#include "record/slot.h"

#include <assert.h>

struct dtt_once;
struct dtt_topic;

enum dtt_wait_kind {
    DTT_WAIT_SLOT_GET, /**< slots.c, for a topic */
    DTT_WAIT_SLOT_PUT,
    DTT_WAIT_ONCE_GET, /**< once.c */
    DTT_WAIT_ONCE_PUT,
    DTT_WAIT_ADDR_GET, /**< locate.c */
    DTT_WAIT_ADDR_PUT,
    DTT_WAIT_TWIN_GET, /**< of what is stored under our own id */
    DTT_WAIT_APP,      /**< core_dht.c */
    DTT_WAIT_APP_ANNOUNCE
};

struct dtt_wait {
    enum dtt_wait_kind kind;
    struct dtt_topic *topic; /**< SLOT_...; NULL once nobody waits any more */
    struct dtt_once *once;   /**< ONCE_...: shared by all its operations */
    enum dtt_slot_kind slot; /**< SLOT_..., ONCE_... */
    uint64_t minute;         /**< likewise */
    bool is_sample;          /**< SLOT_GET: nobody waits for its end */
    struct dtt_id peer;      /**< ADDR_GET: whose addresses */
    int64_t seq;             /**< ADDR_GET: of the newest packet found */
    bool is_hearsay;         /**< ADDR_GET */
    uint16_t port;           /**< APP_ANNOUNCE: reported back */
};

struct dtt_waits {
    struct dtt_dht *dht;
    struct dtt_map by_op; /**< dtt_dht_op -> struct dtt_wait */
    size_t n_slots;       /**< entries of kind SLOT_... */
    size_t n_addr_gets;   /**< entries of kind ADDR_GET */
    size_t n_named_gets;  /**< of these, on hearsay */
    size_t n_app;         /**< APP_... operations, lookups and publications */
};

void dtt_waits_init(struct dtt_waits *w, struct dtt_dht *dht,
                    const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES]);
/** No entry may refer to a dtt_once any more. */
void dtt_waits_fini(struct dtt_waits *w);

/** Enters a copy of `wait`, or cancels the operation and returns DTT_ENOMEM. */
int dtt_waits_add(struct dtt_waits *w, struct dtt_now now, dtt_dht_op op,
                  const struct dtt_wait *wait);
/**
 * Starts a put of `value` as a bencoded string, signed with `seed` unless that is NULL, and enters
 * it. The rest of `args` is set. DTT_ETOOBIG and the errors of dtt_dht_put.
 */
int dtt_waits_put(struct dtt_waits *w, struct dtt_now now, struct dtt_slice value,
                  const uint8_t *seed, struct dtt_dht_put_args *args, const struct dtt_wait *wait,
                  dtt_dht_op *ret);
/** The entry of an operation, or NULL. */
struct dtt_wait *dtt_waits_get(const struct dtt_waits *w, dtt_dht_op op);
/** The operation has had its last event. */
void dtt_waits_remove(struct dtt_waits *w, dtt_dht_op op);
/** The topic is about to be freed: the ends of its operations are told to nobody. */
void dtt_waits_forget_topic(struct dtt_waits *w, const struct dtt_topic *topic);
/** Cancels the write of a topic's slot that is under way, if any; nobody is told of its end. */
void dtt_waits_cancel_put(struct dtt_waits *w, struct dtt_now now, const struct dtt_topic *topic,
                          enum dtt_slot_kind slot, uint64_t minute);
/** Whether a topic may start another operation. Those of all topics leave room for the others. */
static inline bool dtt_waits_slot_room(const struct dtt_waits *w)
{
    return w->n_slots < DTT_CORE_SLOT_OPS;
}
/** DTT_EFULL when the application has as much under way as it may. */
int dtt_waits_app_room(const struct dtt_waits *w);
/** Something of the application's is over. */
static inline void dtt_waits_app_end(struct dtt_waits *w)
{
    assert(w->n_app > 0);
    w->n_app--;
}
/** Asserts that the counters are those of the entries. */
void dtt_waits_check(const struct dtt_waits *w);

/** The event is the last one of its operation. */
static inline bool dtt_waits_is_over(const struct dtt_dht_event *ev)
{
    return ev->type == DTT_DHT_EV_DONE || ev->type == DTT_DHT_EV_PUT_DONE;
}

#endif
