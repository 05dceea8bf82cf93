/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/url.h"

#include "codec/text.h"

static bool is_printable(const char *text)
{
    for (; *text; text++) {
        if (*text <= ' ' || *text >= 0x7f) {
            return false;
        }
    }
    return true;
}

/* What follows the scheme, of which `ret->is_tls` tells; NULL: another scheme. */
static const char *after_scheme(const char *text, struct dtt_url *ret)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (int i = 0; i < 2; i++) {
        size_t len = dtt_text_begins(text, schemes[i]);
        if (len > 0) {
            ret->is_tls = i == 1;
            return text + len;
        }
    }
    return NULL;
}

static bool has_port(const char *authority)
{
    const char *bracket = strchr(authority, ']');
    return strchr(bracket ? bracket : authority, ':') != NULL;
}

/* Names of the DNS are of any case, and may end in a dot, of which certificates know nothing. */
static bool split(struct dtt_url *ret)
{
    char text[DTT_URL_MAX + sizeof(":443")];
    size_t len = strlen(ret->authority);
    memcpy(text, ret->authority, len + 1);
    if (!has_port(text)) {
        memcpy(text + len, ret->is_tls ? ":443" : ":80", ret->is_tls ? 5 : 4);
    }
    if (dtt_addr_split_host(text, ret->host, &ret->port) != DTT_OK) {
        return false;
    }
    len = strlen(ret->host);
    for (size_t i = 0; i < len; i++) {
        ret->host[i] = dtt_text_lower(ret->host[i]);
    }
    if (ret->host[len - 1] == '.') {
        ret->host[len - 1] = '\0';
    }
    return ret->host[0] != '\0' && !strchr(ret->host, '%');
}

int dtt_url_parse(const char *text, struct dtt_url *ret)
{
    struct dtt_url url = {.is_tls = false};
    const char *rest =
        strlen(text) < DTT_URL_MAX && is_printable(text) ? after_scheme(text, &url) : NULL;
    if (!rest || strpbrk(rest, "?#@\\\"<>")) {
        return DTT_EADDR;
    }
    size_t len = strcspn(rest, "/");
    size_t path_len = strlen(rest + len);
    memcpy(url.authority, rest, len);
    memcpy(url.path, rest + len, path_len);
    if (path_len > 0 && url.path[path_len - 1] == '/') {
        url.path[path_len - 1] = '\0';
    }
    if (!split(&url)) {
        return DTT_EADDR;
    }
    *ret = url;
    return DTT_OK;
}

size_t dtt_url_bare_len(const char *text)
{
    return strcspn(text, "?");
}

int dtt_url_parse_with_query(const char *text, struct dtt_url *ret, const char **ret_query)
{
    char bare[DTT_URL_MAX];
    size_t len = dtt_url_bare_len(text);
    const char *query = text + len;
    if (len >= sizeof(bare) || strlen(query) >= DTT_URL_MAX || !is_printable(query) ||
        strchr(query, '#')) {
        return DTT_EADDR;
    }
    memcpy(bare, text, len);
    bare[len] = '\0';
    int err = dtt_url_parse(bare, ret);
    if (!err) {
        *ret_query = query;
    }
    return err;
}
