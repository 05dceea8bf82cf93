/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A chat in about 60 lines: usage: 01_hello TOPIC SECRET [BOOTSTRAP]
 *
 * Start it twice, on two machines, with the same topic and the same secret. What one types the
 * other prints. It leaves at the end of its input.
 */
#include <dtt/dtt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void show(const struct dtt_event *event)
{
    char name[DTT_ID_TEXT_MAX];
    if (event->type == DTT_EVENT_JOINED) {
        fprintf(stderr, "joined after %llu ms\n", (unsigned long long)event->u.joined.elapsed_ms);
    } else if (event->type == DTT_EVENT_MESSAGE) {
        dtt_id_format(&event->u.message.neighbor, name);
        printf("%.10s: %.*s\n", name, (int)event->u.message.len,
               (const char *)event->u.message.data);
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: 01_hello TOPIC SECRET [BOOTSTRAP]\n");
        return 2;
    }
    const char *bootstrap = argc > 3 ? argv[3] : NULL;
    struct dtt_config config = {
        .size = sizeof(config), .bootstrap = &bootstrap, .n_bootstrap = argc > 3};
    struct dtt_topic_config room = {
        .size = sizeof(room), .name = argv[1], .secret = argv[2], .secret_len = strlen(argv[2])};
    dtt_node *node;
    dtt_topic *topic;
    int err = dtt_node_open(&node, &config);
    if (err || (err = dtt_topic_join(&topic, node, &room)) != 0) {
        fprintf(stderr, "cannot join: %s\n", dtt_error_text(err));
        return 1;
    }
    setbuf(stdin, NULL); /* so that poll sees every line that is left */
    char line[DTT_MESSAGE_MAX + 2] = "";
    bool at_end = false;
    while (!at_end || line[0] || dtt_topic_unsent(topic) > 0) {
        const struct dtt_event *event;
        while ((event = dtt_node_next_event(node)) != NULL) {
            show(event);
        }
        /* A line that the topic does not take yet waits, and so does the input. */
        if (line[0] && dtt_topic_send(topic, line, strcspn(line, "\n"), 0) != DTT_EAGAIN) {
            line[0] = '\0';
        }
        struct pollfd fds[] = {{dtt_node_fd(node), POLLIN, 0},
                               {line[0] || at_end ? -1 : 0, POLLIN, 0}};
        poll(fds, 2, -1);
        dtt_node_process(node);
        if (fds[1].revents) {
            at_end = !fgets(line, sizeof(line), stdin);
        }
    }
    dtt_topic_leave(topic);
    dtt_node_close(node);
    return 0;
}
