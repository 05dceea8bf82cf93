/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The lines by which the laboratory builds an internet and changes it while it runs:
 *
 *     core WORDS                jitter=MS hops=N loss=PERCENT stranger=SECONDS
 *     router NAME WORDS         up=NAME gateway=IP ip=IP,... delay=MS
 *                               firewall=no|yes map=independent|address|port filter=(the same)
 *                               ports=keep|overload|random|sequential hairpin=no|yes
 *                               pool=paired|arbitrary refresh=out|both strays=no|yes max=N
 *                               idle=SECONDS idle_new=SECONDS hard=SECONDS v6=pass|filter
 *                               udp=pass|drop|reject portmap=off|pmp|pcp|refuse claims=IP
 *     host NAME WORDS           up=NAME ns=PATH ip=IP,... delay=MS ro=no|yes cut=no|yes
 *     set NAME WORDS            of a router or host; another ip= of a router also flushes it
 *     flush NAME                a router forgets its mappings
 *     show NAME                 a line with counters, for a router with its mappings; also "core"
 *
 * Each is answered by one of JSON, {"event":"answer"} with what is shown or with "refused" and why.
 */
#ifndef NAT_CONTROL_H
#define NAT_CONTROL_H

#include "internet.h"

/** Does what a line says and prints the answer. The line is cut into its words. */
void control_line(struct internet *net, uint64_t t_ns, char *line);

#endif
