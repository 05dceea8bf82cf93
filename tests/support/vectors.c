/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/vectors.h"

#include "codec/text.h"

#include <stdio.h>
#include <stdlib.h>

json_t *vectors_load(const char *name)
{
    char path[4096];
    json_error_t err;
    const char *dir = getenv("DTT_VECTORS");
    snprintf(path, sizeof(path), "%s/%s", dir ? dir : "tests/vectors", name);
    json_t *root = json_load_file(path, 0, &err);
    if (!root) {
        fail_msg("%s:%d: %s", path, err.line, err.text);
    }
    return root;
}

json_t *vectors_at(json_t *root, const char *path)
{
    char key[256];
    json_t *at = root;
    while (at && *path) {
        size_t n = strcspn(path, ".");
        assert_true(n < sizeof(key));
        memcpy(key, path, n);
        key[n] = '\0';
        at = json_object_get(at, key);
        path += n + (path[n] == '.');
    }
    if (!at) {
        fail_msg("vector member missing: ...%s", path);
    }
    return at;
}

const char *vectors_text(json_t *root, const char *path)
{
    const char *text = json_string_value(vectors_at(root, path));
    assert_non_null(text);
    return text;
}

struct dtt_slice vectors_hex(json_t *root, const char *path)
{
    const char *text = vectors_text(root, path);
    size_t len = strlen(text) / 2;
    uint8_t *out = malloc(len ? len : 1);
    assert_non_null(out);
    assert_int_equal(dtt_hex_decode(out, len, text, strlen(text)), 0);
    return dtt_slice(out, len);
}

void vectors_hex_into(json_t *root, const char *path, void *out, size_t len)
{
    const char *text = vectors_text(root, path);
    assert_int_equal(dtt_hex_decode(out, len, text, strlen(text)), 0);
}

static void call_with(const uint8_t *data, size_t len, size_t flip_bit, sweep_fn fn, void *user)
{
    uint8_t *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, data, len);
    if (flip_bit < len * 8) {
        copy[flip_bit / 8] ^= (uint8_t)(1u << flip_bit % 8);
    }
    fn(user, dtt_slice(copy, len));
    free(copy);
}

void sweep_truncations(struct dtt_slice in, sweep_fn fn, void *user)
{
    for (size_t n = 0; n < in.len; n++) {
        call_with(in.data, n, SIZE_MAX, fn, user);
    }
}

void sweep_bit_flips(struct dtt_slice in, sweep_fn fn, void *user)
{
    for (size_t bit = 0; bit < in.len * 8; bit++) {
        call_with(in.data, in.len, bit, fn, user);
    }
}
