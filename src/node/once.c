/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/once.h"

#include "node/inside.h"
#include "node/slots.h"
#include "record/record.h"
#include "tracker/tuning.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

/* Anyone can write into a slot: the work it causes is bounded. */
#define RECORDS_MAX 64 /* distinct ones */
#define VALUES_MAX 256 /* opened */

/* Numbers of lookups and publications have this bit, those of DHT operations do not. */
#define NUMBER_BIT UINT32_C(0x80000000)

struct dtt_once {
    bool is_publication;
    uint32_t op;
    unsigned pending; /* DHT operations under way */
    uint64_t start_ns;
    uint64_t minute; /* the current one at the start */
    uint8_t topic[32];
    struct dtt_secret secret;
    struct dtt_tracker_tuning tuning;
    dtt_slot_kinds kinds; /* in use */
    uint32_t asked, answered;
    uint32_t n_values, n_refused;
    size_t n_seen;
    struct {
        struct dtt_id publisher;
        uint64_t minute;
        uint64_t unix_s; /* 0: not told */
    } seen[RECORDS_MAX];
    /* Of a publication: */
    int status;
    uint32_t copies; /* most that one slot has got */
    struct {
        bool is_seen;
        int64_t largest;
    } seqs[DTT_SLOT_KINDS]; /* of the values in the slot of each kind */
    size_t len;
    uint8_t content[DTT_CONTENT_MAX];
};

static int once_new(struct dtt_once **ret, struct dtt_core *c, struct dtt_now now,
                    const struct dtt_topic_config *cfg)
{
    int err = dtt_waits_app_room(&c->waits);
    if (err) {
        return err;
    }
    struct dtt_once *o = calloc(1, sizeof(*o));
    if (!o) {
        return DTT_ENOMEM;
    }
    err = dtt_slots_topic(cfg, o->topic, &o->secret);
    if (err) {
        free(o);
        return err;
    }
    dtt_tracker_tuning_make(&o->tuning, cfg->preset, cfg->tuning);
    o->kinds = dtt_slot_kinds_used(o->tuning.secret_slot, o->tuning.old_line_slot);
    o->op = NUMBER_BIT | ++c->n_once;
    o->start_ns = now.mono_ns;
    o->minute = dtt_now_minute(now);
    *ret = o;
    return DTT_OK;
}

/* One operation less is pending; the last one frees `o`. */
static void once_unref(struct dtt_once *o)
{
    assert(o->pending > 0);
    if (--o->pending == 0) {
        sodium_memzero(o, sizeof(*o));
        free(o);
    }
}

void dtt_once_free_all(struct dtt_core *c)
{
    for (size_t i = 0; i < dtt_map_count(&c->waits.by_op); i++) {
        struct dtt_wait *wait = dtt_map_value_at(&c->waits.by_op, i);
        if (wait->once) {
            once_unref(wait->once);
            wait->once = NULL;
        }
    }
}

static int read_slot(struct dtt_core *c, struct dtt_now now, struct dtt_once *o,
                     enum dtt_slot_kind kind, uint64_t minute)
{
    struct dtt_slot slot;
    struct dtt_dht_get_args get = {0};
    struct dtt_wait wait = {.kind = DTT_WAIT_ONCE_GET, .once = o};
    if (o->is_publication) { /* as a tracker reads before it writes */
        get.width = (uint8_t)o->tuning.slot_width;
        get.is_brief = true;
    } else {
        get.fresh_ns = DTT_DHT_FRESH_MAX_NS;
    }
    int err = dtt_slot_make(&slot, kind, &o->secret, o->topic, minute);
    return err ? err : dtt_slots_get(c, now, &slot, &get, &wait);
}

/* Reads the slots of all minutes from `first` to the current one. */
static int once_start(struct dtt_core *c, struct dtt_now now, struct dtt_once *o, uint64_t first,
                      uint32_t *ret_op)
{
    int err = DTT_OK;
    o->pending = 1; /* until all reads have been started */
    for (uint64_t minute = first; minute <= o->minute; minute++) {
        for (unsigned k = 0; k < DTT_SLOT_KINDS; k++) {
            if (o->kinds & 1u << k) {
                err = read_slot(c, now, o, (enum dtt_slot_kind)k, minute);
                o->pending += !err;
            }
        }
    }
    if (o->pending > 1) { /* the others are left out */
        err = DTT_OK;
        *ret_op = o->op;
        c->waits.n_app++;
    }
    once_unref(o);
    return err;
}

int dtt_once_lookup(struct dtt_core *c, struct dtt_now now, const struct dtt_topic_config *cfg,
                    uint32_t *ret_op)
{
    struct dtt_once *o;
    int err = once_new(&o, c, now, cfg);
    return err ? err : once_start(c, now, o, o->minute ? o->minute - 1 : 0, ret_op);
}

int dtt_once_publish(struct dtt_core *c, struct dtt_now now, const struct dtt_topic_config *cfg,
                     struct dtt_slice content, uint32_t *ret_op)
{
    struct dtt_once *o;
    int err = once_new(&o, c, now, cfg);
    if (err) {
        return err;
    }
    o->is_publication = true;
    o->len = content.len;
    if (content.len > 0) {
        memcpy(o->content, content.data, content.len);
    }
    return once_start(c, now, o, o->minute, ret_op);
}

/* ---- reading */

/* True for the first record of its publisher in its minute, and for one that was made later. */
static bool is_new(struct dtt_once *o, const struct dtt_record_info *r)
{
    size_t i = 0;
    while (i < o->n_seen &&
           (o->seen[i].minute != r->minute ||
            memcmp(&o->seen[i].publisher, &r->publisher, sizeof(r->publisher)) != 0)) {
        i++;
    }
    if (i < o->n_seen && r->unix_s <= o->seen[i].unix_s) {
        return false;
    }
    if (i == o->n_seen) {
        if (i == RECORDS_MAX) {
            return false;
        }
        o->n_seen++;
    }
    o->seen[i].publisher = r->publisher;
    o->seen[i].minute = r->minute;
    o->seen[i].unix_s = r->unix_s;
    return true;
}

static void tell_record(struct dtt_core *c, struct dtt_now now, const struct dtt_once *o,
                        const struct dtt_record *r, const struct dtt_record_info *info)
{
    struct dtt_event out = {.type = DTT_EVENT_RECORD};
    uint8_t owned[sizeof(*info) + DTT_CONTENT_MAX];
    int64_t start_ms = (int64_t)(r->minute * 60 * 1000);
    int64_t age_ms = now.wall_ns / (int64_t)DTT_MS - start_ms;
    memcpy(owned, info, sizeof(*info));
    memcpy(owned + sizeof(*info), r->content, r->content_len);
    memcpy(out.topic_hash, o->topic, sizeof(out.topic_hash));
    out.u.record.op = o->op;
    out.u.record.age_ms = age_ms > 0 ? (uint64_t)age_ms : 0;
    dtt_events_push(&c->events, now, &out, dtt_slice(owned, sizeof(*info) + r->content_len));
}

static void note_seq(struct dtt_once *o, enum dtt_slot_kind kind, int64_t seq)
{
    if (!o->seqs[kind].is_seen || seq > o->seqs[kind].largest) {
        o->seqs[kind].is_seen = true;
        o->seqs[kind].largest = seq;
    }
}

static void on_value(struct dtt_core *c, struct dtt_now now, const struct dtt_wait *wait,
                     const struct dtt_dht_event *ev)
{
    struct dtt_once *o = wait->once;
    struct dtt_record record;
    struct dtt_record_info info;
    note_seq(o, wait->slot, ev->u.value.seq);
    if (o->n_values == VALUES_MAX) {
        return;
    }
    o->n_values++;
    if (dtt_record_read(dtt_slots_value(ev), &o->secret, o->topic, wait->minute, &record)) {
        o->n_refused++;
        return;
    }
    if (o->is_publication && memcmp(&record.publisher, &c->id, sizeof(c->id)) == 0) {
        return; /* only others count */
    }
    dtt_record_describe(&record, &info);
    if (is_new(o, &info) && !o->is_publication) {
        tell_record(c, now, o, &record, &info);
    }
}

/* ---- writing */

/* Seals the record anew for each slot, so that equal bytes do not tell which slots belong together.
 */
static int write_slot(struct dtt_core *c, struct dtt_now now, struct dtt_once *o,
                      enum dtt_slot_kind kind)
{
    struct dtt_slot slot;
    uint8_t value[DTT_RECORD_VALUE_MAX];
    struct dtt_writer w = dtt_writer(value, sizeof(value));
    struct dtt_wait wait = {.kind = DTT_WAIT_ONCE_PUT, .once = o};
    struct dtt_rng rng;
    uint64_t unix_s = now.wall_ns < 0 ? 0 : (uint64_t)now.wall_ns / DTT_S;
    char label[64];
    snprintf(label, sizeof(label), "publish %" PRIu32 " %d %" PRIu64, o->op, (int)kind,
             now.mono_ns);
    dtt_rng_init(&rng, c->ctx->seed, label);
    int err = dtt_slot_make(&slot, kind, &o->secret, o->topic, o->minute);
    if (!err) {
        err = dtt_record_make(&w, &o->secret, o->topic, o->minute, dtt_slice(o->content, o->len),
                              c->cfg.node_seed, &rng);
    }
    dtt_rng_fini(&rng);
    struct dtt_dht_put_args put = {
        .seq = dtt_slot_next_seq(kind, unix_s, o->seqs[kind].is_seen, o->seqs[kind].largest),
        .copies = (uint8_t)o->tuning.slot_copies,
        .among = (uint8_t)o->tuning.slot_width,
        .is_brief = true,
    };
    return err ? err : dtt_slots_put(c, now, &slot, dtt_slice(value, w.len), &put, &wait);
}

/* All slots have been read. The record is written unless there are enough others. */
static void write_slots(struct dtt_core *c, struct dtt_now now, struct dtt_once *o)
{
    if (dtt_tracker_is_capped(&o->tuning, (uint32_t)o->n_seen)) {
        o->status = DTT_EFULL;
        return;
    }
    for (unsigned k = 0; k < DTT_SLOT_KINDS; k++) {
        if (o->kinds & 1u << k) {
            int err = write_slot(c, now, o, (enum dtt_slot_kind)k);
            o->pending += !err;
            o->status = err ? err : o->status;
        }
    }
}

/* ---- ends */

static void tell_end(struct dtt_core *c, struct dtt_now now, const struct dtt_once *o)
{
    struct dtt_event out = {.type = DTT_EVENT_LOOKUP_DONE};
    memcpy(out.topic_hash, o->topic, sizeof(out.topic_hash));
    if (o->is_publication) {
        out.type = DTT_EVENT_RECORD_PUBLISHED;
        out.u.published.op = o->op;
        out.u.published.minute = o->minute;
        out.u.published.copies = o->copies;
        out.u.published.others = (uint32_t)o->n_seen;
        out.u.published.status = o->copies > 0 ? DTT_OK : o->status;
    } else {
        out.u.lookup_done.op = o->op;
        out.u.lookup_done.status = o->answered > 0 ? DTT_OK : DTT_ETIMEDOUT;
        out.u.lookup_done.asked = o->asked;
        out.u.lookup_done.answered = o->answered;
        out.u.lookup_done.records = (uint32_t)o->n_seen;
        out.u.lookup_done.refused = o->n_refused;
        out.u.lookup_done.elapsed_ms = (now.mono_ns - o->start_ns) / DTT_MS;
    }
    dtt_events_tell(&c->events, now, NULL, &out);
}

void dtt_once_event(struct dtt_core *c, struct dtt_now now, const struct dtt_wait *wait,
                    const struct dtt_dht_event *ev)
{
    struct dtt_once *o = wait->once;
    if (ev->type == DTT_DHT_EV_VALUE) {
        on_value(c, now, wait, ev);
    } else if (ev->type == DTT_DHT_EV_DONE) {
        o->asked += ev->u.done.asked;
        o->answered += ev->u.done.answered;
        if (o->pending == 1 && o->is_publication) {
            write_slots(c, now, o);
        }
    } else if (ev->type == DTT_DHT_EV_PUT_DONE) {
        o->copies = ev->u.put.acked > o->copies ? ev->u.put.acked : o->copies;
        o->status = ev->u.put.status ? ev->u.put.status : o->status;
    }
    if (dtt_waits_is_over(ev)) {
        if (o->pending == 1) {
            tell_end(c, now, o);
            dtt_waits_app_end(&c->waits);
        }
        once_unref(o);
    }
}
