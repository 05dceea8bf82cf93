/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * NAT-PMP (RFC 6886): one request for the router's outside address, one for a mapping of a UDP
 * port. It has no nonce: an answer is known by its source and by what was asked.
 */
#ifndef DTT_PORTMAP_NATPMP_H
#define DTT_PORTMAP_NATPMP_H

#include "base/addr.h"

#define DTT_NATPMP_ADDRESS_BYTES 2
#define DTT_NATPMP_MAP_BYTES 12

enum dtt_natpmp_op { DTT_NATPMP_OP_ADDRESS = 0, DTT_NATPMP_OP_MAP_UDP = 1 };

/** Result codes (RFC 6886, 3.5). */
enum dtt_natpmp_result {
    DTT_NATPMP_SUCCESS = 0,
    DTT_NATPMP_UNSUPP_VERSION = 1,
    DTT_NATPMP_NOT_AUTHORIZED = 2,
    DTT_NATPMP_NETWORK_FAILURE = 3,
    DTT_NATPMP_NO_RESOURCES = 4,
    DTT_NATPMP_UNSUPP_OPCODE = 5
};

struct dtt_natpmp_answer {
    unsigned op;     /**< enum dtt_natpmp_op, or what a router wrote that knows no version 2 */
    unsigned result; /**< enum dtt_natpmp_result or another code */
    uint32_t epoch_s;
    struct dtt_addr external; /**< of DTT_NATPMP_OP_ADDRESS: without port */
    uint16_t inside_port;     /**< of DTT_NATPMP_OP_MAP_UDP, as the next ones */
    uint16_t external_port;   /**< not 0 unless `lifetime_s` is */
    uint32_t lifetime_s;
};

void dtt_natpmp_write_address(uint8_t ret[DTT_NATPMP_ADDRESS_BYTES]);
/** A lifetime of 0 deletes the mapping; `external_port` is 0 then. */
void dtt_natpmp_write_map(uint8_t ret[DTT_NATPMP_MAP_BYTES], uint16_t inside_port,
                          uint16_t external_port, uint32_t lifetime_s);
/** DTT_EPROTO: no answer of NAT-PMP. */
int dtt_natpmp_read(struct dtt_slice datagram, struct dtt_natpmp_answer *ret);

#endif
