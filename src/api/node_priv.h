/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The inside of the public node handle, shared by the files of this folder. */
#ifndef DTT_API_NODE_PRIV_H
#define DTT_API_NODE_PRIV_H

#include "base/ring.h"
#include "io/io.h"

#define DTT_LOG_LINE_MAX 256 /**< bytes, with the NUL */
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

/** Sends at once what a call made ready; `err` is the call's result. */
static inline int dtt_flushed(dtt_node *n, int err)
{
    dtt_io_flush(n->io);
    return err;
}

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
/** Why dtt_read_sized has refused a struct. */
const char *dtt_size_sentence(const void *theirs);

/** Writes the sentence where there is room for it (`why` may be NULL) and returns `err`. */
#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
int dtt_refuse(int err, char *why, size_t cap, const char *text, ...);

/** A peer may be given with such an address: a usable one, or none. */
static inline bool dtt_config_takes_addr(const struct dtt_addr *addr)
{
    return addr->family == DTT_FAMILY_NONE || dtt_addr_is_usable(addr);
}

/** The caller's config as ours, checked; a sentence says what is wrong. DTT_EINVAL, DTT_EADDR. */
int dtt_config_read(struct dtt_config *ours, const struct dtt_config *theirs, char *why,
                    size_t cap);

#define DTT_TOPIC_PEERS 64

/** The same of a topic: `cfg` points to the copies beside it. */
struct dtt_topic_args {
    struct dtt_topic_config cfg;
    struct dtt_tuning tuning;
    struct dtt_peer_addr peers[DTT_TOPIC_PEERS];
};
int dtt_topic_args_read(struct dtt_topic_args *ours, const struct dtt_topic_config *theirs,
                        char *why, size_t cap);

#endif
