/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The hash of a closed topic, which only holders of its secret can make. docs/protocol/slots.md. */
#ifndef DTT_RECORD_CLOSED_H
#define DTT_RECORD_CLOSED_H

#include "base/bytes.h"

/**
 * Some 0.2 s of work and 16 MiB, on purpose: who guesses at secrets pays it for each guess.
 * DTT_ENOMEM.
 */
int dtt_closed_topic(uint8_t ret[32], const char *name, struct dtt_slice secret);

#endif
