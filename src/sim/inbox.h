/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the plain transport has to tell: events in order, each with the bytes that belong to it. */
#ifndef DTT_SIM_INBOX_H
#define DTT_SIM_INBOX_H

#include "base/ring.h"
#include "quic/quic.h"

struct dtt_sim_inbox {
    struct dtt_ring events; /* struct entry, see inbox.c */
    uint8_t *taken;         /* bytes of the event taken last */
};

void dtt_sim_inbox_init(struct dtt_sim_inbox *in);
void dtt_sim_inbox_fini(struct dtt_sim_inbox *in);
/** Appends an event and copies its data. Without memory it is lost. */
void dtt_sim_inbox_push(struct dtt_sim_inbox *in, const struct dtt_quic_event *ev);
/** Takes the oldest event; its data is valid until the next call. */
bool dtt_sim_inbox_take(struct dtt_sim_inbox *in, struct dtt_quic_event *ret);
/** Drops the events of a connection. */
void dtt_sim_inbox_drop(struct dtt_sim_inbox *in, dtt_quic_conn conn);

#endif
