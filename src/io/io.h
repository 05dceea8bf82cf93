/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Drives a core with the real world: sockets, clock, timer, name look-ups, all behind one
 * descriptor that can sit in anybody's loop.
 */
#ifndef DTT_IO_IO_H
#define DTT_IO_IO_H

#include "node/core.h"
#include "node/limits.h"
#include "node/lookups.h"
#include "node/relays.h"

#define DTT_IO_BOOTSTRAPS 32

struct dtt_io;

struct dtt_io_config {
    struct dtt_ctx *ctx;
    uint8_t node_seed[32];
    bool dht_only;
    bool read_only;
    enum dtt_core_portmap portmap;
    bool has_lan;             /**< members are looked for in the local network, too */
    bool is_lan_iroh;         /**< and iroh's own service there is spoken */
    const char *const *pkarr; /**< as the next four in struct dtt_core_config */
    size_t n_pkarr;
    const char *const *dns_origins;
    size_t n_dns_origins;
    bool is_addrs_public;
    const char *ca_file;       /**< PEM, instead of the system's authorities; NULL: the latter */
    struct dtt_addr listen[2]; /**< at most one a family; family none: none of it */
    bool listen_is_default;    /**< a family the host does not have is then no error */
    const char *const *hosts;  /**< "HOST:PORT", checked by dtt_addr_split_host */
    size_t n_hosts;
    const char *const *relays; /**< as in struct dtt_core_config */
    size_t n_relays;
    const char *state_file; /**< NULL: none */
};

/** LISTENING is queued, and nothing before it. Errors: those of dtt_node_open. */
int dtt_io_open(struct dtt_io **ret, const struct dtt_io_config *cfg);
/** Says goodbye, closes and frees. NULL is fine. */
void dtt_io_close(struct dtt_io *io);

struct dtt_core *dtt_io_core(struct dtt_io *io);
struct dtt_now dtt_io_now(const struct dtt_io *io);
/** Bound addresses, 1 or 2. */
size_t dtt_io_bound(const struct dtt_io *io, struct dtt_addr ret[2]);

int dtt_io_fd(const struct dtt_io *io);
int dtt_io_timeout_ms(const struct dtt_io *io);
/** Blocks until there is work, at most `timeout_ms` (-1: for ever). A signal ends it too. */
int dtt_io_wait(const struct dtt_io *io, int timeout_ms);
int dtt_io_process(struct dtt_io *io);
/** Of the core's queue; the descriptor is readable until it has been drained. */
const struct dtt_event *dtt_io_next_event(struct dtt_io *io);
/** Sends what the application's last call made ready, and sets the timer anew. */
void dtt_io_flush(struct dtt_io *io);
/** Saves the state file now and tells how that ended; false: none is kept. */
bool dtt_io_save_state(struct dtt_io *io);
void dtt_io_wake(struct dtt_io *io);
/** Whether dtt_io_wake was called since last asked. */
bool dtt_io_take_wake(struct dtt_io *io);

#endif
