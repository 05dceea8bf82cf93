/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A peer for the interop suite, over the public API: what `dtt pipe` has no option for. Several
 * topics on one node, messages to neighbours only, a rotation of the user's own. Prints the events
 * of `dtt --json`, each with the name of its topic as "room", and is told what to do a line at a
 * time, as the Rust peers of this folder are:
 *
 *     /join TOPIC [ID@ADDR:PORT...]
 *     /leave TOPIC
 *     /in TOPIC TEXT       to everybody
 *     /near TOPIC TEXT     to neighbours only
 *     /signed TOPIC TEXT   to everybody, signed
 *     /name TOPIC TEXT     tells others a name
 *
 * usage: interop-peer --secret-file FILE [--listen ADDR:PORT] [--bootstrap ADDR:PORT] [--rotation]
 */
#include <dtt/dtt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOPICS 16
#define PEERS 64
#define LINE (DTT_MESSAGE_MAX + 256)

struct room {
    char name[128]; /* empty: free */
    dtt_topic *topic;
};

static dtt_node *node;
static struct room rooms[TOPICS];
static struct dtt_topic_config joining = {.size = sizeof(joining)};
static volatile sig_atomic_t is_over;

static void on_signal(int number)
{
    (void)number;
    is_over = 1;
    dtt_node_wake(node);
}

static void die(const char *what, int err)
{
    fprintf(stderr, "interop-peer: %s: %s\n", what, dtt_error_text(err));
    exit(1);
}

/*
 * A rotation as good as any other, the same in rust/src/swarm.rs: the topic's hash and the secret's
 * mixed with each other and with the minute.
 */
static int rotate(void *user, const uint8_t topic_hash[32], uint64_t minute,
                  const uint8_t secret_hash[32], uint8_t ret_seed[32])
{
    (void)user;
    for (int i = 0; i < 32; i++) {
        ret_seed[i] = (uint8_t)(topic_hash[i] ^ secret_hash[31 - i] ^ (minute >> (i % 8 * 8)));
    }
    return 0;
}

static struct room *find_room(const char *name)
{
    for (size_t i = 0; i < TOPICS; i++) {
        if (strcmp(rooms[i].name, name) == 0) {
            return &rooms[i];
        }
    }
    return NULL;
}

/* "ID@ADDR:PORT" */
static struct dtt_peer_addr parse_peer(char *text)
{
    struct dtt_peer_addr peer = {.size = sizeof(peer)};
    char *at = strchr(text, '@');
    if (at) {
        *at = '\0';
    }
    if (!at || dtt_id_parse(text, &peer.id) != 0 || dtt_addr_parse(at + 1, &peer.addr) != 0) {
        die(text, DTT_EINVAL);
    }
    return peer;
}

static void join(const char *name, char *words)
{
    static struct dtt_peer_addr peers[PEERS];
    struct room *room = find_room("");
    size_t n = 0;
    for (char *word = strtok(words, " "); word && n < PEERS; word = strtok(NULL, " ")) {
        peers[n++] = parse_peer(word);
    }
    if (!room) {
        die(name, DTT_EFULL);
    }
    snprintf(room->name, sizeof(room->name), "%s", name);
    joining.name = room->name;
    joining.user = room;
    joining.peers = peers;
    joining.n_peers = n;
    int err = dtt_topic_join(&room->topic, node, &joining);
    if (err) {
        die(name, err);
    }
}

static void print_events(void)
{
    static char json[8 * DTT_MESSAGE_MAX];
    const struct dtt_event *event;
    while ((event = dtt_node_next_event(node)) != NULL) {
        struct room *room = event->topic_user;
        dtt_event_json(event, json, sizeof(json));
        printf("{\"room\":\"%s\",%s\n", room ? room->name : "", json + 1);
    }
    fflush(stdout);
}

/* Does what a line says; false when the topic takes no message just now. */
static bool obey(char *line)
{
    char *verb = strtok(line, " ");
    char *name = strtok(NULL, " ");
    char *rest = strtok(NULL, "");
    struct room *room = name ? find_room(name) : NULL;
    if (!name) {
        die("a line without topic", DTT_EINVAL);
    } else if (strcmp(verb, "/join") == 0) {
        join(name, rest ? rest : name + strlen(name));
    } else if (!room) {
        die(name, DTT_ENOENT);
    } else if (strcmp(verb, "/leave") == 0) {
        room->topic = dtt_topic_leave(room->topic);
        print_events(); /* LEFT is the last one to need the name */
        room->name[0] = '\0';
    } else if (rest && strcmp(verb, "/name") == 0) {
        if (dtt_topic_set_name(room->topic, rest) != 0) {
            fprintf(stderr, "no name: %s\n", rest);
        }
    } else if (rest) {
        unsigned flags = strcmp(verb, "/near") == 0     ? DTT_SEND_NEIGHBORS
                         : strcmp(verb, "/signed") == 0 ? DTT_SEND_SIGNED
                                                        : 0;
        int err = dtt_topic_send(room->topic, rest, strlen(rest), flags);
        if (err == DTT_EAGAIN) {
            /* The line is whole again for the next time. */
            line[strlen(verb)] = name[strlen(name)] = ' ';
            return false;
        }
        if (err) {
            fprintf(stderr, "not sent: %s\n", dtt_error_text(err));
        }
    }
    return true;
}

static void read_secret(const char *path)
{
    static char secret[256];
    FILE *file = fopen(path, "r");
    if (!file || !fgets(secret, sizeof(secret), file)) {
        die(path, DTT_EIO);
    }
    fclose(file);
    joining.secret = secret;
    joining.secret_len = strcspn(secret, "\n");
}

static void open_node(char **words)
{
    static const char *listen, *bootstrap;
    struct dtt_config config = {.size = sizeof(config), .listen = &listen, .bootstrap = &bootstrap};
    for (; *words; words++) {
        if (strcmp(*words, "--rotation") == 0) {
            joining.rotation = rotate;
        } else if (words[1] && strcmp(*words, "--secret-file") == 0) {
            read_secret(*++words);
        } else if (words[1] && strcmp(*words, "--listen") == 0) {
            listen = *++words;
            config.n_listen = 1;
        } else if (words[1] && strcmp(*words, "--bootstrap") == 0) {
            bootstrap = *++words;
            config.n_bootstrap = 1;
        } else {
            die(*words, DTT_EINVAL);
        }
    }
    int err = dtt_node_open(&node, &config);
    if (err) {
        die("cannot open the node", err);
    }
}

int main(int argc, char **argv)
{
    (void)argc;
    open_node(argv + 1);
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    setbuf(stdin, NULL); /* so that poll sees every line that is left */

    static char line[LINE];
    bool at_end = false;
    while (!is_over && !at_end) {
        print_events();
        if (line[0] && obey(line)) {
            line[0] = '\0';
        }
        /* A line that is not taken yet waits, and so does the input. */
        struct pollfd fds[] = {{dtt_node_fd(node), POLLIN, 0}, {line[0] ? -1 : 0, POLLIN, 0}};
        poll(fds, 2, -1);
        dtt_node_process(node);
        if (fds[1].revents) {
            at_end = !fgets(line, sizeof(line), stdin);
            line[strcspn(line, "\n")] = '\0';
        }
    }
    for (size_t i = 0; i < TOPICS; i++) {
        dtt_topic_leave(rooms[i].topic);
    }
    print_events();
    dtt_node_close(node);
    return 0;
}
