/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A member whose program does nothing but take events as fast as it can. Counts the messages that
 * begin with "honest", and tells when it has heard so many. Ends with its standard input.
 *
 * usage: attack-listener TOPIC SECRET COUNT
 */
#include <dtt/dtt.h>

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned long wanted, honest, others, missed;

static void take(const struct dtt_event *ev)
{
    if (ev->type == DTT_EVENT_MESSAGE) {
        bool is_honest = ev->u.message.len > 6 && memcmp(ev->u.message.data, "honest", 6) == 0;
        honest += is_honest;
        others += !is_honest;
        if (is_honest && honest == wanted) {
            printf("{\"event\":\"heard\"}\n");
            fflush(stdout);
        }
    } else if (ev->type == DTT_EVENT_LAGGED) {
        missed += ev->u.lagged.missed;
    }
}

int main(int argc, char **argv)
{
    const char *listen[] = {"127.0.0.1:0"};
    struct dtt_config cfg = {
        .size = sizeof(cfg), .listen = listen, .n_listen = 1, .flags = DTT_NODE_NO_BOOTSTRAP};
    struct dtt_topic_config room = {.size = sizeof(room)};
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    char id[DTT_ID_TEXT_MAX];
    struct dtt_addr addr;
    dtt_topic *topic;
    dtt_node *node;
    const struct dtt_event *ev;
    char byte;
    if (argc != 4) {
        return 2;
    }
    wanted = strtoul(argv[3], NULL, 10);
    room.name = argv[1];
    room.secret = argv[2];
    room.secret_len = strlen(argv[2]);
    if (dtt_node_open(&node, &cfg) || dtt_topic_join(&topic, node, &room)) {
        return 1;
    }
    dtt_id_format(dtt_node_id(node), id);
    dtt_node_addrs(node, &addr, 1);
    printf("{\"event\":\"listening\",\"endpoint_id\":\"%s\",\"addrs\":[\"127.0.0.1:%u\"]}\n", id,
           addr.port);
    fflush(stdout);
    while (poll(&in, 1, 0) == 0 || read(STDIN_FILENO, &byte, 1) > 0) {
        if (dtt_node_wait(node, 20) < 0) {
            return 1;
        }
        while ((ev = dtt_node_next_event(node)) != NULL) {
            take(ev);
        }
    }
    printf("{\"event\":\"counted\",\"honest\":%lu,\"others\":%lu,\"missed\":%lu}\n", honest, others,
           missed);
    dtt_node_close(node);
    return 0;
}
