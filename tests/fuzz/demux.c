/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Any datagram is KRPC or QUIC by its first two bytes alone. */
#include "quic/demux.h"
#include "quic/quic.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    bool want = len >= 2 && data[0] == 'd' && data[1] >= '0' && data[1] <= '9';
    if (dtt_quic_demux_is_krpc(dtt_slice(data, len)) != want) {
        abort();
    }
    return 0;
}
