/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the load programs share: one DHT node of any make on loopback, questions to it, and a crowd
 * that fills its routing table: 8 contacts for each of the 20 farthest buckets, a process of their
 * own that queries the node from each of them and answers it.
 */
#ifndef TESTS_BENCH_CROWD_H
#define TESTS_BENCH_CROWD_H

#include "dht/krpc.h"

#include <sys/types.h>

#define CROWD 160
#define PACKET 1500

struct server {
    int fd; /**< connected */
    uint16_t port;
    long pid;
    uint8_t id[DTT_NODE_ID_BYTES];
};

struct packet {
    size_t len;
    uint8_t data[PACKET];
};

/** Ends the program, saying what failed and errno. */
void die(const char *what);
double now_s(void);
/** A UDP socket on loopback; port 0: any. */
int open_socket(uint16_t port, uint16_t remote);

struct dtt_krpc query(enum dtt_krpc_method method, const uint8_t *id);
/** Encodes with a four-byte transaction id; `buf` has PACKET bytes. */
size_t encode_query(struct dtt_krpc *m, uint32_t tid, uint8_t *buf);
/** One question, asked until answered. The reply's slices point into `p`. */
bool ask(const struct server *s, struct dtt_krpc *q, struct packet *p, struct dtt_krpc *ret);
/** Connects to the node at `port` and learns its id. */
void server_open(struct server *s, uint16_t port, const uint8_t *own_id);

/** Id of a crowd member: it shares exactly `bucket` bits with the node's. */
void crowd_id(uint8_t ret[DTT_NODE_ID_BYTES], const uint8_t *server, unsigned bucket, unsigned i);
/** Starts the crowd on the CROWD ports from `port` on; it ends with this program. */
pid_t crowd_start(const struct server *s, uint16_t port);
/** How many of the crowd the node hands out. */
unsigned crowd_known(const struct server *s, const uint8_t *id);
/** Waits until it hands out all of them, 30 s at most. */
unsigned crowd_settle(const struct server *s, const uint8_t *id);

#endif
