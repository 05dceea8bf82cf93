/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What must hold for each datagram that decodes, whoever sent it. */
#ifndef TESTS_SUPPORT_KRPC_STABLE_H
#define TESTS_SUPPORT_KRPC_STABLE_H

#include "codec/bencode.h"
#include "dht/krpc.h"

#include <stdlib.h>
#include <string.h>

static inline bool krpc_is_canonical(struct dtt_slice value)
{
    struct dtt_reader r = dtt_reader(value);
    bool is_canonical = false;
    dtt_bencode_read_any(&r, &is_canonical);
    return is_canonical && !r.failed && dtt_reader_left(&r) == 0;
}

/* `v` and `values` go out as they came in: only what is canonical stays so. */
static inline bool krpc_has_canonical_parts(const struct dtt_krpc *m)
{
    size_t len = m->values.len + 2;
    uint8_t *list = malloc(len);
    if (!list) {
        return false;
    }
    list[0] = 'l';
    if (m->values.len > 0) {
        memcpy(list + 1, m->values.data, m->values.len);
    }
    list[len - 1] = 'e';
    bool is_canonical = krpc_is_canonical(dtt_slice(list, len));
    free(list);
    return is_canonical && (!m->v.data || m->is_v_canonical);
}

/*
 * Encodes what was decoded: it is canonical (dictionaries sorted), and means the same again, byte
 * by byte. True also for what cannot be encoded, a query whose method is unknown.
 */
static inline bool krpc_is_stable(const struct dtt_krpc *m)
{
    uint8_t first[4096], second[4096];
    struct dtt_krpc again;
    if (m->type == DTT_KRPC_QUERY && m->method == DTT_KRPC_M_UNKNOWN) {
        return true;
    }
    int len = dtt_krpc_encode(m, first, sizeof(first));
    if (len == DTT_ETOOBIG) {
        return true;
    }
    if (len <= 0 || dtt_krpc_decode(dtt_slice(first, (size_t)len), &again) != 0) {
        return false;
    }
    bool is_sorted =
        krpc_is_canonical(dtt_slice(first, (size_t)len)) || !krpc_has_canonical_parts(m);
    return is_sorted && dtt_krpc_encode(&again, second, sizeof(second)) == len &&
           memcmp(first, second, (size_t)len) == 0;
}

#endif
