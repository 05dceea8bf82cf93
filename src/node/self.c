/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/self.h"

#include "base/addr.h"

void dtt_self_init(struct dtt_self *s)
{
    *s = (struct dtt_self){.due_ns = DTT_NEVER};
}

static void add(struct dtt_addr *list, size_t *n, const struct dtt_addr *addr)
{
    if (!dtt_addr_is_in(list, *n, addr) && *n < DTT_CORE_ADDRS && dtt_addr_is_usable(addr)) {
        list[(*n)++] = *addr;
    }
}

/* What the DHT sees is gone, too, where it is an address that the host has no more. */
void dtt_self_set_local(struct dtt_self *s, const struct dtt_addr *addrs, size_t n)
{
    for (size_t i = 0; i < 2; i++) {
        if (dtt_addr_is_in(s->local, s->n_local, &s->external[i]) &&
            !dtt_addr_is_in(addrs, n, &s->external[i])) {
            s->external[i] = (struct dtt_addr){0};
        }
    }
    s->n_local = 0;
    s->is_local_known = true;
    for (size_t i = 0; i < n; i++) {
        add(s->local, &s->n_local, &addrs[i]);
    }
}

void dtt_self_set_external(struct dtt_self *s, const struct dtt_addr *addr)
{
    s->external[addr->family == DTT_FAMILY_V6] = *addr;
}

size_t dtt_self_addrs(const struct dtt_self *s, struct dtt_addr ret[DTT_CORE_ADDRS])
{
    size_t n = 0;
    add(ret, &n, &s->mapped);
    for (int i = 0; i < 2; i++) {
        add(ret, &n, &s->external[i]);
    }
    for (size_t i = 0; i < s->n_local; i++) {
        add(ret, &n, &s->local[i]);
    }
    return n;
}

size_t dtt_self_told(const struct dtt_self *s, struct dtt_addr ret[DTT_CORE_ADDRS])
{
    size_t n = dtt_self_addrs(s, ret);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (dtt_addr_scope(&ret[i]) != DTT_SCOPE_LOOPBACK) {
            ret[kept++] = ret[i];
        }
    }
    return kept ? kept : n;
}

size_t dtt_self_public(const struct dtt_self *s, struct dtt_addr ret[DTT_CORE_ADDRS])
{
    size_t n = dtt_self_told(s, ret);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (dtt_addr_scope(&ret[i]) == DTT_SCOPE_GLOBAL) {
            ret[kept++] = ret[i];
        }
    }
    return kept ? kept : n;
}

bool dtt_self_is_seen(const struct dtt_self *s)
{
    return s->external[0].family != DTT_FAMILY_NONE || s->external[1].family != DTT_FAMILY_NONE;
}

void dtt_self_soon(struct dtt_self *s, struct dtt_now now, uint64_t delay_ns)
{
    s->due_ns = dtt_min_ns(s->due_ns, now.mono_ns + delay_ns);
}

void dtt_self_failed(struct dtt_self *s, struct dtt_now now)
{
    s->due_ns = dtt_min_ns(s->due_ns, now.mono_ns + DTT_SELF_RETRY_NS);
}

bool dtt_self_take(struct dtt_self *s, struct dtt_now now, const struct dtt_id *id,
                   const char *relay)
{
    struct dtt_addr addrs[DTT_CORE_ADDRS];
    size_t n = dtt_self_public(s, addrs);
    uint8_t buf[DTT_PKARR_PACKET_MAX];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    if (now.mono_ns < s->due_ns) {
        return false;
    }
    s->due_ns = DTT_NEVER;
    if (n == 0 && relay[0] == '\0') {
        return false;
    }
    dtt_pkarr_write(&w, id, relay, addrs, n);
    if (w.failed) {
        return false;
    }
    /* Readers take the highest number. An unchanged packet keeps its own, as with iroh. */
    if (!dtt_slice_eq(dtt_slice(buf, w.len), dtt_slice(s->packet, s->len))) {
        int64_t micros = now.wall_ns / (int64_t)DTT_US;
        s->seq = micros > s->seq ? micros : s->seq + 1;
        memcpy(s->packet, buf, w.len);
        s->len = w.len;
    }
    s->due_ns = now.mono_ns + DTT_SELF_AGAIN_NS;
    return true;
}
