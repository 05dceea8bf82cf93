/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the reason of an end means for the library. */
#ifndef DTT_BASE_REASON_H
#define DTT_BASE_REASON_H

#include <dtt/types.h>
#include <stdbool.h>

/** No goodbye was said: the peer is worth another dial. */
bool dtt_reason_is_silence(enum dtt_reason reason);

#endif
