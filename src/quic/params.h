/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ngtcp2's settings and the transport parameters (RFC 9000, section 18) of all our connections. */
#ifndef DTT_QUIC_PARAMS_H
#define DTT_QUIC_PARAMS_H

#include "quic/conn.h"

void dtt_qparams_settings(struct dtt_qshared *sh, ngtcp2_settings *ret);
void dtt_qparams_transport(const struct dtt_qshared *sh, ngtcp2_transport_params *ret);

#endif
