/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The knobs by name: lists, reads and checks what a program sets in a struct dtt_tuning. */
#include "tracker/tuning.h"
#include "api/node_priv.h"

#include <stdio.h>

enum { MS = DTT_KNOB_MS, N = DTT_KNOB_NUMBER, ON = DTT_KNOB_SWITCH };

enum { N_PRESETS = DTT_PRESET_RUST_0_3 + 1 };

struct knob {
    struct dtt_knob is;
    int presets[N_PRESETS]; /* by enum dtt_preset */
    size_t offset;          /* in struct dtt_tuning */
};

static const struct knob knobs[] = {
#define KNOB(type, name, min, max, def, seed, rust, help) \
    {{0, #name, type, min, max, help}, {def, seed, rust}, offsetof(struct dtt_tuning, name)},
#include "tracker/tuning.def"
};

#define N_KNOBS (sizeof(knobs) / sizeof(knobs[0]))

_Static_assert(sizeof(struct dtt_tuning) == sizeof(size_t) + N_KNOBS * sizeof(int),
               "a knob for each field, and no padding: it would be a later version's field");

int dtt_tuning_knob(size_t i, struct dtt_knob *ret)
{
    if (i >= N_KNOBS) {
        return 0;
    }
    return dtt_write_sized(ret, &knobs[i].is, sizeof(knobs[i].is)) ? 1 : DTT_EINVAL;
}

int dtt_knob_preset(size_t i, int preset)
{
    return i < N_KNOBS && preset >= 0 && (size_t)preset < N_PRESETS ? knobs[i].presets[preset]
                                                                    : DTT_EINVAL;
}

static const struct knob *find(const char *name, size_t len)
{
    for (size_t i = 0; i < N_KNOBS; i++) {
        if (strlen(knobs[i].is.name) == len && memcmp(knobs[i].is.name, name, len) == 0) {
            return &knobs[i];
        }
    }
    return NULL;
}

/* "a number from 1 to 32", "a time from 0.1 to 86400 s", "on or off" into `buf`. */
static const char *range_text(const struct knob *k, char *buf, size_t cap)
{
    const char *off = k->is.min == 0 ? " or off" : "";
    switch (k->is.unit) {
    case MS:
        snprintf(buf, cap, "a time from %d ms to %d s, as 1500ms or 1.5s%s",
                 k->is.min > 0 ? k->is.min : 1, k->is.max / 1000, off);
        break;
    case N:
        snprintf(buf, cap, "a whole number from %d to %d%s", k->is.min > 0 ? k->is.min : 1,
                 k->is.max, off);
        break;
    case ON: snprintf(buf, cap, "on or off"); break;
    }
    return buf;
}

/* Whole thousandths of a decimal number; false for anything else. Moves *text behind it. */
static bool read_thousandths(const char **text, int64_t *ret)
{
    const char *p = *text;
    int64_t value = 0;
    unsigned digits = 0;
    for (; *p >= '0' && *p <= '9' && digits < 12; p++, digits++) {
        value = value * 10 + (*p - '0');
    }
    value *= 1000;
    if (digits > 0 && *p == '.') {
        int64_t unit = 100;
        for (p++; *p >= '0' && *p <= '9' && unit > 0; p++, unit /= 10) {
            value += (*p - '0') * unit;
        }
    }
    *text = p;
    *ret = value;
    return digits > 0;
}

static bool parse(const struct knob *k, const char *text, int *ret)
{
    int64_t thousandths;
    if (strcmp(text, "off") == 0 || (k->is.unit != ON && strcmp(text, "0") == 0)) {
        *ret = DTT_OFF;
        return k->is.min == 0;
    }
    if (k->is.unit == ON) {
        *ret = 1;
        return strcmp(text, "on") == 0;
    }
    if (!read_thousandths(&text, &thousandths)) {
        return false;
    }
    int64_t value = thousandths / 1000;
    if (k->is.unit == MS && strcmp(text, "s") == 0) {
        value = thousandths;
    } else if (k->is.unit == MS ? strcmp(text, "ms") != 0 || thousandths % 1000
                                : *text != '\0' || thousandths % 1000) {
        return false;
    }
    *ret = value > 0 && value <= k->is.max ? (int)value : 0;
    return value >= k->is.min && value > 0 && value <= k->is.max;
}

static int refuse_value(char *why, size_t cap, const struct knob *k)
{
    char range[96];
    return dtt_refuse(DTT_EINVAL, why, cap, "%s must be %s", k->is.name,
                      range_text(k, range, sizeof(range)));
}

int dtt_tuning_set(struct dtt_tuning *t, const char *assignment, char *why, size_t cap)
{
    int value;
    if (!t || !assignment) {
        return dtt_refuse(DTT_EINVAL, why, cap, "there is no tuning or no knob to set");
    }
    size_t len = strcspn(assignment, "=");
    const struct knob *k = find(assignment, len);
    if (!k) {
        return dtt_refuse(DTT_EINVAL, why, cap, "there is no knob '%.*s'",
                          (int)(len < 40 ? len : 40), assignment);
    }
    if (t->size < k->offset + sizeof(int)) {
        return dtt_refuse(DTT_EINVAL, why, cap, "a tuning of %zu bytes has no knob '%s'", t->size,
                          k->is.name);
    }
    if (assignment[len] != '=' || !parse(k, assignment + len + 1, &value)) {
        return refuse_value(why, cap, k);
    }
    memcpy((char *)t + k->offset, &value, sizeof(value));
    return DTT_OK;
}

/* The few knobs that depend on each other. */
static const char *conflict(const struct dtt_tracker_tuning *t)
{
    if (t->no_record_wait_max_ns < t->no_record_wait_ns) {
        return "no_record_wait_max must not be less than no_record_wait";
    }
    if (t->publish_fail_max_ns < t->publish_fail_min_ns) {
        return "publish_fail_max must not be less than publish_fail_min";
    }
    if (t->publish_base_ns + t->publish_jitter_ns < DTT_S) {
        return "publish_base and publish_jitter together must be 1 s at least";
    }
    if (t->slot_copies > t->slot_width) {
        return "slot_copies must not be more than slot_width";
    }
    return NULL;
}

int dtt_tuning_check(const struct dtt_tuning *t, int preset, char *why, size_t cap)
{
    struct dtt_tuning ours;
    struct dtt_tracker_tuning tuned;
    if (preset < DTT_PRESET_DEFAULT || preset > DTT_PRESET_RUST_0_3) {
        return dtt_refuse(DTT_EINVAL, why, cap, "there is no preset %d", preset);
    }
    if (!t || t->size < sizeof(t->size)) {
        return dtt_refuse(DTT_EINVAL, why, cap, "the size of the tuning is not set");
    }
    if (!dtt_read_sized(&ours, sizeof(ours), t)) {
        return dtt_refuse(DTT_EINVAL, why, cap,
                          "a knob is set that this version of the library does not have");
    }
    for (size_t i = 0; i < N_KNOBS; i++) {
        const struct knob *k = &knobs[i];
        int value = *(const int *)((const char *)&ours + k->offset);
        if (value != 0 &&
            (value == DTT_OFF ? k->is.min > 0 : value < k->is.min || value > k->is.max)) {
            return refuse_value(why, cap, k);
        }
    }
    dtt_tracker_tuning_make(&tuned, preset, &ours);
    const char *wrong = conflict(&tuned);
    return wrong ? dtt_refuse(DTT_EINVAL, why, cap, "%s", wrong) : DTT_OK;
}
