/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One write of the state file, by a process of its own. The disk may take as long as it likes: who
 * has started the write may let go of it at any time, and may end. A thread would not do: while the
 * kernel waits for a disk in its name, the process it belongs to cannot end.
 */
#ifndef DTT_IO_STATE_WRITE_H
#define DTT_IO_STATE_WRITE_H

#include "io/state_file.h"

/**
 * Begins to write. Returns a descriptor that is readable when the write has ended, and that the
 * caller closes, or minus an errno.
 */
int dtt_state_write_start(const char *path, struct dtt_slice bytes, enum dtt_state_file_use use);
/** Once the descriptor has been readable: 0, or the errno the write ended with. */
int dtt_state_write_result(int fd);

#endif
