/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Hostile peers: gangs of identities that know the topic and its members, and speak the transport
 * and gossip by hand, frame by frame. Only black holes are whole nodes.
 */
#ifndef DTT_SIM_HOSTILE_H
#define DTT_SIM_HOSTILE_H

#include "sim/world.h"

enum dtt_sim_role {
    DTT_SIM_NOBODY,
    DTT_SIM_SQUATTER,    /**< holds a connection of each member, says noise, and comes again */
    DTT_SIM_SILENCER,    /**< says Join each second, passes nothing on */
    DTT_SIM_BABBLER,     /**< a silencer that publishes garbage */
    DTT_SIM_BLACK_HOLE,  /**< a member whose messages and announcements do not get out */
    DTT_SIM_GOSSIPER,    /**< names peers that do not exist, at addresses without anybody */
    DTT_SIM_SLOW_READER, /**< joins, and after a while takes nothing in any more */
    DTT_SIM_REFLECTOR,   /**< names peers that do not exist, all at the third party's address */
    DTT_SIM_FLAPPER,     /**< leaves and joins ten times a second */
    DTT_SIM_ROLES
};

/** Identities that do the same. `n` of them, or `percent` of all, members and these together. */
struct dtt_sim_gang_config {
    enum dtt_sim_role role;
    uint32_t n;
    uint32_t percent;
    uint32_t hosts;  /**< which they share; 0: each has one of its own */
    bool is_near;    /**< the hosts are in one /24 */
    bool has_secret; /**< each publishes a record, or is a member */
};

struct dtt_sim_gang;

/** The topic of all scenarios. */
#define DTT_SIM_TOPIC "simulated room"
#define DTT_SIM_SECRET "simulated secret"
struct dtt_topic_config dtt_sim_topic(void);

/** Adds the hosts of a gang to a world that has its `members`. DTT_ENOMEM. */
int dtt_sim_gang_new(struct dtt_sim_gang **ret, struct dtt_sim_world *w,
                     const struct dtt_sim_gang_config *cfg, uint32_t members);
/** To be called before the world ends. */
void dtt_sim_gang_free(struct dtt_sim_gang *g);
/** It begins. DTT_E... */
int dtt_sim_gang_begin(struct dtt_sim_gang *g);

#endif
