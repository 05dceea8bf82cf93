/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The age of a message in the round of an IHave or a Graft: our additions of gossip_wire.h. */
#ifndef DTT_GOSSIP_AGE_H
#define DTT_GOSSIP_AGE_H

#include "gossip/gossip_wire.h"

/** The round carries an age. */
static inline bool dtt_gossip_is_catch_up(uint16_t round)
{
    return (round & DTT_GOSSIP_CATCH_UP) != 0;
}

/** The round for an age, which is rounded up; the largest there is for one that is larger. */
uint16_t dtt_gossip_age_round(uint64_t age_ns);
/** The age in a round that carries one. */
uint64_t dtt_gossip_age_of_round(uint16_t round);

#endif
