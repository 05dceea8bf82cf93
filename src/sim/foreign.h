/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * DHT nodes of other implementations, as small KRPC servers: what they store, what they answer and
 * when they fall silent. They ask nothing; their contacts are the nodes that a real one would have
 * found, and members that asked them and can be reached.
 */
#ifndef DTT_SIM_FOREIGN_H
#define DTT_SIM_FOREIGN_H

#include "record/slot.h"
#include "sim/world.h"

enum dtt_sim_foreign_kind {
    DTT_SIM_LIBTORRENT, /**< first value of a sequence number stays and later ones are told "ok";
                             8 kB/s of answers; silent for 5 minutes towards an address that sent
                             50 packets in 10 s */
    DTT_SIM_MAINLINE,   /**< last value of a sequence number wins; wants `target` in a put and
                             transaction ids of 4 bytes */
    DTT_SIM_DEAD,       /**< in the tables of others, never answers */
    DTT_SIM_LYING,      /**< made-up contacts and values, "ok" to every put */
    DTT_SIM_ROUTER,     /**< contacts only, for everybody */
    DTT_SIM_FOREIGN_KINDS
};

struct dtt_sim_foreign;

/** Turns a host into such a node. DTT_ENOMEM. */
int dtt_sim_foreign_new(struct dtt_sim_host *h, enum dtt_sim_foreign_kind kind);
/** Gives all foreign nodes of the world their contacts; call once, when all are there. */
int dtt_sim_foreign_meet(struct dtt_sim_world *w);
/** It answers no more. */
void dtt_sim_foreign_die(struct dtt_sim_foreign *f);
/** Stores a value that nobody can replace: a squatter that writes again and again. DTT_ENOMEM. */
int dtt_sim_foreign_pin(struct dtt_sim_foreign *f, const uint8_t target[20], const uint8_t key[32],
                        const uint8_t sig[64], int64_t seq, struct dtt_slice v);
/**
 * The same with a value in a slot, on every `step`th foreign node of the world from number `first`
 * on. The value is that of a record: bytes that are not yet bencoded.
 */
int dtt_sim_foreign_pin_slot(struct dtt_sim_world *w, const struct dtt_slot *slot,
                             struct dtt_slice value, uint32_t first, uint32_t step);

#endif
