/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/once.h"

#include "node/core_topic.h"

#include <sodium.h>
#include <stdlib.h>

/* Distinct publishers reported; a slot anyone can write to must not make endless work. */
#define LOOKUP_RECORDS 64
#define LOOKUP_REFUSED 256

struct dtt_lookup {
    unsigned refs;
    unsigned done;
    uint32_t op;
    uint64_t start_ns;
    uint8_t topic[32];
    struct dtt_secret secret;
    bool has_secret_slot, has_old_line_slot;
    uint32_t asked, answered, refused;
    size_t n_seen;
    struct {
        struct dtt_id publisher;
        uint64_t minute;
    } seen[LOOKUP_RECORDS];
};

int dtt_lookup_new(struct dtt_lookup **ret, const struct dtt_topic_config *cfg, uint32_t op,
                   struct dtt_now now)
{
    struct dtt_lookup *l = calloc(1, sizeof(*l));
    if (!l) {
        return DTT_ENOMEM;
    }
    int err = dtt_topic_read_config(cfg, l->topic, &l->secret);
    if (err) {
        free(l);
        return err;
    }
    struct dtt_tracker_tuning tuning;
    dtt_tracker_tune(&tuning, cfg->preset, cfg->tuning);
    l->has_secret_slot = tuning.secret_slot;
    l->has_old_line_slot = tuning.old_line_slot;
    l->refs = 1;
    l->op = op;
    l->start_ns = now.mono_ns;
    *ret = l;
    return DTT_OK;
}

void dtt_lookup_ref(struct dtt_lookup *l)
{
    l->refs++;
}

void dtt_lookup_unref(struct dtt_lookup *l)
{
    if (--l->refs == 0) {
        sodium_memzero(l, sizeof(*l));
        free(l);
    }
}

uint32_t dtt_lookup_op(const struct dtt_lookup *l)
{
    return l->op;
}

bool dtt_lookup_slot(const struct dtt_lookup *l, enum dtt_slot_kind kind, uint64_t minute,
                     struct dtt_slot *ret)
{
    uint8_t seed[32];
    if ((kind == DTT_SLOT_SECRET && !l->has_secret_slot) ||
        (kind == DTT_SLOT_OLD_LINE && !l->has_old_line_slot)) {
        return false;
    }
    dtt_secret_rotate(seed, &l->secret, l->topic, minute);
    dtt_slot_init(ret, kind, l->topic, minute, seed);
    sodium_memzero(seed, sizeof(seed));
    return true;
}

unsigned dtt_lookup_pending(const struct dtt_lookup *l)
{
    return l->refs - 1;
}

static bool is_new(struct dtt_lookup *l, const struct dtt_record *r)
{
    for (size_t i = 0; i < l->n_seen; i++) {
        if (l->seen[i].minute == r->minute &&
            memcmp(&l->seen[i].publisher, &r->publisher, sizeof(r->publisher)) == 0) {
            return false;
        }
    }
    if (l->n_seen == LOOKUP_RECORDS) {
        return false;
    }
    l->seen[l->n_seen].publisher = r->publisher;
    l->seen[l->n_seen++].minute = r->minute;
    return true;
}

void dtt_lookup_value(struct dtt_lookup *l, struct dtt_now now, uint64_t minute,
                      struct dtt_slice value, struct dtt_events *events)
{
    struct dtt_record record;
    uint8_t seed[32];
    if (l->refused >= LOOKUP_REFUSED) {
        return;
    }
    dtt_secret_rotate(seed, &l->secret, l->topic, minute);
    int err = dtt_record_unseal(value, l->topic, minute, seed, &record);
    sodium_memzero(seed, sizeof(seed));
    if (err) {
        l->refused++;
        return;
    }
    struct dtt_record_info info = {.size = sizeof(info)};
    if (!is_new(l, &record)) {
        return;
    }
    /* Content that does not decode leaves a record with a publisher and nothing else. */
    if (dtt_content_read(dtt_slice(record.content, record.content_len), &info) != DTT_OK) {
        info = (struct dtt_record_info){.size = sizeof(info)};
    }
    info.publisher = record.publisher;
    info.minute = record.minute;
    struct dtt_event out = {.type = DTT_EVENT_RECORD};
    memcpy(out.topic_hash, l->topic, sizeof(out.topic_hash));
    out.u.record.op = l->op;
    int64_t start_ms = (int64_t)(record.minute * 60 * 1000);
    int64_t age_ms = now.wall_ns / (int64_t)DTT_MS - start_ms;
    out.u.record.age_ms = age_ms > 0 ? (uint64_t)age_ms : 0;
    uint8_t owned[sizeof(info) + DTT_CONTENT_MAX];
    memcpy(owned, &info, sizeof(info));
    memcpy(owned + sizeof(info), record.content, record.content_len);
    dtt_events_push(events, now, &out, dtt_slice(owned, sizeof(info) + record.content_len));
}

bool dtt_lookup_done(struct dtt_lookup *l, struct dtt_now now, uint32_t asked, uint32_t answered,
                     struct dtt_events *events)
{
    l->asked += asked;
    l->answered += answered;
    if (l->refs > 1) {
        return false;
    }
    struct dtt_event out = {.type = DTT_EVENT_LOOKUP_DONE};
    memcpy(out.topic_hash, l->topic, sizeof(out.topic_hash));
    out.u.lookup_done.op = l->op;
    out.u.lookup_done.status = l->answered > 0 ? DTT_OK : DTT_ETIMEDOUT;
    out.u.lookup_done.asked = l->asked;
    out.u.lookup_done.answered = l->answered;
    out.u.lookup_done.records = (uint32_t)l->n_seen;
    out.u.lookup_done.refused = l->refused;
    out.u.lookup_done.elapsed_ms = (now.mono_ns - l->start_ns) / DTT_MS;
    dtt_events_push(events, now, &out, dtt_slice(NULL, 0));
    return true;
}
