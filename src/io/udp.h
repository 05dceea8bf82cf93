/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A UDP socket with batched receiving and sending (recvmmsg, sendmmsg), segmentation offload
 * (UDP_GRO, UDP_SEGMENT) where the kernel has it, ECN, and ICMP errors.
 */
#ifndef DTT_IO_UDP_H
#define DTT_IO_UDP_H

#include "base/addr.h"

struct dtt_udp_rx; /* receive buffers; may serve several sockets in turn */
struct dtt_udp_tx; /* packets collected for one sendmmsg */

struct dtt_udp {
    int fd; /**< -1: not open */
    struct dtt_addr bound;
    bool has_segment; /**< UDP_SEGMENT works */
    struct dtt_udp_tx *tx;
    uint64_t n_failed; /**< batches that the system refused; the user sets it back */
};

struct dtt_udp_datagram {
    struct dtt_addr from;
    struct dtt_addr to; /**< the address of ours it came to, also when bound to all of them */
    unsigned ecn;
    struct dtt_slice data;
};

/**
 * Opens and binds a non-blocking socket; port 0 takes any, the one chosen stands in u->bound.
 * DTT_EADDRINUSE, DTT_EADDRNOTAVAIL, DTT_EPERM, DTT_EIO, DTT_ENOMEM.
 */
int dtt_udp_open(struct dtt_udp *u, const struct dtt_addr *addr);
void dtt_udp_close(struct dtt_udp *u);

/** ICMP errors are not told from now on. */
void dtt_udp_ignore_errors(struct dtt_udp *u);

struct dtt_udp_rx *dtt_udp_rx_new(void);
void dtt_udp_rx_free(struct dtt_udp_rx *rx);
/** Receives one batch; number of messages, 0 when there are none just now, DTT_EIO. */
int dtt_udp_recv(struct dtt_udp *u, struct dtt_udp_rx *rx);
/** Next datagram of the batch that `u` received (messages that came merged are split), or false. */
bool dtt_udp_next(const struct dtt_udp *u, struct dtt_udp_rx *rx, struct dtt_udp_datagram *ret);
/**
 * The address, without a port, from which a datagram to `to` would leave now; false: there is no
 * route. Nothing is sent.
 */
bool dtt_udp_source(const struct dtt_addr *to, struct dtt_addr *ret);
/** Next destination that an ICMP error reported as unreachable, or false. */
bool dtt_udp_next_error(struct dtt_udp *u, struct dtt_addr *ret);

/**
 * Adds a packet (several datagrams of `segment` bytes) to the batch; false when there is no room:
 * flush first. `from`: the address of ours it leaves from; the kernel chooses for NULL, no family
 * or a wildcard, and when the host has the address no more. `hops`: its hop limit (time to live);
 * 0: that of the system.
 */
bool dtt_udp_add(struct dtt_udp *u, const struct dtt_addr *from, const struct dtt_addr *to,
                 unsigned ecn, uint8_t hops, size_t segment, struct dtt_slice data);
/** Sends the batch. DTT_OK when all went out (or was refused for good), DTT_EAGAIN: call again. */
int dtt_udp_flush(struct dtt_udp *u);
/** Forgets what of the batch has not been sent. */
void dtt_udp_drop(struct dtt_udp *u);
/** Next destination of those batches to which this host has no route, or false. */
bool dtt_udp_next_routeless(struct dtt_udp *u, struct dtt_addr *ret);

#endif
