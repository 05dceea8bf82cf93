/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Address packets in the DHT: those of peers that are wanted, and our own. */
#ifndef DTT_NODE_LOCATE_H
#define DTT_NODE_LOCATE_H

#include "node/inside.h"

/** Looks for the addresses of a wanted peer; links are told. */
void dtt_locate_get(struct dtt_core *c, struct dtt_now now, const struct dtt_id *id,
                    bool is_hearsay);
/** Something changed of what our packet tells: it is put soon. */
void dtt_locate_soon(struct dtt_core *c, struct dtt_now now);
/** Puts our own addresses under our id when that is due. */
void dtt_locate_put(struct dtt_core *c, struct dtt_now now);
/** What the DHT says of such an operation. */
void dtt_locate_event(struct dtt_core *c, struct dtt_now now, struct dtt_wait *wait,
                      const struct dtt_dht_event *ev);

#endif
