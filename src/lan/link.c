/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "lan/link.h"

#include <assert.h>

bool dtt_lan_link_has(const struct dtt_lan_link *link, const struct dtt_addr *addr)
{
    for (size_t i = 0; i < link->n_nets; i++) {
        const struct dtt_lan_net *net = &link->nets[i];
        size_t whole = net->prefix_len / 8;
        unsigned rest = net->prefix_len % 8;
        uint8_t differs = addr->ip[whole < 16 ? whole : 0] ^ net->addr.ip[whole < 16 ? whole : 0];
        if (net->addr.family == addr->family && whole <= dtt_addr_ip_len(addr) &&
            memcmp(net->addr.ip, addr->ip, whole) == 0 &&
            (rest == 0 || differs >> (8 - rest) == 0)) {
            return true;
        }
    }
    return false;
}

size_t dtt_lan_link_find(const struct dtt_lan_link *links, size_t n, uint32_t index, uint8_t family)
{
    size_t i = 0;
    while (i < n && (links[i].index != index || links[i].family != family)) {
        i++;
    }
    return i;
}

size_t dtt_lan_link_first(dtt_lan_link_set set)
{
    size_t i = 0;
    assert(set != 0);
    while (!(set >> i & 1)) {
        i++;
    }
    return i;
}

size_t dtt_lan_link_take(dtt_lan_link_set *set)
{
    size_t first = dtt_lan_link_first(*set);
    *set &= *set - 1;
    return first;
}
