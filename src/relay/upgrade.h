/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The upgrade of HTTP/1.1 to a WebSocket (RFC 6455, section 4): the request, and a reader of the
 * answer's head that stops where the head ends.
 */
#ifndef DTT_RELAY_UPGRADE_H
#define DTT_RELAY_UPGRADE_H

#include "codec/http.h"

#include <dtt/types.h>

#define DTT_UPGRADE_KEY_BYTES 16
/* A request with the longest authority and query that a URL has. */
#define DTT_UPGRADE_REQUEST_MAX 1024

struct dtt_upgrade_request {
    const char *authority; /**< host and port, for the field Host */
    const char *query;     /**< what follows the path, with its question mark, or empty */
    const char *auth;      /**< value of the field of authentication, or NULL */
    uint8_t key[DTT_UPGRADE_KEY_BYTES];
};

void dtt_upgrade_write(struct dtt_writer *w, const struct dtt_upgrade_request *request);

struct dtt_upgrade {
    char accept[32];  /**< what the server has to answer to the key */
    unsigned version; /**< of the relay protocol; 0: not told, or one that we do not speak */
    bool is_websocket;
    bool is_accepted; /**< the server knows our key */
    bool is_over;     /**< the head has ended */
    struct dtt_http_head head;
};

void dtt_upgrade_init(struct dtt_upgrade *u, const uint8_t key[DTT_UPGRADE_KEY_BYTES]);
/**
 * Number of bytes that belong to the head: all of them, unless it is over. DTT_EPROTO: it is not
 * HTTP, or does not end.
 */
int dtt_upgrade_recv(struct dtt_upgrade *u, struct dtt_slice bytes);

#endif
