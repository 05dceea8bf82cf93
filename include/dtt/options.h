/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Configs by name, for bindings and for programs that read theirs from text: a dtt_options keeps
 * copies of everything it is given, so that the caller may free it. One thread at a time. C99 and
 * C++11 clean.
 *
 *     dtt_options *o = dtt_options_new();
 *     dtt_options_set(o, "bootstrap", "router.example:6881", why, sizeof(why));
 *     dtt_options_set(o, "name", "tea room", why, sizeof(why));
 *     dtt_options_set(o, "secret", "...", why, sizeof(why));
 *     dtt_node_open(&node, dtt_options_node(o));
 *     dtt_topic_join(&topic, node, dtt_options_topic(o));
 *     dtt_options_free(o);
 */
#ifndef DTT_OPTIONS_H
#define DTT_OPTIONS_H

#include <dtt/dtt.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dtt_options dtt_options;

/** Has all defaults; NULL when out of memory. */
DTT_API dtt_options *dtt_options_new(void);

/** Wipes and frees it and the configs it gave. NULL is fine. Returns NULL. */
DTT_API dtt_options *dtt_options_free(dtt_options *o);

/**
 * Sets an option; "listen", "bootstrap", "pkarr", "dns_origin", "relay" and "peer" may be set
 * several times, of others the last value counts.
 *
 * Of a node: "seed" (64 hex digits), "listen" (ADDR:PORT), "bootstrap" (HOST:PORT), "dht_only",
 * "no_bootstrap", "read_only", "no_portmap", "portmap", "no_lan", "lan_iroh",
 * "publish_addrs" (on or off), "log_level" (off, error, warn, info, debug), "state_file", "pkarr"
 * (URL), "dns_origin" (a domain), "ca_file", "relay" (URL). Of a topic: "name", "topic_hash" (64
 * hex digits), "closed" (on or off), "secret" (text), "secret_hex", "preset" (default, seed,
 * rust-0.3), "peer" (ID@ADDR:PORT, or ID), "tune" (NAME=VALUE, as dtt_tuning_set).
 *
 * The reason of a failure goes to `why` as by dtt_tuning_set. Errors: DTT_EINVAL, DTT_EADDR,
 * DTT_EFULL (too many values), DTT_ENOMEM; then nothing has changed.
 */
DTT_API int dtt_options_set(dtt_options *o, const char *name, const char *value, char *why,
                            size_t cap);

/** What has been set for dtt_node_open. Valid until the next dtt_options_set or _free. */
DTT_API const struct dtt_config *dtt_options_node(const dtt_options *o);

/** What has been set for dtt_topic_join, dtt_node_lookup and dtt_node_publish. Likewise. */
DTT_API const struct dtt_topic_config *dtt_options_topic(const dtt_options *o);

#ifdef __cplusplus
}
#endif

#endif
