/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/self.h"

#include "base/addr.h"

#include <dtt/record.h>

void dtt_announce_init(struct dtt_announce *a)
{
    a->due_ns = DTT_NEVER;
    a->seq = 0;
    a->len = 0;
}

void dtt_announce_soon(struct dtt_announce *a, struct dtt_now now)
{
    a->due_ns = dtt_min_ns(a->due_ns, now.mono_ns + DTT_ANNOUNCE_DELAY_NS);
}

void dtt_announce_failed(struct dtt_announce *a, struct dtt_now now)
{
    a->due_ns = dtt_min_ns(a->due_ns, now.mono_ns + DTT_ANNOUNCE_RETRY_NS);
}

static size_t keep_public(struct dtt_addr ret[DTT_RECORD_ADDRS], const struct dtt_addr *addrs,
                          size_t n)
{
    size_t kept = 0;
    bool has_global = false;
    for (size_t i = 0; i < n; i++) {
        has_global = has_global || dtt_addr_scope(&addrs[i]) == DTT_SCOPE_GLOBAL;
    }
    for (size_t i = 0; i < n && kept < DTT_RECORD_ADDRS; i++) {
        if (!has_global || dtt_addr_scope(&addrs[i]) == DTT_SCOPE_GLOBAL) {
            ret[kept++] = addrs[i];
        }
    }
    return kept;
}

bool dtt_announce_take(struct dtt_announce *a, struct dtt_now now, const struct dtt_id *id,
                       const struct dtt_addr *addrs, size_t n)
{
    struct dtt_addr kept[DTT_RECORD_ADDRS];
    uint8_t buf[DTT_PKARR_PACKET_MAX];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    if (now.mono_ns < a->due_ns) {
        return false;
    }
    a->due_ns = DTT_NEVER;
    n = keep_public(kept, addrs, n);
    if (n == 0) {
        return false;
    }
    dtt_pkarr_write(&w, id, kept, n);
    if (w.failed) {
        return false;
    }
    /* Readers take the highest number: what did not change keeps its own, as with iroh. */
    if (!dtt_slice_eq(dtt_slice(buf, w.len), dtt_slice(a->packet, a->len))) {
        int64_t micros = now.wall_ns / (int64_t)DTT_US;
        a->seq = micros > a->seq ? micros : a->seq + 1;
        memcpy(a->packet, buf, w.len);
        a->len = w.len;
    }
    a->due_ns = now.mono_ns + DTT_ANNOUNCE_AGAIN_NS;
    return true;
}
