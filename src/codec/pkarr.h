/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Where an endpoint is, as iroh writes it for pkarr (iroh-dns 1.x): a DNS reply (RFC 1035) with TXT
 * records for the name `_iroh.<endpoint id in z-base-32>`, each "addr=IP:PORT", or "relay=URL" for
 * its home relay. A name server answers with the same records, for that name in a domain of its.
 */
#ifndef DTT_CODEC_PKARR_H
#define DTT_CODEC_PKARR_H

#include "codec/dns.h"
#include "codec/url.h"

#define DTT_PKARR_PACKET_MAX 1000
#define DTT_PKARR_TTL_S 30
#define DTT_PKARR_ADDRS 8 /**< of an endpoint; others are not read */
/** A domain with its NUL: behind the name of an endpoint it fits a name of the DNS. */
#define DTT_PKARR_ORIGIN_MAX 192
#define DTT_PKARR_ORIGIN_FORM "a domain of letters, digits and hyphens, like dns.example.org"
/** The name of an endpoint in a domain, with dots and its NUL. */
#define DTT_PKARR_NAME_MAX (sizeof("_iroh.") + 52 + 1 + DTT_PKARR_ORIGIN_MAX)

/** Where an endpoint is. */
struct dtt_pkarr_place {
    size_t n;
    struct dtt_addr addrs[DTT_PKARR_ADDRS];
    char relay[DTT_URL_MAX]; /**< of its home relay; "": none */
};

static inline bool dtt_pkarr_is_somewhere(const struct dtt_pkarr_place *place)
{
    return place->n > 0 || place->relay[0] != '\0';
}

/** False: no domain name of letters, digits and hyphens that is short enough. */
bool dtt_pkarr_is_origin(const char *text);
/** The name of an endpoint in a domain; `origin` "": in none. */
void dtt_pkarr_name(char ret[DTT_PKARR_NAME_MAX], const struct dtt_id *id, const char *origin);

/** Appends the packet that names `n` addresses and the home relay, unless that is "". */
void dtt_pkarr_write(struct dtt_writer *w, const struct dtt_id *id, const char *relay,
                     const struct dtt_addr *addrs, size_t n);

/**
 * Reads usable addresses of `id` and returns how many; passes over records of other names and
 * kinds, and unknown attributes. Of several relays it is the first. DTT_EPROTO: the packet is
 * malformed, or longer than DTT_PKARR_PACKET_MAX.
 */
int dtt_pkarr_read(struct dtt_slice packet, const struct dtt_id *id, struct dtt_pkarr_place *ret);
/** The same of a name server's answer for a domain, which may be longer. */
int dtt_pkarr_read_answer(struct dtt_slice answer, const struct dtt_id *id, const char *origin,
                          struct dtt_pkarr_place *ret);

#endif
