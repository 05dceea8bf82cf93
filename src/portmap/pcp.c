/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "portmap/pcp.h"

#define OPCODE_MAP 1
#define IS_ANSWER 0x80
#define PROTOCOL_UDP 17
#define HEADER_BYTES 24

/* Where the fields stand. */
enum {
    AT_OPCODE = 1,
    AT_RESULT = 3,
    AT_LIFETIME = 4,
    AT_EPOCH = 8,  /* of an answer */
    AT_CLIENT = 8, /* of a request */
    AT_NONCE = 24,
    AT_PROTOCOL = 36,
    AT_INSIDE_PORT = 40,
    AT_EXTERNAL_PORT = 42,
    AT_EXTERNAL_IP = 44
};

static void put_ip(uint8_t out[16], const struct dtt_addr *addr)
{
    if (addr->family == DTT_FAMILY_V6) {
        memcpy(out, addr->ip, 16);
        return;
    }
    out[10] = out[11] = 0xff; /* of no family: all zero IPv4, which is "any" */
    memcpy(out + 12, addr->ip, 4);
}

void dtt_pcp_write_map(uint8_t ret[DTT_PCP_MAP_BYTES], const struct dtt_pcp_map *map)
{
    memset(ret, 0, DTT_PCP_MAP_BYTES);
    ret[0] = DTT_PCP_VERSION;
    ret[AT_OPCODE] = OPCODE_MAP;
    dtt_put_be32(ret + AT_LIFETIME, map->lifetime_s);
    put_ip(ret + AT_CLIENT, &map->client);
    memcpy(ret + AT_NONCE, map->nonce, sizeof(map->nonce));
    ret[AT_PROTOCOL] = PROTOCOL_UDP;
    dtt_put_be16(ret + AT_INSIDE_PORT, map->client.port);
    dtt_put_be16(ret + AT_EXTERNAL_PORT, map->external.port);
    put_ip(ret + AT_EXTERNAL_IP, &map->external);
}

/* An error has the request's data, too (RFC 6887, 7.3), but of one about the version only the
 * header can be relied on. */
static bool is_of(const uint8_t *p, size_t len, const struct dtt_pcp_map *map)
{
    return len >= DTT_PCP_MAP_BYTES && memcmp(p + AT_NONCE, map->nonce, sizeof(map->nonce)) == 0 &&
           p[AT_PROTOCOL] == PROTOCOL_UDP && dtt_get_be16(p + AT_INSIDE_PORT) == map->client.port;
}

int dtt_pcp_read_map(struct dtt_slice datagram, const struct dtt_pcp_map *map,
                     struct dtt_pcp_answer *ret)
{
    const uint8_t *p = datagram.data;
    size_t len = datagram.len;
    if (len < HEADER_BYTES || len > DTT_PCP_ANSWER_MAX || len % 4 != 0 || p[0] == 0 ||
        p[AT_OPCODE] != (IS_ANSWER | OPCODE_MAP)) {
        return DTT_EPROTO;
    }
    *ret = (struct dtt_pcp_answer){.result = p[AT_RESULT],
                                   .lifetime_s = dtt_get_be32(p + AT_LIFETIME),
                                   .epoch_s = dtt_get_be32(p + AT_EPOCH)};
    if (ret->result == DTT_PCP_UNSUPP_VERSION) {
        return DTT_OK;
    }
    if (p[0] != DTT_PCP_VERSION || !is_of(p, len, map)) {
        return DTT_EPROTO;
    }
    if (ret->result == DTT_PCP_SUCCESS) {
        ret->external = dtt_addr_v6(p + AT_EXTERNAL_IP, dtt_get_be16(p + AT_EXTERNAL_PORT));
        return ret->external.port != 0 || ret->lifetime_s == 0 ? DTT_OK : DTT_EPROTO;
    }
    return DTT_OK;
}
