/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/demux.h"

#include "quic/quic.h"

bool dtt_quic_demux_is_krpc(struct dtt_slice datagram)
{
    return datagram.len >= 2 && datagram.data[0] == 'd' &&
           dtt_quic_demux_is_digit(datagram.data[1]);
}
