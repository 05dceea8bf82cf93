/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "portmap.h"

#include "base/time.h"

#include <netinet/in.h>

#define PMP_VERSION 0
#define PCP_VERSION 2
#define IS_ANSWER 0x80
#define PCP_HEADER 24
#define PCP_MAP 60 /* with its header */
#define PCP_MAP_OPCODE 1
#define PCP_ERROR_LIFETIME 30u
#define NONCE 12

enum pmp_result { PMP_OK, PMP_VERSION_UNKNOWN, PMP_REFUSED, PMP_OPCODE_UNKNOWN = 5 };
enum pmp_opcode { PMP_ADDRESS, PMP_MAP_UDP, PMP_MAP_TCP };
enum pcp_result {
    PCP_OK,
    PCP_VERSION_UNKNOWN,
    PCP_REFUSED,
    PCP_MALFORMED,
    PCP_OPCODE_UNKNOWN,
    PCP_NO_RESOURCES = 8,
    PCP_OTHER_CLIENT = 12
};

struct ask {
    enum portmap kind;
    struct nat *nat;
    const struct dtt_addr *claimed;
    uint64_t t_ns;
    uint32_t epoch_s;
    struct dtt_addr client;
    struct dtt_slice query;
};

/* Ends the mapping, which stays for as long as one that was not asked for. */
static void revoke(const struct ask *a, uint8_t protocol, const struct dtt_addr *inside)
{
    struct nat_mapping *m = nat_granted(a->nat, a->t_ns, protocol, inside);
    if (m) {
        m->granted_ns = a->t_ns;
    }
}

static uint32_t bounded(uint32_t lifetime_s)
{
    return lifetime_s < PORTMAP_LIFETIME_MAX ? lifetime_s : PORTMAP_LIFETIME_MAX;
}

static size_t pmp_head(const struct ask *a, uint8_t *out, uint8_t opcode, enum pmp_result result)
{
    out[0] = PMP_VERSION;
    out[1] = IS_ANSWER | opcode;
    dtt_put_be16(out + 2, (uint16_t)result);
    dtt_put_be32(out + 4, a->epoch_s);
    return 8;
}

static size_t pmp_map(const struct ask *a, uint8_t *out, uint8_t opcode)
{
    const uint8_t *q = a->query.data;
    uint8_t protocol = opcode == PMP_MAP_UDP ? IPPROTO_UDP : IPPROTO_TCP;
    uint32_t lifetime = bounded(dtt_get_be32(q + 8));
    struct dtt_addr inside = a->client;
    struct nat_mapping *m = NULL;
    inside.port = dtt_get_be16(q + 4);
    if (lifetime == 0) {
        revoke(a, protocol, &inside);
    } else {
        m = nat_grant(a->nat, a->t_ns, protocol, &inside, dtt_get_be16(q + 6),
                      a->t_ns + lifetime * DTT_S);
    }
    pmp_head(a, out, opcode, PMP_OK);
    dtt_put_be16(out + 8, inside.port);
    dtt_put_be16(out + 10, m ? m->outside.port : 0);
    dtt_put_be32(out + 12, m ? lifetime : 0);
    return 16;
}

static size_t pmp(const struct ask *a, uint8_t *out)
{
    uint8_t opcode = a->query.data[1];
    if (a->query.data[0] != PMP_VERSION) {
        return pmp_head(a, out, opcode, PMP_VERSION_UNKNOWN);
    }
    if (opcode > PMP_MAP_TCP) {
        return pmp_head(a, out, opcode, PMP_OPCODE_UNKNOWN);
    }
    if (a->kind == PORTMAP_REFUSE) {
        return pmp_head(a, out, opcode, PMP_REFUSED);
    }
    if (opcode == PMP_ADDRESS) {
        size_t len = pmp_head(a, out, opcode, PMP_OK);
        memcpy(out + len, a->claimed->ip, 4);
        return len + 4;
    }
    return a->query.len < 12 ? 0 : pmp_map(a, out, opcode);
}

static void write_mapped(uint8_t out[16], const struct dtt_addr *v4)
{
    memset(out, 0, 10);
    memset(out + 10, 0xff, 2);
    memcpy(out + 12, v4->ip, 4);
}

/* An error shows the query again (RFC 6887, 7.2). */
static size_t pcp_end(const struct ask *a, uint8_t *out, enum pcp_result result, uint32_t lifetime)
{
    size_t len = a->query.len < PCP_MAP ? PCP_HEADER : PCP_MAP;
    if (result != PCP_OK) {
        memset(out, 0, len);
        memcpy(out, a->query.data, a->query.len < len ? a->query.len : len);
    }
    out[0] = PCP_VERSION;
    out[1] = IS_ANSWER | a->query.data[1];
    out[2] = 0;
    out[3] = (uint8_t)result;
    dtt_put_be32(out + 4, result == PCP_OK ? lifetime : PCP_ERROR_LIFETIME);
    dtt_put_be32(out + 8, a->epoch_s);
    memset(out + 12, 0, 12);
    return len;
}

static size_t pcp_map(const struct ask *a, uint8_t *out)
{
    const uint8_t *q = a->query.data;
    uint8_t protocol = q[36];
    uint32_t lifetime = bounded(dtt_get_be32(q + 4));
    struct dtt_addr inside = a->client;
    inside.port = dtt_get_be16(q + 40);
    struct nat_mapping *held = nat_granted(a->nat, a->t_ns, protocol, &inside);
    if (held && memcmp(held->nonce, q + PCP_HEADER, NONCE) != 0) {
        return pcp_end(a, out, PCP_REFUSED, 0);
    }
    memcpy(out, q, PCP_MAP);
    if (lifetime == 0) {
        revoke(a, protocol, &inside);
        return pcp_end(a, out, PCP_OK, 0);
    }
    struct nat_mapping *m = nat_grant(a->nat, a->t_ns, protocol, &inside, dtt_get_be16(q + 42),
                                      a->t_ns + lifetime * DTT_S);
    if (!m) {
        return pcp_end(a, out, PCP_NO_RESOURCES, 0);
    }
    memcpy(m->nonce, q + PCP_HEADER, NONCE);
    dtt_put_be16(out + 42, m->outside.port);
    write_mapped(out + 44, a->claimed);
    return pcp_end(a, out, PCP_OK, lifetime);
}

static size_t pcp(const struct ask *a, uint8_t *out)
{
    uint8_t own[16];
    write_mapped(own, &a->client);
    if (a->query.len < PCP_HEADER || a->query.len % 4 != 0) {
        return pcp_end(a, out, PCP_MALFORMED, 0);
    }
    if (memcmp(own, a->query.data + 8, sizeof(own)) != 0) {
        return pcp_end(a, out, PCP_OTHER_CLIENT, 0);
    }
    if (a->kind == PORTMAP_REFUSE) {
        return pcp_end(a, out, PCP_REFUSED, 0);
    }
    if (a->query.data[1] != PCP_MAP_OPCODE) {
        return pcp_end(a, out, PCP_OPCODE_UNKNOWN, 0);
    }
    return a->query.len < PCP_MAP ? pcp_end(a, out, PCP_MALFORMED, 0) : pcp_map(a, out);
}

size_t portmap_answer(enum portmap kind, struct nat *n, const struct dtt_addr *claimed,
                      uint64_t t_ns, uint32_t epoch_s, const struct dtt_addr *client,
                      struct dtt_slice query, uint8_t answer[PORTMAP_ANSWER_MAX])
{
    struct ask a = {kind, n, claimed, t_ns, epoch_s, *client, query};
    a.client.port = 0;
    memset(answer, 0, PORTMAP_ANSWER_MAX);
    if (kind == PORTMAP_OFF || query.len < 2 || query.data[1] & IS_ANSWER) {
        return 0;
    }
    if (query.data[0] == PMP_VERSION || kind == PORTMAP_PMP) {
        return pmp(&a, answer);
    }
    return query.data[0] == PCP_VERSION ? pcp(&a, answer)
                                        : pcp_end(&a, answer, PCP_VERSION_UNKNOWN, 0);
}
