/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Types, limits and error numbers shared by all public headers. C99 and C++11 clean.
 */
#ifndef DTT_TYPES_H
#define DTT_TYPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#    define DTT_API __attribute__((visibility("default")))
#    define DTT_MUST_USE __attribute__((warn_unused_result))
#else
#    define DTT_API
#    define DTT_MUST_USE
#endif

#define DTT_ID_BYTES 32
#define DTT_TOPIC_HASH_BYTES 32
#define DTT_SEED_BYTES 32
/* Bytes of the longest name that a member can have, without its NUL. */
#define DTT_NAME_MAX 64
/* Enough for "[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255%4294967295]:65535" and its NUL. */
#define DTT_ADDR_TEXT_MAX 68
/* 64 lower-case hex digits and the NUL. */
#define DTT_ID_TEXT_MAX 65

/** Endpoint id: an Ed25519 public key (RFC 8032). Names a node and authenticates it. */
struct dtt_id {
    uint8_t bytes[DTT_ID_BYTES];
};

typedef struct dtt_node dtt_node;
typedef struct dtt_topic dtt_topic;

/** For poll: a file descriptor (on Windows, which has none, an unsigned socket handle). */
#if defined(_WIN32)
typedef uintptr_t dtt_fd;
#else
typedef int dtt_fd;
#endif

enum dtt_family { DTT_FAMILY_NONE = 0, DTT_FAMILY_V4 = 4, DTT_FAMILY_V6 = 6 };

/** An IP endpoint. `ip` is in network order, IPv4 in its first 4 bytes and the rest zero. */
struct dtt_addr {
    uint8_t ip[16];
    uint16_t port;  /**< host order */
    uint8_t family; /**< enum dtt_family */
    uint8_t zero;   /**< always 0, so that addresses compare bytewise */
    uint32_t scope; /**< zone of a link-local IPv6 address, as sin6_scope_id; 0 otherwise. It is
                         this machine's own affair: what is sent to others has none */
};

/** What strangers can reach of a node behind its router, docs/protocol/extension.md of the source.
 */
enum dtt_reach_class {
    DTT_REACH_UNKNOWN = 0, /**< it does not know yet */
    DTT_REACH_OPEN = 1,    /**< anybody reaches it */
    DTT_REACH_CONE = 2,    /**< one outside address for all peers; it has to send first */
    DTT_REACH_VARY = 3     /**< another outside port for each peer (a symmetric NAT) */
};

/** What a node tells of its reach. */
struct dtt_reach {
    int is_told;          /**< 0: it tells nothing, and all else is zero */
    int kind;             /**< enum dtt_reach_class */
    uint32_t age_s;       /**< for how long it had been in the topic; 65535: so long or longer */
    int step;             /**< VARY: how the port grows from peer to peer, -16 to 16; 0: no rule */
    struct dtt_addr last; /**< VARY: its outside IPv4 address, with the port last seen */
};

/*
 * Error numbers: X(name, number, sentence). Numbers are never reused. Three families: the caller's
 * mistake (-1..-19), the environment (-20..-39), the other side (-40..-59).
 */
#define DTT_ERRORS(X)                                                            \
    X(DTT_EINVAL, -1, "an argument is not valid")                                \
    X(DTT_ESTATE, -2, "not possible in this state")                              \
    X(DTT_ETOOBIG, -3, "larger than the limit")                                  \
    X(DTT_EADDR, -4, "not an address of the form HOST:PORT")                     \
    X(DTT_EROTATE, -5, "the program's rotation of the secret failed")            \
    X(DTT_ENOMEM, -20, "out of memory")                                          \
    X(DTT_EFULL, -21, "a bounded queue or table is full")                        \
    X(DTT_EAGAIN, -22, "would block; wait for the WRITABLE event and try again") \
    X(DTT_EIO, -23, "input or output failed")                                    \
    X(DTT_EADDRINUSE, -24, "the address is in use")                              \
    X(DTT_EADDRNOTAVAIL, -25, "the address does not belong to this machine")     \
    X(DTT_ENOENT, -26, "not found")                                              \
    X(DTT_EPERM, -27, "not permitted")                                           \
    X(DTT_ECRYPTO, -28, "the cryptographic library failed")                      \
    X(DTT_EMFILE, -29, "too few file descriptors are left; raise 'ulimit -n'")   \
    X(DTT_EPROTO, -40, "malformed input")                                        \
    X(DTT_EAUTH, -41, "wrong key, signature or secret")                          \
    X(DTT_ETIMEDOUT, -42, "timed out")                                           \
    X(DTT_ECLOSED, -43, "closed")                                                \
    X(DTT_EREFUSED, -44, "refused by the other side")                            \
    X(DTT_ETOPIC, -45, "made for another topic")                                 \
    X(DTT_EMINUTE, -46, "made for another minute")

enum dtt_error {
    DTT_OK = 0,
#define DTT_ERROR_ENUM(name, number, text) name = number,
    DTT_ERRORS(DTT_ERROR_ENUM)
#undef DTT_ERROR_ENUM
};

/*
 * Why a neighbour, a connection or a dial ended: X(name, word, is_silence, sentence). JSON and
 * traces have the word; the sentence follows the peer's name. An end is silence when no goodbye was
 * said and the peer may still be there, or be back: it is worth another dial. New reasons come
 * last.
 */
#define DTT_REASONS(X)                                                                            \
    X(DTT_REASON_DISCONNECT, "disconnect", 0, "has left")                                         \
    X(DTT_REASON_REPLACED, "replaced", 0, "is no longer a direct neighbour")                      \
    X(DTT_REASON_CLOSED_BY_US, "closed_by_us", 0, "was let go")                                   \
    X(DTT_REASON_TOO_SLOW, "too_slow", 0, "was let go, it reads too slowly")                      \
    X(DTT_REASON_CLOSED_BY_PEER, "closed_by_peer", 1, "has gone without a goodbye")               \
    X(DTT_REASON_TIMEOUT, "timeout", 1, "does not answer")                                        \
    X(DTT_REASON_UNREACHABLE, "unreachable", 1, "cannot be reached")                              \
    X(DTT_REASON_RESET, "reset", 1, "has been started anew")                                      \
    X(DTT_REASON_REFUSED, "refused", 1, "takes no more connections")                              \
    X(DTT_REASON_WRONG_KEY, "wrong_key", 0, "is not the node at that address")                    \
    X(DTT_REASON_WRONG_ALPN, "wrong_alpn", 0, "does not speak the protocol of gossip")            \
    X(DTT_REASON_PROTOCOL_ERROR, "protocol_error", 1, "and we disagree about the protocol")       \
    X(DTT_REASON_NO_ADDRESS, "unknown", 1, "has no address that is known")                        \
    X(DTT_REASON_SELF, "self", 0, "is this node itself")                                          \
    X(DTT_REASON_LOCAL, "local", 1, "has an address that cannot be dialled from here")            \
    X(DTT_REASON_LIMIT, "limit", 1, "is one more peer than this node deals with at a time")       \
    X(DTT_REASON_BUDGET, "budget", 0, "was named by others, and its turn has not come")           \
    X(DTT_REASON_USELESS, "useless", 0, "was let go, it passes nothing on")                       \
    X(DTT_REASON_MUTE, "mute", 1, "has stopped speaking, and is dialled anew")                    \
    X(DTT_REASON_NO_ROUTE, "no_route", 1, "has an address to which this host has no route")       \
    X(DTT_REASON_BOTH_VARY, "both_vary", 1, "and this host have routers of changing ports")       \
    X(DTT_REASON_PORT_VARIES, "port_varies", 1, "or this host has a router of changing ports")    \
    X(DTT_REASON_OTHER_FAMILY, "other_family", 1, "speaks IPv4 or IPv6, and this host the other") \
    X(DTT_REASON_RELAY_ONLY, "relay_only", 1, "has no address but that of a relay")

enum dtt_reason {
    DTT_REASON_NONE = 0,
#define DTT_REASON_ENUM(name, word, is_silence, sentence) name,
    DTT_REASONS(DTT_REASON_ENUM)
#undef DTT_REASON_ENUM
};

/** Word of an enum dtt_reason, e.g. "timeout"; "?" for an unknown one. Static; any thread. */
DTT_API const char *dtt_reason_word(int reason);

/** Sentence of an enum dtt_reason without its subject, which is the peer. Static; any thread. */
DTT_API const char *dtt_reason_text(int reason);

/** Name of an error number, e.g. "DTT_EAGAIN"; "DTT_E?" for an unknown one. Static; any thread. */
DTT_API const char *dtt_error_name(int err);

/** One-sentence text of an error number, without full stop. Static; any thread. */
DTT_API const char *dtt_error_text(int err);

/**
 * Writes "1.2.3.4:5", "[2001:db8::1]:5" (RFC 5952) or "[fe80::1%2]:5", "-" for no family,
 * and "relay" for the way by a relay.
 * NUL-terminated; any thread.
 */
DTT_API void dtt_addr_format(const struct dtt_addr *addr, char text[DTT_ADDR_TEXT_MAX]);

/**
 * Parses a numeric address with port: "1.2.3.4:5", "[::1]:5", "[fe80::1%2]:5" with the number of
 * the zone. Names are not resolved. Writes *ret only on success. Errors: DTT_EADDR. Any thread.
 */
DTT_API int dtt_addr_parse(const char *text, struct dtt_addr *ret);

/** A DHT node that returned a value. */
struct dtt_dht_holder {
    uint32_t value; /**< number of the value, counted from 0 in the order of arrival */
    struct dtt_addr addr;
};

/** Writes 64 lower-case hex digits and a NUL. Any thread. */
DTT_API void dtt_id_format(const struct dtt_id *id, char text[DTT_ID_TEXT_MAX]);

/**
 * Parses an endpoint id in the forms iroh accepts: 64 lower-case hex digits, or 52 characters of
 * unpadded base32 in any case. Errors: DTT_EINVAL, also for bytes that are not a public key.
 */
DTT_API int dtt_id_parse(const char *text, struct dtt_id *ret);

/** The endpoint id (public key) of a 32-byte secret seed (RFC 8032). Any thread. */
DTT_API void dtt_id_from_seed(const uint8_t seed[DTT_SEED_BYTES], struct dtt_id *ret);

/** 32 fresh secret bytes from the system. Errors: DTT_EIO. Any thread. */
DTT_API int dtt_seed_generate(uint8_t ret[DTT_SEED_BYTES]);

/** SHA-512 of a topic name cut to 32 bytes: the topic hash and gossip topic id. Any thread. */
DTT_API void dtt_topic_hash(const char *name, uint8_t ret[DTT_TOPIC_HASH_BYTES]);

/**
 * The hash of a closed topic (DTT_TOPIC_CLOSED): nobody makes it without the secret, and who has it
 * hears and speaks there. With it a program that knows only topic hashes joins. Takes some 0.2 s
 * and 16 MiB, so that guessing at secrets is slow. Errors: DTT_EINVAL (no name or no secret),
 * DTT_ENOMEM. Any thread.
 */
DTT_API int dtt_topic_hash_closed(const char *name, const void *secret, size_t secret_len,
                                  uint8_t ret[DTT_TOPIC_HASH_BYTES]);

#ifdef __cplusplus
}
#endif

#endif
