/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "lan/sources.h"

void dtt_lan_sources_init(struct dtt_lan_sources *s, uint64_t mono_ns)
{
    *s = (struct dtt_lan_sources){0};
    dtt_bucket_init(&s->all, DTT_LAN_OPEN_ALL_PER_SECOND, DTT_LAN_OPEN_ALL_BURST, mono_ns);
}

/* The host's place, or one that becomes its own. */
static struct dtt_lan_source *place_of(struct dtt_lan_sources *s, uint64_t mono_ns,
                                       const struct dtt_addr *from)
{
    struct dtt_lan_source *oldest = &s->list[0];
    for (size_t i = 0; i < DTT_LAN_SOURCES; i++) {
        struct dtt_lan_source *l = &s->list[i];
        if (l->addr.family != DTT_FAMILY_NONE && dtt_addr_same_ip(&l->addr, from)) {
            return l;
        }
        oldest = l->heard_ns < oldest->heard_ns ? l : oldest;
    }
    oldest->addr = *from;
    dtt_bucket_init(&oldest->bucket, DTT_LAN_OPEN_PER_SECOND, DTT_LAN_OPEN_BURST, mono_ns);
    return oldest;
}

bool dtt_lan_sources_take(struct dtt_lan_sources *s, uint64_t mono_ns, const struct dtt_addr *from)
{
    struct dtt_lan_source *l = place_of(s, mono_ns, from);
    l->heard_ns = mono_ns;
    return dtt_bucket_take(&l->bucket, 1, mono_ns) && dtt_bucket_take(&s->all, 1, mono_ns);
}
