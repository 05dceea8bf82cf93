/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A connection that we dialled goes over to another path (RFC 9000, section 9), of which both ends
 * may be others: from a relay to the internet, and back. The new path is validated first (section
 * 8.2), and everything goes by the old one until then; where the new one is dead nothing changes.
 */
#ifndef DTT_QUIC_MIGRATE_H
#define DTT_QUIC_MIGRATE_H

#include "quic/conn.h"

/** As dtt_quic_migrate. */
int dtt_qmigrate_start(struct dtt_qconn *c, const struct dtt_addr *local,
                       const struct dtt_addr *remote);
/** The address of ours by which ngtcp2 knows the path of a datagram that came to `local`. */
const struct dtt_addr *dtt_qmigrate_local(const struct dtt_qconn *c, const struct dtt_addr *local,
                                          const struct dtt_addr *remote);
/** ngtcp2 has validated the path to `remote`, or has given it up. */
void dtt_qmigrate_validated(struct dtt_qconn *c, const struct dtt_addr *remote, bool is_valid);

#endif
