/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What ngtcp2 calls. */
#ifndef DTT_QUIC_CALLBACKS_H
#define DTT_QUIC_CALLBACKS_H

#include "quic/conn.h"

extern const ngtcp2_callbacks dtt_qcallbacks;

#endif
