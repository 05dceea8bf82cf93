/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A client of pkarr servers: it keeps our packet at each of them, and asks each of them for the
 * packets of others. One request goes over one stream of bytes, which the driver opens:
 *
 *     publish, resolve -> next_request -> recv*, ended -> next_event
 *
 * Each exchange ends within DTT_PKARR_PATIENCE_NS, whatever a server does; what is not signed by
 * the endpoint itself is dropped. A server is told of ours in two steps:
 *
 *     IDLE --publish--> WAITING --due--> READING --what stands there--> WRITING --204--> WAITING
 *                          ^                |                              |
 *                          +--- again after a pause, as the server says ---+
 *
 * since a server says yes to a packet that is older than the one it has, and keeps that one. So
 * ours is dated later than whatever stands there, even where that was written by a clock ahead.
 */
#ifndef DTT_PKARR_CLIENT_H
#define DTT_PKARR_CLIENT_H

#include "base/ctx.h"
#include "base/time.h"
#include "codec/url.h"
#include "pkarr/signed.h"

#define DTT_PKARR_SERVERS 4
#define DTT_PKARR_EXCHANGES 16 /**< under way, those of our own packet included */
#define DTT_PKARR_PATIENCE_NS (5 * DTT_S)
#define DTT_PKARR_AGAIN_NS (300 * DTT_S) /**< as iroh; plus a random time below the next */
#define DTT_PKARR_AGAIN_JITTER_NS (60 * DTT_S)
#define DTT_PKARR_RETRY_NS (5 * DTT_S)       /**< after a failure; it doubles ... */
#define DTT_PKARR_RETRY_MAX_NS (300 * DTT_S) /**< ... up to this */
/** A server that has had too much is left alone for the time that it says, within these. */
#define DTT_PKARR_REST_NS (4 * DTT_S)
#define DTT_PKARR_REST_MAX_NS (3600 * DTT_S)

struct dtt_pkarr_client;

struct dtt_pkarr_client_config {
    struct dtt_ctx *ctx; /**< outlives the client */
    struct dtt_id id;
    const uint8_t *seed;     /**< 32 bytes that outlive the client */
    const char *const *urls; /**< copied; dtt_url_parse accepts them */
    size_t n_urls;           /**< 1 to DTT_PKARR_SERVERS */
};

/** DTT_ENOMEM. */
int dtt_pkarr_client_new(struct dtt_pkarr_client **ret, const struct dtt_pkarr_client_config *cfg);
/** NULL is fine. */
void dtt_pkarr_client_free(struct dtt_pkarr_client *c);

/** What is to stand at the servers from now on; empty: nothing is written any more. */
void dtt_pkarr_client_publish(struct dtt_pkarr_client *c, struct dtt_now now,
                              struct dtt_slice packet);
/** Asks the servers for an endpoint's packet; how many events that will bring. */
unsigned dtt_pkarr_client_resolve(struct dtt_pkarr_client *c, struct dtt_now now,
                                  const struct dtt_id *id);

/* ---- driver side */

/** A stream is wanted; false: none. */
bool dtt_pkarr_client_next_request(struct dtt_pkarr_client *c, uint32_t *ret_number,
                                   const struct dtt_url **ret_url);
/** What to send once the stream is open. Empty: the stream is wanted no more. */
struct dtt_slice dtt_pkarr_client_request(const struct dtt_pkarr_client *c, uint32_t number);
/** Bytes of the server. */
void dtt_pkarr_client_recv(struct dtt_pkarr_client *c, struct dtt_now now, uint32_t number,
                           struct dtt_slice bytes);
/** The stream has ended. `why`: a clause with a subject, where it did not end in order. */
void dtt_pkarr_client_ended(struct dtt_pkarr_client *c, struct dtt_now now, uint32_t number,
                            const char *why);

uint64_t dtt_pkarr_client_deadline(const struct dtt_pkarr_client *c);
void dtt_pkarr_client_tick(struct dtt_pkarr_client *c, struct dtt_now now);

/** The end of one question. */
struct dtt_pkarr_event {
    struct dtt_id id;
    bool is_found;
    struct dtt_pkarr_signed found; /**< its bytes are valid until the next call */
};
bool dtt_pkarr_client_next_event(struct dtt_pkarr_client *c, struct dtt_pkarr_event *ret);

#endif
