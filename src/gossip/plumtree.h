/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * PlumTree broadcast of one topic: messages are pushed to eager neighbours and announced to lazy
 * ones; links that bring duplicates turn lazy, and an announced message that does not come is
 * grafted. The eager links become a spanning tree, the lazy ones repair it. Output goes to the
 * port's outbox.
 */
#ifndef DTT_GOSSIP_PLUMTREE_H
#define DTT_GOSSIP_PLUMTREE_H

#include "base/bucket.h"
#include "gossip/missing.h"
#include "gossip/outbox.h"
#include "gossip/promises.h"
#include "gossip/recall.h"
#include "gossip/view.h"

#define DTT_PLUMTREE_LAZY_QUEUE_MAX 512 /* announcements waiting for a neighbour */
#define DTT_PLUMTREE_SLOW_TOLD 1000     /* announcements a second to a slow neighbour */
#define DTT_PLUMTREE_WHOLE_BYTES \
    65536                    /* of our own sent whole to a neighbour that comes or is reminded */
#define DTT_PLUMTREE_BUSY 3  /* so many messages of others in a moment */
#define DTT_PLUMTREE_MUCH 16 /* so many of our own in a moment */
#define DTT_PLUMTREE_MOMENT_NS (250 * DTT_MS)

struct dtt_plumtree_peer {
    struct dtt_id id;
    bool is_used;
    bool is_eager;
    bool is_slow;        /**< reads slowly: gets announcements whether eager or not */
    bool is_silent;      /**< acknowledges nothing: it cannot keep what it owes */
    bool is_new;         /**< nothing was passed over the link yet */
    bool was_pruned;     /**< by one of us, since it became our neighbour */
    bool wants_catch_up; /**< new here: contents that we keep are to be announced to it */
    bool wants_whole;    /**< and our own that nobody is known to have are to be sent */
    bool wants_ask;      /**< we are to ask it for older ones than it tells by itself */
    uint64_t reach_ns;   /**< it is told of messages up to this age */
    uint64_t told_ns;    /**< and has been told of those up to this one */
    struct dtt_bucket slow_budget;
    struct dtt_ring lazy_push_queue; /**< struct dtt_gossip_ihave */
};

struct dtt_plumtree {
    struct dtt_gossip_port port;
    struct dtt_timerq timers;
    struct dtt_timer dispatch_timer;
    struct dtt_timer expire_timer;
    struct dtt_timer watch_timer;
    struct dtt_gossip_recall received_messages;
    struct dtt_gossip_missing missing_messages;
    struct dtt_gossip_promises promises;
    struct dtt_gossip_tally *tally;       /**< of our own messages; NULL before the first */
    uint64_t heard_ns[DTT_PLUMTREE_BUSY]; /**< the last messages of others, oldest first */
    uint64_t said_ns[DTT_PLUMTREE_MUCH];  /**< the last messages of our own, as a ring */
    size_t said;                          /**< where the oldest of them is */
    uint64_t next_prune_ns;               /**< on a busy topic */
    uint8_t overtaker; /**< slot of the neighbour whose IHave overtook the last message; or none */
    struct dtt_plumtree_peer peers[DTT_GOSSIP_ACTIVE_MAX]; /**< a neighbour keeps its slot */
};

/** Allocates nothing. The struct must not move afterwards. */
void dtt_plumtree_init(struct dtt_plumtree *p, const struct dtt_gossip_port *port);
void dtt_plumtree_fini(struct dtt_plumtree *p);

/** The neighbours are now these: new ones start eager, others are forgotten. */
void dtt_plumtree_set_neighbors(struct dtt_plumtree *p, struct dtt_now now,
                                const struct dtt_gossip_view *active);
/** A neighbour (if it is one) has lost its state: treat it as new. */
void dtt_plumtree_welcome(struct dtt_plumtree *p, struct dtt_now now, const struct dtt_id *peer);
/** A neighbour (if it is one) reads slowly, or does not any more. */
void dtt_plumtree_set_silent(struct dtt_plumtree *p, const struct dtt_id *peer, bool is_silent);
void dtt_plumtree_set_slow(struct dtt_plumtree *p, struct dtt_now now, const struct dtt_id *peer,
                           bool is_slow);
/** Not all that went to a neighbour (if it is one) has arrived: tells it again of what is kept. */
void dtt_plumtree_remind(struct dtt_plumtree *p, struct dtt_now now, const struct dtt_id *peer);
/** A neighbour that broke its promises, and should go; or NULL. */
const struct dtt_id *dtt_plumtree_useless(const struct dtt_plumtree *p);
/** DTT_ETOOBIG, DTT_ENOMEM. A content known already is counted, and DTT_OK. */
int dtt_plumtree_broadcast(struct dtt_plumtree *p, struct dtt_now now, enum dtt_gossip_scope scope,
                           struct dtt_slice content);
/** `m` is one of the PlumTree messages. Ignored, counted, when `from` is no neighbour. */
void dtt_plumtree_recv(struct dtt_plumtree *p, struct dtt_now now, const struct dtt_id *from,
                       const struct dtt_gossip_message *m);

uint64_t dtt_plumtree_deadline(const struct dtt_plumtree *p);
/** Fires the earliest timer that is due; false when none is. */
bool dtt_plumtree_tick(struct dtt_plumtree *p, struct dtt_now now);

#endif
