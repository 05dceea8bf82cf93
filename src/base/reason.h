/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is to be done about an end, by its reason. */
#ifndef DTT_BASE_REASON_H
#define DTT_BASE_REASON_H

#include <dtt/types.h>
#include <stdbool.h>

/** Nobody said goodbye: the peer is worth another dial. */
bool dtt_reason_is_silence(enum dtt_reason reason);

#endif
