/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/transport.h"

const struct dtt_transport_ops dtt_transport_quic = {
    .open = dtt_quic_new,
    .free = dtt_quic_free,
    .recv = dtt_quic_recv,
    .unreachable = dtt_quic_unreachable,
    .moved = dtt_quic_moved,
    .dial = dtt_quic_dial,
    .dial_twin = dtt_quic_dial_twin,
    .migrate = dtt_quic_migrate,
    .ping = dtt_quic_ping,
    .limit_dial = dtt_quic_limit_dial,
    .open_uni = dtt_quic_open_uni,
    .write = dtt_quic_write,
    .unacked = dtt_quic_unacked,
    .progress = dtt_quic_progress,
    .info = dtt_quic_info,
    .exporter = dtt_quic_exporter,
    .trust = dtt_quic_trust,
    .hold = dtt_quic_hold,
    .close = dtt_quic_close,
    .next_packet = dtt_quic_next_packet,
    .next_event = dtt_quic_next_event,
    .deadline = dtt_quic_deadline,
    .tick = dtt_quic_tick,
};
