/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * KRPC and QUIC share one UDP socket. A KRPC message is a bencoded dictionary of string keys (BEP
 * 5): it begins with 'd' and a digit. A QUIC long header has bit 0x80 in its first byte, and 'd'
 * (0x64) does not. A short header may begin with any of 0x00..0x7f (RFC 9000, section 17.3; the
 * spin bit and header protection make 'd' a usual value, RFC 9287 frees bit 0x40), but its second
 * byte is the first byte of a connection id chosen by us: so no connection id of ours begins with a
 * digit.
 *
 * What remains is a stateless reset (random bytes but for its token): one in 64 * 256 / 10 = 1638
 * looks like KRPC. A datagram that does not parse as KRPC should be handed to QUIC.
 */
#ifndef DTT_QUIC_DEMUX_H
#define DTT_QUIC_DEMUX_H

#include "base/bytes.h"

static inline bool dtt_quic_demux_is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/** The rule that tells KRPC from QUIC. */
static inline bool dtt_quic_demux_is_krpc(struct dtt_slice datagram)
{
    return datagram.len >= 2 && datagram.data[0] == 'd' &&
           dtt_quic_demux_is_digit(datagram.data[1]);
}

/** Of a connection whose handshake is over, if it is QUIC at all. */
static inline bool dtt_quic_demux_is_short(struct dtt_slice datagram)
{
    return datagram.len > 0 && (datagram.data[0] & 0x80) == 0;
}

#endif
