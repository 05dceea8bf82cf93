/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Signals as something to poll, instead of handlers. */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include <stdbool.h>

/**
 * Catches SIGINT, SIGTERM and SIGHUP, and with `terminal` also SIGWINCH and SIGTSTP. Returns the
 * descriptor to poll, or -1 after saying why. Call it once in a process, before there are threads.
 */
int signals_open(bool terminal);

/** The next caught signal; 0: none. */
int signals_next(int fd);

#endif
