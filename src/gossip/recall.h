/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The messages a topic remembers: ids, so that each is delivered once, and for a shorter time
 * contents, so that a peer that missed one can graft it. Both are dropped oldest first, by age and
 * when a bound is reached. There is room for four times as many ids as contents: at any rate of
 * messages an id outlives the last copy of its content.
 */
#ifndef DTT_GOSSIP_RECALL_H
#define DTT_GOSSIP_RECALL_H

#include "base/ctx.h"
#include "base/map.h"
#include "gossip/blob.h"
#include "gossip/message.h"

#define DTT_GOSSIP_RECALL_IDS 8192
#define DTT_GOSSIP_RECALL_CONTENTS 2048
#define DTT_GOSSIP_RECALL_BYTES (1024 * 1024)

struct dtt_gossip_recall_entry {
    struct dtt_gossip_message_id id;
    uint64_t heard_ns;
    uint64_t content_until_ns;    /**< when every peer should have it; `heard_ns` + 30 s at most */
    struct dtt_gossip_blob *blob; /**< the encoded Gossip message, NULL when dropped */
    struct dtt_gossip_recall_entry *next;
};

struct dtt_gossip_recall {
    struct dtt_map ids;
    struct dtt_gossip_recall_entry *oldest, *newest;
    struct dtt_gossip_recall_entry *oldest_content; /**< no content before this one */
    size_t contents;
    size_t bytes;
    struct dtt_ctx *ctx;
};

void dtt_gossip_recall_init(struct dtt_gossip_recall *r, struct dtt_ctx *ctx,
                            const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES]);
void dtt_gossip_recall_fini(struct dtt_gossip_recall *r);

bool dtt_gossip_recall_has(const struct dtt_gossip_recall *r,
                           const struct dtt_gossip_message_id *id);
/**
 * Remembers a message that is not there yet. `blob` (may be NULL) is served until
 * `content_until_ns`; takes a reference of its own. DTT_ENOMEM.
 */
int dtt_gossip_recall_add(struct dtt_gossip_recall *r, uint64_t now_ns,
                          const struct dtt_gossip_message_id *id, struct dtt_gossip_blob *blob,
                          uint64_t content_until_ns);
/** The encoded message while it may be served, or NULL. Borrowed. */
struct dtt_gossip_blob *dtt_gossip_recall_content(const struct dtt_gossip_recall *r,
                                                  uint64_t now_ns,
                                                  const struct dtt_gossip_message_id *id);
/**
 * The oldest entry that may be served and comes after `prev` (NULL: from the beginning), or NULL.
 * Entries stay where they are while nothing is added or expired.
 */
const struct dtt_gossip_recall_entry *
dtt_gossip_recall_next_content(const struct dtt_gossip_recall *r, uint64_t now_ns,
                               const struct dtt_gossip_recall_entry *prev);

/** Drops ids and contents that are too old. */
void dtt_gossip_recall_expire(struct dtt_gossip_recall *r, uint64_t now_ns);
/** When dtt_gossip_recall_expire has something to do, or DTT_NEVER. */
uint64_t dtt_gossip_recall_deadline(const struct dtt_gossip_recall *r);

#endif
