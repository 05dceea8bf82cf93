/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Addresses to and from the form ngtcp2 wants. */
#ifndef DTT_QUIC_PATH_H
#define DTT_QUIC_PATH_H

#include "base/addr.h"
#include "quic/ngtcp2_compat.h"

/** `ret` points into itself: it must not be copied. */
void dtt_qpath_init(ngtcp2_path_storage *ret, const struct dtt_addr *local,
                    const struct dtt_addr *remote);
void dtt_qpath_addr(const ngtcp2_addr *addr, struct dtt_addr *ret);

#endif
