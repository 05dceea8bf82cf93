/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * iroh's relay protocol, versions 1 and 2, as iroh-relay 1.4.1 speaks it: WebSocket (RFC 6455)
 * after an upgrade of HTTP/1.1, one frame in a binary message. A frame is its type as a varint of
 * QUIC (RFC 9000, section 16) and a body.
 */
#ifndef DTT_RELAY_WIRE_H
#define DTT_RELAY_WIRE_H

#define DTT_RELAY_PATH "/relay"
#define DTT_RELAY_PROTOCOL_V1 "iroh-relay-v1"
#define DTT_RELAY_PROTOCOL_V2 "iroh-relay-v2"
#define DTT_RELAY_AUTH_FIELD "X-Iroh-Relay-Client-Auth-V1"

/* Label of the keying material that is signed, and context of the key that makes a challenge the
 * message to sign. */
#define DTT_RELAY_EXPORT_LABEL "iroh-relay handshake v1"
#define DTT_RELAY_CHALLENGE_CONTEXT "iroh-relay handshake v1 challenge signature"

enum dtt_relay_frame_type {
    DTT_RELAY_SERVER_CHALLENGE = 0, /* challenge 16 */
    DTT_RELAY_CLIENT_AUTH = 1,      /* id 32, length of the signature, signature 64 */
    DTT_RELAY_SERVER_CONFIRMS = 2,  /* empty */
    DTT_RELAY_SERVER_DENIES = 3,    /* length of the text, text */
    DTT_RELAY_CLIENT_DATAGRAM = 4,  /* destination 32, ECN 1, datagram */
    DTT_RELAY_CLIENT_DATAGRAMS = 5, /* destination 32, ECN 1, segment size 2, datagrams */
    DTT_RELAY_SERVER_DATAGRAM = 6,  /* source 32, ECN 1, datagram */
    DTT_RELAY_SERVER_DATAGRAMS = 7, /* source 32, ECN 1, segment size 2, datagrams */
    DTT_RELAY_ENDPOINT_GONE = 8,    /* id 32 */
    DTT_RELAY_PING = 9,             /* data 8 */
    DTT_RELAY_PONG = 10,            /* data 8 */
    DTT_RELAY_HEALTH = 11,          /* version 1: text */
    DTT_RELAY_RESTARTING = 12,      /* milliseconds to wait 4, milliseconds to try 4 */
    DTT_RELAY_STATUS = 13           /* version 2: enum dtt_relay_status 1 */
};

#define DTT_RELAY_CHALLENGE_BYTES 16
#define DTT_RELAY_PING_BYTES 8
/* Of the keying material: the first half is signed, the second is sent along. */
#define DTT_RELAY_MATERIAL_BYTES 32
/* A whole frame that is sent. A larger one, or an empty datagram, would end the connection of the
 * peer it is for: a flaw of the server. */
#define DTT_RELAY_FRAME_MAX 65536
/* The body of a frame that is taken, and a message with the longest type before it. */
#define DTT_RELAY_BODY_MAX 65536
#define DTT_RELAY_MESSAGE_MAX (DTT_RELAY_BODY_MAX + 8)
/* Datagrams in one frame, as many as one call of UDP_SEGMENT takes. */
#define DTT_RELAY_SEGMENTS_MAX 64

#endif
