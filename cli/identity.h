/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The identity file: a raw 32-byte secret seed that only its owner may read. */
#ifndef CLI_IDENTITY_H
#define CLI_IDENTITY_H

#include <dtt/types.h>

/**
 * Reads the seed in the file `name`, which is one in the user's data folder for "default", or makes
 * the file with a fresh seed and mode 0600 if it is missing. An exit code; a sentence is printed
 * when it is not EXIT_OK. The caller wipes the seed.
 */
int identity_load(const char *name, uint8_t ret_seed[DTT_SEED_BYTES]);

/**
 * Says so when another program has called this for the same file and has not ended yet. The file is
 * there, as after identity_load.
 */
void identity_hold(const char *name);

#endif
