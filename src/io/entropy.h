/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef DTT_IO_ENTROPY_H
#define DTT_IO_ENTROPY_H

#include <stddef.h>

/** At most 256 random bytes of the system, fit for keys. DTT_EIO when there are none. */
int dtt_entropy(void *buf, size_t len);

#endif
