/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/bucket.h"

#include "base/time.h"

#include <assert.h>

void dtt_bucket_init(struct dtt_bucket *b, uint64_t per_second, uint64_t burst, uint64_t now_ns)
{
    assert(per_second > 0 && per_second <= DTT_S && burst > 0 && burst <= DTT_S);
    *b = (struct dtt_bucket){
        .per_second = per_second, .burst = burst, .fill = burst * DTT_S, .last_ns = now_ns};
}

static void refill(struct dtt_bucket *b, uint64_t now_ns)
{
    if (now_ns <= b->last_ns) {
        return;
    }
    uint64_t gap = now_ns - b->last_ns;
    uint64_t room = b->burst * DTT_S - b->fill;
    b->last_ns = now_ns;
    if (gap >= room / b->per_second + 1) {
        b->fill = b->burst * DTT_S;
    } else {
        b->fill += gap * b->per_second;
    }
    assert(b->fill <= b->burst * DTT_S);
}

bool dtt_bucket_take(struct dtt_bucket *b, uint64_t n, uint64_t now_ns)
{
    refill(b, now_ns);
    if (n > b->burst || b->fill < n * DTT_S) {
        return false;
    }
    b->fill -= n * DTT_S;
    return true;
}

uint64_t dtt_bucket_ready_ns(struct dtt_bucket *b, uint64_t n, uint64_t now_ns)
{
    refill(b, now_ns);
    uint64_t need = n * DTT_S;
    if (b->fill >= need) {
        return now_ns;
    }
    return now_ns + (need - b->fill + b->per_second - 1) / b->per_second;
}
