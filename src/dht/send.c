/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/send.h"

#include "dht/inside.h"

#include <dtt/types.h>

#define TRIM_NS (60 * DTT_S) /* after this much quiet the queue's memory is given back */

int dtt_send_datagram(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *to,
                      enum dtt_polite_kind kind, struct dtt_slice data)
{
    bool is_query = kind == DTT_POLITE_QUERY;
    if (!dtt_dht_has_family(d, to->family)) {
        return DTT_EREFUSED;
    }
    uint8_t *room = data.len <= DTT_DHT_PACKET_MAX ? dtt_outq_reserve(&d->out, data.len) : NULL;
    if (!room) {
        DTT_COUNT(d->ctx, DHT_TX_DROPPED);
        return DTT_EFULL;
    }
    switch (dtt_polite_send(&d->polite, now, to, kind)) {
    case DTT_POLITE_YES: break;
    case DTT_POLITE_LATER:
        if (is_query) {
            DTT_COUNT(d->ctx, DHT_QUERIES_DEFERRED);
        } else {
            DTT_COUNT(d->ctx, DHT_ANSWERS_DROPPED);
        }
        return DTT_EAGAIN;
    case DTT_POLITE_NO:
        if (is_query) {
            DTT_COUNT(d->ctx, DHT_QUERIES_REFUSED);
        } else {
            DTT_COUNT(d->ctx, DHT_ANSWERS_REFUSED);
        }
        return DTT_EREFUSED;
    }
    memcpy(room, data.data, data.len);
    dtt_outq_commit(&d->out, to, data.len);
    if (d->trim_ns == DTT_NEVER) {
        d->trim_ns = now.mono_ns + TRIM_NS;
    }
    return DTT_OK;
}
