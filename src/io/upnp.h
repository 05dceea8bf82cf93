/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Port mappings by UPnP (Internet Gateway Device), through libminiupnpc where the build has it. The
 * library blocks, so each job has a detached thread of its own that nobody waits for: a router that
 * hangs holds up neither the node nor its end. One job at a time. Only the router itself is spoken
 * to, whoever else answers the search for one.
 */
#ifndef DTT_IO_UPNP_H
#define DTT_IO_UPNP_H

#include "portmap/portmap.h"

#include <uv.h>

#define DTT_UPNP_URL_MAX 256

/** What to talk to at the router, as it was found by the last job; empty: not yet. */
struct dtt_upnp_device {
    char control[DTT_UPNP_URL_MAX];
    char service[128];
};

struct dtt_upnp_work;

struct dtt_upnp {
    uv_loop_t *loop;            /**< NULL: not in use */
    struct dtt_upnp_work *work; /**< NULL: none under way */
    struct dtt_upnp_device device;
};

/** Whether this build can. */
bool dtt_upnp_is_there(void);
void dtt_upnp_init(struct dtt_upnp *u, uv_loop_t *loop);
/** False: no thread, no memory, no library. Not while a job is under way. */
bool dtt_upnp_start(struct dtt_upnp *u, const struct dtt_portmap_job *job);
/** True, once: the job has ended. */
bool dtt_upnp_take(struct dtt_upnp *u, struct dtt_portmap_done *ret);
/** Waits for the end of a job that unmaps, at most so long. */
void dtt_upnp_wait_unmapped(struct dtt_upnp *u, int timeout_ms);
/** Abandons a job. */
void dtt_upnp_close(struct dtt_upnp *u);

/** The URL is of HTTP and names that IPv4 address as its host. */
bool dtt_upnp_is_at(const char *url, const struct dtt_addr *gateway);

#endif
