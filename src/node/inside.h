/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The inside of a core, shared by the files of this folder. core.c stands above the others and
 * hands each output of a module to the file that handles it. None of them calls core.c: outputs
 * that a call causes are routed before the next packet is sent.
 */
#ifndef DTT_NODE_INSIDE_H
#define DTT_NODE_INSIDE_H

#include "lan/lan.h"
#include "node/core.h"
#include "node/events.h"
#include "node/limits.h"
#include "node/links.h"
#include "node/lookups.h"
#include "node/meet.h"
#include "node/relays.h"
#include "node/self.h"
#include "node/strangers.h"
#include "node/twins.h"
#include "node/waits.h"
#include "node/why.h"
#include "portmap/portmap.h"

/** Only forward. */
enum dtt_core_state {
    DTT_CORE_OPEN,
    DTT_CORE_SHUT,   /**< all topics have been left, none can be joined */
    DTT_CORE_HUNG_UP /**< nothing is routed any more: the last packets are to go out */
};

struct dtt_core {
    struct dtt_ctx *ctx;
    struct dtt_core_config cfg; /**< dht_only: the next four members are not in use */
    struct dtt_transport transport;
    struct dtt_gossip *gossip;
    struct dtt_links links;
    struct dtt_relays relays;
    size_t home_told; /**< relays.home, as others were told last */
    struct dtt_topic *topics[DTT_CORE_TOPICS];
    size_t n_topics;
    size_t turn;         /**< the topic after the one that was routed last */
    uint32_t last_topic; /**< number of the newest */
    struct dtt_id id;
    struct dtt_dht *dht;
    struct dtt_lan *lan; /**< NULL: the local network is not asked */
    struct dtt_events events;
    struct dtt_waits waits;
    struct dtt_lookups lookups;
    struct dtt_self self;
    struct dtt_strangers strangers;
    struct dtt_reach reach; /**< as trackers were told last */
    uint64_t reach_ns;      /**< when it is looked at again, if something else wakes us */
    struct dtt_portmap portmap;
    uint64_t portmap_ns; /**< before then no mapping is asked for; DTT_NEVER: then is past */
    uint8_t portmap_packet[DTT_PORTMAP_PACKET_MAX];
    struct dtt_twins twins;
    uint64_t lost;   /**< messages of all topics, told so far */
    uint32_t n_once; /**< lookups and publications so far: their numbers */
    struct dtt_why_names names;
    struct dtt_dht_packet dht_packet;
    struct dtt_meet_packet meet_packet;
    enum dtt_core_state state;
};

#endif
