/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The relays of a node, and the peers that are reached through them. A relay passes datagrams on
 * between endpoints by their ids, so that two meet which no datagram reaches directly. The driver
 * keeps the connections to relays and tells how they are.
 *
 * To QUIC a way by a relay is one between two invented addresses (dtt_addr_is_invented): ours,
 * which is the same for all, and one that stands for the peer, whichever relay carries it. What we
 * send goes over the relay that the peer was last heard on, else over its home relay if we have
 * that, else over our own, which others are told: the one that answers soonest. It is another one
 * when it has been gone for some seconds, or is much slower.
 *
 * The relays that the user has named are given ones. A node that has some uses a few foreign ones
 * beside them, which only peers name: one from when a peer is to be dialled there until nobody is
 * reached by it any more. Such a one is nobody's home, and peers may name as many as they like: it
 * costs a place, of which there are few, and the pace at which new ones are connected to.
 *
 * Addresses are given as peers come; the one that was used longest ago makes room, but none of a
 * peer with a link: a relay may invent the ids of senders. Those take places of its own share.
 */
#ifndef DTT_NODE_RELAYS_H
#define DTT_NODE_RELAYS_H

#include "base/addr.h"
#include "base/ctx.h"
#include "base/list.h"
#include "base/map.h"
#include "base/time.h"
#include "codec/url.h"

#include <dtt/dtt.h>

#define DTT_RELAYS_MAX 8     /**< given ones, which have the first places */
#define DTT_RELAYS_FOREIGN 4 /**< foreign ones, which have the last places */
#define DTT_RELAYS_PLACES (DTT_RELAYS_MAX + DTT_RELAYS_FOREIGN)
#define DTT_RELAYS_PACE_NS (2 * DTT_S)   /**< between new foreign ones, but for as many as fit */
#define DTT_RELAYS_LOOK_NS (30 * DTT_S)  /**< twice without use: a foreign one is left */
#define DTT_RELAYS_SHUN_NS (300 * DTT_S) /**< one that does not let us in is not tried again */
#define DTT_RELAYS_SHUNNED 16            /**< as many are remembered */
#define DTT_RELAYS_PEERS 1024
#define DTT_RELAYS_GONE_NS (5 * DTT_S) /**< another one is home then */
/** The subnet of our own end, and of the peers' (the fourth group of their addresses). */
#define DTT_RELAYS_SUBNET_US 2
#define DTT_RELAYS_SUBNET_PEERS 1
#define DTT_RELAYS_PORT 12345
#define DTT_RELAYS_DOUBT_NS (2 * DTT_S) /**< a relay is doubted this often at most */
#define DTT_RELAYS_DETAIL_MAX 160       /**< as much as a client of a relay keeps of its words */

/** Why a relay does not serve. */
struct dtt_relays_trouble {
    const char *what;                   /**< static, without full stop; NULL: it serves */
    const char *advice;                 /**< what to do about it, likewise */
    char detail[DTT_RELAYS_DETAIL_MAX]; /**< more, or "": printable, but not to be trusted */
};

struct dtt_relays_one {
    char url[DTT_URL_MAX]; /**< without a query: others are told of it */
    struct dtt_relays_trouble trouble;
    bool is_up;
    bool is_doubted;     /**< and the driver does not know */
    uint64_t doubted_ns; /**< when it was last */
    uint64_t since_ns;   /**< when is_up changed last; 0: never */
    bool is_told; /**< something of it was, at told_ns: that it serves, or that it does not */
    bool is_told_good;
    uint64_t told_ns;
    uint64_t rtt_ns; /**< 0: not measured */
    /* of foreign ones */
    uint32_t serial;  /**< another one for each that has had the place; 0: it is free */
    bool has_served;  /**< it has let us in */
    bool is_unused;   /**< so it was found at the last look */
    uint64_t look_ns; /**< the next look */
};

/** A foreign relay that is not tried again before then. */
struct dtt_relays_shunned {
    char url[DTT_URL_MAX];
    uint64_t until_ns;
};

struct dtt_relays {
    struct dtt_ctx *ctx;
    size_t n;
    struct dtt_relays_one list[DTT_RELAYS_PLACES];
    uint32_t last_serial;
    uint64_t pace_ns; /**< when all foreign ones may be new again */
    struct dtt_relays_shunned shunned[DTT_RELAYS_SHUNNED];
    size_t next_shunned;
    size_t home;          /**< n: there is none */
    struct dtt_map peers; /**< id -> struct dtt_relays_peer */
    struct dtt_map ends;  /**< the last eight bytes of its address -> the same */
    /** By use: those that a relay has named, and at last those that we have. */
    struct dtt_list shares[DTT_RELAYS_PLACES + 1];
    uint64_t last_end;
    bool (*is_linked)(void *user, const struct dtt_id *id);  /**< NULL: nobody is */
    bool (*is_relayed)(void *user, const struct dtt_id *id); /**< or is dialled; set likewise */
    void *user;
};

/** `n` at most DTT_RELAYS_MAX; the URLs are copied, without their queries. */
void dtt_relays_init(struct dtt_relays *r, struct dtt_ctx *ctx, const char *const *urls, size_t n,
                     const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES]);
void dtt_relays_fini(struct dtt_relays *r);
/** A peer keeps its address for as long as `is_linked` is true for it, and a foreign relay its
 * place for as long as `is_relayed` is, for a peer there. */
void dtt_relays_keep(struct dtt_relays *r, bool (*is_linked)(void *user, const struct dtt_id *id),
                     bool (*is_relayed)(void *user, const struct dtt_id *id), void *user);

/**
 * A peer is to be dialled at this relay, which it has named. One that is neither given nor has a
 * place gets one, if there is room, its turn has come, a given one has served before, and it is
 * https or a given one is not. The driver connects to it then, as `serial` tells.
 */
void dtt_relays_want(struct dtt_relays *r, struct dtt_now now, const char *text);

/** Relay `i` takes datagrams from now on, or no more. One that takes them has no trouble. */
void dtt_relays_set_up(struct dtt_relays *r, struct dtt_now now, size_t i, bool is_up);
/** Why it does not serve, though it may take datagrams: it may pass none on to us. A foreign one
 * that has not let us in loses its place. */
void dtt_relays_set_trouble(struct dtt_relays *r, struct dtt_now now, size_t i,
                            const struct dtt_relays_trouble *trouble);
/** How long it takes to answer. */
void dtt_relays_set_rtt(struct dtt_relays *r, struct dtt_now now, size_t i, uint64_t rtt_ns);
/** How a relay is, if the program is to be told of one; the log is told of its trouble. */
bool dtt_relays_next_news(struct dtt_relays *r, struct dtt_now now, struct dtt_event_relay *ret);
/** URL of the home relay, which serves or has done so some seconds ago; "": there is none. */
const char *dtt_relays_home(const struct dtt_relays *r);
/** Some relay takes datagrams. */
bool dtt_relays_is_up(const struct dtt_relays *r);
/** No given one has done so for some seconds. */
bool dtt_relays_is_away(const struct dtt_relays *r, struct dtt_now now);

/** A peer is silent: the relay that it was last heard on may not live any more. */
void dtt_relays_doubt(struct dtt_relays *r, struct dtt_now now, const struct dtt_addr *remote);
/** The host's addresses or routes have changed: they all may not. */
void dtt_relays_doubt_all(struct dtt_relays *r);
/** The next relay of which the driver has to see whether it lives; false: none. */
bool dtt_relays_next_doubted(struct dtt_relays *r, size_t *ret);

/** Our end of all ways by relays. */
struct dtt_addr dtt_relays_local(void);
/**
 * The address that stands for the peer. `url`: of its home relay, where it is first sent to if that
 * is one of ours; NULL: not known. False: there is no room, or no memory.
 */
bool dtt_relays_addr(struct dtt_relays *r, const struct dtt_id *id, const char *url,
                     struct dtt_addr *ret);
/** The peer is at another relay now: what is sent goes there, if it is one of ours. */
void dtt_relays_moved(struct dtt_relays *r, const struct dtt_id *id, const char *url);
/** The same for one that has sent something over relay `i`. */
bool dtt_relays_heard(struct dtt_relays *r, size_t i, const struct dtt_id *id,
                      struct dtt_addr *ret);
/** Who is at an address, and over which relay what is sent there goes. False: there is no way. */
bool dtt_relays_route(struct dtt_relays *r, const struct dtt_addr *remote, struct dtt_id *ret_id,
                      size_t *ret_relay);

/** The relay that the peer was last heard on serves, and has done so for some seconds. */
bool dtt_relays_is_steady(const struct dtt_relays *r, struct dtt_now now,
                          const struct dtt_addr *remote);

/** When the home relay, or a foreign one, is to be looked at, or there is news. */
uint64_t dtt_relays_deadline(const struct dtt_relays *r);
void dtt_relays_tick(struct dtt_relays *r, struct dtt_now now);

#endif
