/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/krpc.h"

#include "codec/bencode.h"

#include <dtt/types.h>

enum field_kind { FIELD_STR, FIELD_INT, FIELD_RAW, FIELD_LIST, FIELD_WANT };

static const struct field {
    const char *name;
    enum field_kind kind;
    size_t offset;
} fields[] = {
#define FIELD(name, kind, member) {name, FIELD_##kind, offsetof(struct dtt_krpc, member)},
#include "dht/krpc.def"
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static const char *const method_names[DTT_KRPC_M_COUNT] = {
#define METHOD_NAME(name, text) [DTT_KRPC_M_##name] = text,
    DTT_KRPC_METHODS(METHOD_NAME)
#undef METHOD_NAME
};

const char *dtt_krpc_method_word(enum dtt_krpc_method method)
{
    bool is_known = method > DTT_KRPC_M_UNKNOWN && method < DTT_KRPC_M_COUNT;
    return is_known ? method_names[method] : "unknown";
}

/* ---- decoding */

/* A string into *ret, which stays as it is when something else comes. */
static void take_str(struct dtt_reader *reader, struct dtt_krpc *message, struct dtt_slice *ret)
{
    if (dtt_bencode_peek(reader) == 's') {
        *ret = dtt_bencode_read_str(reader);
    } else {
        message->is_malformed = true;
        dtt_bencode_read_any(reader, NULL);
    }
}

static void take_int(struct dtt_reader *reader, struct dtt_krpc *message, struct dtt_krpc_int *ret)
{
    struct dtt_reader value = dtt_reader(dtt_bencode_read_any(reader, NULL));
    int64_t n = dtt_bencode_read_int(&value);
    if (value.failed) {
        message->is_malformed = true;
    } else {
        *ret = dtt_krpc_int(n);
    }
}

/* The content of a list, without its "l" and "e". */
static void take_list(struct dtt_reader *reader, struct dtt_krpc *message, struct dtt_slice *ret)
{
    bool is_list = dtt_bencode_peek(reader) == 'l';
    struct dtt_slice raw = dtt_bencode_read_any(reader, NULL);
    if (!is_list) {
        message->is_malformed = true;
    } else if (!reader->failed) {
        *ret = dtt_slice(raw.data + 1, raw.len - 2);
    }
}

static uint8_t read_want(struct dtt_slice list)
{
    struct dtt_reader r = dtt_reader(list);
    uint8_t want = 0;
    while (dtt_reader_left(&r) > 0 && !r.failed) {
        struct dtt_slice s = dtt_bencode_read_str(&r);
        want |= dtt_slice_is(s, DTT_KRPC_WANT_N4) ? DTT_KRPC_WANTS_V4 : 0;
        want |= dtt_slice_is(s, DTT_KRPC_WANT_N6) ? DTT_KRPC_WANTS_V6 : 0;
    }
    return want;
}

static const struct field *find_field(struct dtt_slice key)
{
    for (size_t i = 0; i < FIELDS; i++) {
        if (dtt_slice_is(key, fields[i].name)) {
            return &fields[i];
        }
    }
    return NULL;
}

static void take_field(struct dtt_reader *reader, struct dtt_krpc *message,
                       const struct field *field)
{
    void *member = (char *)message + field->offset;
    struct dtt_slice list = {0};
    switch (field->kind) {
    case FIELD_STR: take_str(reader, message, member); break;
    case FIELD_INT: take_int(reader, message, member); break;
    case FIELD_RAW:
        *(struct dtt_slice *)member = dtt_bencode_read_any(reader, &message->is_v_canonical);
        break;
    case FIELD_LIST: take_list(reader, message, member); break;
    case FIELD_WANT:
        take_list(reader, message, &list);
        message->want = read_want(list);
        break;
    }
}

/* The dictionary under "a" or "r". */
static void take_fields(struct dtt_reader *reader, struct dtt_krpc *message)
{
    if (!dtt_bencode_read_open(reader, 'd')) {
        return;
    }
    while (!dtt_bencode_read_close(reader)) {
        const struct field *field = find_field(dtt_bencode_read_str(reader));
        if (field) {
            take_field(reader, message, field);
        } else {
            dtt_bencode_read_any(reader, NULL);
        }
    }
    if (message->id.data && message->id.len != DTT_NODE_ID_BYTES) {
        message->is_malformed = true;
        message->id = dtt_slice(NULL, 0);
    }
}

static void take_error(struct dtt_reader *reader, struct dtt_krpc *message)
{
    struct dtt_slice list = {0};
    struct dtt_krpc_int code = {0};
    take_list(reader, message, &list);
    struct dtt_reader in = dtt_reader(list);
    if (list.len > 0) {
        take_int(&in, message, &code);
    }
    if (dtt_reader_left(&in) > 0) {
        take_str(&in, message, &message->error_text);
    }
    message->error = code.n;
}

static enum dtt_krpc_method method_of(struct dtt_slice name)
{
    for (size_t i = 1; i < DTT_KRPC_M_COUNT; i++) {
        if (dtt_slice_is(name, method_names[i])) {
            return (enum dtt_krpc_method)i;
        }
    }
    return DTT_KRPC_M_UNKNOWN;
}

/* What the top level says besides the fields of struct dtt_krpc. */
struct top {
    struct dtt_slice y;
    struct dtt_slice q;
};

static void take_top(struct dtt_reader *reader, struct dtt_krpc *message, struct top *top)
{
    struct dtt_slice key = dtt_bencode_read_str(reader);
    struct dtt_krpc_int ro = {0};
    char type = dtt_bencode_peek(reader);
    if (dtt_slice_is(key, DTT_KRPC_T)) {
        take_str(reader, message, &message->t);
    } else if (dtt_slice_is(key, DTT_KRPC_Y)) {
        take_str(reader, message, &top->y);
    } else if (dtt_slice_is(key, DTT_KRPC_Q)) {
        take_str(reader, message, &top->q);
    } else if ((dtt_slice_is(key, DTT_KRPC_A) || dtt_slice_is(key, DTT_KRPC_R)) && type == 'd') {
        take_fields(reader, message);
    } else if (dtt_slice_is(key, DTT_KRPC_E) && type == 'l') {
        take_error(reader, message);
    } else if (dtt_slice_is(key, DTT_KRPC_V)) {
        take_str(reader, message, &message->client);
    } else if (dtt_slice_is(key, DTT_KRPC_IP)) {
        take_str(reader, message, &message->ip);
    } else if (dtt_slice_is(key, DTT_KRPC_RO)) {
        take_int(reader, message, &ro);
        message->is_read_only = ro.n == 1;
    } else {
        dtt_bencode_read_any(reader, NULL);
    }
}

int dtt_krpc_decode(struct dtt_slice datagram, struct dtt_krpc *ret)
{
    struct dtt_reader r = dtt_reader(datagram);
    struct dtt_krpc m = {0};
    struct top top = {0};
    if (datagram.len < DTT_KRPC_PACKET_MIN || datagram.data[datagram.len - 1] != 'e' ||
        !dtt_bencode_read_open(&r, 'd')) {
        return DTT_EPROTO;
    }
    while (!dtt_bencode_read_close(&r)) {
        take_top(&r, &m, &top);
    }
    if (r.failed || dtt_reader_left(&r) != 0 || m.t.len == 0 || m.t.len > DTT_KRPC_T_MAX) {
        return DTT_EPROTO;
    }
    if (dtt_slice_is(top.y, "q")) {
        m.type = DTT_KRPC_QUERY;
        m.method = method_of(top.q);
    } else if (dtt_slice_is(top.y, "r")) {
        m.type = DTT_KRPC_REPLY;
    } else if (dtt_slice_is(top.y, "e")) {
        m.type = DTT_KRPC_ERROR;
    } else {
        return DTT_EPROTO;
    }
    *ret = m;
    return DTT_OK;
}

bool dtt_krpc_next_value(struct dtt_reader *reader, struct dtt_addr *ret)
{
    while (!reader->failed && dtt_reader_left(reader) > 0) {
        struct dtt_slice s = dtt_bencode_read_str(reader);
        if (!reader->failed && dtt_addr_from_compact(s, ret) == DTT_OK) {
            return true;
        }
    }
    return false;
}

bool dtt_krpc_next_node(struct dtt_reader *reader, uint8_t family, uint8_t id[DTT_NODE_ID_BYTES],
                        struct dtt_addr *ret)
{
    size_t addr_len = family == DTT_FAMILY_V4 ? DTT_ADDR_COMPACT4 : DTT_ADDR_COMPACT6;
    if (dtt_reader_left(reader) < DTT_NODE_ID_BYTES + addr_len) {
        return false;
    }
    dtt_read_into(reader, id, DTT_NODE_ID_BYTES);
    return dtt_addr_from_compact(dtt_read(reader, addr_len), ret) == DTT_OK;
}

/* ---- encoding */

static void write_want(struct dtt_writer *writer, uint8_t want)
{
    dtt_write_u8(writer, 'l');
    if (want & DTT_KRPC_WANTS_V4) {
        dtt_bencode_write_text(writer, DTT_KRPC_WANT_N4);
    }
    if (want & DTT_KRPC_WANTS_V6) {
        dtt_bencode_write_text(writer, DTT_KRPC_WANT_N6);
    }
    dtt_write_u8(writer, 'e');
}

static void write_field(struct dtt_writer *writer, const struct dtt_krpc *message,
                        const struct field *field)
{
    const void *member = (const char *)message + field->offset;
    const struct dtt_krpc_int *n = member;
    const struct dtt_slice *s = member;
    if (field->kind == FIELD_INT    ? !n->is_set
        : field->kind == FIELD_WANT ? message->want == 0
                                    : !s->data) {
        return;
    }
    dtt_bencode_write_text(writer, field->name);
    switch (field->kind) {
    case FIELD_STR: dtt_bencode_write_str(writer, *s); break;
    case FIELD_INT: dtt_bencode_write_int(writer, n->n); break;
    case FIELD_RAW: dtt_write_slice(writer, *s); break;
    case FIELD_LIST:
        dtt_write_u8(writer, 'l');
        dtt_write_slice(writer, *s);
        dtt_write_u8(writer, 'e');
        break;
    case FIELD_WANT: write_want(writer, message->want); break;
    }
}

static void write_fields(struct dtt_writer *writer, const struct dtt_krpc *message,
                         const char *name)
{
    dtt_bencode_write_text(writer, name);
    dtt_write_u8(writer, 'd');
    for (size_t i = 0; i < FIELDS; i++) {
        write_field(writer, message, &fields[i]);
    }
    dtt_write_u8(writer, 'e');
}

static void write_text_pair(struct dtt_writer *writer, const char *key, struct dtt_slice value)
{
    if (value.data) {
        dtt_bencode_write_text(writer, key);
        dtt_bencode_write_str(writer, value);
    }
}

int dtt_krpc_encode(const struct dtt_krpc *message, uint8_t *buf, size_t cap)
{
    static const char *const types[] = {
        [DTT_KRPC_QUERY] = "q", [DTT_KRPC_REPLY] = "r", [DTT_KRPC_ERROR] = "e"};
    struct dtt_writer w = dtt_writer(buf, cap);
    if (message->type == DTT_KRPC_QUERY && message->method == DTT_KRPC_M_UNKNOWN) {
        return DTT_EINVAL;
    }
    dtt_write_u8(&w, 'd');
    if (message->type == DTT_KRPC_QUERY) {
        write_fields(&w, message, DTT_KRPC_A);
    }
    if (message->type == DTT_KRPC_ERROR) {
        dtt_write_text(&w, "1:el");
        dtt_bencode_write_int(&w, message->error);
        dtt_bencode_write_str(&w, message->error_text);
        dtt_write_u8(&w, 'e');
    }
    write_text_pair(&w, DTT_KRPC_IP, message->ip);
    if (message->type == DTT_KRPC_QUERY) {
        const char *name = method_names[message->method];
        write_text_pair(&w, DTT_KRPC_Q, dtt_slice(name, strlen(name)));
    }
    if (message->type == DTT_KRPC_REPLY) {
        write_fields(&w, message, DTT_KRPC_R);
    }
    if (message->is_read_only) {
        dtt_write_text(&w, "2:roi1e");
    }
    write_text_pair(&w, DTT_KRPC_T, message->t);
    write_text_pair(&w, DTT_KRPC_V, message->client);
    write_text_pair(&w, DTT_KRPC_Y, dtt_slice(types[message->type], 1));
    dtt_write_u8(&w, 'e');
    return w.failed ? DTT_ETOOBIG : (int)w.len;
}
