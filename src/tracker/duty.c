/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/duty.h"

#include "tracker/inside.h"

/* Whose record newcomers do not know is not let in by their routers. */
void dtt_duty_choose(struct dtt_tracker *t, struct dtt_now now)
{
    if (t->door.wake_ns != DTT_NEVER && dtt_publisher_is_visible(&t->publisher, t->view.minute)) {
        t->ctx->counters[DTT_COUNTER_TRACKER_DOOR_DIALS] +=
            dtt_doorman_choose(now, &t->view, &t->peers);
    }
}

/* Rust members know no door, and presets that follow them read at their own times. */
void dtt_duty_step(struct dtt_tracker *t, struct dtt_now now)
{
    const struct dtt_tracker_tuning *tu = &t->cfg.tuning;
    if (dtt_tracker_is_searching(t) || tu->swarm_records == 0 || tu->secret_slot == 0) {
        dtt_doorman_init(&t->door);
        return;
    }
    if (t->door.wake_ns != DTT_NEVER && t->door.wake_ns > now.mono_ns) {
        return;
    }
    uint32_t members = dtt_census_members(&t->census, &t->view, &t->peers);
    switch (dtt_doorman_step(&t->door, now, &t->view, &t->peers, members,
                             t->reach.kind == DTT_REACH_OPEN)) {
    case DTT_DOORMAN_NOTHING: break;
    case DTT_DOORMAN_BEGINS:
        dtt_publisher_on_duty(&t->publisher, now);
        dtt_reads_start_current(&t->reads, now.mono_ns, 1u << DTT_SLOT_SECRET);
        break;
    case DTT_DOORMAN_READS: dtt_duty_choose(t, now); break;
    }
}

dtt_slot_kinds dtt_duty_kinds_read(const struct dtt_tracker *t)
{
    dtt_slot_kinds secret = 1u << DTT_SLOT_SECRET;
    bool is_read = t->door.minute == t->view.minute &&
                   dtt_reads_current_answered_ns(&t->reads, secret) != DTT_NEVER;
    return is_read ? secret : 0;
}

bool dtt_duty_next(struct dtt_tracker *t, struct dtt_tracker_action *ret)
{
    uint8_t sample = t->door.sample;
    const struct dtt_view_slot *slot =
        sample > 0 && dtt_publisher_is_visible(&t->publisher, t->view.minute)
            ? dtt_view_slot(&t->view, DTT_SLOT_SECRET, t->view.minute)
            : NULL;
    t->door.sample = 0;
    if (!slot) {
        return false;
    }
    *ret = (struct dtt_tracker_action){.type = DTT_TRACKER_GET,
                                       .slot = slot->slot,
                                       .width = (uint8_t)t->cfg.tuning.slot_width,
                                       .sample = sample,
                                       .first = DTT_DOORMAN_PLACES,
                                       .is_brief = true};
    DTT_COUNT(t->ctx, TRACKER_DOOR_READS);
    DTT_TRACE(t->ctx, TRACKER_DOOR, dtt_tv_text(dtt_tracker_kind_name(DTT_SLOT_SECRET)),
              dtt_tv_int((int64_t)t->view.minute));
    return true;
}
