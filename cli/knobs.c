/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "knobs.h"

#include <dtt/dtt.h>
#include <string.h>

/* A value as it is given to --tune. */
static const char *value_text(const struct dtt_knob *k, int value, char *buf, size_t cap)
{
    if (k->unit == DTT_KNOB_SWITCH) {
        snprintf(buf, cap, "%s", value > 0 ? "on" : "off");
    } else if (value == 0 && k->min == 0) {
        snprintf(buf, cap, "off");
    } else if (k->unit == DTT_KNOB_MS && value % 1000 == 0) {
        snprintf(buf, cap, "%ds", value / 1000);
    } else {
        snprintf(buf, cap, "%d%s", value, k->unit == DTT_KNOB_MS ? "ms" : "");
    }
    return buf;
}

static void print_range(FILE *out, const struct dtt_knob *k)
{
    char low[24], high[24];
    struct dtt_knob whole = *k;
    if (k->unit == DTT_KNOB_SWITCH) {
        fprintf(out, "on or off");
        return;
    }
    whole.min = 1; /* value_text would call zero off */
    fprintf(out, "%s to %s%s", value_text(&whole, k->min > 0 ? k->min : 1, low, sizeof(low)),
            value_text(&whole, k->max, high, sizeof(high)), k->min == 0 ? ", or off" : "");
}

void knobs_print(FILE *out)
{
    struct dtt_knob k = {.size = sizeof(k)};
    fprintf(out, "%-20s %-9s %-9s %-9s range\n", "knob", "default", "seed", "rust-0.3");
    for (size_t i = 0; dtt_tuning_knob(i, &k) > 0; i++) {
        char text[3][24];
        for (int p = 0; p < 3; p++) {
            value_text(&k, dtt_knob_preset(i, p), text[p], sizeof(text[p]));
        }
        fprintf(out, "%-20s %-9s %-9s %-9s ", k.name, text[DTT_PRESET_DEFAULT],
                text[DTT_PRESET_SEED], text[DTT_PRESET_RUST_0_3]);
        print_range(out, &k);
        fprintf(out, "\n    %s\n", k.help);
    }
}
