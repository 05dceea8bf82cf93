/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the host says: the time and random bytes. */
#ifndef DTT_IO_HOST_H
#define DTT_IO_HOST_H

#include "base/time.h"

#include <stddef.h>

/** The time now; mono_ns is CLOCK_BOOTTIME, which also counts while the host sleeps. */
struct dtt_now dtt_host_now(void);

/** Gives the system back what the heap has free, where it can. */
void dtt_host_trim_heap(void);

/** At most 256 random bytes of the system, fit for keys. DTT_EIO when there are none. */
int dtt_host_entropy(void *buf, size_t len);

#define DTT_HOST_DESCRIPTORS_MAX 32
/** DTT_EMFILE: the process cannot open `n` descriptors now, at most DTT_HOST_DESCRIPTORS_MAX. */
int dtt_host_descriptors(size_t n);

#endif
