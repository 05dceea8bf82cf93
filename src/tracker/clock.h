/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Whether our wall clock is right. Members meet in the slots of a minute, so one whose clock is off
 * finds nobody. While it is alone a member looks further: at the minutes around, and at the slot of
 * the day, where members leave a record now and then. What others show of their clocks makes an
 * estimate: the proof on a connection, fresh by its making, and records of minutes to come. A
 * record of a past minute says nothing, as it may be left over.
 */
#ifndef DTT_TRACKER_CLOCK_H
#define DTT_TRACKER_CLOCK_H

#include "base/time.h"

#include <dtt/types.h>
#include <stdbool.h>

#define DTT_CLOCK_SHOWN 16                   /**< members whose clocks are remembered */
#define DTT_CLOCK_KEEP_NS (30 * 60 * DTT_S)  /**< for so long */
#define DTT_CLOCK_OFF_S 120                  /**< less is not worth a word */
#define DTT_CLOCK_SURE 3                     /**< so many must agree before it is ours */
#define DTT_CLOCK_AFTER_NS (4 * DTT_S)       /**< alone for so long: look further */
#define DTT_CLOCK_SLOW_NS (30 * DTT_S)       /**< between looks after the first round */
#define DTT_CLOCK_DAY 1440                   /**< minutes */
#define DTT_CLOCK_RENEW_NS (10 * 60 * DTT_S) /**< the record of the day, of a member alone */

struct dtt_clock_shown {
    struct dtt_id member;
    int64_t offset_s; /**< our clock less its */
    uint64_t mono_ns; /**< when it was shown */
};

/** What the clocks of others say about ours. */
struct dtt_clock_guess {
    int64_t offset_s;  /**< the median; positive: ours is ahead */
    uint32_t sources;  /**< members whose clocks were seen */
    uint32_t agreeing; /**< of them, within a minute or so of the median */
};

struct dtt_clock {
    unsigned turn;
    uint64_t looked_ns;  /**< mono; 0: not yet while alone */
    uint64_t renewed_ns; /**< mono; our record of the day; DTT_NEVER: none yet */
    size_t n;
    struct dtt_clock_shown shown[DTT_CLOCK_SHOWN];
};

void dtt_clock_init(struct dtt_clock *c);
/** The clock was set: what was compared with it is void. */
void dtt_clock_was_set(struct dtt_clock *c);

/** The minute whose secret slot is the slot of the day. */
static inline uint64_t dtt_clock_day(uint64_t minute)
{
    return minute - minute % DTT_CLOCK_DAY;
}
/** Whether a member that is alone since `since_ns` may look further now. */
bool dtt_clock_may_look(const struct dtt_clock *c, uint64_t since_ns, uint64_t mono_ns);
/** The minute to look at in turn. *ret_is_day: its secret slot only. */
uint64_t dtt_clock_look(struct dtt_clock *c, uint64_t minute, uint64_t mono_ns, bool *ret_is_day);
/** Whether a member that is alone renews its record of the day; if so it has. */
bool dtt_clock_renew(struct dtt_clock *c, uint64_t mono_ns);

/** The clock of `member` shows `minute` while ours shows `ours`. */
void dtt_clock_show(struct dtt_clock *c, uint64_t mono_ns, const struct dtt_id *member,
                    uint64_t minute, uint64_t ours);
/** All zero when nobody has shown anything. */
struct dtt_clock_guess dtt_clock_guess(const struct dtt_clock *c, uint64_t mono_ns);
/** The guess is worth a word. */
bool dtt_clock_is_off(const struct dtt_clock_guess *g);
/** Enough members agree, so it is our clock that is wrong. */
bool dtt_clock_is_sure(const struct dtt_clock_guess *g);

#endif
