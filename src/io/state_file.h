/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The file in which a node keeps what it knows between two lives. It is replaced as a whole: a new
 * file is written, synced and renamed, so that a crash leaves the old one or the new one. Writing
 * may wait for the disk and has a thread of its own. io.c says when.
 */
#ifndef DTT_IO_STATE_FILE_H
#define DTT_IO_STATE_FILE_H

#include "base/bytes.h"

struct dtt_state_file;

/** Copies the path. NULL without memory. Touches no file. */
struct dtt_state_file *dtt_state_file_new(const char *path);
const char *dtt_state_file_path(const struct dtt_state_file *f);
/** Waits for a write under way. NULL is fine. */
void dtt_state_file_free(struct dtt_state_file *f);

/** Bytes read, 0 when there is no file or it is longer than `cap`, or DTT_EIO. */
int dtt_state_file_read(const struct dtt_state_file *f, uint8_t *buf, size_t cap);
/** Begins to replace the file; waits for an earlier write. DTT_ENOMEM, DTT_EIO. */
int dtt_state_file_write(struct dtt_state_file *f, struct dtt_slice bytes);
/** Waits for the write under way. How the last one ended: DTT_OK, DTT_EIO. */
int dtt_state_file_wait(struct dtt_state_file *f);

#endif
