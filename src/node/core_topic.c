/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/core_topic.h"

#include "base/reason.h"
#include "crypto/hash.h"
#include "gossip/addr_info.h"
#include "gossip/view.h"
#include "node/inside.h"
#include "node/locate.h"
#include "node/relay_way.h"
#include "node/seek.h"
#include "node/slots.h"
#include "node/why.h"

#include <sodium.h>
#include <stdlib.h>

static size_t neighbors_of(const struct dtt_topic *t, struct dtt_id ret[DTT_GOSSIP_ACTIVE_MAX])
{
    return dtt_core_topic_neighbors(t, ret, DTT_GOSSIP_ACTIVE_MAX);
}

/* ---- life */

int dtt_core_topic_join(struct dtt_core *c, struct dtt_now now, const struct dtt_topic_config *cfg,
                        void *driver, struct dtt_topic **ret)
{
    struct dtt_tracker_config tracker_cfg = {.topic = {0}};
    struct dtt_gossip_topic_id id;
    struct dtt_addr addrs[DTT_CORE_ADDRS];
    struct dtt_dht_stats dht;
    if (c->cfg.dht_only || c->state != DTT_CORE_OPEN) {
        return DTT_ESTATE;
    }
    int err = dtt_slots_topic(cfg, tracker_cfg.topic, &tracker_cfg.secret);
    if (err) {
        return err;
    }
    memcpy(id.bytes, tracker_cfg.topic, sizeof(id.bytes));
    memcpy(tracker_cfg.node_seed, c->cfg.node_seed, sizeof(tracker_cfg.node_seed));
    tracker_cfg.awaits_address = !c->cfg.is_plain && !dtt_self_is_seen(&c->self);
    dtt_tracker_tuning_make(&tracker_cfg.tuning, cfg->preset, cfg->tuning);
    struct dtt_topic *t = calloc(1, sizeof(*t));
    err = t ? DTT_OK : DTT_ENOMEM;
    if (!err && c->n_topics == DTT_CORE_TOPICS) {
        err = DTT_EFULL;
    }
    if (!err) {
        err = dtt_gossip_subscribe(c->gossip, now, &id);
    }
    if (!err) {
        struct dtt_gossip_window window = {.ns = tracker_cfg.tuning.recall_time_ns,
                                           .messages = tracker_cfg.tuning.recall_messages,
                                           .bytes = 1024 * tracker_cfg.tuning.recall_messages};
        dtt_gossip_set_window(c->gossip, &id, &window);
        err = dtt_tracker_new(&t->tracker, c->ctx, &tracker_cfg, now);
        if (err) {
            dtt_gossip_quit(c->gossip, now, &id);
        }
    }
    if (!err && c->lan) {
        err = dtt_lan_join(c->lan, now, c->last_topic + 1, tracker_cfg.topic, &tracker_cfg.secret);
        if (err) {
            dtt_gossip_quit(c->gossip, now, &id);
            dtt_tracker_free(t->tracker);
        }
    }
    sodium_memzero(&tracker_cfg, sizeof(tracker_cfg));
    if (err) {
        free(t);
        return err;
    }
    t->core = c;
    t->driver = driver;
    t->id = id;
    t->number = ++c->last_topic;
    t->user = cfg->user;
    t->join_ns = now.mono_ns;
    dtt_talk_init(&t->talk, c->ctx, now, &c->id, &id);
    c->topics[c->n_topics++] = t;
    if (!c->cfg.is_plain) {
        dtt_tracker_set_addrs(t->tracker, now, addrs, dtt_self_told(&c->self, addrs));
        dtt_tracker_set_reach(t->tracker, now, &c->reach);
    }
    if (c->n_topics == 1) {
        dtt_locate_soon(c, now);
    }
    for (size_t i = 0; i < cfg->n_peers; i++) {
        dtt_core_topic_add_peer(t, now, &cfg->peers[i]);
    }
    dtt_dht_stats(c->dht, &dht);
    if (dht.nodes_v4 + dht.nodes_v6 > 0) {
        dtt_tracker_store_ready(t->tracker, now);
    }
    *ret = t;
    return DTT_OK;
}

void dtt_core_topic_free(struct dtt_topic *t)
{
    struct dtt_core *c = t->core;
    size_t at = 0;
    while (at < c->n_topics && c->topics[at] != t) {
        at++;
    }
    assert(at < c->n_topics);
    c->topics[at] = c->topics[--c->n_topics];
    dtt_waits_forget_topic(&c->waits, t);
    dtt_events_forget_topic(&c->events, t);
    if (c->lan) {
        dtt_lan_leave(c->lan, t->number);
    }
    dtt_talk_fini(&t->talk);
    dtt_tracker_free(t->tracker);
    free(t);
}

static void tell_lost(struct dtt_topic *t, struct dtt_now now, uint64_t messages)
{
    struct dtt_event out = {.type = DTT_EVENT_LOST};
    if (messages > 0) {
        out.u.lost.messages = messages;
        dtt_events_tell(&t->core->events, now, t, &out);
    }
}

void dtt_core_topic_leave(struct dtt_topic *t, struct dtt_now now)
{
    struct dtt_core *c = t->core;
    struct dtt_id ids[DTT_GOSSIP_ACTIVE_MAX];
    size_t n = neighbors_of(t, ids);
    struct dtt_event out = {.type = DTT_EVENT_LEFT};
    dtt_links_settle(&c->links);
    tell_lost(t, now,
              dtt_gossip_take_lost(c->gossip, &t->id) +
                  dtt_gossip_open(c->gossip, &t->id).messages);
    dtt_events_sign(&out, t);
    out.topic = NULL; /* the handle is gone when the event is read */
    /* dtt_gossip_quit reports no NEIGHBOR_DOWN for the neighbours that it leaves. */
    for (size_t i = 0; i < n; i++) {
        dtt_links_neighbor(&c->links, now, &ids[i], -1);
    }
    dtt_gossip_quit(c->gossip, now, &t->id);
    dtt_core_topic_free(t);
    dtt_events_tell(&c->events, now, NULL, &out);
}

/* ---- tracker */

static void get_slot(struct dtt_topic *t, struct dtt_now now, const struct dtt_tracker_action *a)
{
    struct dtt_dht_get_args get = {
        .width = a->width, .sample = a->sample, .first = a->first, .is_brief = a->is_brief};
    struct dtt_wait wait = {.kind = DTT_WAIT_SLOT_GET, .topic = t, .is_sample = a->sample > 0};
    int err = dtt_slots_get(t->core, now, &a->slot, &get, &wait);
    if (err && a->sample == 0) {
        dtt_tracker_slot_done(t->tracker, now, a->slot.kind, a->slot.minute, err, 0);
    }
}

static void put_slot(struct dtt_topic *t, struct dtt_now now, const struct dtt_tracker_action *a)
{
    struct dtt_dht_put_args put = {.seq = a->seq,
                                   .copies = (uint8_t)a->copies,
                                   .among = a->width,
                                   .first = a->first,
                                   .spare = a->spare,
                                   .is_brief = a->is_brief};
    struct dtt_wait wait = {.kind = DTT_WAIT_SLOT_PUT, .topic = t};
    dtt_waits_cancel_put(&t->core->waits, now, t, a->slot.kind, a->slot.minute);
    int err = dtt_slots_put(t->core, now, &a->slot, dtt_slice(a->value, a->value_len), &put, &wait);
    if (err) {
        dtt_tracker_put_done(t->tracker, now, a->slot.kind, a->slot.minute, err, 0);
    }
}

static void tell_clock(struct dtt_topic *t, struct dtt_now now)
{
    struct dtt_event out = {.type = DTT_EVENT_CLOCK};
    struct dtt_tracker_status status;
    dtt_tracker_status(t->tracker, now, &status);
    out.u.clock.offset_s = status.clock.offset_s;
    out.u.clock.sources = status.clock.agreeing;
    out.u.clock.is_sure = dtt_clock_is_sure(&status.clock);
    t->talk.authors.ahead_ms = out.u.clock.is_sure ? status.clock.offset_s * 1000 : 0;
    dtt_events_tell(&t->core->events, now, t, &out);
}

void dtt_core_topic_on_tracker(struct dtt_topic *t, struct dtt_now now,
                               const struct dtt_tracker_action *a)
{
    struct dtt_core *c = t->core;
    struct dtt_event out = {.type = DTT_EVENT_RECORD_PUBLISHED};
    switch (a->type) {
    case DTT_TRACKER_GET: get_slot(t, now, a); break;
    case DTT_TRACKER_PUT: put_slot(t, now, a); break;
    case DTT_TRACKER_DIAL:
        dtt_dials_learn(&c->links, now, &a->peer, a->addrs, a->n_addrs);
        dtt_gossip_join_peer(c->gossip, now, &t->id, &a->peer, a->was_neighbor);
        break;
    case DTT_TRACKER_RECORD:
        dtt_dials_record(&c->links, now, &a->record.publisher, &a->record.reach, a->record.unix_s);
        dtt_dials_learn(&c->links, now, &a->record.publisher, a->record.addrs, a->record.n_addrs);
        dtt_seek_learnt(&c->links, now, &a->record.publisher);
        if (!c->cfg.is_plain) {
            dtt_gossip_prove(c->gossip, now, &t->id, &a->record.publisher);
        }
        if (a->record.n_addrs > 0) { /* the record of a node of this project */
            dtt_book_mark(&c->links.book, now, &a->record.publisher);
        }
        break;
    case DTT_TRACKER_PUBLISHED:
        out.u.published.minute = a->slot.minute;
        out.u.published.copies = a->copies;
        dtt_events_tell(&c->events, now, t, &out);
        break;
    case DTT_TRACKER_CLOCK: tell_clock(t, now); break;
    case DTT_TRACKER_TWIN:
        out.type = DTT_EVENT_TWIN;
        out.u.twin.n_addrs = a->n_addrs;
        memcpy(out.u.twin.addrs, a->addrs, a->n_addrs * sizeof(a->addrs[0]));
        dtt_events_tell(&c->events, now, t, &out);
        break;
    }
}

/* ---- gossip */

static struct dtt_topic *topic_find(const struct dtt_core *c, const struct dtt_gossip_topic_id *id)
{
    for (size_t i = 0; i < c->n_topics; i++) {
        if (memcmp(&c->topics[i]->id, id, sizeof(*id)) == 0) {
            return c->topics[i];
        }
    }
    return NULL;
}

bool dtt_core_topic_seed(void *core, const struct dtt_gossip_topic_id *topic, uint64_t minute,
                         uint8_t ret_seed[32])
{
    const struct dtt_topic *t = topic_find(core, topic);
    return t && !t->core->cfg.is_plain && dtt_tracker_seed(t->tracker, minute, ret_seed) == DTT_OK;
}

void dtt_core_topic_clock(void *core, struct dtt_now now, const struct dtt_gossip_topic_id *topic,
                          const struct dtt_id *peer, uint64_t minute)
{
    struct dtt_topic *t = topic_find(core, topic);
    if (t) {
        dtt_tracker_clock(t->tracker, now, peer, minute);
    }
}

static void tell_member(struct dtt_topic *t, struct dtt_now now, const struct dtt_id *neighbor,
                        const struct dtt_author_news *news)
{
    struct dtt_event out = {.type = DTT_EVENT_MEMBER};
    if (news->change == 0) {
        return;
    }
    if (news->change == DTT_MEMBER_APPEARED) {
        dtt_talk_greet(&t->talk, now);
    }
    out.u.member.member = news->author->id;
    out.u.member.neighbor = *neighbor;
    out.u.member.change = news->change;
    memcpy(out.u.member.name, news->author->name, sizeof(out.u.member.name));
    memcpy(out.u.member.was, news->was, sizeof(out.u.member.was));
    dtt_events_tell(&t->core->events, now, t, &out);
}

static void tell_way(struct dtt_core *c, struct dtt_now now, struct dtt_topic *t, int type,
                     const struct dtt_id *peer)
{
    struct dtt_event out = {.type = type};
    const struct dtt_link *link = dtt_link_find(&c->links, peer);
    out.u.neighbor.peer = *peer;
    out.u.neighbor.way = link && dtt_relay_way_is(link) ? DTT_WAY_RELAY : DTT_WAY_DIRECT;
    dtt_events_tell(&c->events, now, t, &out);
}

static void on_neighbor_up(struct dtt_core *c, struct dtt_now now, struct dtt_topic *t,
                           const struct dtt_id *peer)
{
    dtt_links_neighbor(&c->links, now, peer, 1);
    if (!t) {
        return;
    }
    dtt_tracker_neighbor_up(t->tracker, now, peer);
    if (!t->is_joined) {
        struct dtt_event joined = {.type = DTT_EVENT_JOINED};
        t->is_joined = true;
        joined.u.joined.elapsed_ms = (now.mono_ns - t->join_ns) / DTT_MS;
        joined.u.joined.neighbors = 1; /* the one that is told next */
        dtt_events_tell(&c->events, now, t, &joined);
    }
    tell_way(c, now, t, DTT_EVENT_NEIGHBOR_UP, peer);
    struct dtt_author_news news;
    dtt_authors_neighbor_up(&t->talk.authors, now, peer, &news);
    tell_member(t, now, peer, &news);
    dtt_talk_greet(&t->talk, now); /* it may be back, and not know our name any more */
}

static void on_message(struct dtt_topic *t, struct dtt_now now, const struct dtt_gossip_action *a)
{
    struct dtt_event out = {.type = DTT_EVENT_MESSAGE};
    struct dtt_talk_heard heard;
    if (a->scope == DTT_GOSSIP_SWARM) {
        dtt_tracker_message(t->tracker, now, a->hash);
    }
    dtt_talk_hear(&t->talk, now, &a->peer, a->scope, a->data, &heard);
    tell_member(t, now, &a->peer, &heard.news);
    if (heard.is_message) {
        out.u.message = heard.message;
        dtt_events_sign(&out, t);
        dtt_events_push(&t->core->events, now, &out, a->data);
    }
}

void dtt_core_topic_on_gossip(struct dtt_core *c, struct dtt_now now,
                              const struct dtt_gossip_action *a)
{
    struct dtt_topic *t = topic_find(c, &a->topic);
    struct dtt_addr addrs[DTT_ADDR_INFO_ADDRS];
    struct dtt_event out = {0};
    char relay[DTT_URL_MAX];
    size_t n;
    switch (a->type) {
    case DTT_GOSSIP_SEND:
        dtt_links_send(&c->links, now, &a->peer,
                       &(struct dtt_outflow_message){
                           .topic = &a->topic, .payload = a->data, .own = a->own, .last = a->last},
                       a->is_hearsay ? &a->via : NULL);
        break;
    case DTT_GOSSIP_MUTE: dtt_links_mute(&c->links, now, &a->peer); break;
    case DTT_GOSSIP_REFUSED:
        if (t) { /* else it would wait for an answer until the dial has had its time */
            dtt_tracker_dial_failed(t->tracker, now, &a->peer);
        }
        break;
    case DTT_GOSSIP_DISCONNECT: dtt_dials_unneeded(&c->links, now, &a->peer); break;
    case DTT_GOSSIP_PEER_DATA:
        if (dtt_addr_info_read(a->data, addrs, &n) == DTT_OK) {
            dtt_addr_info_relay(a->data, relay);
            dtt_dials_relay(&c->links, now, &a->peer, relay);
            dtt_dials_learn(&c->links, now, &a->peer, addrs, n);
            if (dtt_addr_info_has_mark(a->data)) {
                dtt_book_mark(&c->links.book, now, &a->peer);
            }
        }
        break;
    case DTT_GOSSIP_NEIGHBOR_UP: on_neighbor_up(c, now, t, &a->peer); break;
    case DTT_GOSSIP_NEIGHBOR_DOWN:
        dtt_links_neighbor(&c->links, now, &a->peer, -1);
        if (a->reason == DTT_REASON_DISCONNECT) {
            dtt_links_parted(&c->links, now, &a->peer, &a->topic);
        }
        if (t) {
            dtt_tracker_neighbor_down(t->tracker, now, &a->peer, dtt_reason_is_silence(a->reason));
            out.type = DTT_EVENT_NEIGHBOR_DOWN;
            out.u.neighbor.peer = a->peer;
            out.u.neighbor.reason = (int)a->reason;
            dtt_events_tell(&c->events, now, t, &out);
            struct dtt_author_news news;
            dtt_authors_neighbor_down(&t->talk.authors, now, &a->peer,
                                      a->reason == DTT_REASON_DISCONNECT, &news);
            tell_member(t, now, &a->peer, &news);
        }
        break;
    case DTT_GOSSIP_RECEIVED:
        if (t) {
            on_message(t, now, a);
        }
        break;
    }
}

/* ---- links */

void dtt_core_topic_on_dial_failure(struct dtt_core *c, struct dtt_now now,
                                    const struct dtt_dial_failure *f)
{
    struct dtt_event out = {.type = DTT_EVENT_DIAL_FAILED};
    struct dtt_tried tried[DTT_RACE_TRIES] = {0};
    if (f->reason == DTT_REASON_BUDGET) {
        return; /* nobody has tried */
    }
    out.u.dial_failed.peer = f->peer;
    out.u.dial_failed.addr = f->addr;
    out.u.dial_failed.stage = f->stage;
    out.u.dial_failed.reason = (int)f->reason;
    out.u.dial_failed.n_tried = f->n_tries;
    for (size_t i = 0; i < f->n_tries; i++) {
        tried[i] = (struct dtt_tried){.addr = f->tries[i].addr, .reason = (int)f->tries[i].reason};
    }
    for (size_t i = 0; i < c->n_topics; i++) {
        dtt_tracker_dial_failed(c->topics[i]->tracker, now, &f->peer);
        dtt_events_sign(&out, c->topics[i]);
        dtt_events_push(&c->events, now, &out, dtt_slice(tried, f->n_tries * sizeof(tried[0])));
        c->topics[i]->failure = *f;
    }
}

void dtt_core_topic_on_way(struct dtt_core *c, struct dtt_now now, const struct dtt_id *peer)
{
    for (size_t i = 0; i < c->n_topics; i++) {
        if (dtt_gossip_is_neighbor(c->gossip, &c->topics[i]->id, peer)) {
            tell_way(c, now, c->topics[i], DTT_EVENT_NEIGHBOR_WAY, peer);
        }
    }
}

void dtt_core_topic_on_silence(struct dtt_core *c, struct dtt_now now, const struct dtt_id *peer)
{
    for (size_t i = 0; i < c->n_topics && !c->cfg.is_plain; i++) {
        dtt_tracker_neighbor_silent(c->topics[i]->tracker, now, peer);
    }
}

/*
 * The neighbours that hold the secret set the pace, if there are any. A slow one, to which a
 * message is only announced, is not ready however little waits for it: with announcements alone we
 * would outrun what we remember, and lose messages that nobody has.
 */
static bool can_send(struct dtt_topic *t, struct dtt_now now)
{
    const struct dtt_links *links = &t->core->links;
    struct dtt_id ids[DTT_GOSSIP_ACTIVE_MAX];
    size_t n = neighbors_of(t, ids);
    struct dtt_pace_neighbors ranks[2] = {{0}}; /* strangers, proven */
    for (size_t i = 0; i < n; i++) {
        struct dtt_pace_neighbors *rank =
            &ranks[dtt_gossip_is_proven(t->core->gossip, now, &ids[i])];
        rank->all++;
        if (dtt_links_may_push(links, &ids[i], DTT_TOPIC_SEND_MAX)) {
            rank->ready++;
        } else {
            rank->left +=
                dtt_links_is_late(links, now, &ids[i]) || dtt_links_is_silent(links, &ids[i]);
        }
    }
    return dtt_pace_may_say(&t->pace, now, &ranks[ranks[true].all > 0]);
}

void dtt_core_topic_tell_lost(struct dtt_core *c, struct dtt_now now)
{
    uint64_t lost = c->ctx->counters[DTT_COUNTER_GOSSIP_LOST];
    if (lost == c->lost) {
        return;
    }
    c->lost = lost;
    for (size_t i = 0; i < c->n_topics; i++) {
        tell_lost(c->topics[i], now, dtt_gossip_take_lost(c->gossip, &c->topics[i]->id));
    }
}

void dtt_core_topic_tell_writable(struct dtt_core *c, struct dtt_now now)
{
    for (size_t i = 0; i < c->n_topics; i++) {
        struct dtt_topic *t = c->topics[i];
        if (t->wants_writable && can_send(t, now)) {
            struct dtt_event out = {.type = DTT_EVENT_WRITABLE};
            t->wants_writable = false;
            dtt_events_tell(&c->events, now, t, &out);
        }
    }
}

/* ---- the application */

static int broadcast(struct dtt_topic *t, struct dtt_now now, struct dtt_slice data,
                     bool to_neighbors)
{
    struct dtt_core *c = t->core;
    uint8_t hash[32];
    int err = dtt_gossip_broadcast(c->gossip, now, &t->id,
                                   to_neighbors ? DTT_GOSSIP_NEIGHBORS : DTT_GOSSIP_SWARM, data);
    if (err) {
        return err;
    }
    DTT_COUNT(c->ctx, NODE_MESSAGES_SENT);
    if (!to_neighbors) {
        dtt_sha512_32(hash, &data, 1);
        dtt_tracker_message(t->tracker, now, hash);
    }
    return DTT_OK;
}

int dtt_core_topic_send(struct dtt_topic *t, struct dtt_now now, struct dtt_slice data,
                        unsigned flags)
{
    bool to_neighbors = (flags & DTT_SEND_NEIGHBORS) != 0;
    uint8_t buf[DTT_GOSSIP_CONTENT_MAX];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    if (!can_send(t, now)) {
        t->wants_writable = true;
        return DTT_EAGAIN;
    }
    if (!(flags & DTT_SEND_SIGNED)) {
        return broadcast(t, now, data, to_neighbors);
    }
    dtt_talk_write(&t->talk, now, data, t->core->cfg.node_seed, &w);
    assert(!w.failed);
    int err = broadcast(t, now, dtt_slice(buf, w.len), to_neighbors);
    if (!err) {
        dtt_talk_said(&t->talk);
    }
    return err;
}

static void tell_missed(struct dtt_topic *t, struct dtt_now now, const struct dtt_author *author,
                        uint64_t messages)
{
    struct dtt_event out = {.type = DTT_EVENT_MISSED};
    out.u.missed.author = author->id;
    out.u.missed.neighbor = author->via;
    out.u.missed.messages = messages;
    dtt_events_tell(&t->core->events, now, t, &out);
}

static void say_name(struct dtt_topic *t, struct dtt_now now)
{
    uint8_t buf[DTT_NAME_MAX + DTT_ENVELOPE_EXTRA];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    dtt_talk_write_name(&t->talk, now, t->core->cfg.node_seed, &w);
    bool is_said = can_send(t, now) && broadcast(t, now, dtt_slice(buf, w.len), false) == DTT_OK;
    dtt_talk_named(&t->talk, now, is_said, dtt_core_topic_neighbors(t, NULL, 0) == 0);
}

void dtt_core_topic_tick(struct dtt_topic *t, struct dtt_now now)
{
    struct dtt_author_news news;
    const struct dtt_author *author;
    uint64_t messages;
    if (dtt_talk_is_name_due(&t->talk, now)) {
        say_name(t, now);
    }
    for (dtt_authors_tick(&t->talk.authors, now, &news); news.change != 0;
         dtt_authors_tick(&t->talk.authors, now, &news)) {
        tell_member(t, now, &news.author->via, &news);
    }
    while ((author = dtt_authors_missed(&t->talk.authors, now, &messages)) != NULL) {
        tell_missed(t, now, author, messages);
    }
}

int dtt_core_topic_set_name(struct dtt_topic *t, struct dtt_now now, struct dtt_slice name)
{
    int err = dtt_talk_set_name(&t->talk, now, name);
    if (!err && name.len > 0) {
        say_name(t, now);
    }
    return err;
}

size_t dtt_core_topic_members(const struct dtt_topic *t, const struct dtt_author **ret, size_t cap)
{
    return dtt_authors_list(&t->talk.authors, ret, cap);
}

size_t dtt_core_topic_neighbors(const struct dtt_topic *t, struct dtt_id *ret, size_t cap)
{
    return dtt_gossip_neighbors(t->core->gossip, &t->id, ret, cap);
}

/*
 * What nobody is known to have, wherever it is, or what waits for the neighbours that keep up, if
 * that is more: a message should be with all of them before its sender goes.
 */
size_t dtt_core_topic_unsent(const struct dtt_topic *t, struct dtt_now now)
{
    struct dtt_links *links = &t->core->links;
    dtt_links_settle(links);
    size_t open = dtt_gossip_open(t->core->gossip, &t->id).bytes;
    struct dtt_id ids[DTT_GOSSIP_ACTIVE_MAX];
    size_t n = neighbors_of(t, ids);
    size_t n_late = 0;
    size_t late = 0;
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) {
        bool is_late = dtt_links_is_late(links, now, &ids[i]);
        *(is_late ? &late : &bytes) += dtt_links_unacked(links, &ids[i]);
        n_late += is_late;
    }
    /* What late neighbours lack they get of the others. */
    bytes = n_late == n ? late : bytes;
    return open > bytes ? open : bytes;
}

void dtt_core_topic_add_peer(struct dtt_topic *t, struct dtt_now now,
                             const struct dtt_peer_addr *peer)
{
    size_t n = peer->addr.family != DTT_FAMILY_NONE;
    dtt_dials_name(&t->core->links, now, &peer->id, &peer->addr, n);
    dtt_gossip_prove(t->core->gossip, now, &t->id, &peer->id);
    dtt_tracker_want_peer(t->tracker, now, &peer->id, &peer->addr, n);
}

void dtt_core_topic_why(const struct dtt_topic *t, struct dtt_now now, struct dtt_why *ret)
{
    struct dtt_tracker_status status;
    struct dtt_dht_stats dht;
    struct dtt_gossip_facts facts = dtt_gossip_facts(t->core->gossip, &t->id);
    dtt_tracker_status(t->tracker, now, &status);
    dtt_dht_stats(t->core->dht, &dht);
    dtt_why_explain(&status, &dht, &facts, &t->failure, t->core->names, now, ret);
    dtt_why_add_relay(ret, &t->core->relays);
}
