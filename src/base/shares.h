/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Which holder of a connection or a handshake makes room (docs/design/admission.md): of the lowest
 * rank, in it of the largest source, in it the holder that has been of no use for longest.
 */
#ifndef DTT_BASE_SHARES_H
#define DTT_BASE_SHARES_H

#include <stddef.h>
#include <stdint.h>

struct dtt_place {
    unsigned rank;
    uint64_t host; /**< of its address, see dtt_addr_host */
    uint64_t network;
    uint64_t used_ns; /**< when it was last of use */
};

/** How much of the places of its rank the source of a place holds. */
size_t dtt_shares_of(const struct dtt_place *places, size_t n, const struct dtt_place *of);
/** The one of `n` > 0 that goes. */
size_t dtt_shares_victim(const struct dtt_place *places, size_t n);

#endif
