/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whole nodes prove to each other that they hold the secret; links.c has the cases. */
#include "node/link_proofs.h"

#include "node/core_topic.h"
#include "node/inside.h"
#include "party.h"
#include "sim/plain.h"

static uint64_t counted(const struct party *p, size_t peer, enum dtt_counter counter)
{
    return p->peers[peer].host->ctx.counters[counter];
}

static void members_know_of_each_other_that_they_are(void **state)
{
    static const struct dtt_transport_ops *const transports[] = {NULL, &dtt_sim_plain};
    (void)state;
    for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
        struct party p;
        party_init(&p, 11);
        p.w.transport = transports[i];
        party_add(&p, "room", "secret");
        party_add(&p, "room", "secret");
        party_add(&p, "room", "secret");
        assert_true(party_run(&p, 60 * DTT_S, party_has_joined));
        party_run(&p, 2 * DTT_S, NULL);
        for (size_t k = 0; k < p.n; k++) {
            struct dtt_gossip_facts facts =
                dtt_gossip_facts(p.peers[k].host->core->gossip, &p.peers[k].host->topic->id);
            assert_true(facts.neighbors > 0);
            assert_int_equal(facts.proven, facts.neighbors);
            assert_true(counted(&p, k, DTT_COUNTER_NODE_PROOFS_GOOD) > 0);
            assert_int_equal(counted(&p, k, DTT_COUNTER_NODE_PROOFS_REFUSED), 0);
        }
        dtt_sim_world_fini(&p.w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_know_of_each_other_that_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
