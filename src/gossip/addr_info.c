/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/addr_info.h"

#include "codec/postcard.h"
#include "codec/text.h"
#include "gossip/gossip_wire.h"

static const uint8_t mark[] = {'D', 'T', 'T', 1};

/* Adds to a sorted set; what it holds already, or has no room for, is skipped. */
static void insert(struct dtt_addr *set, size_t *n, const struct dtt_addr *a)
{
    size_t at = *n;
    while (at > 0 && dtt_addr_cmp(&set[at - 1], a) > 0) {
        at--;
    }
    if (*n == DTT_ADDR_INFO_ADDRS || (at > 0 && dtt_addr_eq(&set[at - 1], a))) {
        return;
    }
    memmove(&set[at + 1], &set[at], (*n - at) * sizeof(*set));
    set[at] = *a;
    (*n)++;
}

void dtt_addr_info_write(struct dtt_writer *w, const char *relay, const struct dtt_addr *addrs,
                         size_t n)
{
    struct dtt_addr set[DTT_ADDR_INFO_ADDRS];
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (addrs[i].family != DTT_FAMILY_NONE) {
            insert(set, &count, &addrs[i]);
        }
    }
    dtt_postcard_write_bool(w, relay[0] != '\0');
    if (relay[0] != '\0') {
        dtt_postcard_write_bytes(w, dtt_slice(relay, strlen(relay)));
    }
    dtt_postcard_write_varint(w, count);
    for (size_t i = 0; i < count; i++) {
        bool v4 = set[i].family == DTT_FAMILY_V4;
        dtt_postcard_write_varint(w, v4 ? DTT_WIRE_ADDR_V4 : DTT_WIRE_ADDR_V6);
        dtt_write(w, set[i].ip, dtt_addr_ip_len(&set[i]));
        dtt_postcard_write_varint(w, set[i].port);
    }
}

static struct dtt_addr read_addr(struct dtt_reader *r)
{
    uint8_t ip[16];
    bool v4 = dtt_postcard_read_variant(r, DTT_WIRE_ADDRS) == DTT_WIRE_ADDR_V4;
    dtt_read_into(r, ip, v4 ? 4 : 16);
    uint16_t port = dtt_postcard_read_u16(r);
    return v4 ? dtt_addr_v4(ip[0], ip[1], ip[2], ip[3], port) : dtt_addr_v6(ip, port);
}

void dtt_addr_info_write_mark(struct dtt_writer *w)
{
    dtt_write(w, mark, sizeof(mark));
}

/* Reads the info and leaves what follows it. */
static size_t read_info(struct dtt_reader *r, struct dtt_slice *ret_relay,
                        struct dtt_addr set[DTT_ADDR_INFO_ADDRS])
{
    size_t n = 0;
    *ret_relay = dtt_slice(NULL, 0);
    if (dtt_postcard_read_bool(r)) {
        *ret_relay = dtt_postcard_read_bytes(r);
        r->failed |= !dtt_utf8_is_valid(*ret_relay);
    }
    uint64_t count = dtt_postcard_read_len(r);
    for (uint64_t i = 0; i < count && !r->failed; i++) {
        struct dtt_addr a = read_addr(r);
        if (!r->failed) {
            insert(set, &n, &a);
        }
    }
    return n;
}

bool dtt_addr_info_has_mark(struct dtt_slice s)
{
    struct dtt_addr set[DTT_ADDR_INFO_ADDRS];
    struct dtt_reader r = dtt_reader(s);
    struct dtt_slice relay;
    uint8_t next[sizeof(mark)];
    read_info(&r, &relay, set);
    dtt_read_into(&r, next, sizeof(next));
    return !r.failed && memcmp(next, mark, sizeof(mark)) == 0;
}

int dtt_addr_info_read(struct dtt_slice s, struct dtt_addr ret[DTT_ADDR_INFO_ADDRS], size_t *ret_n)
{
    struct dtt_addr set[DTT_ADDR_INFO_ADDRS];
    struct dtt_reader r = dtt_reader(s);
    struct dtt_slice relay;
    size_t n = s.len > 0 ? read_info(&r, &relay, set) : 0;
    if (r.failed) {
        return DTT_EPROTO;
    }
    memcpy(ret, set, n * sizeof(*set));
    *ret_n = n;
    return DTT_OK;
}

void dtt_addr_info_relay(struct dtt_slice s, char ret[DTT_URL_MAX])
{
    struct dtt_addr set[DTT_ADDR_INFO_ADDRS];
    struct dtt_reader r = dtt_reader(s);
    struct dtt_slice relay;
    struct dtt_url url;
    read_info(&r, &relay, set);
    ret[0] = '\0';
    if (r.failed || relay.len == 0 || relay.len >= DTT_URL_MAX ||
        memchr(relay.data, 0, relay.len)) {
        return;
    }
    memcpy(ret, relay.data, relay.len);
    ret[relay.len] = '\0';
    if (dtt_url_parse(ret, &url) != DTT_OK) {
        ret[0] = '\0';
    }
}
