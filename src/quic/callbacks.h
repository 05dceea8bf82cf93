/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What ngtcp2 calls, and the settings and transport parameters all our connections have. */
#ifndef DTT_QUIC_CALLBACKS_H
#define DTT_QUIC_CALLBACKS_H

#include "quic/conn.h"

extern const ngtcp2_callbacks dtt_qcallbacks;

void dtt_qcallbacks_settings(struct dtt_qshared *sh, ngtcp2_settings *ret);
void dtt_qcallbacks_params(const struct dtt_qshared *sh, ngtcp2_transport_params *ret);

#endif
