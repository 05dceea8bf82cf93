/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Knobs as text, KNOB=VALUE, a line each: what is refused has a sentence and changes nothing, and a
 * knob that was set is within its range.
 */
#include <dtt/dtt.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct dtt_tuning tuning = {.size = sizeof(tuning)};
    char *text = calloc(1, len + 1), *line = text;
    char why[160];

    if (!text) {
        return 0;
    }
    if (len > 0) {
        memcpy(text, data, len);
    }
    while (line) {
        struct dtt_tuning before = tuning;
        char *next = strchr(line, '\n');

        if (next) {
            *next++ = '\0';
        }
        why[0] = '\0';
        if (dtt_tuning_set(&tuning, line, why, sizeof(why)) != DTT_OK &&
            (why[0] == '\0' || memcmp(&before, &tuning, sizeof(tuning)) != 0)) {
            abort();
        }
        line = next;
    }
    for (int preset = DTT_PRESET_DEFAULT; preset <= DTT_PRESET_RUST_0_3; preset++) {
        why[0] = '\0';
        if (dtt_tuning_check(&tuning, preset, why, sizeof(why)) != DTT_OK && why[0] == '\0') {
            abort();
        }
    }
    free(text);
    return 0;
}
