/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "author/envelope.h"

#include "support/vectors.h"

static const char *const kinds[] = {
    [DTT_ENVELOPE_NAME] = "name", [DTT_ENVELOPE_TEXT] = "text", [DTT_ENVELOPE_BYTES] = "bytes"};

/* What a case says of an envelope. */
static void assert_says(json_t *v, const struct dtt_envelope *e)
{
    struct dtt_slice content = vectors_hex(v, "content");
    uint8_t author[DTT_ID_BYTES];
    uint8_t topic[DTT_ENVELOPE_TOPIC_BYTES] = {0};
    json_t *seq = json_object_get(v, "seq");
    vectors_hex_into(v, "author", author, sizeof(author));
    assert_memory_equal(e->author.bytes, author, sizeof(author));
    assert_string_equal(kinds[e->kind], vectors_text(v, "kind"));
    assert_true(dtt_slice_eq(e->content, content));
    assert_int_equal(e->is_dated, seq != NULL);
    if (seq) {
        vectors_hex_into(v, "topic", topic, sizeof(topic));
        assert_int_equal(e->seq, json_integer_value(seq));
        assert_int_equal(e->sent_ms, json_integer_value(vectors_at(v, "sent_ms")));
    }
    assert_memory_equal(e->topic, topic, sizeof(topic));
    free((void *)(uintptr_t)content.data);
}

static void each_is_read_and_written(void **state)
{
    (void)state;
    json_t *root = vectors_load("signed.json");
    json_t *v;
    size_t i;
    json_array_foreach(vectors_at(root, "envelopes"), i, v)
    {
        struct dtt_slice in = vectors_hex(v, "envelope");
        struct dtt_envelope e;
        uint8_t seed[32];
        uint8_t out[4096];
        struct dtt_writer w = dtt_writer(out, in.len);
        assert_int_equal(dtt_envelope_read(in, &e), DTT_OK);
        assert_says(v, &e);
        assert_true(dtt_envelope_is_good(&e));
        vectors_hex_into(v, "seed", seed, sizeof(seed));
        dtt_envelope_write(&w, &e, seed);
        assert_false(w.failed);
        assert_true(dtt_slice_eq(dtt_slice(out, w.len), in));
        w = dtt_writer(out, in.len - 1);
        dtt_envelope_write(&w, &e, seed);
        assert_true(w.failed);
        assert_true(in.len - e.content.len <= DTT_ENVELOPE_EXTRA);
        free((void *)(uintptr_t)in.data);
    }
    json_array_foreach(vectors_at(root, "read"), i, v)
    {
        struct dtt_slice in = vectors_hex(v, "envelope");
        struct dtt_envelope e;
        assert_int_equal(dtt_envelope_read(in, &e), DTT_OK);
        assert_says(v, &e);
        assert_int_equal(dtt_envelope_is_good(&e), json_is_true(vectors_at(v, "is_good")));
        free((void *)(uintptr_t)in.data);
    }
    json_array_foreach(vectors_at(root, "plain"), i, v)
    {
        struct dtt_slice in = vectors_hex(v, "envelope");
        struct dtt_envelope e;
        assert_int_equal(dtt_envelope_read(in, &e), DTT_EPROTO);
        free((void *)(uintptr_t)in.data);
    }
    json_decref(root);
}

/* No damaged one is taken for its author's. */
static void is_not_good(void *user, struct dtt_slice in)
{
    struct dtt_envelope e;
    (void)user;
    assert_false(dtt_envelope_read(in, &e) == DTT_OK && dtt_envelope_is_good(&e));
}

static void a_damaged_one_is_not_good(void **state)
{
    (void)state;
    json_t *root = vectors_load("signed.json");
    json_t *v;
    size_t i;
    json_array_foreach(vectors_at(root, "envelopes"), i, v)
    {
        struct dtt_slice in = vectors_hex(v, "envelope");
        if (in.len < 1000) {
            sweep_truncations(in, is_not_good, NULL);
            sweep_bit_flips(in, is_not_good, NULL);
        }
        free((void *)(uintptr_t)in.data);
    }
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_read_and_written),
        cmocka_unit_test(a_damaged_one_is_not_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
