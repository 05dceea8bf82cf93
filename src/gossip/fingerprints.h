/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Fingerprints of message ids that the memory of messages (recall.h) had no room for: 64 bits under
 * a secret key instead of a whole entry. They tell a message that comes around once more, over a
 * slower neighbour, from a new one. In a full table the largest share gives up its oldest one, as
 * in recall.
 */
#ifndef DTT_GOSSIP_FINGERPRINTS_H
#define DTT_GOSSIP_FINGERPRINTS_H

#include "base/map.h"
#include "gossip/message.h"

/* Of 28 bytes each: 1.75 MiB a topic. What two links in a row hold of the shortest messages (a
 * stream's 256 KiB to be sent, as many to be read, frames of 42 bytes) is 25,000. */
#define DTT_GOSSIP_FINGERPRINTS_MAX 65536
#define DTT_GOSSIP_FINGERPRINTS_SHARES 32

struct dtt_gossip_fingerprint;

struct dtt_gossip_fingerprints_share {
    uint32_t oldest, newest; /**< numbers of entries plus 1; 0: none */
    size_t held;
};

struct dtt_gossip_fingerprints {
    uint8_t key[DTT_MAP_HASH_KEY_BYTES];
    struct dtt_gossip_fingerprint *entries;
    uint32_t *heads; /* of the chains, by the low bits of a fingerprint; as `oldest` */
    size_t cap;      /* of both; a power of two, or 0 */
    size_t count;
    uint32_t spare;                               /* a chain of entries not in use */
    struct dtt_gossip_fingerprints_share *shares; /**< NULL while there is no entry */
};

/** Allocates nothing. */
void dtt_gossip_fingerprints_init(struct dtt_gossip_fingerprints *f,
                                  const uint8_t key[DTT_MAP_HASH_KEY_BYTES]);
/** Forgets all and gives the memory back. It stays usable. */
void dtt_gossip_fingerprints_clear(struct dtt_gossip_fingerprints *f);

bool dtt_gossip_fingerprints_has(const struct dtt_gossip_fingerprints *f,
                                 const struct dtt_gossip_message_id *id);
/** Keeps one that is not there, heard at `heard_ns`. Without memory for it another one goes. */
void dtt_gossip_fingerprints_add(struct dtt_gossip_fingerprints *f, size_t share,
                                 const struct dtt_gossip_message_id *id, uint64_t heard_ns);
/** Drops those that were heard `id_ns` ago. */
void dtt_gossip_fingerprints_expire(struct dtt_gossip_fingerprints *f, uint64_t now_ns,
                                    uint64_t id_ns);
/** When dtt_gossip_fingerprints_expire has something to do, or DTT_NEVER. */
uint64_t dtt_gossip_fingerprints_deadline(const struct dtt_gossip_fingerprints *f, uint64_t id_ns);

#endif
