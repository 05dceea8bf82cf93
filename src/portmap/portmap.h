/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One mapping of our UDP port at the home router: by PCP (RFC 6887), by NAT-PMP (RFC 6886) where
 * the router knows no PCP, and by UPnP where it knows neither or says no. The first two are
 * datagrams to the router; UPnP is work for the driver, who reports how it ended.
 *
 *     set_place, want -> tick, recv, upnp_done -> next_packet, next_job, next_report
 *
 * What the router says is checked: it has to come from the router, to answer what was asked, and to
 * name the IPv4 address at which the DHT sees us. Another address means another NAT behind the
 * router, through which nobody comes: such a mapping is deleted.
 */
#ifndef DTT_PORTMAP_PORTMAP_H
#define DTT_PORTMAP_PORTMAP_H

#include "base/ctx.h"
#include "base/time.h"
#include "portmap/natpmp.h"
#include "portmap/pcp.h"

#define DTT_PORTMAP_LIFETIME_S 7200
/** Requests at 0, 250 ms, 750 ms and 1.75 s; after 3 s nobody is there. */
#define DTT_PORTMAP_RESEND_NS (250 * DTT_MS)
#define DTT_PORTMAP_PATIENCE_NS (3 * DTT_S)
/** Until a router that is silent or refuses is asked again. */
#define DTT_PORTMAP_REST_NS (600 * DTT_S)
/** A change of the network does not make us ask more often than this. */
#define DTT_PORTMAP_SPACING_NS (5 * DTT_S)
/**
 * A mapping is renewed at half its life. By datagram it is after ten minutes, since nothing else
 * tells that the router was restarted, which forgets it. Not after less than one minute.
 */
#define DTT_PORTMAP_RENEW_NS (600 * DTT_S)
#define DTT_PORTMAP_RENEW_MIN_NS (60 * DTT_S)
#define DTT_PORTMAP_LIFE_MIN_S 120
#define DTT_PORTMAP_LIFE_MAX_S 86400
/** UPnP searches by multicast, which a router that has answered by then is spared. */
#define DTT_PORTMAP_UPNP_DELAY_NS (250 * DTT_MS)
/** What works longer than this at UPnP hangs. */
#define DTT_PORTMAP_UPNP_PATIENCE_NS (20 * DTT_S)
#define DTT_PORTMAP_UPNP_PORTS 4 /**< tried when others have them */
#define DTT_PORTMAP_PACKET_MAX DTT_PCP_MAP_BYTES

enum dtt_portmap_way {
    DTT_PORTMAP_WAY_NONE,
    DTT_PORTMAP_WAY_PCP,
    DTT_PORTMAP_WAY_NATPMP,
    DTT_PORTMAP_WAY_UPNP
};

enum dtt_portmap_state {
    DTT_PORTMAP_IDLE,     /**< not wanted, or nobody to ask */
    DTT_PORTMAP_ASKING,   /**< no mapping yet; a request is out, or UPnP is at work */
    DTT_PORTMAP_HOLDING,  /**< until `due_ns`, when it is renewed */
    DTT_PORTMAP_RENEWING, /**< held still, and asked for again */
    DTT_PORTMAP_RESTING,  /**< there is none; asked again at `due_ns` */
    DTT_PORTMAP_CLOSED
};

/** How an attempt has ended, or what has become of the mapping. */
enum dtt_portmap_outcome {
    DTT_PORTMAP_NOTHING_YET,
    DTT_PORTMAP_HELD,
    DTT_PORTMAP_LOST,      /**< not renewed in time; asked for anew */
    DTT_PORTMAP_ABSENT,    /**< no router answers */
    DTT_PORTMAP_REFUSED,   /**< the router says no: `code` */
    DTT_PORTMAP_SECOND_NAT /**< the router's outside address `addr` is not ours: another NAT */
};

struct dtt_portmap_report {
    enum dtt_portmap_outcome outcome;
    enum dtt_portmap_way way; /**< NONE: nobody has answered */
    struct dtt_addr addr;     /**< HELD: ours, outside; SECOND_NAT: the router's */
    uint32_t lifetime_s;      /**< HELD */
    unsigned code;            /**< REFUSED: of `way`'s protocol */
};

/** UPnP error codes (WANIPConnection), and two of the driver. */
enum dtt_portmap_upnp_code {
    DTT_UPNP_OK = 0,
    DTT_UPNP_ABSENT = 1, /**< no device of the router's has answered */
    DTT_UPNP_BROKEN = 2, /**< what it answers is no UPnP, or it hangs */
    DTT_UPNP_INVALID_ARGS = 402,
    DTT_UPNP_ACTION_FAILED = 501,
    DTT_UPNP_NOT_AUTHORIZED = 606,
    DTT_UPNP_CONFLICT = 718,
    DTT_UPNP_ONLY_PERMANENT = 725
};

/** Work for the driver: map, or unmap when `is_unmap`. One at a time. */
struct dtt_portmap_job {
    bool is_unmap;
    struct dtt_addr gateway; /**< nobody else is spoken to */
    struct dtt_addr client;  /**< with the inside port */
    uint16_t external_port;
    uint32_t lifetime_s; /**< 0: for ever */
};

struct dtt_portmap_done {
    unsigned code;            /**< enum dtt_portmap_upnp_code or another */
    struct dtt_addr external; /**< of a mapping made */
};

/** A request to the router under way. */
struct dtt_portmap_ask {
    enum dtt_portmap_way way; /**< NONE: none is */
    enum dtt_natpmp_op op;    /**< of NAT-PMP: the address first */
    uint64_t resend_ns;
    uint64_t wait_ns;
    uint64_t until_ns;
};

enum dtt_portmap_upnp_state {
    DTT_PORTMAP_UPNP_IDLE,
    DTT_PORTMAP_UPNP_WAITING, /**< until `due_ns` */
    DTT_PORTMAP_UPNP_QUEUED,  /**< `job` is for the driver */
    DTT_PORTMAP_UPNP_RUNNING  /**< the driver has it, until `due_ns` */
};

struct dtt_portmap_upnp {
    enum dtt_portmap_upnp_state state;
    bool is_there; /**< the driver can do it */
    bool is_out;   /**< the driver has a job, if one that nobody waits for any more */
    uint64_t due_ns;
    unsigned tries;
    uint32_t lifetime_s; /**< asked for: 0 where the router knows permanent ones only */
    struct dtt_portmap_job job;
};

struct dtt_portmap {
    struct dtt_ctx *ctx;
    struct dtt_rng rng;
    enum dtt_portmap_state state;
    bool is_wanted;
    struct dtt_addr gateway; /**< port 5351; family none: nobody to ask */
    struct dtt_addr client;  /**< our address towards it, with our port */
    struct dtt_addr seen;    /**< our IPv4 address as the DHT sees it */
    struct dtt_portmap_ask ask;
    struct dtt_portmap_upnp upnp;
    struct dtt_portmap_report held;    /**< HELD while HOLDING or RENEWING */
    struct dtt_portmap_report failure; /**< of the attempt under way */
    struct dtt_portmap_report report;  /**< the last one */
    bool is_report_due;
    uint64_t due_ns;
    uint64_t expires_ns; /**< of the mapping held */
    uint64_t asked_ns;   /**< when the last attempt began; DTT_NEVER: there was none */
    uint32_t epoch_s;    /**< of the router, at epoch_ns; 0: unknown */
    uint64_t epoch_ns;
    struct dtt_pcp_map pcp; /**< the last PCP request */
    size_t packet_len;      /**< 0: none waits */
    uint8_t packet[DTT_PORTMAP_PACKET_MAX];
};

/** `nonce`: of all PCP requests; the same after a restart, so that the mapping is ours still. */
void dtt_portmap_init(struct dtt_portmap *p, struct dtt_ctx *ctx,
                      const uint8_t nonce[DTT_PCP_NONCE_BYTES]);
void dtt_portmap_fini(struct dtt_portmap *p);

/** The driver does UPnP. */
void dtt_portmap_set_upnp(struct dtt_portmap *p, bool is_there);
/**
 * Our IPv4 router and our address towards it, with our port. Family none: there is none. A mapping
 * at another router is given up, as it cannot be reached any more.
 */
void dtt_portmap_set_place(struct dtt_portmap *p, struct dtt_now now,
                           const struct dtt_addr *gateway, const struct dtt_addr *client);
/** Whether a mapping is wanted, and the address at which the DHT sees us. */
void dtt_portmap_want(struct dtt_portmap *p, struct dtt_now now, bool is_wanted,
                      const struct dtt_addr *seen);
/** The network has changed: whatever is known is asked again. */
void dtt_portmap_moved(struct dtt_portmap *p, struct dtt_now now);
/** True: the datagram came from the router's port of PCP and is nobody else's. */
bool dtt_portmap_recv(struct dtt_portmap *p, struct dtt_now now, const struct dtt_addr *from,
                      struct dtt_slice datagram);
/** ICMP: nobody listens at `remote`. */
void dtt_portmap_unreachable(struct dtt_portmap *p, struct dtt_now now,
                             const struct dtt_addr *remote);
/** The job taken last has ended. */
void dtt_portmap_upnp_done(struct dtt_portmap *p, struct dtt_now now,
                           const struct dtt_portmap_done *done);
/** Gives the mapping back: the last packet, or job. */
void dtt_portmap_close(struct dtt_portmap *p);

uint64_t dtt_portmap_deadline(const struct dtt_portmap *p);
void dtt_portmap_tick(struct dtt_portmap *p, struct dtt_now now);

/** A datagram from `client` to `gateway`; 0: none. */
size_t dtt_portmap_next_packet(struct dtt_portmap *p, uint8_t ret[DTT_PORTMAP_PACKET_MAX]);
bool dtt_portmap_next_job(struct dtt_portmap *p, struct dtt_now now, struct dtt_portmap_job *ret);
/** Something has changed that is worth telling. */
bool dtt_portmap_next_report(struct dtt_portmap *p, struct dtt_portmap_report *ret);

/** The mapping held; NULL: none. */
const struct dtt_portmap_report *dtt_portmap_held(const struct dtt_portmap *p);

/** "PCP", "NAT-PMP", "UPnP", or "" for none. Static. */
const char *dtt_portmap_way_word(enum dtt_portmap_way way);
/** "held", "lost", "absent", "refused", "second_nat"; "asking" for nothing yet. Static. */
const char *dtt_portmap_outcome_word(enum dtt_portmap_outcome outcome);
/** What a refusal means, as a clause with a subject. Static. */
const char *dtt_portmap_reason(const struct dtt_portmap_report *report);

#endif
