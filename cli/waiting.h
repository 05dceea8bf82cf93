/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a session waits for, in words. */
#ifndef CLI_WAITING_H
#define CLI_WAITING_H

#include "options.h"

#define WAITING_SENTENCE_MAX 1024

/** The value of a metric of the node; 0 when there is none of this name. */
uint64_t waiting_metric(const dtt_node *node, const char *name);

/** How far a search of `for_ms` has come; `topic`: NULL where only DHT nodes are waited for. */
void waiting_explain(const dtt_node *node, const dtt_topic *topic, uint64_t for_ms,
                     struct dtt_why *ret);

/** The sentence of `why`, with the hosts tried as long as no DHT node has answered. */
void waiting_sentence(const struct options *o, const struct dtt_why *why, bool is_over,
                      char sentence[WAITING_SENTENCE_MAX]);

/** The same for a line that is shown all the time, with what a person can do if `has_hint`. */
void waiting_status(const struct dtt_why *why, bool has_hint, bool has_topic,
                    char sentence[WAITING_SENTENCE_MAX]);

/** What a person can do about a wait in this stage, or NULL. */
const char *waiting_hint(const struct dtt_why *why, bool has_topic);

#endif
