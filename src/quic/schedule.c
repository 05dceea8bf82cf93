/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/schedule.h"

void dtt_qschedule_wake(struct dtt_qconn *c)
{
    dtt_list_push(&c->sh->ready, &c->ready);
}

/* A keep-alive that is due at once makes ngtcp2 send a PING. */
void dtt_qschedule_ping(struct dtt_qconn *c)
{
    c->is_pinging = true;
    ngtcp2_conn_set_keep_alive_timeout(c->ng, 1);
    dtt_qschedule_wake(c);
}

void dtt_qschedule_sleep(struct dtt_qconn *c)
{
    dtt_list_remove(&c->ready);
}

void dtt_qschedule_arm(struct dtt_qconn *c)
{
    uint64_t t = c->until_ns;
    if (c->ng) {
        t = dtt_min_ns(t, c->mtu.look_ns);
        t = dtt_min_ns(t, c->move.until_ns);
        uint64_t expiry = ngtcp2_conn_get_expiry(c->ng);
        /*
         * The next write takes care of an expiry that has passed: no need to wake the driver. Where
         * nothing is to be written time must go on: 0.12.1 forgets ids only after their time.
         */
        if (expiry > c->sh->now_ns) {
            t = dtt_min_ns(t, expiry);
        } else if (!c->ready.list) {
            t = dtt_min_ns(t, c->sh->now_ns + 1);
        }
    }
    (void)dtt_timerq_set(&c->sh->timers, &c->timer, t);
}
