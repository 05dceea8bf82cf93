/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An operation: what op.c (start, events) and put.c (the storing part) share. */
#ifndef DTT_DHT_OP_H
#define DTT_DHT_OP_H

#include "dht/inside.h"

#define DTT_OP_SENDS   2 /**< a request and one retransmission */
#define DTT_PUT_ERRORS 8 /**< distinct error codes counted */

enum dtt_op_type { DTT_OP_GET, DTT_OP_FIND, DTT_OP_PING, DTT_OP_PUT, DTT_OP_PEERS };

enum dtt_put_state {
    DTT_PUT_ASKED,
    DTT_PUT_ACKED,
    DTT_PUT_REFUSED,
    DTT_PUT_SILENT,
    DTT_PUT_VERIFIED
};

struct dtt_put_target {
    struct dtt_addr addr;
    uint8_t state; /**< enum dtt_put_state */
    uint8_t sends;
    bool has_value;
    bool is_crowd;
    uint8_t token_len;
    uint8_t token[DTT_KRPC_TOKEN_MAX];
};

/* What is stored on the closest nodes: an item, or a peer's address under an info hash. */
struct dtt_put {
    struct dtt_dht_put_args args;
    bool is_announce;
    uint16_t port; /**< announce: 0 for the port the query comes from */
    uint8_t target[DTT_NODE_ID_BYTES];
    bool is_verifying;
    bool is_stored_here;
    uint32_t own_asked; /**< 1 when our own node is one of the holders asked */
    struct {
        int code;
        uint32_t count;
    } errors[DTT_PUT_ERRORS];
    size_t n;
    struct dtt_put_target *targets;
    uint8_t v[DTT_KRPC_VALUE_MAX];
};

struct dtt_ping {
    struct dtt_addr addr;
    uint8_t sends;
    bool is_answered;
    uint8_t id[DTT_NODE_ID_BYTES];
    uint32_t rtt_us;
};

struct dtt_op {
    dtt_dht_op number;
    enum dtt_op_type type;
    bool is_done;
    int status;
    uint64_t started_ns;
    uint64_t ended_ns;
    struct dtt_walk *walk; /**< get, find, peers; a put until it stores */
    size_t told;           /**< values, peers or nodes handed out */
    struct dtt_put *put;
    struct dtt_ping ping;
};

/* ---- op.c */
struct dtt_op *dtt_op_find(const struct dtt_dht *d, uint32_t number);
void dtt_op_end(struct dtt_op *op, struct dtt_now now, int status);
void dtt_op_leave_walk(struct dtt_dht *d, struct dtt_now now, struct dtt_op *op);

/* ---- put.c */

/** Copies asked for, within the limits. */
size_t dtt_put_copies(const struct dtt_dht_put_args *args);
/** How many closest nodes they are chosen from. */
size_t dtt_put_among(const struct dtt_dht_put_args *args);
/** The closest set is known: stores on it. Lets go of the walk. */
void dtt_put_start(struct dtt_dht *d, struct dtt_now now, struct dtt_op *op);
/** The result, into a PUT_DONE event. */
void dtt_put_tell(const struct dtt_op *op, struct dtt_dht_event *ret);

#endif
