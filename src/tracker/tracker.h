/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The tracker of one topic: finds members through the topic's slots and tells them where we are.
 * It knows no DHT, no QUIC and no gossip: it asks for "read this slot", "store these bytes", "dial
 * this peer", and is told what came of it.
 */
#ifndef DTT_TRACKER_TRACKER_H
#define DTT_TRACKER_TRACKER_H

#include "base/addr.h"
#include "base/ctx.h"
#include "base/time.h"
#include "record/record.h"
#include "tracker/clock.h"
#include "tracker/tuning.h"

struct dtt_tracker;

struct dtt_tracker_config {
    uint8_t topic[32];
    struct dtt_secret secret;
    uint8_t node_seed[32]; /**< signs our records */
    struct dtt_tracker_tuning tuning;
    /** The outside address is about to be known: the first record waits for dtt_tracker_seen. */
    bool awaits_address;
};

int dtt_tracker_new(struct dtt_tracker **ret, struct dtt_ctx *ctx,
                    const struct dtt_tracker_config *cfg, struct dtt_now now);
void dtt_tracker_free(struct dtt_tracker *t);

/* ---- input */

/**
 * Own addresses changed: they go into the next record, which goes soon. While there are none, the
 * last ones stay.
 */
void dtt_tracker_set_addrs(struct dtt_tracker *t, struct dtt_now now, const struct dtt_addr *addrs,
                           size_t n);
/** What strangers reach of us, without the age; a new outside address of a VARY goes out soon. */
void dtt_tracker_set_reach(struct dtt_tracker *t, struct dtt_now now,
                           const struct dtt_reach *reach);
/** Others have told how they see us: the first record need not wait any longer. */
void dtt_tracker_seen(struct dtt_tracker *t, struct dtt_now now);
/** A peer named by the user: dialled even while there are neighbours, unlike peers of records. */
void dtt_tracker_want_peer(struct dtt_tracker *t, struct dtt_now now, const struct dtt_id *peer,
                           const struct dtt_addr *addrs, size_t n);
/** The slot store works now (a first DHT node answered): do not wait for a retry timer. */
void dtt_tracker_store_ready(struct dtt_tracker *t, struct dtt_now now);
void dtt_tracker_neighbor_up(struct dtt_tracker *t, struct dtt_now now, const struct dtt_id *peer);
/** `is_silent`: there was no goodbye; the peer may still be there, behind a broken network. */
void dtt_tracker_neighbor_down(struct dtt_tracker *t, struct dtt_now now, const struct dtt_id *peer,
                               bool is_silent);
/**
 * A neighbour behind a NAT is not heard: one of us may have another address. The slots are read for
 * its record, and from the answers we learn how we are seen.
 */
void dtt_tracker_neighbor_silent(struct dtt_tracker *t, struct dtt_now now,
                                 const struct dtt_id *peer);
/** A message of the swarm, sent or received: hash = SHA-512(content)[..32]. */
void dtt_tracker_message(struct dtt_tracker *t, struct dtt_now now, const uint8_t hash[32]);
/** One value of a GET's slot and its seq, the moment it arrives. Any bytes; garbage is counted. */
void dtt_tracker_slot_value(struct dtt_tracker *t, struct dtt_now now, enum dtt_slot_kind kind,
                            uint64_t minute, int64_t seq, struct dtt_slice value);
/**
 * The same from the local network: a record of `minute`, in which link-local addresses are of
 * `zone`. Whose it is stands in *ret. False: it is no record of another member. The caller bounds
 * how many it brings.
 */
bool dtt_tracker_near_value(struct dtt_tracker *t, struct dtt_now now, uint64_t minute,
                            struct dtt_slice value, uint32_t zone, struct dtt_record_info *ret);
/**
 * Our record of a minute for the local network, where `near` are addresses of ours, too: those have
 * a place in it first. DTT_EROTATE, DTT_ETOOBIG.
 */
int dtt_tracker_near_record(struct dtt_tracker *t, struct dtt_now now, uint64_t minute,
                            const struct dtt_addr *near, size_t n, struct dtt_writer *ret);
/** A GET is over. status 0 or DTT_E...; answered = nodes that answered. */
void dtt_tracker_slot_done(struct dtt_tracker *t, struct dtt_now now, enum dtt_slot_kind kind,
                           uint64_t minute, int status, uint32_t answered);
/** A PUT is over: how many nodes acknowledged. */
void dtt_tracker_put_done(struct dtt_tracker *t, struct dtt_now now, enum dtt_slot_kind kind,
                          uint64_t minute, int status, uint32_t acked);
/** A DIAL failed for good (all addresses). Success shows as neighbor_up. */
void dtt_tracker_dial_failed(struct dtt_tracker *t, struct dtt_now now, const struct dtt_id *peer);
/** A member showed on its connection what minute its clock shows. */
void dtt_tracker_clock(struct dtt_tracker *t, struct dtt_now now, const struct dtt_id *member,
                       uint64_t minute);
/** Another program with our key is connected with us. */
void dtt_tracker_twin(struct dtt_tracker *t, struct dtt_now now, const struct dtt_addr *addr);
/** Dials may have failed for a reason of our own, which is over: all peers are dialled as if none
 * had.
 */
void dtt_tracker_forgive(struct dtt_tracker *t, struct dtt_now now);
/** The network or the wall clock changed: look and publish again at once. */
void dtt_tracker_network_changed(struct dtt_tracker *t, struct dtt_now now);

/* ---- output */

enum dtt_tracker_action_type {
    DTT_TRACKER_GET,    /**< read `slot`; answer with slot_value and slot_done */
    DTT_TRACKER_PUT,    /**< store `value` in `slot` with `seq`, also as cas; answer put_done; it
                             replaces a PUT of the same slot that is still under way */
    DTT_TRACKER_DIAL,   /**< connect `peer` at `addrs` (may be none: use what is known) and join */
    DTT_TRACKER_RECORD, /**< a new verified record of another member */
    DTT_TRACKER_PUBLISHED, /**< our record of `slot.minute` is stored on `copies` nodes */
    DTT_TRACKER_CLOCK,     /**< the clocks of others are not as ours: see the status */
    DTT_TRACKER_TWIN       /**< another program has our key, at `addrs` */
};

struct dtt_tracker_action {
    enum dtt_tracker_action_type type;
    struct dtt_slot slot; /**< GET, PUT, PUBLISHED (minute) */
    int64_t seq;          /**< PUT */
    uint8_t width;        /**< GET, PUT: how many of the nodes closest to the slot are asked */
    uint8_t sample;       /**< GET: so many of them will do, if they are known; nobody waits, no
                               slot_done is due; 0: all */
    uint8_t first; /**< PUT: so many copies go to the closest nodes; GET: half of a sample are of
                      these */
    uint8_t spare; /**< PUT: so many of the closest nodes are left to others */
    bool is_brief; /**< GET, PUT: a quick look is enough if the slot is empty */
    size_t value_len;
    uint8_t value[DTT_RECORD_VALUE_MAX]; /**< PUT: raw bytes, to be bencoded as a string */
    struct dtt_id peer;                  /**< DIAL */
    bool was_neighbor;                   /**< DIAL: do not join through it, be its neighbour */
    size_t n_addrs;
    struct dtt_addr addrs[DTT_RECORD_ADDRS]; /**< DIAL, TWIN */
    struct dtt_record_info record;           /**< RECORD */
    uint32_t copies; /**< PUT: nodes that get the value, those without one first; PUBLISHED */
};
/** The encryption seed of a minute. DTT_EROTATE. */
int dtt_tracker_seed(const struct dtt_tracker *t, uint64_t minute, uint8_t ret[32]);
/** Without `may_ask` no GET and no PUT: they stay due until the store takes another one. */
bool dtt_tracker_next(struct dtt_tracker *t, bool may_ask, struct dtt_tracker_action *ret);

struct dtt_tracker_status {
    uint32_t neighbors;
    uint32_t reads_done;   /**< slot reads that ended with at least one answering node */
    uint32_t records_seen; /**< distinct publishers in the last two minutes, without us */
    uint32_t records_near; /**< of these, not seen in a slot */
    uint32_t records_refused;
    uint32_t minutes_skipped; /**< the rotation of the secret failed for them */
    bool is_minute_skipped;   /**< the present one is among them */
    uint32_t peers_idle;      /**< known and not yet dialled, or to be dialled again */
    uint32_t dials_started, dials_failed;
    uint32_t members;            /**< estimate of the swarm, us included */
    uint64_t searching_since_ns; /**< mono; DTT_NEVER while there are neighbours */
    struct dtt_clock_guess clock;
    bool has_twin;
    struct dtt_addr twin; /**< one of its addresses */
};
void dtt_tracker_status(const struct dtt_tracker *t, struct dtt_now now,
                        struct dtt_tracker_status *ret);

/* ---- time */
uint64_t dtt_tracker_deadline(const struct dtt_tracker *t);
void dtt_tracker_tick(struct dtt_tracker *t, struct dtt_now now);

#endif
