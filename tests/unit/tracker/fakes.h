/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A view, peers and messages made by hand, for the tests of graph and merge. */
#ifndef TESTS_UNIT_TRACKER_FAKES_H
#define TESTS_UNIT_TRACKER_FAKES_H

#include "support.h"
#include "tracker/graph.h"

#define SELF 99

static struct dtt_ctx ctx;
static struct dtt_rng rng;
static struct dtt_tracker_tuning tuning;
static struct dtt_view v;
static struct dtt_peers peers;
static struct dtt_window w;

/* Nothing here is verified, so ids need not be keys. */
static inline struct dtt_id fake_id(unsigned n)
{
    struct dtt_id id = {{0}};
    dtt_put_le32(id.bytes, n);
    return id;
}

static inline void fakes_reset(void)
{
    struct dtt_secret secret = test_secret("secret");
    struct dtt_id self = fake_id(SELF);
    memset(&ctx, 0, sizeof(ctx));
    memset(&w, 0, sizeof(w));
    dtt_rng_init(&rng, ctx.seed, "test");
    dtt_view_init(&v, &ctx, test_topic, &secret, &self, START_MINUTE);
    dtt_tracker_tuning_make(&tuning, DTT_PRESET_DEFAULT, NULL);
    dtt_peers_init(&peers, &ctx, &tuning, &rng, &self);
}

/* A record of `n` with the active peers a and b (0: none), which also makes peers. */
static inline void record(unsigned n, unsigned a, unsigned b)
{
    struct dtt_view_record *r = &v.records[v.count++];
    const unsigned active[2] = {a, b};
    memset(r, 0, sizeof(*r));
    r->info.publisher = fake_id(n);
    r->info.minute = START_MINUTE;
    dtt_peers_hear(&peers, &r->info.publisher, DTT_PEER_PUBLISHER,
                   (struct dtt_peer_told){START_MINUTE, 0}, NULL, 0);
    for (size_t i = 0; i < 2; i++) {
        if (active[i]) {
            struct dtt_id *id = &r->info.active_peers[r->info.n_active_peers++];
            *id = fake_id(active[i]);
            dtt_peers_hear(&peers, id, DTT_PEER_HEARSAY, (struct dtt_peer_told){START_MINUTE, 0},
                           NULL, 0);
        }
    }
}

static inline void advertise(unsigned hash)
{
    struct dtt_record_info *r = &v.records[v.count - 1].info;
    memset(r->message_hashes[r->n_message_hashes], 0, 32);
    dtt_put_le32(r->message_hashes[r->n_message_hashes++], hash);
}

static inline void message(unsigned hash)
{
    uint8_t h[32] = {0};
    dtt_put_le32(h, hash);
    dtt_window_add(&w, 0, h);
}

static inline void neighbor(unsigned n)
{
    struct dtt_id id = fake_id(n);
    assert_true(dtt_peers_up(&peers, &id, START_MINUTE));
}

static inline struct dtt_tracker_peer *peer(unsigned n)
{
    struct dtt_id id = fake_id(n);
    return dtt_peers_find(&peers, &id);
}

#endif
