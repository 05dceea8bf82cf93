/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The inside of the public node handle, shared by the files of this folder. */
#ifndef DTT_API_NODE_PRIV_H
#define DTT_API_NODE_PRIV_H

#include "base/ring.h"
#include "io/io.h"

#define DTT_LOG_LINE_MAX  256 /**< bytes, with the NUL */
#define DTT_LOG_LINES_MAX 1024
/* Signatures and keys remembered: of the slots that are read again, of the peers of a view. */
#define DTT_NODE_VALID 256

struct dtt_log_line {
    int level;
    char text[DTT_LOG_LINE_MAX];
};

struct dtt_node {
    struct dtt_ctx ctx;
    struct dtt_memo valid; /**< for ctx */
    struct dtt_io *io;
    struct dtt_ring log; /**< struct dtt_log_line */
    struct dtt_log_line log_out;
    uint64_t log_lost;
};

/**
 * Reads a struct that begins with its size from a caller who may be older or newer than we are:
 * what an older one lacks is zero, what a newer one has beyond ours must be zero. False otherwise.
 */
bool dtt_read_sized(void *ours, size_t our_size, const void *theirs);
/**
 * Fills such a struct of the caller's as far as both know it, and says in its size how far that is.
 * False when it has none.
 */
bool dtt_write_sized(void *theirs, const void *ours, size_t our_size);

#endif
