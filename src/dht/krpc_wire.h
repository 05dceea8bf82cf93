/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * KRPC, the wire format of the Mainline DHT: every name, code and size with the document that
 * fixes it; arguments and return values are in krpc.def. One bencoded dictionary per UDP datagram.
 */
#ifndef DTT_DHT_KRPC_WIRE_H
#define DTT_DHT_KRPC_WIRE_H

/* Top level (BEP 5 unless noted). */
#define DTT_KRPC_T "t"   /**< transaction id, echoed */
#define DTT_KRPC_Y "y"   /**< "q", "r" or "e" */
#define DTT_KRPC_Q "q"   /**< method of a query */
#define DTT_KRPC_A "a"   /**< arguments of a query */
#define DTT_KRPC_R "r"   /**< return values of a reply */
#define DTT_KRPC_E "e"   /**< [code, text] of an error */
#define DTT_KRPC_V "v"   /**< client: two letters (BEP 20) and two version bytes */
#define DTT_KRPC_IP "ip" /**< the requester's compact address (BEP 42) */
#define DTT_KRPC_RO "ro" /**< 1: the sender does not answer queries (BEP 43) */

/* Entries of the list "want" (BEP 32). */
#define DTT_KRPC_WANT_N4 "n4"
#define DTT_KRPC_WANT_N6 "n6"

/* Methods: X(NAME, "name on the wire"). BEP 5, then two of BEP 44 and ours (protocol/meet.md). */
#define DTT_KRPC_METHODS(X)           \
    X(PING, "ping")                   \
    X(FIND_NODE, "find_node")         \
    X(GET_PEERS, "get_peers")         \
    X(ANNOUNCE_PEER, "announce_peer") \
    X(GET, "get")                     \
    X(PUT, "put")                     \
    X(DTT_MEET, "dtt_meet")

/* Sizes in bytes. */
#define DTT_NODE_ID_BYTES 20    /* BEP 5 */
#define DTT_KRPC_NODE4_BYTES 26 /* BEP 5: id, IPv4, port */
#define DTT_KRPC_NODE6_BYTES 38 /* BEP 32: id, IPv6, port */
#define DTT_KRPC_KEY_BYTES 32   /* BEP 44 */
#define DTT_KRPC_SIG_BYTES 64   /* BEP 44 */
#define DTT_KRPC_SALT_MAX 64    /* BEP 44 */
#define DTT_KRPC_VALUE_MAX 1000 /* BEP 44, of the bencoded value */
#define DTT_KRPC_T_BYTES 4      /* ours; mainline <= 7 drops every other length */
#define DTT_KRPC_T_MAX 32       /* longest we echo */
#define DTT_KRPC_TOKEN_MAX 40   /* longest we keep; BEP 5 sets no limit, 20 is the usual most */
#define DTT_KRPC_PACKET_MIN 15  /* nothing shorter is a message */

/** What a query is refused for, as on the wire. */
enum dtt_krpc_error {
    DTT_KRPC_E_NONE = 0,
    DTT_KRPC_E_GENERIC = 201,  /**< BEP 5 */
    DTT_KRPC_E_SERVER = 202,   /**< BEP 5 */
    DTT_KRPC_E_PROTOCOL = 203, /**< BEP 5: malformed, invalid arguments, bad token */
    DTT_KRPC_E_METHOD = 204,   /**< BEP 5: method unknown */
    DTT_KRPC_E_V_TOO_BIG = 205,
    DTT_KRPC_E_SIGNATURE = 206,
    DTT_KRPC_E_SALT_TOO_BIG = 207,
    DTT_KRPC_E_CAS = 301, /**< BEP 44: cas mismatch; so are 205 to 302 */
    DTT_KRPC_E_SEQ = 302  /**< seq less than current */
};

/** What we announce as `v`. */
#define DTT_KRPC_CLIENT "DT\0\1"

#endif
