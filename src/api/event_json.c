/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Events as JSON, the format of `dtt --json`, logs and bindings alike. Written by hand: the output
 * is flat, and a JSON library would be one more dependency of everybody's for it.
 */
#include "codec/text.h"

#include <dtt/dtt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct json {
    char *out;
    size_t cap;
    size_t len; /* needed so far, may exceed cap */
};

static void put(struct json *j, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++, j->len++) {
        if (j->len + 1 < j->cap) {
            j->out[j->len] = s[i];
        }
    }
}

static void put_text(struct json *j, const char *s)
{
    put(j, s, strlen(s));
}

/* RFC 8259 section 7; the text is known to be UTF-8. */
static void put_quoted(struct json *j, const uint8_t *s, size_t n)
{
    char buf[8];
    put_text(j, "\"");
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '"' || s[i] == '\\') {
            snprintf(buf, sizeof(buf), "\\%c", s[i]);
            put_text(j, buf);
        } else if (s[i] < 0x20 || s[i] == 0x7f) {
            snprintf(buf, sizeof(buf), "\\u%04x", s[i]);
            put_text(j, buf);
        } else {
            put(j, (const char *)&s[i], 1);
        }
    }
    put_text(j, "\"");
}

static void key(struct json *j, const char *name)
{
    put_text(j, ",\"");
    put_text(j, name);
    put_text(j, "\":");
}

static void put_u64(struct json *j, const char *name, uint64_t v)
{
    char buf[24];
    snprintf(buf, sizeof(buf), "%" PRIu64, v);
    key(j, name);
    put_text(j, buf);
}

static void put_string(struct json *j, const char *name, const char *s)
{
    key(j, name);
    put_quoted(j, (const uint8_t *)s, strlen(s));
}

static void put_hex(struct json *j, const char *name, const uint8_t *bytes, size_t n)
{
    char buf[2 * DTT_ID_BYTES + 1];
    dtt_hex_encode(buf, dtt_slice(bytes, n));
    put_string(j, name, buf);
}

static void put_id(struct json *j, const char *name, const struct dtt_id *id)
{
    put_hex(j, name, id->bytes, sizeof(id->bytes));
}

static void put_addr(struct json *j, const char *name, const struct dtt_addr *addr)
{
    char buf[DTT_ADDR_TEXT_MAX];
    dtt_addr_format(addr, buf);
    put_string(j, name, buf);
}

static void put_addrs(struct json *j, const struct dtt_addr *addrs, size_t n)
{
    char buf[DTT_ADDR_TEXT_MAX];
    key(j, "addrs");
    put_text(j, "[");
    for (size_t i = 0; i < n; i++) {
        dtt_addr_format(&addrs[i], buf);
        put_text(j, i ? ",\"" : "\"");
        put_text(j, buf);
        put_text(j, "\"");
    }
    put_text(j, "]");
}

static void put_base64(struct json *j, const uint8_t *data, size_t len)
{
    /* In pieces of three bytes, so that no buffer has to hold it all. */
    char buf[5];
    key(j, "base64");
    put_text(j, "\"");
    for (size_t i = 0; i < len; i += 3) {
        dtt_base64_encode(buf, dtt_slice(data + i, len - i < 3 ? len - i : 3));
        put_text(j, buf);
    }
    put_text(j, "\"");
}

static void put_utf8(struct json *j, const uint8_t *data, size_t len)
{
    key(j, "text");
    put_quoted(j, data, len);
}

static void put_hexes(struct json *j, const char *name, const uint8_t *bytes, size_t n)
{
    char buf[2 * 32 + 1];
    key(j, name);
    put_text(j, "[");
    for (size_t i = 0; i < n; i++) {
        dtt_hex_encode(buf, dtt_slice(bytes + 32 * i, 32));
        put_text(j, i ? ",\"" : "\"");
        put_text(j, buf);
        put_text(j, "\"");
    }
    put_text(j, "]");
}

static void put_record(struct json *j, const struct dtt_record_info *r)
{
    put_id(j, "publisher", &r->publisher);
    put_u64(j, "minute", r->minute);
    put_hexes(j, "active_peers", r->active_peers[0].bytes, r->n_active_peers);
    put_hexes(j, "message_hashes", r->message_hashes[0], r->n_message_hashes);
    put_addrs(j, r->addrs, r->n_addrs);
}

static void put_holders(struct json *j, const struct dtt_dht_holder *holders, size_t n)
{
    char buf[DTT_ADDR_TEXT_MAX + 48], addr[DTT_ADDR_TEXT_MAX];
    if (n == 0) {
        return;
    }
    key(j, "holders");
    put_text(j, "[");
    for (size_t i = 0; i < n; i++) {
        dtt_addr_format(&holders[i].addr, addr);
        snprintf(buf, sizeof(buf), "%s{\"value\":%" PRIu32 ",\"addr\":\"%s\"}", i ? "," : "",
                 holders[i].value, addr);
        put_text(j, buf);
    }
    put_text(j, "]");
}

static void put_dht_value(struct json *j, const struct dtt_event *ev)
{
    const uint8_t *data = ev->u.dht_value.data ? ev->u.dht_value.data : ev->u.dht_value.v;
    size_t len = ev->u.dht_value.data ? ev->u.dht_value.data_len : ev->u.dht_value.v_len;
    put_u64(j, "op", ev->u.dht_value.op);
    put_u64(j, "seq", (uint64_t)ev->u.dht_value.seq);
    put_base64(j, data, len);
    if (dtt_utf8_is_valid(dtt_slice(data, len))) {
        put_utf8(j, data, len);
    }
    put_u64(j, "holders", ev->u.dht_value.holders);
    put_addr(j, "from", &ev->u.dht_value.from);
}

static void put_dht_put(struct json *j, const struct dtt_event *ev)
{
    put_u64(j, "op", ev->u.dht_put.op);
    put_hex(j, "key", ev->u.dht_put.key, sizeof(ev->u.dht_put.key));
    put_hex(j, "target", ev->u.dht_put.target, sizeof(ev->u.dht_put.target));
    put_u64(j, "seq", (uint64_t)ev->u.dht_put.seq);
    put_u64(j, "asked", ev->u.dht_put.asked);
    put_u64(j, "answered", ev->u.dht_put.acked + ev->u.dht_put.refused);
    put_u64(j, "acked", ev->u.dht_put.acked);
    put_u64(j, "verified", ev->u.dht_put.verified);
    put_u64(j, "refused", ev->u.dht_put.refused);
    put_u64(j, "error", (uint64_t)ev->u.dht_put.error);
    put_u64(j, "elapsed_ms", ev->u.dht_put.elapsed_ms);
}

static void put_dht_announce(struct json *j, const struct dtt_event *ev)
{
    put_u64(j, "op", ev->u.dht_announce.op);
    put_hex(j, "info_hash", ev->u.dht_announce.info_hash, sizeof(ev->u.dht_announce.info_hash));
    put_u64(j, "port", ev->u.dht_announce.port);
    put_u64(j, "asked", ev->u.dht_announce.asked);
    put_u64(j, "answered", ev->u.dht_announce.acked + ev->u.dht_announce.refused);
    put_u64(j, "acked", ev->u.dht_announce.acked);
    put_u64(j, "refused", ev->u.dht_announce.refused);
    put_u64(j, "error", (uint64_t)ev->u.dht_announce.error);
    put_u64(j, "elapsed_ms", ev->u.dht_announce.elapsed_ms);
}

static void put_message(struct json *j, const struct dtt_event *ev)
{
    put_id(j, "from", &ev->u.message.from);
    if (dtt_utf8_is_valid(dtt_slice(ev->u.message.data, ev->u.message.len))) {
        put_utf8(j, ev->u.message.data, ev->u.message.len);
    } else {
        put_base64(j, ev->u.message.data, ev->u.message.len);
    }
}

static void put_dial_failed(struct json *j, const struct dtt_event *ev)
{
    put_id(j, "endpoint_id", &ev->u.dial_failed.peer);
    put_string(j, "stage", ev->u.dial_failed.stage);
    put_string(j, "reason", ev->u.dial_failed.reason);
    if (ev->u.dial_failed.addr.family != DTT_FAMILY_NONE) {
        put_addr(j, "addr", &ev->u.dial_failed.addr);
    }
}

static void put_fields(struct json *j, const struct dtt_event *ev)
{
    switch (ev->type) {
    case DTT_EVENT_LISTENING:
        put_id(j, "endpoint_id", &ev->u.listening.id);
        put_addrs(j, ev->u.listening.addrs, ev->u.listening.n_addrs);
        break;
    case DTT_EVENT_JOINED:
        put_u64(j, "elapsed_ms", ev->u.joined.elapsed_ms);
        put_u64(j, "neighbors", ev->u.joined.neighbors);
        break;
    case DTT_EVENT_MESSAGE: put_message(j, ev); break;
    case DTT_EVENT_NEIGHBOR_UP: put_id(j, "endpoint_id", &ev->u.neighbor.peer); break;
    case DTT_EVENT_NEIGHBOR_DOWN:
        put_id(j, "endpoint_id", &ev->u.neighbor.peer);
        put_string(j, "reason", ev->u.neighbor.reason);
        break;
    case DTT_EVENT_LAGGED: put_u64(j, "missed", ev->u.lagged.missed); break;
    case DTT_EVENT_DIAL_FAILED: put_dial_failed(j, ev); break;
    case DTT_EVENT_EXTERNAL_ADDR:
        put_addr(j, "addr", &ev->u.external_addr.addr);
        put_u64(j, "votes", ev->u.external_addr.votes);
        break;
    case DTT_EVENT_RECORD_PUBLISHED:
        put_u64(j, "minute", ev->u.published.minute);
        put_u64(j, "copies", ev->u.published.copies);
        break;
    case DTT_EVENT_RECORD:
        put_record(j, ev->u.record.record);
        put_u64(j, "age_ms", ev->u.record.age_ms);
        break;
    case DTT_EVENT_LOOKUP_DONE:
        put_u64(j, "asked", ev->u.lookup_done.asked);
        put_u64(j, "answered", ev->u.lookup_done.answered);
        put_u64(j, "records", ev->u.lookup_done.records);
        put_u64(j, "refused", ev->u.lookup_done.refused);
        put_u64(j, "elapsed_ms", ev->u.lookup_done.elapsed_ms);
        break;
    case DTT_EVENT_DHT_VALUE: put_dht_value(j, ev); break;
    case DTT_EVENT_DHT_DONE:
        put_u64(j, "op", ev->u.dht_done.op);
        put_u64(j, "asked", ev->u.dht_done.asked);
        put_u64(j, "answered", ev->u.dht_done.answered);
        put_u64(j, "values", ev->u.dht_done.values);
        put_u64(j, "elapsed_ms", ev->u.dht_done.elapsed_ms);
        put_holders(j, ev->u.dht_done.holders, ev->u.dht_done.n_holders);
        break;
    case DTT_EVENT_DHT_PUT: put_dht_put(j, ev); break;
    case DTT_EVENT_DHT_NODE:
        put_u64(j, "op", ev->u.dht_node.op);
        put_hex(j, "id", ev->u.dht_node.id, sizeof(ev->u.dht_node.id));
        put_addr(j, "addr", &ev->u.dht_node.addr);
        put_u64(j, "rtt_us", ev->u.dht_node.rtt_us);
        break;
    case DTT_EVENT_DHT_PEER:
        put_u64(j, "op", ev->u.dht_peer.op);
        put_addr(j, "addr", &ev->u.dht_peer.addr);
        break;
    case DTT_EVENT_DHT_ANNOUNCE: put_dht_announce(j, ev); break;
    default: break;
    }
}

static const char *event_word(int type)
{
    switch (type) {
    case DTT_EVENT_LISTENING: return "listening";
    case DTT_EVENT_JOINED: return "joined";
    case DTT_EVENT_MESSAGE: return "message";
    case DTT_EVENT_NEIGHBOR_UP: return "neighbor_up";
    case DTT_EVENT_NEIGHBOR_DOWN: return "neighbor_down";
    case DTT_EVENT_LAGGED: return "lagged";
    case DTT_EVENT_DIAL_FAILED: return "dial_failed";
    case DTT_EVENT_EXTERNAL_ADDR: return "external_addr";
    case DTT_EVENT_RECORD_PUBLISHED: return "published";
    case DTT_EVENT_WRITABLE: return "writable";
    case DTT_EVENT_LEFT: return "left";
    case DTT_EVENT_RECORD: return "record";
    case DTT_EVENT_LOOKUP_DONE: return "lookup_done";
    case DTT_EVENT_DHT_VALUE: return "value";
    case DTT_EVENT_DHT_DONE: return "done";
    case DTT_EVENT_DHT_PUT: return "put";
    case DTT_EVENT_DHT_NODE: return "node";
    case DTT_EVENT_DHT_READY: return "dht_ready";
    case DTT_EVENT_DHT_PEER: return "peer";
    case DTT_EVENT_DHT_ANNOUNCE: return "announce";
    default: return "unknown";
    }
}

size_t dtt_event_json(const struct dtt_event *ev, char *buf, size_t cap)
{
    struct json j = {.out = buf, .cap = cap};
    put_text(&j, "{\"event\":\"");
    put_text(&j, event_word(ev->type));
    put_text(&j, "\"");
    put_fields(&j, ev);
    put_text(&j, "}");
    if (cap > 0) {
        buf[j.len < cap ? j.len : cap - 1] = '\0';
    }
    return j.len;
}
