/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The relays of a core (node/core_relays.h) in a loop: a client of each, which stays connected. A
 * foreign relay, which peers name, has to be in the internet, or where a given one is: a name of
 * theirs must not lead into this host, or into the network around it.
 */
#ifndef DTT_IO_RELAY_CLIENTS_H
#define DTT_IO_RELAY_CLIENTS_H

#include "io/relay_stream.h"
#include "node/core.h"
#include "node/relays.h"

struct dtt_relay_clients;

struct dtt_relay_client {
    struct dtt_relay_clients *of;
    size_t number;
    uint32_t serial; /**< of a foreign relay */
    struct dtt_relay_stream *stream;
};

/** Set the first five; must not move. */
struct dtt_relay_clients {
    struct dtt_ctx *ctx;
    struct dtt_core *core;
    uv_loop_t *loop;
    bool *is_stale;              /**< set when the loop watches something else from now on */
    struct dtt_tls_trust *trust; /**< for https; outlives it */
    uint8_t seed[DTT_SEED_BYTES];
    unsigned scopes; /**< where foreign relays may be, as that of a stream */
    struct dtt_relay_client list[DTT_RELAYS_PLACES];
};

/** The relays as in struct dtt_core_config. DTT_EADDR, DTT_ENOMEM. */
int dtt_relay_clients_init(struct dtt_relay_clients *x, struct dtt_now now,
                           const uint8_t seed[DTT_SEED_BYTES], const char *const *urls, size_t n);
/** Does what is due. */
void dtt_relay_clients_run(struct dtt_relay_clients *x, struct dtt_now now);
/** A packet with `is_relayed`; what a relay does not take is lost. */
void dtt_relay_clients_send(struct dtt_relay_clients *x, struct dtt_now now,
                            const struct dtt_core_packet *packet);
uint64_t dtt_relay_clients_deadline(const struct dtt_relay_clients *x);
/** Comes before the loop closes its handles. */
void dtt_relay_clients_fini(struct dtt_relay_clients *x);

#endif
