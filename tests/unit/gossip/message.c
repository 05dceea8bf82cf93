/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/vectors.h"

#include "codec/text.h"
#include "gossip/message.h"

#include <stdlib.h>

/* ---- a decoded message in the form of the vectors */

static json_t *hex_json(struct dtt_slice s)
{
    char *text = malloc(2 * s.len + 1);
    assert_non_null(text);
    dtt_hex_encode(text, s);
    json_t *j = json_string(text);
    free(text);
    return j;
}

static json_t *data_json(const struct dtt_gossip_peer_data *data)
{
    return data->is_some ? hex_json(data->bytes) : json_null();
}

static json_t *node_json(const struct dtt_gossip_node *node)
{
    return json_pack("{s:o,s:o}", "id", hex_json(dtt_slice(node->id.bytes, 32)), "data",
                     data_json(&node->data));
}

static json_t *nodes_json(const struct dtt_gossip_message *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->u.shuffle.n; i++) {
        json_array_append_new(list, node_json(&m->u.shuffle.nodes[i]));
    }
    return list;
}

static json_t *ihave_json(const struct dtt_gossip_message *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->u.ihave.n; i++) {
        const struct dtt_gossip_ihave *e = &m->u.ihave.entries[i];
        json_array_append_new(list,
                              json_pack("{s:o,s:i}", "id", hex_json(dtt_slice(e->id.bytes, 32)),
                                        "round", (int)e->round));
    }
    return list;
}

static json_t *payload_json(const struct dtt_gossip_message *m)
{
    json_t *scope = m->u.gossip.scope == DTT_GOSSIP_SWARM
                        ? json_pack("{s:i}", "Swarm", (int)m->u.gossip.round)
                        : json_string("Neighbors");
    return json_pack("{s:o,s:o,s:o}", "id", hex_json(dtt_slice(m->u.gossip.id.bytes, 32)),
                     "content", hex_json(m->u.gossip.content), "scope", scope);
}

static json_t *graft_json(const struct dtt_gossip_message *m)
{
    return json_pack("{s:o,s:i}", "id",
                     m->u.graft.has_id ? hex_json(dtt_slice(m->u.graft.id.bytes, 32)) : json_null(),
                     "round", (int)m->u.graft.round);
}

static json_t *body_json(const struct dtt_gossip_message *m, const char **name)
{
    switch (m->type) {
    case DTT_MSG_JOIN: *name = "Join"; return data_json(&m->u.join.data);
    case DTT_MSG_FORWARD_JOIN:
        *name = "ForwardJoin";
        return json_pack("{s:o,s:i}", "peer", node_json(&m->u.forward_join.peer), "ttl",
                         (int)m->u.forward_join.ttl);
    case DTT_MSG_SHUFFLE:
        *name = "Shuffle";
        return json_pack("{s:o,s:o,s:i}", "origin",
                         hex_json(dtt_slice(m->u.shuffle.origin.bytes, 32)), "nodes", nodes_json(m),
                         "ttl", (int)m->u.shuffle.ttl);
    case DTT_MSG_SHUFFLE_REPLY:
        *name = "ShuffleReply";
        return json_pack("{s:o}", "nodes", nodes_json(m));
    case DTT_MSG_NEIGHBOR:
        *name = "Neighbor";
        return json_pack("{s:s,s:o}", "priority",
                         m->u.neighbor.priority == DTT_GOSSIP_HIGH ? "High" : "Low", "data",
                         data_json(&m->u.neighbor.data));
    case DTT_MSG_DISCONNECT:
        *name = "Disconnect";
        return json_pack("{s:b,s:b}", "alive", m->u.disconnect.alive, "respond",
                         m->u.disconnect.respond);
    case DTT_MSG_GOSSIP: *name = "Gossip"; return payload_json(m);
    case DTT_MSG_PRUNE: *name = "Prune"; return json_null();
    case DTT_MSG_GRAFT: *name = "Graft"; return graft_json(m);
    case DTT_MSG_IHAVE: *name = "IHave"; return ihave_json(m);
    }
    return NULL;
}

static json_t *message_json(const struct dtt_gossip_message *m)
{
    const char *name = NULL;
    json_t *body = body_json(m, &name);
    const char *layer = m->type < DTT_MSG_GOSSIP ? "Swarm" : "Gossip";
    return json_pack("{s:{s:o}}", layer, name, body);
}

/* ---- tests */

static void vectors_both_ways(void **state)
{
    (void)state;
    json_t *root = vectors_load("gossip.json");
    json_t *v;
    size_t i;
    json_array_foreach(vectors_at(root, "messages"), i, v)
    {
        struct dtt_slice payload = vectors_hex(v, "payload_hex");
        struct dtt_gossip_message m;
        assert_int_equal(dtt_gossip_message_decode(payload, NULL, &m), DTT_OK);
        json_t *got = message_json(&m);
        if (!json_equal(got, vectors_at(v, "decoded"))) {
            fail_msg("%s: decoded differently", vectors_text(v, "name"));
        }
        json_decref(got);
        uint8_t buf[DTT_GOSSIP_PAYLOAD_MAX];
        struct dtt_writer w = dtt_writer(buf, sizeof(buf));
        dtt_gossip_message_encode(&w, &m);
        assert_false(w.failed);
        if (!dtt_slice_eq(payload, dtt_slice(buf, w.len))) {
            fail_msg("%s: encoded differently", vectors_text(v, "name"));
        }
        free((void *)payload.data);
    }
    assert_true(i >= 25);
    json_decref(root);
}

static void malformed(void **state)
{
    (void)state;
    json_t *root = vectors_load("gossip.json");
    json_t *v;
    size_t i;
    json_array_foreach(vectors_at(root, "malformed"), i, v)
    {
        struct dtt_slice payload = vectors_hex(v, "payload_hex");
        struct dtt_gossip_message m;
        bool accept = strcmp(vectors_text(v, "expect"), "accept") == 0;
        if (dtt_gossip_message_decode(payload, NULL, &m) != (accept ? DTT_OK : DTT_EPROTO)) {
            fail_msg("%s: want %s", vectors_text(v, "name"), vectors_text(v, "expect"));
        }
        free((void *)payload.data);
    }
    assert_true(i >= 15);
    json_decref(root);
}

static void refuse(void *user, struct dtt_slice in)
{
    struct dtt_gossip_message m;
    (void)user;
    assert_int_equal(dtt_gossip_message_decode(in, NULL, &m), DTT_EPROTO);
}

/* Whatever decodes is stable: what it is encoded to decodes to the same. */
static void stable(void *user, struct dtt_slice in)
{
    struct dtt_gossip_message m;
    struct dtt_gossip_message again;
    uint8_t buf[DTT_GOSSIP_FRAME_MAX];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    (void)user;
    if (dtt_gossip_message_decode(in, NULL, &m)) {
        return;
    }
    dtt_gossip_message_encode(&w, &m);
    assert_false(w.failed);
    assert_int_equal(dtt_gossip_message_decode(dtt_slice(buf, w.len), NULL, &again), DTT_OK);
    if (m.type == DTT_MSG_DISCONNECT) {
        m.u.disconnect.respond = false;
    }
    json_t *a = message_json(&m);
    json_t *b = message_json(&again);
    assert_true(json_equal(a, b));
    json_decref(a);
    json_decref(b);
}

static void sweeps(void **state)
{
    (void)state;
    json_t *root = vectors_load("gossip.json");
    json_t *v;
    size_t i;
    json_array_foreach(vectors_at(root, "messages"), i, v)
    {
        struct dtt_slice payload = vectors_hex(v, "payload_hex");
        sweep_truncations(payload, refuse, NULL);
        /* In a large message nearly all bits are content. */
        sweep_bit_flips(dtt_slice(payload.data, payload.len < 256 ? payload.len : 64), stable,
                        NULL);
        stable(NULL, payload);
        free((void *)payload.data);
    }
    json_decref(root);
}

static void more_nodes_than_taken(void **state)
{
    (void)state;
    uint8_t buf[DTT_GOSSIP_FRAME_MAX];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    struct dtt_gossip_message m;
    dtt_write(&w, "\x00\x03\x78", 3); /* ShuffleReply of 120 */
    for (int i = 0; i < 120; i++) {
        memset(dtt_write_room(&w, 32), i < DTT_GOSSIP_NODES_MAX ? 0 : 0x02, 32);
        dtt_write_u8(&w, 0);
    }
    assert_false(w.failed);
    assert_int_equal(dtt_gossip_message_decode(dtt_slice(buf, w.len), NULL, &m), DTT_OK);
    assert_int_equal(m.u.shuffle.n, DTT_GOSSIP_NODES_MAX);
    /* The rest must be there all the same. */
    assert_int_equal(dtt_gossip_message_decode(dtt_slice(buf, w.len - 1), NULL, &m), DTT_EPROTO);
}

static void trailing_bytes_and_size(void **state)
{
    (void)state;
    static uint8_t buf[DTT_GOSSIP_FRAME_MAX + 1] = {1, 1, 0xff};
    struct dtt_gossip_message m;
    assert_int_equal(dtt_gossip_message_decode(dtt_slice(buf, 3), NULL, &m), DTT_OK);
    assert_int_equal(m.type, DTT_MSG_PRUNE);
    assert_int_equal(dtt_gossip_message_decode(dtt_slice(buf, DTT_GOSSIP_FRAME_MAX), NULL, &m),
                     DTT_OK);
    assert_int_equal(dtt_gossip_message_decode(dtt_slice(buf, sizeof(buf)), NULL, &m), DTT_EPROTO);
}

/* The limits of the header file: a full IHave frame, the largest content of each scope. */
static void what_fits(void **state)
{
    (void)state;
    static uint8_t content[DTT_GOSSIP_CONTENT_MAX + 2];
    uint8_t buf[DTT_GOSSIP_PAYLOAD_MAX];
    struct dtt_gossip_message m = {.type = DTT_MSG_IHAVE, .u.ihave.n = DTT_GOSSIP_IHAVE_WRITE_MAX};
    for (size_t i = 0; i < m.u.ihave.n; i++) {
        m.u.ihave.entries[i].round = 0xffff;
    }
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    dtt_gossip_message_encode(&w, &m);
    assert_false(w.failed);
    assert_true(w.len <= 3 + DTT_GOSSIP_IHAVE_BYTES * DTT_GOSSIP_IHAVE_WRITE_MAX);

    static const struct {
        enum dtt_gossip_scope scope;
        uint16_t round;
        size_t len;
        bool fits;
    } cases[] = {
        {DTT_GOSSIP_SWARM, 0, DTT_GOSSIP_CONTENT_MAX, true},
        {DTT_GOSSIP_SWARM, 127, DTT_GOSSIP_CONTENT_MAX, true},
        {DTT_GOSSIP_SWARM, 128, DTT_GOSSIP_CONTENT_MAX, false},
        {DTT_GOSSIP_SWARM, 0, DTT_GOSSIP_CONTENT_MAX + 1, false},
        {DTT_GOSSIP_NEIGHBORS, 0, DTT_GOSSIP_CONTENT_MAX + 1, true},
        {DTT_GOSSIP_NEIGHBORS, 0, DTT_GOSSIP_CONTENT_MAX + 2, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        m.type = DTT_MSG_GOSSIP;
        m.u.gossip.scope = cases[i].scope;
        m.u.gossip.round = cases[i].round;
        m.u.gossip.content = dtt_slice(content, cases[i].len);
        w = dtt_writer(buf, sizeof(buf));
        dtt_gossip_message_encode(&w, &m);
        assert_int_equal(!w.failed, cases[i].fits);
    }
}

static void node_sizes(void **state)
{
    (void)state;
    struct dtt_gossip_message m = {.type = DTT_MSG_SHUFFLE_REPLY, .u.shuffle.n = 1};
    static uint8_t data[300];
    for (int i = -1; i < 300; i += 50) {
        uint8_t buf[512];
        struct dtt_writer w = dtt_writer(buf, sizeof(buf));
        struct dtt_gossip_node *node = &m.u.shuffle.nodes[0];
        node->data.is_some = i >= 0;
        node->data.bytes = dtt_slice(data, i >= 0 ? (size_t)i : 0);
        dtt_gossip_message_encode(&w, &m);
        assert_int_equal(w.len, 3 + dtt_gossip_node_size(node));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_both_ways),
        cmocka_unit_test(malformed),
        cmocka_unit_test(sweeps),
        cmocka_unit_test(more_nodes_than_taken),
        cmocka_unit_test(trailing_bytes_and_size),
        cmocka_unit_test(what_fits),
        cmocka_unit_test(node_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
