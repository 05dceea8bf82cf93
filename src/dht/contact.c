/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/contact.h"

#include "dht/inside.h"

bool dtt_contact_is_tellable(const struct dtt_addr *addr, const struct dtt_addr *teller)
{
    enum dtt_addr_scope scope = dtt_addr_scope(addr);
    enum dtt_addr_scope from = dtt_addr_scope(teller);
    if (from == DTT_SCOPE_GLOBAL) {
        return scope == DTT_SCOPE_GLOBAL;
    }
    return scope != DTT_SCOPE_LOOPBACK || from == DTT_SCOPE_LOOPBACK;
}

bool dtt_contact_is_plausible(const struct dtt_dht *d, const uint8_t *id,
                              const struct dtt_addr *addr, const struct dtt_addr *teller)
{
    if (!dtt_addr_is_usable(addr) || !dtt_dht_has_family(d, addr->family) ||
        memcmp(id, d->id, DTT_NODE_ID_BYTES) == 0 ||
        dtt_addr_eq(addr, &d->votes[dtt_side_of(addr->family)].opinion)) {
        return false;
    }
    return dtt_contact_is_tellable(addr, teller);
}
