/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/migrate.h"

#include "quic/path.h"
#include "quic/schedule.h"

int dtt_qmigrate_start(struct dtt_qconn *c, const struct dtt_addr *local,
                       const struct dtt_addr *remote)
{
    ngtcp2_path_storage ps;
    if (!c->is_dialed || c->state != DTT_QCONN_OPEN) {
        return DTT_ESTATE;
    }
    if (c->migration.is_on) {
        return DTT_EAGAIN;
    }
    dtt_qpath_init(&ps, local, remote);
    switch (ngtcp2_conn_initiate_migration(c->ng, &ps.path, c->sh->now_ns)) {
    case 0: break;
    case NGTCP2_ERR_INVALID_ARGUMENT: return DTT_EINVAL;
    case NGTCP2_ERR_NOMEM: return DTT_ENOMEM;
    default: return DTT_EAGAIN; /* the peer has not given us enough connection ids yet */
    }
    c->migration = (struct dtt_qmigration){.is_on = true, .local = *local, .remote = *remote};
    DTT_TRACE(c->sh->ctx, QUIC_MIGRATING, dtt_tv_id(&c->peer), dtt_tv_addr(&c->remote),
              dtt_tv_addr(remote));
    dtt_qschedule_wake(c);
    dtt_qschedule_arm(c);
    return DTT_OK;
}

/* A new path may begin at the wildcard, as a dial does; a client of ngtcp2 takes nothing from a
 * path that it does not know. */
const struct dtt_addr *dtt_qmigrate_local(const struct dtt_qconn *c, const struct dtt_addr *local,
                                          const struct dtt_addr *remote)
{
    const struct dtt_qmigration *m = &c->migration;
    return m->is_on && dtt_addr_is_wildcard(&m->local) && dtt_addr_eq(&m->remote, remote)
               ? &m->local
               : local;
}

void dtt_qmigrate_validated(struct dtt_qconn *c, const struct dtt_addr *remote, bool is_valid)
{
    struct dtt_qmigration *m = &c->migration;
    if (m->is_on && dtt_addr_eq(&m->remote, remote)) {
        m->is_on = false;
        if (is_valid) {
            c->local = m->local;
        } else {
            dtt_list_push(&c->sh->events, &c->unmoved.link);
        }
    }
}
