/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Packets of addresses, and answers of name servers: the readers are total, and what was found is
 * written and read again.
 */
#include "codec/pkarr.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* The key of seed 01 x 32, to which the seeds of the corpus belong. */
    const struct dtt_id id = {{0x8a, 0x88, 0xe3, 0xdd, 0x74, 0x09, 0xf1, 0x95, 0xfd, 0x52, 0xdb,
                               0x2d, 0x3c, 0xba, 0x5d, 0x72, 0xca, 0x67, 0x09, 0xbf, 0x1d, 0x94,
                               0x12, 0x1b, 0xf3, 0x74, 0x88, 0x01, 0xb4, 0x0f, 0x6f, 0x5c}};
    struct dtt_pkarr_place place, again;
    uint8_t buf[DTT_PKARR_PACKET_MAX];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    int n = dtt_pkarr_read_answer(dtt_slice(data, size), &id, "dns.test", &place);
    if (n <= 0) {
        n = dtt_pkarr_read(dtt_slice(data, size), &id, &place);
    }
    if (n > 0) {
        dtt_pkarr_write(&w, &id, place.relay, place.addrs, (size_t)n);
        if (w.failed || dtt_pkarr_read(dtt_slice(buf, w.len), &id, &again) != n ||
            strcmp(place.relay, again.relay) != 0) {
            abort();
        }
        for (int i = 0; i < n; i++) {
            if (!dtt_addr_eq(&place.addrs[i], &again.addrs[i])) {
                abort();
            }
        }
    }
    return 0;
}
