/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/state.h"

#include "codec/bencode.h"
#include "crypto/hash.h"
#include "dht/alive.h"
#include "dht/inside.h"
#include "dht/krpc.h"
#include "dht/upkeep.h"

#include <dtt/types.h>
#include <stdlib.h>

#define VERSION 1
#define CRC_BYTES 4

static void write_nodes(struct dtt_writer *writer, const struct dtt_dht_state *state,
                        uint8_t family)
{
    uint8_t buf[DTT_DHT_STATE_NODES * DTT_KRPC_NODE6_BYTES];
    struct dtt_writer list = dtt_writer(buf, sizeof(buf));
    for (size_t i = 0; i < state->n; i++) {
        if (state->nodes[i].addr.family == family) {
            dtt_write(&list, state->nodes[i].id, DTT_NODE_ID_BYTES);
            dtt_addr_write_compact(&list, &state->nodes[i].addr);
        }
    }
    dtt_bencode_write_str(writer, dtt_slice(buf, list.len));
}

int dtt_dht_state_encode(const struct dtt_dht_state *state, uint8_t *buf, size_t cap)
{
    uint8_t crc[CRC_BYTES];
    struct dtt_writer w = dtt_writer(buf, cap);
    dtt_write_text(&w, "d");
    dtt_bencode_write_text(&w, "id");
    dtt_bencode_write_str(&w, dtt_slice(state->id, sizeof(state->id)));
    dtt_bencode_write_text(&w, "nodes");
    write_nodes(&w, state, DTT_FAMILY_V4);
    dtt_bencode_write_text(&w, "nodes6");
    write_nodes(&w, state, DTT_FAMILY_V6);
    dtt_bencode_write_text(&w, "version");
    dtt_bencode_write_int(&w, VERSION);
    dtt_write_text(&w, "e");
    dtt_put_be32(crc, w.failed ? 0 : dtt_crc32c(dtt_slice(buf, w.len)));
    dtt_write(&w, crc, sizeof(crc));
    return w.failed ? DTT_ETOOBIG : (int)w.len;
}

static void read_nodes(struct dtt_slice list, uint8_t family, struct dtt_dht_state *state)
{
    struct dtt_reader r = dtt_reader(list);
    while (state->n < DTT_DHT_STATE_NODES) {
        struct dtt_dht_known *k = &state->nodes[state->n];
        if (!dtt_krpc_next_node(&r, family, k->id, &k->addr)) {
            return;
        }
        state->n += k->addr.family == family && dtt_addr_is_usable(&k->addr);
    }
}

int dtt_dht_state_decode(struct dtt_slice in, struct dtt_dht_state *ret)
{
    struct dtt_slice id = {0}, nodes = {0}, nodes6 = {0};
    int64_t version = 0;
    if (in.len < CRC_BYTES || in.len > DTT_DHT_STATE_MAX ||
        dtt_get_be32(in.data + in.len - CRC_BYTES) !=
            dtt_crc32c(dtt_slice(in.data, in.len - CRC_BYTES))) {
        return DTT_EPROTO;
    }
    struct dtt_reader r = dtt_reader(dtt_slice(in.data, in.len - CRC_BYTES));
    dtt_bencode_read_open(&r, 'd');
    while (!dtt_bencode_read_close(&r)) {
        struct dtt_slice key = dtt_bencode_read_str(&r);
        if (dtt_slice_is(key, "id")) {
            id = dtt_bencode_read_str(&r);
        } else if (dtt_slice_is(key, "nodes")) {
            nodes = dtt_bencode_read_str(&r);
        } else if (dtt_slice_is(key, "nodes6")) {
            nodes6 = dtt_bencode_read_str(&r);
        } else if (dtt_slice_is(key, "version")) {
            version = dtt_bencode_read_int(&r);
        } else {
            dtt_bencode_read_any(&r, NULL);
        }
    }
    if (r.failed || dtt_reader_left(&r) != 0 || version != VERSION || id.len != DTT_NODE_ID_BYTES) {
        return DTT_EPROTO;
    }
    memset(ret, 0, sizeof(*ret));
    memcpy(ret->id, id.data, sizeof(ret->id));
    read_nodes(nodes, DTT_FAMILY_V4, ret);
    read_nodes(nodes6, DTT_FAMILY_V6, ret);
    return DTT_OK;
}

static void take_node(const struct dtt_rtable *table, size_t bucket, size_t i,
                      struct dtt_dht_state *ret)
{
    if (bucket >= table->n || i >= table->buckets[bucket].live || ret->n == DTT_DHT_STATE_NODES) {
        return;
    }
    const struct dtt_rnode *n = &table->buckets[bucket].nodes[i];
    if (n->fails == 0 && !(n->flags & DTT_RNODE_ROUTER)) {
        struct dtt_dht_known *k = &ret->nodes[ret->n++];
        memcpy(k->id, n->id, sizeof(k->id));
        k->addr = dtt_rnode_addr(table, n);
    }
}

void dtt_dht_state_collect(const struct dtt_dht *d, struct dtt_dht_state *ret)
{
    memset(ret, 0, sizeof(*ret));
    memcpy(ret->id, d->id, sizeof(ret->id));
    for (size_t i = 0; i < DTT_RTABLE_K; i++) {
        for (size_t bucket = 0; bucket < DTT_RTABLE_BUCKETS; bucket++) {
            take_node(&d->tables[0], bucket, i, ret);
            take_node(&d->tables[1], bucket, i, ret);
        }
    }
    if (ret->n == 0 && d->saved) {
        /* Not yet connected again: the nodes of the earlier life are still the best we know. */
        memcpy(ret->nodes, d->saved->nodes, sizeof(ret->nodes));
        ret->n = d->saved->n;
    }
}

int dtt_dht_state_restore(struct dtt_dht *d, struct dtt_now now, const struct dtt_dht_state *state)
{
    struct dtt_dht_state *saved = malloc(sizeof(*saved));
    if (!saved) {
        return DTT_ENOMEM;
    }
    *saved = *state;
    dtt_rng_shuffle(&d->rng, saved->nodes, saved->n, sizeof(saved->nodes[0]));
    free(d->saved);
    d->saved = saved;
    d->saved_next = 0;
    dtt_upkeep_set_id(d, state->id);
    dtt_alive_ask_saved(d, now);
    return DTT_OK;
}
