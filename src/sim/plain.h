/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A transport without cryptography for large swarms: what QUIC does for a node, in datagrams of its
 * own over the simulated network, so that loss, delay, NAT and cuts act on it as on QUIC. The id
 * that a peer claims is believed. Kept of QUIC are: two round trips until a dial is confirmed,
 * reliable streams, keep-alives, idle timeout, migration, resets, the limits on connections.
 * Streams of one connection wait for each other, and there is no congestion control.
 */
#ifndef DTT_SIM_PLAIN_H
#define DTT_SIM_PLAIN_H

#include "node/transport.h"

extern const struct dtt_transport_ops dtt_sim_plain;

#endif
