/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/held.h"

#include <dtt/types.h>
#include <stdlib.h>

void dtt_held_init(struct dtt_held *h)
{
    memset(h, 0, sizeof(*h));
}

void dtt_held_fini(struct dtt_held *h)
{
    free(h->gets);
    dtt_held_init(h);
}

int dtt_held_add(struct dtt_held *h, const struct dtt_held_get *get)
{
    size_t same = 0;
    for (size_t i = 0; i < h->n; i++) {
        same += memcmp(h->gets[i].from.ip, get->from.ip, sizeof(get->from.ip)) == 0;
    }
    if (h->n == DTT_HELD_MAX || same == DTT_HELD_PER_ADDRESS) {
        return DTT_EFULL;
    }
    if (!h->gets) {
        h->gets = calloc(DTT_HELD_MAX, sizeof(*h->gets));
        if (!h->gets) {
            return DTT_ENOMEM;
        }
    }
    h->gets[h->n++] = *get;
    return DTT_OK;
}

static size_t find(const struct dtt_held *h, const struct dtt_addr *from)
{
    size_t i = 0;
    while (i < h->n && !dtt_addr_eq(&h->gets[i].from, from)) {
        i++;
    }
    return i;
}

bool dtt_held_has(const struct dtt_held *h, const struct dtt_addr *from)
{
    return find(h, from) < h->n;
}

bool dtt_held_take(struct dtt_held *h, const struct dtt_addr *from, struct dtt_held_get *ret)
{
    size_t i = find(h, from);
    if (i == h->n) {
        return false;
    }
    *ret = h->gets[i];
    memmove(&h->gets[i], &h->gets[i + 1], (h->n - i - 1) * sizeof(*h->gets));
    if (--h->n == 0) {
        dtt_held_fini(h);
    }
    return true;
}
