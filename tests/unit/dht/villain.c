/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "villain.h"

#include "crypto/ed25519.h"
#include "dht/item.h"
#include "dht/krpc.h"
#include "dht/node_id.h"
#include "support/vectors.h"

struct villain villains[NET_NODES];
uint64_t villain_fakes;
const struct net_item *villain_item;

static uint8_t stolen[DTT_KRPC_TOKEN_MAX];
static size_t stolen_len;

void villain_reset(const struct net_item *item)
{
    memset(villains, 0, sizeof(villains));
    villain_fakes = 0;
    villain_item = item;
    stolen_len = 0;
}

/* Number n of the nodes made up, at an address and an id that tell n. */
static void fake(uint64_t n, bool is_global, uint8_t id[20], struct dtt_addr *ret)
{
    *ret = is_global ? dtt_addr_v4((uint8_t)(150 + (n >> 16)), (uint8_t)(n >> 8), (uint8_t)n, 7, 7)
                     : dtt_addr_v4(127, 7, (uint8_t)(n >> 8), (uint8_t)n, 7);
    memcpy(id, villain_item->target, 20);
    id[19] ^= (uint8_t)n;
    id[18] ^= (uint8_t)(n >> 8);
    id[17] ^= (uint8_t)(n >> 16);
}

/* Nodes that do not exist, closer to the target than any that do, each in a network of its own. */
static void write_fakes(struct dtt_writer *w, const struct dtt_addr *self)
{
    bool is_global = dtt_addr_scope(self) == DTT_SCOPE_GLOBAL;
    for (unsigned i = 0; i < 8; i++) {
        uint8_t id[20];
        struct dtt_addr a;
        fake(villain_fakes++, is_global, id, &a);
        dtt_write(w, id, sizeof(id));
        dtt_addr_write_compact(w, &a);
    }
}

static void write_others(struct dtt_writer *w, const struct net *net, size_t self)
{
    for (size_t i = 0, left = 8; i < net->n && left > 0; i++) {
        size_t other = (self + 1 + i) % net->n;
        if (net->nodes[other].script && villains[other].crime.name_each_other) {
            dtt_write(w, villains[other].id, 20);
            dtt_addr_write_compact(w, &net->nodes[other].addr);
            left--;
        }
    }
}

/* Sixteen honest nodes, by the farthest id there is. */
static void write_misnamed(struct dtt_writer *w, const struct net *net, size_t self)
{
    uint8_t far[20];
    for (size_t i = 0; i < 20; i++) {
        far[i] = (uint8_t)~villain_item->target[i];
    }
    for (size_t i = 0, left = 16; i < net->n && left > 0; i++) {
        size_t other = (self + 1 + i) % net->n;
        if (net->nodes[other].dht) {
            dtt_write(w, far, sizeof(far));
            dtt_addr_write_compact(w, &net->nodes[other].addr);
            left--;
        }
    }
}

static void answer(struct net *net, size_t self, const struct dtt_addr *from,
                   const struct dtt_krpc *q, const struct crime *crime)
{
    static const uint8_t seed[32] = {66};
    static const uint8_t token[200] = {1};
    uint8_t id[20], key[32], sig[64], nodes[16 * 26], buf[2000];
    struct dtt_writer w = dtt_writer(nodes, sizeof(nodes));
    struct dtt_krpc m = {.type = DTT_KRPC_REPLY,
                         .t = q->t,
                         .id = dtt_slice(id, 20),
                         .token = dtt_slice(token, crime->huge_token ? sizeof(token) : 4)};
    memcpy(id, villains[self].id, sizeof(id));
    id[0] ^= crime->wrong_id;
    if (crime->others_token && stolen_len > 0) {
        m.token = dtt_slice(stolen, stolen_len);
    }
    if (crime->fake_contacts) {
        write_fakes(&w, &net->nodes[self].addr);
    }
    if (crime->name_each_other) {
        write_others(&w, net, self);
    }
    if (crime->misname) {
        write_misnamed(&w, net, self);
    }
    m.nodes = dtt_slice(nodes, w.len);
    struct dtt_slice v = dtt_slice("4:evil", 6);
    if (crime->wrong_key || crime->wrong_key_named || crime->bad_signature) {
        const struct dtt_dht_put_args *put = &villain_item->put;
        dtt_ed25519_public_key(key, seed);
        dtt_item_sign(sig, seed, dtt_slice("slot", 4), INT64_MAX, v);
        m.k = crime->wrong_key ? dtt_slice(key, 32) : dtt_slice(put->key, 32);
        if (crime->bad_signature) {
            memcpy(sig, put->sig, 64);
        }
        m.sig = dtt_slice(sig, 64);
        m.seq = dtt_krpc_int(crime->bad_signature ? put->seq : INT64_MAX);
        m.v = v;
    }
    int len = dtt_krpc_encode(&m, buf, sizeof(buf));
    assert_true(len > 0);
    if (crime->garbage) {
        for (int i = 20; i < len - 40; i++) {
            buf[i] = (uint8_t)dtt_rng_u64(&net->rng);
        }
    }
    for (unsigned i = 0; i <= crime->answers; i++) {
        net_send(net, &net->nodes[self].addr, from, dtt_slice(buf, (size_t)len));
    }
}

static void act(struct net *net, size_t self, const struct dtt_addr *from, struct dtt_slice data)
{
    static const struct crime innocent = {0};
    const struct crime *crime = &villains[self].crime;
    struct dtt_krpc q;
    if (dtt_krpc_decode(data, &q) != 0) {
        return;
    }
    if (q.type == DTT_KRPC_REPLY && q.token.len > 0 && q.token.len <= sizeof(stolen)) {
        memcpy(stolen, q.token.data, q.token.len);
        stolen_len = q.token.len;
    }
    if (q.type != DTT_KRPC_QUERY || (q.method == DTT_KRPC_M_GET && crime->silent_on_get)) {
        return;
    }
    answer(net, self, from, &q, q.method == DTT_KRPC_M_GET || crime->always ? crime : &innocent);
}

static void haunt(struct net *net, size_t self, const struct dtt_addr *from, struct dtt_slice data)
{
    const uint8_t *ip = net->nodes[self].addr.ip;
    struct dtt_addr a;
    if (ip[0] >= 150 && ip[3] == 7) {
        uint64_t n = (uint64_t)(ip[0] - 150) << 16 | (uint64_t)ip[1] << 8 | ip[2];
        fake(n, true, villains[self].id, &a);
        act(net, self, from, data);
    }
}

void villain_raise_ghosts(struct net *net)
{
    struct dtt_addr nowhere = dtt_addr_v4(0, 0, 0, 0, 0);
    net->ghost = net_add_script(net, &nowhere, haunt);
    villains[net->ghost].crime = (struct crime){.fake_contacts = true};
}

size_t villain_add(struct net *net, const struct dtt_addr *addr, const uint8_t id[20],
                   struct crime crime)
{
    size_t self = net_add_script(net, addr, act);
    memcpy(villains[self].id, id, 20);
    villains[self].crime = crime;
    return self;
}

void villain_show_up(struct net *net, size_t self, size_t first, size_t last)
{
    uint8_t buf[300];
    struct dtt_krpc q = {.type = DTT_KRPC_QUERY,
                         .method = DTT_KRPC_M_GET,
                         .t = dtt_slice("hhhh", 4),
                         .id = dtt_slice(villains[self].id, 20),
                         .target = dtt_slice(villains[self].id, 20)};
    int len = dtt_krpc_encode(&q, buf, sizeof(buf));
    assert_true(len > 0);
    for (size_t i = first; i < last; i++) {
        if (net->nodes[i].dht) {
            net_send(net, &net->nodes[self].addr, &net->nodes[i].addr, dtt_slice(buf, (size_t)len));
        }
    }
}
