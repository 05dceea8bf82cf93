/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/pkarr.h"

#include "base/addr.h"
#include "codec/text.h"

#define LABEL "_iroh."
#define ADDR_KEY "addr="
#define RELAY_KEY "relay="
#define POINTER_TO_NAME 0xc00c /* to the first name, which follows the header */

bool dtt_pkarr_is_origin(const char *text)
{
    size_t len = strlen(text);
    size_t label = 0;
    for (size_t i = 0; i < len; i++) {
        bool is_dot = text[i] == '.';
        bool is_letter = (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z') ||
                         (text[i] >= '0' && text[i] <= '9') || text[i] == '-' || text[i] == '_';
        if ((is_dot && label == 0) || (!is_dot && !is_letter) || label > DTT_DNS_LABEL_MAX) {
            return false;
        }
        label = is_dot ? 0 : label + 1;
    }
    return len > 0 && len < DTT_PKARR_ORIGIN_MAX && label <= DTT_DNS_LABEL_MAX;
}

void dtt_pkarr_name(char ret[DTT_PKARR_NAME_MAX], const struct dtt_id *id, const char *origin)
{
    size_t len = strlen(LABEL);
    memcpy(ret, LABEL, len);
    dtt_zbase32_encode(ret + len, dtt_slice(id->bytes, sizeof(id->bytes)));
    if (origin[0]) {
        len += DTT_BASE32_LEN(DTT_ID_BYTES);
        ret[len++] = '.';
        memcpy(ret + len, origin, strlen(origin) + 1);
    }
}

static void owner_name(struct dtt_dns_name *ret, const struct dtt_id *id, const char *origin)
{
    char text[DTT_PKARR_NAME_MAX];
    dtt_pkarr_name(text, id, origin);
    dtt_dns_name_make(ret, text);
}

/* ---- writing */

static void write_text(struct dtt_writer *w, const struct dtt_dns_name *owner, bool is_first,
                       struct dtt_slice text)
{
    if (is_first) {
        dtt_dns_write_name(w, owner);
    } else {
        dtt_write_be16(w, POINTER_TO_NAME);
    }
    dtt_dns_write_fields(w, DTT_DNS_TYPE_TXT, DTT_DNS_CLASS_IN, DTT_PKARR_TTL_S,
                         dtt_dns_text_len(text.len));
    dtt_dns_write_text(w, text);
}

void dtt_pkarr_write(struct dtt_writer *w, const struct dtt_id *id, const char *relay,
                     const struct dtt_addr *addrs, size_t n)
{
    size_t n_relays = relay[0] != '\0';
    const struct dtt_dns_header header = {.flags = DTT_DNS_FLAG_RESPONSE,
                                          .answers = (uint16_t)(n + n_relays)};
    struct dtt_dns_name owner;
    char text[DTT_DNS_STRING_MAX];
    owner_name(&owner, id, "");
    dtt_dns_write_header(w, &header);
    for (size_t i = 0; i < n + n_relays; i++) {
        struct dtt_writer string = dtt_writer(text, sizeof(text));
        char addr[DTT_ADDR_TEXT_MAX];
        if (i < n_relays) {
            dtt_write_text(&string, RELAY_KEY);
            dtt_write_text(&string, relay);
        } else {
            dtt_addr_format(&addrs[i - n_relays], addr);
            dtt_write_text(&string, ADDR_KEY);
            dtt_write_text(&string, addr);
        }
        write_text(w, &owner, i == 0, dtt_slice(text, string.len));
    }
}

/* ---- reading */

/* The value in a text that begins with the key; NULL: another one. */
static const char *value_of(const char *text, const char *key)
{
    size_t len = strlen(key);
    return strncmp(text, key, len) == 0 ? text + len : NULL;
}

/* Of several addresses those first in the packet are kept. */
static void take_text(const char *text, struct dtt_pkarr_place *ret)
{
    struct dtt_addr addr;
    struct dtt_url url;
    const char *value = value_of(text, ADDR_KEY);
    if (value && ret->n < DTT_PKARR_ADDRS && dtt_addr_parse(value, &addr) == DTT_OK &&
        dtt_addr_is_usable(&addr)) {
        ret->addrs[ret->n++] = addr;
    }
    value = value_of(text, RELAY_KEY);
    if (value && !ret->relay[0] && dtt_url_parse(value, &url) == DTT_OK) {
        memcpy(ret->relay, value, strlen(value) + 1);
    }
}

/* The data of a TXT record, whose strings make one text: iroh's attributes are one string each. */
static void take_data(struct dtt_slice data, struct dtt_pkarr_place *ret)
{
    char text[DTT_DNS_STRING_MAX + 1];
    struct dtt_writer w = dtt_writer(text, DTT_DNS_STRING_MAX);
    if (dtt_dns_read_text(data, &w) && w.len > 0 && !memchr(text, 0, w.len)) {
        text[w.len] = '\0';
        take_text(text, ret);
    }
}

int dtt_pkarr_read_answer(struct dtt_slice answer, const struct dtt_id *id, const char *origin,
                          struct dtt_pkarr_place *ret)
{
    struct dtt_dns_message m;
    struct dtt_dns_entry entry;
    struct dtt_dns_name owner;
    *ret = (struct dtt_pkarr_place){.n = 0};
    if (!dtt_dns_open(&m, answer) || !(m.flags & DTT_DNS_FLAG_RESPONSE)) {
        return DTT_EPROTO;
    }
    m.left[DTT_DNS_AUTHORITY] = m.left[DTT_DNS_ADDITIONAL] = 0; /* nothing of ours is there */
    owner_name(&owner, id, origin);
    while (dtt_dns_next(&m, &entry)) {
        if (entry.section == DTT_DNS_ANSWER && entry.type == DTT_DNS_TYPE_TXT &&
            entry.class_code == DTT_DNS_CLASS_IN && dtt_dns_name_eq(&entry.name, &owner)) {
            take_data(entry.data, ret);
        }
    }
    return m.at.failed ? DTT_EPROTO : (int)ret->n;
}

int dtt_pkarr_read(struct dtt_slice packet, const struct dtt_id *id, struct dtt_pkarr_place *ret)
{
    return packet.len > DTT_PKARR_PACKET_MAX ? DTT_EPROTO
                                             : dtt_pkarr_read_answer(packet, id, "", ret);
}
