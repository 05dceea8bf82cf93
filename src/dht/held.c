/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/held.h"

#include "base/array.h"

#include <dtt/types.h>
#include <stdlib.h>

void dtt_held_fini(struct dtt_held *held)
{
    free(held->gets);
    *held = (struct dtt_held){0};
}

int dtt_held_add(struct dtt_held *held, const struct dtt_held_get *get)
{
    size_t same = 0;
    for (size_t i = 0; i < held->n; i++) {
        same += memcmp(held->gets[i].from.ip, get->from.ip, sizeof(get->from.ip)) == 0;
    }
    if (held->n == DTT_HELD_MAX || same == DTT_HELD_PER_ADDRESS) {
        return DTT_EFULL;
    }
    if (!held->gets) {
        held->gets = calloc(DTT_HELD_MAX, sizeof(*held->gets));
        if (!held->gets) {
            return DTT_ENOMEM;
        }
    }
    held->gets[held->n++] = *get;
    return DTT_OK;
}

static size_t find(const struct dtt_held *held, const struct dtt_addr *from)
{
    size_t i = 0;
    while (i < held->n && !dtt_addr_eq(&held->gets[i].from, from)) {
        i++;
    }
    return i;
}

bool dtt_held_has(const struct dtt_held *held, const struct dtt_addr *from)
{
    return find(held, from) < held->n;
}

bool dtt_held_take(struct dtt_held *held, const struct dtt_addr *from, struct dtt_held_get *ret)
{
    size_t i = find(held, from);
    if (i == held->n) {
        return false;
    }
    *ret = held->gets[i];
    dtt_array_remove(held->gets, &held->n, sizeof(*held->gets), i);
    if (held->n == 0) {
        dtt_held_fini(held);
    }
    return true;
}
