/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Numbers of the gossip protocol, ALPN /iroh-gossip/1, as iroh-gossip 0.101 has them. The file of
 * that crate which fixes each is named beside it. The overlay follows HyParView (Leitão, Pereira,
 * Rodrigues, DSN 2007), the broadcast PlumTree ("Epidemic Broadcast Trees", SRDS 2007).
 */
#ifndef DTT_GOSSIP_WIRE_H
#define DTT_GOSSIP_WIRE_H

#include "base/time.h"
#include "gossip/gossip.h"

/* ---- sizes */
#define DTT_GOSSIP_ID_BYTES 32    /* message id: BLAKE3 of the content (proto/plumtree.rs) */
#define DTT_GOSSIP_FRAME_MAX 4096 /* largest payload read (net/util.rs); one less is written */
#define DTT_GOSSIP_IHAVE_BYTES 35 /* an IHave entry at most: id and a round of 3 bytes */
/* IHave entries in a frame we write, and the most that fit into one we read. */
#define DTT_GOSSIP_IHAVE_WRITE_MAX 116 /* (4096 - 33 - 3) / 35, proto/plumtree.rs */
#define DTT_GOSSIP_IHAVE_READ_MAX ((DTT_GOSSIP_FRAME_MAX - 3) / 33)
/* Nodes taken from a Shuffle or ShuffleReply. iroh-gossip sends 8 at most; more are skipped. */
#define DTT_GOSSIP_NODES_MAX 16

/* ---- enum variants in order of declaration */
enum { DTT_WIRE_SWARM, DTT_WIRE_GOSSIP, DTT_WIRE_LAYERS }; /* proto/topic.rs */
enum {                                                     /* proto/hyparview.rs */
       DTT_WIRE_JOIN,
       DTT_WIRE_FORWARD_JOIN,
       DTT_WIRE_SHUFFLE,
       DTT_WIRE_SHUFFLE_REPLY,
       DTT_WIRE_NEIGHBOR,
       DTT_WIRE_DISCONNECT,
       DTT_WIRE_SWARM_MESSAGES
};
enum { DTT_WIRE_HIGH, DTT_WIRE_LOW, DTT_WIRE_PRIORITIES };
enum { /* proto/plumtree.rs */
       DTT_WIRE_PAYLOAD,
       DTT_WIRE_PRUNE,
       DTT_WIRE_GRAFT,
       DTT_WIRE_IHAVE,
       DTT_WIRE_GOSSIP_MESSAGES
};
enum { DTT_WIRE_SCOPE_SWARM, DTT_WIRE_SCOPE_NEIGHBORS, DTT_WIRE_SCOPES };
enum { DTT_WIRE_ADDR_V4, DTT_WIRE_ADDR_V6, DTT_WIRE_ADDRS }; /* core::net::SocketAddr in serde */

/* ---- HyParView defaults (proto/hyparview.rs) */
#define DTT_HYPARVIEW_ACTIVE 5
#define DTT_HYPARVIEW_PASSIVE 30
#define DTT_HYPARVIEW_ACTIVE_WALK 6  /* ARWL: ttl of a fresh ForwardJoin */
#define DTT_HYPARVIEW_PASSIVE_WALK 3 /* PRWL: at this ttl the joiner enters the passive view */
#define DTT_HYPARVIEW_SHUFFLE_WALK 6
#define DTT_HYPARVIEW_SHUFFLE_ACTIVE 3
#define DTT_HYPARVIEW_SHUFFLE_PASSIVE 4
#define DTT_HYPARVIEW_SHUFFLE_NS (60 * DTT_S)
#define DTT_HYPARVIEW_REQUEST_NS (500 * DTT_MS)

/* ---- PlumTree defaults (proto/plumtree.rs; GRAFT_AGAIN is ours, GRAFT_NEXT 40 ms there) */
#define DTT_PLUMTREE_GRAFT_FIRST_NS (80 * DTT_MS)
#define DTT_PLUMTREE_GRAFT_AGAIN_NS (100 * DTT_MS) /* after a needless one */
#define DTT_PLUMTREE_GRAFT_NEXT_NS (120 * DTT_MS)
#define DTT_PLUMTREE_DISPATCH_NS (5 * DTT_MS)
#define DTT_PLUMTREE_OPTIMIZE_HOPS 7
#define DTT_PLUMTREE_CONTENT_NS (30 * DTT_S)
/* Ids outlive contents by so much: 90 s there. */
#define DTT_PLUMTREE_ID_MORE_NS (60 * DTT_S)
#define DTT_PLUMTREE_EVICT_NS (1 * DTT_S)

/*
 * ---- our additions (docs/design/gossip.md), made of a round with the top bit set; the low 15 bits
 * are an age (dtt_gossip_age_round). No message travels 32,768 hops, so nothing else looks like it.
 *
 * IHave: a catch-up announcement of a message of that age. iroh-gossip reads it as a very distant
 * message: it grafts it and never prefers the link for its tree. One that is older than
 * DTT_PLUMTREE_CONTENT_NS goes to those only that have asked.
 *
 * Graft without id: its sender asks to be told of messages up to that age, for it knows the ids of
 * those for longer. iroh-gossip reads that its link is eager, as it is when it is new.
 */
#define DTT_GOSSIP_CATCH_UP 0x8000
#define DTT_GOSSIP_CATCH_UP_AGE 0x7fff
/* Ages above are counted in steps of 256 ms instead of 1 ms. */
#define DTT_GOSSIP_AGE_FINE_MS 30720
#define DTT_GOSSIP_AGE_STEP_MS 256
#define DTT_GOSSIP_WINDOW_MAX_NS (540 * DTT_S)

#endif
