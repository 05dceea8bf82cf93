/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/meetings.h"

#include <assert.h>

/* After the whisper the other end has had the time to whisper, too. */
static const uint64_t rounds_ns[] = {
    0, 250 * DTT_MS, 500 * DTT_MS, 1000 * DTT_MS, 1750 * DTT_MS, 2750 * DTT_MS};
#define ROUNDS (sizeof(rounds_ns) / sizeof(rounds_ns[0]))
#define LAST_ANSWER_NS DTT_S /* after the last round */

void dtt_meetings_init(struct dtt_meetings *m)
{
    memset(m, 0, sizeof(*m));
    dtt_bucket_init(&m->bucket, DTT_MEETINGS_RATE, DTT_MEETINGS_BURST, 0);
}

/* The only place where the state changes. */
static void enter(struct dtt_meeting *meeting, enum dtt_meeting_state state)
{
    assert(state != DTT_MEETING_ASKING || meeting->is_ours);
    assert(state != DTT_MEETING_ASKING || meeting->state != DTT_MEETING_KNOCKING);
    meeting->state = state;
}

static struct dtt_meeting *first_of(struct dtt_meetings *m, bool is_ours)
{
    return is_ours ? m->list : m->list + DTT_MEETINGS_MAX;
}

struct dtt_meeting *dtt_meetings_find(struct dtt_meetings *m, const struct dtt_id *peer,
                                      bool is_ours)
{
    struct dtt_meeting *list = first_of(m, is_ours);
    for (size_t i = 0; i < DTT_MEETINGS_MAX; i++) {
        if (list[i].state != DTT_MEETING_FREE && memcmp(&list[i].peer, peer, sizeof(*peer)) == 0) {
            return &list[i];
        }
    }
    return NULL;
}

static struct dtt_meeting *free_place(struct dtt_meetings *m, bool is_ours)
{
    struct dtt_meeting *list = first_of(m, is_ours);
    for (size_t i = 0; i < DTT_MEETINGS_MAX; i++) {
        if (list[i].state == DTT_MEETING_FREE) {
            return &list[i];
        }
    }
    return NULL;
}

struct dtt_meeting *dtt_meetings_begin(struct dtt_meetings *m, const struct dtt_id *peer,
                                       const struct dtt_gossip_topic_id *topic, bool is_ours)
{
    struct dtt_meeting *place = free_place(m, is_ours);
    if (place) {
        *place = (struct dtt_meeting){.peer = *peer, .topic = *topic, .is_ours = is_ours};
    }
    return place;
}

bool dtt_meetings_has_room(struct dtt_meetings *m, const struct dtt_id *peer)
{
    return dtt_meetings_find(m, peer, true) || free_place(m, true);
}

void dtt_meetings_end(struct dtt_meeting *meeting)
{
    enter(meeting, DTT_MEETING_FREE);
}

void dtt_meetings_ask(struct dtt_meeting *meeting, struct dtt_now now, const struct dtt_id *middle,
                      const struct dtt_addr *addr, uint32_t t)
{
    assert(meeting->n_middles < DTT_MEETINGS_MIDDLES);
    meeting->middles[meeting->n_middles++] = *middle;
    meeting->asked = *addr;
    meeting->t = t;
    meeting->next_ns = now.mono_ns + DTT_MEETINGS_ANSWER_NS;
    enter(meeting, DTT_MEETING_ASKING);
}

void dtt_meetings_knock(struct dtt_meeting *meeting, struct dtt_now now,
                        const struct dtt_addr *seen)
{
    if (seen && !dtt_addr_is_in(meeting->addrs, meeting->n, seen)) {
        meeting->n += meeting->n < DTT_MEET_MESSAGE_ADDRS;
        memmove(meeting->addrs + 1, meeting->addrs, (meeting->n - 1) * sizeof(*seen));
        meeting->addrs[0] = *seen;
    }
    meeting->began_ns = meeting->next_ns = now.mono_ns;
    meeting->n_knocks = 0;
    enter(meeting, DTT_MEETING_KNOCKING);
}

bool dtt_meetings_round(struct dtt_meeting *meeting, struct dtt_now now, bool *ret_is_whisper)
{
    assert(meeting->state == DTT_MEETING_KNOCKING);
    if (meeting->next_ns > now.mono_ns) {
        return false;
    }
    if (meeting->n_knocks == ROUNDS) {
        enter(meeting, DTT_MEETING_FREE);
        return false;
    }
    *ret_is_whisper = meeting->n_knocks == 0;
    meeting->n_knocks++;
    meeting->next_ns = meeting->n_knocks < ROUNDS ? meeting->began_ns + rounds_ns[meeting->n_knocks]
                                                  : dtt_meetings_end_ns(meeting);
    return true;
}

uint64_t dtt_meetings_end_ns(const struct dtt_meeting *meeting)
{
    return meeting->state == DTT_MEETING_KNOCKING
               ? meeting->began_ns + rounds_ns[ROUNDS - 1] + LAST_ANSWER_NS
               : 0;
}

bool dtt_meetings_is_at(const struct dtt_meeting *meeting, const struct dtt_addr *addr)
{
    for (size_t i = 0; i < meeting->n; i++) {
        if (dtt_addr_same_ip(&meeting->addrs[i], addr)) {
            return true;
        }
    }
    return false;
}

uint64_t dtt_meetings_deadline(const struct dtt_meetings *m)
{
    uint64_t at = DTT_NEVER;
    for (size_t i = 0; i < 2 * DTT_MEETINGS_MAX; i++) {
        if (m->list[i].state != DTT_MEETING_FREE) {
            at = dtt_min_ns(at, m->list[i].next_ns);
        }
    }
    return at;
}

/* ---- the middle */

bool dtt_meetings_may_look(struct dtt_meetings *m, struct dtt_now now)
{
    return dtt_bucket_take(&m->bucket, 1, now.mono_ns);
}

bool dtt_meetings_is_new(struct dtt_meetings *m, struct dtt_now now,
                         const struct dtt_meet_head *head)
{
    uint64_t minute = dtt_now_minute(now);
    size_t kept = 0;
    if (head->minute > minute + 1 || (uint64_t)head->minute + 1 < minute) {
        return false;
    }
    for (size_t i = 0; i < m->n_nonces; i++) {
        if (m->nonces[i].minute == head->minute &&
            memcmp(m->nonces[i].nonce, head->nonce, DTT_MEET_MESSAGE_NONCE) == 0) {
            return false;
        }
    }
    for (size_t i = 0; i < m->n_nonces; i++) {
        if ((uint64_t)m->nonces[i].minute + 1 >= minute) {
            m->nonces[kept++] = m->nonces[i];
        }
    }
    m->n_nonces = kept;
    if (kept == DTT_MEETINGS_NONCES) {
        return false;
    }
    memcpy(m->nonces[kept].nonce, head->nonce, DTT_MEET_MESSAGE_NONCE);
    m->nonces[m->n_nonces++].minute = head->minute;
    return true;
}

struct dtt_meeting_pair *dtt_meetings_pair(struct dtt_meetings *m, struct dtt_now now,
                                           const struct dtt_id *from, const struct dtt_id *to)
{
    size_t share = 0;
    size_t kept = 0;
    for (size_t i = 0; i < m->n_pairs; i++) {
        const struct dtt_meeting_pair *p = &m->pairs[i];
        if (now.mono_ns - p->at_ns >= DTT_MEETINGS_PAIR_NS) {
            continue;
        }
        bool is_its = memcmp(&p->from, from, sizeof(*from)) == 0;
        if (is_its && memcmp(&p->to, to, sizeof(*to)) == 0) {
            share = DTT_MEETINGS_SHARE;
        }
        share += is_its;
        m->pairs[kept++] = m->pairs[i];
    }
    m->n_pairs = kept;
    if (share >= DTT_MEETINGS_SHARE || kept == DTT_MEETINGS_PAIRS) {
        return NULL;
    }
    m->pairs[kept] = (struct dtt_meeting_pair){.from = *from, .to = *to, .at_ns = now.mono_ns};
    return &m->pairs[m->n_pairs++];
}
