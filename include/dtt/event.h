/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Events: reports of a node. They are pulled with dtt_node_next_event, in the order in which things
 * happened; DTT_EVENT_LISTENING is the first of every node. C99 and C++11 clean.
 */
#ifndef DTT_EVENT_H
#define DTT_EVENT_H

#include <dtt/record.h>
#include <dtt/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Types of events, each with the member of `u` that goes with it. Numbers are never reused. */
enum dtt_event_type {
    DTT_EVENT_LISTENING = 1,        /**< listening: the node is open */
    DTT_EVENT_JOINED = 2,           /**< joined: a topic's first neighbour */
    DTT_EVENT_MESSAGE = 3,          /**< message */
    DTT_EVENT_NEIGHBOR_UP = 4,      /**< neighbor; without a reason */
    DTT_EVENT_NEIGHBOR_DOWN = 5,    /**< neighbor */
    DTT_EVENT_LAGGED = 6,           /**< lagged: events were lost, the queue (4096) was full */
    DTT_EVENT_DIAL_FAILED = 7,      /**< dial_failed */
    DTT_EVENT_EXTERNAL_ADDR = 8,    /**< external_addr */
    DTT_EVENT_RECORD_PUBLISHED = 9, /**< published: a topic's record, or of dtt_node_publish */
    DTT_EVENT_WRITABLE = 10,        /**< none: a send that was refused would be accepted */
    DTT_EVENT_LEFT = 11,            /**< none: the last event of a topic */
    DTT_EVENT_RECORD = 12,          /**< record: of dtt_node_lookup */
    DTT_EVENT_LOOKUP_DONE = 13,     /**< lookup_done: the last of dtt_node_lookup */
    DTT_EVENT_DHT_VALUE = 14,       /**< dht_value: of a get */
    DTT_EVENT_DHT_DONE = 15,        /**< dht_done: the last of a get, find, ping, get_peers */
    DTT_EVENT_DHT_PUT = 16,         /**< dht_put: the last of a put */
    DTT_EVENT_DHT_NODE = 17,        /**< dht_node: of a find or ping */
    DTT_EVENT_DHT_READY = 18,       /**< none: a first DHT node has answered */
    DTT_EVENT_DHT_PEER = 19,        /**< dht_peer: of a get_peers */
    DTT_EVENT_DHT_ANNOUNCE = 20,    /**< dht_announce: the last of an announce */
    DTT_EVENT_STATE_FILE = 21,      /**< state_file: it cannot be kept, or can again */
    DTT_EVENT_LOST = 22,            /**< lost: own messages that nobody is known to have */
    DTT_EVENT_CLOCK = 23,           /**< clock: those of other members show another time */
    DTT_EVENT_TWIN = 24,            /**< twin: another program has this node's identity */
    DTT_EVENT_PORT_MAPPING = 25,    /**< port_mapping: what the home router has said */
    DTT_EVENT_LAN = 26,             /**< lan: a member was found in the local network */
    DTT_EVENT_MEMBER = 27,          /**< member: somebody is here, has a name, or is gone */
    DTT_EVENT_NEIGHBOR_WAY = 28,    /**< neighbor: it is reached in another way; without a reason */
    DTT_EVENT_RELAY = 29,           /**< relay: one of the config's serves, or does not */
    DTT_EVENT_MISSED = 30           /**< missed: messages of an author that have not come */
};

struct dtt_event_listening {
    struct dtt_id id;
    size_t n_addrs;
    struct dtt_addr addrs[2];
};

struct dtt_event_joined {
    uint64_t elapsed_ms; /**< since dtt_topic_join */
    uint32_t neighbors;
};

/** Whether a message is signed. */
enum dtt_signature {
    DTT_SIGNATURE_NONE = 0,    /**< plain: nobody says who wrote it */
    DTT_SIGNATURE_DATED = 1,   /**< the author has signed topic, time and number as well */
    DTT_SIGNATURE_UNDATED = 2, /**< signed as iroh-gossip's chat example does: the author has
                                  written it, in some topic, at some time */
    DTT_SIGNATURE_BAD = 3      /**< it looks signed, and the author it names has not signed it */
};

/** Whether a dated message may have been said before, and comes from somebody who has kept it. */
enum dtt_replayed {
    DTT_REPLAYED_NOT = 0,
    DTT_REPLAYED_HEARD = 1, /**< its number was heard before, or may have been */
    DTT_REPLAYED_LATE = 2,  /**< it was signed more than 130 s ago, by its author's clock */
    DTT_REPLAYED_EARLY = 3  /**< or more than 130 s ahead of now */
};

/**
 * What a signature covers is taken out of its envelope. Names that authors tell
 * (dtt_topic_set_name) make no message but a DTT_EVENT_MEMBER, and dated messages of other topics
 * are dropped.
 */
struct dtt_event_message {
    struct dtt_id neighbor; /**< the peer that delivered it, which need not be its author */
    const uint8_t *data;    /**< the content; NONE and BAD: all of it, as it came */
    size_t len;
    struct dtt_id author; /**< DATED and UNDATED; else zero */
    int signature;        /**< enum dtt_signature */
    int replayed;         /**< enum dtt_replayed; of others than DATED nobody can tell: 0 */
    int is_text;          /**< DATED and UNDATED, 1: UTF-8, as a text; 0: any bytes */
    uint64_t sent_ms;     /**< DATED: unix time, by the author's clock; else 0 */
    uint64_t seq;         /**< DATED: one more than of its last message of the topic, names counted;
                               a leap of 65536 or more is a new start; else 0 */
    const uint8_t *raw;   /**< all of it, as it came */
    size_t raw_len;
};

/** How a neighbour is reached. */
enum dtt_way {
    DTT_WAY_DIRECT = 1,
    DTT_WAY_RELAY = 2 /**< over a relay; a direct way takes its place as soon as one is found */
};

struct dtt_event_neighbor {
    struct dtt_id peer;
    int reason; /**< NEIGHBOR_DOWN: enum dtt_reason */
    int way;    /**< NEIGHBOR_UP, NEIGHBOR_WAY: enum dtt_way, at this moment */
};

struct dtt_event_lagged {
    uint64_t missed; /**< events that were dropped; a DTT_EVENT_LEFT may be among them */
};

/** What came of dialling one address. */
struct dtt_tried {
    struct dtt_addr addr;
    int reason; /**< enum dtt_reason */
};

struct dtt_event_dial_failed {
    struct dtt_id peer;
    struct dtt_addr addr; /**< the one that tells most; family none: no address is known */
    const char *stage;    /**< how far that came: "address", "connect", "handshake" */
    int reason;           /**< enum dtt_reason, of that address */
    size_t n_tried;
    const struct dtt_tried *tried; /**< all addresses, at most 8, the global ones first */
};

struct dtt_event_external_addr {
    struct dtt_addr addr; /**< of our socket as other DHT nodes see it */
    uint32_t votes;
};

struct dtt_event_published {
    uint64_t minute;
    uint32_t copies; /**< other DHT nodes that acknowledged the record */
    uint32_t op;     /**< of dtt_node_publish; 0: a joined topic's own record */
    int status;      /**< of dtt_node_publish: 0; DTT_EFULL: enough others are there */
    uint32_t others; /**< of dtt_node_publish: publishers seen before */
};

struct dtt_event_record {
    uint32_t op;
    uint64_t age_ms; /**< since the start of the record's minute */
    const struct dtt_record_info *record;
    const uint8_t *content; /**< all of it, as its publisher wrote it */
    size_t content_len;
};

struct dtt_event_lookup_done {
    uint32_t op;
    int status; /**< 0; DTT_ETIMEDOUT: no DHT node answered */
    uint32_t asked;
    uint32_t answered;
    uint32_t records;
    uint32_t refused;
    uint64_t elapsed_ms;
};

struct dtt_event_dht_value {
    uint32_t op;
    int64_t seq;      /**< mutable items; 0 for immutable */
    const uint8_t *v; /**< bencoded value as received */
    size_t v_len;
    const uint8_t *data; /**< contents when v is a byte string, else NULL */
    size_t data_len;
    uint32_t holders;       /**< nodes that have returned it so far */
    struct dtt_addr holder; /**< the first of them */
};

struct dtt_event_dht_done {
    uint32_t op;
    int status;        /**< 0; DTT_ETIMEDOUT: nobody answered; DTT_ECLOSED: cancelled;
                            DTT_EREFUSED: a ping was answered with an error */
    uint32_t asked;    /**< nodes asked */
    uint32_t answered; /**< nodes that answered, also with an error */
    uint32_t values;   /**< distinct valid values */
    uint64_t elapsed_ms;
    const struct dtt_dht_holder *holders; /**< a get: which nodes returned which value */
    size_t n_holders;                     /**< 0..96 */
    size_t holder_size;                   /**< bytes from one holder to the next */
};

struct dtt_event_dht_put {
    uint32_t op;
    int status; /**< 0: a node said yes; DTT_EREFUSED: none, and some answered with an error, or
                     none gave the token that a put needs; DTT_ETIMEDOUT: nobody answered;
                     DTT_ECLOSED: cancelled */
    uint8_t target[20];
    uint8_t key[32];
    int64_t seq;
    uint32_t asked;    /**< nodes that were sent the put */
    uint32_t acked;    /**< nodes that said yes (not all of them will have stored it) */
    uint32_t verified; /**< nodes that returned the value on read-back, when asked for */
    uint32_t refused;  /**< nodes that answered with an error */
    int error;         /**< the KRPC error most of them gave (301, 302, ...), 0 none */
    uint64_t elapsed_ms;
    uint32_t found; /**< nodes that answered the search for those closest to the target */
};

/** A ping's answer, or one of the closest nodes of a find. */
struct dtt_event_dht_node {
    uint32_t op;
    uint8_t id[20];
    struct dtt_addr addr;
    uint32_t rtt_us; /**< 0 unknown */
};

/** A peer announced under the info hash that was asked for. */
struct dtt_event_dht_peer {
    uint32_t op;
    struct dtt_addr addr;
};

struct dtt_event_dht_announce {
    uint32_t op;
    int status; /**< as of dht_put */
    uint8_t info_hash[20];
    uint16_t port;    /**< 0: the port our queries come from */
    uint32_t asked;   /**< nodes that were sent the announcement */
    uint32_t acked;   /**< nodes that said yes */
    uint32_t refused; /**< nodes that answered with an error */
    int error;        /**< the KRPC error most of them gave, 0 none */
    uint64_t elapsed_ms;
    uint32_t found; /**< as in struct dtt_event_dht_put */
};

/** A failure is told once, and then when it has ended; of dtt_node_save_state each end is. */
struct dtt_event_state_file {
    int status; /**< 0: saved; DTT_EIO: a save failed; DTT_ETIMEDOUT: the disk does not answer;
                     of the start DTT_EPROTO: the file is damaged, DTT_EIO: it cannot be read;
                     that was a cold start, and the file will be replaced */
    uint64_t retry_ms; /**< until it is tried again; 0: when the disk answers */
    char reason[64];   /**< the system's words for a failure, or empty */
};

/**
 * Messages that dtt_topic_send accepted, that no neighbour has acknowledged, and that are not kept
 * any longer: 30 s after they were sent, or when the topic is left. Until then they go to the next
 * neighbour too. A neighbour may have got them nevertheless, and its acknowledgement be lost.
 */
struct dtt_event_lost {
    uint64_t messages; /**< since the last such event of the topic */
};

/**
 * Members meet by the minute, so one whose clock is off by more than a minute finds others late or
 * not at all. Told when it shows, and again when the estimate changes by two minutes or becomes
 * sure.
 */
struct dtt_event_clock {
    int64_t
        offset_s; /**< by how much our clock is ahead of theirs (negative: behind); by the minute */
    uint32_t sources; /**< members whose clocks agree about that */
    uint32_t is_sure; /**< 1: so many that it is our clock that is off; 0: it may be theirs */
};

/**
 * A record of the node's own key that it has not made was written after it joined. Two programs
 * with one identity cannot both be neighbours: members answer the one that spoke last.
 */
struct dtt_event_twin {
    size_t n_addrs;
    struct dtt_addr addrs[DTT_RECORD_ADDRS]; /**< of the other program */
};

/** What has become of the node's port mapping. */
enum dtt_port_mapping_status {
    DTT_PORT_MAPPING_HELD = 1,      /**< strangers reach the node at `addr` */
    DTT_PORT_MAPPING_LOST = 2,      /**< the router has not renewed it, or is another one now */
    DTT_PORT_MAPPING_ABSENT = 3,    /**< no router answers PCP, NAT-PMP or UPnP */
    DTT_PORT_MAPPING_REFUSED = 4,   /**< the router says no: `reason` */
    DTT_PORT_MAPPING_SECOND_NAT = 5 /**< the router's own address `addr` is behind another NAT */
};

/**
 * A node behind a home router asks it for a mapping of its IPv4 UDP port, a second after its start
 * and then so often that it keeps it, and gives it back at its end. A change is told once.
 */
struct dtt_event_port_mapping {
    int status;           /**< enum dtt_port_mapping_status */
    struct dtt_addr addr; /**< family none where none is told */
    const char *protocol; /**< "PCP", "NAT-PMP", "UPnP"; empty: nobody has answered */
    const char *reason;   /**< REFUSED: a clause with a subject; else NULL */
    uint32_t lifetime_s;  /**< HELD: what the router has granted */
    uint32_t code;        /**< REFUSED: the protocol's error code */
};

/** Told once for each member and topic. It is dialled like any other. */
struct dtt_event_lan {
    struct dtt_id peer;
    struct dtt_addr addr; /**< one of those that its record names, or whence the record came */
};

enum dtt_member_change {
    DTT_MEMBER_APPEARED = 1, /**< it is here, perhaps with a name */
    DTT_MEMBER_NAMED = 2,    /**< it has another name now */
    DTT_MEMBER_GONE = 3      /**< a neighbour that has left, or nobody has heard it for long */
};

/** Of dtt_topic_members. A flood of new ones is not told in full. */
struct dtt_event_member {
    struct dtt_id member;
    struct dtt_id neighbor;      /**< the peer that brought its message; itself, when it is one */
    int change;                  /**< enum dtt_member_change */
    char name[DTT_NAME_MAX + 1]; /**< UTF-8 of any characters, make them harmless before you show
                                      them; empty: it has told none */
    char was[DTT_NAME_MAX + 1];  /**< NAMED: the one before, or empty */
};

/**
 * How a relay of the config is: told when it serves first, when it fails to for 5 s (at once, if it
 * has never served), and when it serves again; each relay at most every 5 s.
 */
struct dtt_event_relay {
    const char *url;     /**< without its query */
    uint32_t number;     /**< its place among `relays` of the config, from 0 */
    uint32_t is_up;      /**< 1: it takes datagrams */
    const char *trouble; /**< why it does not serve: a clause with a subject; NULL: it serves */
    const char *advice;  /**< what to do about it; NULL likewise */
    char detail[160];    /**< more of the trouble, perhaps in the relay's words, or empty */
};

/**
 * By the numbers of dated messages that have come of the author since it was first heard. Told when
 * they have not come for 10 to 20 s. Its names count, and what it has sent to its neighbours only.
 */
struct dtt_event_missed {
    struct dtt_id author;
    struct dtt_id neighbor; /**< the peer that brought the first message of it */
    uint64_t messages;
};

/** Bytes of `u`, fixed, so that struct dtt_event can grow at its end. */
#define DTT_EVENT_ROOM 256

/**
 * One event. It and everything it points to belong to the library, are read only, and are valid
 * until the next dtt_node_next_event. The payload structs may grow at their ends.
 */
struct dtt_event {
    size_t size;
    int type;          /**< enum dtt_event_type */
    uint32_t topic_id; /**< dtt_topic_id of the topic; 0 where the event is the node's */
    dtt_topic *topic;  /**< NULL likewise, and once the topic has been left */
    void *topic_user;  /**< `user` of its config, also when it has been left */
    uint64_t unix_ms;  /**< time of the event */
    /** The topic's hash, also in events of dtt_node_lookup and dtt_node_publish; zero otherwise. */
    uint8_t topic_hash[DTT_TOPIC_HASH_BYTES];
    union {
        struct dtt_event_listening listening;
        struct dtt_event_joined joined;
        struct dtt_event_message message;
        struct dtt_event_neighbor neighbor;
        struct dtt_event_lagged lagged;
        struct dtt_event_dial_failed dial_failed;
        struct dtt_event_external_addr external_addr;
        struct dtt_event_published published;
        struct dtt_event_record record;
        struct dtt_event_lookup_done lookup_done;
        struct dtt_event_dht_value dht_value;
        struct dtt_event_dht_done dht_done;
        struct dtt_event_dht_put dht_put;
        struct dtt_event_dht_node dht_node;
        struct dtt_event_dht_peer dht_peer;
        struct dtt_event_dht_announce dht_announce;
        struct dtt_event_state_file state_file;
        struct dtt_event_lost lost;
        struct dtt_event_clock clock;
        struct dtt_event_twin twin;
        struct dtt_event_port_mapping port_mapping;
        struct dtt_event_lan lan;
        struct dtt_event_member member;
        struct dtt_event_relay relay;
        struct dtt_event_missed missed;
        uint8_t room[DTT_EVENT_ROOM];
    } u;
};

/** Word for an event type as dtt_event_json writes it: "joined"; "unknown". Static. Any thread. */
DTT_API const char *dtt_event_word(int type);

/**
 * Renders an event as one JSON object without newline, the format of `dtt --json`. Always
 * NUL-terminates when cap > 0. Returns the length needed (as snprintf does).
 */
DTT_API size_t dtt_event_json(const struct dtt_event *ev, char *buf, size_t cap);

#ifdef __cplusplus
}
#endif

#endif
