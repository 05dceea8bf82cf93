/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/krpc_stable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct dtt_krpc m;
    struct dtt_addr a;
    uint8_t id[DTT_NODE_ID_BYTES];
    if (dtt_krpc_decode(dtt_slice(data, len), &m) != 0) {
        return 0;
    }
    struct dtt_reader r = dtt_reader(m.values);
    while (dtt_krpc_next_value(&r, &a)) {
    }
    r = dtt_reader(m.nodes);
    while (dtt_krpc_next_node(&r, DTT_FAMILY_V4, id, &a)) {
    }
    r = dtt_reader(m.nodes6);
    while (dtt_krpc_next_node(&r, DTT_FAMILY_V6, id, &a)) {
    }
    if (!krpc_is_stable(&m)) {
        abort();
    }
    return 0;
}
