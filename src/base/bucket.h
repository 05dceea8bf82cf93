/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Token bucket: at most `burst` tokens, refilled at `per_second`. Integer arithmetic only. */
#ifndef DTT_BASE_BUCKET_H
#define DTT_BASE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct dtt_bucket {
    uint64_t per_second; /**< tokens per second; 1 .. 10^9 */
    uint64_t burst;      /**< tokens; 1 .. 10^9 */
    uint64_t fill;       /**< token-nanoseconds: tokens * 10^9 */
    uint64_t last_ns;
};

/** Starts full at `now_ns` (monotonic). */
void dtt_bucket_init(struct dtt_bucket *b, uint64_t per_second, uint64_t burst, uint64_t now_ns);
/** Takes `n` tokens when they are there. */
bool dtt_bucket_take(struct dtt_bucket *b, uint64_t n, uint64_t now_ns);
/** When `n` tokens (n <= burst) will be there; `now_ns` when they are. */
uint64_t dtt_bucket_ready_ns(struct dtt_bucket *b, uint64_t n, uint64_t now_ns);

#endif
