/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Messages that neighbours announced (IHave) and nobody has sent yet. Each entry has a timer armed
 * all its life: when it fires, the next announcer is to be asked (Graft), and when none is left
 * the entry goes. So entries live for seconds at most whatever is announced.
 *
 * Each entry is in the share of one of its announcers. When the table is full the largest share
 * gives one up, and an entry that a neighbour with a smaller share announces as well moves to that:
 * a neighbour that announces what nobody has cannot keep others from announcing.
 */
#ifndef DTT_GOSSIP_MISSING_H
#define DTT_GOSSIP_MISSING_H

#include "base/ctx.h"
#include "base/list.h"
#include "base/map.h"
#include "base/timerq.h"
#include "gossip/age.h"
#include "gossip/message.h"
#include "gossip/view.h"

#define DTT_GOSSIP_MISSING_MAX 2048
#define DTT_GOSSIP_ANNOUNCERS_MAX 8

struct dtt_gossip_announcer {
    uint8_t slot; /**< of the neighbour, in struct dtt_plumtree */
    uint16_t round;
};

struct dtt_gossip_missing_entry {
    struct dtt_timer timer;
    struct dtt_list_link in_share;
    struct dtt_gossip_message_id id;
    uint64_t heard_ns;
    uint8_t n;
    uint8_t tried; /**< the first so many announcers were sent Graft */
    struct dtt_gossip_announcer announcers[DTT_GOSSIP_ANNOUNCERS_MAX];
};

struct dtt_gossip_missing {
    struct dtt_ctx *ctx;
    struct dtt_map entries;
    struct dtt_list shares[DTT_GOSSIP_ACTIVE_MAX]; /**< by slot, oldest first */
    struct dtt_timerq *timers;
    uint64_t wait_ns; /**< from the first announcement to the first Graft */
};

/** `timers` is borrowed. */
void dtt_gossip_missing_init(struct dtt_gossip_missing *s, struct dtt_ctx *ctx,
                             struct dtt_timerq *timers,
                             const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES]);
void dtt_gossip_missing_fini(struct dtt_gossip_missing *s);

struct dtt_gossip_missing_entry *dtt_gossip_missing_get(const struct dtt_gossip_missing *s,
                                                        const struct dtt_gossip_message_id *id);
/**
 * Notes an announcement; a peer counts once per message. DTT_EFULL when no neighbour has a larger
 * share, DTT_ENOMEM.
 */
int dtt_gossip_missing_add(struct dtt_gossip_missing *s, uint64_t now_ns,
                           const struct dtt_gossip_ihave *ihave, uint8_t slot);
/** Drops an entry. */
void dtt_gossip_missing_forget(struct dtt_gossip_missing *s, struct dtt_gossip_missing_entry *e);
/** A neighbour is gone: nothing it announced can be had from it. */
void dtt_gossip_missing_forget_slot(struct dtt_gossip_missing *s, uint8_t slot);
/**
 * The timer of `e` fired: the next announcer to ask, or NULL when none is left and `e` was
 * dropped. Arms the timer again.
 */
const struct dtt_gossip_announcer *dtt_gossip_missing_next(struct dtt_gossip_missing *s,
                                                           uint64_t now_ns,
                                                           struct dtt_gossip_missing_entry *e);

/** Whether the neighbour has announced it. `e` may be NULL. */
bool dtt_gossip_missing_is_from(const struct dtt_gossip_missing_entry *e, uint8_t slot);
/** Whether the neighbour has announced it and was asked for it. */
bool dtt_gossip_missing_was_asked(const struct dtt_gossip_missing_entry *e, uint8_t slot);

/**
 * How old a new message from the neighbour `from` is, announced as in `e` (or NULL): 0 for a live
 * one; one that we grafted from it and that was announced for catching up only has the age that it
 * was announced with, *caught_up.
 */
uint64_t dtt_gossip_missing_age(const struct dtt_gossip_missing_entry *e, uint8_t from,
                                uint64_t now_ns, bool *caught_up);

#endif
