/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/meet.h"

#include "dht/krpc.h"
#include "node/knock.h"
#include "node/link.h"
#include "record/meet_message.h"

#include <sodium.h>

#define QUERY_PREFIX "d1:ad2:id20:" /* keys are in order: `m` follows the id */
#define QUERY_M (sizeof(QUERY_PREFIX) - 1 + DTT_NODE_ID_BYTES)

static void set_timer(struct dtt_links *p)
{
    /* Out of memory: the next meeting sets it. */
    dtt_timerq_follow(&p->timers, &p->meeting, dtt_meetings_deadline(&p->meetings));
}

/* ---- who takes part */

/* A connection with a neighbour on which it has proven itself, as no Rust node does. */
static bool is_proven(const struct dtt_link *link, const struct dtt_link_conn *c)
{
    return link->neighbor_of > 0 && !link->is_meet_deaf && c->proofs.n_read > 0 && !c->is_closing &&
           !c->is_stranded;
}

/* One that goes by a relay, or one that does not; NULL: there is none. */
static const struct dtt_link_conn *conn_of(const struct dtt_link *link, bool is_relayed)
{
    for (size_t k = 0; k < link->n_conns; k++) {
        const struct dtt_link_conn *c = &link->conns[k];
        if (is_proven(link, c) && dtt_addr_is_invented(&c->addr) == is_relayed) {
            return c;
        }
    }
    return NULL;
}

/* The neighbour whose connection comes from this address. */
static struct dtt_link *neighbor_at(const struct dtt_links *p, const struct dtt_addr *remote)
{
    for (size_t i = 0; i < dtt_map_count(&p->peers); i++) {
        struct dtt_link *link = dtt_map_value_at(&p->peers, i);
        for (size_t k = 0; k < link->n_conns; k++) {
            if (is_proven(link, &link->conns[k]) && dtt_addr_eq(&link->conns[k].addr, remote)) {
                return link;
            }
        }
    }
    return NULL;
}

/* ---- datagrams */

/* `max`: bytes it may have; a longer one is not sent. */
static bool send(struct dtt_links *p, const struct dtt_addr *remote, const struct dtt_krpc *m,
                 size_t max)
{
    struct dtt_meet_packet packet = {.remote = *remote};
    int len = dtt_krpc_encode(m, packet.data, sizeof(packet.data));
    struct dtt_meet_packet *place =
        len > 0 && (size_t)len <= max ? dtt_ring_push(&p->meet_packets) : NULL;
    if (!place) {
        DTT_COUNT(p->ctx, NODE_MEETS_REFUSED);
        return false;
    }
    packet.len = (size_t)len;
    *place = packet;
    return true;
}

bool dtt_meet_next(struct dtt_links *p, struct dtt_meet_packet *ret)
{
    return dtt_ring_take(&p->meet_packets, ret);
}

static struct dtt_slice wire_of(uint8_t buf[4], uint32_t t)
{
    dtt_put_be32(buf, t);
    return dtt_slice(buf, 4);
}

static struct dtt_slice compact(uint8_t buf[DTT_ADDR_COMPACT6], const struct dtt_addr *addr)
{
    struct dtt_writer w = dtt_writer(buf, DTT_ADDR_COMPACT6);
    dtt_addr_write_compact(&w, addr);
    return dtt_slice(buf, w.len);
}

/* ---- who asks */

static size_t seal(struct dtt_links *p, struct dtt_now now, const struct dtt_meeting *meeting,
                   uint8_t ret[DTT_MEET_MESSAGE_MAX])
{
    struct dtt_meet_message meet = {
        .kind = DTT_MEET_ASK, .from = p->prover.me, .to = meeting->peer};
    struct dtt_meet_head head = {.minute = (uint32_t)dtt_now_minute(now)};
    uint8_t seed[32];
    size_t len = 0;
    for (size_t i = 0; i < p->n_own && meet.n < DTT_MEET_MESSAGE_ADDRS; i++) {
        meet.addrs[meet.n++] = p->own[i];
    }
    dtt_rng_bytes(&p->rng, head.nonce, sizeof(head.nonce));
    if (p->prover.seed(p->prover.user, &meeting->topic, head.minute, seed)) {
        len = dtt_meet_message_seal(ret, &meet, &head, seed, meeting->topic.bytes,
                                    p->prover.node_seed);
        dtt_meetings_is_new(&p->meetings, now, &head); /* not to be told to ourselves */
    }
    sodium_memzero(seed, sizeof(seed));
    return len;
}

static bool was_asked(const struct dtt_meeting *meeting, const struct dtt_id *middle)
{
    for (size_t i = 0; i < meeting->n_middles; i++) {
        if (memcmp(&meeting->middles[i], middle, sizeof(*middle)) == 0) {
            return true;
        }
    }
    return false;
}

/* The peer itself is asked over a relay, and others where they see each other's addresses. */
static bool ask(struct dtt_links *p, struct dtt_now now, struct dtt_meeting *meeting,
                const struct dtt_link *middle)
{
    static const uint8_t room[DTT_ADDR_COMPACT6]; /* for what the middle puts there */
    bool is_peer = middle && memcmp(&middle->id, &meeting->peer, sizeof(middle->id)) == 0;
    const struct dtt_link_conn *c = middle ? conn_of(middle, is_peer) : NULL;
    uint8_t m[DTT_MEET_MESSAGE_MAX];
    uint8_t t[4];
    if (!c || meeting->n_middles == DTT_MEETINGS_MIDDLES || was_asked(meeting, &middle->id) ||
        !dtt_gossip_is_neighbor(p->gossip, &meeting->topic, &middle->id)) {
        return false;
    }
    size_t len = seal(p, now, meeting, m);
    if (len == 0) {
        return false;
    }
    dtt_meetings_ask(meeting, now, &middle->id, &c->addr, (uint32_t)dtt_rng_u64(&p->rng));
    struct dtt_krpc q = {.type = DTT_KRPC_QUERY,
                         .method = DTT_KRPC_M_DTT_MEET,
                         .t = wire_of(t, meeting->t),
                         .id = dtt_slice(p->node_id, DTT_NODE_ID_BYTES),
                         .m = dtt_slice(m, len),
                         .o = dtt_slice(room, sizeof(room))};
    DTT_COUNT(p->ctx, NODE_MEETS_ASKED);
    DTT_TRACE(p->ctx, NODE_MEET_ASK, dtt_tv_id(&meeting->peer), dtt_tv_id(&middle->id));
    return send(p, &c->addr, &q, SIZE_MAX);
}

/* Asks the next one, in the order in which they came to be peers. */
static bool ask_next(struct dtt_links *p, struct dtt_now now, struct dtt_meeting *meeting)
{
    for (size_t i = 0; i < dtt_map_count(&p->peers); i++) {
        if (ask(p, now, meeting, dtt_map_value_at(&p->peers, i))) {
            return true;
        }
    }
    return false;
}

bool dtt_meet_want(struct dtt_links *p, struct dtt_now now, const struct dtt_id *peer,
                   const struct dtt_gossip_topic_id *topic, const struct dtt_addr *addrs, size_t n,
                   const struct dtt_id *via)
{
    if (!p->prover.node_seed || dtt_meetings_find(&p->meetings, peer, true)) {
        return false;
    }
    struct dtt_meeting *meeting = dtt_meetings_begin(&p->meetings, peer, topic, true);
    if (!meeting) {
        DTT_COUNT(p->ctx, NODE_MEETS_REFUSED);
        return false;
    }
    for (size_t i = 0; i < n && meeting->n < DTT_MEET_MESSAGE_ADDRS; i++) {
        if (dtt_addr_scope(&addrs[i]) == DTT_SCOPE_GLOBAL) {
            meeting->addrs[meeting->n++] = addrs[i];
        }
    }
    bool is_asked = ask(p, now, meeting, dtt_link_find(p, peer)) ||
                    (via && ask(p, now, meeting, dtt_link_find(p, via))) ||
                    ask_next(p, now, meeting);
    if (!is_asked) {
        dtt_meetings_end(meeting);
    }
    set_timer(p);
    return is_asked;
}

uint64_t dtt_meet_told_ns(struct dtt_links *p, const struct dtt_id *peer)
{
    const struct dtt_meeting *meeting = dtt_meetings_find(&p->meetings, peer, true);
    return meeting ? dtt_meetings_end_ns(meeting) : 0;
}

void dtt_meet_unneeded(struct dtt_links *p, const struct dtt_id *peer)
{
    struct dtt_meeting *meeting = dtt_meetings_find(&p->meetings, peer, true);
    if (meeting) {
        dtt_meetings_end(meeting);
        set_timer(p);
    }
}

/* The end of a meeting that we asked for, for who dials. */
static void tell(struct dtt_links *p, const struct dtt_id *peer, const struct dtt_addr *addr)
{
    struct dtt_meet_end *end = dtt_ring_push(&p->meet_ends);
    if (end) { /* else the dial goes on by itself, a little later */
        *end = (struct dtt_meet_end){.peer = *peer};
        if (addr) {
            end->addr = *addr;
        }
    }
}

bool dtt_meet_next_end(struct dtt_links *p, struct dtt_meet_end *ret)
{
    return dtt_ring_take(&p->meet_ends, ret);
}

/* The middle cannot help: the next one, or the dial goes on without. */
static void refused(struct dtt_links *p, struct dtt_now now, struct dtt_meeting *meeting)
{
    if (!ask_next(p, now, meeting)) {
        struct dtt_id peer = meeting->peer;
        dtt_meetings_end(meeting);
        tell(p, &peer, NULL);
    }
}

/* The neighbour is a node of before, which knows no meetings: it is not asked again. */
static void note_deaf(struct dtt_links *p, const struct dtt_addr *remote, const struct dtt_krpc *m)
{
    struct dtt_link *link = neighbor_at(p, remote);
    if (link && m->type == DTT_KRPC_ERROR && m->error == DTT_KRPC_E_METHOD) {
        link->is_meet_deaf = true;
    }
}

/* The answer of a middle; false: to nothing that we asked there. */
static bool on_answer(struct dtt_links *p, struct dtt_now now, const struct dtt_addr *remote,
                      const struct dtt_krpc *m)
{
    struct dtt_addr seen;
    uint8_t t[4];
    for (size_t i = 0; i < DTT_MEETINGS_MAX; i++) {
        struct dtt_meeting *meeting = &p->meetings.list[i];
        if (meeting->state != DTT_MEETING_ASKING || !dtt_addr_eq(&meeting->asked, remote) ||
            !dtt_slice_eq(m->t, wire_of(t, meeting->t))) {
            continue;
        }
        note_deaf(p, remote, m);
        if (m->type == DTT_KRPC_ERROR) {
            refused(p, now, meeting);
        } else {
            bool has_seen = dtt_addr_from_compact(m->o, &seen) == DTT_OK &&
                            dtt_addr_may_be_named(&seen, p->nearest);
            dtt_meetings_knock(meeting, now, has_seen ? &seen : NULL);
        }
        dtt_meet_tick(p, now);
        return true;
    }
    for (size_t i = 0; i < p->meetings.n_pairs; i++) {
        const struct dtt_meeting_pair *pair = &p->meetings.pairs[i];
        if (dtt_addr_eq(&pair->addr, remote) && dtt_slice_eq(m->t, wire_of(t, pair->t))) {
            note_deaf(p, remote, m);
            return true;
        }
    }
    return false;
}

/* ---- who is asked, and who is told */

/* Opens a message with the topics that we share with the neighbour which it came from. */
static bool open_message(struct dtt_links *p, const struct dtt_link *link, struct dtt_slice s,
                         uint32_t minute, struct dtt_meet_message *ret,
                         struct dtt_gossip_topic_id *topic)
{
    uint8_t seed[32];
    bool is_open = false;
    for (size_t i = 0; i < link->out.n && !is_open; i++) {
        *topic = link->out.streams[i].topic;
        is_open = p->prover.seed(p->prover.user, topic, minute, seed) &&
                  dtt_meet_message_open(s, seed, topic->bytes, ret) == DTT_OK;
        sodium_memzero(seed, sizeof(seed));
    }
    return is_open && dtt_gossip_is_neighbor(p->gossip, topic, &link->id);
}

static void refuse(struct dtt_links *p, const struct dtt_addr *remote, const struct dtt_krpc *q,
                   size_t len)
{
    struct dtt_krpc m = {.type = DTT_KRPC_ERROR,
                         .t = q->t,
                         .error = DTT_KRPC_E_GENERIC,
                         .error_text = dtt_slice("", 0)};
    send(p, remote, &m, len);
}

/* Tells the neighbour `to` of the one that asks, and that one of the neighbour's address. */
static bool pass_on(struct dtt_links *p, struct dtt_now now, const struct dtt_addr *remote,
                    const struct dtt_krpc *q, size_t len, const struct dtt_meet_message *meet,
                    const struct dtt_gossip_topic_id *topic)
{
    const struct dtt_link *to = dtt_link_find(p, &meet->to);
    const struct dtt_link_conn *c = to ? conn_of(to, false) : NULL;
    uint8_t o[DTT_ADDR_COMPACT6];
    uint8_t t[4];
    if (!c || dtt_addr_is_invented(remote) || !dtt_gossip_is_neighbor(p->gossip, topic, &to->id)) {
        return false;
    }
    struct dtt_meeting_pair *pair = dtt_meetings_pair(&p->meetings, now, &meet->from, &meet->to);
    if (!pair) {
        return false;
    }
    pair->addr = c->addr;
    pair->t = (uint32_t)dtt_rng_u64(&p->rng);
    struct dtt_krpc m = {.type = DTT_KRPC_QUERY,
                         .method = DTT_KRPC_M_DTT_MEET,
                         .t = wire_of(t, pair->t),
                         .id = dtt_slice(p->node_id, DTT_NODE_ID_BYTES),
                         .m = q->m,
                         .o = compact(o, remote)};
    if (!send(p, &c->addr, &m, len)) {
        return false;
    }
    m = (struct dtt_krpc){.type = DTT_KRPC_REPLY, .t = q->t, .id = m.id, .o = compact(o, &c->addr)};
    send(p, remote, &m, len);
    DTT_COUNT(p->ctx, NODE_MEETS_PASSED);
    DTT_TRACE(p->ctx, NODE_MEET_PASS, dtt_tv_id(&meet->from), dtt_tv_id(&meet->to));
    return true;
}

/* Nobody sees us where we are asked over a relay: we tell the first of our global addresses. */
static void answer_relayed(struct dtt_links *p, const struct dtt_addr *remote,
                           const struct dtt_krpc *q, size_t len)
{
    static const uint8_t none[DTT_ADDR_COMPACT4];
    uint8_t o[DTT_ADDR_COMPACT6];
    struct dtt_krpc m = {.type = DTT_KRPC_REPLY,
                         .t = q->t,
                         .id = dtt_slice(p->node_id, DTT_NODE_ID_BYTES),
                         .o = dtt_slice(none, sizeof(none))};
    for (size_t i = p->n_own; i > 0; i--) {
        if (dtt_addr_scope(&p->own[i - 1]) == DTT_SCOPE_GLOBAL) {
            m.o = compact(o, &p->own[i - 1]);
        }
    }
    send(p, remote, &m, len);
}

static void told(struct dtt_links *p, struct dtt_now now, const struct dtt_krpc *q,
                 const struct dtt_meet_message *meet, const struct dtt_gossip_topic_id *topic)
{
    struct dtt_addr seen;
    struct dtt_meeting *meeting = dtt_meetings_find(&p->meetings, &meet->from, false);
    meeting = meeting ? meeting : dtt_meetings_begin(&p->meetings, &meet->from, topic, false);
    if (!meeting) {
        DTT_COUNT(p->ctx, NODE_MEETS_REFUSED);
        return;
    }
    meeting->n = 0;
    for (size_t i = 0; i < meet->n; i++) {
        if (dtt_addr_may_be_named(&meet->addrs[i], p->nearest) &&
            dtt_addr_scope(&meet->addrs[i]) == DTT_SCOPE_GLOBAL &&
            !dtt_addr_is_in(meeting->addrs, meeting->n, &meet->addrs[i])) {
            meeting->addrs[meeting->n++] = meet->addrs[i];
        }
    }
    bool has_seen =
        dtt_addr_from_compact(q->o, &seen) == DTT_OK && dtt_addr_may_be_named(&seen, p->nearest);
    dtt_meetings_knock(meeting, now, has_seen ? &seen : NULL);
    DTT_COUNT(p->ctx, NODE_MEETS_TOLD);
    DTT_TRACE(p->ctx, NODE_MEET_TOLD, dtt_tv_id(&meet->from), dtt_tv_addr(&meeting->addrs[0]));
    dtt_meet_tick(p, now);
}

/* One neighbour does not use up what is there for all. */
static bool may_ask(struct dtt_link *link, struct dtt_now now)
{
    if (link->meets.burst == 0) {
        dtt_bucket_init(&link->meets, 2, 8, now.mono_ns);
    }
    return dtt_bucket_take(&link->meets, 1, now.mono_ns);
}

static void on_query(struct dtt_links *p, struct dtt_now now, const struct dtt_addr *remote,
                     const struct dtt_krpc *q, size_t len)
{
    struct dtt_link *link = neighbor_at(p, remote);
    struct dtt_meet_head head;
    struct dtt_meet_message meet;
    struct dtt_gossip_topic_id topic;
    if (!link || !may_ask(link, now) || !dtt_meetings_may_look(&p->meetings, now) ||
        dtt_meet_message_read_head(q->m, &head) != DTT_OK ||
        !dtt_meetings_is_new(&p->meetings, now, &head) ||
        !open_message(p, link, q->m, head.minute, &meet, &topic)) {
        DTT_COUNT(p->ctx, NODE_MEETS_REFUSED);
        return;
    }
    if (memcmp(&meet.to, &p->prover.me, sizeof(meet.to)) == 0) {
        told(p, now, q, &meet, &topic);
        if (dtt_addr_is_invented(remote)) {
            answer_relayed(p, remote, q, len);
        }
    } else if (memcmp(&meet.from, &link->id, sizeof(meet.from)) != 0 ||
               !pass_on(p, now, remote, q, len, &meet, &topic)) {
        DTT_COUNT(p->ctx, NODE_MEETS_REFUSED);
        refuse(p, remote, q, len);
    }
}

/* ---- what comes in */

/* Answers are looked at only from addresses that were asked. */
static bool is_awaited(const struct dtt_links *p, const struct dtt_addr *remote)
{
    bool is = false;
    for (size_t i = 0; i < DTT_MEETINGS_MAX; i++) {
        const struct dtt_meeting *m = &p->meetings.list[i];
        is |= m->state == DTT_MEETING_ASKING && dtt_addr_eq(&m->asked, remote);
    }
    for (size_t i = 0; i < p->meetings.n_pairs; i++) {
        is |= dtt_addr_eq(&p->meetings.pairs[i].addr, remote);
    }
    return is;
}

bool dtt_meet_recv(struct dtt_links *p, struct dtt_now now, const struct dtt_addr *remote,
                   struct dtt_slice datagram)
{
    struct dtt_krpc m;
    bool is_query = datagram.len > QUERY_M + 3 &&
                    memcmp(datagram.data, QUERY_PREFIX, sizeof(QUERY_PREFIX) - 1) == 0 &&
                    memcmp(datagram.data + QUERY_M, "1:m", 3) == 0;
    if (!p->prover.node_seed || (!is_query && !is_awaited(p, remote)) ||
        dtt_krpc_decode(datagram, &m) != DTT_OK) {
        return false;
    }
    if (m.type != DTT_KRPC_QUERY) {
        return on_answer(p, now, remote, &m);
    }
    if (m.method != DTT_KRPC_M_DTT_MEET) {
        return false;
    }
    on_query(p, now, remote, &m, datagram.len);
    return true;
}

void dtt_meet_knocked(struct dtt_links *p, const struct dtt_addr *remote)
{
    for (size_t i = 0; i < DTT_MEETINGS_MAX; i++) {
        struct dtt_meeting *meeting = &p->meetings.list[i];
        if (meeting->state != DTT_MEETING_FREE && dtt_meetings_is_at(meeting, remote)) {
            struct dtt_id peer = meeting->peer;
            dtt_meetings_end(meeting);
            DTT_COUNT(p->ctx, NODE_MEETS_KNOCKED);
            DTT_TRACE(p->ctx, NODE_MEET_KNOCKED, dtt_tv_id(&peer), dtt_tv_addr(remote));
            tell(p, &peer, remote);
            set_timer(p);
            return;
        }
    }
}

/* ---- time */

static void run(struct dtt_links *p, struct dtt_now now, struct dtt_meeting *meeting)
{
    bool is_whisper = false;
    if (meeting->state == DTT_MEETING_ASKING && meeting->next_ns <= now.mono_ns) {
        refused(p, now, meeting);
    }
    while (meeting->state == DTT_MEETING_KNOCKING &&
           dtt_meetings_round(meeting, now, &is_whisper)) {
        for (size_t k = 0; k < meeting->n; k++) {
            dtt_knock_send(p, now, &meeting->addrs[k], is_whisper ? DTT_KNOCK_WHISPER : 0);
        }
    }
}

void dtt_meet_tick(struct dtt_links *p, struct dtt_now now)
{
    for (size_t i = 0; i < 2 * DTT_MEETINGS_MAX; i++) {
        run(p, now, &p->meetings.list[i]);
    }
    set_timer(p);
}
