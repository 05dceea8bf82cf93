/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/hostaddrs.h"

#include "io/udp.h"

#include <uv.h>

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
            struct dtt_addr a = dtt_udp_addr(&interfaces[i].address);
            a.port = bound->port;
            if (a.family == bound->family && dtt_addr_scope(&a) == order[k]) {
                list[(*n)++] = a;
            }
        }
    }
    uv_free_interface_addresses(interfaces, count);
}
