/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The way out: what politeness allows waits here to be sent, in one block of memory that stays
 * while the queue is busy (no allocation per datagram).
 */
#ifndef DTT_DHT_OUTQ_H
#define DTT_DHT_OUTQ_H

#include "dht/dht.h"
#include "dht/polite.h"

#define DTT_OUTQ_PACKETS 4096
#define DTT_OUTQ_BYTES (2u << 20)

/** Zero it to initialise. */
struct dtt_outq {
    uint8_t *data;
    size_t cap;
    size_t head; /**< first byte in use */
    size_t tail; /**< first byte free */
    size_t count;
};

void dtt_outq_fini(struct dtt_outq *queue);

/** Room for a last datagram of up to `max` bytes, or NULL. Follow it with commit. */
uint8_t *dtt_outq_reserve(struct dtt_outq *queue, size_t max);
/** The datagram in the reserved room has `len` bytes and goes from our address `from` to `to`. */
void dtt_outq_commit(struct dtt_outq *queue, const struct dtt_addr *from, const struct dtt_addr *to,
                     size_t len);

/** Takes the oldest datagram; its bytes stay valid until the next reserve. False when empty. */
bool dtt_outq_pop(struct dtt_outq *queue, struct dtt_addr *from, struct dtt_addr *to,
                  struct dtt_slice *ret);
/** Gives the memory back when the queue is empty. */
void dtt_outq_trim(struct dtt_outq *queue);

/**
 * From now on what goes to `asker` leaves from our address `asked`; NULL: from any, as what goes to
 * others does.
 */
void dtt_outq_answer(struct dtt_dht *d, const struct dtt_addr *asked, const struct dtt_addr *asker);
/**
 * Queues a datagram of the node. DTT_EAGAIN: the budget of all is used up until
 * dtt_polite_ready_ns. DTT_EREFUSED: nothing goes to this address now. DTT_EFULL: the queue is
 * full.
 */
int dtt_outq_send(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *to,
                  enum dtt_polite_kind kind, struct dtt_slice data);

#endif
