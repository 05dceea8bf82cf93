/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the queries of `dtt dht` find: printed as it comes, and the exit code at the end. */
#ifndef CLI_DHT_RESULT_H
#define CLI_DHT_RESULT_H

#include "session.h"

/** Prints the event if it is one of a query; the last one ends the session. */
void dht_result_take(struct session *s, const struct dtt_event *event);

#endif
