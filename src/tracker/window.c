/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/window.h"

#include <string.h>

static const struct dtt_window_entry *entry_at(const struct dtt_window *w, size_t i)
{
    return &w->entries[(w->head + i) % DTT_WINDOW_MAX];
}

static void drop_oldest(struct dtt_window *w)
{
    w->head = (w->head + 1) % DTT_WINDOW_MAX;
    w->count--;
}

void dtt_window_add(struct dtt_window *w, uint64_t mono_ns, const uint8_t hash[32])
{
    if (w->count == DTT_WINDOW_MAX) {
        drop_oldest(w);
    }
    struct dtt_window_entry *e = &w->entries[(w->head + w->count) % DTT_WINDOW_MAX];
    memcpy(e->hash, hash, sizeof(e->hash));
    e->mono_ns = mono_ns;
    w->count++;
}

void dtt_window_expire(struct dtt_window *w, uint64_t mono_ns)
{
    while (w->count > DTT_RECORD_HASHES &&
           mono_ns - w->entries[w->head].mono_ns > DTT_WINDOW_AGE_NS) {
        drop_oldest(w);
    }
}

uint64_t dtt_window_span_ns(const struct dtt_window *w, uint64_t mono_ns)
{
    return w->count > 0 ? mono_ns - entry_at(w, 0)->mono_ns : 0;
}

bool dtt_window_has(const struct dtt_window *w, const uint8_t hash[32])
{
    for (size_t i = 0; i < w->count; i++) {
        if (memcmp(entry_at(w, i)->hash, hash, 32) == 0) {
            return true;
        }
    }
    return false;
}

size_t dtt_window_newest(const struct dtt_window *w, uint8_t ret[DTT_RECORD_HASHES][32])
{
    size_t n = w->count < DTT_RECORD_HASHES ? w->count : DTT_RECORD_HASHES;
    for (size_t i = 0; i < n; i++) {
        memcpy(ret[i], entry_at(w, w->count - n + i)->hash, 32);
    }
    return n;
}
