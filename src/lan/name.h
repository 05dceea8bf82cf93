/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The name under which the members of a topic ask for each other in the local network in one
 * minute. Who does not hold the secret sees a random one, and cannot tell the topic's slots from
 * it. docs/protocol/lan.md.
 */
#ifndef DTT_LAN_NAME_H
#define DTT_LAN_NAME_H

#include "codec/dns.h"

#define DTT_LAN_NAME_BYTES 20 /**< 32 characters of base32 */

/** `enc_seed`: the encryption seed of `minute` (dtt_secret_rotate). */
void dtt_lan_name(struct dtt_dns_name *ret, const uint8_t topic[32], uint64_t minute,
                  const uint8_t enc_seed[32]);

#endif
