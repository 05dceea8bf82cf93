/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Address book: where peers were last said to be, by records, by gossip and by the user. Bounded;
 * the entry that was told of longest ago makes room.
 */
#ifndef DTT_NODE_BOOK_H
#define DTT_NODE_BOOK_H

#include "base/addr.h"
#include "base/map.h"

#define DTT_BOOK_PEERS 1024
#define DTT_BOOK_ADDRS 8 /**< addresses a peer; the newest stay */

struct dtt_book_entry;

struct dtt_book {
    struct dtt_map peers;                   /**< id -> struct dtt_book_entry */
    struct dtt_book_entry *oldest, *newest; /**< by when they were last told of */
};

void dtt_book_init(struct dtt_book *b, const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES]);
void dtt_book_fini(struct dtt_book *b);
/** Remembers usable addresses as the newest ones of `id`. Out of memory: forgets. */
void dtt_book_add(struct dtt_book *b, const struct dtt_id *id, const struct dtt_addr *addrs,
                  size_t n);
/** Copies the addresses of `id`, those most likely to be dialable first; returns their number. */
size_t dtt_book_get(const struct dtt_book *b, const struct dtt_id *id,
                    struct dtt_addr ret[DTT_BOOK_ADDRS]);

#endif
