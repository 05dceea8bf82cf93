/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The queue of events that wait for the user. Events lie inside what they tell about (connection,
 * stream, block of received bytes), so that queueing one cannot fail and each is queued at most
 * once.
 */
#ifndef DTT_QUIC_EVENT_H
#define DTT_QUIC_EVENT_H

#include "quic/quic.h"

struct dtt_qconn;
struct dtt_qstream;

struct dtt_qevent {
    struct dtt_qevent *prev;
    struct dtt_qevent *next;
    struct dtt_qconn *conn;
    struct dtt_qstream *stream; /**< NULL when the event tells about the connection */
    enum dtt_quic_event_type type;
    struct dtt_qevents *queue; /**< that it waits in; NULL: in none */
};

/** Received bytes: the event and what it carries. */
struct dtt_qdata {
    struct dtt_qevent event;
    size_t len;
    size_t cap;
    bool fin;
    uint8_t bytes[];
};

/** Zero it to initialise. */
struct dtt_qevents {
    struct dtt_qevent *head;
    struct dtt_qevent *tail;
};

/** Appends; nothing happens when `e` waits already. */
void dtt_qevents_push(struct dtt_qevents *q, struct dtt_qevent *e);
/** Takes out; fine when not queued. */
void dtt_qevents_remove(struct dtt_qevent *e);
/** Moves all events of `from` to the end of `to`. */
void dtt_qevents_append(struct dtt_qevents *to, struct dtt_qevents *from);

#endif
