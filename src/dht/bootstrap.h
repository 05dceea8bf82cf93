/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Contacts to start from, ids unknown: asked at once, and again while a table is nearly empty. */
#ifndef DTT_DHT_BOOTSTRAP_H
#define DTT_DHT_BOOTSTRAP_H

#include "dht/dht.h"
#include "dht/query.h"

#define DTT_BOOTSTRAP_MAX 64
#define DTT_BOOTSTRAP_ROUTERS_UNTIL 32 /**< live nodes of a family */

struct dtt_bootstrap {
    struct dtt_addr addr;
    uint8_t sends; /**< of the present attempt; 0: none in flight */
    bool has_answered;
    uint64_t backoff_ns; /**< after this attempt */
    uint64_t next_ns;
};

void dtt_bootstrap_add(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr);
/** The query to a contact is over, or slow. False while an attempt goes on. */
bool dtt_bootstrap_asked(struct dtt_dht *d, struct dtt_now now, const struct dtt_query_end *end);
/** One with a global address: enters a table only while it is small. */
bool dtt_bootstrap_is_router(const struct dtt_dht *d, const struct dtt_addr *addr);
/**
 * True while fewer than two have answered and another may still: no operation may end on the word
 * of one fast liar.
 */
bool dtt_bootstrap_is_starting(const struct dtt_dht *d);
/** Some contact may still turn out to be alive, so operations wait. */
bool dtt_bootstrap_has_hope(const struct dtt_dht *d);
/** The host slept: asked again at once, without back-off. */
void dtt_bootstrap_woke(struct dtt_dht *d, struct dtt_now now);
uint64_t dtt_bootstrap_deadline(const struct dtt_dht *d);
void dtt_bootstrap_tick(struct dtt_dht *d, struct dtt_now now);

#endif
