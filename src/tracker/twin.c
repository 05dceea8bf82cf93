/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/twin.h"

#include <sodium.h>
#include <string.h>

static int64_t seconds(struct dtt_now now)
{
    return now.wall_ns / (int64_t)DTT_S;
}

void dtt_twin_init(struct dtt_twin *t, struct dtt_now now)
{
    memset(t, 0, sizeof(*t));
    t->start_s = seconds(now);
}

void dtt_twin_clock_was_set(struct dtt_twin *t, struct dtt_now now)
{
    t->start_s = seconds(now);
}

static void hash(uint8_t ret[DTT_TWIN_HASH_BYTES], struct dtt_slice value)
{
    crypto_generichash(ret, DTT_TWIN_HASH_BYTES, value.data, value.len, NULL, 0);
}

void dtt_twin_made(struct dtt_twin *t, struct dtt_slice value)
{
    hash(t->made[t->n_made++ % DTT_TWIN_MADE], value);
}

static bool is_ours(const struct dtt_twin *t, struct dtt_slice value)
{
    uint8_t h[DTT_TWIN_HASH_BYTES];
    hash(h, value);
    for (uint64_t i = 0; i < t->n_made && i < DTT_TWIN_MADE; i++) {
        if (memcmp(t->made[i], h, sizeof(h)) == 0) {
            return true;
        }
    }
    return false;
}

/* A record that does not tell its time was written in its minute. */
static bool is_newer(const struct dtt_twin *t, const struct dtt_record_info *info)
{
    uint64_t written = info->unix_s ? info->unix_s : info->minute * 60;
    return written < INT64_MAX && (int64_t)written > t->start_s + DTT_TWIN_MARGIN_S;
}

bool dtt_twin_is_there(const struct dtt_twin *t, uint64_t mono_ns)
{
    return t->is_seen && mono_ns - t->seen_ns < DTT_TWIN_KEEP_NS;
}

/* It is there, at these addresses; true when that is news. */
static bool note(struct dtt_twin *t, struct dtt_now now, const struct dtt_addr *addrs, size_t n)
{
    bool is_first = !dtt_twin_is_there(t, now.mono_ns);
    t->is_seen = true;
    t->is_news |= is_first;
    t->seen_ns = now.mono_ns;
    t->n_addrs = n;
    memcpy(t->addrs, addrs, n * sizeof(*addrs));
    return is_first;
}

void dtt_twin_met(struct dtt_twin *t, struct dtt_now now, const struct dtt_addr *addr)
{
    note(t, now, addr, 1);
}

bool dtt_twin_found(struct dtt_twin *t, struct dtt_now now, struct dtt_slice value,
                    const struct dtt_record_info *info)
{
    if (!is_newer(t, info) || info->n_addrs == 0 || is_ours(t, value)) {
        return false;
    }
    return note(t, now, info->addrs, info->n_addrs);
}
