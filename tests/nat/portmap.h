/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The router's own service at UDP port 5351 of its inside address: NAT-PMP (RFC 6886) and the MAP
 * of PCP (RFC 6887), for IPv4. */
#ifndef NAT_PORTMAP_H
#define NAT_PORTMAP_H

#include "nat.h"

#define PORTMAP_PORT 5351
#define PORTMAP_ANSWER_MAX 64
#define PORTMAP_LIFETIME_MAX 7200u /* s */

enum portmap {
    PORTMAP_OFF,
    PORTMAP_PMP,
    PORTMAP_PCP,   /**< and NAT-PMP */
    PORTMAP_REFUSE /**< both answer that they may not */
};

/**
 * Length of the answer to `query`; 0: none. `epoch_s` counts from the router's start. `claimed`:
 * its outside address, as it says.
 */
size_t portmap_answer(enum portmap kind, struct nat *n, const struct dtt_addr *claimed,
                      uint64_t t_ns, uint32_t epoch_s, const struct dtt_addr *client,
                      struct dtt_slice query, uint8_t answer[PORTMAP_ANSWER_MAX]);

#endif
