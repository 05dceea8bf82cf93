/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The messages of a gossip topic and their postcard form. Slices of a decoded message point into
 * the payload it was read from.
 */
#ifndef DTT_GOSSIP_MESSAGE_H
#define DTT_GOSSIP_MESSAGE_H

#include "gossip/gossip_wire.h"

enum dtt_gossip_message_type {
    /* HyParView */
    DTT_MSG_JOIN,
    DTT_MSG_FORWARD_JOIN,
    DTT_MSG_SHUFFLE,
    DTT_MSG_SHUFFLE_REPLY,
    DTT_MSG_NEIGHBOR,
    DTT_MSG_DISCONNECT,
    /* PlumTree */
    DTT_MSG_GOSSIP,
    DTT_MSG_PRUNE,
    DTT_MSG_GRAFT,
    DTT_MSG_IHAVE
};

enum dtt_gossip_priority { DTT_GOSSIP_HIGH, DTT_GOSSIP_LOW };

/** Option<PeerData>: absent, or bytes (zero of them means "no address known yet"). */
struct dtt_gossip_peer_data {
    bool is_some;
    struct dtt_slice bytes;
};

struct dtt_gossip_node {
    struct dtt_id id;
    struct dtt_gossip_peer_data data;
};

struct dtt_gossip_message_id {
    uint8_t bytes[DTT_GOSSIP_ID_BYTES];
};

struct dtt_gossip_ihave {
    struct dtt_gossip_message_id id;
    uint16_t round;
};

/** The body is the member of `u` named like the type; Prune has none. */
struct dtt_gossip_message {
    enum dtt_gossip_message_type type;
    union {
        struct {
            struct dtt_gossip_peer_data data;
        } join;
        struct {
            struct dtt_gossip_node peer;
            uint16_t ttl;
        } forward_join;
        struct {
            struct dtt_id origin; /**< Shuffle only */
            uint16_t ttl;         /**< Shuffle only */
            size_t n;
            struct dtt_gossip_node nodes[DTT_GOSSIP_NODES_MAX];
        } shuffle; /**< Shuffle and ShuffleReply */
        struct {
            enum dtt_gossip_priority priority;
            struct dtt_gossip_peer_data data;
        } neighbor;
        struct {
            bool alive;
            bool respond; /**< always written false, never looked at */
        } disconnect;
        struct {
            struct dtt_gossip_message_id id;
            struct dtt_slice content;
            enum dtt_gossip_scope scope;
            uint16_t round; /**< swarm scope only */
        } gossip;
        struct {
            bool has_id;
            struct dtt_gossip_message_id id;
            uint16_t round;
        } graft;
        struct {
            size_t n;
            struct dtt_gossip_ihave entries[DTT_GOSSIP_IHAVE_READ_MAX];
        } ihave;
    } u;
};

/**
 * Reads one payload; like iroh-gossip it ignores bytes after the message. Peer ids must be points
 * of Curve25519; for nodes beyond DTT_GOSSIP_NODES_MAX only the form is checked. DTT_EPROTO:
 * malformed, or longer than DTT_GOSSIP_FRAME_MAX. `valid`, which may be NULL, remembers ids that
 * are points.
 */
int dtt_gossip_message_decode(struct dtt_slice payload, struct dtt_memo *valid,
                              struct dtt_gossip_message *ret);
/** Writes the canonical form; `w` fails when there is no room. */
void dtt_gossip_message_encode(struct dtt_writer *w, const struct dtt_gossip_message *m);
/** Bytes that a node takes in a Shuffle. */
size_t dtt_gossip_node_size(const struct dtt_gossip_node *node);

static inline bool dtt_gossip_id_eq(const struct dtt_id *a, const struct dtt_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static inline bool dtt_gossip_message_id_eq(const struct dtt_gossip_message_id *a,
                                            const struct dtt_gossip_message_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

#endif
