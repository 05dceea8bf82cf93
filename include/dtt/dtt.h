/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * libdtt: programs that share a topic name and a secret find each other on the BitTorrent mainline
 * DHT, connect over QUIC by public key, and exchange messages in a gossip swarm.
 *
 * The shape of a program:
 *
 *     open a node -> join a topic -> loop { wait; pull events; send } -> leave -> close
 *
 * Handles are opaque. Structs begin with their size, set by the caller, and grow at their ends
 * (docs/design/abi.md of the source); 0 or NULL in a field means its default. Everything that is
 * passed is copied and may be freed at once. Functions return 0 or a positive number on success and
 * a negative DTT_E... on failure (dtt_error_text). The library never prints, exits, blocks (but
 * dtt_node_wait) or calls back (but dtt_rotation_fn).
 *
 * A node and its topics are used by one thread at a time; there is no state a thread. dtt_node_wake
 * is the only call that another thread may make meanwhile: to send from there, put the message into
 * a queue of your own and wake the thread that runs the node. After fork, the child must not touch
 * the nodes of its parent, nor close them. C99 and C++11 clean.
 */
#ifndef DTT_DTT_H
#define DTT_DTT_H

#include <dtt/event.h>
#include <dtt/record.h>
#include <dtt/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DTT_VERSION_MAJOR 0
#define DTT_VERSION_MINOR 1
#define DTT_VERSION_PATCH 0

/** "MAJOR.MINOR.PATCH" of the library in use. */
DTT_API const char *dtt_version(void);

/** Largest message in bytes: what iroh-gossip's frame limit leaves. */
#define DTT_MESSAGE_MAX 4057

/** DTT_MESSAGE_MAX of the library in use, for bindings. Any thread. */
DTT_API size_t dtt_message_max(void);

/** Largest content of a signed message. */
#define DTT_MESSAGE_SIGNED_MAX 3902

/** DTT_MESSAGE_SIGNED_MAX of the library in use, for bindings. Any thread. */
DTT_API size_t dtt_message_signed_max(void);

/**
 * Host number `i` (0, 1, ...) of those that a node starts from unless its config names others, as
 * "HOST:PORT"; NULL past the last. Static. Any thread.
 */
DTT_API const char *dtt_public_bootstrap(size_t i);

/* ------------------------------------------------------------------ node */

enum dtt_node_flags {
    DTT_NODE_DHT_ONLY = 1 << 0,     /**< a plain DHT node: no QUIC, no topics */
    DTT_NODE_NO_BOOTSTRAP = 1 << 1, /**< contact no bootstrap host (first node of a private DHT) */
    DTT_NODE_READ_ONLY = 1 << 2,    /**< answer no DHT queries (BEP 43) */
    DTT_NODE_NO_PORTMAP = 1 << 3,   /**< never ask the home router for a port mapping; otherwise a
                                         node behind one does while it has topics */
    DTT_NODE_PORTMAP = 1 << 4,      /**< ask for one without topics, too */
    DTT_NODE_NO_LAN = 1 << 5,       /**< do not look for members in the local network */
    DTT_NODE_LAN_IROH = 1 << 6,     /**< speak iroh's own service there, too: it tells everybody in
                                         that network the endpoint id and the addresses */
    DTT_NODE_PUBLISH_ADDRS = 1 << 7 /**< pkarr servers are told our addresses, where everybody who
                                         knows the endpoint id can read them */
};

/** Log levels: what `log_level` lets through. */
enum dtt_log_level {
    DTT_LOG_OFF = 0,
    DTT_LOG_ERROR = 1,
    DTT_LOG_WARN = 2,
    DTT_LOG_INFO = 3,
    DTT_LOG_DEBUG = 4
};

struct dtt_config {
    size_t size;                    /**< sizeof(struct dtt_config) */
    const uint8_t *seed;            /**< 32-byte secret identity; NULL: a fresh one */
    const char *const *listen;      /**< n_listen numeric "ADDR:PORT", at most one a family;
                                         none: all interfaces, IPv4 and IPv6, any port */
    size_t n_listen;                /**< 0..2 */
    const char *const *bootstrap;   /**< n_bootstrap "HOST:PORT"; none: the public hosts */
    size_t n_bootstrap;             /**< 0..32 */
    unsigned flags;                 /**< enum dtt_node_flags */
    int log_level;                  /**< enum dtt_log_level, for dtt_node_next_log */
    const char *state_file;         /**< keeps the DHT node's id and the nodes it knows for the next
                                         start: read at open, replaced as a whole a minute later,
                                         every ten minutes and at close. A missing or damaged file
                                         means a cold start. For one open node at a time.
                                         DTT_EVENT_STATE_FILE tells what goes wrong. A short-lived
                                         process (fork) writes it, so that no disk holds up the
                                         program. NULL: none */
    const char *const *pkarr;       /**< n_pkarr URLs of pkarr servers, as
                                         "https://dns.iroh.link/pkarr": while there are topics they
                                         are asked where a peer is of which only the endpoint id is
                                         known, and told at which relay this node is, and with
                                         DTT_NODE_PUBLISH_ADDRS its addresses */
    size_t n_pkarr;                 /**< 0..4 */
    const char *const *dns_origins; /**< n_dns_origins domains, as "dns.iroh.link", where the name
                                         servers of this host are asked the same */
    size_t n_dns_origins;           /**< 0..4 */
    const char *ca_file;            /**< PEM: the authorities that are trusted to name servers;
                                         NULL: those of the system */
    const char *const *relays;      /**< n_relays URLs of iroh's relays, as "https://relay.example":
                                         the node stays connected to them, and peers that are at the
                                         same ones reach it where no datagram does; others that only
                                         peers name are used where nothing else reaches these. A
                                         query, as in "https://relay.example/?token=T", is shown to
                                         the relay and to nobody else */
    size_t n_relays;                /**< 0..8; none: no relay is used */
};

/**
 * Opens a node: binds its sockets and starts finding DHT nodes. Nothing blocks. The first event,
 * DTT_EVENT_LISTENING, waits already. Errors: DTT_EINVAL and DTT_EADDR (an address that is not of
 * its form), which dtt_config_check explains, as it does DTT_EIO for a state file that cannot be
 * one and for a `ca_file` without a certificate; DTT_EADDRINUSE, DTT_EADDRNOTAVAIL, DTT_EPERM,
 * DTT_EIO, DTT_EMFILE, DTT_ENOMEM, DTT_ECRYPTO. *ret is written only on success and is closed by
 * dtt_node_close.
 */
DTT_API DTT_MUST_USE int dtt_node_open(dtt_node **ret, const struct dtt_config *cfg);

/**
 * The error that dtt_node_open would give for this config itself, or DTT_OK; the reason goes to
 * `why` as a sentence without full stop (`cap` bytes; may be NULL and 0). Any thread.
 */
DTT_API int dtt_config_check(const struct dtt_config *cfg, char *why, size_t cap);

/**
 * Leaves all topics, says goodbye to neighbours, closes and frees everything, at once. Events and
 * topics of the node are invalid afterwards. NULL is fine. Returns NULL. With a state file it waits
 * for the disk, two seconds at most; what hangs longer goes on in a process of its own.
 */
DTT_API dtt_node *dtt_node_close(dtt_node *n);

/** The node's endpoint id. Valid until close. */
DTT_API const struct dtt_id *dtt_node_id(const dtt_node *n);

/** Writes up to `cap` bound local addresses; returns how many there are. */
DTT_API size_t dtt_node_addrs(const dtt_node *n, struct dtt_addr *ret, size_t cap);

/**
 * Descriptor that is readable while dtt_node_process has work (timers too) or events are queued: a
 * loop that waits for it, processes and drains the events needs nothing else. It stays the same
 * until dtt_node_close, which closes it. Level-triggered, or edge-triggered when drained each time.
 * Poll it, never read it. On the BSDs and macOS it is a kqueue: watch it with poll or select there,
 * since a kqueue inside a kqueue may not fire.
 */
DTT_API dtt_fd dtt_node_fd(const dtt_node *n);

/** Milliseconds until a timer makes dtt_node_fd readable; 0 now, -1 never. For loops without poll.
 */
DTT_API int dtt_node_timeout_ms(const dtt_node *n);

/**
 * Does what is due: reads and writes sockets, runs timers, fills the event queue. Bounded work,
 * never blocks. 0, or DTT_EIO when the sockets are gone for good.
 */
DTT_API int dtt_node_process(dtt_node *n);

/**
 * Waits up to `timeout_ms` (-1: for ever) for work or a wake, then processes; for programs without
 * a loop of their own. Returns at once while events are queued. 1: woken by dtt_node_wake, else 0
 * or a dtt_node_process error.
 */
DTT_API int dtt_node_wait(dtt_node *n, int timeout_ms);

/** Makes dtt_node_wait return, and dtt_node_fd readable once. Any thread; async-signal-safe. */
DTT_API void dtt_node_wake(dtt_node *n);

/**
 * Saves the state file now, as dtt_node_close does, and tells by DTT_EVENT_STATE_FILE how that
 * ended: for a program that wants to know before it closes. Errors: DTT_ESTATE (the node keeps
 * none).
 */
DTT_API int dtt_node_save_state(dtt_node *n);

/** Adds a DHT node to start from, e.g. from a user's own list. Errors: DTT_EINVAL. */
DTT_API int dtt_node_add_dht_node(dtt_node *n, const struct dtt_addr *addr);

/**
 * Next log line (without newline), oldest first, or NULL. `ret_level` may be NULL. Valid until the
 * next call. At most 1024 lines wait; newer ones are dropped and counted.
 */
DTT_API const char *dtt_node_next_log(dtt_node *n, int *ret_level);

enum dtt_metric_kind {
    DTT_METRIC_COUNTER = 1, /**< since the node was opened; never falls */
    DTT_METRIC_GAUGE = 2    /**< at this moment */
};

struct dtt_metric {
    size_t size;      /**< sizeof(struct dtt_metric), set by the caller */
    int kind;         /**< enum dtt_metric_kind */
    const char *name; /**< lower case with underscores; static, as `help` */
    const char *help; /**< what it counts */
    uint64_t value;
};

/**
 * Metric number `i` (0, 1, ...): 1, or 0 past the last. Numbers may mean other metrics in another
 * version, names stay. Writes min(ret->size, ours) bytes. Errors: DTT_EINVAL.
 */
DTT_API int dtt_node_metric(const dtt_node *n, size_t i, struct dtt_metric *ret);

/**
 * What the node knows and does at this moment, as one JSON object without newline, for viewers and
 * bug reports; libdtt(3) lists its members. It has no secret, no name of a topic and no content of
 * a message. Always NUL-terminates when cap > 0. Returns the length needed (as snprintf does):
 * `cap` or more means that the text was cut. Another call may need more, since time has passed.
 */
DTT_API size_t dtt_node_snapshot_json(const dtt_node *n, char *buf, size_t cap);

/* ----------------------------------------------------------------- topic */

/** Figures of the tracker's timers and limits; dtt_knob_preset tells each. */
enum dtt_preset {
    DTT_PRESET_DEFAULT = 0,
    DTT_PRESET_SEED = 1,    /**< the first Rust version (0.1) */
    DTT_PRESET_RUST_0_3 = 2 /**< distributed-topic-tracker 0.3.5 */
};

/** In a field of struct dtt_tuning: off, none, not at all. 0 is the preset's value. */
#define DTT_OFF (-1)

/**
 * Changes to a preset. In each field 0 is the preset's value, DTT_OFF is off (for a knob that can
 * be off), 1 turns a switch on, and times are in milliseconds. dtt_tuning_knob lists ranges,
 * presets and effects. New knobs are added at the end: the library reads as
 * many as `size` says, so that programs built with another version keep working.
 */
struct dtt_tuning {
    size_t size;     /**< sizeof(struct dtt_tuning) */
    int record_cap;  /**< stay silent while this many others are visible in the minute; off: never
                        publish */
    int get_timeout; /**< ms: a slot read ends after this; what it has brought counts */
    int put_timeout; /**< ms: a put without an outcome fails after this */
    int put_retries; /**< attempts after the first one */
    int put_retry_base;     /**< ms: pause before a retry */
    int put_retry_jitter;   /**< ms: plus a random time below this */
    int slot_width;         /**< DHT nodes closest to a slot that are read, and written to */
    int slot_copies;        /**< how many of them get our record; nodes that hold none first */
    int no_record_wait;     /**< ms: wait after a search pass that found nobody */
    int no_record_wait_max; /**< ms: it grows pass by pass up to this */
    int dial_pace;          /**< ms: between the dials of two peers */
    int dial_timeout;       /**< ms: a dial without an outcome fails after this */
    int join_wait;   /**< ms: after the last dial, for a dialled peer to become a neighbour */
    int retry_wait;  /**< ms: after a pass that joined nobody */
    int older_first; /**< switch: until a record of ours is stored, a search reads the two minutes
                          before the current one */
    int publish_on_start; /**< switch: a record before anything has been read */
    int publish;          /**< switch: records while joined; off: only those of a search */
    int swarm_records;    /**< records a minute of the whole swarm, by election; off: each member by
                             the timers below */
    int publish_first;    /**< ms: first record after joining */
    int publish_base;     /**< ms: period of records */
    int publish_jitter;   /**< ms: plus a random time below this; with the base 1s at least */
    int publish_fail_min; /**< ms: first back-off after the retries; off: the usual period */
    int publish_fail_max; /**< ms: it doubles up to this */
    int bubble_below;     /**< bubble merging while there are fewer neighbours than this */
    int bubble_dials;     /**< strangers dialled in a bubble pass; off: no bubble merging */
    int bubble_first;     /**< ms: first bubble pass after joining */
    int bubble_base;      /**< ms: between bubble passes */
    int bubble_jitter;    /**< ms: plus a random time below this */
    int overlap_dials;    /**< strangers dialled in an overlap pass; off: no overlap merging */
    int overlap_first;    /**< ms: first overlap pass after joining */
    int overlap_base;     /**< ms: between overlap passes */
    int overlap_jitter;   /**< ms: plus a random time below this */
    int merge_settle;     /**< switch: five early passes in the first half minute after joining */
    int redial_lost;   /**< ms: how long a neighbour that fell silent is dialled again; off: not */
    int secret_slot;   /**< switch: use the slots derived from the secret too */
    int old_line_slot; /**< switch: use the slots of the Rust line 0.1 and 0.2 too */
    int recall_time;   /**< ms: what was said up to so long ago is kept for members that come back;
                          off: 30s */
    int recall_messages; /**< of what is older than 30s so many messages and KiB stay at most */
};

/** What a knob's value means. */
enum dtt_knob_unit {
    DTT_KNOB_MS = 1,     /**< a time in milliseconds */
    DTT_KNOB_NUMBER = 2, /**< a number */
    DTT_KNOB_SWITCH = 3  /**< 1 on, DTT_OFF off */
};

/** A field of struct dtt_tuning. */
struct dtt_knob {
    size_t size;      /**< sizeof(struct dtt_knob), set by the caller */
    const char *name; /**< as the field */
    int unit;         /**< enum dtt_knob_unit */
    int min, max;     /**< min 0: can be off */
    const char *help; /**< its effect */
};

/**
 * Knob number `i` (0, 1, ...): 1, or 0 past the last. Strings are static. Writes min(ret->size,
 * ours) bytes. Errors: DTT_EINVAL. Any thread.
 */
DTT_API int dtt_tuning_knob(size_t i, struct dtt_knob *ret);

/** Value of knob `i` in `preset` (enum dtt_preset), 0: off. Errors: DTT_EINVAL. Any thread. */
DTT_API int dtt_knob_preset(size_t i, int preset);

/**
 * Sets a knob from "NAME=VALUE": a time as 1500ms or 1.5s, a number, "on" or "off". `t->size` is
 * set by the caller. On DTT_EINVAL, the only error, the reason is in `why` (`cap` bytes; may be
 * NULL and 0) as a sentence without full stop. Any thread.
 */
DTT_API int dtt_tuning_set(struct dtt_tuning *t, const char *assignment, char *why, size_t cap);

/**
 * DTT_OK when all knobs are within their ranges and fit together under `preset` (enum dtt_preset);
 * else DTT_EINVAL, with the reason in `why` as dtt_tuning_set. dtt_topic_join checks the same. Any
 * thread.
 */
DTT_API int dtt_tuning_check(const struct dtt_tuning *t, int preset, char *why, size_t cap);

/** A peer and one address where it was seen. */
struct dtt_peer_addr {
    size_t size; /**< sizeof(struct dtt_peer_addr); in an array the same in each */
    struct dtt_id id;
    struct dtt_addr addr; /**< no family: it is looked for */
};

enum dtt_topic_flags {
    DTT_TOPIC_CLOSED = 1 << 0 /**< the topic's hash follows from name and secret
                                   (dtt_topic_hash_closed), so nobody finds it, hears or speaks
                                 there without the secret. Otherwise the topic is open: the secret
                                 seals its records, but who knows the name and a member's address
                                 can hear and speak */
};

struct dtt_topic_config {
    size_t size;               /**< sizeof(struct dtt_topic_config) */
    const char *name;          /**< topic name, or NULL when topic_hash is given */
    const uint8_t *topic_hash; /**< 32 bytes, or NULL when name is given */
    const void *secret;        /**< shared secret; the copy is wiped on leave */
    size_t secret_len;         /**< bytes, at least 1 */
    dtt_rotation_fn rotation;  /**< NULL: the default */
    void *rotation_user;
    int preset;                        /**< enum dtt_preset */
    const struct dtt_peer_addr *peers; /**< n_peers peers to dial besides those found */
    size_t n_peers;                    /**< 0..64 */
    void *user;                        /**< returned in events; keep it until DTT_EVENT_LEFT */
    const struct dtt_tuning *tuning;   /**< NULL: all as the preset */
    unsigned flags;                    /**< enum dtt_topic_flags */
};

/**
 * Joins a topic: starts looking for peers and returns at once (DTT_TOPIC_CLOSED: after the 0.2 s of
 * dtt_topic_hash_closed, as all that take such a config; a program with no time to spare calls that
 * in another thread and joins by the hash); DTT_EVENT_JOINED comes with the first neighbour. One
 * handle per topic and node (DTT_ESTATE for a second, and on a node that is DTT_NODE_DHT_ONLY). At
 * most 64 topics a node (DTT_EFULL). Errors: also DTT_EINVAL, of which dtt_topic_config_check tells
 * more, and DTT_ENOMEM. *ret is written only on success and is freed by dtt_topic_leave or
 * dtt_node_close.
 *
 * Neighbours tell a newcomer what was said in the last 30 seconds; neighbours with this library
 * also what they keep of the last two minutes (`recall_time`). A topic that this node has left less
 * than a minute more than that ago does not bring what was heard or said in it before. Another
 * process knows nothing of that: restarted, it hears those messages again, its own included.
 */
DTT_API DTT_MUST_USE int dtt_topic_join(dtt_topic **ret, dtt_node *n,
                                        const struct dtt_topic_config *cfg);

/** As dtt_config_check, for dtt_topic_join, dtt_node_lookup and dtt_node_publish. Any thread. */
DTT_API int dtt_topic_config_check(const struct dtt_topic_config *cfg, char *why, size_t cap);

/**
 * Leaves the topic and frees the handle; goodbyes go out at once. Events that were queued before
 * still come, and with them all messages that have arrived, with `topic` NULL and the same
 * `topic_user` and `topic_id`; DTT_EVENT_LEFT is the last of them. Their senders take them for
 * delivered: read them before dtt_node_close, which throws them away. NULL is fine. Returns NULL.
 */
DTT_API dtt_topic *dtt_topic_leave(dtt_topic *t);

/** The topic's number in events: 1, 2, ... of its node, never used again. */
DTT_API uint32_t dtt_topic_id(const dtt_topic *t);

/** The node that the topic was joined on. */
DTT_API dtt_node *dtt_topic_node(const dtt_topic *t);

/** `user` of the topic's config. */
DTT_API void *dtt_topic_user(const dtt_topic *t);

/** The topic's hash, DTT_TOPIC_HASH_BYTES bytes. Valid until the topic is left. */
DTT_API const uint8_t *dtt_topic_hash_of(const dtt_topic *t);

enum dtt_send_flags {
    DTT_SEND_NEIGHBORS = 1 << 0, /**< to direct neighbours only, not forwarded, not de-duplicated */
    DTT_SEND_SIGNED = 1 << 1     /**< signed by this node, with the time and a number of its own, so
                                      that none is equal to another; up to DTT_MESSAGE_SIGNED_MAX
                                      bytes */
};

/**
 * Broadcasts a message of 1..DTT_MESSAGE_MAX bytes. Equal bytes sent twice within 3 minutes
 * (a minute more than `recall_time`; 90 s where Rust passes them on) count as one message in the
 * swarm: make contents unique. Accepted means handed to every neighbour's queue. Errors: DTT_EAGAIN
 * (no neighbour yet, or their queues are full: DTT_EVENT_WRITABLE says when to try again),
 * DTT_ETOOBIG, DTT_EINVAL (no bytes, unknown flags), DTT_ENOMEM.
 */
DTT_API DTT_MUST_USE int dtt_topic_send(dtt_topic *t, const void *data, size_t len, unsigned flags);

/**
 * Bytes accepted by dtt_topic_send that no neighbour has acknowledged yet, whatever has become of
 * the neighbours that they went to, or that those who keep up have not; 0: flushed. Messages that
 * are lost (DTT_EVENT_LOST) do not count any more.
 */
DTT_API size_t dtt_topic_unsent(const dtt_topic *t);

/** Writes up to `cap` current neighbours; returns how many there are. */
DTT_API size_t dtt_topic_neighbors(const dtt_topic *t, struct dtt_id *ret, size_t cap);

/**
 * Tells others this name of 1..DTT_NAME_MAX bytes of UTF-8, in a signed message: at once, or when
 * there is a neighbour, and again when somebody comes that may not know it. NULL: no more.
 * Errors: DTT_EINVAL (no UTF-8, empty), DTT_ETOOBIG.
 */
DTT_API int dtt_topic_set_name(dtt_topic *t, const char *name);

/** A member of a topic, as far as others can know it. */
struct dtt_member {
    size_t size; /**< sizeof(struct dtt_member); in an array the same in each */
    struct dtt_id id;
    char name[DTT_NAME_MAX + 1]; /**< as in struct dtt_event_member */
    int is_neighbor;             /**< 1: we have it as a neighbour; 0: others bring what it says */
    int is_here;                 /**< 0: it has left, or was not heard for 15 minutes */
    uint64_t heard_ms;           /**< unix time of its last signed message or as a neighbour */
    uint64_t seq;                /**< the highest number heard of it, 0: none */
};

/**
 * Writes up to `cap` members but ourselves, the one heard last first and those who are gone at the
 * end; returns how many there are. Members are neighbours and authors of signed messages, 256 at
 * most: of the authors that one neighbour has brought, if those are most, the one heard longest
 * ago is forgotten. The caller sets `size` of the first, and all are filled that far.
 */
DTT_API size_t dtt_topic_members(const dtt_topic *t, struct dtt_member *ret, size_t cap);

/** Dials this peer too. Errors: DTT_EINVAL, DTT_EFULL. */
DTT_API int dtt_topic_add_peer(dtt_topic *t, const struct dtt_peer_addr *peer);

/** How far a topic has come on its way to a neighbour. */
enum dtt_stage {
    DTT_STAGE_RESOLVE = 1, /**< looking up the bootstrap hosts' names */
    DTT_STAGE_DHT = 2,     /**< no DHT node has answered yet */
    DTT_STAGE_SEARCH = 3,  /**< reading the topic's slots */
    DTT_STAGE_ALONE = 4,   /**< the slots were read and nobody else is there */
    DTT_STAGE_DIAL = 5,    /**< records were found, connecting */
    DTT_STAGE_JOINED = 6
};

/** Why a topic is not joined (or that it is). */
struct dtt_why {
    size_t size;              /**< sizeof(struct dtt_why), set by the caller */
    int stage;                /**< enum dtt_stage */
    uint64_t for_ms;          /**< since the join or since the last neighbour was lost */
    uint32_t dht_nodes;       /**< nodes in the routing table */
    uint32_t dht_asked;       /**< queries sent since the node was opened */
    uint32_t dht_answered;    /**< replies among them */
    uint32_t records_seen;    /**< distinct verified records of others, last two minutes */
    uint32_t records_refused; /**< values in the slots that did not open or verify */
    uint32_t dials_started;   /**< since the join */
    uint32_t dials_failed;    /**< since the join */
    char sentence[256];       /**< all of it as one English sentence */
    uint32_t members;         /**< estimate of the swarm's size, us included */
    uint32_t minutes_skipped; /**< the program's rotation of the secret failed for so many */
    uint32_t clock_sources;   /**< members whose clocks agree about `clock_offset_s` */
    int64_t clock_offset_s;   /**< by how much our clock is ahead (negative: behind); 0 also when
                                   none has shown its own */
    uint32_t has_twin;        /**< another program has this identity (DTT_EVENT_TWIN) */
    uint32_t records_lan; /**< of `records_seen`, those that only the local network has brought */
};

/** Says how far the topic is. Writes min(ret->size, ours) bytes. Errors: DTT_EINVAL. */
DTT_API int dtt_topic_why(const dtt_topic *t, struct dtt_why *ret);

/** Word for a stage: "resolve", "dht", "search", "alone", "dial", "joined". Static. */
DTT_API const char *dtt_stage_word(int stage);

/**
 * Reads the topic's slots of the previous and the current minute once, without joining: a
 * DTT_EVENT_RECORD for each verified record as it arrives, then DTT_EVENT_LOOKUP_DONE. Of one
 * publisher and minute there is another only when it was made later (unix_s). *ret_op
 * names the operation in its events. Waits for a first DHT node. It cannot be cancelled, but by
 * closing the node. Errors: DTT_EINVAL, DTT_EROTATE, DTT_EFULL, DTT_ENOMEM.
 */
DTT_API int dtt_node_lookup(dtt_node *n, const struct dtt_topic_config *cfg, uint32_t *ret_op);

/**
 * Publishes one record with `content` of the application's own, 0 to DTT_RECORD_CONTENT_MAX bytes,
 * into the topic's slots of the current minute, without joining: signed with the node's identity,
 * sealed for holders of the secret. Any bytes will do; Rust's RecordPublisher reads and writes
 * postcard there. The slots are read first; when record_cap others are there already nothing is
 * written. A DTT_EVENT_RECORD_PUBLISHED with `op` ends it. A record is looked for in two minutes,
 * so publish at least each minute what is to stay. A topic for records is best used for nothing
 * else. Errors: as dtt_node_lookup, DTT_ETOOBIG.
 */
DTT_API int dtt_node_publish(dtt_node *n, const struct dtt_topic_config *cfg, const void *content,
                             size_t len, uint32_t *ret_op);

/**
 * The next event, oldest first, or NULL when drained. Valid until the next call of this function or
 * dtt_node_close; read it only.
 */
DTT_API const struct dtt_event *dtt_node_next_event(dtt_node *n);

#ifdef __cplusplus
}
#endif

#endif
