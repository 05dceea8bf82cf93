/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Contacts that others name: which of them may be asked. */
#ifndef DTT_DHT_CONTACT_H
#define DTT_DHT_CONTACT_H

#include "dht/dht.h"

/** Usable, of our families, neither we ourselves nor beyond what `teller` may tell. */
bool dtt_contact_is_plausible(const struct dtt_dht *d, const uint8_t *id,
                              const struct dtt_addr *addr, const struct dtt_addr *teller);
/** Nobody from outside makes us send to private hosts, nobody but this host to loopback. */
bool dtt_contact_is_tellable(const struct dtt_addr *addr, const struct dtt_addr *teller);

#endif
