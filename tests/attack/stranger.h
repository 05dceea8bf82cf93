/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A hostile peer: an endpoint of src/quic on a socket of its own, with a fresh identity and no node
 * above it. What it says is made by hand, frame by frame.
 */
#ifndef TESTS_ATTACK_STRANGER_H
#define TESTS_ATTACK_STRANGER_H

#include "gossip/message.h"
#include "io/host.h"
#include "io/udp.h"
#include "quic/quic.h"

struct stranger {
    struct dtt_ctx ctx;
    uint8_t seed[32]; /* of its identity */
    struct dtt_quic *quic;
    struct dtt_udp udp;
    struct dtt_id target_id;
    struct dtt_addr target;
    dtt_quic_conn conn;
    int64_t stream; /* -1: none */
    bool is_connected;
    bool is_closed;
    bool is_mute; /* takes no events: returns no flow control credit */
    bool is_deaf; /* hears nothing but Retry packets */
    uint64_t tx_bytes;
    uint64_t rx_bytes;
    /* Takes what comes on streams; NULL: nobody does. */
    void (*on_data)(struct stranger *s, struct dtt_slice data);
    /* Takes a datagram of KRPC; NULL: QUIC is given it. */
    void (*on_krpc)(struct stranger *s, const struct dtt_addr *from, struct dtt_slice datagram);
};

/** Ends the program with a sentence. */
_Noreturn void stranger_die(const char *what);
uint64_t stranger_now_ns(void);

/**
 * Opens a socket at `source` (port 0: any) and dials; with a fresh identity but where it is to be
 * the same as before. It goes on counting bytes.
 */
void stranger_open(struct stranger *s, const struct dtt_addr *source, const struct dtt_id *target,
                   const struct dtt_addr *addr, bool is_same);
void stranger_close(struct stranger *s);

/** Reads, ticks and writes what there is, without waiting. */
void stranger_turn(struct stranger *s);
/** The same for `n` strangers until `ms` are over; sleeps while nothing arrives. */
void stranger_run(struct stranger *all, size_t n, unsigned ms);
/** Runs until it is connected or closed; true when connected. */
bool stranger_connect(struct stranger *s);

/** An ID@ADDR:PORT of the command line; ends the program when it is none. */
void stranger_read_target(const char *word, struct dtt_id *ret_id, struct dtt_addr *ret_addr);

/** Sends a datagram from its socket. */
void stranger_send(struct stranger *s, const struct dtt_addr *to, struct dtt_slice datagram);
/** Opens a stream with the header of a topic. A negative DTT_E... when it is not to be had. */
int stranger_speak(struct stranger *s, const struct dtt_gossip_topic_id *topic);
/** A message on that stream. DTT_EAGAIN: the target gives no more credit just now. */
int stranger_say(struct stranger *s, const struct dtt_gossip_message *m);
/** Asks the target to make it a neighbour. */
void stranger_join(struct stranger *s);

#endif
