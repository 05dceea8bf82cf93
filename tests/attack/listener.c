/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A member whose program does nothing but take events as fast as it can. It counts the messages
 * "honest 0" to "honest COUNT-1", those that came again apart, and tells when it has heard them
 * all. It ends with its standard input.
 *
 * usage: attack-listener TOPIC SECRET COUNT [closed]     closed: in the closed room, too
 */
#include <dtt/dtt.h>

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT_MAX 1024

static unsigned long wanted, honest, again, others, missed;
static bool is_heard[COUNT_MAX];

/* The number of an honest message; `wanted` or more when it is none. */
static unsigned long number_of(const struct dtt_event *ev)
{
    char text[16] = {0};
    if (ev->u.message.len < 8 || ev->u.message.len >= sizeof(text) ||
        memcmp(ev->u.message.data, "honest ", 7) != 0) {
        return wanted;
    }
    memcpy(text, ev->u.message.data, ev->u.message.len);
    return strtoul(text + 7, NULL, 10);
}

static void take_message(unsigned long number)
{
    if (number >= wanted) {
        others++;
    } else if (is_heard[number]) {
        again++;
    } else {
        is_heard[number] = true;
        if (++honest == wanted) {
            printf("{\"event\":\"heard\"}\n");
            fflush(stdout);
        }
    }
}

static void take(const struct dtt_event *ev)
{
    if (ev->type == DTT_EVENT_MESSAGE) {
        take_message(number_of(ev));
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
    dtt_topic *topic, *closed;
    dtt_node *node;
    const struct dtt_event *ev;
    char byte;
    if (argc != 4 && (argc != 5 || strcmp(argv[4], "closed") != 0)) {
        return 2;
    }
    wanted = strtoul(argv[3], NULL, 10);
    if (wanted > COUNT_MAX) {
        return 2;
    }
    room.name = argv[1];
    room.secret = argv[2];
    room.secret_len = strlen(argv[2]);
    if (dtt_node_open(&node, &cfg) || dtt_topic_join(&topic, node, &room)) {
        return 1;
    }
    room.flags = DTT_TOPIC_CLOSED;
    if (argc == 5 && dtt_topic_join(&closed, node, &room)) {
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
    printf("{\"event\":\"counted\",\"honest\":%lu,\"again\":%lu,\"others\":%lu,\"missed\":%lu}\n",
           honest, again, others, missed);
    dtt_node_close(node);
    return 0;
}
