/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "testnet.h"

#include "output.h"
#include "session.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static int open_one(struct testnet *t, const char *listen, int log_level)
{
    const char *bootstrap = t->bootstrap;
    bool is_first = t->n_nodes == 0;
    struct dtt_config config = {.size = sizeof(config),
                                .listen = &listen,
                                .n_listen = 1,
                                .bootstrap = &bootstrap,
                                .n_bootstrap = is_first ? 0 : 1,
                                .flags = DTT_NODE_DHT_ONLY | (is_first ? DTT_NODE_NO_BOOTSTRAP : 0),
                                .log_level = log_level};
    int err = dtt_node_open(&t->nodes[t->n_nodes].node, &config);
    if (err != 0) {
        return output_fail(session_exit_code(err), "cannot start DHT node %zu on %s: %s",
                           t->n_nodes + 1, listen, dtt_error_text(err));
    }
    t->n_nodes++;
    return EXIT_OK;
}

/* Every node has a handful of descriptors, and a common limit is 1024. */
static void allow_many_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Without it packets to 127.0.0.1 are lost without a word (a fresh network namespace). */
static bool has_loopback(void)
{
    struct ifaddrs *list;
    bool is_up = false;
    if (getifaddrs(&list) != 0) {
        return true;
    }
    for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
        is_up |= (i->ifa_flags & IFF_LOOPBACK) && (i->ifa_flags & IFF_UP);
    }
    freeifaddrs(list);
    return is_up;
}

int testnet_open(struct testnet *t, size_t n, const char *listen, int log_level)
{
    struct dtt_addr addr;
    char other[DTT_ADDR_TEXT_MAX];
    allow_many_descriptors();
    if (!listen && !has_loopback()) {
        return output_fail(EXIT_IO, "the loopback interface is down; 'ip link set lo up' helps");
    }
    int code = open_one(t, listen ? listen : "127.0.0.1:0", log_level);
    if (code != EXIT_OK) {
        return code;
    }
    if (dtt_node_addrs(t->nodes[0].node, &addr, 1) < 1) {
        return output_fail(EXIT_INTERNAL, "the first DHT node has no address");
    }
    dtt_addr_format(&addr, t->bootstrap);
    addr.port = 0;
    dtt_addr_format(&addr, other);
    while (code == EXIT_OK && t->n_nodes < n) {
        code = open_one(t, other, log_level);
    }
    return code;
}

void testnet_poll(const struct testnet *t, struct pollfd *fds)
{
    for (size_t i = 0; i < t->n_nodes; i++) {
        fds[i] = (struct pollfd){.fd = dtt_node_fd(t->nodes[i].node), .events = POLLIN};
    }
}

static void drain(struct testnet *t, size_t i)
{
    const struct dtt_event *event;
    const char *line;
    while ((event = dtt_node_next_event(t->nodes[i].node)) != NULL) {
        if (event->type == DTT_EVENT_DHT_READY && !t->nodes[i].is_ready) {
            t->nodes[i].is_ready = true;
            t->n_ready++;
        }
    }
    while ((line = dtt_node_next_log(t->nodes[i].node, NULL)) != NULL) {
        output_say("node %zu: %s", i + 1, line);
    }
}

int testnet_process(struct testnet *t, const struct pollfd *fds)
{
    for (size_t i = 0; i < t->n_nodes; i++) {
        if (!fds[i].revents) {
            continue;
        }
        int err = dtt_node_process(t->nodes[i].node);
        drain(t, i);
        if (err < 0) {
            return output_fail(EXIT_IO,
                               "the network socket of DHT node %zu failed: %s; start again", i + 1,
                               dtt_error_text(err));
        }
    }
    return EXIT_OK;
}

bool testnet_is_ready(const struct testnet *t)
{
    /* A single node has no other to hear from. */
    return t->n_ready == t->n_nodes || t->n_nodes == 1;
}

void testnet_close(struct testnet *t)
{
    while (t->n_nodes > 0) {
        dtt_node_close(t->nodes[--t->n_nodes].node);
    }
}
