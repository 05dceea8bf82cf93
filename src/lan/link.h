/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The links of the host on which multicast DNS is spoken: an interface and a family each, with the
 * networks that it is in; and sets of them.
 */
#ifndef DTT_LAN_LINK_H
#define DTT_LAN_LINK_H

#include "base/addr.h"

#define DTT_LAN_LINKS 16 /**< interfaces, counted once for each family; others are not used */
#define DTT_LAN_NETS 8   /**< networks of a link; likewise */

struct dtt_lan_net {
    struct dtt_addr addr; /**< ours in it, port 0 */
    uint8_t prefix_len;
};

/** An interface and a family in which multicast can be sent and received. */
struct dtt_lan_link {
    uint32_t index; /**< of the interface, as the kernel counts */
    uint8_t family;
    size_t n_nets;
    struct dtt_lan_net nets[DTT_LAN_NETS];
};

/** Whether the address is in a network of the link; IPv6's own one of the link is one of them. */
bool dtt_lan_link_has(const struct dtt_lan_link *link, const struct dtt_addr *addr);
/** Its place in the list; `n`: it is not in there. */
size_t dtt_lan_link_find(const struct dtt_lan_link *links, size_t n, uint32_t index,
                         uint8_t family);

/** Bit n is the link at place n of a list. */
typedef uint32_t dtt_lan_link_set;

/** The first link of a set that is not empty. */
size_t dtt_lan_link_first(dtt_lan_link_set set);
/** Likewise; the set has it no more. */
size_t dtt_lan_link_take(dtt_lan_link_set *set);

#endif
