/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Spare IPv4 sockets beside the one that everything else uses. Behind a router that gives each
 * socket another outside port for each peer, many sockets make many ports (birthday.h). The driver
 * opens and closes them; here is which are wanted and what each is for:
 *
 *     dtt_spares_want ─► next: open ─► driver ─► IDLE ◄──► USED by a connection, for its life
 *                                                  └─ dtt_spares_release ─► next: close
 *
 * None of them is ever announced to anybody.
 */
#ifndef DTT_NODE_SPARES_H
#define DTT_NODE_SPARES_H

#include "base/addr.h"
#include "quic/quic.h"

#define DTT_SPARES_MAX 256 /**< open at a time to be found */
#define DTT_SPARES_USED 8  /**< with connections of their own, beside those */
#define DTT_SPARES_FREE 64 /**< descriptors that the driver leaves to the program */

/** What the driver is to do with sockets. */
struct dtt_socket_wish {
    size_t n_open;         /**< open up to so many, then say which (dtt_core_opened) ... */
    struct dtt_addr close; /**< ... or, if that is 0, close this one */
};

struct dtt_spare {
    struct dtt_addr bound;
    dtt_quic_conn conn; /**< 0: none uses it */
};

/** Zero it to initialise. */
struct dtt_spares {
    size_t n;
    struct dtt_spare list[DTT_SPARES_MAX + DTT_SPARES_USED];
    size_t n_wanted; /**< the driver has not been asked yet */
    bool is_kept;    /**< those without a connection are needed, too */
    size_t turn;
};

/** Asks for so many. False: as many as allowed have connections, or some are still idle. */
bool dtt_spares_want(struct dtt_spares *s, size_t n);
/** The driver has opened these. */
void dtt_spares_opened(struct dtt_spares *s, const struct dtt_addr *bound, size_t n);
/** Those without a connection are closed, and when one loses it, it is, too. */
void dtt_spares_release(struct dtt_spares *s);
/** The spare socket to which a datagram came; NULL: it came to another one. */
struct dtt_spare *dtt_spares_find(struct dtt_spares *s, const struct dtt_addr *local);
/** One without a connection, each in its turn; NULL: there is none. */
struct dtt_spare *dtt_spares_turn(struct dtt_spares *s);
/** A connection has ended. */
void dtt_spares_ended(struct dtt_spares *s, dtt_quic_conn conn);
/** What the driver is to do next, or false. */
bool dtt_spares_next(struct dtt_spares *s, struct dtt_socket_wish *ret);

#endif
