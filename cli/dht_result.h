/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Prints the results of `dtt dht` as they come and gives the exit code at the end. */
#ifndef CLI_DHT_RESULT_H
#define CLI_DHT_RESULT_H

#include "session.h"

/** Prints an event of a query and ignores others; the last one ends the session. */
void dht_result_take(struct session *s, const struct dtt_event *event);

#endif
