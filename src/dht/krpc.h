/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * KRPC messages (BEP 5, 32, 42, 43, 44) as one flat struct. Decoding copies nothing: slices point
 * into the datagram, a value `v` stays the raw bytes that were signed. A slice with data NULL is
 * absent.
 */
#ifndef DTT_DHT_KRPC_H
#define DTT_DHT_KRPC_H

#include "base/addr.h"
#include "dht/krpc_wire.h"

enum dtt_krpc_type { DTT_KRPC_QUERY, DTT_KRPC_REPLY, DTT_KRPC_ERROR };

enum dtt_krpc_method {
    DTT_KRPC_M_UNKNOWN,
#define DTT_KRPC_METHOD_ENUM(name, text) DTT_KRPC_M_##name,
    DTT_KRPC_METHODS(DTT_KRPC_METHOD_ENUM)
#undef DTT_KRPC_METHOD_ENUM
};
#define DTT_KRPC_METHOD_ONE(name, text) +1
#define DTT_KRPC_M_COUNT (1 DTT_KRPC_METHODS(DTT_KRPC_METHOD_ONE)) /**< with UNKNOWN */

#define DTT_KRPC_WANTS_V4 1u
#define DTT_KRPC_WANTS_V6 2u

struct dtt_krpc_int {
    int64_t n;
    bool is_set;
};

/* Members by the kind of their field. */
#define DTT_KRPC_STR(member) struct dtt_slice member
#define DTT_KRPC_RAW(member) struct dtt_slice member
#define DTT_KRPC_LIST(member) struct dtt_slice member
#define DTT_KRPC_INT(member) struct dtt_krpc_int member
#define DTT_KRPC_WANT(member) uint8_t member

struct dtt_krpc {
    enum dtt_krpc_type type;
    enum dtt_krpc_method method; /**< of a query */
    bool is_read_only;
    bool is_malformed;   /**< a known key had a value of the wrong type; that key is absent */
    bool is_v_canonical; /**< `v` is the one valid encoding of its value */
    struct dtt_slice t;
    struct dtt_slice ip;
    struct dtt_slice client;

    /* lengths are the sender's, only `id` has been checked: 20 bytes or absent */
#define FIELD(name, kind, member) DTT_KRPC_##kind(member);
#include "dht/krpc.def"

    int64_t error;
    struct dtt_slice error_text;
};

/**
 * Reads a whole datagram. DTT_EPROTO when it is not a KRPC message: not one dictionary filling the
 * datagram, or without a usable y and t. Unknown keys are skipped, unusable known ones are absent.
 */
int dtt_krpc_decode(struct dtt_slice datagram, struct dtt_krpc *ret);

/** The word of an enum dtt_krpc_method, for logs: "get". Static. */
const char *dtt_krpc_method_word(enum dtt_krpc_method method);

/** Length written to `buf`, or DTT_ETOOBIG. `method` UNKNOWN cannot be encoded (DTT_EINVAL). */
int dtt_krpc_encode(const struct dtt_krpc *message, uint8_t *buf, size_t cap);

/** The next address of `values`; false at the end. Entries of another size are passed over. */
bool dtt_krpc_next_value(struct dtt_reader *reader, struct dtt_addr *ret);

/** The next contact of `nodes` or `nodes6` (`family`), id and address; false at the end. */
bool dtt_krpc_next_node(struct dtt_reader *reader, uint8_t family, uint8_t id[DTT_NODE_ID_BYTES],
                        struct dtt_addr *ret);

static inline struct dtt_krpc_int dtt_krpc_int(int64_t n)
{
    return (struct dtt_krpc_int){.n = n, .is_set = true};
}

#endif
