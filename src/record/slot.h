/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The slots of a topic in one minute: BEP 44 key pairs and salts under which all members publish,
 * and the encryption seed of that minute. docs/protocol/slots.md.
 */
#ifndef DTT_RECORD_SLOT_H
#define DTT_RECORD_SLOT_H

#include "record/secret.h"

#include <dtt/record.h>

#define DTT_SLOT_KINDS 3

/** Set of slot kinds: bit 1 << kind. */
typedef unsigned dtt_slot_kinds;

/** The kinds in use: the public one always, the others as a topic's tuning says. */
static inline dtt_slot_kinds dtt_slot_kinds_used(bool secret, bool old_line)
{
    return 1u << DTT_SLOT_PUBLIC | (unsigned)secret << DTT_SLOT_SECRET |
           (unsigned)old_line << DTT_SLOT_OLD_LINE;
}

struct dtt_slot {
    enum dtt_slot_kind kind;
    uint64_t minute;
    uint8_t seed[32]; /**< signing seed: with it one can write into the slot */
    uint8_t key[32];  /**< its public key: BEP 44 k */
    uint8_t salt[32];
};

/** `enc_seed`: the minute's encryption seed, needed for DTT_SLOT_SECRET only. */
void dtt_slot_init(struct dtt_slot *ret, enum dtt_slot_kind kind, const uint8_t topic[32],
                   uint64_t minute, const uint8_t enc_seed[32]);

/**
 * The sequence number (BEP 44 seq) of the next record in a slot of this kind; `seen`: the largest
 * number read from the slot, if any. The 0.3 line always uses the largest number there is, so many
 * nodes keep their first record. The old line continues from `seen`, and is refused by nodes that
 * hold another record, as the number is also sent as cas. In the secret slot, where a newcomer must
 * find room, later records replace earlier ones: the number is `unix_s`, the time, if that is
 * larger than `seen`.
 */
int64_t dtt_slot_next_seq(enum dtt_slot_kind kind, uint64_t unix_s, bool has_seen, int64_t seen);
/** Puts into a slot of this kind carry their number as cas, too. */
static inline bool dtt_slot_has_cas(enum dtt_slot_kind kind)
{
    return kind != DTT_SLOT_SECRET;
}

/** The hash of a topic that is named by exactly one of `name` and `topic_hash`; or DTT_EINVAL. */
int dtt_slot_topic(uint8_t ret[32], const char *name, const uint8_t *topic_hash);

/** dtt_slot_init with the seed that `s` has in that minute. DTT_EROTATE. */
int dtt_slot_make(struct dtt_slot *ret, enum dtt_slot_kind kind, const struct dtt_secret *s,
                  const uint8_t topic[32], uint64_t minute);

#endif
