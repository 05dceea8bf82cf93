/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the tests of one network share: each makes it (net_init), the teardown ends it. */
#ifndef TESTS_UNIT_DHT_FIXTURE_H
#define TESTS_UNIT_DHT_FIXTURE_H

#include "dht/inside.h"
#include "net.h"
#include "support/vectors.h"

static struct net net;

static int teardown(void **state)
{
    (void)state;
    net_fini(&net);
    return 0;
}

/* Nodes in the tables of node i. */
static inline size_t live(size_t i)
{
    return dtt_dht_live(net.nodes[i].dht);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

#endif
