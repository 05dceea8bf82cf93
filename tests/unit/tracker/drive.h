/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One tracker driven by hand; each input is followed by a look at what it asks for. */
#ifndef TESTS_UNIT_TRACKER_DRIVE_H
#define TESTS_UNIT_TRACKER_DRIVE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#define SELF 99
#define M START_MINUTE

/* What a tracker asked for since the last look. */
struct outcome {
    unsigned gets, puts, dials, records, published, clocks, twins;
    uint64_t get_minutes[2 * DTT_SLOT_KINDS];
    struct dtt_tracker_action put, dial, pub, record, twin;
};

extern struct dtt_ctx ctx;
extern struct dtt_tracker *t;
extern struct outcome out;

/** Takes all actions that wait: `out` tells them. */
void collect(void);
/** One with a slot a minute, which makes counts readable; teardown frees it. */
void open_tracker(int preset, uint64_t ms);
int setup(void **state);
int teardown(void **state);
void tick(uint64_t ms);
/** A value has come from the public slot. */
void value(uint64_t ms, uint64_t minute, const struct sealed *s);
void plain_value(uint64_t ms, unsigned n);
/** One that names a neighbour. */
void member_value(uint64_t ms, unsigned n);
/** Both minutes' public slots have been read. */
void reads_done(uint64_t ms, uint64_t minute);
void put_done(uint64_t ms, uint32_t acked);
void up(uint64_t ms, unsigned n);
void down(uint64_t ms, unsigned n);
struct dtt_tracker_status status(uint64_t ms);
/** Goes from deadline to deadline up to `ms`; counts what was asked for on the way. */
struct outcome run(uint64_t ms);
/** What the record says that was to be put last. */
struct dtt_record_info open_put(void);

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
