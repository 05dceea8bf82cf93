/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Which of the host's addresses others are told. A record has places for a few, and a host may have
 * dozens, most of them of bridges for containers: so first, for each family, the addresses that the
 * kernel itself uses as source, then those of other interfaces, those of bridges last.
 */
#ifndef DTT_IO_HOSTADDRS_H
#define DTT_IO_HOSTADDRS_H

#include "base/addr.h"

#define DTT_HOSTADDRS_READ_MAX 256 /**< addresses of interfaces that are looked at */

/** Ports do not count but for those of `bound`. */
struct dtt_hostaddrs {
    struct dtt_addr bound[2]; /**< our sockets, at most one a family; family none: no socket */
    const struct dtt_addr *sources; /**< what the kernel uses, the most important first */
    size_t n_sources;
    const struct dtt_addr *others; /**< of interfaces that are up */
    const bool *is_bridge;         /**< whose interface is one for containers or machines in this */
    size_t n_others;
};

/**
 * Fills `ret` with at most `cap` addresses with ports, the best first; how many. A socket bound to
 * one address has this one. Of those bound to all, each family has one place at least. A link-local
 * address of IPv4 is named where the host has nothing else, loopback where it has not even this.
 */
size_t dtt_hostaddrs_choose(const struct dtt_hostaddrs *h, struct dtt_addr *ret, size_t cap);

/**
 * The same with what the host says now. `contacts`: where the kernel's route leads to nodes that we
 * ask, besides the one to everywhere. Nothing is sent. `ret_all`: a number that changes with the
 * addresses of the interfaces, those on links left out, and with those the kernel uses.
 */
size_t dtt_hostaddrs_read(const struct dtt_addr bound[2], const struct dtt_addr *contacts,
                          size_t n_contacts, struct dtt_addr *ret, size_t cap, uint64_t *ret_all);

#endif
