/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/spare_sockets.h"

#include <stdlib.h>
#include <sys/resource.h>

struct dtt_spare_socket {
    struct dtt_udp udp;
    uv_poll_t poll;
    struct dtt_spare_sockets *owner;
};

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct dtt_spare_socket *spare = handle->data;
    (void)status;
    (void)events;
    spare->owner->on_readable(spare->owner->user, &spare->udp);
}

static struct dtt_spare_socket *find(const struct dtt_spare_sockets *s,
                                     const struct dtt_addr *local)
{
    for (size_t i = 0; i < s->n && local->family == DTT_FAMILY_V4; i++) {
        if (s->list[i]->udp.bound.port == local->port) {
            return s->list[i];
        }
    }
    return NULL;
}

/* A descriptor is the lowest free number, so its own number tells how many are open at most. */
static bool leaves_enough(int fd)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
           (limit.rlim_cur == RLIM_INFINITY || (rlim_t)fd + DTT_SPARES_FREE < limit.rlim_cur);
}

static struct dtt_spare_socket *open_one(struct dtt_spare_sockets *s, const struct dtt_addr *addr)
{
    struct dtt_spare_socket *spare = calloc(1, sizeof(*spare));
    if (!spare || dtt_udp_open(&spare->udp, addr) != DTT_OK) {
        free(spare);
        return NULL;
    }
    if (!leaves_enough(spare->udp.fd) || uv_poll_init(s->loop, &spare->poll, spare->udp.fd) != 0) {
        dtt_udp_close(&spare->udp);
        free(spare);
        return NULL;
    }
    dtt_udp_ignore_errors(&spare->udp);
    spare->owner = s;
    spare->poll.data = spare;
    uv_poll_start(&spare->poll, UV_READABLE, on_poll);
    return spare;
}

size_t dtt_spare_sockets_open(struct dtt_spare_sockets *s, const struct dtt_addr *beside, size_t n,
                              struct dtt_addr ret[DTT_SPARES_MAX])
{
    struct dtt_addr addr = *beside;
    size_t opened = 0;
    addr.port = 0;
    while (opened < n && opened < DTT_SPARES_MAX && s->n < sizeof(s->list) / sizeof(s->list[0])) {
        struct dtt_spare_socket *spare = open_one(s, &addr);
        if (!spare) {
            break;
        }
        s->list[s->n++] = spare;
        ret[opened++] = spare->udp.bound;
    }
    return opened;
}

static void close_one(struct dtt_spare_socket *spare)
{
    uv_poll_stop(&spare->poll); /* before its descriptor goes */
    dtt_udp_close(&spare->udp);
    uv_close((uv_handle_t *)&spare->poll, on_closed);
}

void dtt_spare_sockets_close(struct dtt_spare_sockets *s, const struct dtt_addr *bound)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->list[i]->udp.bound.port == bound->port) {
            close_one(s->list[i]);
            s->list[i] = s->list[--s->n];
            return;
        }
    }
}

void dtt_spare_sockets_fini(struct dtt_spare_sockets *s)
{
    while (s->n > 0) {
        close_one(s->list[--s->n]);
    }
    free(s->tx);
    s->tx = NULL;
}

bool dtt_spare_sockets_has(const struct dtt_spare_sockets *s, const struct dtt_core_packet *p)
{
    return s->n > 0 && find(s, &p->local) != NULL;
}

bool dtt_spare_sockets_send(struct dtt_spare_sockets *s, const struct dtt_core_packet *p)
{
    struct dtt_udp *u = &find(s, &p->local)->udp;
    u->tx = s->tx; /* one batch for all of them: each goes out before the next one begins */
    bool is_sent = dtt_udp_add(u, &p->local, &p->remote, p->ecn, p->hops, p->segment, p->data);
    if (dtt_udp_flush(u) != DTT_OK) {
        dtt_udp_drop(u);
    }
    is_sent = is_sent && u->n_failed == 0;
    u->n_failed = 0;
    s->tx = u->tx;
    u->tx = NULL;
    return is_sent;
}
