/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/hostaddrs.h"

#include <netinet/in.h>
#include <uv.h>

static struct dtt_addr of_interface(const uv_interface_address_t *i, uint16_t port)
{
    uint8_t ip[16];
    if (i->address.address4.sin_family == AF_INET) {
        memcpy(ip, &i->address.address4.sin_addr, 4);
        return dtt_addr_v4(ip[0], ip[1], ip[2], ip[3], port);
    }
    memcpy(ip, &i->address.address6.sin6_addr, 16);
    return dtt_addr_v6(ip, port);
}

void dtt_hostaddrs_list(const struct dtt_addr *bound, struct dtt_addr *list, size_t *n, size_t cap)
{
    static const enum dtt_addr_scope order[] = {DTT_SCOPE_GLOBAL, DTT_SCOPE_PRIVATE,
                                                DTT_SCOPE_LOOPBACK};
    uv_interface_address_t *interfaces;
    size_t before = *n;
    int count;
    if (!dtt_addr_is_wildcard(bound)) {
        if (*n < cap) {
            list[(*n)++] = *bound;
        }
        return;
    }
    if (uv_interface_addresses(&interfaces, &count) != 0) {
        return;
    }
    for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++) {
        if (order[k] == DTT_SCOPE_LOOPBACK && *n > before) {
            break;
        }
        for (int i = 0; i < count && *n < cap; i++) {
            struct dtt_addr a = of_interface(&interfaces[i], bound->port);
            if (a.family == bound->family && dtt_addr_scope(&a) == order[k]) {
                list[(*n)++] = a;
            }
        }
    }
    uv_free_interface_addresses(interfaces, count);
}
