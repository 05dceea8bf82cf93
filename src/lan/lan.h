/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Members of a topic find each other in the local network by multicast DNS (RFC 6762): a question
 * for a name that only holders of the secret know, and a sealed record as in the DHT for answer.
 * docs/protocol/lan.md. It knows neither sockets nor what a record says: it is told of the links
 * of the host, wants records of ours and hands out those that came.
 */
#ifndef DTT_LAN_LAN_H
#define DTT_LAN_LAN_H

#include "base/addr.h"
#include "base/ctx.h"
#include "base/time.h"
#include "lan/iroh.h"
#include "lan/link.h"
#include "record/secret.h"

#define DTT_LAN_PORT 5353
#define DTT_LAN_TOPICS 64
/** RFC 6762, 17: no message is longer. */
#define DTT_LAN_PACKET_MAX 1472
#define DTT_LAN_ENTRIES 32 /**< of a message; what follows them is not looked at */

/** Questions: the first as in lan/asks.h, then one in each minute, within this of its start. */
#define DTT_LAN_SPREAD_NS (2 * DTT_S)
/** Answers wait so long at least and at most, and are this frequent on a link. */
#define DTT_LAN_WAIT_MIN_NS (20 * DTT_MS)
#define DTT_LAN_WAIT_MAX_NS (120 * DTT_MS)
#define DTT_LAN_ANSWERS_PER_SECOND 4
/** So many members have answered while we waited: we need not. */
#define DTT_LAN_ENOUGH 8

struct dtt_lan;

int dtt_lan_new(struct dtt_lan **ret, struct dtt_ctx *ctx, struct dtt_now now);
void dtt_lan_free(struct dtt_lan *l);

/* ---- input */

/** Replaces the links. When they differ, all topics are asked for again, with new records. */
void dtt_lan_set_links(struct dtt_lan *l, struct dtt_now now, const struct dtt_lan_link *links,
                       size_t n);
/** Begins to ask for a topic and to answer. `number` is not in use. DTT_EFULL, DTT_ENOMEM. */
int dtt_lan_join(struct dtt_lan *l, struct dtt_now now, uint32_t number, const uint8_t topic[32],
                 const struct dtt_secret *secret);
void dtt_lan_leave(struct dtt_lan *l, uint32_t number);
/** Our records have changed: the next answers have new ones. */
void dtt_lan_renew(struct dtt_lan *l);
/** A datagram that was sent to the group and came in on this interface. */
void dtt_lan_recv(struct dtt_lan *l, struct dtt_now now, uint32_t index,
                  const struct dtt_addr *from, struct dtt_slice datagram);
/** The answer to a WANT: our sealed record of that minute; empty: there is none. */
void dtt_lan_answer(struct dtt_lan *l, uint32_t number, uint64_t minute, struct dtt_slice value);
/** A VALUE was a record of another member. */
void dtt_lan_verified(struct dtt_lan *l, uint32_t number, uint64_t minute, uint32_t index,
                      uint8_t family);

/** Speaks iroh's own service, too, in which we are `us`. */
void dtt_lan_set_iroh(struct dtt_lan *l, struct dtt_now now, const struct dtt_lan_iroh_peer *us);
/** An endpoint is wanted that iroh's service may know: it is asked soon, if it is spoken. */
void dtt_lan_want(struct dtt_lan *l, struct dtt_now now);

/* ---- output */

enum dtt_lan_event_type {
    DTT_LAN_WANT,  /**< our record of `minute` is asked for; dtt_lan_answer must follow */
    DTT_LAN_VALUE, /**< somebody says that this is a record of a member; it may be any bytes */
    DTT_LAN_PEER   /**< somebody says that `peer` is there; of the other members only `index` counts
                    */
};

struct dtt_lan_event {
    enum dtt_lan_event_type type;
    uint32_t number; /**< of the topic */
    uint64_t minute;
    uint32_t index;       /**< of the interface, which is the zone of its addresses */
    struct dtt_addr from; /**< VALUE */
    struct dtt_lan_iroh_peer peer;
    size_t value_len;
    uint8_t value[DTT_RECORD_VALUE_MAX];
};
bool dtt_lan_next_event(struct dtt_lan *l, struct dtt_now now, struct dtt_lan_event *ret);

/** To be sent from DTT_LAN_PORT to the group of the family at that port, with hop limit 255. */
struct dtt_lan_packet {
    uint32_t index;
    uint8_t family;
    struct dtt_slice data; /**< valid until the next call into l */
};
bool dtt_lan_next_packet(struct dtt_lan *l, struct dtt_now now, struct dtt_lan_packet *ret);

/* ---- time */
uint64_t dtt_lan_deadline(const struct dtt_lan *l);
void dtt_lan_tick(struct dtt_lan *l, struct dtt_now now);

/* ---- looking at it */

size_t dtt_lan_n_links(const struct dtt_lan *l);
const struct dtt_lan_link *dtt_lan_links(const struct dtt_lan *l);

#endif
