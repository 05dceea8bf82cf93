/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A script of inputs for one tracker: each byte is an operation, the bytes after it are its
 * arguments. Whatever comes, in whatever order: no dial of ourselves or of a neighbour, one read
 * under way per slot, bounded output, and time that goes on.
 */
#include "tracker/tracker.h"
#include "base/rng.h"
#include "crypto/ed25519.h"
#include "record/record.h"

#include <stdlib.h>

#define MINUTE UINT64_C(29000000)
#define PEERS 4
#define PUBLISHERS 3
#define OPS_MAX 60
#define VALUES_MAX 2
#define CACHED_MINUTES 32

struct run {
    uint64_t depth; /* minutes that are read */
    struct dtt_tracker *t;
    struct dtt_ctx ctx;
    struct dtt_now now;
    struct dtt_reader in;
    struct dtt_id ids[PEERS]; /* ids[0] is the tracker's own */
    bool is_neighbor[PEERS];
    uint64_t reading[3][DTT_SLOT_KINDS]; /* minutes under way; 0: none */
    uint64_t read_at[3][DTT_SLOT_KINDS];
    unsigned opened;
};

static const uint8_t topic[32] = {7};

static void check(bool ok)
{
    if (!ok) {
        abort();
    }
}

static void seed_of(uint8_t ret[32], unsigned n)
{
    memset(ret, 0, 32);
    ret[0] = (uint8_t)(n + 1);
}

static void seal(struct dtt_writer *out, unsigned n, uint64_t minute, struct run *r)
{
    uint8_t content_buf[DTT_CONTENT_MAX];
    uint8_t plain_buf[DTT_RECORD_PLAIN_MAX];
    uint8_t seed[32];
    uint8_t enc_seed[32];
    struct dtt_secret secret;
    struct dtt_rng rng;
    struct dtt_record_info info = {.n_active_peers = 2, .active_peers = {r->ids[0], r->ids[3]}};
    struct dtt_writer content = dtt_writer(content_buf, sizeof(content_buf));
    struct dtt_writer plain = dtt_writer(plain_buf, sizeof(plain_buf));
    dtt_secret_init(&secret, dtt_slice("s", 1), NULL, NULL);
    seed_of(seed, n);
    dtt_rng_init(&rng, seed, "fuzz");
    dtt_content_write(&content, &info);
    check(dtt_record_sign(&plain, topic, minute, dtt_slice(content.data, content.len), seed) == 0);
    dtt_secret_rotate(enc_seed, &secret, topic, minute);
    check(dtt_record_encrypt(out, dtt_slice(plain.data, plain.len), enc_seed, &rng) == 0);
}

static void note_get(struct run *r, const struct dtt_slot *slot)
{
    uint64_t now = dtt_now_minute(r->now);
    if (slot->minute > now || now - slot->minute >= r->depth) {
        return; /* a look at another minute, which may become the current one meanwhile */
    }
    /* The tracker gives a read up after ten seconds; before, it must not start it again. */
    uint64_t *reading = &r->reading[slot->minute % 3][slot->kind];
    uint64_t *read_at = &r->read_at[slot->minute % 3][slot->kind];
    check(*reading != slot->minute || r->now.mono_ns - *read_at >= 10 * DTT_S);
    *reading = slot->minute;
    *read_at = r->now.mono_ns;
}

static void note_dial(const struct run *r, const struct dtt_id *peer)
{
    for (unsigned i = 0; i < PEERS; i++) {
        check(memcmp(peer, &r->ids[i], sizeof(*peer)) != 0 || (i != 0 && !r->is_neighbor[i]));
    }
}

/* Reads of other minutes are forgotten: a clock that is set back may start them again. */
static void forget_gets(struct run *r)
{
    uint64_t minute = dtt_now_minute(r->now);
    for (unsigned i = 0; i < 3 * DTT_SLOT_KINDS; i++) {
        uint64_t *reading = &r->reading[i % 3][i / 3];
        if (*reading > minute || *reading + r->depth <= minute) {
            *reading = 0;
        }
    }
}

static void drain(struct run *r)
{
    struct dtt_tracker_action a;
    unsigned n = 0;
    forget_gets(r);
    while (dtt_tracker_next(r->t, true, &a)) {
        check(++n < 200);
        if (a.type == DTT_TRACKER_GET) {
            if (a.sample == 0) { /* else a look of the doorman, which nobody waits for */
                note_get(r, &a.slot);
            }
        } else if (a.type == DTT_TRACKER_DIAL) {
            note_dial(r, &a.peer);
        } else if (a.type == DTT_TRACKER_PUT) {
            check(a.value_len > 0 && a.value_len <= DTT_RECORD_VALUE_MAX);
        }
    }
    check(dtt_tracker_deadline(r->t) > r->now.mono_ns);
}

static void advance(struct run *r, uint64_t ms)
{
    r->now.mono_ns += ms * DTT_MS;
    r->now.wall_ns += (int64_t)(ms * DTT_MS);
    dtt_tracker_tick(r->t, r->now);
}

/* Sealing is slow and always gives the same here, so what was sealed once is kept. */
static const struct dtt_writer *sealed(struct run *r, unsigned n, uint64_t minute)
{
    static struct dtt_writer cache[PUBLISHERS][CACHED_MINUTES];
    static uint8_t bytes[PUBLISHERS][CACHED_MINUTES][DTT_RECORD_VALUE_MAX];
    struct dtt_writer *w = &cache[n][minute % CACHED_MINUTES];
    if (minute < MINUTE - CACHED_MINUTES / 2 || minute >= MINUTE + CACHED_MINUTES / 2) {
        return NULL;
    }
    if (w->len == 0) {
        *w = dtt_writer(bytes[n][minute % CACHED_MINUTES], DTT_RECORD_VALUE_MAX);
        seal(w, n + 1, minute, r);
    }
    return w;
}

static void add_value(struct run *r, enum dtt_slot_kind kind, uint64_t minute)
{
    uint8_t value[DTT_RECORD_VALUE_MAX];
    unsigned n = dtt_read_u8(&r->in) % PUBLISHERS;
    uint8_t damage = dtt_read_u8(&r->in);
    const struct dtt_writer *w = sealed(r, n, minute);
    if (!w || r->opened++ >= VALUES_MAX) {
        return;
    }
    memcpy(value, w->data, w->len);
    if (damage >= 128) {
        value[(damage - 128u) * 4] ^= 1;
    }
    dtt_tracker_slot_value(r->t, r->now, kind, minute, INT64_MAX - (int64_t)kind,
                           dtt_slice(value, w->len));
}

static void add_garbage(struct run *r, enum dtt_slot_kind kind, uint64_t minute)
{
    size_t len = dtt_read_u8(&r->in);
    len = len < dtt_reader_left(&r->in) ? len : dtt_reader_left(&r->in);
    dtt_tracker_slot_value(r->t, r->now, kind, minute, INT64_MAX - (int64_t)kind,
                           dtt_read(&r->in, len));
}

static void set_neighbor(struct run *r, unsigned peer, bool is)
{
    r->is_neighbor[peer] = is && peer != 0;
    if (is) {
        dtt_tracker_neighbor_up(r->t, r->now, &r->ids[peer]);
    } else {
        dtt_tracker_neighbor_down(r->t, r->now, &r->ids[peer], peer % 2);
    }
}

static void add_peer(struct run *r)
{
    struct dtt_id id = r->ids[dtt_read_u8(&r->in) % PEERS];
    struct dtt_addr a = {.family = DTT_FAMILY_V4, .ip = {10, 0, 0, 1}, .port = 1};
    uint8_t other = dtt_read_u8(&r->in);
    if (other >= 128) { /* somebody nobody has heard of */
        id.bytes[0] = other;
        id.bytes[1] = 0x55;
    }
    a.port = other;
    dtt_tracker_want_peer(r->t, r->now, &id, &a, other % 3 ? 1 : 0);
}

static void finish_get(struct run *r, enum dtt_slot_kind kind, uint64_t minute)
{
    uint8_t answered = dtt_read_u8(&r->in);
    if (r->reading[minute % 3][kind] == minute) {
        r->reading[minute % 3][kind] = 0;
    }
    dtt_tracker_slot_done(r->t, r->now, kind, minute, answered ? DTT_OK : DTT_ETIMEDOUT, answered);
}

static void operate(struct run *r)
{
    uint8_t op = dtt_read_u8(&r->in);
    uint64_t minute = dtt_now_minute(r->now) - op / 16 % 3;
    enum dtt_slot_kind kind = (enum dtt_slot_kind)(op / 16 % DTT_SLOT_KINDS);
    uint8_t hash[32] = {op};
    struct dtt_addr addr = {.family = DTT_FAMILY_V4, .ip = {10, 0, 0, 2}, .port = op};
    switch (op % 16) {
    case 0: advance(r, dtt_read_u8(&r->in)); break;
    case 1: advance(r, dtt_read_u8(&r->in) * UINT64_C(500)); break;
    case 2: add_value(r, kind, minute); break;
    case 3: add_garbage(r, kind, minute); break;
    case 4: finish_get(r, kind, minute); break;
    case 5: dtt_tracker_put_done(r->t, r->now, kind, minute, DTT_OK, dtt_read_u8(&r->in)); break;
    case 6: set_neighbor(r, dtt_read_u8(&r->in) % PEERS, true); break;
    case 7: set_neighbor(r, dtt_read_u8(&r->in) % PEERS, false); break;
    case 8: dtt_tracker_dial_failed(r->t, r->now, &r->ids[dtt_read_u8(&r->in) % PEERS]); break;
    case 9: dtt_tracker_set_addrs(r->t, r->now, &addr, op / 128); break;
    case 10: add_peer(r); break;
    case 11: dtt_tracker_network_changed(r->t, r->now); break;
    case 12: dtt_tracker_store_ready(r->t, r->now); break;
    case 13: dtt_tracker_message(r->t, r->now, hash); break;
    case 14:
        r->now.wall_ns += ((int64_t)dtt_read_u8(&r->in) - 128) * (int64_t)DTT_S;
        dtt_tracker_tick(r->t, r->now);
        break;
    default:
        if (dtt_tracker_deadline(r->t) != DTT_NEVER) {
            advance(r, (dtt_tracker_deadline(r->t) - r->now.mono_ns) / DTT_MS + 1);
        }
    }
    drain(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct run r;
    static struct dtt_id ids[PEERS];
    static bool has_ids;
    struct dtt_tracker_config cfg = {0};
    memset(&r, 0, sizeof(r));
    r.now = (struct dtt_now){.mono_ns = 1000 * DTT_S, .wall_ns = (int64_t)(MINUTE * 60 * DTT_S)};
    r.in = dtt_reader(dtt_slice(data, len));
    for (unsigned i = 0; i < PEERS; i++) {
        uint8_t seed[32];
        seed_of(seed, i);
        if (!has_ids) {
            dtt_ed25519_public_key(ids[i].bytes, seed);
        }
        r.ids[i] = ids[i];
    }
    has_ids = true;
    memcpy(cfg.topic, topic, sizeof(topic));
    seed_of(cfg.node_seed, 0);
    dtt_secret_init(&cfg.secret, dtt_slice("s", 1), NULL, NULL);
    uint8_t first = dtt_read_u8(&r.in);
    uint8_t preset = first % 4;
    dtt_tracker_tuning_make(&cfg.tuning, preset % 3, NULL);
    cfg.tuning.secret_slot = first & 4;
    cfg.tuning.old_line_slot = first & 8;
    cfg.tuning.older_first = first & 32;
    cfg.tuning.redial_lost_ns = first & 16 ? 0 : cfg.tuning.redial_lost_ns;
    if (preset == 3) { /* sealing is most of the time otherwise */
        cfg.tuning.record_cap = 0;
    }
    r.depth = cfg.tuning.older_first ? 3 : 2;
    check(dtt_tracker_new(&r.t, &r.ctx, &cfg, r.now) == DTT_OK);
    drain(&r);
    for (unsigned n = 0; n < OPS_MAX && dtt_reader_left(&r.in) > 0; n++) {
        operate(&r);
    }
    struct dtt_tracker_status st;
    dtt_tracker_status(r.t, r.now, &st);
    check(st.neighbors <= PEERS - 1);
    dtt_tracker_free(r.t);
    return 0;
}
