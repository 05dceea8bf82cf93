/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A node on a thread of its own, and messages from another one. A node is used by one thread at a
 * time, so the other thread puts its lines into a queue and wakes the node.
 *
 * usage: 04_threads TOPIC SECRET [BOOTSTRAP]; it leaves at the end of its input.
 */
#include <dtt/dtt.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define QUEUE_MAX 16

/* The lines that wait for the node, oldest first. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t has_room;
    size_t n;
    bool is_ended; /* no more lines will come */
    char lines[QUEUE_MAX][DTT_MESSAGE_MAX + 2];
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .has_room = PTHREAD_COND_INITIALIZER};

static dtt_node *node;
static dtt_topic *topic;

/* The other thread: of the library it calls dtt_node_wake alone. */
static void *read_lines(void *unused)
{
    char line[DTT_MESSAGE_MAX + 2];
    bool has_line = true;
    while (has_line) {
        has_line = fgets(line, sizeof(line), stdin) != NULL;
        pthread_mutex_lock(&queue.lock);
        while (queue.n == QUEUE_MAX) {
            pthread_cond_wait(&queue.has_room, &queue.lock);
        }
        if (has_line) {
            memcpy(queue.lines[queue.n++], line, sizeof(line));
        }
        queue.is_ended = !has_line;
        pthread_mutex_unlock(&queue.lock);
        dtt_node_wake(node);
    }
    return unused;
}

/* Sends until the topic takes no more; a line that it does not take stays. True: all is sent. */
static bool send_queue(void)
{
    pthread_mutex_lock(&queue.lock);
    while (queue.n > 0) {
        size_t len = strcspn(queue.lines[0], "\n");
        int err = len > 0 ? dtt_topic_send(topic, queue.lines[0], len, 0) : DTT_OK;
        if (err == DTT_EAGAIN) {
            break; /* DTT_EVENT_WRITABLE or DTT_EVENT_JOINED will end the next wait */
        }
        if (err != DTT_OK) {
            fprintf(stderr, "not sent: %s\n", dtt_error_text(err));
        }
        memmove(queue.lines[0], queue.lines[1], --queue.n * sizeof(queue.lines[0]));
        pthread_cond_signal(&queue.has_room);
    }
    bool is_done = queue.is_ended && queue.n == 0;
    pthread_mutex_unlock(&queue.lock);
    return is_done && dtt_topic_unsent(topic) == 0;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: 04_threads TOPIC SECRET [BOOTSTRAP]\n");
        return 2;
    }
    const char *bootstrap = argc > 3 ? argv[3] : NULL;
    struct dtt_config config = {
        .size = sizeof(config), .bootstrap = &bootstrap, .n_bootstrap = argc > 3};
    struct dtt_topic_config room = {
        .size = sizeof(room), .name = argv[1], .secret = argv[2], .secret_len = strlen(argv[2])};
    pthread_t reader;
    int err = dtt_node_open(&node, &config);
    if (err || (err = dtt_topic_join(&topic, node, &room)) != 0) {
        fprintf(stderr, "cannot join: %s\n", dtt_error_text(err));
        return 1;
    }
    if (pthread_create(&reader, NULL, read_lines, NULL) != 0) {
        fprintf(stderr, "cannot start a thread\n");
        return 1;
    }
    while (!send_queue() && dtt_node_wait(node, -1) >= 0) {
        const struct dtt_event *event;
        while ((event = dtt_node_next_event(node)) != NULL) {
            if (event->type == DTT_EVENT_MESSAGE) {
                printf("%.*s\n", (int)event->u.message.len, (const char *)event->u.message.data);
                fflush(stdout);
            }
        }
    }
    pthread_join(reader, NULL); /* before the node that it wakes is gone */
    dtt_topic_leave(topic);
    dtt_node_close(node);
    return 0;
}
