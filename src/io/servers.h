/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The servers that a core asks where peers are (node/lookups.h): a stream of bytes for each request
 * to a pkarr server, and a thread for each question to the host's name servers. Relays, too.
 */
#ifndef DTT_IO_SERVERS_H
#define DTT_IO_SERVERS_H

#include "io/relay_clients.h"
#include "io/stream.h"
#include "node/lookups.h"

#define DTT_SERVERS_TEXTS 8 /**< threads that ask name servers */

struct dtt_server_stream;
struct dtt_server_text;

/** Set the first four; must not move. */
struct dtt_servers {
    struct dtt_ctx *ctx;
    struct dtt_core *core;
    uv_loop_t *loop;
    bool *is_stale; /**< set when the loop watches something else from now on */
    struct dtt_tls_trust trust;
    char *ca_file; /**< ours; NULL: the system's authorities */
    struct dtt_relay_clients relays;
    struct dtt_server_stream *streams[DTT_PKARR_EXCHANGES]; /**< NULL: free */
    struct dtt_server_text *texts[DTT_SERVERS_TEXTS];       /**< likewise */
};

struct dtt_io_config;
/** Of all zero, but for what is to be set. DTT_ENOMEM. */
int dtt_servers_init(struct dtt_servers *s, struct dtt_now now, const struct dtt_io_config *cfg);
/** Starts what the core wants and ends what it wants no more. */
void dtt_servers_run(struct dtt_servers *s, struct dtt_now now);
uint64_t dtt_servers_deadline(const struct dtt_servers *s);
/** Comes before the loop closes its handles. */
void dtt_servers_fini(struct dtt_servers *s);

#endif
