/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The storing part of a put or announce: a request to each of the chosen nodes, an honest count of
 * what came back, and on request a look at what they hold.
 *
 *     CHOOSING (a walk looks for the closest nodes) -> STORING -> VERIFYING, on request -> OVER
 */
#ifndef DTT_DHT_PUT_H
#define DTT_DHT_PUT_H

#include "dht/dht.h"
#include "dht/query.h"
#include "dht/walks.h"

#define DTT_PUT_ERRORS 8 /**< distinct error codes counted */

enum dtt_put_state { DTT_PUT_CHOOSING, DTT_PUT_STORING, DTT_PUT_VERIFYING, DTT_PUT_OVER };

enum dtt_put_target_state {
    DTT_PUT_TARGET_ASKED,
    DTT_PUT_TARGET_ACKED,
    DTT_PUT_TARGET_REFUSED,
    DTT_PUT_TARGET_SILENT,
    DTT_PUT_TARGET_VERIFIED
};

/** Which targets are left out first when there are more than copies. */
enum dtt_put_claim { DTT_PUT_SPARED, DTT_PUT_CHANCE, DTT_PUT_FIRST };

struct dtt_put_target {
    struct dtt_addr addr;
    uint8_t state; /**< enum dtt_put_target_state */
    uint8_t claim; /**< enum dtt_put_claim */
    uint8_t sends;
    bool has_value;
    bool is_crowd;
    uint8_t token_len;
    uint8_t token[DTT_KRPC_TOKEN_MAX];
};

/** What is stored on the closest nodes: an item, or a peer's address under an info hash. */
struct dtt_put {
    uint8_t state;  /**< enum dtt_put_state */
    uint32_t owner; /**< of its queries: the operation's number */
    struct dtt_dht_put_args args;
    bool is_announce;
    uint16_t port; /**< announce: 0 for the port the query comes from */
    uint8_t target[DTT_NODE_ID_BYTES];
    uint32_t found; /**< nodes that answered the search */
    struct {
        int code;
        uint32_t count;
    } errors[DTT_PUT_ERRORS];
    size_t n;
    struct dtt_put_target *targets;
    uint8_t v[DTT_KRPC_VALUE_MAX];
};

/** NULL: out of memory. */
struct dtt_put *dtt_put_new(const uint8_t target[DTT_NODE_ID_BYTES]);
void dtt_put_free(struct dtt_put *put);
/** How many closest nodes those to store on are chosen from. */
size_t dtt_put_among(const struct dtt_dht_put_args *args);
/** Chooses from the closest set of a walk that is over; stores here, too, if we belong to it. */
int dtt_put_choose(struct dtt_dht *d, struct dtt_now now, struct dtt_put *put,
                   const struct dtt_walk *walk);
/** Stores on the chosen nodes. */
void dtt_put_store(struct dtt_dht *d, struct dtt_now now, struct dtt_put *put);
/** A query of the put was answered, is slow, or dead. */
void dtt_put_asked(struct dtt_dht *d, struct dtt_now now, struct dtt_put *put,
                   const struct dtt_query_end *end);
/** How a put that is OVER ended. */
int dtt_put_status(const struct dtt_put *put);
/** What was put and the counts, into a PUT_DONE event. */
void dtt_put_tell(const struct dtt_put *put, struct dtt_dht_event *ret);

#endif
