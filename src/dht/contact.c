/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/contact.h"

#include "dht/inside.h"

bool dtt_contact_is_tellable(const struct dtt_addr *addr, const struct dtt_addr *teller)
{
    return dtt_addr_scope(addr) <= dtt_addr_scope(teller);
}

bool dtt_contact_is_plausible(const struct dtt_dht *d, const uint8_t *id,
                              const struct dtt_addr *addr, const struct dtt_addr *teller)
{
    if (!dtt_addr_may_be_named(addr, dtt_addr_scope(teller)) ||
        !dtt_dht_has_family(d, addr->family) || memcmp(id, d->id, DTT_NODE_ID_BYTES) == 0) {
        return false;
    }
    return !dtt_addr_eq(addr, &d->votes[dtt_side_of(addr->family)].opinion);
}
