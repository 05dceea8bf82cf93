/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One write of the state file in a thread of its own. The disk may take as long as it likes:
 * whoever started the write may let go of it at any time.
 */
#ifndef DTT_IO_STATE_WRITE_H
#define DTT_IO_STATE_WRITE_H

#include "io/state_file.h"

struct dtt_state_write;

/** Copies what it is given. 0, or an errno. */
int dtt_state_write_start(struct dtt_state_write **ret, const char *path, struct dtt_slice bytes,
                          enum dtt_state_file_use use);
/** Lets go of it; what has not been written yet is written all the same. NULL is fine. */
void dtt_state_write_free(struct dtt_state_write *w);
/** Readable when the write has ended. */
int dtt_state_write_fd(const struct dtt_state_write *w);
/** Once its descriptor has been readable: 0, or the errno it ended with. */
int dtt_state_write_take(struct dtt_state_write *w);

#endif
