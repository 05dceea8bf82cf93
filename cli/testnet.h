/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A private DHT: storing nodes in this process that know only each other. */
#ifndef CLI_TESTNET_H
#define CLI_TESTNET_H

#include <dtt/dtt.h>
#include <poll.h>
#include <stdbool.h>

#define TESTNET_NODES_MAX 500

struct testnet {
    size_t n_nodes;
    size_t n_ready; /**< nodes that have had an answer of another one */
    struct {
        dtt_node *node;
        bool is_ready;
    } nodes[TESTNET_NODES_MAX];
    char bootstrap[DTT_ADDR_TEXT_MAX]; /**< address of the first node */
};

/**
 * Opens `n` nodes, the first at `listen` ("ADDR:PORT", NULL: any port of 127.0.0.1), the others at
 * other ports of its address. *t is zero. Returns an exit code; call testnet_close in any case.
 */
int testnet_open(struct testnet *t, size_t n, const char *listen, int log_level);

/** Fills one descriptor a node. */
void testnet_poll(const struct testnet *t, struct pollfd *fds);

/** Lets the nodes work whose descriptors are ready: an exit code. */
int testnet_process(struct testnet *t, const struct pollfd *fds);

/** Whether all nodes have found each other. */
bool testnet_is_ready(const struct testnet *t);

void testnet_close(struct testnet *t);

#endif
