/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One link, for the files of this folder that links are made of. */
#ifndef DTT_NODE_LINK_H
#define DTT_NODE_LINK_H

#include "node/inflow.h"
#include "node/links.h"
#include "node/outflow.h"
#include "node/race.h"

struct dtt_link_conn {
    dtt_quic_conn conn;
    struct dtt_addr addr;
    struct dtt_link_proofs proofs;
    struct dtt_flight flight;
    uint64_t opened_ns;
    uint64_t heard_ns; /**< when the peer last said on it what gossip understands; 0 never */
    bool is_dialled;   /**< by us */
    bool is_held;      /**< nothing of its streams is taken */
    bool is_worn;      /**< it will end before long: another one takes its place */
    bool is_stranded;  /**< and the peer does not hear us on it */
    bool is_closing;   /**< we closed it */
    enum dtt_reason closed_for; /**< and why, when others should hear more than that */
};

/** The picture is in links.h. */
enum dtt_link_state {
    DTT_LINK_NEW,
    DTT_LINK_LOCATING,
    DTT_LINK_DIALLING,
    DTT_LINK_LIVE,
    DTT_LINK_LINGERING
};

struct dtt_link {
    struct dtt_id id;
    enum dtt_link_state state;
    struct dtt_timer timer; /**< DIALLING: the next address; LINGERING: the end */
    struct dtt_link_conn conns[DTT_LINKS_CONNS]; /**< the first one carries what we send */
    size_t n_conns;
    struct dtt_id via;                /**< the peer that named it, if race.is_hearsay */
    struct dtt_gossip_topic_id topic; /**< for which it is dialled */
    struct dtt_bucket meets;          /**< messages of a meeting that we look at (meet.h) */
    uint64_t sought_ns;               /**< dtt_seek looks for it again then */
    bool is_meet_deaf;                /**< it knows no meetings */
    struct dtt_race race; /**< goes on for a while when the peer has connected to us meanwhile */

    struct dtt_outflow out;
    struct dtt_backlog backlog;
    struct dtt_inflow in;
    const char *way;    /**< relay_way.h: how it was reached when that was told last; NULL: never */
    uint64_t direct_ns; /**< relayed.h: the search for a direct way goes on then; 0: it does not */
    uint64_t direct_wait_ns; /**< the pause after the last race that was lost; 0: none was */
    uint64_t back_ns;        /**< no attempt to leave a direct way that is dead before then */
    bool is_directing;       /**< the race is one for a direct way */
    int neighbor_of;         /**< topics in whose active view it is */
};

struct dtt_link *dtt_link_find(const struct dtt_links *p, const struct dtt_id *id);
/** The link with a peer, new or known; NULL beyond the limit or out of memory. */
struct dtt_link *dtt_link_make(struct dtt_links *p, const struct dtt_id *id);
void dtt_link_drop(struct dtt_links *p, struct dtt_link *link);
/** The only place where the state changes and the timer is set. */
void dtt_link_enter(struct dtt_links *p, struct dtt_now now, struct dtt_link *link,
                    enum dtt_link_state state);
/** LIVE or LINGERING: it has a connection. */
void dtt_link_enter_connected(struct dtt_links *p, struct dtt_now now, struct dtt_link *link);

/** The number of a connection; n_conns when it is none of the link any more. */
size_t dtt_link_conn(const struct dtt_link *link, dtt_quic_conn conn);
/** The connection is gone, or another one has its place. True: not all that we said arrived. */
bool dtt_link_conn_fini(struct dtt_link_conn *c);
void dtt_link_close(struct dtt_links *p, struct dtt_now now, struct dtt_link_conn *c,
                    const char *words);
/** When the peer last spoke on it, or when it was made, if the peer never has. */
static inline uint64_t dtt_link_conn_used_ns(const struct dtt_link_conn *c)
{
    return c->heard_ns ? c->heard_ns : c->opened_ns;
}
/** The peer spoke on it not long ago. */
bool dtt_link_is_fresh(const struct dtt_link_conn *c, struct dtt_now now);

#endif
