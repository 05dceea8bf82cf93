/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The ids under which attack-forger puts address packets, and attack-hostile names them. */
#ifndef TESTS_ATTACK_FORGED_H
#define TESTS_ATTACK_FORGED_H

#include "crypto/blake3.h"

#define FORGED 100

static inline void forged_seed(uint8_t ret_seed[32], uint32_t number)
{
    dtt_blake3(ret_seed, dtt_slice(&number, sizeof(number)));
}

#endif
