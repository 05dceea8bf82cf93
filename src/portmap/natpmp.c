/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "portmap/natpmp.h"

#define IS_ANSWER 0x80
#define ERROR_BYTES 8
#define ADDRESS_ANSWER_BYTES 12
#define MAP_ANSWER_BYTES 16

void dtt_natpmp_write_address(uint8_t ret[DTT_NATPMP_ADDRESS_BYTES])
{
    ret[0] = 0;
    ret[1] = DTT_NATPMP_OP_ADDRESS;
}

void dtt_natpmp_write_map(uint8_t ret[DTT_NATPMP_MAP_BYTES], uint16_t inside_port,
                          uint16_t external_port, uint32_t lifetime_s)
{
    memset(ret, 0, DTT_NATPMP_MAP_BYTES);
    ret[1] = DTT_NATPMP_OP_MAP_UDP;
    dtt_put_be16(ret + 4, inside_port);
    dtt_put_be16(ret + 6, external_port);
    dtt_put_be32(ret + 8, lifetime_s);
}

static int read_address(struct dtt_slice d, struct dtt_natpmp_answer *ret)
{
    if (d.len != ADDRESS_ANSWER_BYTES) {
        return DTT_EPROTO;
    }
    ret->external = dtt_addr_v4(d.data[8], d.data[9], d.data[10], d.data[11], 0);
    return DTT_OK;
}

static int read_map(struct dtt_slice d, struct dtt_natpmp_answer *ret)
{
    if (d.len != MAP_ANSWER_BYTES) {
        return DTT_EPROTO;
    }
    ret->inside_port = dtt_get_be16(d.data + 8);
    ret->external_port = dtt_get_be16(d.data + 10);
    ret->lifetime_s = dtt_get_be32(d.data + 12);
    return ret->external_port != 0 || ret->lifetime_s == 0 ? DTT_OK : DTT_EPROTO;
}

int dtt_natpmp_read(struct dtt_slice datagram, struct dtt_natpmp_answer *ret)
{
    const uint8_t *p = datagram.data;
    if (datagram.len < ERROR_BYTES || datagram.len > MAP_ANSWER_BYTES || p[0] != 0 ||
        !(p[1] & IS_ANSWER)) {
        return DTT_EPROTO;
    }
    *ret = (struct dtt_natpmp_answer){.op = p[1] & ~(unsigned)IS_ANSWER,
                                      .result = dtt_get_be16(p + 2),
                                      .epoch_s = dtt_get_be32(p + 4)};
    if (ret->result != DTT_NATPMP_SUCCESS) {
        return DTT_OK; /* some end after the epoch */
    }
    switch (ret->op) {
    case DTT_NATPMP_OP_ADDRESS: return read_address(datagram, ret);
    case DTT_NATPMP_OP_MAP_UDP: return read_map(datagram, ret);
    default: return DTT_EPROTO;
    }
}
