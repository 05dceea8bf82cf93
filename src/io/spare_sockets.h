/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The spare sockets of a node (node/spares.h) in a loop: opened at the core's wish, each on a port
 * of its own, and closed by it. What does not leave at once is lost, as packets may be.
 */
#ifndef DTT_IO_SPARE_SOCKETS_H
#define DTT_IO_SPARE_SOCKETS_H

#include "io/udp.h"
#include "node/core.h"

#include <uv.h>

struct dtt_spare_socket;

/** Zero it and set loop, user and on_readable to initialise. */
struct dtt_spare_sockets {
    uv_loop_t *loop;
    void *user;
    void (*on_readable)(void *user, struct dtt_udp *u); /**< reads all there is */
    struct dtt_udp_tx *tx;                              /**< of all of them in turn */
    size_t n;
    struct dtt_spare_socket *list[DTT_SPARES_MAX + DTT_SPARES_USED];
};

/** Closes all; they are freed by the loop. */
void dtt_spare_sockets_fini(struct dtt_spare_sockets *s);
/**
 * Opens up to `n` on the address of `beside`, while the program keeps DTT_SPARES_FREE descriptors;
 * returns how many.
 */
size_t dtt_spare_sockets_open(struct dtt_spare_sockets *s, const struct dtt_addr *beside, size_t n,
                              struct dtt_addr ret[DTT_SPARES_MAX]);
void dtt_spare_sockets_close(struct dtt_spare_sockets *s, const struct dtt_addr *bound);
/** Whether the packet is to leave from one of them. */
bool dtt_spare_sockets_has(const struct dtt_spare_sockets *s, const struct dtt_core_packet *p);
/** Sends it. False: the system has refused it. */
bool dtt_spare_sockets_send(struct dtt_spare_sockets *s, const struct dtt_core_packet *p);

#endif
