/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Events as JSON, the format of `dtt --json`, logs and bindings alike. */
#include "codec/json.h"
#include "codec/text.h"
#include "portmap/portmap.h"

#include <dtt/dtt.h>

/* What an operation's last event begins with. */
static void put_outcome(struct dtt_json *j, uint32_t op, int status)
{
    dtt_json_u64(j, "op", op);
    dtt_json_text(j, "status", dtt_error_name(status));
}

static void put_addrs(struct dtt_json *j, const struct dtt_addr *addrs, size_t n)
{
    dtt_json_array(j, "addrs");
    for (size_t i = 0; i < n; i++) {
        dtt_json_addr(j, NULL, &addrs[i]);
    }
    dtt_json_end(j);
}

static void put_record(struct dtt_json *j, const struct dtt_event_record *ev)
{
    const struct dtt_record_info *r = ev->record;
    dtt_json_u64(j, "op", ev->op);
    dtt_json_id(j, "publisher", &r->publisher);
    dtt_json_u64(j, "minute", r->minute);
    dtt_json_array(j, "active_peers");
    for (size_t i = 0; i < r->n_active_peers; i++) {
        dtt_json_id(j, NULL, &r->active_peers[i]);
    }
    dtt_json_end(j);
    dtt_json_array(j, "message_hashes");
    for (size_t i = 0; i < r->n_message_hashes; i++) {
        dtt_json_hex(j, NULL, dtt_slice(r->message_hashes[i], sizeof(r->message_hashes[i])));
    }
    dtt_json_end(j);
    put_addrs(j, r->addrs, r->n_addrs);
    dtt_json_base64(j, "content_base64", dtt_slice(ev->content, ev->content_len));
    dtt_json_u64(j, "age_ms", ev->age_ms);
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

static void put_published(struct dtt_json *j, const struct dtt_event_published *ev)
{
    dtt_json_u64(j, "minute", ev->minute);
    dtt_json_u64(j, "copies", ev->copies);
    if (ev->op != 0) {
        put_outcome(j, ev->op, ev->status);
        dtt_json_u64(j, "others", ev->others);
    }
}

static void put_lookup_done(struct dtt_json *j, const struct dtt_event_lookup_done *ev)
{
    put_outcome(j, ev->op, ev->status);
    dtt_json_u64(j, "asked", ev->asked);
    dtt_json_u64(j, "answered", ev->answered);
    dtt_json_u64(j, "records", ev->records);
    dtt_json_u64(j, "refused", ev->refused);
    dtt_json_u64(j, "elapsed_ms", ev->elapsed_ms);
}

static void put_dht_value(struct dtt_json *j, const struct dtt_event_dht_value *ev)
{
    struct dtt_slice v = dtt_slice(ev->v, ev->v_len);
    struct dtt_slice value = ev->data ? dtt_slice(ev->data, ev->data_len) : v;
    dtt_json_u64(j, "op", ev->op);
    dtt_json_i64(j, "seq", ev->seq);
    dtt_json_base64(j, "base64", value);
    if (dtt_utf8_is_valid(value)) {
        dtt_json_utf8(j, "text", value);
    }
    dtt_json_base64(j, "v_base64", v);
    dtt_json_u64(j, "holders", ev->holders);
    dtt_json_addr(j, "holder", &ev->holder);
    dtt_json_addr(j, "from", &ev->holder);
}

static void put_dht_done(struct dtt_json *j, const struct dtt_event_dht_done *ev)
{
    put_outcome(j, ev->op, ev->status);
    dtt_json_u64(j, "asked", ev->asked);
    dtt_json_u64(j, "answered", ev->answered);
    dtt_json_u64(j, "values", ev->values);
    dtt_json_u64(j, "elapsed_ms", ev->elapsed_ms);
    put_holders(j, ev->holders, ev->n_holders);
}

static void put_dht_put(struct dtt_json *j, const struct dtt_event_dht_put *ev)
{
    put_outcome(j, ev->op, ev->status);
    dtt_json_hex(j, "key", dtt_slice(ev->key, sizeof(ev->key)));
    dtt_json_hex(j, "target", dtt_slice(ev->target, sizeof(ev->target)));
    dtt_json_i64(j, "seq", ev->seq);
    dtt_json_u64(j, "asked", ev->asked);
    dtt_json_u64(j, "answered", ev->acked + ev->refused);
    dtt_json_u64(j, "acked", ev->acked);
    dtt_json_u64(j, "verified", ev->verified);
    dtt_json_u64(j, "refused", ev->refused);
    dtt_json_i64(j, "error", ev->error);
    dtt_json_u64(j, "found", ev->found);
    dtt_json_u64(j, "elapsed_ms", ev->elapsed_ms);
}

static void put_dht_announce(struct dtt_json *j, const struct dtt_event_dht_announce *ev)
{
    put_outcome(j, ev->op, ev->status);
    dtt_json_hex(j, "info_hash", dtt_slice(ev->info_hash, sizeof(ev->info_hash)));
    dtt_json_u64(j, "port", ev->port);
    dtt_json_u64(j, "asked", ev->asked);
    dtt_json_u64(j, "answered", ev->acked + ev->refused);
    dtt_json_u64(j, "acked", ev->acked);
    dtt_json_u64(j, "refused", ev->refused);
    dtt_json_i64(j, "error", ev->error);
    dtt_json_u64(j, "found", ev->found);
    dtt_json_u64(j, "elapsed_ms", ev->elapsed_ms);
}

static void put_state_file(struct dtt_json *j, const struct dtt_event_state_file *ev)
{
    dtt_json_text(j, "status", dtt_error_name(ev->status));
    if (ev->status != DTT_OK) {
        dtt_json_text(j, "reason", ev->reason);
        dtt_json_u64(j, "retry_ms", ev->retry_ms);
    }
}

static void put_signature(struct dtt_json *j, const struct dtt_event_message *ev)
{
    static const char *const words[] = {[DTT_SIGNATURE_DATED] = "dated",
                                        [DTT_SIGNATURE_UNDATED] = "undated",
                                        [DTT_SIGNATURE_BAD] = "bad"};
    static const char *const replayed[] = {[DTT_REPLAYED_HEARD] = "heard",
                                           [DTT_REPLAYED_LATE] = "late",
                                           [DTT_REPLAYED_EARLY] = "early"};
    bool is_known = ev->signature > DTT_SIGNATURE_NONE && ev->signature <= DTT_SIGNATURE_BAD;
    dtt_json_text(j, "signed", is_known ? words[ev->signature] : "unknown");
    if (ev->signature == DTT_SIGNATURE_DATED || ev->signature == DTT_SIGNATURE_UNDATED) {
        dtt_json_id(j, "author", &ev->author);
    }
    if (ev->signature == DTT_SIGNATURE_DATED) {
        dtt_json_u64(j, "sent_ms", ev->sent_ms);
        dtt_json_u64(j, "seq", ev->seq);
    }
    if (ev->replayed > DTT_REPLAYED_NOT && ev->replayed <= DTT_REPLAYED_EARLY) {
        dtt_json_text(j, "replayed", replayed[ev->replayed]);
    }
}

static void put_member(struct dtt_json *j, const struct dtt_event_member *ev)
{
    static const char *const words[] = {[DTT_MEMBER_APPEARED] = "appeared",
                                        [DTT_MEMBER_NAMED] = "named",
                                        [DTT_MEMBER_GONE] = "gone"};
    bool is_known = ev->change >= DTT_MEMBER_APPEARED && ev->change <= DTT_MEMBER_GONE;
    dtt_json_id(j, "endpoint_id", &ev->member);
    dtt_json_text(j, "change", is_known ? words[ev->change] : "unknown");
    if (ev->name[0]) {
        dtt_json_text(j, "name", ev->name);
    }
    if (ev->was[0]) {
        dtt_json_text(j, "was", ev->was);
    }
}

static void put_message(struct dtt_json *j, const struct dtt_event_message *ev)
{
    struct dtt_slice data = dtt_slice(ev->data, ev->len);
    dtt_json_id(j, "neighbor", &ev->neighbor);
    dtt_json_id(j, "from", &ev->neighbor);
    if (ev->signature != DTT_SIGNATURE_NONE) {
        put_signature(j, ev);
    }
    if (dtt_utf8_is_valid(data)) {
        dtt_json_utf8(j, "text", data);
    } else {
        dtt_json_base64(j, "base64", data);
    }
}

static void put_dial_failed(struct dtt_json *j, const struct dtt_event_dial_failed *ev)
{
    dtt_json_id(j, "endpoint_id", &ev->peer);
    dtt_json_text(j, "stage", ev->stage);
    dtt_json_text(j, "reason", dtt_reason_word(ev->reason));
    if (ev->addr.family != DTT_FAMILY_NONE) {
        dtt_json_addr(j, "addr", &ev->addr);
    }
    dtt_json_array(j, "tried");
    for (size_t i = 0; i < ev->n_tried; i++) {
        dtt_json_object(j, NULL);
        dtt_json_addr(j, "addr", &ev->tried[i].addr);
        dtt_json_text(j, "reason", dtt_reason_word(ev->tried[i].reason));
        dtt_json_end(j);
    }
    dtt_json_end(j);
}

/* As the snapshot has it. */
static void put_relay(struct dtt_json *j, const struct dtt_event_relay *ev)
{
    dtt_json_text(j, "url", ev->url ? ev->url : "");
    dtt_json_bool(j, "up", ev->is_up != 0);
    if (ev->trouble) {
        dtt_json_text(j, "trouble", ev->trouble);
        dtt_json_text(j, "detail", ev->detail);
        dtt_json_text(j, "advice", ev->advice ? ev->advice : "");
    }
}

static void put_port_mapping(struct dtt_json *j, const struct dtt_event_port_mapping *ev)
{
    bool is_known =
        ev->status >= DTT_PORT_MAPPING_HELD && ev->status <= DTT_PORT_MAPPING_SECOND_NAT;
    dtt_json_text(j, "status",
                  is_known ? dtt_portmap_outcome_word((enum dtt_portmap_outcome)ev->status)
                           : "unknown");
    if (ev->protocol && ev->protocol[0]) {
        dtt_json_text(j, "protocol", ev->protocol);
    }
    if (ev->addr.family != DTT_FAMILY_NONE) {
        dtt_json_addr(j, "addr", &ev->addr);
    }
    if (ev->status == DTT_PORT_MAPPING_HELD) {
        dtt_json_u64(j, "lifetime_s", ev->lifetime_s);
    }
    if (ev->status == DTT_PORT_MAPPING_REFUSED) {
        dtt_json_u64(j, "code", ev->code);
        dtt_json_text(j, "reason", ev->reason ? ev->reason : "");
    }
}

static void put_fields(struct dtt_json *j, const struct dtt_event *ev)
{
    switch ((enum dtt_event_type)ev->type) {
    case DTT_EVENT_LISTENING:
        dtt_json_id(j, "endpoint_id", &ev->u.listening.id);
        put_addrs(j, ev->u.listening.addrs, ev->u.listening.n_addrs);
        break;
    case DTT_EVENT_JOINED:
        dtt_json_u64(j, "elapsed_ms", ev->u.joined.elapsed_ms);
        dtt_json_u64(j, "neighbors", ev->u.joined.neighbors);
        break;
    case DTT_EVENT_MESSAGE: put_message(j, &ev->u.message); break;
    case DTT_EVENT_NEIGHBOR_UP:
    case DTT_EVENT_NEIGHBOR_WAY:
        dtt_json_id(j, "endpoint_id", &ev->u.neighbor.peer);
        dtt_json_text(j, "way", ev->u.neighbor.way == DTT_WAY_RELAY ? "relay" : "direct");
        break;
    case DTT_EVENT_NEIGHBOR_DOWN:
        dtt_json_id(j, "endpoint_id", &ev->u.neighbor.peer);
        dtt_json_text(j, "reason", dtt_reason_word(ev->u.neighbor.reason));
        break;
    case DTT_EVENT_LAGGED: dtt_json_u64(j, "missed", ev->u.lagged.missed); break;
    case DTT_EVENT_DIAL_FAILED: put_dial_failed(j, &ev->u.dial_failed); break;
    case DTT_EVENT_EXTERNAL_ADDR:
        dtt_json_addr(j, "addr", &ev->u.external_addr.addr);
        dtt_json_u64(j, "votes", ev->u.external_addr.votes);
        break;
    case DTT_EVENT_RECORD_PUBLISHED: put_published(j, &ev->u.published); break;
    case DTT_EVENT_RECORD: put_record(j, &ev->u.record); break;
    case DTT_EVENT_LOOKUP_DONE: put_lookup_done(j, &ev->u.lookup_done); break;
    case DTT_EVENT_DHT_VALUE: put_dht_value(j, &ev->u.dht_value); break;
    case DTT_EVENT_DHT_DONE: put_dht_done(j, &ev->u.dht_done); break;
    case DTT_EVENT_DHT_PUT: put_dht_put(j, &ev->u.dht_put); break;
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
    case DTT_EVENT_DHT_ANNOUNCE: put_dht_announce(j, &ev->u.dht_announce); break;
    case DTT_EVENT_STATE_FILE: put_state_file(j, &ev->u.state_file); break;
    case DTT_EVENT_LOST: dtt_json_u64(j, "messages", ev->u.lost.messages); break;
    case DTT_EVENT_CLOCK:
        dtt_json_i64(j, "offset_s", ev->u.clock.offset_s);
        dtt_json_u64(j, "sources", ev->u.clock.sources);
        dtt_json_bool(j, "sure", ev->u.clock.is_sure != 0);
        break;
    case DTT_EVENT_TWIN: put_addrs(j, ev->u.twin.addrs, ev->u.twin.n_addrs); break;
    case DTT_EVENT_PORT_MAPPING: put_port_mapping(j, &ev->u.port_mapping); break;
    case DTT_EVENT_RELAY: put_relay(j, &ev->u.relay); break;
    case DTT_EVENT_LAN:
        dtt_json_id(j, "endpoint_id", &ev->u.lan.peer);
        dtt_json_addr(j, "addr", &ev->u.lan.addr);
        break;
    case DTT_EVENT_MEMBER: put_member(j, &ev->u.member); break;
    case DTT_EVENT_MISSED:
        dtt_json_id(j, "author", &ev->u.missed.author);
        dtt_json_u64(j, "messages", ev->u.missed.messages);
        break;
    case DTT_EVENT_WRITABLE:
    case DTT_EVENT_LEFT:
    case DTT_EVENT_DHT_READY: break;
    }
}

/* Of which topic and when: what each event has. */
static void put_place(struct dtt_json *j, const struct dtt_event *ev)
{
    static const uint8_t none[DTT_TOPIC_HASH_BYTES];
    if (ev->topic_id != 0 || memcmp(ev->topic_hash, none, sizeof(none)) != 0) {
        dtt_json_hex(j, "topic", dtt_slice(ev->topic_hash, sizeof(ev->topic_hash)));
    }
    if (ev->topic_id != 0) {
        dtt_json_u64(j, "topic_id", ev->topic_id);
    }
    dtt_json_u64(j, "t", ev->unix_ms);
}

const char *dtt_event_word(int type)
{
    switch ((enum dtt_event_type)type) {
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
    case DTT_EVENT_STATE_FILE: return "state_file";
    case DTT_EVENT_LOST: return "lost";
    case DTT_EVENT_CLOCK: return "clock";
    case DTT_EVENT_TWIN: return "twin";
    case DTT_EVENT_PORT_MAPPING: return "port_mapping";
    case DTT_EVENT_LAN: return "lan";
    case DTT_EVENT_MEMBER: return "member";
    case DTT_EVENT_NEIGHBOR_WAY: return "neighbor_way";
    case DTT_EVENT_RELAY: return "relay";
    case DTT_EVENT_MISSED: return "missed";
    }
    return "unknown";
}

size_t dtt_event_json(const struct dtt_event *ev, char *buf, size_t cap)
{
    struct dtt_json j;
    dtt_json_init(&j, buf, cap);
    dtt_json_object(&j, NULL);
    dtt_json_text(&j, "event", dtt_event_word(ev->type));
    put_fields(&j, ev);
    put_place(&j, ev);
    dtt_json_end(&j);
    return dtt_json_finish(&j);
}
