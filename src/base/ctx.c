/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/ctx.h"

static const struct {
    const char *name;
    const char *help;
} metrics[] = {
#define X(name, text, help) {text, help},
#include "base/metric.def"
#undef X
};

const char *dtt_metric_name(enum dtt_metric m)
{
    return m < DTT_METRIC_COUNT ? metrics[m].name : "?";
}

const char *dtt_metric_help(enum dtt_metric m)
{
    return m < DTT_METRIC_COUNT ? metrics[m].help : "";
}
