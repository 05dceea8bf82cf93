/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Records without gossip: publishes a line of standard input under a topic, then prints what
 * everybody has published there in the last two minutes. An empty line publishes nothing.
 *
 * usage: 03_records TOPIC SECRET [BOOTSTRAP]
 */
#include <dtt/dtt.h>
#include <stdio.h>
#include <string.h>

/* Waits for the end of operation `op`, prints records on the way; an error number or 0. */
static int wait_end(dtt_node *node, uint32_t op)
{
    const struct dtt_event *event;
    char id[DTT_ID_TEXT_MAX];
    int err = 0;
    while (err >= 0) {
        while ((event = dtt_node_next_event(node)) != NULL) {
            if (event->type == DTT_EVENT_RECORD) {
                dtt_id_format(&event->u.record.record->publisher, id);
                printf("%.10s: %.*s\n", id, (int)event->u.record.content_len,
                       (const char *)event->u.record.content);
            } else if (event->type == DTT_EVENT_LOOKUP_DONE && event->u.lookup_done.op == op) {
                return event->u.lookup_done.status;
            } else if (event->type == DTT_EVENT_RECORD_PUBLISHED && event->u.published.op == op) {
                return event->u.published.status;
            }
        }
        err = dtt_node_wait(node, -1);
    }
    return err;
}

int main(int argc, char **argv)
{
    struct dtt_config config = {.size = sizeof(config),
                                .bootstrap = (const char *const *)argv + 3,
                                .n_bootstrap = argc > 3};
    struct dtt_topic_config topic = {.size = sizeof(topic)};
    dtt_node *node;
    char line[DTT_RECORD_CONTENT_MAX];
    uint32_t op;
    if (argc < 3) {
        fprintf(stderr, "usage: %s TOPIC SECRET [BOOTSTRAP]\n", argv[0]);
        return 2;
    }
    topic.name = argv[1];
    topic.secret = argv[2];
    topic.secret_len = strlen(argv[2]);
    line[0] = '\0';
    if (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
    }
    int err = dtt_node_open(&node, &config);
    if (err) {
        fprintf(stderr, "cannot open a node: %s\n", dtt_error_text(err));
        return 1;
    }
    if (line[0]) {
        err = dtt_node_publish(node, &topic, line, strlen(line), &op);
        err = err ? err : wait_end(node, op);
    }
    if (!err) {
        err = dtt_node_lookup(node, &topic, &op);
        err = err ? err : wait_end(node, op);
    }
    if (err) {
        fprintf(stderr, "%s\n", dtt_error_text(err));
    }
    dtt_node_close(node);
    return err ? 1 : 0;
}
