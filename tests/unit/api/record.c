/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/vectors.h"

#include <dtt/record.h>
#include <stdlib.h>

#define MINUTE 29000000

static const uint8_t seed[DTT_SEED_BYTES] = {1, 2, 3};

static struct dtt_slot_config slot_config(void)
{
    return (struct dtt_slot_config){.size = sizeof(struct dtt_slot_config),
                                    .name = "my-iroh-gossip-topic",
                                    .minute = MINUTE,
                                    .secret = "my-initial-secret",
                                    .secret_len = 17};
}

static struct dtt_record_info empty_record(void)
{
    return (struct dtt_record_info){.size = sizeof(struct dtt_record_info)};
}

static void test_derive(void **state)
{
    (void)state;
    json_t *root = vectors_load("records.json");
    json_t *d = vectors_at(root, "derived");
    struct dtt_slot_config slot = slot_config();
    struct dtt_slot_info info = {.size = sizeof(info)};
    uint8_t topic[32], want[32];
    slot.secret = NULL;
    for (int by_hash = 0; by_hash < 2; by_hash++) {
        if (by_hash) {
            dtt_topic_hash(slot.name, topic);
            slot.name = NULL;
            slot.topic_hash = topic;
        }
        memset(&info, 0, sizeof(info));
        info.size = sizeof(info);
        assert_int_equal(dtt_slot_derive(&slot, &info), 0);
        vectors_hex_into(d, "signing_public_key", want, 32);
        assert_memory_equal(info.public_key, want, 32);
        vectors_hex_into(d, "salt_v0_3", want, 32);
        assert_memory_equal(info.salt, want, 32);
        vectors_hex_into(d, "dht_target_v0_3", want, 20);
        assert_memory_equal(info.target, want, 20);
        assert_int_equal(info.size, sizeof(info));
    }
    json_decref(root);
}

static void test_derive_checks_its_arguments(void **state)
{
    (void)state;
    struct dtt_slot_config slot = slot_config();
    struct dtt_slot_info info = {.size = sizeof(info)};
    uint8_t topic[32] = {0};
    assert_int_equal(dtt_slot_derive(NULL, &info), DTT_EINVAL);
    assert_int_equal(dtt_slot_derive(&slot, NULL), DTT_EINVAL);
    slot.topic_hash = topic;
    assert_int_equal(dtt_slot_derive(&slot, &info), DTT_EINVAL);
    slot.name = NULL;
    slot.topic_hash = NULL;
    assert_int_equal(dtt_slot_derive(&slot, &info), DTT_EINVAL);
    slot = slot_config();
    slot.size = 0;
    assert_int_equal(dtt_slot_derive(&slot, &info), DTT_EINVAL);
    slot = slot_config();
    info.size = sizeof(info.size) - 1;
    assert_int_equal(dtt_slot_derive(&slot, &info), DTT_EINVAL);
}

/* Structs of programs that know fewer or more fields than we do. */
static void structs_of_other_versions(void **state)
{
    struct {
        struct dtt_slot_config slot;
        char later[8];
    } wide = {.slot = slot_config()};
    struct dtt_slot_info whole = {.size = sizeof(whole)};
    struct dtt_slot_info part = {.size = offsetof(struct dtt_slot_info, target)};
    (void)state;
    wide.slot.size = sizeof(wide);
    assert_int_equal(dtt_slot_derive(&wide.slot, &whole), 0);
    wide.later[3] = 1;
    assert_int_equal(dtt_slot_derive(&wide.slot, &whole), DTT_EINVAL);
    wide.slot.size = offsetof(struct dtt_slot_config, kind);
    assert_int_equal(dtt_slot_derive(&wide.slot, &part), 0);
    assert_memory_equal(part.salt, whole.salt, sizeof(part.salt));
    assert_int_equal(part.target[0] | part.target[19], 0);
}

static void test_open_a_vector(void **state)
{
    (void)state;
    json_t *root = vectors_load("records.json");
    json_t *r = json_array_get(vectors_at(root, "records"), 1);
    struct dtt_slice value = vectors_hex(r, "encrypted_record_hex");
    struct dtt_slice content = vectors_hex(r, "content_hex");
    struct dtt_slot_config slot = slot_config();
    struct dtt_record_info info = empty_record();
    uint8_t publisher[32];
    vectors_hex_into(root, "fixed.node_public_key", publisher, 32);
    assert_int_equal(dtt_record_open(&slot, value.data, value.len, &info), 0);
    assert_memory_equal(info.publisher.bytes, publisher, 32);
    assert_true(info.minute == MINUTE);
    assert_int_equal(info.n_active_peers, 2);
    assert_memory_equal(info.active_peers, content.data, 64);
    assert_int_equal(info.n_message_hashes, 3);
    assert_memory_equal(info.message_hashes, content.data + 160, 96);
    assert_int_equal(info.n_addrs, 0);
    assert_int_equal(info.size, sizeof(info));
    free((void *)value.data);
    free((void *)content.data);
    json_decref(root);
}

static void test_content_of_an_application(void **state)
{
    (void)state;
    json_t *root = vectors_load("records.json");
    json_t *r = json_array_get(vectors_at(root, "records"), 1);
    struct dtt_slice value = vectors_hex(r, "encrypted_record_hex");
    struct dtt_slice content = vectors_hex(r, "content_hex");
    struct dtt_slot_config slot = slot_config();
    uint8_t node_seed[32], publisher[32];
    uint8_t sealed[DTT_RECORD_VALUE_MAX], buf[DTT_RECORD_CONTENT_MAX], large[713] = {1};
    struct dtt_id id, own;
    size_t len, n;
    vectors_hex_into(root, "fixed.node_public_key", publisher, 32);
    vectors_hex_into(root, "fixed.node_seed", node_seed, 32);
    assert_int_equal(
        dtt_record_open_content(&slot, value.data, value.len, &id, buf, sizeof(buf), &len), 0);
    assert_memory_equal(id.bytes, publisher, 32);
    assert_int_equal(len, content.len);
    assert_memory_equal(buf, content.data, len);
    for (size_t size = 0; size <= 712; size += 89) {
        assert_int_equal(
            dtt_record_seal_content(&slot, node_seed, large, size, sealed, sizeof(sealed), &n), 0);
        assert_int_equal(dtt_record_open_content(&slot, sealed, n, &own, buf, sizeof(buf), &len),
                         0);
        assert_memory_equal(own.bytes, publisher, 32);
        assert_int_equal(len, size);
        assert_memory_equal(buf, large, size);
    }
    assert_int_equal(len, dtt_record_content_max());
    assert_int_equal(n, dtt_record_value_max());
    sealed[100] ^= 1;
    assert_int_equal(dtt_record_open_content(&slot, sealed, n, &own, buf, sizeof(buf), &len),
                     DTT_EAUTH);
    assert_int_equal(
        dtt_record_seal_content(&slot, node_seed, large, 713, sealed, sizeof(sealed), &n),
        DTT_ETOOBIG);
    assert_int_equal(dtt_record_seal_content(&slot, node_seed, NULL, 1, sealed, sizeof(sealed), &n),
                     DTT_EINVAL);
    assert_int_equal(dtt_record_open_content(&slot, sealed, n, &own, buf, 711, &len), DTT_EINVAL);
    free((void *)value.data);
    free((void *)content.data);
    json_decref(root);
}

static void test_slots_by_kind(void **state)
{
    (void)state;
    struct dtt_slot_config slot = slot_config();
    struct dtt_slot_info info[3];
    for (int kind = DTT_SLOT_PUBLIC; kind <= DTT_SLOT_OLD_LINE; kind++) {
        slot.kind = kind;
        info[kind].size = sizeof(info[kind]);
        assert_int_equal(dtt_slot_derive(&slot, &info[kind]), 0);
    }
    assert_memory_equal(info[0].public_key, info[2].public_key, 32);
    assert_memory_not_equal(info[0].public_key, info[1].public_key, 32);
    assert_memory_not_equal(info[0].target, info[2].target, 20);
    slot.kind = DTT_SLOT_SECRET;
    slot.secret = NULL;
    assert_int_equal(dtt_slot_derive(&slot, &info[0]), DTT_EINVAL);
    slot.kind = 3;
    assert_int_equal(dtt_slot_derive(&slot, &info[0]), DTT_EINVAL);
}

/* As in Rust, a record whose content cannot be read still names its author. */
static void test_open_short_content(void **state)
{
    (void)state;
    json_t *root = vectors_load("records.json");
    json_t *cases = vectors_at(root, "cases");
    struct dtt_slot_config slot = slot_config();
    unsigned opened = 0;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        json_t *c = json_array_get(cases, i);
        struct dtt_slice value = vectors_hex(c, "value_hex");
        struct dtt_record_info info;
        memset(&info, 0xff, sizeof(info));
        info.size = sizeof(info);
        int err = dtt_record_open(&slot, value.data, value.len, &info);
        if (strcmp(vectors_text(c, "expect"), "accept") == 0) {
            assert_int_equal(err, 0);
            assert_true(info.minute == MINUTE);
            assert_int_equal(info.n_active_peers + info.n_message_hashes + info.n_addrs, 0);
            opened++;
        } else {
            assert_true(err < 0);
            assert_int_equal(info.n_addrs, SIZE_MAX);
        }
        free((void *)value.data);
    }
    assert_int_equal(opened, 2);
    json_decref(root);
}

static void test_seal_then_open(void **state)
{
    (void)state;
    struct dtt_slot_config slot = slot_config();
    struct dtt_record_info record = empty_record();
    struct dtt_record_info got = empty_record();
    struct dtt_id self;
    uint8_t buf[DTT_RECORD_VALUE_MAX], again[DTT_RECORD_VALUE_MAX];
    size_t len = 0, len_again = 0;
    dtt_id_from_seed(seed, &self);
    record.n_active_peers = 1;
    record.active_peers[0] = self;
    record.n_message_hashes = 1;
    memset(record.message_hashes[0], 7, 32);
    record.n_addrs = 1;
    assert_int_equal(dtt_addr_parse("192.0.2.1:6881", &record.addrs[0]), 0);
    assert_int_equal(dtt_record_seal(&slot, seed, &record, buf, sizeof(buf), &len), 0);
    assert_int_equal(len, 604 + 64);
    assert_int_equal(dtt_record_open(&slot, buf, len, &got), 0);
    assert_memory_equal(&got.publisher, &self, sizeof(self));
    assert_true(got.minute == MINUTE);
    record.publisher = got.publisher;
    record.minute = got.minute;
    assert_memory_equal(&got, &record, sizeof(got));
    /* Fresh keys each time: nothing of two sealings is alike but the lengths. */
    assert_int_equal(dtt_record_seal(&slot, seed, &record, again, sizeof(again), &len_again), 0);
    assert_int_equal(len_again, len);
    assert_memory_not_equal(buf + 12, again + 12, 32);
    assert_memory_not_equal(buf + 44, again + 44, 32);
}

static void test_open_with_other_keys(void **state)
{
    (void)state;
    struct dtt_slot_config slot = slot_config();
    struct dtt_record_info record = empty_record();
    uint8_t buf[DTT_RECORD_VALUE_MAX];
    size_t len = 0;
    assert_int_equal(dtt_record_seal(&slot, seed, &record, buf, sizeof(buf), &len), 0);
    assert_int_equal(len, 604);
    slot.secret_len--;
    assert_int_equal(dtt_record_open(&slot, buf, len, &record), DTT_EAUTH);
    slot = slot_config();
    slot.minute++;
    assert_int_equal(dtt_record_open(&slot, buf, len, &record), DTT_EAUTH);
    slot = slot_config();
    slot.name = "another topic";
    assert_int_equal(dtt_record_open(&slot, buf, len, &record), DTT_EAUTH);
    slot = slot_config();
    assert_int_equal(dtt_record_open(&slot, buf, len - 1, &record), DTT_EPROTO);
    assert_int_equal(dtt_record_open(&slot, NULL, 0, &record), DTT_EPROTO);
}

/* A rotation that ignores topic and minute: only then can a record be opened in a foreign slot. */
static int constant_rotation(void *user, const uint8_t topic_hash[32], uint64_t minute,
                             const uint8_t secret_hash[32], uint8_t ret_seed[32])
{
    (void)topic_hash;
    (void)minute;
    (*(unsigned *)user)++;
    memcpy(ret_seed, secret_hash, 32);
    return 0;
}

/* As a binding's does whose callback has thrown. */
static int failing_rotation(void *user, const uint8_t topic_hash[32], uint64_t minute,
                            const uint8_t secret_hash[32], uint8_t ret_seed[32])
{
    (void)user;
    (void)topic_hash;
    (void)minute;
    (void)secret_hash;
    (void)ret_seed;
    return -1;
}

static void a_rotation_may_fail(void **state)
{
    struct dtt_slot_config slot = slot_config();
    struct dtt_record_info record = empty_record();
    struct dtt_slot_info info = {.size = sizeof(info)};
    uint8_t buf[DTT_RECORD_VALUE_MAX];
    size_t len = 0;
    (void)state;
    assert_int_equal(dtt_record_seal(&slot, seed, &record, buf, sizeof(buf), &len), 0);
    slot.rotation = failing_rotation;
    assert_int_equal(dtt_record_open(&slot, buf, len, &record), DTT_EROTATE);
    assert_int_equal(dtt_record_seal(&slot, seed, &record, buf, sizeof(buf), &len), DTT_EROTATE);
    slot.kind = DTT_SLOT_SECRET;
    assert_int_equal(dtt_slot_derive(&slot, &info), DTT_EROTATE);
    slot.kind = DTT_SLOT_PUBLIC; /* lies where it lies, whatever the secret */
    assert_int_equal(dtt_slot_derive(&slot, &info), 0);
}

static void test_user_rotation(void **state)
{
    (void)state;
    unsigned calls = 0;
    struct dtt_slot_config slot = slot_config();
    struct dtt_record_info record = empty_record();
    uint8_t buf[DTT_RECORD_VALUE_MAX];
    size_t len = 0;
    slot.rotation = constant_rotation;
    slot.rotation_user = &calls;
    assert_int_equal(dtt_record_seal(&slot, seed, &record, buf, sizeof(buf), &len), 0);
    assert_int_equal(dtt_record_open(&slot, buf, len, &record), 0);
    slot.minute++;
    assert_int_equal(dtt_record_open(&slot, buf, len, &record), DTT_EMINUTE);
    slot.name = "another topic";
    assert_int_equal(dtt_record_open(&slot, buf, len, &record), DTT_ETOPIC);
    assert_int_equal(calls, 4);
}

static void test_seal_checks_its_arguments(void **state)
{
    (void)state;
    struct dtt_slot_config slot = slot_config();
    struct dtt_record_info r = empty_record();
    uint8_t buf[DTT_RECORD_VALUE_MAX];
    size_t len = 77;
    assert_int_equal(dtt_record_seal(NULL, seed, &r, buf, sizeof(buf), &len), DTT_EINVAL);
    assert_int_equal(dtt_record_seal(&slot, NULL, &r, buf, sizeof(buf), &len), DTT_EINVAL);
    assert_int_equal(dtt_record_seal(&slot, seed, NULL, buf, sizeof(buf), &len), DTT_EINVAL);
    assert_int_equal(dtt_record_seal(&slot, seed, &r, NULL, sizeof(buf), &len), DTT_EINVAL);
    assert_int_equal(dtt_record_seal(&slot, seed, &r, buf, sizeof(buf) - 1, &len), DTT_EINVAL);
    assert_int_equal(dtt_record_seal(&slot, seed, &r, buf, sizeof(buf), NULL), DTT_EINVAL);
    r.n_active_peers = DTT_RECORD_PEERS + 1;
    assert_int_equal(dtt_record_seal(&slot, seed, &r, buf, sizeof(buf), &len), DTT_EINVAL);
    r = empty_record();
    r.n_message_hashes = DTT_RECORD_HASHES + 1;
    assert_int_equal(dtt_record_seal(&slot, seed, &r, buf, sizeof(buf), &len), DTT_EINVAL);
    r = empty_record();
    r.n_addrs = DTT_RECORD_ADDRS + 1;
    assert_int_equal(dtt_record_seal(&slot, seed, &r, buf, sizeof(buf), &len), DTT_EINVAL);
    r = empty_record();
    r.size = 0;
    assert_int_equal(dtt_record_seal(&slot, seed, &r, buf, sizeof(buf), &len), DTT_EINVAL);
    r = empty_record();
    slot.secret = NULL;
    assert_int_equal(dtt_record_seal(&slot, seed, &r, buf, sizeof(buf), &len), DTT_EINVAL);
    assert_int_equal(len, 77);
}

static void test_open_checks_its_arguments(void **state)
{
    (void)state;
    struct dtt_slot_config slot = slot_config();
    struct dtt_record_info r = empty_record();
    uint8_t value[604] = {0};
    assert_int_equal(dtt_record_open(NULL, value, sizeof(value), &r), DTT_EINVAL);
    assert_int_equal(dtt_record_open(&slot, NULL, sizeof(value), &r), DTT_EINVAL);
    assert_int_equal(dtt_record_open(&slot, value, sizeof(value), NULL), DTT_EINVAL);
    slot.secret = NULL;
    assert_int_equal(dtt_record_open(&slot, value, sizeof(value), &r), DTT_EINVAL);
    slot = slot_config();
    r.size = sizeof(size_t) - 1;
    assert_int_equal(dtt_record_open(&slot, value, sizeof(value), &r), DTT_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_derive),
        cmocka_unit_test(test_derive_checks_its_arguments),
        cmocka_unit_test(structs_of_other_versions),
        cmocka_unit_test(test_open_a_vector),
        cmocka_unit_test(test_content_of_an_application),
        cmocka_unit_test(test_slots_by_kind),
        cmocka_unit_test(test_open_short_content),
        cmocka_unit_test(test_seal_then_open),
        cmocka_unit_test(test_open_with_other_keys),
        cmocka_unit_test(test_user_rotation),
        cmocka_unit_test(a_rotation_may_fail),
        cmocka_unit_test(test_seal_checks_its_arguments),
        cmocka_unit_test(test_open_checks_its_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
