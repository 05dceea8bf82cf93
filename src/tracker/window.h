/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Hashes of the swarm's recent messages, own and received. The newest five go into our records;
 * all of them are what other records are compared with, since in a busy topic five hashes say
 * nothing about a record that is a minute old.
 */
#ifndef DTT_TRACKER_WINDOW_H
#define DTT_TRACKER_WINDOW_H

#include "base/time.h"

#include <dtt/record.h>
#include <stdbool.h>

#define DTT_WINDOW_MAX 512
#define DTT_WINDOW_AGE_NS (180 * DTT_S)

struct dtt_window_entry {
    uint8_t hash[32];
    uint64_t mono_ns;
};

/** Zero it to initialise. */
struct dtt_window {
    size_t head; /**< index of the oldest */
    size_t count;
    struct dtt_window_entry entries[DTT_WINDOW_MAX];
};

/** Adds a hash; when full the oldest gives way. */
void dtt_window_add(struct dtt_window *w, uint64_t mono_ns, const uint8_t hash[32]);
/** Forgets what is too old, but never the newest five: they are still advertised. */
void dtt_window_expire(struct dtt_window *w, uint64_t mono_ns);
/** How long ago the oldest message came; 0 when there is none. */
uint64_t dtt_window_span_ns(const struct dtt_window *w, uint64_t mono_ns);
bool dtt_window_has(const struct dtt_window *w, const uint8_t hash[32]);
/** Writes the newest five at most, oldest of them first; returns how many. */
size_t dtt_window_newest(const struct dtt_window *w, uint8_t ret[DTT_RECORD_HASHES][32]);

#endif
