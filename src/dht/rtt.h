/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Round trips: what is known of one node's and of all together, and the soft timeouts from it. */
#ifndef DTT_DHT_RTT_H
#define DTT_DHT_RTT_H

#include "dht/dht.h"

#define DTT_RTT_FIRST_NS (1 * DTT_S) /**< soft timeout before the first sample */

struct dtt_rtt {
    uint64_t mean_ns, deviation_ns; /**< RFC 6298 over all answers; 0: no sample yet */
    uint64_t node_error_ns;         /**< usual error of what is known of a node; 0: no sample yet */
};

/** How long a query to this address waits before it is taken for slow. */
uint64_t dtt_rtt_timeout(const struct dtt_dht *d, const struct dtt_addr *to);
void dtt_rtt_sample(struct dtt_dht *d, const struct dtt_addr *from, uint64_t rtt_ns);

#endif
