/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * DNS messages (RFC 1035), as pkarr and multicast DNS (RFC 6762) carry them: names, questions and
 * resource records. Nothing is allocated; names are written in full and read compressed or not.
 */
#ifndef DTT_CODEC_DNS_H
#define DTT_CODEC_DNS_H

#include "base/bytes.h"

/* RFC 1035 sections 3.1, 3.2 and 4.1. */
#define DTT_DNS_HEADER_BYTES 12
#define DTT_DNS_NAME_MAX 255
#define DTT_DNS_STRING_MAX 255 /**< of the strings of a TXT record */
#define DTT_DNS_LABEL_MAX 63

#define DTT_DNS_FLAG_RESPONSE 0x8000
#define DTT_DNS_FLAG_AUTHORITATIVE 0x0400

#define DTT_DNS_TYPE_A 1
#define DTT_DNS_TYPE_PTR 12
#define DTT_DNS_TYPE_TXT 16
#define DTT_DNS_TYPE_AAAA 28 /**< RFC 3596 */
#define DTT_DNS_TYPE_SRV 33  /**< RFC 2782 */
#define DTT_DNS_CLASS_IN 1
/** RFC 6762, 10.2 and 5.4: the top bit of a class asks to flush caches, or for unicast. */
#define DTT_DNS_CLASS_MASK 0x7fff

/** Length bytes and lower-case labels, with the root. */
struct dtt_dns_name {
    size_t len;
    uint8_t bytes[DTT_DNS_NAME_MAX];
};

/**
 * From labels with dots between them. Each is 1 to DTT_DNS_LABEL_MAX bytes; the whole fits a name.
 */
void dtt_dns_name_make(struct dtt_dns_name *ret, const char *text);
bool dtt_dns_name_eq(const struct dtt_dns_name *a, const struct dtt_dns_name *b);

/* ---- writing */

struct dtt_dns_header {
    uint16_t id;
    uint16_t flags;
    uint16_t questions, answers, authorities, additionals;
};

void dtt_dns_write_header(struct dtt_writer *w, const struct dtt_dns_header *h);
void dtt_dns_write_name(struct dtt_writer *w, const struct dtt_dns_name *name);
void dtt_dns_write_question(struct dtt_writer *w, const struct dtt_dns_name *name, uint16_t type,
                            uint16_t class_code);
/** What follows a record's name, up to its data of `len` bytes, which the caller writes. */
void dtt_dns_write_fields(struct dtt_writer *w, uint16_t type, uint16_t class_code, uint32_t ttl_s,
                          size_t len);
/** The data of a TXT record with these bytes, in as many strings as they need. */
void dtt_dns_write_text(struct dtt_writer *w, struct dtt_slice bytes);
/** How long that is. */
size_t dtt_dns_text_len(size_t bytes);

/* ---- reading */

enum dtt_dns_section {
    DTT_DNS_QUESTION,
    DTT_DNS_ANSWER,
    DTT_DNS_AUTHORITY,
    DTT_DNS_ADDITIONAL,
    DTT_DNS_SECTIONS
};

struct dtt_dns_entry {
    enum dtt_dns_section section;
    struct dtt_dns_name name;
    uint16_t type;
    uint16_t class_code;
    uint32_t ttl_s;        /**< of a record */
    struct dtt_slice data; /**< likewise */
};

/** A cursor over the entries of a message, whose bytes outlive it. */
struct dtt_dns_message {
    struct dtt_slice packet;
    struct dtt_reader at;
    uint16_t id;
    uint16_t flags;
    uint16_t left[DTT_DNS_SECTIONS]; /**< entries not yet read */
};

/** False: not even a header. */
bool dtt_dns_open(struct dtt_dns_message *m, struct dtt_slice packet);
/** The next entry; false at the end, and when the message is malformed: then `at.failed` is set. */
bool dtt_dns_next(struct dtt_dns_message *m, struct dtt_dns_entry *ret);
/** A name at the start of a record's data, or of a part of it. */
bool dtt_dns_read_name(const struct dtt_dns_message *m, struct dtt_slice data,
                       struct dtt_dns_name *ret);
/** Appends the strings of a TXT record's data, without their lengths; false: malformed. */
bool dtt_dns_read_text(struct dtt_slice data, struct dtt_writer *w);

#endif
