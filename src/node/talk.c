/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/talk.h"

#include "codec/text.h"

/* Numbers begin with the time in units of a thousandth of this, so that a new start is above them.
 */
#define SEQ_A_MS 1024
/* Whoever is asked for a name by a newcomer waits for up to so long for each member. */
#define GREET_NS (100 * DTT_MS)
#define RETRY_NS (1 * DTT_S)

void dtt_talk_init(struct dtt_talk *t, struct dtt_ctx *ctx, struct dtt_now now,
                   const struct dtt_id *me, const struct dtt_gossip_topic_id *topic)
{
    uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
    *t = (struct dtt_talk){.ctx = ctx, .me = *me, .topic = *topic, .name_due_ns = DTT_NEVER};
    dtt_rng_init(&t->rng, ctx->seed, "talk");
    dtt_rng_bytes(&t->rng, hash_key, sizeof(hash_key));
    dtt_authors_init(&t->authors, ctx, hash_key);
    t->first_seq = dtt_authors_now_ms(&t->authors, now) * SEQ_A_MS;
    t->seq = t->first_seq;
}

void dtt_talk_fini(struct dtt_talk *t)
{
    dtt_authors_fini(&t->authors);
    dtt_rng_fini(&t->rng);
}

/* ---- hearing */

static bool is_me(const struct dtt_talk *t, const struct dtt_id *id)
{
    return memcmp(t->me.bytes, id->bytes, sizeof(id->bytes)) == 0;
}

/* A former process of ours may have said it. */
static int hear_myself(struct dtt_talk *t, struct dtt_now now, const struct dtt_envelope *e)
{
    if (!e->is_dated) {
        return DTT_REPLAYED_NOT;
    }
    if (e->seq > t->first_seq && e->seq <= t->seq) {
        return DTT_REPLAYED_HEARD;
    }
    if (e->seq > t->seq) {
        t->first_seq = e->seq;
        t->seq = e->seq;
    }
    return dtt_authors_judge_time(&t->authors, now, e->sent_ms);
}

static void hear_good(struct dtt_talk *t, struct dtt_now now, const struct dtt_envelope *e,
                      enum dtt_gossip_scope scope, struct dtt_talk_heard *ret)
{
    struct dtt_event_message *m = &ret->message;
    DTT_COUNT(t->ctx, AUTHOR_SIGNED);
    m->author = e->author;
    m->data = e->content.data;
    m->len = e->content.len;
    m->signature = e->is_dated ? DTT_SIGNATURE_DATED : DTT_SIGNATURE_UNDATED;
    m->is_text = e->kind == DTT_ENVELOPE_TEXT;
    m->sent_ms = e->sent_ms;
    m->seq = e->seq;
    if (is_me(t, &e->author)) {
        m->replayed = hear_myself(t, now, e);
    } else {
        m->replayed = dtt_authors_hear(&t->authors, now, e, &m->neighbor, scope == DTT_GOSSIP_SWARM,
                                       &ret->news);
    }
    DTT_COUNT_N(t->ctx, AUTHOR_REPLAYED, m->replayed != DTT_REPLAYED_NOT);
    ret->is_message = e->kind != DTT_ENVELOPE_NAME;
}

void dtt_talk_hear(struct dtt_talk *t, struct dtt_now now, const struct dtt_id *from,
                   enum dtt_gossip_scope scope, struct dtt_slice data, struct dtt_talk_heard *ret)
{
    struct dtt_envelope e;
    *ret = (struct dtt_talk_heard){.is_message = true};
    ret->message = (struct dtt_event_message){.neighbor = *from,
                                              .data = data.data,
                                              .len = data.len,
                                              .raw = data.data,
                                              .raw_len = data.len};
    if (dtt_envelope_read(data, &e) != DTT_OK) {
        return;
    }
    if (e.is_dated && memcmp(e.topic, t->topic.bytes, sizeof(e.topic)) != 0) {
        DTT_COUNT(t->ctx, AUTHOR_OTHER_TOPIC);
        ret->is_message = false;
    } else if (dtt_envelope_is_good(&e)) {
        hear_good(t, now, &e, scope, ret);
    } else {
        DTT_COUNT(t->ctx, AUTHOR_FORGED);
        ret->message.signature = DTT_SIGNATURE_BAD;
    }
}

/* ---- speaking */

static void write(const struct dtt_talk *t, struct dtt_now now, enum dtt_envelope_kind kind,
                  struct dtt_slice content, const uint8_t seed[32], struct dtt_writer *w)
{
    struct dtt_envelope e = {.author = t->me,
                             .kind = kind,
                             .content = content,
                             .is_dated = true,
                             .sent_ms = dtt_authors_now_ms(&t->authors, now),
                             .seq = t->seq + 1};
    memcpy(e.topic, t->topic.bytes, sizeof(e.topic));
    dtt_envelope_write(w, &e, seed);
}

void dtt_talk_write(const struct dtt_talk *t, struct dtt_now now, struct dtt_slice content,
                    const uint8_t seed[32], struct dtt_writer *w)
{
    bool is_text = dtt_utf8_is_valid(content);
    write(t, now, is_text ? DTT_ENVELOPE_TEXT : DTT_ENVELOPE_BYTES, content, seed, w);
}

void dtt_talk_said(struct dtt_talk *t)
{
    t->seq++;
}

/* ---- our name */

int dtt_talk_set_name(struct dtt_talk *t, struct dtt_now now, struct dtt_slice name)
{
    if (name.len > sizeof(t->name)) {
        return DTT_ETOOBIG;
    }
    if (!dtt_utf8_is_valid(name)) {
        return DTT_EINVAL;
    }
    if (name.len > 0) {
        memcpy(t->name, name.data, name.len);
    }
    t->name_len = name.len;
    t->name_due_ns = name.len > 0 ? now.mono_ns : DTT_NEVER;
    return DTT_OK;
}

void dtt_talk_greet(struct dtt_talk *t, struct dtt_now now)
{
    uint64_t members = t->authors.here.count;
    uint64_t apart_ns = members * DTT_TALK_NAME_MEMBER_NS;
    uint64_t due_ns = now.mono_ns + dtt_rng_below(&t->rng, members * GREET_NS);
    apart_ns = apart_ns < DTT_TALK_NAME_NS ? DTT_TALK_NAME_NS : apart_ns;
    if (t->name_said_ns > 0 && due_ns < t->name_said_ns + apart_ns) {
        due_ns = t->name_said_ns + apart_ns;
    }
    if (t->name_len > 0 && due_ns < t->name_due_ns) {
        t->name_due_ns = due_ns;
    }
}

bool dtt_talk_is_name_due(const struct dtt_talk *t, struct dtt_now now)
{
    return t->name_due_ns <= now.mono_ns;
}

void dtt_talk_write_name(const struct dtt_talk *t, struct dtt_now now, const uint8_t seed[32],
                         struct dtt_writer *w)
{
    write(t, now, DTT_ENVELOPE_NAME, dtt_slice(t->name, t->name_len), seed, w);
}

void dtt_talk_named(struct dtt_talk *t, struct dtt_now now, bool is_said, bool is_alone)
{
    uint64_t keep_ns = 2 * t->authors.here.count * DTT_TALK_NAME_MEMBER_NS;
    if (!is_said) {
        /* The next neighbour is a newcomer. */
        t->name_due_ns = is_alone ? DTT_NEVER : now.mono_ns + RETRY_NS;
        return;
    }
    dtt_talk_said(t);
    t->name_said_ns = now.mono_ns;
    t->name_due_ns =
        now.mono_ns + (keep_ns < DTT_TALK_NAME_KEEP_NS ? DTT_TALK_NAME_KEEP_NS : keep_ns);
}

uint64_t dtt_talk_deadline(const struct dtt_talk *t)
{
    return dtt_min_ns(t->name_due_ns, dtt_authors_deadline(&t->authors));
}
