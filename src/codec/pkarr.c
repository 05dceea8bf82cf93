/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/pkarr.h"

#include "base/addr.h"
#include "codec/dns.h"
#include "codec/text.h"

#define LABEL "_iroh"
#define ADDR_KEY "addr="
#define POINTER_TO_NAME 0xc00c /* to the first name, which follows the header */

static void owner_name(struct dtt_dns_name *ret, const struct dtt_id *id)
{
    char text[sizeof(LABEL) + 1 + DTT_BASE32_LEN(DTT_ID_BYTES)] = LABEL ".";
    dtt_zbase32_encode(text + sizeof(LABEL), dtt_slice(id->bytes, sizeof(id->bytes)));
    dtt_dns_name_make(ret, text);
}

void dtt_pkarr_write(struct dtt_writer *w, const struct dtt_id *id, const struct dtt_addr *addrs,
                     size_t n)
{
    const struct dtt_dns_header header = {.flags = DTT_DNS_FLAG_RESPONSE, .answers = (uint16_t)n};
    struct dtt_dns_name owner;
    owner_name(&owner, id);
    dtt_dns_write_header(w, &header);
    for (size_t i = 0; i < n; i++) {
        char text[sizeof(ADDR_KEY) - 1 + DTT_ADDR_TEXT_MAX] = ADDR_KEY;
        uint8_t pointer[2];
        dtt_addr_format(&addrs[i], text + sizeof(ADDR_KEY) - 1);
        if (i == 0) {
            dtt_dns_write_name(w, &owner);
        } else {
            dtt_put_be16(pointer, POINTER_TO_NAME);
            dtt_write(w, pointer, sizeof(pointer));
        }
        struct dtt_slice value = dtt_slice(text, strlen(text));
        dtt_dns_write_fields(w, DTT_DNS_TYPE_TXT, DTT_DNS_CLASS_IN, DTT_PKARR_TTL_S,
                             dtt_dns_text_len(value.len));
        dtt_dns_write_text(w, value);
    }
}

/* The address in the data of a TXT record, whose strings make one text; false: it has none. */
static bool txt_addr(struct dtt_slice data, struct dtt_addr *ret)
{
    char text[DTT_DNS_STRING_MAX + 1]; /* iroh's attributes are one string each */
    struct dtt_writer w = dtt_writer(text, DTT_DNS_STRING_MAX);
    if (!dtt_dns_read_text(data, &w) || w.len < strlen(ADDR_KEY) ||
        memcmp(text, ADDR_KEY, strlen(ADDR_KEY)) != 0 || memchr(text, 0, w.len)) {
        return false;
    }
    text[w.len] = '\0';
    return dtt_addr_parse(text + strlen(ADDR_KEY), ret) == DTT_OK && dtt_addr_is_usable(ret);
}

int dtt_pkarr_read(struct dtt_slice packet, const struct dtt_id *id, struct dtt_addr *ret,
                   size_t cap)
{
    struct dtt_dns_message m;
    struct dtt_dns_entry entry;
    struct dtt_dns_name owner;
    size_t found = 0;
    if (!dtt_dns_open(&m, packet) || packet.len > DTT_PKARR_PACKET_MAX ||
        !(m.flags & DTT_DNS_FLAG_RESPONSE)) {
        return DTT_EPROTO;
    }
    m.left[DTT_DNS_AUTHORITY] = m.left[DTT_DNS_ADDITIONAL] = 0; /* nothing of ours is there */
    owner_name(&owner, id);
    while (dtt_dns_next(&m, &entry)) {
        struct dtt_addr addr;
        if (entry.section == DTT_DNS_ANSWER && found < cap && entry.type == DTT_DNS_TYPE_TXT &&
            entry.class_code == DTT_DNS_CLASS_IN && dtt_dns_name_eq(&entry.name, &owner) &&
            txt_addr(entry.data, &addr)) {
            ret[found++] = addr;
        }
    }
    return m.at.failed ? DTT_EPROTO : (int)found;
}
