/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Events as JSON: whatever stands in an event, the output is JSON to a library that is not ours,
 * has the length that was announced, and a short buffer holds its beginning.
 */
#include "node/events.h"

#include <dtt/dtt.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct input {
    const uint8_t *data;
    size_t len;
};

/* The next `n` bytes of the input, and zeros after its end. */
static void take(struct input *in, void *out, size_t n)
{
    size_t have = n < in->len ? n : in->len;
    memset(out, 0, n);
    if (have > 0) {
        memcpy(out, in->data, have);
    }
    in->data += have;
    in->len -= have;
}

static uint8_t take_byte(struct input *in)
{
    uint8_t b;
    take(in, &b, 1);
    return b;
}

static void take_addr(struct input *in, struct dtt_addr *addr)
{
    take(in, addr, sizeof(*addr));
    addr->family = take_byte(in) % 3 == 0  ? DTT_FAMILY_NONE
                   : addr->family % 2 == 0 ? DTT_FAMILY_V4
                                           : DTT_FAMILY_V6;
}

/* jansson has no room for whole numbers above INT64_MAX. */
#define PARSE_FLAGS (JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL)

struct pointees {
    struct dtt_record_info record;
    struct dtt_dht_holder holders[4];
    struct dtt_tried tried[8];
    char stage[32]; /* the library's own are static; here it has any bytes */
};

static void fill(struct dtt_event *ev, struct pointees *p, struct input *in)
{
    memset(p, 0, sizeof(*p));
    take(in, &ev->u, in->len / 2 < sizeof(ev->u) ? in->len / 2 : sizeof(ev->u));
    switch ((enum dtt_event_type)ev->type) {
    case DTT_EVENT_LISTENING:
        ev->u.listening.n_addrs = take_byte(in) % 3;
        take_addr(in, &ev->u.listening.addrs[0]);
        take_addr(in, &ev->u.listening.addrs[1]);
        break;
    case DTT_EVENT_MESSAGE:
        ev->u.message.data = in->data;
        ev->u.message.len = in->len;
        break;
    case DTT_EVENT_DIAL_FAILED:
        take(in, p->stage, sizeof(p->stage) - 1);
        ev->u.dial_failed.stage = p->stage;
        take_addr(in, &ev->u.dial_failed.addr);
        ev->u.dial_failed.n_tried = take_byte(in) % (sizeof(p->tried) / sizeof(p->tried[0]) + 1);
        for (size_t i = 0; i < ev->u.dial_failed.n_tried; i++) {
            take_addr(in, &p->tried[i].addr);
            p->tried[i].reason = take_byte(in);
        }
        ev->u.dial_failed.tried = p->tried;
        break;
    case DTT_EVENT_EXTERNAL_ADDR: take_addr(in, &ev->u.external_addr.addr); break;
    case DTT_EVENT_RECORD:
        ev->u.record.record = &p->record;
        p->record.n_active_peers = take_byte(in) % (DTT_RECORD_PEERS + 1);
        p->record.n_message_hashes = take_byte(in) % (DTT_RECORD_HASHES + 1);
        p->record.n_addrs = take_byte(in) % (DTT_RECORD_ADDRS + 1);
        for (size_t i = 0; i < p->record.n_addrs; i++) {
            take_addr(in, &p->record.addrs[i]);
        }
        ev->u.record.content = in->data;
        ev->u.record.content_len = in->len;
        break;
    case DTT_EVENT_DHT_VALUE:
        take_addr(in, &ev->u.dht_value.holder);
        ev->u.dht_value.v = in->data;
        ev->u.dht_value.v_len = in->len;
        ev->u.dht_value.data = in->len % 2 ? in->data : NULL;
        ev->u.dht_value.data_len = in->len;
        break;
    case DTT_EVENT_DHT_DONE:
        ev->u.dht_done.holders = p->holders;
        ev->u.dht_done.n_holders = take_byte(in) % 5;
        for (size_t i = 0; i < 4; i++) {
            take_addr(in, &p->holders[i].addr);
        }
        break;
    case DTT_EVENT_DHT_NODE: take_addr(in, &ev->u.dht_node.addr); break;
    case DTT_EVENT_DHT_PEER: take_addr(in, &ev->u.dht_peer.addr); break;
    case DTT_EVENT_JOINED: /* numbers, ids and bytes only */
    case DTT_EVENT_NEIGHBOR_UP:
    case DTT_EVENT_NEIGHBOR_WAY:
    case DTT_EVENT_NEIGHBOR_DOWN:
    case DTT_EVENT_LAGGED:
    case DTT_EVENT_RECORD_PUBLISHED:
    case DTT_EVENT_WRITABLE:
    case DTT_EVENT_LEFT:
    case DTT_EVENT_LOOKUP_DONE:
    case DTT_EVENT_DHT_PUT:
    case DTT_EVENT_DHT_READY:
    case DTT_EVENT_DHT_ANNOUNCE:
    case DTT_EVENT_LOST:
    case DTT_EVENT_MISSED:
    case DTT_EVENT_CLOCK: break;
    case DTT_EVENT_TWIN:
        ev->u.twin.n_addrs %= DTT_RECORD_ADDRS + 1;
        for (size_t i = 0; i < ev->u.twin.n_addrs; i++) {
            take_addr(in, &ev->u.twin.addrs[i]);
        }
        break;
    case DTT_EVENT_PORT_MAPPING:
        take_addr(in, &ev->u.port_mapping.addr);
        take(in, p->stage, sizeof(p->stage) - 1);
        ev->u.port_mapping.protocol = p->stage;
        ev->u.port_mapping.reason = in->len % 2 ? p->stage : NULL;
        break;
    case DTT_EVENT_LAN: take_addr(in, &ev->u.lan.addr); break;
    case DTT_EVENT_MEMBER:
        ev->u.member.name[DTT_NAME_MAX] = '\0';
        ev->u.member.was[DTT_NAME_MAX] = '\0';
        break;
    case DTT_EVENT_RELAY:
        take(in, p->stage, sizeof(p->stage) - 1);
        ev->u.relay.url = p->stage;
        ev->u.relay.trouble = ev->u.relay.advice = in->len % 2 ? p->stage : NULL;
        ev->u.relay.detail[sizeof(ev->u.relay.detail) - 1] = '\0';
        break;
    case DTT_EVENT_STATE_FILE:
        ev->u.state_file.reason[sizeof(ev->u.state_file.reason) - 1] = '\0';
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct input in = {data, len};
    struct dtt_event ev = {.size = sizeof(ev), .type = take_byte(&in) % (DTT_EVENT_COUNT + 1)};
    struct pointees p;
    fill(&ev, &p, &in);
    size_t need = dtt_event_json(&ev, NULL, 0);
    char *whole = malloc(need + 1);
    char *part = malloc(need / 2 + 1);
    if (!whole || !part || dtt_event_json(&ev, whole, need + 1) != need || strlen(whole) != need ||
        dtt_event_json(&ev, part, need / 2 + 1) != need || strlen(part) != need / 2 ||
        memcmp(part, whole, need / 2) != 0 || strchr(whole, '\n')) {
        abort();
    }
    json_t *root = json_loads(whole, PARSE_FLAGS, NULL);
    if (!json_is_string(json_object_get(root, "event"))) {
        abort();
    }
    json_decref(root);
    free(part);
    free(whole);
    return 0;
}
