/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Address packets that iroh makes (tests/interop writes the file) are read, and written alike. */
#include "codec/pkarr.h"

#include "support/vectors.h"

#include <stdlib.h>

static void check_packet(json_t *v)
{
    struct dtt_id id;
    struct dtt_pkarr_place place;
    char text[DTT_ADDR_TEXT_MAX];
    uint8_t buf[DTT_PKARR_PACKET_MAX];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    struct dtt_slice packet = vectors_hex(v, "packet");
    json_t *list = vectors_at(v, "addrs");
    size_t n = json_array_size(list);
    vectors_hex_into(v, "id", id.bytes, sizeof(id.bytes));
    json_t *relay = json_object_get(v, "relay");
    assert_int_equal(dtt_pkarr_read(packet, &id, &place), n);
    assert_string_equal(place.relay, relay ? json_string_value(relay) : "");
    for (size_t i = 0; i < n; i++) {
        dtt_addr_format(&place.addrs[i], text);
        assert_string_equal(text, json_string_value(json_array_get(list, i)));
    }
    if (!json_object_get(v, "user_data")) {
        dtt_pkarr_write(&w, &id, place.relay, place.addrs, n);
        assert_true(dtt_slice_eq(packet, dtt_slice(buf, w.len)));
    }
    free((void *)(uintptr_t)packet.data);
}

static void packets_are_alike(void **state)
{
    json_t *root = vectors_load("rust/packets.json"), *v;
    size_t i;
    (void)state;
    json_array_foreach(vectors_at(root, "packets"), i, v)
    {
        check_packet(v);
    }
    assert_true(i > 0);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(packets_are_alike)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
