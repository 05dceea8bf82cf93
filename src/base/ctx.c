/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/ctx.h"

static const struct {
    const char *name;
    const char *help;
} counters[] = {
#define X(name, text, help) {text, help},
#include "base/counter.def"
#undef X
};

const char *dtt_counter_name(enum dtt_counter c)
{
    return c < DTT_COUNTER_COUNT ? counters[c].name : "?";
}

const char *dtt_counter_help(enum dtt_counter c)
{
    return c < DTT_COUNTER_COUNT ? counters[c].help : "";
}
