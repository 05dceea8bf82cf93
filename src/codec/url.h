/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * URLs of servers (RFC 3986), as far as http and https need them: no user or fragment, and a query
 * only of relays, where it may hold a token.
 */
#ifndef DTT_CODEC_URL_H
#define DTT_CODEC_URL_H

#include "base/addr.h"

#define DTT_URL_MAX 250 /**< a URL with its NUL: so much fits into a TXT string after "relay=" */

struct dtt_url {
    bool is_tls;
    uint16_t port;
    char host[DTT_HOST_MAX];     /**< in small letters, without brackets and the dot at its end */
    char authority[DTT_URL_MAX]; /**< host and port as in the URL, for the field Host */
    char path[DTT_URL_MAX];      /**< "" or from its first slash on, without a slash at the end */
};

#define DTT_URL_FORM "a URL like https://HOST[:PORT][/PATH] of at most 249 bytes"

/** "http://HOST[:PORT][/PATH]", or the same with https, in any case. DTT_EADDR: it is nothing like
 * that. */
int dtt_url_parse(const char *text, struct dtt_url *ret);

/**
 * The same, or with a query of at most 249 bytes behind it: in `text`, from its question mark on,
 * or "". What comes before it, dtt_url_bare_len bytes, is what others may see.
 */
int dtt_url_parse_with_query(const char *text, struct dtt_url *ret, const char **ret_query);
size_t dtt_url_bare_len(const char *text);

#endif
