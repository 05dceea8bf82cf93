/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Framing of a gossip stream (one unidirectional stream for each topic and direction): a frame is a
 * big endian u32 length and a payload; the first payload is the 32-byte topic id.
 */
#ifndef DTT_GOSSIP_STREAM_H
#define DTT_GOSSIP_STREAM_H

#include "gossip/gossip.h"

#define DTT_GOSSIP_HEADER_FRAME 36

/** Reassembles one incoming stream. Holds at most one frame (4100 bytes), allocated on demand. */
struct dtt_gossip_stream {
    bool has_topic;
    struct dtt_gossip_topic_id topic;
    uint8_t *buf;
    size_t len;
};

void dtt_gossip_stream_init(struct dtt_gossip_stream *s);
void dtt_gossip_stream_fini(struct dtt_gossip_stream *s);
/**
 * Takes bytes from *in (advances it) until one message payload is complete. 1: *ret holds a
 * payload, valid until the next call and no longer than the bytes of *in; 0: *in is used up;
 * DTT_EPROTO: a frame over 4096 bytes or a bad header; DTT_ENOMEM.
 */
int dtt_gossip_stream_feed(struct dtt_gossip_stream *s, struct dtt_slice *in,
                           struct dtt_slice *ret);
/** The peer finished its stream: DTT_OK between frames, DTT_EPROTO inside a payload. */
int dtt_gossip_stream_end(const struct dtt_gossip_stream *s);
/** The bytes that open a stream: the header frame of a topic. */
void dtt_gossip_stream_header(uint8_t out[DTT_GOSSIP_HEADER_FRAME],
                              const struct dtt_gossip_topic_id *topic);

#endif
