/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the topic's slots of the previous and the current minute have shown us: the newest verified
 * record of each publisher, from any slot. With the topic's name anybody can write garbage into
 * most slots, so the work per slot is bounded: equal values are opened once, and distinct ones no
 * faster than a token bucket allows.
 */
#ifndef DTT_TRACKER_VIEW_H
#define DTT_TRACKER_VIEW_H

#include "base/bucket.h"
#include "base/ctx.h"
#include "base/time.h"
#include "record/record.h"

#define DTT_VIEW_MINUTES 3
#define DTT_VIEW_PUBLISHERS_MAX 128
#define DTT_VIEW_VALUES_MAX 1024   /**< distinct values opened per slot */
#define DTT_VIEW_OPEN_BURST 256    /**< of them at once ... */
#define DTT_VIEW_OPEN_PER_SECOND 8 /**< ... and then no faster than this */
#define DTT_VIEW_HASH_BYTES 16

struct dtt_view_record {
    struct dtt_record_info info;
    bool is_new;  /**< not yet handed out */
    bool is_near; /**< it came from the local network; whether a slot has it is not known */
};

struct dtt_view_slot {
    bool is_used; /**< else nothing below is set: deriving keys costs */
    struct dtt_slot slot;
    struct dtt_bucket bucket; /**< from the first value on */
    bool has_max_seq;         /**< a value was seen */
    int64_t max_seq;          /**< largest sequence number seen, whatever the value */
    size_t n_values;
    uint8_t values[DTT_VIEW_VALUES_MAX][DTT_VIEW_HASH_BYTES];
};

struct dtt_view_minute {
    uint64_t minute;
    bool is_skipped; /**< there is no encryption seed */
    uint8_t enc_seed[32];
    struct dtt_view_slot slots[DTT_SLOT_KINDS]; /**< by kind */
};

struct dtt_view {
    struct dtt_ctx *ctx;
    uint8_t topic[32];
    struct dtt_secret secret;
    struct dtt_id self;
    uint64_t minute;                                  /**< the current one */
    uint64_t depth;                                   /**< minutes looked at: 2, or 3 */
    struct dtt_view_minute minutes[DTT_VIEW_MINUTES]; /**< minute m: index m % 3 */
    struct dtt_view_minute far;                       /**< one more, looked at in passing */
    uint32_t refused;
    uint32_t skipped; /**< minutes */
    size_t n_new;
    size_t count;
    struct dtt_view_record records[DTT_VIEW_PUBLISHERS_MAX];
};

/** Starts in `minute`, with a depth of 2. `secret` is copied. */
void dtt_view_init(struct dtt_view *v, struct dtt_ctx *ctx, const uint8_t topic[32],
                   const struct dtt_secret *secret, const struct dtt_id *self, uint64_t minute);
/** Wipes the keys. */
void dtt_view_fini(struct dtt_view *v);

/** The current minute is another one: what is older than `depth` minutes is dropped. */
void dtt_view_turn(struct dtt_view *v, uint64_t minute);

/** Looks at the slots of another minute, too, until it is told of the next one. */
void dtt_view_look(struct dtt_view *v, uint64_t minute);

/**
 * A slot of `minute`, NULL unless that is the current minute, one of `depth` - 1 before it, or the
 * one of dtt_view_look, or when the rotation of the secret failed for it.
 */
struct dtt_view_slot *dtt_view_slot(struct dtt_view *v, enum dtt_slot_kind kind, uint64_t minute);

/** The rotation of the secret has not failed for `minute`. */
bool dtt_view_has_keys(const struct dtt_view *v, uint64_t minute);

enum dtt_view_result {
    DTT_VIEW_NOTHING, /**< known before, garbage, or of no minute looked at */
    DTT_VIEW_RECORD,  /**< a verified record of somebody else */
    DTT_VIEW_FAR,     /**< one of the minute of dtt_view_look; it is not kept */
    DTT_VIEW_OWN      /**< a verified record of our own key */
};

/** One value of a slot of `minute`, stored with `seq`. *ret is set unless there is nothing. */
enum dtt_view_result dtt_view_add(struct dtt_view *v, uint64_t mono_ns, enum dtt_slot_kind kind,
                                  uint64_t minute, int64_t seq, struct dtt_slice value,
                                  struct dtt_record_info *ret);

/**
 * The same with a record that the local network has brought; link-local addresses in it are of
 * `zone`. The caller bounds how many are opened.
 */
enum dtt_view_result dtt_view_add_near(struct dtt_view *v, uint64_t minute, struct dtt_slice value,
                                       uint32_t zone, struct dtt_record_info *ret);

/**
 * Distinct publishers other than us with a record in the slots of `minute` that names neighbours,
 * or none.
 */
uint32_t dtt_view_publishers(const struct dtt_view *v, uint64_t minute, bool has_neighbors);

/** Takes a record that was not handed out yet. */
bool dtt_view_next_new(struct dtt_view *v, struct dtt_record_info *ret);
/** Records are of minutes looked at, and the counter of new ones is right. */
bool dtt_view_is_sound(const struct dtt_view *v);

#endif
