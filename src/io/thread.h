/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Threads for calls that may take as long as they like (name servers, routers). Nobody joins them,
 * so such a call holds up neither the node nor its end: a thread owns what it uses, and the library
 * stays mapped once it has been loaded (-z nodelete) for those that outlive the node.
 */
#ifndef DTT_IO_THREAD_H
#define DTT_IO_THREAD_H

#include <stdbool.h>

/** Runs fn(arg) beside the caller, without signals and with a small stack. False: it cannot. */
bool dtt_thread_start(void *(*fn)(void *), void *arg);

#endif
