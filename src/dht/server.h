/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Queries of others. Cheap checks come first; nothing is allocated but what a put stores. What we
 * send to a global address that has not proved itself is at most three times its query: contacts
 * are cut first, a stored value that does not fit waits for the proof.
 */
#ifndef DTT_DHT_SERVER_H
#define DTT_DHT_SERVER_H

#include "dht/dht.h"
#include "dht/krpc.h"

#define DTT_SERVER_PING_BYTES 74 /**< of a ping of ours, at most */

void dtt_server_query(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *from,
                      const struct dtt_krpc *query, size_t datagram_len);
/** The ping to an asker whose get is held is over; `is_proved`: it was answered. */
void dtt_server_proof(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *asker,
                      bool is_proved);

#endif
