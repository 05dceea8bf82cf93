/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/host.h"

#include "io/udp.h"

#include <dtt/types.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

struct dtt_now dtt_host_now(void)
{
    struct timespec mono = {0};
    struct timespec wall = {0};
    clock_gettime(CLOCK_BOOTTIME, &mono);
    clock_gettime(CLOCK_REALTIME, &wall);
    return (struct dtt_now){
        .mono_ns = (uint64_t)mono.tv_sec * DTT_S + (uint64_t)mono.tv_nsec,
        .wall_ns = (int64_t)wall.tv_sec * (int64_t)DTT_S + wall.tv_nsec,
    };
}

int dtt_host_entropy(void *buf, size_t len)
{
    return getentropy(buf, len) == 0 ? DTT_OK : DTT_EIO;
}

void dtt_host_addrs(const struct dtt_addr *bound, struct dtt_addr *list, size_t *n, size_t cap)
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
