/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/oom.h"
#include "support/vectors.h"

#include "crypto/ed25519.h"
#include "gossip/message.h"
#include "gossip/outbox.h"

#include <stdlib.h>

static const struct dtt_gossip_topic_id red = {.bytes = {1}};
static const struct dtt_gossip_topic_id blue = {.bytes = {2}};

static struct dtt_ctx ctx;
static struct dtt_gossip *g;
static struct dtt_id me, ann, bob;
static struct dtt_now now = {.mono_ns = DTT_S};

static struct dtt_id id_of(uint8_t n)
{
    struct dtt_id id;
    uint8_t seed[32] = {n};
    dtt_ed25519_public_key(id.bytes, seed);
    return id;
}

static int setup(void **state)
{
    (void)state;
    memset(&ctx, 0, sizeof(ctx));
    now.mono_ns = DTT_S;
    me = id_of(1);
    ann = id_of(2);
    bob = id_of(3);
    struct dtt_gossip_config cfg = {.me = me, .max_topics = 4};
    assert_int_equal(dtt_gossip_new(&g, &ctx, &cfg), DTT_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dtt_gossip_free(g);
    return 0;
}

static int recv_payload(const struct dtt_id *from, const struct dtt_gossip_topic_id *topic,
                        struct dtt_slice payload)
{
    struct dtt_gossip_source source = {.id = *from};
    return dtt_gossip_recv(g, now, &source, topic, payload);
}

static int recv(const struct dtt_id *from, const struct dtt_gossip_topic_id *topic,
                const struct dtt_gossip_message *m)
{
    uint8_t buf[DTT_GOSSIP_PAYLOAD_MAX];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    dtt_gossip_message_encode(&w, m);
    assert_false(w.failed);
    return recv_payload(from, topic, dtt_slice(buf, w.len));
}

static void recv_join(const struct dtt_id *from, const struct dtt_gossip_topic_id *topic)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_JOIN};
    recv(from, topic, &m);
}

/* Asserts the next action's type and peer. */
static struct dtt_gossip_action next(enum dtt_gossip_action_type type, const struct dtt_id *peer)
{
    struct dtt_gossip_action a;
    assert_true(dtt_gossip_next(g, &a));
    assert_int_equal(a.type, type);
    assert_true(dtt_gossip_id_eq(&a.peer, peer));
    return a;
}

static struct dtt_gossip_action next_send(enum dtt_gossip_message_type type,
                                          const struct dtt_id *peer)
{
    struct dtt_gossip_message m;
    struct dtt_gossip_action a = next(DTT_GOSSIP_SEND, peer);
    assert_int_equal(dtt_gossip_message_decode(a.data, NULL, &m), DTT_OK);
    assert_int_equal(m.type, type);
    return a;
}

static void next_none(void)
{
    struct dtt_gossip_action a;
    assert_false(dtt_gossip_next(g, &a));
}

static void drain(void)
{
    struct dtt_gossip_action a;
    while (dtt_gossip_next(g, &a)) {
    }
}

static void hearsay_is_marked(void **state)
{
    (void)state;
    struct dtt_gossip_message m = {
        .type = DTT_MSG_FORWARD_JOIN,
        .u.forward_join.peer = {.id = bob, .data = {.is_some = true, .bytes = dtt_slice("b", 1)}}};
    assert_int_equal(dtt_gossip_subscribe(g, now, &red), DTT_OK);
    recv_join(&ann, &red);
    drain();
    recv(&ann, &red, &m);
    next(DTT_GOSSIP_PEER_DATA, &bob);
    struct dtt_gossip_action a = next_send(DTT_MSG_NEIGHBOR, &bob);
    assert_true(a.is_hearsay && dtt_gossip_id_eq(&a.via, &ann));
    now.mono_ns += DTT_S;
    dtt_gossip_tick(g, now);
    next_none();
    now.mono_ns += DTT_S;
    dtt_gossip_tick(g, now);
    next(DTT_GOSSIP_DISCONNECT, &bob);
    /* Its record opened: that is more than hearsay. */
    dtt_gossip_prove(g, now, &red, &bob);
    recv(&ann, &red, &m);
    next(DTT_GOSSIP_PEER_DATA, &bob);
    assert_false(next_send(DTT_MSG_NEIGHBOR, &bob).is_hearsay);
    next_none();
    struct dtt_gossip_facts facts = dtt_gossip_facts(g, &red);
    assert_int_equal(facts.neighbors, 1);
    assert_int_equal(facts.proven, 0);
    dtt_gossip_prove(g, now, &red, &ann);
    assert_int_equal(dtt_gossip_facts(g, &red).proven, 1);
    assert_int_equal(dtt_gossip_facts(g, &blue).neighbors, 0);
}

static void config_is_checked(void **state)
{
    (void)state;
    struct dtt_gossip *other;
    struct dtt_gossip_config cfg = {.me = me, .active_view = 15};
    assert_int_equal(dtt_gossip_new(&other, &ctx, &cfg), DTT_EINVAL);
    cfg = (struct dtt_gossip_config){.me = me, .passive_view = 65};
    assert_int_equal(dtt_gossip_new(&other, &ctx, &cfg), DTT_EINVAL);
    dtt_gossip_free(NULL);
}

static void topics(void **state)
{
    (void)state;
    struct dtt_gossip_topic_id topic = {.bytes = {9}};
    assert_true(dtt_gossip_deadline(g) == DTT_NEVER);
    for (uint8_t i = 0; i < 4; i++) {
        topic.bytes[1] = i;
        assert_int_equal(dtt_gossip_subscribe(g, now, &topic), DTT_OK);
    }
    assert_int_equal(dtt_gossip_subscribe(g, now, &topic), DTT_ESTATE);
    assert_int_equal(dtt_gossip_subscribe(g, now, &red), DTT_EFULL);
    assert_true(dtt_gossip_deadline(g) == now.mono_ns + 60 * DTT_S);
    dtt_gossip_quit(g, now, &topic);
    dtt_gossip_quit(g, now, &topic);
    assert_int_equal(dtt_gossip_subscribe(g, now, &red), DTT_OK);
    next_none();
}

static void unknown_topic(void **state)
{
    (void)state;
    assert_int_equal(dtt_gossip_broadcast(g, now, &red, DTT_GOSSIP_SWARM, dtt_slice("x", 1)),
                     DTT_ESTATE);
    assert_int_equal(dtt_gossip_join_peer(g, now, &red, &ann, false), DTT_ESTATE);
    assert_int_equal(recv_payload(&ann, &red, dtt_slice("\xff", 1)), DTT_ESTATE);
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_RX_UNKNOWN_TOPIC], 1);
    assert_int_equal(dtt_gossip_neighbors(g, &red, &me, 1), 0);
    assert_false(dtt_gossip_is_neighbor(g, &red, &ann));
    next_none();
}

static void malformed_payload(void **state)
{
    (void)state;
    dtt_gossip_subscribe(g, now, &red);
    assert_int_equal(recv_payload(&ann, &red, dtt_slice("\xff", 1)), DTT_EPROTO);
    assert_int_equal(recv_payload(&ann, &red, dtt_slice(NULL, 0)), DTT_EPROTO);
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_RX_MALFORMED], 2);
    next_none();
}

static void join_brings_own_data(void **state)
{
    (void)state;
    struct dtt_gossip_message m;
    static uint8_t large[DTT_GOSSIP_PEER_DATA_MAX + 1];
    dtt_gossip_subscribe(g, now, &red);
    assert_int_equal(dtt_gossip_join_peer(g, now, &red, &me, false), DTT_EINVAL);
    assert_int_equal(dtt_gossip_join_peer(g, now, &red, &ann, false), DTT_OK);
    struct dtt_gossip_action a = next_send(DTT_MSG_JOIN, &ann);
    assert_int_equal(a.data.len, 4); /* Some, empty */
    assert_memory_equal(a.topic.bytes, red.bytes, 32);
    assert_int_equal(dtt_gossip_set_peer_data(g, dtt_slice(large, sizeof(large))), DTT_ETOOBIG);
    assert_int_equal(dtt_gossip_set_peer_data(g, dtt_slice("here", 4)), DTT_OK);
    dtt_gossip_subscribe(g, now, &blue);
    for (int i = 0; i < 2; i++) {
        const struct dtt_gossip_topic_id *topic = i ? &red : &blue;
        assert_int_equal(dtt_gossip_join_peer(g, now, topic, &bob, false), DTT_OK);
        a = next_send(DTT_MSG_JOIN, &bob);
        assert_int_equal(dtt_gossip_message_decode(a.data, NULL, &m), DTT_OK);
        assert_true(dtt_slice_is(m.u.join.data.bytes, "here"));
    }
}

/* The message that is said now, as it leaves when the data has changed meanwhile. */
static struct dtt_gossip_message renewed(const struct dtt_gossip_action *a, uint8_t *buf)
{
    struct dtt_gossip_message m;
    struct dtt_writer w = dtt_writer(buf, DTT_GOSSIP_PAYLOAD_MAX);
    dtt_gossip_set_peer_data(g, dtt_slice("there", 5));
    assert_true(dtt_gossip_renew(g, a->data, &w));
    assert_int_equal(dtt_gossip_message_decode(dtt_slice(buf, w.len), NULL, &m), DTT_OK);
    return m;
}

static void what_waits_brings_the_data_of_now(void **state)
{
    (void)state;
    uint8_t buf[DTT_GOSSIP_PAYLOAD_MAX];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    dtt_gossip_set_peer_data(g, dtt_slice("here", 4));
    dtt_gossip_subscribe(g, now, &red);
    dtt_gossip_join_peer(g, now, &red, &ann, false);
    struct dtt_gossip_action a = next_send(DTT_MSG_JOIN, &ann);
    struct dtt_gossip_message m = renewed(&a, buf);
    assert_int_equal(m.type, DTT_MSG_JOIN);
    assert_true(dtt_slice_is(m.u.join.data.bytes, "there"));

    recv_join(&bob, &red);
    next(DTT_GOSSIP_NEIGHBOR_UP, &bob);
    a = next_send(DTT_MSG_NEIGHBOR, &bob);
    m = renewed(&a, buf);
    assert_int_equal(m.type, DTT_MSG_NEIGHBOR);
    assert_int_equal(m.u.neighbor.priority, DTT_GOSSIP_HIGH);
    assert_true(dtt_slice_is(m.u.neighbor.data.bytes, "there"));

    drain();
    dtt_gossip_broadcast(g, now, &red, DTT_GOSSIP_SWARM, dtt_slice("x", 1));
    a = next_send(DTT_MSG_GOSSIP, &bob);
    assert_false(dtt_gossip_renew(g, a.data, &w));
}

static void neighbours_are_told_new_data_at_once(void **state)
{
    (void)state;
    struct dtt_gossip_message m;
    dtt_gossip_subscribe(g, now, &red);
    recv_join(&ann, &red);
    drain();
    now.mono_ns += 60 * DTT_S - 1;
    dtt_gossip_set_peer_data(g, dtt_slice("there", 5));
    next_none();
    dtt_gossip_confirm(g, now);
    struct dtt_gossip_action a = next_send(DTT_MSG_NEIGHBOR, &ann);
    assert_int_equal(dtt_gossip_message_decode(a.data, NULL, &m), DTT_OK);
    assert_int_equal(m.u.neighbor.priority, DTT_GOSSIP_LOW);
    assert_true(dtt_slice_is(m.u.neighbor.data.bytes, "there"));
    recv(&ann, &red, &m); /* its answer: there is none to that */
    next(DTT_GOSSIP_PEER_DATA, &ann);
    next_none();
}

static void received_with_hash(void **state)
{
    (void)state;
    /* SHA-512("abc"), first half; BLAKE3("abc"). */
    static const uint8_t sha512[32] = {0xdd, 0xaf, 0x35, 0xa1, 0x93, 0x61, 0x7a, 0xba,
                                       0xcc, 0x41, 0x73, 0x49, 0xae, 0x20, 0x41, 0x31,
                                       0x12, 0xe6, 0xfa, 0x4e, 0x89, 0xa9, 0x7e, 0xa2,
                                       0x0a, 0x9e, 0xee, 0xe6, 0x4b, 0x55, 0xd3, 0x9a};
    static const uint8_t blake3[32] = {0x64, 0x37, 0xb3, 0xac, 0x38, 0x46, 0x51, 0x33,
                                       0xff, 0xb6, 0x3b, 0x75, 0x27, 0x3a, 0x8d, 0xb5,
                                       0x48, 0xc5, 0x58, 0x46, 0x5d, 0x79, 0xdb, 0x03,
                                       0xfd, 0x35, 0x9c, 0x6c, 0xd5, 0xbd, 0x9d, 0x85};
    struct dtt_gossip_message m = {.type = DTT_MSG_GOSSIP, .u.gossip.content = dtt_slice("abc", 3)};
    struct dtt_id id;
    memcpy(m.u.gossip.id.bytes, blake3, sizeof(blake3));
    dtt_gossip_subscribe(g, now, &red);
    recv_join(&ann, &red);
    next(DTT_GOSSIP_NEIGHBOR_UP, &ann);
    next_send(DTT_MSG_NEIGHBOR, &ann);
    assert_int_equal(dtt_gossip_neighbors(g, &red, &id, 1), 1);
    assert_true(dtt_gossip_id_eq(&id, &ann));
    assert_true(dtt_gossip_is_neighbor(g, &red, &ann));
    assert_false(dtt_gossip_is_neighbor(g, &red, &me));
    assert_int_equal(recv(&ann, &red, &m), DTT_OK);
    struct dtt_gossip_action a = next(DTT_GOSSIP_RECEIVED, &ann);
    assert_true(dtt_slice_is(a.data, "abc"));
    assert_memory_equal(a.hash, sha512, 32);
    assert_int_equal(a.scope, DTT_GOSSIP_SWARM);
    m.u.gossip.scope = DTT_GOSSIP_NEIGHBORS;
    recv(&ann, &red, &m);
    a = next(DTT_GOSSIP_RECEIVED, &ann);
    assert_true(dtt_slice_is(a.data, "abc"));
    assert_int_equal(a.scope, DTT_GOSSIP_NEIGHBORS);
    next_none();
}

/* Hangs up only when no topic has the peer as neighbour or waits for it. */
static void shared_peer_stays(void **state)
{
    (void)state;
    struct dtt_gossip_message bye = {.type = DTT_MSG_DISCONNECT, .u.disconnect.alive = true};
    dtt_gossip_subscribe(g, now, &red);
    dtt_gossip_subscribe(g, now, &blue);
    recv_join(&ann, &red);
    recv_join(&ann, &blue);
    drain();
    recv(&ann, &red, &bye);
    struct dtt_gossip_action a = next(DTT_GOSSIP_NEIGHBOR_DOWN, &ann);
    assert_int_equal(a.reason, DTT_REASON_DISCONNECT);
    next_none();
    dtt_gossip_quit(g, now, &red);
    next_none();
    recv(&ann, &blue, &bye);
    next(DTT_GOSSIP_NEIGHBOR_DOWN, &ann);
    next(DTT_GOSSIP_DISCONNECT, &ann);
    next_none();
    /* Bob was asked to let us join: his goodbye elsewhere does not end that. */
    dtt_gossip_subscribe(g, now, &red);
    recv_join(&bob, &red);
    drain();
    dtt_gossip_join_peer(g, now, &blue, &bob, false);
    recv(&bob, &red, &bye);
    next_send(DTT_MSG_JOIN, &bob);
    next(DTT_GOSSIP_NEIGHBOR_DOWN, &bob);
    next_none();
}

static void quit_says_goodbye(void **state)
{
    (void)state;
    dtt_gossip_subscribe(g, now, &red);
    recv_join(&ann, &red);
    drain();
    dtt_gossip_quit(g, now, &red);
    assert_false(next_send(DTT_MSG_SHUFFLE_REPLY, &ann).last);
    assert_true(next_send(DTT_MSG_DISCONNECT, &ann).last);
    next(DTT_GOSSIP_DISCONNECT, &ann);
    next_none();
}

static void gone_for_all_topics(void **state)
{
    (void)state;
    dtt_gossip_subscribe(g, now, &red);
    dtt_gossip_subscribe(g, now, &blue);
    recv_join(&ann, &red);
    recv_join(&ann, &blue);
    drain();
    dtt_gossip_peer_gone(g, now, &ann, DTT_REASON_CLOSED_BY_PEER);
    struct dtt_gossip_action a = next(DTT_GOSSIP_NEIGHBOR_DOWN, &ann);
    assert_int_equal(a.reason, DTT_REASON_CLOSED_BY_PEER);
    assert_memory_equal(a.topic.bytes, red.bytes, 32);
    a = next(DTT_GOSSIP_NEIGHBOR_DOWN, &ann);
    assert_memory_equal(a.topic.bytes, blue.bytes, 32);
    next_none();
}

static void peer_data_comes_out(void **state)
{
    (void)state;
    struct dtt_gossip_message m = {.type = DTT_MSG_JOIN,
                                   .u.join.data = {.is_some = true, .bytes = dtt_slice("info", 4)}};
    dtt_gossip_subscribe(g, now, &red);
    recv(&ann, &red, &m);
    next(DTT_GOSSIP_NEIGHBOR_UP, &ann);
    assert_true(dtt_slice_is(next(DTT_GOSSIP_PEER_DATA, &ann).data, "info"));
}

/* A tick that would overfill the queue stops, stays due and goes on after it was drained. */
static void tick_pauses_when_much_waits(void **state)
{
    (void)state;
    struct dtt_gossip_message m = {.type = DTT_MSG_IHAVE, .u.ihave.n = 100};
    struct dtt_gossip_action a;
    size_t grafts = 0;
    dtt_gossip_subscribe(g, now, &red);
    recv_join(&ann, &red);
    drain();
    for (uint32_t k = 0; k < 20; k++) {
        for (uint32_t i = 0; i < 100; i++) {
            dtt_put_be32(m.u.ihave.entries[i].id.bytes, k * 100 + i);
        }
        recv(&ann, &red, &m);
    }
    now.mono_ns += DTT_S;
    dtt_gossip_tick(g, now);
    assert_true(dtt_gossip_deadline(g) < now.mono_ns);
    while (dtt_gossip_deadline(g) <= now.mono_ns) {
        dtt_gossip_tick(g, now);
        while (dtt_gossip_next(g, &a)) {
            grafts++;
        }
    }
    assert_int_equal(grafts, 2000);
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_ACTIONS_DROPPED], 0);
}

/* Topics fire in the order of their deadlines, not of their creation. */
static void timers_fire_in_order(void **state)
{
    (void)state;
    dtt_gossip_subscribe(g, now, &red);
    recv_join(&ann, &red);
    now.mono_ns += DTT_S;
    dtt_gossip_subscribe(g, now, &blue);
    recv_join(&bob, &blue);
    drain();
    now.mono_ns += 200 * DTT_S;
    dtt_gossip_tick(g, now);
    assert_memory_equal(next_send(DTT_MSG_SHUFFLE, &ann).topic.bytes, red.bytes, 32);
    next_send(DTT_MSG_NEIGHBOR, &ann);
    next_send(DTT_MSG_SHUFFLE, &ann); /* it has been quiet */
    assert_memory_equal(next_send(DTT_MSG_SHUFFLE, &bob).topic.bytes, blue.bytes, 32);
    next_send(DTT_MSG_NEIGHBOR, &bob);
    next_send(DTT_MSG_SHUFFLE, &bob);
    next_none();
    assert_true(dtt_gossip_deadline(g) == now.mono_ns + 60 * DTT_S);
}

/* A caller that never drains loses actions, counted, and nothing else. */
static void undrained(void **state)
{
    (void)state;
    dtt_gossip_subscribe(g, now, &red);
    recv_join(&ann, &red);
    for (uint32_t i = 0; i < 3000; i++) {
        uint8_t content[4];
        dtt_put_be32(content, i);
        assert_int_equal(
            dtt_gossip_broadcast(g, now, &red, DTT_GOSSIP_SWARM, dtt_slice(content, 4)), DTT_OK);
    }
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_ACTIONS_DROPPED],
                     3002 - DTT_GOSSIP_ACTIONS_MAX);
    struct dtt_gossip_topic_id topic = red;
    dtt_gossip_quit(g, now, &topic);
}

/* One of everything, in which the k-th allocation fails. True when it happened. */
static bool session(long k)
{
    struct dtt_gossip_config cfg = {.me = me};
    struct dtt_gossip *s = NULL;
    struct dtt_gossip_action a;
    struct dtt_now t = {.mono_ns = DTT_S};
    struct dtt_gossip_source from_ann = {.id = ann};
    struct dtt_gossip_source from_bob = {.id = bob};
    uint8_t join[] = {0, 0, 1, 1, 'd'};
    uint8_t ihave[36] = {1, 3, 1};
    uint8_t prune[] = {1, 1};
    oom_arm(k);
    int err = dtt_gossip_new(&s, &ctx, &cfg);
    if (!err) {
        dtt_gossip_set_peer_data(s, dtt_slice("me", 2));
        if (!dtt_gossip_subscribe(s, t, &red)) {
            dtt_gossip_subscribe(s, t, &blue);
            dtt_gossip_join_peer(s, t, &red, &bob, false);
            dtt_gossip_recv(s, t, &from_ann, &red, dtt_slice(join, sizeof(join)));
            dtt_gossip_recv(s, t, &from_bob, &red, dtt_slice(join, sizeof(join)));
            dtt_gossip_broadcast(s, t, &red, DTT_GOSSIP_SWARM, dtt_slice("x", 1));
            dtt_gossip_broadcast(s, t, &red, DTT_GOSSIP_NEIGHBORS, dtt_slice("y", 1));
            dtt_gossip_recv(s, t, &from_ann, &red, dtt_slice(prune, sizeof(prune)));
            dtt_gossip_recv(s, t, &from_ann, &red, dtt_slice(ihave, sizeof(ihave)));
            dtt_gossip_broadcast(s, t, &red, DTT_GOSSIP_SWARM, dtt_slice("z", 1));
            for (int i = 0; i < 70; i++) {
                t.mono_ns += DTT_S;
                dtt_gossip_tick(s, t);
                while (dtt_gossip_next(s, &a)) {
                }
            }
            dtt_gossip_peer_gone(s, t, &ann, DTT_REASON_CLOSED_BY_PEER);
            dtt_gossip_quit(s, t, &red);
            dtt_gossip_quit(s, t, &blue);
        }
    }
    bool happened = oom_disarm();
    dtt_gossip_free(s);
    assert_true(err == DTT_OK || (happened && err == DTT_ENOMEM));
    return happened;
}

static void out_of_memory(void **state)
{
    (void)state;
    long k = 1;
    while (session(k)) {
        k++;
    }
    assert_true(k > 20);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(config_is_checked),
        T(hearsay_is_marked),
        T(topics),
        T(unknown_topic),
        T(malformed_payload),
        T(join_brings_own_data),
        T(what_waits_brings_the_data_of_now),
        T(neighbours_are_told_new_data_at_once),
        T(received_with_hash),
        T(shared_peer_stays),
        T(quit_says_goodbye),
        T(gone_for_all_topics),
        T(peer_data_comes_out),
        T(tick_pauses_when_much_waits),
        T(timers_fire_in_order),
        T(undrained),
        T(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
