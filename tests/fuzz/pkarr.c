/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Packets of addresses: the reader is total, and what it found is written and read again. */
#include "codec/pkarr.h"

#include "base/addr.h"

#include <stdlib.h>

#define ADDRS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* The key of seed 01 x 32, to which the seeds of the corpus belong. */
    const struct dtt_id id = {{0x8a, 0x88, 0xe3, 0xdd, 0x74, 0x09, 0xf1, 0x95, 0xfd, 0x52, 0xdb,
                               0x2d, 0x3c, 0xba, 0x5d, 0x72, 0xca, 0x67, 0x09, 0xbf, 0x1d, 0x94,
                               0x12, 0x1b, 0xf3, 0x74, 0x88, 0x01, 0xb4, 0x0f, 0x6f, 0x5c}};
    struct dtt_addr addrs[ADDRS], again[ADDRS];
    uint8_t buf[DTT_PKARR_PACKET_MAX];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    int n = dtt_pkarr_read(dtt_slice(data, size), &id, addrs, ADDRS);
    if (n > 0) {
        dtt_pkarr_write(&w, &id, addrs, (size_t)n);
        if (w.failed || dtt_pkarr_read(dtt_slice(buf, w.len), &id, again, ADDRS) != n) {
            abort();
        }
        for (int i = 0; i < n; i++) {
            if (!dtt_addr_eq(&addrs[i], &again[i])) {
                abort();
            }
        }
    }
    return 0;
}
