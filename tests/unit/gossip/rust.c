/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the crate iroh-gossip says (tests/interop writes the file) is understood, and said alike. */
#include "gossip/message.h"

#include "support/vectors.h"

#include <stdlib.h>

static void understands_rust(void **state)
{
    json_t *root = vectors_load("rust/gossip.json"), *v;
    unsigned seen[2][6] = {{0}};
    size_t i;
    (void)state;
    json_array_foreach(vectors_at(root, "payloads"), i, v)
    {
        json_t *o = json_pack("{s:O}", "payload", v);
        struct dtt_slice payload = vectors_hex(o, "payload");
        struct dtt_gossip_message m;
        uint8_t buf[DTT_GOSSIP_PAYLOAD_MAX];
        struct dtt_writer w = dtt_writer(buf, sizeof(buf));
        assert_int_equal(dtt_gossip_message_decode(payload, NULL, &m), DTT_OK);
        dtt_gossip_message_encode(&w, &m);
        assert_true(dtt_slice_eq(payload, dtt_slice(buf, w.len)));
        assert_in_range(payload.data[1], 0, 5);
        seen[payload.data[0]][payload.data[1]]++;
        free((void *)(uintptr_t)payload.data);
        json_decref(o);
    }
    for (size_t k = 0; k < 6; k++) {
        assert_true(seen[0][k] > 0);
    }
    for (size_t k = 0; k < 4; k++) {
        assert_true(seen[1][k] > 0);
    }
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(understands_rust)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
