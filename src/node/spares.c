/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/spares.h"

#include <assert.h>

static size_t count_used(const struct dtt_spares *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        n += s->list[i].conn != 0;
    }
    return n;
}

bool dtt_spares_want(struct dtt_spares *s, size_t n)
{
    assert(n > 0 && n <= DTT_SPARES_MAX);
    if (s->is_kept || s->n > count_used(s) || s->n >= DTT_SPARES_USED) {
        return false;
    }
    s->n_wanted = n;
    s->is_kept = true;
    return true;
}

void dtt_spares_opened(struct dtt_spares *s, const struct dtt_addr *bound, size_t n)
{
    for (size_t i = 0; i < n && s->n < sizeof(s->list) / sizeof(s->list[0]); i++) {
        s->list[s->n++] = (struct dtt_spare){.bound = bound[i]};
    }
}

void dtt_spares_release(struct dtt_spares *s)
{
    s->is_kept = false;
    s->n_wanted = 0;
}

struct dtt_spare *dtt_spares_find(struct dtt_spares *s, const struct dtt_addr *local)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->list[i].bound.port == local->port && s->list[i].bound.family == local->family) {
            return &s->list[i];
        }
    }
    return NULL;
}

struct dtt_spare *dtt_spares_turn(struct dtt_spares *s)
{
    for (size_t i = 0; i < s->n; i++) {
        struct dtt_spare *spare = &s->list[s->turn++ % s->n];
        if (spare->conn == 0) {
            return spare;
        }
    }
    return NULL;
}

void dtt_spares_ended(struct dtt_spares *s, dtt_quic_conn conn)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->list[i].conn == conn) {
            s->list[i].conn = 0;
        }
    }
}

bool dtt_spares_next(struct dtt_spares *s, struct dtt_socket_wish *ret)
{
    *ret = (struct dtt_socket_wish){.n_open = s->n_wanted};
    if (s->n_wanted > 0) {
        s->n_wanted = 0;
        return true;
    }
    for (size_t i = 0; i < s->n && !s->is_kept; i++) {
        if (s->list[i].conn == 0) {
            ret->close = s->list[i].bound;
            s->list[i] = s->list[--s->n];
            return true;
        }
    }
    return false;
}
