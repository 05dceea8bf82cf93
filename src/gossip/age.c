/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/age.h"

uint16_t dtt_gossip_age_round(uint64_t age_ns)
{
    uint64_t age = (age_ns + DTT_MS - 1) / DTT_MS;
    if (age > DTT_GOSSIP_AGE_FINE_MS) {
        age = DTT_GOSSIP_AGE_FINE_MS +
              (age - DTT_GOSSIP_AGE_FINE_MS + DTT_GOSSIP_AGE_STEP_MS - 1) / DTT_GOSSIP_AGE_STEP_MS;
    }
    return (uint16_t)(DTT_GOSSIP_CATCH_UP |
                      (age < DTT_GOSSIP_CATCH_UP_AGE ? age : DTT_GOSSIP_CATCH_UP_AGE));
}

uint64_t dtt_gossip_age_of_round(uint16_t round)
{
    uint64_t age = round & DTT_GOSSIP_CATCH_UP_AGE;
    if (age > DTT_GOSSIP_AGE_FINE_MS) {
        age = DTT_GOSSIP_AGE_FINE_MS + (age - DTT_GOSSIP_AGE_FINE_MS) * DTT_GOSSIP_AGE_STEP_MS;
    }
    return age * DTT_MS;
}
