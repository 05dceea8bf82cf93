/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The two ends of a meeting (docs/protocol/meet.md): the peers that we asked a common neighbour
 * about, and those that asked about us. Both ends knock at the same time, so that each finds the
 * way through the other's NAT open; who has asked dials.
 *
 *     ours:  ASKING: one middle after the other ──► KNOCKING ──► forgotten
 *     told:                                         KNOCKING ──► forgotten
 *
 * Beside it what a middle remembers: the pairs it has brought together, and which messages it has
 * seen. No I/O, no protocol: places, times and limits only.
 */
#ifndef DTT_NODE_MEETINGS_H
#define DTT_NODE_MEETINGS_H

#include "base/addr.h"
#include "base/bucket.h"
#include "base/time.h"
#include "gossip/gossip.h"
#include "record/meet_message.h"

#define DTT_MEETINGS_MAX 8                    /**< of ours, and as many that we are told of */
#define DTT_MEETINGS_MIDDLES 3                /**< asked for one peer */
#define DTT_MEETINGS_ANSWER_NS (700 * DTT_MS) /**< a middle has this long to answer */
#define DTT_MEETINGS_HOLD_NS (1500 * DTT_MS)  /**< a dial on hearsay waits so long for a knock */
#define DTT_MEETINGS_PAIRS 64
#define DTT_MEETINGS_PAIR_NS (10 * DTT_S) /**< between two asks of one pair that are passed on */
#define DTT_MEETINGS_RATE 5               /**< messages looked at in a second ... */
#define DTT_MEETINGS_BURST 15             /**< ... and at once */
#define DTT_MEETINGS_SHARE 8              /**< pairs of one asker in DTT_MEETINGS_PAIR_NS */
#define DTT_MEETINGS_NONCES 1024          /**< of the last three minutes */

enum dtt_meeting_state { DTT_MEETING_FREE, DTT_MEETING_ASKING, DTT_MEETING_KNOCKING };

struct dtt_meeting {
    enum dtt_meeting_state state;
    bool is_ours; /**< we have asked */
    struct dtt_id peer;
    struct dtt_gossip_topic_id topic;
    uint64_t next_ns;      /**< KNOCKING: of the next knock; ASKING: the middle was silent */
    uint64_t began_ns;     /**< KNOCKING */
    unsigned n_knocks;     /**< rounds made */
    uint32_t t;            /**< transaction of the last ask */
    struct dtt_addr asked; /**< the middle's address */
    struct dtt_id middles[DTT_MEETINGS_MIDDLES];
    size_t n_middles;
    size_t n;
    struct dtt_addr addrs[DTT_MEET_MESSAGE_ADDRS]; /**< of the peer; the middle's view first */
};

/** What a middle remembers of a pair. */
struct dtt_meeting_pair {
    struct dtt_id from, to;
    uint64_t at_ns;
    uint32_t t;           /**< transaction of what was passed on */
    struct dtt_addr addr; /**< where to */
};

struct dtt_meetings {
    struct dtt_meeting list[2 * DTT_MEETINGS_MAX]; /**< ours first */
    struct dtt_meeting_pair pairs[DTT_MEETINGS_PAIRS];
    size_t n_pairs;
    struct dtt_bucket bucket;
    struct {
        uint8_t nonce[DTT_MEET_MESSAGE_NONCE];
        uint32_t minute;
    } nonces[DTT_MEETINGS_NONCES];
    size_t n_nonces;
};

void dtt_meetings_init(struct dtt_meetings *m);
/** The meeting with a peer, or NULL. */
struct dtt_meeting *dtt_meetings_find(struct dtt_meetings *m, const struct dtt_id *peer,
                                      bool is_ours);
/** A new one with peer, topic and is_ours set, in no state yet; NULL: no place is free. */
struct dtt_meeting *dtt_meetings_begin(struct dtt_meetings *m, const struct dtt_id *peer,
                                       const struct dtt_gossip_topic_id *topic, bool is_ours);
/** Whether one of ours with the peer is on, or could begin. */
bool dtt_meetings_has_room(struct dtt_meetings *m, const struct dtt_id *peer);
void dtt_meetings_end(struct dtt_meeting *meeting);
/** A middle has been asked: it may take its time. */
void dtt_meetings_ask(struct dtt_meeting *meeting, struct dtt_now now, const struct dtt_id *middle,
                      const struct dtt_addr *addr, uint32_t t);
/** Knocks at the peer from now on. `seen`: its address as the middle sees it, or NULL. */
void dtt_meetings_knock(struct dtt_meeting *meeting, struct dtt_now now,
                        const struct dtt_addr *seen);
/**
 * Whether it is time for a round of knocks, the first of which is a whisper; false and FREE after
 * the last.
 */
bool dtt_meetings_round(struct dtt_meeting *meeting, struct dtt_now now, bool *ret_is_whisper);
/** When no knock is waited for any more; 0: the peer was not told yet. */
uint64_t dtt_meetings_end_ns(const struct dtt_meeting *meeting);
/** Whether the address is one of the peer, whatever its port. */
bool dtt_meetings_is_at(const struct dtt_meeting *meeting, const struct dtt_addr *addr);
uint64_t dtt_meetings_deadline(const struct dtt_meetings *m);

/** One more message may be looked at. */
bool dtt_meetings_may_look(struct dtt_meetings *m, struct dtt_now now);
/** Remembers a message; false: it was seen before, is of another time, or there is no room. */
bool dtt_meetings_is_new(struct dtt_meetings *m, struct dtt_now now,
                         const struct dtt_meet_head *head);
/** A pair to be brought together now; NULL: it was not long ago, or the asker has had its share. */
struct dtt_meeting_pair *dtt_meetings_pair(struct dtt_meetings *m, struct dtt_now now,
                                           const struct dtt_id *from, const struct dtt_id *to);

#endif
