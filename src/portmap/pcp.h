/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * PCP (RFC 6887), the MAP operation for UDP: one request of 60 bytes, one answer. IPv4 addresses
 * stand in it as ::ffff:a.b.c.d.
 */
#ifndef DTT_PORTMAP_PCP_H
#define DTT_PORTMAP_PCP_H

#include "base/addr.h"

#define DTT_PCP_PORT 5351 /**< of the router; also NAT-PMP's */
#define DTT_PCP_VERSION 2
#define DTT_PCP_MAP_BYTES 60
#define DTT_PCP_ANSWER_MAX 1100 /**< RFC 6887, 7 */
#define DTT_PCP_NONCE_BYTES 12

/** Result codes (RFC 6887, 7.4), those that are treated in a way of their own. */
enum dtt_pcp_result {
    DTT_PCP_SUCCESS = 0,
    DTT_PCP_UNSUPP_VERSION = 1,
    DTT_PCP_NOT_AUTHORIZED = 2,
    DTT_PCP_NETWORK_FAILURE = 7,
    DTT_PCP_NO_RESOURCES = 8,
    DTT_PCP_USER_EX_QUOTA = 10,
    DTT_PCP_CANNOT_PROVIDE_EXTERNAL = 11,
    DTT_PCP_ADDRESS_MISMATCH = 12
};

struct dtt_pcp_map {
    uint8_t nonce[DTT_PCP_NONCE_BYTES]; /**< of the mapping: all its requests have the same */
    struct dtt_addr client;   /**< the source of the request; its port is the inside port */
    struct dtt_addr external; /**< suggested; family none: any address. Port 0: any */
    uint32_t lifetime_s;      /**< 0: delete it */
};

struct dtt_pcp_answer {
    unsigned result; /**< enum dtt_pcp_result or another code */
    uint32_t lifetime_s;
    uint32_t epoch_s;
    struct dtt_addr external; /**< of a success: any family and scope, the port not 0 unless
                                   `lifetime_s` is */
};

void dtt_pcp_write_map(uint8_t ret[DTT_PCP_MAP_BYTES], const struct dtt_pcp_map *map);
/**
 * The answer to `map`. DTT_EPROTO: it is none, or to something else. A refusal of the version may
 * come in any version's form; that of NAT-PMP is dtt_natpmp_read's.
 */
int dtt_pcp_read_map(struct dtt_slice datagram, const struct dtt_pcp_map *map,
                     struct dtt_pcp_answer *ret);

#endif
