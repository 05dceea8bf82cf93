/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Events as JSON, the format of `dtt --json`, logs and bindings alike. */
#include "codec/json.h"
#include "codec/text.h"

#include <dtt/dtt.h>

static void put_id(struct dtt_json *j, const char *name, const struct dtt_id *id)
{
    dtt_json_hex(j, name, dtt_slice(id->bytes, sizeof(id->bytes)));
}

static void put_addrs(struct dtt_json *j, const struct dtt_addr *addrs, size_t n)
{
    dtt_json_array(j, "addrs");
    for (size_t i = 0; i < n; i++) {
        dtt_json_addr(j, NULL, &addrs[i]);
    }
    dtt_json_end(j);
}

static void put_record(struct dtt_json *j, const struct dtt_record_info *r)
{
    put_id(j, "publisher", &r->publisher);
    dtt_json_u64(j, "minute", r->minute);
    dtt_json_array(j, "active_peers");
    for (size_t i = 0; i < r->n_active_peers; i++) {
        put_id(j, NULL, &r->active_peers[i]);
    }
    dtt_json_end(j);
    dtt_json_array(j, "message_hashes");
    for (size_t i = 0; i < r->n_message_hashes; i++) {
        dtt_json_hex(j, NULL, dtt_slice(r->message_hashes[i], sizeof(r->message_hashes[i])));
    }
    dtt_json_end(j);
    put_addrs(j, r->addrs, r->n_addrs);
}

static void put_holders(struct dtt_json *j, const struct dtt_dht_holder *holders, size_t n)
{
    if (n == 0) {
        return;
    }
    dtt_json_array(j, "holders");
    for (size_t i = 0; i < n; i++) {
        dtt_json_object(j, NULL);
        dtt_json_u64(j, "value", holders[i].value);
        dtt_json_addr(j, "addr", &holders[i].addr);
        dtt_json_end(j);
    }
    dtt_json_end(j);
}

static void put_dht_value(struct dtt_json *j, const struct dtt_event *ev)
{
    struct dtt_slice value = ev->u.dht_value.data
                                 ? dtt_slice(ev->u.dht_value.data, ev->u.dht_value.data_len)
                                 : dtt_slice(ev->u.dht_value.v, ev->u.dht_value.v_len);
    dtt_json_u64(j, "op", ev->u.dht_value.op);
    dtt_json_i64(j, "seq", ev->u.dht_value.seq);
    dtt_json_base64(j, "base64", value);
    if (dtt_utf8_is_valid(value)) {
        dtt_json_utf8(j, "text", value);
    }
    dtt_json_u64(j, "holders", ev->u.dht_value.holders);
    dtt_json_addr(j, "from", &ev->u.dht_value.from);
}

static void put_dht_put(struct dtt_json *j, const struct dtt_event *ev)
{
    dtt_json_u64(j, "op", ev->u.dht_put.op);
    dtt_json_hex(j, "key", dtt_slice(ev->u.dht_put.key, sizeof(ev->u.dht_put.key)));
    dtt_json_hex(j, "target", dtt_slice(ev->u.dht_put.target, sizeof(ev->u.dht_put.target)));
    dtt_json_i64(j, "seq", ev->u.dht_put.seq);
    dtt_json_u64(j, "asked", ev->u.dht_put.asked);
    dtt_json_u64(j, "answered", ev->u.dht_put.acked + ev->u.dht_put.refused);
    dtt_json_u64(j, "acked", ev->u.dht_put.acked);
    dtt_json_u64(j, "verified", ev->u.dht_put.verified);
    dtt_json_u64(j, "refused", ev->u.dht_put.refused);
    dtt_json_i64(j, "error", ev->u.dht_put.error);
    dtt_json_u64(j, "elapsed_ms", ev->u.dht_put.elapsed_ms);
}

static void put_dht_announce(struct dtt_json *j, const struct dtt_event *ev)
{
    dtt_json_u64(j, "op", ev->u.dht_announce.op);
    dtt_json_hex(j, "info_hash",
                 dtt_slice(ev->u.dht_announce.info_hash, sizeof(ev->u.dht_announce.info_hash)));
    dtt_json_u64(j, "port", ev->u.dht_announce.port);
    dtt_json_u64(j, "asked", ev->u.dht_announce.asked);
    dtt_json_u64(j, "answered", ev->u.dht_announce.acked + ev->u.dht_announce.refused);
    dtt_json_u64(j, "acked", ev->u.dht_announce.acked);
    dtt_json_u64(j, "refused", ev->u.dht_announce.refused);
    dtt_json_i64(j, "error", ev->u.dht_announce.error);
    dtt_json_u64(j, "elapsed_ms", ev->u.dht_announce.elapsed_ms);
}

static void put_message(struct dtt_json *j, const struct dtt_event *ev)
{
    struct dtt_slice data = dtt_slice(ev->u.message.data, ev->u.message.len);
    put_id(j, "from", &ev->u.message.from);
    if (dtt_utf8_is_valid(data)) {
        dtt_json_utf8(j, "text", data);
    } else {
        dtt_json_base64(j, "base64", data);
    }
}

static void put_dial_failed(struct dtt_json *j, const struct dtt_event *ev)
{
    put_id(j, "endpoint_id", &ev->u.dial_failed.peer);
    dtt_json_text(j, "stage", ev->u.dial_failed.stage);
    dtt_json_text(j, "reason", ev->u.dial_failed.reason);
    if (ev->u.dial_failed.addr.family != DTT_FAMILY_NONE) {
        dtt_json_addr(j, "addr", &ev->u.dial_failed.addr);
    }
}

static void put_fields(struct dtt_json *j, const struct dtt_event *ev)
{
    switch (ev->type) {
    case DTT_EVENT_LISTENING:
        put_id(j, "endpoint_id", &ev->u.listening.id);
        put_addrs(j, ev->u.listening.addrs, ev->u.listening.n_addrs);
        break;
    case DTT_EVENT_JOINED:
        dtt_json_u64(j, "elapsed_ms", ev->u.joined.elapsed_ms);
        dtt_json_u64(j, "neighbors", ev->u.joined.neighbors);
        break;
    case DTT_EVENT_MESSAGE: put_message(j, ev); break;
    case DTT_EVENT_NEIGHBOR_UP: put_id(j, "endpoint_id", &ev->u.neighbor.peer); break;
    case DTT_EVENT_NEIGHBOR_DOWN:
        put_id(j, "endpoint_id", &ev->u.neighbor.peer);
        dtt_json_text(j, "reason", ev->u.neighbor.reason);
        break;
    case DTT_EVENT_LAGGED: dtt_json_u64(j, "missed", ev->u.lagged.missed); break;
    case DTT_EVENT_DIAL_FAILED: put_dial_failed(j, ev); break;
    case DTT_EVENT_EXTERNAL_ADDR:
        dtt_json_addr(j, "addr", &ev->u.external_addr.addr);
        dtt_json_u64(j, "votes", ev->u.external_addr.votes);
        break;
    case DTT_EVENT_RECORD_PUBLISHED:
        dtt_json_u64(j, "minute", ev->u.published.minute);
        dtt_json_u64(j, "copies", ev->u.published.copies);
        break;
    case DTT_EVENT_RECORD:
        put_record(j, ev->u.record.record);
        dtt_json_u64(j, "age_ms", ev->u.record.age_ms);
        break;
    case DTT_EVENT_LOOKUP_DONE:
        dtt_json_u64(j, "asked", ev->u.lookup_done.asked);
        dtt_json_u64(j, "answered", ev->u.lookup_done.answered);
        dtt_json_u64(j, "records", ev->u.lookup_done.records);
        dtt_json_u64(j, "refused", ev->u.lookup_done.refused);
        dtt_json_u64(j, "elapsed_ms", ev->u.lookup_done.elapsed_ms);
        break;
    case DTT_EVENT_DHT_VALUE: put_dht_value(j, ev); break;
    case DTT_EVENT_DHT_DONE:
        dtt_json_u64(j, "op", ev->u.dht_done.op);
        dtt_json_u64(j, "asked", ev->u.dht_done.asked);
        dtt_json_u64(j, "answered", ev->u.dht_done.answered);
        dtt_json_u64(j, "values", ev->u.dht_done.values);
        dtt_json_u64(j, "elapsed_ms", ev->u.dht_done.elapsed_ms);
        put_holders(j, ev->u.dht_done.holders, ev->u.dht_done.n_holders);
        break;
    case DTT_EVENT_DHT_PUT: put_dht_put(j, ev); break;
    case DTT_EVENT_DHT_NODE:
        dtt_json_u64(j, "op", ev->u.dht_node.op);
        dtt_json_hex(j, "id", dtt_slice(ev->u.dht_node.id, sizeof(ev->u.dht_node.id)));
        dtt_json_addr(j, "addr", &ev->u.dht_node.addr);
        dtt_json_u64(j, "rtt_us", ev->u.dht_node.rtt_us);
        break;
    case DTT_EVENT_DHT_PEER:
        dtt_json_u64(j, "op", ev->u.dht_peer.op);
        dtt_json_addr(j, "addr", &ev->u.dht_peer.addr);
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
    struct dtt_json j;
    dtt_json_init(&j, buf, cap);
    dtt_json_object(&j, NULL);
    dtt_json_text(&j, "event", event_word(ev->type));
    put_fields(&j, ev);
    dtt_json_end(&j);
    return dtt_json_finish(&j);
}
