/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/reach.h"

#include "base/addr.h"

/* Class and age; VARY adds an IPv4 address with port, and the step. */
#define SHORT_LEN 3

const char *dtt_reach_name(int kind)
{
    switch (kind) {
    case DTT_REACH_OPEN: return "open";
    case DTT_REACH_CONE: return "cone";
    case DTT_REACH_VARY: return "vary";
    default: return "unknown";
    }
}

bool dtt_reach_is_sound(const struct dtt_reach *r)
{
    if (r->kind < DTT_REACH_UNKNOWN || r->kind > DTT_REACH_VARY) {
        return false;
    }
    return r->kind != DTT_REACH_VARY ||
           (r->last.family == DTT_FAMILY_V4 && dtt_addr_is_usable(&r->last) &&
            r->step >= -DTT_REACH_STEP_MAX && r->step <= DTT_REACH_STEP_MAX);
}

void dtt_reach_write(struct dtt_writer *w, const struct dtt_reach *r)
{
    uint8_t age[2];
    if (!r->is_told || !dtt_reach_is_sound(r)) {
        return;
    }
    dtt_put_le16(age, (uint16_t)(r->age_s < UINT16_MAX ? r->age_s : UINT16_MAX));
    dtt_write_u8(w, (uint8_t)r->kind);
    dtt_write(w, age, sizeof(age));
    if (r->kind == DTT_REACH_VARY) {
        dtt_addr_write_compact(w, &r->last);
        dtt_write_u8(w, (uint8_t)r->step);
    }
}

int dtt_reach_read(struct dtt_slice value, struct dtt_reach *ret)
{
    struct dtt_reach got = {.is_told = 1};
    struct dtt_reader r = dtt_reader(value);
    got.kind = dtt_read_u8(&r);
    struct dtt_slice age = dtt_read(&r, 2);
    if (r.failed ||
        value.len != (got.kind == DTT_REACH_VARY ? DTT_REACH_VALUE_MAX : (size_t)SHORT_LEN)) {
        return DTT_EPROTO;
    }
    got.age_s = dtt_get_le16(age.data);
    if (got.kind == DTT_REACH_VARY) {
        if (dtt_addr_from_compact(dtt_read(&r, DTT_ADDR_COMPACT4), &got.last) != DTT_OK) {
            return DTT_EPROTO;
        }
        got.step = dtt_read_u8(&r);
        got.step -= got.step > INT8_MAX ? UINT8_MAX + 1 : 0;
    }
    if (!dtt_reach_is_sound(&got)) {
        return DTT_EPROTO;
    }
    *ret = got;
    return DTT_OK;
}

uint64_t dtt_reach_joined_s(const struct dtt_reach *r, uint64_t unix_s)
{
    return r->is_told && unix_s > r->age_s ? unix_s - r->age_s : 0;
}
