/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The list that `--tune list` shows. */
#ifndef KNOBS_H
#define KNOBS_H

#include <stdio.h>

/** Prints each knob with its presets, range and effect. */
void knobs_print(FILE *out);

#endif
