/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An allocator that knows how many bytes each host has of each module. tests/weeks/counted.py makes
 * of each module an object that calls it under the module's name.
 */
#ifndef TESTS_WEEKS_HEAP_H
#define TESTS_WEEKS_HEAP_H

#include <stddef.h>
#include <stdint.h>

/** The modules that a node is made of; what base allocates counts for the module that called it. */
#define HEAP_MODULES(X) X(codec) X(crypto) X(dht) X(record) X(tracker) X(gossip) X(quic) X(node)

enum heap_module {
#define X(name) HEAP_##name,
    HEAP_MODULES(X)
#undef X
        HEAP_MODULE_COUNT
};

#define HEAP_HOSTS 1024

/** What is allocated next belongs to this host, below HEAP_HOSTS. */
void heap_enter(uint32_t host);
/** Bytes that a host has of a module now, as they were asked for. */
size_t heap_live(uint32_t host, enum heap_module m);
const char *heap_module_name(enum heap_module m);
/** Allocates for the host entered last, and forgets the block. */
void heap_leak(enum heap_module m, size_t n);

#endif
