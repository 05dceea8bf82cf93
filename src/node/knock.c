/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/knock.h"

static const uint8_t bytes[1] = {0};

struct dtt_slice dtt_knock_bytes(void)
{
    return dtt_slice(bytes, sizeof(bytes));
}

bool dtt_knock_is(struct dtt_slice datagram)
{
    return dtt_slice_eq(datagram, dtt_knock_bytes());
}

void dtt_knock_send(struct dtt_links *p, struct dtt_now now, const struct dtt_addr *addr,
                    uint8_t hops)
{
    if (dtt_destinations_knock(&p->destinations, now, addr)) {
        dtt_knock_push(p, &(struct dtt_knock){.addr = *addr, .hops = hops});
    } else {
        DTT_COUNT(p->ctx, NODE_KNOCKS_REFUSED);
    }
}

void dtt_knock_push(struct dtt_links *p, const struct dtt_knock *knock)
{
    struct dtt_knock *place = dtt_ring_push(&p->knocks);
    if (place) {
        *place = *knock;
    } else {
        DTT_COUNT(p->ctx, NODE_KNOCKS_REFUSED);
    }
}

bool dtt_knock_next(struct dtt_links *p, struct dtt_knock *ret)
{
    if (!dtt_ring_take(&p->knocks, ret)) {
        return false;
    }
    DTT_COUNT(p->ctx, NODE_TX_KNOCKS);
    DTT_TRACE(p->ctx, NODE_KNOCK, dtt_tv_addr(&ret->addr), dtt_tv_int(ret->hops));
    return true;
}
