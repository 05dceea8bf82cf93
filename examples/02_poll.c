/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The node as one more descriptor in a loop that a program already has. This one serves a UDP port
 * of the loopback interface: each datagram is sent to the topic, each message is printed.
 *
 * usage: 02_poll TOPIC SECRET [BOOTSTRAP]; it prints its port, and SIGINT or SIGTERM ends it.
 */
#define _POSIX_C_SOURCE 200809L /* sigaction, also with -std=c99 */

#include <arpa/inet.h>
#include <dtt/dtt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static dtt_node *node;
static volatile sig_atomic_t is_over;

/* dtt_node_wake is the one call that is allowed here; it ends the poll. */
static void on_signal(int number)
{
    (void)number;
    is_over = 1;
    dtt_node_wake(node);
}

/* Somebody else's descriptor: a UDP socket. */
static int open_door(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(addr);
    int door = socket(AF_INET, SOCK_DGRAM, 0);
    if (door < 0 || bind(door, (struct sockaddr *)&addr, len) != 0 ||
        getsockname(door, (struct sockaddr *)&addr, &len) != 0) {
        perror("02_poll");
        return -1;
    }
    printf("port %d\n", ntohs(addr.sin_port));
    fflush(stdout);
    return door;
}

static void relay(int door, dtt_topic *topic)
{
    char datagram[DTT_MESSAGE_MAX];
    ssize_t len = recv(door, datagram, sizeof(datagram), MSG_DONTWAIT);
    if (len > 0 && dtt_topic_send(topic, datagram, (size_t)len, 0) == DTT_EAGAIN) {
        fprintf(stderr, "nobody takes it now: lost, as datagrams may be\n");
    }
}

static void print_messages(void)
{
    const struct dtt_event *event;
    while ((event = dtt_node_next_event(node)) != NULL) {
        if (event->type == DTT_EVENT_MESSAGE) {
            printf("%.*s\n", (int)event->u.message.len, (const char *)event->u.message.data);
        } else if (event->type == DTT_EVENT_JOINED) {
            printf("joined\n");
        }
    }
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: 02_poll TOPIC SECRET [BOOTSTRAP]\n");
        return 2;
    }
    const char *bootstrap = argc > 3 ? argv[3] : NULL;
    struct dtt_config config = {
        .size = sizeof(config), .bootstrap = &bootstrap, .n_bootstrap = argc > 3};
    struct dtt_topic_config room = {
        .size = sizeof(room), .name = argv[1], .secret = argv[2], .secret_len = strlen(argv[2])};
    dtt_topic *topic;
    int err = dtt_node_open(&node, &config);
    if (!err) {
        err = dtt_topic_join(&topic, node, &room);
    }
    if (err) {
        fprintf(stderr, "cannot join: %s\n", dtt_error_text(err));
        return 1;
    }
    int door = open_door();
    if (door < 0) {
        return 1;
    }
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    while (!is_over) {
        struct pollfd fds[] = {{dtt_node_fd(node), POLLIN, 0}, {door, POLLIN, 0}};
        /* The node never blocks and needs no timer of yours: its descriptor is all it wants. */
        poll(fds, 2, -1);
        dtt_node_process(node);
        print_messages();
        if (fds[1].revents & POLLIN) {
            relay(door, topic);
        }
    }
    close(door);
    dtt_topic_leave(topic);
    dtt_node_close(node);
    return 0;
}
