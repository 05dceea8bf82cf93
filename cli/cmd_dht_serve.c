/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "commands.h"
#include "output.h"
#include "print.h"
#include "session.h"

#include <dtt/dht.h>
#include <inttypes.h>

#define SERVE_REPORT_MS 60000

static void announce(const struct dtt_event *event, bool is_json)
{
    char addr[DTT_ADDR_TEXT_MAX];
    if (is_json) {
        print_event_json(event);
        return;
    }
    for (size_t i = 0; i < event->u.listening.n_addrs; i++) {
        dtt_addr_format(&event->u.listening.addrs[i], addr);
        printf("listening %s\n", addr);
    }
    fflush(stdout);
}

static void report_json(const dtt_node *node, const struct dtt_dht_status *status)
{
    struct print_line line;
    struct dtt_metric m = {.size = sizeof(m)};
    print_begin(&line, "status");
    dtt_json_hex(&line.json, "id", dtt_slice(status->id, sizeof(status->id)));
    dtt_json_u64(&line.json, "nodes_v4", status->nodes_v4);
    dtt_json_u64(&line.json, "nodes_v6", status->nodes_v6);
    dtt_json_u64(&line.json, "items", status->items);
    dtt_json_u64(&line.json, "peers", status->peers);
    for (size_t i = 0; dtt_node_metric(node, i, &m) > 0; i++) {
        if (m.kind == DTT_METRIC_COUNTER && m.value > 0) {
            dtt_json_u64(&line.json, m.name, m.value);
        }
    }
    print_end(&line);
}

/* Reports what the node knows and holds and the counters that are not zero, again and again. */
static void report(struct session *s)
{
    struct dtt_dht_status status = {.size = sizeof(status)};
    struct dtt_metric m = {.size = sizeof(m)};
    s->alarm_ms = session_now_ms() + SERVE_REPORT_MS;
    dtt_node_dht_status(s->node, &status);
    if (s->options->json) {
        report_json(s->node, &status);
        return;
    }
    output_say("%u nodes by IPv4, %u by IPv6; %u items and %u peers stored for others",
               status.nodes_v4, status.nodes_v6, status.items, status.peers);
    fputs("dtt: counters:", stderr);
    for (size_t i = 0; dtt_node_metric(s->node, i, &m) > 0; i++) {
        if (m.kind == DTT_METRIC_COUNTER && m.value > 0) {
            fprintf(stderr, " %s=%" PRIu64, m.name, m.value);
        }
    }
    fputc('\n', stderr);
}

static void take_event(struct session *s, const struct dtt_event *event)
{
    const struct options *o = s->options;
    if (event->type == DTT_EVENT_LISTENING) {
        announce(event, o->json);
    } else if (event->type == DTT_EVENT_DHT_READY && !o->json) {
        output_say("a DHT node has answered");
    } else if (o->json &&
               (event->type == DTT_EVENT_EXTERNAL_ADDR || event->type == DTT_EVENT_STATE_FILE)) {
        print_event_json(event);
    }
}

static int run(struct options *o)
{
    struct session s = {.on_alarm = report};
    bool has_report = o->json || o->log_level >= DTT_LOG_INFO;
    if (o->no_bootstrap && o->n_bootstrap > 0) {
        return output_fail(EXIT_USAGE, "'--bootstrap' and '--no-bootstrap' exclude each other");
    }
    int code = session_open(&s, o, SESSION_DHT,
                            DTT_NODE_DHT_ONLY | (o->no_bootstrap ? DTT_NODE_NO_BOOTSTRAP : 0), 0);
    if (code == EXIT_OK) {
        if (has_report) {
            s.alarm_ms = session_now_ms() + SERVE_REPORT_MS;
        }
        session_run(&s, take_event);
        code = s.code;
    }
    if (code == EXIT_OK && has_report) {
        report(&s);
    }
    session_close(&s);
    return code;
}

const struct command command_dht_serve = {
    .name = "dht serve",
    .summary = "run one storing DHT node",
    .details = "Answers and stores for other nodes until a signal comes or '--for' runs out.\n"
               "Prints 'listening ADDR:PORT', and with '--log info' or '--json' what it knows\n"
               "and holds and its counters every minute and at the end. It keeps its id and the\n"
               "nodes that it knows for the next time, with '--bootstrap' in '--state' only.",
    .options = OPTIONS_DHT | OPTION_BIT(OPTION_JOIN_TIMEOUT) | OPTION_BIT(OPTION_FOR) |
               OPTION_BIT(OPTION_NO_BOOTSTRAP),
    .run = run,
};
