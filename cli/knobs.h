/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The list that `--tune list` shows. */
#ifndef KNOBS_H
#define KNOBS_H

#include <stdio.h>

/** Each knob with its range, what the presets say and its effect, a line or two. */
void knobs_print(FILE *out);

#endif
