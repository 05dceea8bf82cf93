/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/relay_way.h"

bool dtt_relay_way_is(const struct dtt_link *link)
{
    return link->n_conns > 0 && dtt_addr_is_invented(&link->conns[0].addr);
}

const char *dtt_relay_way_word(const struct dtt_link *link)
{
    return dtt_relay_way_is(link) ? "relay" : "direct";
}

void dtt_relay_way_tell(struct dtt_links *p, struct dtt_link *link)
{
    const char *way = link->n_conns > 0 ? dtt_relay_way_word(link) : link->way;
    if (link->way && strcmp(link->way, way) != 0) {
        DTT_TRACE(p->ctx, NODE_WAY, dtt_tv_id(&link->id), dtt_tv_text(way));
        struct dtt_id *place = link->neighbor_of > 0 ? dtt_ring_push(&p->rerouted) : NULL;
        if (place) {
            *place = link->id;
        }
    }
    link->way = way;
}

bool dtt_relay_way_to(const struct dtt_links *p, const struct dtt_link *link, struct dtt_addr *ret)
{
    return p->relays && dtt_relays_is_up(p->relays) &&
           dtt_relays_addr(p->relays, &link->id, dtt_book_relay(&p->book, &link->id), ret);
}

bool dtt_relay_way_is_away(const struct dtt_links *p, struct dtt_now now,
                           const struct dtt_link *link)
{
    return dtt_relay_way_is(link) && !dtt_relays_is_steady(p->relays, now, &link->conns[0].addr);
}

void dtt_relay_way_missed(struct dtt_links *p, struct dtt_now now, const struct dtt_link *link)
{
    const char *url = dtt_book_relay(&p->book, &link->id);
    if (p->relays && url) {
        dtt_relays_want(p->relays, now, url);
    }
}

void dtt_relay_way_named(struct dtt_links *p, struct dtt_now now, const struct dtt_link *link)
{
    if (!p->relays || link->n_conns > 0) {
        return;
    }
    if (!link->race.has_far) {
        dtt_relay_way_missed(p, now, link);
    }
    dtt_relays_moved(p->relays, &link->id, dtt_book_relay(&p->book, &link->id));
}

bool dtt_relay_way_join(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    struct dtt_addr way;
    dtt_relay_way_named(p, now, link);
    if (dtt_relay_way_to(p, link, &way)) {
        return dtt_race_join(&link->race, &way);
    }
    if (p->relays && p->relays->n > 0) {
        uint64_t until_ns = now.mono_ns + DTT_RELAY_WAY_PATIENCE_NS;
        link->race.kept_ns = link->race.kept_ns > until_ns ? link->race.kept_ns : until_ns;
    }
    return false;
}

bool dtt_relay_way_is_left(const struct dtt_link *link)
{
    return dtt_relay_way_is(link) && link->state == DTT_LINK_LIVE;
}

bool dtt_relay_way_wants_direct(const struct dtt_link *link)
{
    return link->state == DTT_LINK_DIALLING || dtt_relay_way_is_left(link);
}

bool dtt_relay_way_is_sought(const struct dtt_link *link)
{
    return link->state == DTT_LINK_DIALLING || (dtt_relay_way_is_left(link) && link->is_directing);
}

void dtt_relay_way_set_due(struct dtt_links *p, struct dtt_link *link, uint64_t at)
{
    link->direct_ns = at;
    if (!dtt_timer_is_armed(&p->directing) || p->directing.deadline > at) {
        /* Out of memory: the next event of a link sets it. */
        (void)dtt_timerq_set(&p->timers, &p->directing, at);
    }
}

void dtt_relay_way_leave(struct dtt_links *p, struct dtt_now now, struct dtt_link *link,
                         uint64_t delay_ns)
{
    if (dtt_relay_way_is_left(link)) {
        dtt_relay_way_set_due(p, link, now.mono_ns + delay_ns);
    }
}

void dtt_relay_way_go_on(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    if (link->is_directing) {
        dtt_relay_way_set_due(p, link, now.mono_ns);
    }
}

void dtt_relay_way_learnt(struct dtt_links *p, struct dtt_now now, struct dtt_link *link,
                          const struct dtt_addr *addrs, size_t n)
{
    for (size_t i = 0; i < n && dtt_relay_way_is_left(link); i++) {
        if (dtt_addr_is_usable(&addrs[i]) && dtt_race_join(&link->race, &addrs[i])) {
            dtt_relay_way_set_due(p, link, now.mono_ns);
        }
    }
}
