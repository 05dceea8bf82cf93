/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Hostile nodes for networks of net.h: innocent in everything but gets, and there as they are told.
 */
#ifndef TESTS_UNIT_DHT_VILLAIN_H
#define TESTS_UNIT_DHT_VILLAIN_H

#include "net.h"

struct crime {
    bool silent_on_get;
    bool wrong_key;       /* a value signed by their own key, with the highest seq */
    bool wrong_key_named; /* the same, but `k` claims to be the right key */
    bool bad_signature;
    bool garbage;
    bool fake_contacts;   /* eight closer nodes that do not exist, others each time */
    bool name_each_other; /* the eight other villains next to the target, who do exist */
    bool misname;         /* names honest nodes by the farthest id there is */
    bool wrong_id;        /* answers under another id than it was known by */
    bool huge_token;
    bool others_token; /* a token that some honest node gave to the villain */
    bool always;       /* hostile in everything, not in gets alone */
    unsigned answers;  /* copies of each answer beyond the first */
};

struct villain {
    uint8_t id[20];
    struct crime crime;
};

extern struct villain villains[NET_NODES];  /* by number of the node */
extern uint64_t villain_fakes;              /* nodes made up so far */
extern const struct net_item *villain_item; /* what is looked for */

/** Forgets all villains. */
void villain_reset(const struct net_item *item);
size_t villain_add(struct net *net, const struct dtt_addr *addr, const uint8_t id[20],
                   struct crime crime);
/** From now on the nodes that villains make up are there, too, answer, and name others like them.
 */
void villain_raise_ghosts(struct net *net);
/** Asks nodes first ... last - 1 something, so that they learn of it. */
void villain_show_up(struct net *net, size_t self, size_t first, size_t last);

#endif
