/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Connects to relays to tell how they are: what `dtt doctor --relay` does, in a loop of its own. */
#ifndef DTT_IO_RELAY_PROBE_H
#define DTT_IO_RELAY_PROBE_H

#include <dtt/types.h>

#include <stdbool.h>
#include <stddef.h>

#define DTT_RELAY_PROBE_MAX 8
#define DTT_RELAY_PROBE_WHY_MAX 256

enum dtt_relay_probe_outcome {
    DTT_RELAY_PROBE_UNKNOWN, /**< the time was over, or the caller had enough */
    DTT_RELAY_PROBE_SERVES,  /**< it let us in and answers */
    DTT_RELAY_PROBE_FAILED   /**< why */
};

struct dtt_relay_probe_result {
    enum dtt_relay_probe_outcome outcome;
    uint64_t open_us; /**< from the first step until it let us in; 0: it has not */
    uint64_t rtt_us;  /**< a ping and its pong */
    char why[DTT_RELAY_PROBE_WHY_MAX];
};

struct dtt_relay_probe {
    const char *const *urls;      /**< "https://HOST[:PORT][/][?QUERY]", or with http */
    size_t n;                     /**< at most DTT_RELAY_PROBE_MAX */
    uint8_t seed[DTT_SEED_BYTES]; /**< of the endpoint as which we come */
    const char *ca_file;          /**< of trusted authorities; NULL: the system's */
    void *user;
    bool (*is_enough)(void *user); /**< asked ten times a second: whether to leave it */
};

/**
 * Blocks until all is known: at most as long as a relay may take to let us in and to answer. One
 * result for each URL. DTT_EADDR: not a URL; DTT_EINVAL: too many; DTT_EIO, DTT_ENOMEM.
 */
int dtt_relay_probe_run(const struct dtt_relay_probe *probe, struct dtt_relay_probe_result *ret);

#endif
