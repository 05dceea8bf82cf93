/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/mtu.h"

void dtt_qmtu_init(struct dtt_qmtu *m)
{
    *m = (struct dtt_qmtu){.wait_ns = DTT_QMTU_RAISE_NS, .look_ns = DTT_NEVER};
}

void dtt_qmtu_reset(struct dtt_qmtu *m)
{
    m->is_asked = false;
    m->is_small = false;
    m->wait_ns = DTT_QMTU_RAISE_NS;
}

size_t dtt_qmtu_limit(struct dtt_qmtu *m, uint64_t now_ns)
{
    if (m->is_small && now_ns - m->changed_ns >= m->wait_ns) {
        m->is_small = false;
        m->changed_ns = now_ns;
    }
    return m->is_small || m->is_asked ? DTT_QMTU_MIN : DTT_QMTU_MAX;
}

void dtt_qmtu_sent(struct dtt_qmtu *m, struct dtt_qstream *s, uint64_t now_ns)
{
    if (s->out.acked == s->out.sent) {
        s->waits_ns = now_ns;
    }
    if (m->look_ns == DTT_NEVER) {
        m->look_ns = dtt_add_ns(now_ns, DTT_QMTU_STALL_NS);
    }
}

void dtt_qmtu_acked(struct dtt_qstream *s, uint64_t now_ns)
{
    s->waits_ns = now_ns;
}

/* Since when the stream that waits longest has; DTT_NEVER: none does. */
static uint64_t oldest(const struct dtt_list *streams)
{
    uint64_t t = DTT_NEVER;
    for (const struct dtt_qstream *s = dtt_qstream_of(streams->head); s;
         s = dtt_qstream_of(s->link.next)) {
        if (s->out.acked < s->out.sent && !s->is_stopped && !s->is_closed) {
            t = dtt_min_ns(t, s->waits_ns);
        }
    }
    return t;
}

static void lower(struct dtt_qmtu *m, uint64_t now_ns)
{
    bool is_failed_trial = m->changed_ns != 0 && now_ns - m->changed_ns < m->wait_ns;
    m->wait_ns = dtt_next_pause_ns(is_failed_trial ? m->wait_ns : 0, DTT_QMTU_RAISE_NS,
                                   DTT_QMTU_RAISE_MAX_NS);
    m->is_small = true;
    m->changed_ns = now_ns;
}

static enum dtt_qmtu_verdict ask(struct dtt_qmtu *m, uint64_t now_ns, uint64_t pto_ns)
{
    m->is_asked = true;
    m->is_heard = false;
    m->look_ns = now_ns + (pto_ns > DTT_QMTU_ANSWER_NS ? pto_ns : DTT_QMTU_ANSWER_NS);
    return DTT_QMTU_ASK;
}

/* What went out since the question was short, and some of it has been answered. */
static enum dtt_qmtu_verdict judge(struct dtt_qmtu *m, uint64_t now_ns)
{
    m->look_ns = dtt_add_ns(now_ns, DTT_QMTU_STALL_NS);
    if (!m->is_heard) {
        return DTT_QMTU_FINE; /* nothing passes at all: that ends by itself, or the idle time does
                               */
    }
    m->is_asked = false;
    lower(m, now_ns);
    return DTT_QMTU_LOWERED;
}

enum dtt_qmtu_verdict dtt_qmtu_look(struct dtt_qmtu *m, const struct dtt_list *streams,
                                    uint64_t now_ns, uint64_t pto_ns, uint64_t idle_ns,
                                    size_t path_max)
{
    uint64_t since = oldest(streams);
    if (m->is_asked) {
        return judge(m, now_ns);
    }
    if (since == DTT_NEVER) {
        m->look_ns = DTT_NEVER;
        return DTT_QMTU_FINE;
    }
    uint64_t patience = 3 * pto_ns > DTT_QMTU_STALL_NS ? 3 * pto_ns : DTT_QMTU_STALL_NS;
    m->look_ns = dtt_add_ns(since, patience);
    if (m->look_ns > now_ns) {
        return DTT_QMTU_FINE;
    }
    if (!m->is_small && path_max > DTT_QMTU_MIN) {
        return ask(m, now_ns, pto_ns);
    }
    m->look_ns = dtt_add_ns(now_ns, DTT_QMTU_STALL_NS);
    uint64_t small_since = m->is_small && m->changed_ns > since ? m->changed_ns : since;
    return now_ns - small_since >= idle_ns ? DTT_QMTU_STUCK : DTT_QMTU_FINE;
}
