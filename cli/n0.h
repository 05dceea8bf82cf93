/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The public servers of iroh's preset "N0", which '--n0' names (docs/protocol: pkarr, relay). */
#ifndef CLI_N0_H
#define CLI_N0_H

#include "options.h"

#define N0_RELAYS 4
#define N0_PKARR "https://dns.iroh.link/pkarr"
#define N0_DNS_ORIGIN "dns.iroh.link"

/** Adds those that the options do not name, behind those that they do. False: they do not fit. */
bool n0_add(struct options *o);

#endif
