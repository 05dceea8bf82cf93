/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/vectors.h"

#include "node/events.h"

#include <dtt/dtt.h>
#include <stdlib.h>

/* Renders, parses back with a library that is not ours, and checks the length contract. */
static json_t *render(const struct dtt_event *ev)
{
    size_t need = dtt_event_json(ev, NULL, 0);
    char *buf = malloc(need + 1);
    json_error_t err;
    assert_non_null(buf);
    memset(buf, 'x', need + 1);
    assert_int_equal(dtt_event_json(ev, buf, need + 1), need);
    assert_int_equal(strlen(buf), need);
    json_t *root = json_loads(buf, JSON_ALLOW_NUL, &err);
    if (!root) {
        fail_msg("%s: %s", buf, err.text);
    }
    /* Cut output stays inside its buffer and is terminated. */
    for (size_t cap = 1; cap <= need; cap++) {
        char *cut = malloc(cap);
        assert_non_null(cut);
        assert_int_equal(dtt_event_json(ev, cut, cap), need);
        assert_int_equal(strlen(cut), cap - 1);
        assert_memory_equal(cut, buf, cap - 1);
        free(cut);
    }
    free(buf);
    return root;
}

static void assert_text(json_t *root, const char *path, const char *want)
{
    assert_string_equal(vectors_text(root, path), want);
}

static const char id_text[] = "0102030000000000000000000000000000000000000000000000000000000000";
static const struct dtt_id id = {{1, 2, 3}};

static void the_documented_events(void **state)
{
    struct dtt_event ev = {.size = sizeof(ev), .type = DTT_EVENT_LISTENING};
    (void)state;
    ev.u.listening.id = id;
    ev.u.listening.n_addrs = 1;
    ev.u.listening.addrs[0] =
        (struct dtt_addr){.ip = {127, 0, 0, 1}, .port = 4433, .family = DTT_FAMILY_V4};
    json_t *j = render(&ev);
    assert_text(j, "event", "listening");
    assert_text(j, "endpoint_id", id_text);
    assert_string_equal(json_string_value(json_array_get(vectors_at(j, "addrs"), 0)),
                        "127.0.0.1:4433");
    json_decref(j);

    ev = (struct dtt_event){.type = DTT_EVENT_JOINED};
    ev.u.joined.elapsed_ms = 812;
    ev.u.joined.neighbors = 1;
    j = render(&ev);
    assert_text(j, "event", "joined");
    assert_int_equal(json_integer_value(vectors_at(j, "elapsed_ms")), 812);
    assert_int_equal(json_integer_value(vectors_at(j, "neighbors")), 1);
    json_decref(j);

    ev = (struct dtt_event){.type = DTT_EVENT_NEIGHBOR_DOWN};
    ev.u.neighbor.peer = id;
    ev.u.neighbor.reason = DTT_REASON_TIMEOUT;
    j = render(&ev);
    assert_text(j, "event", "neighbor_down");
    assert_text(j, "endpoint_id", id_text);
    assert_text(j, "reason", "timeout");
    json_decref(j);

    ev = (struct dtt_event){.type = DTT_EVENT_DIAL_FAILED};
    ev.u.dial_failed.peer = id;
    ev.u.dial_failed.stage = "address";
    ev.u.dial_failed.reason = DTT_REASON_NO_ADDRESS;
    j = render(&ev);
    assert_text(j, "event", "dial_failed");
    assert_text(j, "stage", "address");
    assert_null(json_object_get(j, "addr"));
    assert_int_equal(json_array_size(json_object_get(j, "tried")), 0);
    json_decref(j);

    const struct dtt_tried tried[] = {
        {{.ip = {1, 2, 3, 4}, .port = 5, .family = DTT_FAMILY_V4}, DTT_REASON_TIMEOUT},
        {{.ip = {10, 0, 0, 1}, .port = 5, .family = DTT_FAMILY_V4}, DTT_REASON_NO_ROUTE}};
    ev.u.dial_failed.addr = tried[0].addr;
    ev.u.dial_failed.n_tried = 2;
    ev.u.dial_failed.tried = tried;
    j = render(&ev);
    assert_text(j, "addr", "1.2.3.4:5");
    assert_int_equal(json_array_size(json_object_get(j, "tried")), 2);
    assert_text(json_array_get(json_object_get(j, "tried"), 1), "addr", "10.0.0.1:5");
    assert_text(json_array_get(json_object_get(j, "tried"), 1), "reason", "no_route");
    json_decref(j);

    ev = (struct dtt_event){.type = DTT_EVENT_RECORD_PUBLISHED};
    ev.u.published.minute = 29371234;
    ev.u.published.copies = 20;
    j = render(&ev);
    assert_text(j, "event", "published");
    assert_int_equal(json_integer_value(vectors_at(j, "minute")), 29371234);
    assert_int_equal(json_integer_value(vectors_at(j, "copies")), 20);
    json_decref(j);

    ev = (struct dtt_event){.type = DTT_EVENT_DHT_PUT};
    ev.u.dht_put.seq = INT64_MAX;
    j = render(&ev);
    assert_text(j, "event", "put");
    assert_int_equal(strlen(vectors_text(j, "key")), 64);
    assert_int_equal(strlen(vectors_text(j, "target")), 40);
    assert_int_equal(json_integer_value(vectors_at(j, "seq")), INT64_MAX);
    json_decref(j);
}

static void every_type_is_valid_json(void **state)
{
    struct dtt_record_info record = {.size = sizeof(record),
                                     .n_active_peers = 5,
                                     .n_message_hashes = 5,
                                     .n_addrs = DTT_RECORD_ADDRS};
    (void)state;
    for (int type = 0; type <= DTT_EVENT_COUNT; type++) {
        struct dtt_event ev = {.type = type};
        if (type == DTT_EVENT_NEIGHBOR_DOWN) {
            ev.u.neighbor.reason = DTT_REASON_RESET;
        } else if (type == DTT_EVENT_DIAL_FAILED) {
            ev.u.dial_failed.stage = "x";
        } else if (type == DTT_EVENT_RECORD) {
            ev.u.record.record = &record;
        }
        json_t *j = render(&ev);
        assert_text(j, "event", dtt_event_word(type));
        assert_int_equal(strcmp(dtt_event_word(type), "unknown") == 0,
                         type == 0 || type == DTT_EVENT_COUNT);
        json_decref(j);
    }
}

static void signed_messages_and_members(void **state)
{
    struct dtt_event ev = {.type = DTT_EVENT_MESSAGE};
    (void)state;
    ev.u.message.data = (const uint8_t *)"hi";
    ev.u.message.len = 2;
    json_t *j = render(&ev);
    assert_null(json_object_get(j, "signed"));
    assert_null(json_object_get(j, "author"));
    json_decref(j);
    ev.u.message.author = id;
    ev.u.message.signature = DTT_SIGNATURE_DATED;
    ev.u.message.replayed = DTT_REPLAYED_LATE;
    ev.u.message.sent_ms = 1800000000000;
    ev.u.message.seq = 7;
    j = render(&ev);
    assert_text(j, "signed", "dated");
    assert_text(j, "author", id_text);
    assert_text(j, "replayed", "late");
    assert_int_equal(json_integer_value(vectors_at(j, "sent_ms")), 1800000000000);
    assert_int_equal(json_integer_value(vectors_at(j, "seq")), 7);
    json_decref(j);
    ev.u.message.signature = DTT_SIGNATURE_UNDATED;
    ev.u.message.replayed = DTT_REPLAYED_NOT;
    j = render(&ev);
    assert_text(j, "signed", "undated");
    assert_text(j, "author", id_text);
    assert_null(json_object_get(j, "sent_ms"));
    assert_null(json_object_get(j, "replayed"));
    json_decref(j);
    ev.u.message.signature = DTT_SIGNATURE_BAD;
    j = render(&ev);
    assert_text(j, "signed", "bad");
    assert_null(json_object_get(j, "author"));
    json_decref(j);

    ev = (struct dtt_event){.type = DTT_EVENT_MEMBER};
    ev.u.member.member = id;
    ev.u.member.change = DTT_MEMBER_NAMED;
    memcpy(ev.u.member.name, "Ann", 4);
    j = render(&ev);
    assert_text(j, "event", "member");
    assert_text(j, "endpoint_id", id_text);
    assert_text(j, "change", "named");
    assert_text(j, "name", "Ann");
    assert_null(json_object_get(j, "was"));
    json_decref(j);

    ev = (struct dtt_event){.type = DTT_EVENT_MISSED};
    ev.u.missed.author = id;
    ev.u.missed.messages = 3;
    j = render(&ev);
    assert_text(j, "event", "missed");
    assert_text(j, "author", id_text);
    assert_int_equal(json_integer_value(json_object_get(j, "messages")), 3);
    json_decref(j);
}

static void messages_as_text_or_base64(void **state)
{
    struct dtt_event ev = {.type = DTT_EVENT_MESSAGE};
    uint8_t all[256];
    (void)state;
    for (int i = 0; i < 256; i++) {
        all[i] = (uint8_t)i;
    }
    ev.u.message.neighbor = id;
    ev.u.message.data = (const uint8_t *)"hi \"you\"\\\n\x01\x7f \xc3\xa9";
    ev.u.message.len = 15;
    json_t *j = render(&ev);
    assert_text(j, "text", "hi \"you\"\\\n\x01\x7f \xc3\xa9");
    assert_null(json_object_get(j, "base64"));
    json_decref(j);
    ev.u.message.data = all;
    ev.u.message.len = 256;
    j = render(&ev);
    assert_null(json_object_get(j, "text"));
    assert_int_equal(strlen(vectors_text(j, "base64")), 344);
    assert_memory_equal(vectors_text(j, "base64"), "AAECAwQF", 8);
    json_decref(j);
    ev.u.message.data = (const uint8_t *)"\xc0\xaf"; /* overlong: not UTF-8 */
    ev.u.message.len = 2;
    j = render(&ev);
    assert_text(j, "base64", "wK8=");
    assert_text(j, "neighbor", id_text);
    assert_text(j, "from", id_text);
    json_decref(j);
}

static void assert_number(json_t *root, const char *path, json_int_t want)
{
    assert_int_equal(json_integer_value(vectors_at(root, path)), want);
}

/* What tells two topics and two operations apart, and says how it went. */
static void which_topic_which_operation_what_outcome(void **state)
{
    struct dtt_event ev = {
        .type = DTT_EVENT_LEFT, .topic_id = 7, .unix_ms = 1740000000123, .topic_hash = {1, 2, 3}};
    (void)state;
    json_t *j = render(&ev);
    assert_text(j, "topic", id_text);
    assert_number(j, "topic_id", 7);
    assert_number(j, "t", 1740000000123);
    assert_null(json_object_get(j, "op"));
    json_decref(j);

    ev = (struct dtt_event){.type = DTT_EVENT_RECORD_PUBLISHED, .topic_id = 7};
    j = render(&ev);
    assert_null(json_object_get(j, "status"));
    json_decref(j);
    ev = (struct dtt_event){.type = DTT_EVENT_RECORD_PUBLISHED, .topic_hash = {1, 2, 3}};
    ev.u.published.op = 5;
    ev.u.published.status = DTT_EFULL;
    ev.u.published.others = 9;
    j = render(&ev);
    assert_text(j, "topic", id_text);
    assert_null(json_object_get(j, "topic_id"));
    assert_number(j, "op", 5);
    assert_text(j, "status", "DTT_EFULL");
    assert_number(j, "others", 9);
    json_decref(j);

    ev = (struct dtt_event){.type = DTT_EVENT_LOOKUP_DONE};
    ev.u.lookup_done.op = 6;
    ev.u.lookup_done.status = DTT_ETIMEDOUT;
    j = render(&ev);
    assert_null(json_object_get(j, "topic"));
    assert_number(j, "op", 6);
    assert_text(j, "status", "DTT_ETIMEDOUT");
    json_decref(j);

    ev = (struct dtt_event){.type = DTT_EVENT_DHT_DONE};
    j = render(&ev);
    assert_text(j, "status", "DTT_OK");
    json_decref(j);
    ev = (struct dtt_event){.type = DTT_EVENT_DHT_PUT};
    ev.u.dht_put.status = DTT_EREFUSED;
    j = render(&ev);
    assert_text(j, "status", "DTT_EREFUSED");
    json_decref(j);
    ev = (struct dtt_event){.type = DTT_EVENT_DHT_ANNOUNCE};
    ev.u.dht_announce.status = DTT_ECLOSED;
    j = render(&ev);
    assert_text(j, "status", "DTT_ECLOSED");
    json_decref(j);
    ev = (struct dtt_event){.type = DTT_EVENT_STATE_FILE};
    j = render(&ev);
    assert_text(j, "event", "state_file");
    assert_text(j, "status", "DTT_OK");
    assert_null(json_object_get(j, "reason"));
    json_decref(j);
    ev = (struct dtt_event){.type = DTT_EVENT_RELAY};
    ev.u.relay = (struct dtt_event_relay){.url = "https://relay.example", .is_up = 1};
    j = render(&ev);
    assert_text(j, "event", "relay");
    assert_text(j, "url", "https://relay.example");
    assert_true(json_is_true(json_object_get(j, "up")));
    assert_null(json_object_get(j, "trouble"));
    json_decref(j);
    ev.u.relay = (struct dtt_event_relay){
        .url = "u", .trouble = "it denies access", .advice = "ask", .detail = "no such id"};
    j = render(&ev);
    assert_true(json_is_false(json_object_get(j, "up")));
    assert_text(j, "trouble", "it denies access");
    assert_text(j, "detail", "no such id");
    assert_text(j, "advice", "ask");
    json_decref(j);
    ev = (struct dtt_event){.type = DTT_EVENT_NEIGHBOR_WAY};
    ev.u.neighbor.way = DTT_WAY_RELAY;
    j = render(&ev);
    assert_text(j, "event", "neighbor_way");
    assert_text(j, "way", "relay");
    json_decref(j);
    ev = (struct dtt_event){.type = DTT_EVENT_STATE_FILE};
    ev.u.state_file = (struct dtt_event_state_file){
        .status = DTT_EIO, .retry_ms = 5000, .reason = "No space left on device"};
    j = render(&ev);
    assert_text(j, "status", "DTT_EIO");
    assert_text(j, "reason", "No space left on device");
    assert_number(j, "retry_ms", 5000);
    json_decref(j);
}

static void bytes_are_whole(void **state)
{
    struct dtt_record_info record = {.size = sizeof(record), .minute = 3};
    struct dtt_event ev = {.type = DTT_EVENT_RECORD};
    (void)state;
    ev.u.record.op = 4;
    ev.u.record.record = &record;
    ev.u.record.content = (const uint8_t *)"\xff\x00z";
    ev.u.record.content_len = 3;
    json_t *j = render(&ev);
    assert_number(j, "op", 4);
    assert_text(j, "content_base64", "/wB6");
    json_decref(j);

    ev = (struct dtt_event){.type = DTT_EVENT_DHT_VALUE};
    ev.u.dht_value.v = (const uint8_t *)"2:hi";
    ev.u.dht_value.v_len = 4;
    ev.u.dht_value.data = ev.u.dht_value.v + 2;
    ev.u.dht_value.data_len = 2;
    ev.u.dht_value.holder = (struct dtt_addr){.ip = {1, 2, 3, 4}, .port = 5, .family = 4};
    j = render(&ev);
    assert_text(j, "text", "hi");
    assert_text(j, "v_base64", "MjpoaQ==");
    assert_text(j, "holder", "1.2.3.4:5");
    assert_text(j, "from", "1.2.3.4:5");
    json_decref(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_documented_events),
        cmocka_unit_test(every_type_is_valid_json),
        cmocka_unit_test(signed_messages_and_members),
        cmocka_unit_test(messages_as_text_or_base64),
        cmocka_unit_test(which_topic_which_operation_what_outcome),
        cmocka_unit_test(bytes_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
