/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Decides when to tell a waiting person how far the search has come: whenever a stage is reached
 * for the first time, and after 1 s, 10 s, a minute, ten minutes and so on by tens. Nothing is said
 * of a search that takes less than a second.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#define PROGRESS_FIRST_MS 1000
#define PROGRESS_LAST_MS 600000 /**< the interval grows to this */

/** Zero is a search that has not begun. */
struct progress {
    bool is_searching;
    uint32_t said_stages; /**< bit n: stage n was told */
    unsigned n_waits;     /**< how often something was due without a change */
    uint64_t start_ms;
    uint64_t next_ms; /**< when something is due even without a change */
};

/**
 * Whether to say something at `now_ms`, when the search is in `stage` (below 32). Call it after
 * every turn of the loop while the search goes on.
 */
bool progress_is_due(struct progress *p, uint64_t now_ms, int stage);

/** Ends the search; the next one starts afresh. */
void progress_end(struct progress *p);

#endif
