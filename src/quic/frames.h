/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A guard in front of ngtcp2's frame parser. ngtcp2 before 1.5 aborts the process when a peer
 * announces a connection id below its own "retire prior to" twice
 * (ngtcp2_conn_track_retired_dcid_seq, "Unreachable"); a retransmission can do that. Debian 12 and
 * Ubuntu 24.04 ship 0.12.1.
 */
#ifndef DTT_QUIC_FRAMES_H
#define DTT_QUIC_FRAMES_H

#include <stddef.h>
#include <stdint.h>

/**
 * Makes "retire prior to" of all NEW_CONNECTION_ID frames in the decrypted payload of a packet 0,
 * as if the peer had not asked us to retire anything. Stops at the first malformed frame, where
 * ngtcp2 stops too.
 */
void dtt_qframes_retire_nothing(uint8_t *payload, size_t len);

#endif
