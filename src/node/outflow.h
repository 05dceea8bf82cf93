/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What goes to one peer: one stream per topic on the connection that carries what we send, and the
 * messages that wait until there is a connection.
 */
#ifndef DTT_NODE_OUTFLOW_H
#define DTT_NODE_OUTFLOW_H

#include "base/ring.h"
#include "gossip/gossip.h"
#include "node/flight.h"
#include "node/transport.h"

#define DTT_OUTFLOW_QUEUE 64 /**< messages that wait for a connection */

/** A message on its way; the pointers are borrowed. */
struct dtt_outflow_message {
    const struct dtt_gossip_topic_id *topic;
    struct dtt_slice payload;
    struct dtt_gossip_blob *own; /**< as in struct dtt_gossip_action */
    bool last;                   /**< end the stream after it */
};

struct dtt_outflow_stream {
    struct dtt_gossip_topic_id topic;
    int64_t stream;
};

struct dtt_outflow {
    struct dtt_ring queue; /**< of messages */
    size_t queued_bytes;
    struct dtt_outflow_stream *streams;
    size_t n;
};

void dtt_outflow_init(struct dtt_outflow *f);
void dtt_outflow_fini(struct dtt_outflow *f);
/** Lets a message wait. DTT_EFULL, DTT_ENOMEM. */
int dtt_outflow_queue(struct dtt_outflow *f, const struct dtt_outflow_message *m);
/**
 * Sends a message, and follows one of our own in `flight`, that of `conn`. An error of the
 * transport means that a frame is missing: the stream is of no use any more.
 */
int dtt_outflow_send(struct dtt_outflow *f, const struct dtt_transport *t, dtt_quic_conn conn,
                     struct dtt_flight *flight, const struct dtt_outflow_message *m);
/** The open stream of a topic; false when there is none. */
bool dtt_outflow_find(const struct dtt_outflow *f, const struct dtt_gossip_topic_id *topic,
                      int64_t *ret);
/** The topic of message i of those that wait. */
const struct dtt_gossip_topic_id *dtt_outflow_topic(struct dtt_outflow *f, size_t i);
/** Sends what waits, up to the first error. `g`, whose messages they are, renews them. */
int dtt_outflow_flush(struct dtt_outflow *f, const struct dtt_gossip *g,
                      const struct dtt_transport *t, dtt_quic_conn conn, struct dtt_flight *flight);
/** Ends all streams on `conn`: another connection carries what we send from now on. */
void dtt_outflow_end(struct dtt_outflow *f, const struct dtt_transport *t, dtt_quic_conn conn);
/** The connection with the streams is gone. */
void dtt_outflow_forget(struct dtt_outflow *f);

#endif
