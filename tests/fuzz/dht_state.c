/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The state file's content: the input plus its right checksum, which a fuzzer would never find. */
#include "dht/state.h"

#include "crypto/hash.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const size_t crc_len = 4;
    struct dtt_dht_state s;
    uint8_t out[DTT_DHT_STATE_MAX];
    uint8_t *in = malloc(len + crc_len);
    if (!in) {
        return 0;
    }
    if (len) {
        memcpy(in, data, len);
    }
    dtt_put_be32(in + len, dtt_crc32c(dtt_slice(data, len)));
    if (dtt_dht_state_decode(dtt_slice(in, len + crc_len), &s) == 0) {
        int n = s.n <= DTT_DHT_STATE_NODES ? dtt_dht_state_encode(&s, out, sizeof(out)) : -1;
        if (n < 0 || dtt_dht_state_decode(dtt_slice(out, (size_t)n), &s) != 0) {
            abort();
        }
    }
    free(in);
    return 0;
}
