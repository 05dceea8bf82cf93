/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef DTT_IO_ENTROPY_H
#define DTT_IO_ENTROPY_H

#include <stddef.h>

/** Fills `buf` from the system's entropy. 0 or DTT_EIO. */
int dtt_entropy(void *buf, size_t len);

#endif
