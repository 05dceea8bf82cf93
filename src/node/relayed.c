/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/relayed.h"

#include "node/dials.h"
#include "node/limits.h"
#include "node/nats.h"

static void ping(struct dtt_links *p, struct dtt_now now, const struct dtt_link *link)
{
    for (size_t k = 0; k < link->n_conns; k++) {
        if (dtt_addr_is_invented(&link->conns[k].addr)) {
            p->transport.ops->ping(p->transport.self, now, link->conns[k].conn);
        }
    }
}

void dtt_relayed_up(struct dtt_links *p, struct dtt_now now)
{
    for (size_t i = dtt_map_count(&p->peers); i > 0; i--) { /* a lost race takes its link away */
        struct dtt_link *link = dtt_map_value_at(&p->peers, i - 1);
        bool is_racing = link->state == DTT_LINK_LOCATING || link->state == DTT_LINK_DIALLING;
        ping(p, now, link);
        if (is_racing && dtt_relay_way_join(p, now, link)) {
            dtt_dials_next(p, now, link);
        }
    }
}

static uint64_t heard_ns(const struct dtt_links *p, const struct dtt_link_conn *c)
{
    struct dtt_quic_info info;
    return p->transport.ops->info(p->transport.self, c->conn, &info) ? info.heard_ns : UINT64_MAX;
}

void dtt_relayed_silent(struct dtt_links *p, struct dtt_now now, struct dtt_link *link, size_t k)
{
    struct dtt_link_conn *c = &link->conns[k];
    if (dtt_addr_is_invented(&c->addr) && dtt_relays_is_steady(p->relays, now, &c->addr) &&
        now.mono_ns >= dtt_add_ns(heard_ns(p, c), DTT_CORE_IDLE_NS)) {
        c->closed_for = DTT_REASON_TIMEOUT;
        dtt_link_close(p, now, c, "silent");
    }
}

/* ---- from a relay to a direct way */

/* A race for a direct way; one that began before the relay's answer came goes on. */
static bool begin(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    if (link->race.n_dials == 0 && !dtt_race_start(&link->race, now, &p->book, &link->id)) {
        return false;
    }
    dtt_nats_open(p, now, link);
    dtt_nats_wait(p, now, link);
    return true;
}

/* Goes on with the race, or begins one; after one that is lost it pauses. */
static void step(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    link->direct_ns = 0;
    if (!dtt_relay_way_is_left(link)) {
        link->is_directing = false;
        return;
    }
    link->is_directing = link->is_directing || begin(p, now, link);
    if (link->is_directing) {
        dtt_nats_ask(p, now, link);
    }
    if (link->is_directing && dtt_dials_go_on(p, now, link)) {
        uint64_t at = dtt_race_deadline(&link->race, now);
        if (at != DTT_NEVER) {
            dtt_relay_way_set_due(p, link, at);
        }
        return;
    }
    link->is_directing = false;
    link->direct_wait_ns =
        dtt_next_pause_ns(link->direct_wait_ns, DTT_RELAYED_PAUSE_NS, DTT_RELAYED_PAUSE_MAX_NS);
    dtt_relay_way_set_due(p, link, now.mono_ns + link->direct_wait_ns);
}

void dtt_relayed_tick(struct dtt_links *p, struct dtt_now now)
{
    uint64_t next = DTT_NEVER;
    for (size_t i = 0; i < dtt_map_count(&p->peers); i++) {
        struct dtt_link *link = dtt_map_value_at(&p->peers, i);
        if (link->direct_ns != 0 && link->direct_ns <= now.mono_ns) {
            step(p, now, link);
        }
        next = link->direct_ns != 0 ? dtt_min_ns(next, link->direct_ns) : next;
    }
    dtt_timerq_follow(&p->timers, &p->directing, next);
}

/* ---- and back */

static bool is_silent(const struct dtt_links *p, struct dtt_now now, const struct dtt_link *link)
{
    return now.mono_ns >= dtt_add_ns(heard_ns(p, &link->conns[0]), DTT_RELAYED_SILENT_NS);
}

void dtt_relayed_fall_back(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    struct dtt_addr way;
    struct dtt_addr local = dtt_relays_local();
    if (dtt_relay_way_is(link) && is_silent(p, now, link)) {
        dtt_relays_doubt(p->relays, now, &link->conns[0].addr);
    }
    if (link->n_conns == 0 || dtt_relay_way_is(link) || now.mono_ns < link->back_ns ||
        !is_silent(p, now, link) || !dtt_relay_way_to(p, link, &way)) {
        return;
    }
    link->back_ns = now.mono_ns + DTT_RELAYED_AGAIN_NS;
    DTT_COUNT(p->ctx, NODE_RELAY_RETURNS);
    DTT_TRACE(p->ctx, NODE_RELAY_RETURN, dtt_tv_id(&link->id));
    if (link->conns[0].is_dialled &&
        p->transport.ops->migrate(p->transport.self, now, link->conns[0].conn, &local, &way) ==
            DTT_OK) {
        return;
    }
    dtt_race_stop(&link->race, &p->transport, now);
    link->conns[0].is_stranded = true; /* so what is said goes over to the new connection */
    dtt_dials_again(p, now, link, &way);
}
