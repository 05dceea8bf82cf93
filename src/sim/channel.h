/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Reliable, ordered bytes of many streams between two ends, for the plain transport. Writes are cut
 * into frames, frames are packed into packets with a sequence number each, and a packet is repeated
 * until it is acknowledged. What is received comes out frame by frame in the order of the packets,
 * so that the streams wait for each other.
 *
 *   packet: seq 4, ack 4, frames; or ack 4 alone        frame: stream 4, length and end 2, bytes
 */
#ifndef DTT_SIM_CHANNEL_H
#define DTT_SIM_CHANNEL_H

#include "base/bytes.h"
#include "base/time.h"

#include <dtt/types.h>

#define DTT_SIM_CHANNEL_BYTES 1191          /**< of a packet at most */
#define DTT_SIM_CHANNEL_WINDOW (256 * 1024) /**< bytes written and not acknowledged */
#define DTT_SIM_CHANNEL_EARLY 256           /**< packets kept that came too early */

struct dtt_sim_chunk;

/** Zero it to initialise. */
struct dtt_sim_channel {
    struct dtt_sim_chunk *out, *out_last, *unsent; /**< in order of seq */
    uint32_t next_seq;
    size_t unacked;  /**< bytes in `out` */
    bool is_blocked; /**< a write found the window full */
    bool owes_ack;
    uint64_t srtt_ns;
    unsigned backoff;         /**< doublings of the timeout */
    struct dtt_sim_chunk *in; /**< received and not read, in order of seq */
    size_t n_in;
    size_t read_at;    /**< where the next frame begins in the first of `in` */
    uint32_t expected; /**< seq of the packet that is read next */
};

struct dtt_sim_frame {
    uint32_t stream;
    bool is_last; /**< of its stream */
    struct dtt_slice data;
};

void dtt_sim_channel_fini(struct dtt_sim_channel *ch);

/**
 * Appends to a stream and, with `is_last`, ends it. DTT_EAGAIN: the window is full, acknowledge
 * tells when it no longer is. DTT_ETOOBIG, DTT_ENOMEM.
 */
int dtt_sim_channel_write(struct dtt_sim_channel *ch, int64_t stream, struct dtt_slice data,
                          bool is_last);
/** Writes the next packet; 0: nothing is to be sent. *ret_has_frames: it is not an ack alone. */
size_t dtt_sim_channel_send(struct dtt_sim_channel *ch, uint64_t mono_ns,
                            uint8_t ret[DTT_SIM_CHANNEL_BYTES], bool *ret_has_frames);
/** True when a write that found the window full may be tried again. */
bool dtt_sim_channel_acknowledge(struct dtt_sim_channel *ch, uint64_t mono_ns, uint32_t ack);
/** All packets before this sequence number are acknowledged. */
uint32_t dtt_sim_channel_acked(const struct dtt_sim_channel *ch);
/** A packet with frames came; read them before anything else is done with the channel. */
void dtt_sim_channel_receive(struct dtt_sim_channel *ch, uint32_t seq, struct dtt_slice frames);
/** Reads a frame; its bytes are valid until the next call. False: no more for now. */
bool dtt_sim_channel_read(struct dtt_sim_channel *ch, struct dtt_sim_frame *ret);

void dtt_sim_channel_sample_rtt(struct dtt_sim_channel *ch, uint64_t rtt_ns);
/** When the oldest packet under way is to be repeated; DTT_NEVER: none is under way. */
uint64_t dtt_sim_channel_deadline(const struct dtt_sim_channel *ch);
/** That time has come: the packet, and those after it, are to be sent again. */
void dtt_sim_channel_repeat(struct dtt_sim_channel *ch);

#endif
