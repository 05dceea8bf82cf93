/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The KRPC query dtt_meet (docs/protocol/meet.md) between neighbours: a member asks a neighbour to
 * tell another one of it, hands on what others ask, and knocks at whom it is told of. Nothing goes
 * to a peer that has not sent a proof on its connection, so nothing to Rust nodes, and nothing but
 * knocks to an address that only a message names.
 */
#ifndef DTT_NODE_MEET_H
#define DTT_NODE_MEET_H

#include "node/links.h"

#define DTT_MEET_PACKET_MAX 384

struct dtt_link;

struct dtt_meet_packet {
    struct dtt_addr remote;
    size_t len;
    uint8_t data[DTT_MEET_PACKET_MAX];
};

/** The end of a meeting that was asked for: dtt_dials_met is to follow. */
struct dtt_meet_end {
    struct dtt_id peer;
    struct dtt_addr addr; /**< it has knocked from there; no family: nobody could tell it */
};

/**
 * Asks neighbours about a peer behind a NAT that is to be dialled for a topic, `via` first if it is
 * not NULL. False: nobody is asked now: there is nobody, or no place, or we have asked about the
 * peer already and the meeting is on.
 */
bool dtt_meet_want(struct dtt_links *p, struct dtt_now now, const struct dtt_id *peer,
                   const struct dtt_gossip_topic_id *topic, const struct dtt_addr *addrs, size_t n,
                   const struct dtt_id *via);
/** Until when a peer that we asked about was told to knock; 0: nobody has told it. */
uint64_t dtt_meet_told_ns(struct dtt_links *p, const struct dtt_id *peer);
/** No need any more. */
void dtt_meet_unneeded(struct dtt_links *p, const struct dtt_id *peer);
/** A KRPC datagram. False: it is not one of ours, the DHT may have it. */
bool dtt_meet_recv(struct dtt_links *p, struct dtt_now now, const struct dtt_addr *remote,
                   struct dtt_slice datagram);
/** A knock has come from an address: if we have asked about a peer there, that is an end. */
void dtt_meet_knocked(struct dtt_links *p, const struct dtt_addr *remote);
/** The next datagram to be sent, or false. */
bool dtt_meet_next(struct dtt_links *p, struct dtt_meet_packet *ret);
bool dtt_meet_next_end(struct dtt_links *p, struct dtt_meet_end *ret);
/** Does what is due: asks the next middle, knocks. */
void dtt_meet_tick(struct dtt_links *p, struct dtt_now now);

#endif
