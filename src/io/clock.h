/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef DTT_IO_CLOCK_H
#define DTT_IO_CLOCK_H

#include "base/time.h"

/** The time now; mono_ns is CLOCK_BOOTTIME, which also counts while the host sleeps. */
struct dtt_now dtt_clock_now(void);

#endif
