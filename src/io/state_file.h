/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The file in which a node keeps what it knows between two lives. It is replaced as a whole: a new
 * file is written, synced and renamed, so that a crash leaves the old one or the new one. All of
 * this may wait for the disk; state_keeper.h says when it is done.
 */
#ifndef DTT_IO_STATE_FILE_H
#define DTT_IO_STATE_FILE_H

#include "base/bytes.h"

/**
 * DTT_OK, or DTT_EIO with a sentence when no state can be kept at `path`: it is no file, or its
 * folder is missing or not ours to write. Changes nothing.
 */
int dtt_state_file_check(const char *path, char *why, size_t cap);

/**
 * Where `path` is now: absolute, its links followed, so that a program that changes its folder
 * finds it again. On the heap; NULL without memory.
 */
char *dtt_state_file_locate(const char *path);

/** Bytes read, 0 when there is no file; DTT_EPROTO: longer than `cap`; DTT_EIO. */
int dtt_state_file_read(const char *path, uint8_t *buf, size_t cap);

/** What a write is for. */
enum dtt_state_file_use {
    DTT_STATE_FILE_SAVE, /**< to replace the file */
    DTT_STATE_FILE_TRY   /**< to see whether that would do; leaves all as it is */
};

/**
 * 0, or an errno: the file is as it was. EBUSY: somebody else writes it now. For any thread, and
 * for a process that has just been forked: it takes no lock and no memory.
 */
int dtt_state_file_write(const char *path, struct dtt_slice bytes, enum dtt_state_file_use use);

#endif
