/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The node's state, shared by the files that compose it: dht.c (entry points), query.c (queries and
 * their answers), walk.c (lookups), found.c (what they find), op.c (operations and events),
 * server.c (queries of others), upkeep.c (bootstrap and refresh). Nobody else includes this.
 */
#ifndef DTT_DHT_INSIDE_H
#define DTT_DHT_INSIDE_H

#include "dht/dht.h"
#include "dht/held.h"
#include "dht/krpc.h"
#include "dht/lookup.h"
#include "dht/outq.h"
#include "dht/peerstore.h"
#include "dht/polite.h"
#include "dht/proof.h"
#include "dht/rtable.h"
#include "dht/state.h"
#include "dht/storage.h"
#include "dht/token.h"
#include "dht/txn.h"
#include "dht/votes.h"

#define DTT_DHT_OPS        64
#define DTT_DHT_BOOTSTRAPS 64
#define DTT_DHT_WALKS      96 /**< running for operations, for upkeep, and kept for their tokens */
#define DTT_DHT_KEPT       16 /**< finished walks kept for their tokens */
#define DTT_DHT_WALK_PEERS 1024 /**< distinct peers of one walk */
#define DTT_DHT_PROBES     32   /**< pings to unknown contacts in flight */
#define DTT_DHT_WIDE       14   /**< closest nodes a get asks when eight had nothing */
#define DTT_DHT_WIDER      2    /**< times it does so */
#define DTT_DHT_ROUNDS \
    (DTT_STORAGE_SIBLINGS - 1) /**< more times holders of several values are asked */
#define DTT_DHT_PER_PLACE 2 /**< queries of a get that finds something, for each of the closest */
#define DTT_DHT_BEYOND    4 /**< of them, asked for nodes beyond when some are dead */

enum dtt_walk_kind { DTT_WALK_FIND, DTT_WALK_GET, DTT_WALK_PEERS };

enum dtt_walk_state {
    DTT_WALK_WAITING, /**< for a first live node */
    DTT_WALK_RUNNING,
    DTT_WALK_DONE
};

/* A distinct value a walk has found. */
struct dtt_walk_value {
    struct dtt_addr from; /**< no family: our own storage */
    int64_t seq;
    uint32_t holders;
    uint8_t sig[DTT_KRPC_SIG_BYTES];
    uint16_t len;
    uint8_t v[];
};

/* What is looked for; two walks with the same goal are one. */
struct dtt_walk_goal {
    enum dtt_walk_kind kind;
    bool is_mutable;
    uint8_t target[DTT_NODE_ID_BYTES];
    uint8_t key[DTT_KRPC_KEY_BYTES];
    uint8_t salt[DTT_KRPC_SALT_MAX];
    size_t salt_len;
};

/* How whoever starts a walk wants it. */
struct dtt_walk_wish {
    size_t width;
    bool reuse_tokens; /**< a closest set with good tokens needs not be asked again */
    uint64_t fresh_ns; /**< the result of a walk that ended this little time ago will do */
    bool is_brief;     /**< a get that finds nothing does not look further */
};

struct dtt_walk {
    uint32_t number; /**< never 0; low bits: place in the array */
    enum dtt_walk_state state;
    struct dtt_walk_goal goal;
    unsigned refs; /**< operations that wait for it or still read from it */
    bool is_internal;
    bool is_alone; /**< ended at once because there is no other node to know */
    bool is_brief;
    bool is_bounded; /**< asks DTT_DHT_PER_PLACE nodes for each of the closest at most */
    unsigned wider;  /**< times it found nothing and looked at more nodes */
    unsigned rounds; /**< times the holders of siblings were asked for others */
    size_t siblings; /**< most values that one node says it holds */
    size_t known;    /**< values found before the last round */
    unsigned beyond; /**< queries in flight for nodes beyond the closest */
    bool is_result;  /**< its values or peers may be shared with who asks a moment later */
    uint64_t started_ns;
    uint64_t ended_ns;
    struct dtt_timer timer; /**< waiting: gives up; done and unused: its tokens are too old */
    struct dtt_lookup side[2];
    struct dtt_walk_value **values;
    size_t n_values;
    struct dtt_dht_holder *holders; /**< a node once for each value it returned */
    size_t n_holders;
    struct dtt_addr *peers;
    size_t n_peers;
};

struct dtt_op;

struct dtt_bootstrap {
    struct dtt_addr addr;
    uint8_t sends; /**< of the present attempt; 0: none in flight */
    bool has_answered;
    uint64_t wait_ns; /**< the back-off after this attempt */
    uint64_t next_ns;
};

struct dtt_dht {
    struct dtt_ctx *ctx;
    struct dtt_dht_config cfg;
    struct dtt_rng rng;
    uint8_t id[DTT_NODE_ID_BYTES];
    uint8_t secret[DTT_TOKEN_SECRET_BYTES];
    struct dtt_rtable tables[2]; /**< IPv4, IPv6 */
    struct dtt_votes votes[2];
    struct dtt_txns txns;
    struct dtt_timerq timers; /**< of transactions */
    struct dtt_outq out;
    struct dtt_polite polite;
    struct dtt_proofs proofs;
    struct dtt_held held;
    struct dtt_storage storage;
    struct dtt_peerstore peers;

    uint64_t srtt_ns, rttvar_ns; /**< RFC 6298 over all answers; 0: no sample yet */
    uint64_t rtterr_ns;          /**< usual error of what is known of a node; 0: no sample yet */
    uint32_t asked, answered;

    struct dtt_walk *walks[DTT_DHT_WALKS];
    struct dtt_timerq walk_timers; /**< each walk has its place, most at DTT_NEVER */
    uint32_t walk_seq;
    uint32_t self_walk;    /**< number of the walk to our own id, 0 none */
    uint32_t refresh_walk; /**< number of a bucket's refresh, 0 none */
    uint64_t pace_ns;      /**< walks go on then; DTT_NEVER while nothing holds them up */

    struct dtt_op *ops[DTT_DHT_OPS]; /**< oldest first */
    size_t n_ops;
    uint32_t op_seq;
    bool knows_neighbours; /**< the walk to our own id has ended: the table has who is near */
    bool ready_event;
    bool external_event[2];

    struct dtt_bootstrap *bootstraps;
    size_t n_bootstraps;
    bool expects_bootstrap;
    struct dtt_dht_state *saved; /**< nodes of an earlier life not yet asked */
    size_t saved_next;
    size_t probes;       /**< in flight */
    uint64_t refresh_ns; /**< next look at the tables */
    uint64_t trim_ns;    /**< gives unused memory back */
};

static inline size_t dtt_side_of(uint8_t family)
{
    return family == DTT_FAMILY_V6;
}

static inline bool dtt_dht_has_family(const struct dtt_dht *d, uint8_t family)
{
    return family == DTT_FAMILY_V4 ? d->cfg.has_v4 : family == DTT_FAMILY_V6 && d->cfg.has_v6;
}

/** Bytes of a ping of ours at most. */
#define DTT_DHT_PING_BYTES 74

static inline size_t dtt_dht_live(const struct dtt_dht *d)
{
    return d->tables[0].live + d->tables[1].live;
}

/* ---- query.c */

/**
 * Sends a query; `q` has its method and arguments, the rest is filled in.
 * DTT_EAGAIN: the budget for all queries is used up until polite_ready. DTT_EREFUSED: not to this
 * address now. DTT_EFULL.
 */
int dtt_query_send(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *to,
                   enum dtt_txn_purpose purpose, uint32_t owner, struct dtt_krpc *q);
void dtt_query_answered(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *from,
                        const struct dtt_krpc *m);
void dtt_query_unreachable(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *to);
void dtt_query_tick(struct dtt_dht *d, struct dtt_now now);
/** The host slept: what is in flight gets its time anew instead of counting as silent. */
void dtt_query_woke(struct dtt_dht *d, struct dtt_now now);
/**
 * The one way out: queues a datagram when politeness allows it. DTT_EAGAIN, DTT_EREFUSED as above,
 * DTT_EFULL; each counted.
 */
int dtt_datagram_send(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *to,
                      enum dtt_polite_kind kind, struct dtt_slice data);

/* ---- found.c */

/** Takes the value of an answer, if it has a valid one, and notes `c` as its holder. */
void dtt_walk_take_value(struct dtt_dht *d, struct dtt_walk *w, struct dtt_lookup_node *c,
                         const struct dtt_krpc *m);
/** What we hold ourselves is found first. */
void dtt_walk_take_own_values(struct dtt_dht *d, struct dtt_walk *w);
/** Takes the peers of an answer that `teller` may tell of. */
void dtt_walk_take_peers(struct dtt_walk *w, struct dtt_slice values,
                         const struct dtt_addr *teller);
void dtt_walk_found_free(struct dtt_walk *w);

/* ---- walk.c */

/** A contact somebody told us about may be asked: usable, of our families, plausible from him. */
bool dtt_contact_is_plausible(const struct dtt_dht *d, const uint8_t *id,
                              const struct dtt_addr *addr, const struct dtt_addr *teller);
/** Nobody from outside makes us send to private hosts, nobody but this host to loopback. */
bool dtt_contact_is_tellable(const struct dtt_addr *addr, const struct dtt_addr *teller);

/** Joins or starts the walk to `goal`; it may be DONE already. NULL: DTT_ENOMEM or too many. */
struct dtt_walk *dtt_walk_to(struct dtt_dht *d, struct dtt_now now,
                             const struct dtt_walk_goal *goal, const struct dtt_walk_wish *wish);
struct dtt_walk *dtt_walk_by_number(const struct dtt_dht *d, uint32_t number);
/** One subscriber less. The last one ends the walk. */
void dtt_walk_release(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *w);
void dtt_walk_free(struct dtt_dht *d, struct dtt_walk *w);

void dtt_walk_answer(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn,
                     const struct dtt_krpc *m);
void dtt_walk_slow(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn);
void dtt_walk_dead(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn);
/** A node has become live: waiting walks start, running ones may ask it. */
void dtt_walk_node_live(struct dtt_dht *d, struct dtt_now now, const uint8_t *id,
                        const struct dtt_addr *addr);
/** Contacts of a bootstrap answer go into the walk to our own id. */
void dtt_walk_offer(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *w,
                    const struct dtt_krpc *m, const struct dtt_addr *from);
void dtt_walk_pump(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *w);
/** What running walks waited for has changed. */
void dtt_walk_pump_all(struct dtt_dht *d, struct dtt_now now);
/** Nobody is left to wait for: waiting walks end. */
void dtt_walk_end_waiting(struct dtt_dht *d, struct dtt_now now);
/** The round trip of a node in one of the walks; 0: not known. */
uint64_t dtt_walk_rtt_ns(const struct dtt_dht *d, const struct dtt_addr *addr);
uint64_t dtt_walk_deadline(const struct dtt_dht *d);
void dtt_walk_tick(struct dtt_dht *d, struct dtt_now now);

/* ---- op.c */

void dtt_op_walk_done(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *w);
void dtt_op_put_answer(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn,
                       const struct dtt_krpc *m);
void dtt_op_put_slow(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn, bool dead);
void dtt_op_ping_answer(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn,
                        const struct dtt_krpc *m);
void dtt_op_ping_slow(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn, bool dead);
void dtt_op_free_all(struct dtt_dht *d);

/* ---- server.c */

void dtt_server_query(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *from,
                      const struct dtt_krpc *q, size_t datagram_len);
/** The ping to an asker whose get is held: `proved` when he answered, else he was silent. */
void dtt_server_proof(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *asker,
                      bool proved);

/* ---- upkeep.c */

/** Our id is another one from now on. */
void dtt_upkeep_set_id(struct dtt_dht *d, const uint8_t id[DTT_NODE_ID_BYTES]);
/** Our external address has become known: an id that does not fit it is changed (BEP 42). */
void dtt_upkeep_address_known(struct dtt_dht *d, struct dtt_now now);
/** Asks nodes of an earlier life, as many as may be asked at a time. */
void dtt_upkeep_ask_saved(struct dtt_dht *d, struct dtt_now now);
/**
 * At most one of the contacts to start from has answered, and another one still may: a liar who is
 * faster than the others must not be all that an operation hears of.
 */
bool dtt_upkeep_is_starting(const struct dtt_dht *d);
/** Some contact may still turn out to be alive, so operations wait. */
bool dtt_upkeep_has_hope(const struct dtt_dht *d);
/** The host slept: nothing known is taken for granted any more. */
void dtt_upkeep_woke(struct dtt_dht *d, struct dtt_now now);
/** Somebody we have not asked showed up: true when the table has room, so that a ping is due. */
bool dtt_upkeep_wants(struct dtt_dht *d, const uint8_t *id, const struct dtt_addr *addr);
/** Asks a newcomer whether he is there. */
void dtt_upkeep_ping(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr);
/** A table node was silent: counts, and asks whether it is still there. */
void dtt_upkeep_silent(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr,
                       unsigned weight);
/** A contact to start from with a global address: enters a table only while it is small. */
bool dtt_upkeep_is_router(const struct dtt_dht *d, const struct dtt_addr *addr);
#define DTT_DHT_ROUTERS_UNTIL 32 /**< live nodes of a family */
void dtt_upkeep_node_live(struct dtt_dht *d, struct dtt_now now, bool is_first);
void dtt_upkeep_walk_done(struct dtt_dht *d, struct dtt_now now, const struct dtt_walk *w);
void dtt_upkeep_boot_answer(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn,
                            const struct dtt_krpc *m);
void dtt_upkeep_boot_slow(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn,
                          bool dead);
void dtt_upkeep_probe_answer(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn,
                             const struct dtt_krpc *m);
void dtt_upkeep_probe_dead(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn);
uint64_t dtt_upkeep_deadline(const struct dtt_dht *d);
void dtt_upkeep_tick(struct dtt_dht *d, struct dtt_now now);

#endif
