/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "commands.h"
#include "output.h"
#include "room.h"
#include "session.h"
#include "signals.h"
#include "testnet.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEMO_NODES 16
#define DEMO_PEERS 3
#define DEMO_PEERS_MAX 50
#define DEMO_TOPIC "campfire"
#define DEMO_SECRET "marshmallow"
#define DEMO_HELLO "hello from peer "
#define DEMO_LIMIT_MS 60000
#define DEMO_STAGGER_MS 1000 /* a newcomer waits at most so long for the record of the last one */
#define DEMO_REPEAT_MS 5000  /* a message that a peer missed is said again in other words */

struct peer {
    dtt_node *node;
    dtt_topic *topic;
    char label[32]; /* "peer 2" in its colour */
    uint64_t started_ms;
    bool has_published, has_joined;
    uint32_t records_seen;
    unsigned n_said;
    uint64_t said_ms;
    uint64_t heard; /* bit n: a message of peer n arrived */
};

struct demo {
    struct testnet testnet;
    size_t n_peers; /* that there will be */
    size_t n_started;
    struct peer peers[DEMO_PEERS_MAX];
    uint64_t start_ms;
    bool has_color;
    int log_level;
    struct pollfd fds[DEMO_NODES + DEMO_PEERS_MAX + 1];
};

/* ------------------------------------------------------------ the timeline */

OUTPUT_PRINTF(2, 3)
static void tell(const struct demo *d, const char *format, ...)
{
    va_list args;
    printf(d->has_color ? "\033[2m%6" PRIu64 " ms\033[0m  " : "%6" PRIu64 " ms  ",
           session_now_ms() - d->start_ms);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

static size_t peer_by_id(const struct demo *d, const struct dtt_id *id)
{
    size_t i = 0;
    while (i < d->n_started && memcmp(dtt_node_id(d->peers[i].node), id, sizeof(*id)) != 0) {
        i++;
    }
    return i;
}

static void introduce(const struct demo *d)
{
    printf("%zu peers who share nothing but a topic, '%s', and a secret, '%s'.\n"
           "They find each other through a DHT of %d nodes. All of it runs in this process,\n"
           "over real sockets; no packet leaves this machine.\n\n",
           d->n_peers, DEMO_TOPIC, DEMO_SECRET, DEMO_NODES);
    fflush(stdout);
}

static void conclude(const struct demo *d)
{
    tell(d, "done: %zu messages, each heard by all %zu others", d->n_peers, d->n_peers - 1);
    puts("\nThe same across the internet: 'dtt chat TOPIC' on two machines, with the same\n"
         "topic and the same secret. 'dtt doctor' says whom a machine meets.");
}

/* -------------------------------------------------------------- the peers */

static int start_peer(struct demo *d)
{
    static const char *const listen = "127.0.0.1:0";
    const char *bootstrap = d->testnet.bootstrap;
    struct peer *p = &d->peers[d->n_started];
    struct dtt_config config = {.size = sizeof(config),
                                .listen = &listen,
                                .n_listen = 1,
                                .bootstrap = &bootstrap,
                                .n_bootstrap = 1,
                                .log_level = d->log_level};
    struct dtt_topic_config topic = {.size = sizeof(topic),
                                     .name = DEMO_TOPIC,
                                     .secret = DEMO_SECRET,
                                     .secret_len = strlen(DEMO_SECRET)};
    char name[ROOM_NAME_DIGITS + 1];
    size_t number = d->n_started + 1;
    int err = dtt_node_open(&p->node, &config);
    if (err == 0) {
        d->n_started++;
        err = dtt_topic_join(&p->topic, p->node, &topic);
    }
    if (err != 0) {
        return output_fail(session_exit_code(err), "cannot start a peer: %s", dtt_error_text(err));
    }
    if (d->has_color) {
        snprintf(p->label, sizeof(p->label), "\033[3%zumpeer %zu\033[0m", 1 + (number - 1) % 6,
                 number);
    } else {
        snprintf(p->label, sizeof(p->label), "peer %zu", number);
    }
    room_name(dtt_node_id(p->node), name);
    p->started_ms = session_now_ms();
    tell(d, "%s appears; its key is %s...", p->label, name);
    return EXIT_OK;
}

/* The next peer comes when the last one can be found, so that the story is easy to follow. */
static bool is_time_for_next(const struct demo *d)
{
    if (d->n_started == 0) {
        return true;
    }
    const struct peer *last = &d->peers[d->n_started - 1];
    return last->has_published || session_now_ms() - last->started_ms >= DEMO_STAGGER_MS;
}

/* Messages name their sender, since an event only names the neighbour that delivered it. */
static void hear(struct demo *d, size_t i, const struct dtt_event *event)
{
    const size_t len = strlen(DEMO_HELLO);
    char content[64];
    if (event->u.message.len >= sizeof(content) || event->u.message.len <= len ||
        memcmp(event->u.message.data, DEMO_HELLO, len) != 0) {
        return;
    }
    memcpy(content, event->u.message.data, event->u.message.len);
    content[event->u.message.len] = '\0';
    unsigned long sender = strtoul(content + len, NULL, 10);
    if (sender < 1 || sender > d->n_peers || (d->peers[i].heard & UINT64_C(1) << (sender - 1))) {
        return;
    }
    d->peers[i].heard |= UINT64_C(1) << (sender - 1);
    tell(d, "    %s hears %s", d->peers[i].label, d->peers[sender - 1].label);
}

static void take_event(struct demo *d, size_t i, const struct dtt_event *event)
{
    struct peer *p = &d->peers[i];
    size_t j;
    switch (event->type) {
    case DTT_EVENT_RECORD_PUBLISHED:
        if (!p->has_published) {
            tell(d, "%s publishes its sealed record; %u DHT nodes accept it", p->label,
                 event->u.published.copies);
        }
        p->has_published = true;
        break;
    case DTT_EVENT_NEIGHBOR_UP:
        j = peer_by_id(d, &event->u.neighbor.peer);
        /* Both ends report a connection; one line is enough. */
        if (j < i) {
            tell(d, "%s and %s are connected", d->peers[j].label, p->label);
        }
        break;
    case DTT_EVENT_JOINED: p->has_joined = true; break;
    case DTT_EVENT_MESSAGE: hear(d, i, event); break;
    default: break;
    }
}

static void look_around(struct demo *d, size_t i)
{
    struct peer *p = &d->peers[i];
    struct dtt_why why = {.size = sizeof(why)};
    if (dtt_topic_why(p->topic, &why) != 0 || why.records_seen <= p->records_seen) {
        return;
    }
    p->records_seen = why.records_seen;
    tell(d, "%s has found %u record%s that the secret opens", p->label, why.records_seen,
         why.records_seen == 1 ? "" : "s");
}

static bool is_heard_by_all(const struct demo *d, size_t sender)
{
    for (size_t i = 0; i < d->n_started; i++) {
        if (i != sender && (d->peers[i].heard & UINT64_C(1) << sender) == 0) {
            return false;
        }
    }
    return true;
}

/* Once all have joined each says hello, and says it again until every peer has heard it. */
static int speak(struct demo *d, size_t i)
{
    struct peer *p = &d->peers[i];
    uint64_t now_ms = session_now_ms();
    char content[64];
    if (is_heard_by_all(d, i) || (p->n_said > 0 && now_ms - p->said_ms < DEMO_REPEAT_MS)) {
        return EXIT_OK;
    }
    if (p->n_said == 0) {
        snprintf(content, sizeof(content), DEMO_HELLO "%zu", i + 1);
    } else {
        snprintf(content, sizeof(content), DEMO_HELLO "%zu, time %u", i + 1, p->n_said + 1);
    }
    int err = dtt_topic_send(p->topic, content, strlen(content), 0);
    if (err == DTT_EAGAIN) {
        return EXIT_OK;
    }
    if (err != 0) {
        return output_fail(session_exit_code(err), "cannot send: %s", dtt_error_text(err));
    }
    p->n_said++;
    p->said_ms = now_ms;
    tell(d, "%s says \"%s\"", p->label, content);
    return EXIT_OK;
}

static bool have_all_joined(const struct demo *d)
{
    for (size_t i = 0; i < d->n_peers; i++) {
        if (!d->peers[i].has_joined) {
            return false;
        }
    }
    return true;
}

static bool is_complete(const struct demo *d)
{
    bool is_heard = d->n_started == d->n_peers;
    for (size_t i = 0; i < d->n_peers && is_heard; i++) {
        is_heard = is_heard_by_all(d, i);
    }
    return is_heard;
}

/* --------------------------------------------------------------- the loop */

static int process_peers(struct demo *d, const struct pollfd *fds)
{
    int code = EXIT_OK;
    for (size_t i = 0; i < d->n_started && code == EXIT_OK; i++) {
        const struct dtt_event *event;
        const char *line;
        if (fds[i].revents && dtt_node_process(d->peers[i].node) < 0) {
            code = output_fail(EXIT_IO, "the network socket of a peer failed");
        }
        look_around(d, i);
        while ((event = dtt_node_next_event(d->peers[i].node)) != NULL) {
            take_event(d, i, event);
        }
        while ((line = dtt_node_next_log(d->peers[i].node, NULL)) != NULL) {
            output_say("peer %zu: %s", i + 1, line);
        }
    }
    for (size_t i = 0; i < d->n_peers && code == EXIT_OK && have_all_joined(d); i++) {
        code = speak(d, i);
    }
    return code;
}

/* Waits for a node, a peer or a signal, a tenth of a second at most. */
static int turn(struct demo *d, int signals)
{
    size_t n_nodes = d->testnet.n_nodes;
    struct pollfd *fds = d->fds;
    testnet_poll(&d->testnet, fds);
    for (size_t i = 0; i < d->n_started; i++) {
        fds[n_nodes + i] = (struct pollfd){.fd = dtt_node_fd(d->peers[i].node), .events = POLLIN};
    }
    fds[n_nodes + d->n_started] = (struct pollfd){.fd = signals, .events = POLLIN};
    if (poll(fds, n_nodes + d->n_started + 1, 100) < 0 && errno != EINTR) {
        return output_fail(EXIT_INTERNAL, "cannot wait for events: %s", strerror(errno));
    }
    int code = testnet_process(&d->testnet, fds);
    return code == EXIT_OK ? process_peers(d, fds + n_nodes) : code;
}

static int give_up(const struct demo *d)
{
    for (size_t i = 0; i < d->n_started; i++) {
        struct dtt_why why = {.size = sizeof(why)};
        if (!d->peers[i].has_joined && dtt_topic_why(d->peers[i].topic, &why) == 0) {
            output_say("peer %zu: %s", i + 1, why.sentence);
        }
    }
    return output_fail(EXIT_FAILED,
                       "not every message had arrived after %d s; 'dtt demo --log info' "
                       "shows more",
                       DEMO_LIMIT_MS / 1000);
}

static int play(struct demo *d, int signals)
{
    bool was_ready = false;
    tell(d, "%zu DHT nodes start on %s", d->testnet.n_nodes, d->testnet.bootstrap);
    while (!is_complete(d)) {
        int code = turn(d, signals);
        if (code == EXIT_OK && !was_ready && testnet_is_ready(&d->testnet)) {
            was_ready = true;
            tell(d, "the DHT nodes have found each other");
        }
        if (code == EXIT_OK && was_ready && d->n_started < d->n_peers && is_time_for_next(d)) {
            code = start_peer(d);
        }
        if (code != EXIT_OK) {
            return code;
        }
        if (signals_next(signals) != 0) {
            return EXIT_FAILED;
        }
        if (session_now_ms() - d->start_ms >= DEMO_LIMIT_MS) {
            return give_up(d);
        }
    }
    conclude(d);
    return EXIT_OK;
}

static int run(struct options *o)
{
    int signals = signals_open(false);
    if (signals < 0) {
        return EXIT_INTERNAL;
    }
    struct demo *d = calloc(1, sizeof(*d));
    if (!d) {
        return output_fail(EXIT_INTERNAL, "out of memory");
    }
    d->n_peers = o->n_demo_peers > 0 ? (size_t)o->n_demo_peers : DEMO_PEERS;
    d->has_color = output_has_color(STDOUT_FILENO);
    d->log_level = (int)o->log_level;
    introduce(d);
    d->start_ms = session_now_ms();
    int code = testnet_open(&d->testnet, DEMO_NODES, NULL, d->log_level);
    if (code == EXIT_OK) {
        code = play(d, signals);
    }
    while (d->n_started > 0) {
        dtt_node_close(d->peers[--d->n_started].node);
    }
    testnet_close(&d->testnet);
    free(d);
    return code;
}

const struct command command_demo = {
    .name = "demo",
    .summary = "show in one process how peers find each other and talk",
    .details = "Starts a private DHT and some peers that share only a topic and a secret, and\n"
               "tells what happens until each has heard a message of every other. Exit code 1\n"
               "when that has not happened within 60 seconds.",
    .options = OPTION_BIT(OPTION_PEERS) | OPTION_BIT(OPTION_LOG),
    .run = run,
};
