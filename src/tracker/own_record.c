/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/own_record.h"

#include "tracker/inside.h"

#include <string.h>

uint64_t dtt_own_record_unix_s(const struct dtt_tracker *t, uint64_t mono_ns)
{
    int64_t unix_s = ((int64_t)mono_ns + t->wall_offset) / (int64_t)DTT_S;
    return unix_s > 0 ? (uint64_t)unix_s : 0;
}

/* Our record as of `mono_ns`, which is the same in all its slots: readers take the later one. */
static void describe_us(const struct dtt_tracker *t, uint64_t mono_ns, struct dtt_record_info *ret)
{
    const struct dtt_peers *peers = &t->peers;
    *ret =
        (struct dtt_record_info){.size = sizeof(*ret), .unix_s = dtt_own_record_unix_s(t, mono_ns)};
    for (size_t i = 0; i < peers->count && ret->n_active_peers < DTT_RECORD_PEERS; i++) {
        if (peers->list[i].state == DTT_PEER_NEIGHBOR) {
            ret->active_peers[ret->n_active_peers++] = peers->list[i].id;
        }
    }
    ret->n_message_hashes = dtt_window_newest(&t->window, ret->message_hashes);
    ret->reach = t->reach;
    ret->reach.age_s = (uint32_t)dtt_min_ns((mono_ns - t->start_ns) / DTT_S, UINT16_MAX);
    ret->n_addrs = t->n_addrs;
    memcpy(ret->addrs, t->addrs, sizeof(ret->addrs));
}

static int make_record(struct dtt_tracker *t, uint64_t minute, const struct dtt_record_info *info,
                       struct dtt_writer *ret)
{
    uint8_t buf[DTT_CONTENT_MAX];
    struct dtt_writer content = dtt_writer(buf, sizeof(buf));
    dtt_content_write(&content, info);
    return content.failed ? DTT_ETOOBIG
                          : dtt_record_make(ret, &t->cfg.secret, t->cfg.topic, minute,
                                            dtt_slice(buf, content.len), t->cfg.node_seed, &t->rng);
}

static void hand_out(struct dtt_tracker *t, const struct dtt_tracker_action *put,
                     const struct dtt_record_info *info)
{
    dtt_twin_made(&t->twin, dtt_slice(put->value, put->value_len));
    DTT_COUNT(t->ctx, TRACKER_PUTS);
    DTT_TRACE(t->ctx, TRACKER_PUT, dtt_tv_text(dtt_tracker_kind_name(put->slot.kind)),
              dtt_tv_int((int64_t)put->slot.minute), dtt_tv_int((int64_t)info->n_active_peers),
              dtt_tv_int((int64_t)info->n_message_hashes), dtt_tv_int((int64_t)info->n_addrs));
}

bool dtt_own_record_next(struct dtt_tracker *t, struct dtt_tracker_action *ret)
{
    struct dtt_record_info info;
    enum dtt_slot_kind kind;
    struct dtt_writer value = dtt_writer(ret->value, sizeof(ret->value));
    if (!dtt_publisher_next(&t->publisher, &kind)) {
        return false;
    }
    *ret = (struct dtt_tracker_action){.type = DTT_TRACKER_PUT};
    describe_us(t, t->publisher.put_ns, &info);
    if (kind == DTT_SLOT_OLD_LINE) {
        info.n_addrs = 0; /* the first readers of that line die of another size */
    }
    const struct dtt_view_slot *slot = dtt_view_slot(&t->view, kind, t->publisher.minute);
    /* Should that fail, the put times out and is tried again like any other. */
    if (!slot || make_record(t, t->publisher.minute, &info, &value) != DTT_OK) {
        return false;
    }
    ret->slot = slot->slot;
    ret->seq = dtt_slot_next_seq(kind, info.unix_s, slot->has_max_seq, slot->max_seq);
    ret->width = (uint8_t)t->cfg.tuning.slot_width;
    ret->is_brief = !dtt_tracker_is_searching(t);
    ret->copies = t->cfg.tuning.slot_copies;
    if (kind == DTT_SLOT_SECRET) {
        *(dtt_tracker_is_searching(t) ? &ret->first : &ret->spare) = DTT_DOORMAN_PLACES;
    }
    ret->value_len = value.len;
    hand_out(t, ret, &info);
    return true;
}

bool dtt_own_record_next_day(struct dtt_tracker *t, struct dtt_tracker_action *ret)
{
    struct dtt_record_info info;
    struct dtt_writer value = dtt_writer(ret->value, sizeof(ret->value));
    uint64_t day = dtt_clock_day(t->view.minute);
    if (!t->wants_day_record) {
        return false;
    }
    t->wants_day_record = false;
    *ret = (struct dtt_tracker_action){.type = DTT_TRACKER_PUT,
                                       .width = (uint8_t)t->cfg.tuning.slot_width,
                                       .is_brief = true,
                                       .copies = t->cfg.tuning.slot_copies};
    describe_us(t, t->now.mono_ns, &info);
    ret->seq = dtt_slot_next_seq(DTT_SLOT_SECRET, info.unix_s, false, 0);
    /* In that minute itself it is a record like any other. */
    if (day == t->view.minute || t->cfg.tuning.record_cap == 0 ||
        dtt_slot_make(&ret->slot, DTT_SLOT_SECRET, &t->cfg.secret, t->cfg.topic, day) != DTT_OK ||
        make_record(t, day, &info, &value) != DTT_OK) {
        return false;
    }
    ret->value_len = value.len;
    hand_out(t, ret, &info);
    return true;
}

int dtt_own_record_near(struct dtt_tracker *t, struct dtt_now now, uint64_t minute,
                        const struct dtt_addr *near, size_t n, struct dtt_writer *ret)
{
    struct dtt_record_info info;
    describe_us(t, now.mono_ns, &info);
    info.n_addrs = 0;
    for (size_t i = 0; i < n + t->n_addrs && info.n_addrs < DTT_RECORD_ADDRS; i++) {
        const struct dtt_addr *a = i < n ? &near[i] : &t->addrs[i - n];
        if (!dtt_addr_is_in(info.addrs, info.n_addrs, a)) {
            info.addrs[info.n_addrs++] = *a;
        }
    }
    int err = make_record(t, minute, &info, ret);
    if (!err) {
        dtt_twin_made(&t->twin, dtt_slice(ret->data, ret->len));
    }
    return err;
}
