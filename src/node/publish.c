/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/publish.h"

#include "node/core_topic.h"

#include <sodium.h>
#include <stdlib.h>

/* Values looked into: a slot that anyone can write to must not make endless work. */
#define VALUES_MAX 256

int dtt_publication_new(struct dtt_publication **ret, const struct dtt_topic_config *cfg,
                        struct dtt_slice content, uint32_t op, struct dtt_now now)
{
    struct dtt_publication *p = calloc(1, sizeof(*p));
    if (!p) {
        return DTT_ENOMEM;
    }
    int err = dtt_topic_read_config(cfg, p->topic, &p->secret);
    if (err) {
        free(p);
        return err;
    }
    dtt_tracker_tune(&p->tuning, cfg->preset, cfg->tuning);
    p->op = op;
    p->minute = dtt_now_minute(now);
    p->len = content.len;
    if (content.len > 0) {
        memcpy(p->content, content.data, content.len);
    }
    *ret = p;
    return DTT_OK;
}

void dtt_publication_free(struct dtt_publication *p)
{
    if (p) {
        sodium_memzero(p, sizeof(*p));
        free(p);
    }
}

bool dtt_publication_slot(const struct dtt_publication *p, enum dtt_slot_kind kind,
                          struct dtt_slot *ret)
{
    uint8_t seed[32];
    if ((kind == DTT_SLOT_SECRET && !p->tuning.secret_slot) ||
        (kind == DTT_SLOT_OLD_LINE && !p->tuning.old_line_slot)) {
        return false;
    }
    dtt_secret_rotate(seed, &p->secret, p->topic, p->minute);
    dtt_slot_init(ret, kind, p->topic, p->minute, seed);
    sodium_memzero(seed, sizeof(seed));
    return true;
}

void dtt_publication_value(struct dtt_publication *p, enum dtt_slot_kind kind, int64_t seq,
                           struct dtt_slice value, const struct dtt_id *self)
{
    struct dtt_record record;
    uint8_t seed[32];
    if (!p->has_seq[kind] || seq > p->seq[kind]) {
        p->has_seq[kind] = true;
        p->seq[kind] = seq;
    }
    if (p->n_values++ >= VALUES_MAX) {
        return;
    }
    dtt_secret_rotate(seed, &p->secret, p->topic, p->minute);
    int err = dtt_record_unseal(value, p->topic, p->minute, seed, &record);
    sodium_memzero(seed, sizeof(seed));
    if (err || memcmp(&record.publisher, self, sizeof(*self)) == 0) {
        return;
    }
    for (size_t i = 0; i < p->n_others; i++) {
        if (memcmp(&p->others[i], &record.publisher, sizeof(record.publisher)) == 0) {
            return;
        }
    }
    if (p->n_others < sizeof(p->others) / sizeof(p->others[0])) {
        p->others[p->n_others++] = record.publisher;
    }
}

bool dtt_publication_is_capped(const struct dtt_publication *p)
{
    return p->n_others >= p->tuning.record_cap;
}

int dtt_publication_seal(const struct dtt_publication *p, const uint8_t node_seed[32],
                         struct dtt_rng *rng, struct dtt_writer *ret)
{
    uint8_t plain[DTT_RECORD_PLAIN_MAX];
    uint8_t seed[32];
    struct dtt_writer w = dtt_writer(plain, sizeof(plain));
    int err = dtt_record_sign(&w, p->topic, p->minute, dtt_slice(p->content, p->len), node_seed);
    if (!err) {
        dtt_secret_rotate(seed, &p->secret, p->topic, p->minute);
        err = dtt_record_encrypt(ret, dtt_slice(plain, w.len), seed, rng);
        sodium_memzero(seed, sizeof(seed));
    }
    return err;
}

void dtt_publication_tell(const struct dtt_publication *p, struct dtt_now now,
                          struct dtt_events *events)
{
    struct dtt_event out = {.type = DTT_EVENT_RECORD_PUBLISHED};
    memcpy(out.topic_hash, p->topic, sizeof(out.topic_hash));
    out.u.published.op = p->op;
    out.u.published.minute = p->minute;
    out.u.published.copies = p->copies;
    out.u.published.others = (uint32_t)p->n_others;
    out.u.published.status = p->copies > 0 ? DTT_OK : p->status;
    dtt_events_push(events, now, &out, dtt_slice(NULL, 0));
}
