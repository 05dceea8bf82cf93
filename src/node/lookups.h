/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Where a peer is, asked of servers: pkarr servers by HTTP, and name servers for TXT records. Both
 * go beside the walk through the DHT (locate.h), and only to servers that the user has named. What
 * a peer has signed is believed before what a name server says, which anybody on the way may have
 * forged; who is dialled proves an id in any case.
 */
#ifndef DTT_NODE_LOOKUPS_H
#define DTT_NODE_LOOKUPS_H

#include "codec/pkarr.h"
#include "pkarr/client.h"

#define DTT_LOOKUPS_MAX 16         /**< peers asked for at a time */
#define DTT_LOOKUPS_HEARSAY 4      /**< of these, on hearsay */
#define DTT_LOOKUPS_NS (5 * DTT_S) /**< name servers have so long */
#define DTT_LOOKUPS_ORIGINS 4

enum dtt_lookups_text { DTT_LOOKUPS_TEXT_OVER, DTT_LOOKUPS_TEXT_QUEUED, DTT_LOOKUPS_TEXT_OUT };

/** The search for one peer; all zero: the place is free. */
struct dtt_lookups_search {
    bool is_used;
    bool is_hearsay;
    bool is_signed; /**< a packet of the peer's own was found */
    bool is_walked; /**< the walk through the DHT is over */
    struct dtt_id id;
    int64_t time_us;  /**< of the newest packet of pkarr servers; -1: none */
    unsigned n_asked; /**< pkarr servers that have not answered yet */
    uint64_t until_ns;
    uint32_t number; /**< of the first text; the others follow */
    enum dtt_lookups_text texts[DTT_LOOKUPS_ORIGINS];
};

struct dtt_core;
struct dtt_core_config;

struct dtt_lookups {
    struct dtt_pkarr_client *pkarr; /**< NULL: no server is asked */
    size_t n_origins;
    char origins[DTT_LOOKUPS_ORIGINS][DTT_PKARR_ORIGIN_MAX];
    uint32_t last_number;
    struct dtt_lookups_search list[DTT_LOOKUPS_MAX];
};

/** DTT_ENOMEM. */
int dtt_lookups_init(struct dtt_core *c, const struct dtt_core_config *cfg);
void dtt_lookups_fini(struct dtt_lookups *l);

/* ---- driver side */

/** As dtt_pkarr_client_next_request and the three functions after it. */
bool dtt_lookups_next_request(struct dtt_core *c, uint32_t *ret_number,
                              const struct dtt_url **ret_url);
struct dtt_slice dtt_lookups_request(const struct dtt_core *c, uint32_t number);
void dtt_lookups_recv(struct dtt_core *c, struct dtt_now now, uint32_t number,
                      struct dtt_slice bytes);
void dtt_lookups_ended(struct dtt_core *c, struct dtt_now now, uint32_t number, const char *why);
/** The next name whose TXT records are wanted; false: none. */
bool dtt_lookups_next_text(struct dtt_core *c, uint32_t *ret_number,
                           char ret_name[DTT_PKARR_NAME_MAX]);
/** The answer of a name server, a DNS message; empty: there is none. */
void dtt_lookups_text(struct dtt_core *c, struct dtt_now now, uint32_t number,
                      struct dtt_slice answer);

/* ---- core side */

bool dtt_lookups_has_room(const struct dtt_lookups *l, bool is_hearsay);
/** A walk through the DHT for this peer begins: servers are asked, too. */
void dtt_lookups_start(struct dtt_core *c, struct dtt_now now, const struct dtt_id *id,
                       bool is_hearsay);
/** The walk has found where it is; links are told. */
void dtt_lookups_walk_found(struct dtt_core *c, struct dtt_now now, const struct dtt_id *id,
                            const struct dtt_pkarr_place *place);
/** The walk is over: links are told when servers are not waited for either. */
void dtt_lookups_walk_over(struct dtt_core *c, struct dtt_now now, const struct dtt_id *id);

/** What is known of our own place may have changed, of which pkarr servers are told. */
void dtt_lookups_publish(struct dtt_core *c, struct dtt_now now);

uint64_t dtt_lookups_deadline(const struct dtt_lookups *l);
void dtt_lookups_tick(struct dtt_core *c, struct dtt_now now);
/** Hands on one answer of a pkarr server; false: there is none. */
bool dtt_lookups_route(struct dtt_core *c, struct dtt_now now);

#endif
