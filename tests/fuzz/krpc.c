/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/krpc.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool is_same(struct dtt_krpc_int a, struct dtt_krpc_int b)
{
    return a.is_set == b.is_set && a.n == b.n;
}

static bool has_same_fields(const struct dtt_krpc *a, const struct dtt_krpc *b)
{
    return dtt_slice_eq(a->v, b->v) && dtt_slice_eq(a->salt, b->salt) &&
           dtt_slice_eq(a->token, b->token) && is_same(a->seq, b->seq) && is_same(a->cas, b->cas) &&
           dtt_slice_eq(a->nodes, b->nodes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct dtt_krpc m, again;
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
    if (m.type == DTT_KRPC_QUERY && m.method == DTT_KRPC_M_UNKNOWN) {
        return 0;
    }
    /* Encoding what was decoded means the same. */
    size_t cap = len + 200;
    uint8_t *buf = malloc(cap);
    int n = buf ? dtt_krpc_encode(&m, buf, cap) : -1;
    if (n > 0) {
        if (dtt_krpc_decode(dtt_slice(buf, (size_t)n), &again) != 0 || again.type != m.type ||
            again.method != m.method || !dtt_slice_eq(again.t, m.t)) {
            abort();
        }
        /* Only what belongs to its type is encoded, whatever else came along. */
        if (m.type == DTT_KRPC_ERROR ? again.error != m.error : !has_same_fields(&again, &m)) {
            abort();
        }
    }
    free(buf);
    return 0;
}
