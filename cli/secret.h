/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The shared secret: from a file, the command line, the environment or the terminal. */
#ifndef CLI_SECRET_H
#define CLI_SECRET_H

#include "options.h"

#define SECRET_MAX 4096

struct secret {
    size_t len;
    char bytes[SECRET_MAX];
};

/**
 * Gets the secret of `topic` from --secret-file or --secret, else DTT_SECRET, else by asking when
 * standard input is a terminal. --secret is wiped from argv. An exit code; a sentence is printed
 * when it is not EXIT_OK. The caller wipes *ret in any case.
 */
int secret_get(struct secret *ret, struct options *o, const char *topic);

void secret_wipe(struct secret *s);

#endif
