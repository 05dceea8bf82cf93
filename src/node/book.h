/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Address book: the addresses last reported for each peer, by records, gossip, the DHT and the
 * user, their home relays, which of them read proofs, and what their last records tell of their
 * reach. Bounded; the peer reported longest ago makes room. As a peer comes, up to two go that were
 * reported too long ago and have no link: so the book does not grow for as long as others come and
 * go, and a host that has slept does not forget all at once.
 */
#ifndef DTT_NODE_BOOK_H
#define DTT_NODE_BOOK_H

#include "base/addr.h"
#include "base/list.h"
#include "base/map.h"
#include "base/reach.h"
#include "base/time.h"

#define DTT_BOOK_PEERS 1024
#define DTT_BOOK_ADDRS 8 /**< addresses a peer; the newest stay */
#define DTT_BOOK_KEPT_NS (3600 * DTT_S)

struct dtt_book_reach {
    struct dtt_reach told;
    uint64_t joined_s;
    uint64_t read_ns; /**< when that record was read */
};

struct dtt_book {
    struct dtt_map peers;         /**< id -> struct dtt_book_entry */
    struct dtt_list by_time;      /**< the same, reported longest ago first */
    const struct dtt_map *linked; /**< by id, peers with a link */
};

/** `linked` outlives the book. */
void dtt_book_init(struct dtt_book *b, const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES],
                   const struct dtt_map *linked);
void dtt_book_fini(struct dtt_book *b);
/** Adds usable addresses as the newest ones of `id`. Without memory nothing is added. */
void dtt_book_add(struct dtt_book *b, struct dtt_now now, const struct dtt_id *id,
                  const struct dtt_addr *addrs, size_t n);
/** The peer's home relay, an URL of less than DTT_URL_MAX bytes; copied, if there is memory. */
void dtt_book_set_relay(struct dtt_book *b, struct dtt_now now, const struct dtt_id *id,
                        const char *url);
/** The one reported last, valid until the next; NULL: none. */
const char *dtt_book_relay(const struct dtt_book *b, const struct dtt_id *id);
/** The peer reads proofs. */
void dtt_book_mark(struct dtt_book *b, struct dtt_now now, const struct dtt_id *id);
bool dtt_book_is_marked(const struct dtt_book *b, const struct dtt_id *id);
/** What a record of the peer tells that was written at `unix_s` (0: it does not say). */
void dtt_book_set_reach(struct dtt_book *b, struct dtt_now now, const struct dtt_id *id,
                        const struct dtt_reach *reach, uint64_t unix_s);
/**
 * What the last record of the peer tells, and when it came into the topic of that record, by its
 * own clock, unix time; 0: not known. All zero for a peer of which there is no record, and but for
 * read_ns for one of Rust.
 */
struct dtt_book_reach dtt_book_reach(const struct dtt_book *b, const struct dtt_id *id);
/** Copies the addresses of `id`, the most likely to be reachable first; returns their number. */
size_t dtt_book_get(const struct dtt_book *b, const struct dtt_id *id,
                    struct dtt_addr ret[DTT_BOOK_ADDRS]);

#endif
