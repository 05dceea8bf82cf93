/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Bootstrap hosts that are names, looked up in a loop: all at once, and again after 5 seconds, 10,
 * up to 5 minutes, until each has an address.
 */
#ifndef DTT_IO_NAMES_H
#define DTT_IO_NAMES_H

#include "base/ctx.h"
#include "base/time.h"
#include "io/resolve.h"

#include <uv.h>

struct dtt_name;

struct dtt_names {
    struct dtt_ctx *ctx;
    uv_loop_t *loop;
    void *user;
    void (*on_address)(void *user, struct dtt_now now, const struct dtt_addr *addr);
    void (*on_end)(void *user, struct dtt_now now); /**< a look-up is over */
    struct dtt_name *list;
    size_t n;
};

/** Zero it and set ctx, loop, user and the functions first. Room for `n` names. DTT_ENOMEM. */
int dtt_names_init(struct dtt_names *s, size_t n);
/** Those under way are abandoned. Comes after the loop has closed its handles. */
void dtt_names_fini(struct dtt_names *s);
/** "host:port": begins at once, if there is room. The errors of dtt_addr_split_host. */
int dtt_names_add(struct dtt_names *s, struct dtt_now now, const char *text);
/** How many are being looked up, and how many could not be, for want of a thread. */
void dtt_names_count(const struct dtt_names *s, unsigned *ret_resolving, unsigned *ret_threadless);
uint64_t dtt_names_deadline(const struct dtt_names *s);
/** Tries again what is due; true when there was something. */
bool dtt_names_tick(struct dtt_names *s, struct dtt_now now);

#endif
