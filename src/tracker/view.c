/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/view.h"

#include "base/addr.h"

#include <sodium.h>
#include <string.h>

static bool is_in_view(const struct dtt_view *v, uint64_t minute)
{
    return minute <= v->minute && v->minute - minute < v->depth;
}

/* NULL: the minute is not looked at. */
static struct dtt_view_minute *minute_of(struct dtt_view *v, uint64_t minute)
{
    if (is_in_view(v, minute)) {
        return &v->minutes[minute % DTT_VIEW_MINUTES];
    }
    return minute == v->far.minute ? &v->far : NULL;
}

static void begin(struct dtt_view *v, struct dtt_view_minute *m, uint64_t minute)
{
    m->minute = minute;
    m->is_skipped = dtt_secret_rotate(m->enc_seed, &v->secret, v->topic, minute) != DTT_OK;
    for (unsigned k = 0; k < DTT_SLOT_KINDS; k++) {
        m->slots[k].is_used = false;
    }
}

static void start_minute(struct dtt_view *v, uint64_t minute)
{
    struct dtt_view_minute *m = &v->minutes[minute % DTT_VIEW_MINUTES];
    begin(v, m, minute);
    if (m->is_skipped) {
        v->skipped++;
        DTT_COUNT(v->ctx, TRACKER_MINUTES_SKIPPED);
        DTT_TRACE(v->ctx, TRACKER_MINUTE_SKIPPED, dtt_tv_int((int64_t)minute));
    }
}

void dtt_view_look(struct dtt_view *v, uint64_t minute)
{
    if (minute != v->far.minute) {
        begin(v, &v->far, minute);
    }
}

void dtt_view_init(struct dtt_view *v, struct dtt_ctx *ctx, const uint8_t topic[32],
                   const struct dtt_secret *secret, const struct dtt_id *self, uint64_t minute)
{
    v->ctx = ctx;
    memcpy(v->topic, topic, sizeof(v->topic));
    v->secret = *secret;
    v->self = *self;
    v->minute = minute;
    v->refused = 0;
    v->skipped = 0;
    v->n_new = 0;
    v->count = 0;
    v->depth = 2;
    v->far.minute = UINT64_MAX;
    for (uint64_t i = 0; i < DTT_VIEW_MINUTES && i <= minute; i++) {
        start_minute(v, minute - i);
    }
}

void dtt_view_fini(struct dtt_view *v)
{
    sodium_memzero(&v->secret, sizeof(v->secret));
    for (size_t i = 0; i < DTT_VIEW_MINUTES; i++) {
        struct dtt_view_minute *m = &v->minutes[i];
        sodium_memzero(m->enc_seed, sizeof(m->enc_seed));
        sodium_memzero(&m->slots[DTT_SLOT_SECRET].slot, sizeof(struct dtt_slot));
    }
    sodium_memzero(v->far.enc_seed, sizeof(v->far.enc_seed));
    sodium_memzero(&v->far.slots[DTT_SLOT_SECRET].slot, sizeof(struct dtt_slot));
}

static void drop_record(struct dtt_view *v, size_t i)
{
    v->n_new -= v->records[i].is_new;
    v->records[i] = v->records[--v->count];
}

void dtt_view_turn(struct dtt_view *v, uint64_t minute)
{
    if (minute == v->minute) {
        return;
    }
    v->minute = minute;
    for (uint64_t i = 0; i < DTT_VIEW_MINUTES && i <= minute; i++) {
        if (v->minutes[(minute - i) % DTT_VIEW_MINUTES].minute != minute - i) {
            start_minute(v, minute - i);
        }
    }
    for (size_t i = v->count; i > 0; i--) {
        if (!is_in_view(v, v->records[i - 1].info.minute)) {
            drop_record(v, i - 1);
        }
    }
}

struct dtt_view_slot *dtt_view_slot(struct dtt_view *v, enum dtt_slot_kind kind, uint64_t minute)
{
    struct dtt_view_minute *m = minute_of(v, minute);
    if (!m || m->is_skipped) {
        return NULL;
    }
    struct dtt_view_slot *s = &m->slots[kind];
    if (!s->is_used) {
        s->is_used = true;
        s->has_max_seq = false;
        s->n_values = 0;
        dtt_slot_init(&s->slot, kind, v->topic, minute, m->enc_seed);
    }
    return s;
}

bool dtt_view_has_keys(const struct dtt_view *v, uint64_t minute)
{
    const struct dtt_view_minute *m = &v->minutes[minute % DTT_VIEW_MINUTES];
    return m->minute != minute || !m->is_skipped;
}

/* False when the value is known, or must not be opened now. */
static bool is_worth_opening(struct dtt_view *v, struct dtt_view_slot *s, uint64_t mono_ns,
                             struct dtt_slice value)
{
    uint8_t hash[DTT_VIEW_HASH_BYTES];
    crypto_generichash(hash, sizeof(hash), value.data, value.len, NULL, 0);
    for (size_t i = 0; i < s->n_values; i++) {
        if (memcmp(s->values[i], hash, sizeof(hash)) == 0) {
            return false;
        }
    }
    if (s->n_values == 0) {
        dtt_bucket_init(&s->bucket, DTT_VIEW_OPEN_PER_SECOND, DTT_VIEW_OPEN_BURST, mono_ns);
    }
    if (s->n_values == DTT_VIEW_VALUES_MAX || !dtt_bucket_take(&s->bucket, 1, mono_ns)) {
        DTT_COUNT(v->ctx, TRACKER_VALUES_SKIPPED);
        return false;
    }
    memcpy(s->values[s->n_values++], hash, sizeof(hash));
    return true;
}

static int open_value(struct dtt_view *v, const struct dtt_view_minute *m, struct dtt_slice value,
                      struct dtt_record_info *ret)
{
    uint8_t minute[8];
    dtt_put_le64(minute, m->minute);
    const struct dtt_slice parts[] = {value, dtt_slice(v->topic, sizeof(v->topic)),
                                      dtt_slice(minute, sizeof(minute)),
                                      dtt_slice(m->enc_seed, sizeof(m->enc_seed))};
    struct dtt_memo_mark mark;
    const void *known = dtt_memo_find(v->ctx->opened, "record", parts, 4, &mark);
    if (known) {
        memcpy(ret, known, sizeof(*ret));
        return DTT_OK;
    }
    struct dtt_record rec;
    int err = dtt_record_unseal(value, v->topic, m->minute, m->enc_seed, &rec);
    if (err) {
        return err;
    }
    dtt_record_describe(&rec, ret);
    dtt_memo_keep(v->ctx->opened, &mark, ret);
    return DTT_OK;
}

/*
 * All records of a slot carry the same sequence number: of two of one publisher in one minute the
 * one that was made later counts. Where that is not told, the one that tells more is taken for it,
 * as a record of a node that has just started is empty.
 */
static bool supersedes(const struct dtt_record_info *a, const struct dtt_record_info *b)
{
    if (a->minute != b->minute) {
        return a->minute > b->minute;
    }
    if (a->unix_s != b->unix_s && a->unix_s > 0 && b->unix_s > 0) {
        return a->unix_s > b->unix_s;
    }
    return a->n_active_peers + a->n_message_hashes + a->n_addrs >=
           b->n_active_peers + b->n_message_hashes + b->n_addrs;
}

/* Where a record of `publisher` goes: its old one, a free place, the place of an older minute. */
static struct dtt_view_record *place_for(struct dtt_view *v, const struct dtt_record_info *info)
{
    size_t oldest = 0;
    for (size_t i = 0; i < v->count; i++) {
        if (memcmp(&v->records[i].info.publisher, &info->publisher, sizeof(info->publisher)) == 0) {
            return supersedes(info, &v->records[i].info) ? &v->records[i] : NULL;
        }
        if (v->records[i].info.minute < v->records[oldest].info.minute) {
            oldest = i;
        }
    }
    if (v->count < DTT_VIEW_PUBLISHERS_MAX) {
        struct dtt_view_record *r = &v->records[v->count++];
        memset(r, 0, sizeof(*r));
        return r;
    }
    DTT_COUNT(v->ctx, TRACKER_PUBLISHERS_REFUSED);
    return v->records[oldest].info.minute < info->minute ? &v->records[oldest] : NULL;
}

static void keep(struct dtt_view *v, const struct dtt_record_info *info, bool is_near)
{
    struct dtt_view_record *r = place_for(v, info);
    if (r) {
        bool is_in_slot = r->info.minute == info->minute && !r->is_near;
        r->is_near = is_near && !is_in_slot;
        r->info = *info;
        v->n_new += !r->is_new;
        r->is_new = true;
    }
}

static bool is_own(const struct dtt_view *v, const struct dtt_record_info *info)
{
    return memcmp(&info->publisher, &v->self, sizeof(v->self)) == 0;
}

enum dtt_view_result dtt_view_add(struct dtt_view *v, uint64_t mono_ns, enum dtt_slot_kind kind,
                                  uint64_t minute, int64_t seq, struct dtt_slice value,
                                  struct dtt_record_info *ret)
{
    struct dtt_view_slot *s = dtt_view_slot(v, kind, minute);
    if (!s) {
        DTT_COUNT(v->ctx, TRACKER_VALUES_STALE);
        return DTT_VIEW_NOTHING;
    }
    if (!s->has_max_seq || seq > s->max_seq) {
        s->has_max_seq = true;
        s->max_seq = seq;
    }
    if (!is_worth_opening(v, s, mono_ns, value)) {
        return DTT_VIEW_NOTHING;
    }
    int err = open_value(v, minute_of(v, minute), value, ret);
    if (err) {
        v->refused++;
        DTT_COUNT(v->ctx, TRACKER_VALUES_REFUSED);
        DTT_TRACE(v->ctx, TRACKER_VALUE_REFUSED, dtt_tv_int((int64_t)minute),
                  dtt_tv_text(dtt_error_name(err)));
        return DTT_VIEW_NOTHING;
    }
    if (is_own(v, ret)) {
        return DTT_VIEW_OWN;
    }
    if (!is_in_view(v, minute)) {
        return DTT_VIEW_FAR;
    }
    keep(v, ret, false);
    return DTT_VIEW_RECORD;
}

enum dtt_view_result dtt_view_add_near(struct dtt_view *v, uint64_t minute, struct dtt_slice value,
                                       uint32_t zone, struct dtt_record_info *ret)
{
    const struct dtt_view_minute *m = is_in_view(v, minute) ? minute_of(v, minute) : NULL;
    if (!m || m->is_skipped) {
        DTT_COUNT(v->ctx, TRACKER_VALUES_STALE);
        return DTT_VIEW_NOTHING;
    }
    if (open_value(v, m, value, ret) != DTT_OK) {
        DTT_COUNT(v->ctx, LAN_VALUES_REFUSED);
        return DTT_VIEW_NOTHING;
    }
    for (size_t i = 0; i < ret->n_addrs; i++) {
        struct dtt_addr *a = &ret->addrs[i];
        if (a->family == DTT_FAMILY_V6) {
            *a = dtt_addr_v6_zone(a->ip, a->port, zone);
        }
    }
    if (is_own(v, ret)) {
        return DTT_VIEW_OWN;
    }
    keep(v, ret, true);
    return DTT_VIEW_RECORD;
}

uint32_t dtt_view_publishers(const struct dtt_view *v, uint64_t minute, bool has_neighbors)
{
    uint32_t n = 0;
    for (size_t i = 0; i < v->count; i++) {
        const struct dtt_record_info *r = &v->records[i].info;
        n += r->minute == minute && (r->n_active_peers > 0) == has_neighbors &&
             !v->records[i].is_near;
    }
    return n;
}

bool dtt_view_next_new(struct dtt_view *v, struct dtt_record_info *ret)
{
    for (size_t i = 0; i < v->count && v->n_new > 0; i++) {
        if (v->records[i].is_new) {
            v->records[i].is_new = false;
            v->n_new--;
            *ret = v->records[i].info;
            return true;
        }
    }
    return false;
}

bool dtt_view_is_sound(const struct dtt_view *v)
{
    size_t n_new = 0;
    bool is_sound = v->count <= DTT_VIEW_PUBLISHERS_MAX;
    for (size_t i = 0; i < v->count && is_sound; i++) {
        n_new += v->records[i].is_new;
        is_sound = is_in_view(v, v->records[i].info.minute);
    }
    return is_sound && n_new == v->n_new;
}
