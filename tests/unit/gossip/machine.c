/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Our state machine is told what iroh-gossip's was told (tests/interop/machine.py writes the file)
 * and must send, deliver and report the same, in any order within a step. Where a step has "but",
 * ours sends something else on purpose. When to hang up is decided elsewhere here and not compared,
 * nor is whom a ShuffleReply names.
 */
#include "script.h"

#include "gossip/gossip.h"

#define LINES 16
#define LINE_SIZE 256

struct lines {
    size_t n;
    char text[LINES][LINE_SIZE];
};

static struct dtt_gossip *g;
static struct dtt_gossip_topic_id topic;
static bool is_otherwise; /* the step has "but": what is sent is not compared */

static char *add_line(struct lines *l)
{
    assert_true(l->n < LINES);
    return l->text[l->n++];
}

static void add_send(struct lines *l, int peer, struct dtt_slice payload)
{
    if (is_otherwise) {
        return;
    }
    char message[LINE_SIZE];
    script_message(message, sizeof(message), payload);
    if (strncmp(message, "reply", 5) == 0) {
        message[5] = '\0';
    }
    snprintf(add_line(l), LINE_SIZE, "%.200s > %d", message, peer);
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void sort(struct lines *l)
{
    qsort(l->text, l->n, LINE_SIZE, compare);
}

/* What iroh-gossip did. */
static void read_expected(struct lines *l, json_t *step)
{
    json_t *event;
    size_t i;
    json_array_foreach(vectors_at(step, "then"), i, event)
    {
        int peer = (int)json_integer_value(vectors_at(event, "peer"));
        const char *text = json_string_value(json_object_get(event, "received"));
        if (json_object_get(event, "send")) {
            struct dtt_slice payload = vectors_hex(event, "send");
            add_send(l, peer, payload);
            free((void *)(uintptr_t)payload.data);
        } else if (json_object_get(event, "up")) {
            snprintf(add_line(l), LINE_SIZE, "up %d", peer);
        } else if (json_object_get(event, "down")) {
            snprintf(add_line(l), LINE_SIZE, "down %d", peer);
        } else if (text) {
            snprintf(add_line(l), LINE_SIZE, "received(%s) < %d", text, peer);
        }
    }
    sort(l);
}

/* What we did. */
static void take_actions(struct lines *l)
{
    struct dtt_gossip_action a;
    while (dtt_gossip_next(g, &a)) {
        int peer = script_peer(&a.peer);
        switch (a.type) {
        case DTT_GOSSIP_SEND: add_send(l, peer, a.data); break;
        case DTT_GOSSIP_NEIGHBOR_UP: snprintf(add_line(l), LINE_SIZE, "up %d", peer); break;
        case DTT_GOSSIP_NEIGHBOR_DOWN: snprintf(add_line(l), LINE_SIZE, "down %d", peer); break;
        case DTT_GOSSIP_RECEIVED:
            snprintf(add_line(l), LINE_SIZE, "received(%.*s) < %d", (int)a.data.len,
                     (const char *)a.data.data, peer);
            break;
        case DTT_GOSSIP_REFUSED:
        case DTT_GOSSIP_MUTE:
        case DTT_GOSSIP_DISCONNECT:
        case DTT_GOSSIP_PEER_DATA: break;
        }
    }
}

static void wait_ms(uint64_t ms, struct lines *l)
{
    uint64_t end = now.mono_ns + ms * DTT_MS;
    while (dtt_gossip_deadline(g) <= end) {
        now.mono_ns = dtt_gossip_deadline(g);
        dtt_gossip_tick(g, now);
        take_actions(l);
    }
    now.mono_ns = end;
}

static void play(json_t *step, struct lines *l)
{
    const char *what = json_string_value(vectors_at(step, "do"));
    const char *text = json_string_value(json_object_get(step, "text"));
    const struct dtt_id *peer = &peers[json_integer_value(json_object_get(step, "peer"))];
    struct dtt_slice said = text ? dtt_slice(text, strlen(text)) : dtt_slice(NULL, 0);
    if (strcmp(what, "join") == 0) {
        assert_int_equal(dtt_gossip_join_peer(g, now, &topic, peer, false), DTT_OK);
    } else if (strcmp(what, "quit") == 0) {
        dtt_gossip_quit(g, now, &topic);
    } else if (strcmp(what, "say") == 0) {
        assert_int_equal(dtt_gossip_broadcast(g, now, &topic, DTT_GOSSIP_SWARM, said), DTT_OK);
    } else if (strcmp(what, "gone") == 0) {
        dtt_gossip_peer_gone(g, now, peer, DTT_REASON_CLOSED_BY_PEER);
    } else if (strcmp(what, "wait") == 0) {
        wait_ms((uint64_t)json_integer_value(vectors_at(step, "ms")), l);
    } else if (strcmp(what, "recv") == 0) {
        struct dtt_slice payload = vectors_hex(step, "payload");
        struct dtt_gossip_source from = {.id = *peer};
        assert_int_equal(dtt_gossip_recv(g, now, &from, &topic, payload), DTT_OK);
        free((void *)(uintptr_t)payload.data);
    } else {
        fail_msg("unknown step %s", what);
    }
    take_actions(l);
    sort(l);
}

static void does_as_rust(void **state)
{
    json_t *root = vectors_load("rust/gossip-machine.json"), *step;
    size_t i;
    (void)state;
    (void)port;
    script_open();
    memset(topic.bytes, 7, sizeof(topic.bytes));
    struct dtt_gossip_config cfg = {.me = peers[0]};
    assert_int_equal(dtt_gossip_new(&g, &ctx, &cfg), DTT_OK);
    assert_int_equal(dtt_gossip_subscribe(g, now, &topic), DTT_OK);
    json_array_foreach(vectors_at(root, "steps"), i, step)
    {
        struct lines expected = {.n = 0}, got = {.n = 0};
        is_otherwise = json_object_get(step, "but") != NULL;
        read_expected(&expected, step);
        play(step, &got);
        for (size_t k = 0; k < got.n || k < expected.n; k++) {
            const char *ours = k < got.n ? got.text[k] : "nothing";
            const char *theirs = k < expected.n ? expected.text[k] : "nothing";
            if (strcmp(ours, theirs) != 0) {
                fail_msg("step %zu (%s): '%s', iroh-gossip: '%s'", i,
                         json_string_value(vectors_at(step, "do")), ours, theirs);
            }
        }
    }
    assert_true(i > 50);
    dtt_gossip_free(g);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(does_as_rust)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
