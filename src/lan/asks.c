/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "lan/asks.h"

static const uint64_t asks[] = DTT_LAN_ASKS;
enum { ASKS = sizeof(asks) / sizeof(asks[0]) };

void dtt_lan_asks_init(struct dtt_lan_asks *a, uint64_t mono_ns)
{
    *a = (struct dtt_lan_asks){.last_ns = DTT_NEVER};
    dtt_lan_asks_restart(a, mono_ns);
}

void dtt_lan_asks_restart(struct dtt_lan_asks *a, uint64_t mono_ns)
{
    a->n = 0;
    a->first_ns = a->next_ns = mono_ns;
}

bool dtt_lan_asks_begin(struct dtt_lan_asks *a, uint64_t mono_ns, dtt_lan_link_set links)
{
    a->links = links;
    a->last_ns = mono_ns;
    do {
        a->n++; /* those that came due together while the host slept are one */
    } while (a->n < ASKS && a->first_ns + asks[a->n] <= mono_ns);
    a->next_ns = a->n < ASKS ? dtt_add_ns(a->first_ns, asks[a->n]) : DTT_NEVER;
    return a->n < ASKS;
}
