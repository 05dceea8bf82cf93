/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Nodes by number, sealed records and a tracker's configuration for the tracker's tests. */
#ifndef TESTS_UNIT_TRACKER_SUPPORT_H
#define TESTS_UNIT_TRACKER_SUPPORT_H

#include "crypto/ed25519.h"
#include "record/record.h"
#include "tracker/tracker.h"

#include <dtt/dtt.h>
#include <stdlib.h>

#define START_MINUTE UINT64_C(29000000)

static const uint8_t test_topic[32] = {0x63, 0x79, 0xdd, 0x54};

static inline void node_seed(uint8_t ret[32], unsigned n)
{
    memset(ret, 0, 32);
    ret[0] = (uint8_t)n;
    ret[1] = (uint8_t)(n >> 8);
    ret[31] = 1;
}

static inline struct dtt_id node_id(unsigned n)
{
    struct dtt_id id;
    uint8_t seed[32];
    node_seed(seed, n);
    dtt_ed25519_public_key(id.bytes, seed);
    return id;
}

/* 10.0.x.y, so that the address tells the node. */
static inline struct dtt_addr node_addr(unsigned n)
{
    struct dtt_addr a = {.family = DTT_FAMILY_V4, .port = 4433};
    a.ip[0] = 10;
    a.ip[2] = (uint8_t)(n >> 8);
    a.ip[3] = (uint8_t)n;
    return a;
}

static inline struct dtt_secret test_secret(const char *text)
{
    struct dtt_secret s;
    dtt_secret_init(&s, dtt_slice(text, strlen(text)), NULL, NULL);
    return s;
}

/* The moment `ms` after the start of START_MINUTE + `minute`; mono starts at 1000 s. */
static inline struct dtt_now at_ms(uint64_t ms)
{
    return (struct dtt_now){.mono_ns = 1000 * DTT_S + ms * DTT_MS,
                            .wall_ns = (int64_t)(START_MINUTE * 60 * DTT_S + ms * DTT_MS)};
}

struct sealed {
    size_t len;
    uint8_t data[DTT_RECORD_VALUE_MAX];
};

static inline struct dtt_slice sealed_slice(const struct sealed *s)
{
    return dtt_slice(s->data, s->len);
}

/* A record of node `n`; peers, hashes and addrs of `info`, which may be NULL. */
static inline void seal_as(struct sealed *ret, unsigned n, uint64_t minute, const char *secret,
                           const struct dtt_record_info *info)
{
    static const struct dtt_record_info none;
    uint8_t content_buf[DTT_CONTENT_MAX];
    uint8_t plain_buf[DTT_RECORD_PLAIN_MAX];
    uint8_t seed[32];
    uint8_t enc_seed[32];
    struct dtt_secret s = test_secret(secret);
    struct dtt_writer content = dtt_writer(content_buf, sizeof(content_buf));
    struct dtt_writer plain = dtt_writer(plain_buf, sizeof(plain_buf));
    struct dtt_writer out = dtt_writer(ret->data, sizeof(ret->data));
    struct dtt_rng rng;
    static uint64_t count;
    node_seed(seed, n);
    node_seed(enc_seed, (unsigned)++count);
    dtt_rng_init(&rng, enc_seed, "seal");
    dtt_content_write(&content, info ? info : &none);
    int err =
        dtt_record_sign(&plain, test_topic, minute, dtt_slice(content.data, content.len), seed);
    dtt_secret_rotate(enc_seed, &s, test_topic, minute);
    err = err ? err : dtt_record_encrypt(&out, dtt_slice(plain.data, plain.len), enc_seed, &rng);
    ret->len = err ? 0 : out.len;
}

/* A record that names nobody, with the node's address. */
static inline void seal_plain(struct sealed *ret, unsigned n, uint64_t minute)
{
    struct dtt_record_info info = {.n_addrs = 1, .addrs = {node_addr(n)}};
    seal_as(ret, n, minute, "secret", &info);
}

static inline struct dtt_tracker_config test_config(unsigned n, int preset)
{
    struct dtt_tracker_config cfg = {.secret = test_secret("secret")};
    memcpy(cfg.topic, test_topic, sizeof(cfg.topic));
    node_seed(cfg.node_seed, n);
    dtt_tracker_tuning_make(&cfg.tuning, preset, NULL);
    return cfg;
}

static inline bool id_is(const struct dtt_id *id, unsigned n)
{
    struct dtt_id other = node_id(n);
    return memcmp(id, &other, sizeof(other)) == 0;
}

/* Field by field: the bytes between the fields are nobody's. */
static inline void assert_same_slot(const struct dtt_slot *a, const struct dtt_slot *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->minute, b->minute);
    assert_memory_equal(a->seed, b->seed, sizeof(a->seed));
    assert_memory_equal(a->key, b->key, sizeof(a->key));
    assert_memory_equal(a->salt, b->salt, sizeof(a->salt));
}

#endif
