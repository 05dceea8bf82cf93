/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/move.h"

#include "quic/path.h"
#include "quic/schedule.h"

void dtt_qmove_init(struct dtt_qconn *c)
{
    c->move.until_ns = DTT_NEVER;
    dtt_bucket_init(&c->move.trials, 1, DTT_QMOVE_TRIALS * DTT_QMOVE_TRIAL_S, c->sh->now_ns);
}

static void set_local(struct dtt_qconn *c, const struct dtt_addr *local)
{
    ngtcp2_path_storage ps;
    c->local = *local;
    dtt_qpath_init(&ps, local, &c->remote);
    ngtcp2_conn_set_local_addr(c->ng, &ps.path.local);
}

/*
 * A dial begins at the wildcard and learns our address from the first answer; later answers come to
 * another one when the host has lost the first. A client's datagram at another address of ours is a
 * new path, which ngtcp2 validates.
 */
void dtt_qmove_learn(struct dtt_qconn *c, const struct dtt_addr *local,
                     const struct dtt_addr *remote)
{
    if (c->is_dialed && !dtt_addr_is_wildcard(local) && dtt_addr_eq(&c->remote, remote) &&
        !dtt_addr_eq(&c->local, local)) {
        set_local(c, local);
    }
}

/* ngtcp2 takes a path for a new one only if our own address is another, so the old one loses it. */
static void forget_local(struct dtt_qconn *c)
{
    set_local(c, &(struct dtt_addr){.family = c->local.family, .port = c->local.port});
}

/* The server is heard nowhere else, and trials are few. */
static bool may_try(struct dtt_qconn *c)
{
    uint64_t now_ns = c->sh->now_ns;
    return now_ns - c->heard_ns >= DTT_QMOVE_MIN_NS &&
           now_ns - c->move.tried_ns >= DTT_QMOVE_MAX_NS &&
           dtt_bucket_take(&c->move.trials, DTT_QMOVE_TRIAL_S, now_ns);
}

void dtt_qmove_follow(struct dtt_qconn *c, const struct dtt_addr *local,
                      const struct dtt_addr *remote)
{
    ngtcp2_path_storage ps;
    if (c->is_dialed && c->state == DTT_QCONN_OPEN && !c->migration.is_on &&
        !dtt_addr_eq(&c->remote, remote) && !dtt_addr_is_wildcard(local) && may_try(c)) {
        c->move.tried_ns = c->sh->now_ns;
        forget_local(c);
        dtt_qpath_init(&ps, local, remote);
        (void)ngtcp2_conn_initiate_migration(c->ng, &ps.path, c->sh->now_ns);
    }
}

void dtt_qmove_left(struct dtt_qconn *c)
{
    uint64_t wait_ns = 4 * ngtcp2_conn_get_pto(c->ng);
    if (!c->is_dialed) {
        c->move.left = c->remote;
        c->move.left_until_ns =
            dtt_add_ns(c->sh->now_ns, wait_ns > DTT_QMOVE_LEFT_NS ? wait_ns : DTT_QMOVE_LEFT_NS);
    }
}

bool dtt_qmove_is_left(const struct dtt_qconn *c, const struct dtt_addr *remote)
{
    return c->sh->now_ns < c->move.left_until_ns && dtt_addr_eq(&c->move.left, remote);
}

void dtt_qmove_start(struct dtt_qconn *c)
{
    if (c->state != DTT_QCONN_OPEN) {
        return;
    }
    if (c->move.until_ns == DTT_NEVER) {
        uint64_t wait = dtt_min_ns(3 * ngtcp2_conn_get_pto(c->ng), DTT_QMOVE_MAX_NS);
        c->move.since_ns = c->sh->now_ns;
        c->move.until_ns =
            dtt_add_ns(c->sh->now_ns, wait > DTT_QMOVE_MIN_NS ? wait : DTT_QMOVE_MIN_NS);
    }
    dtt_qschedule_ping(c);
    dtt_qschedule_arm(c);
}

/* Something that was sent after the change is acknowledged. */
static bool is_heard(const struct dtt_qconn *c)
{
    ngtcp2_conn_info info = dtt_ng_info(c->ng);
    return info.bytes_in_flight == 0 || c->move.acked_ns > c->move.since_ns + info.smoothed_rtt;
}

void dtt_qmove_tick(struct dtt_qconn *c)
{
    c->move.until_ns = DTT_NEVER;
    if (c->state != DTT_QCONN_OPEN || is_heard(c)) {
        return;
    }
    if (c->is_dialed) {
        forget_local(c);
        dtt_qschedule_ping(c);
    } else {
        dtt_list_push(&c->sh->events, &c->stranded.link);
    }
}
