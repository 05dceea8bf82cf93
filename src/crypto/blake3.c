/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* After the BLAKE3 paper (O'Connor, Aumasson, Neves, Wilcox-O'Hearn), section 2. */
#include "crypto/blake3.h"

#define BLOCK_BYTES 64
#define CHUNK_BYTES 1024
/* One chaining value for each bit of the number of chunks: 2^54 chunks are 2^64 bytes. */
#define STACK_MAX 54

enum flag {
    CHUNK_START = 1,
    CHUNK_END = 2,
    PARENT = 4,
    ROOT = 8,
    DERIVE_KEY_CONTEXT = 32,
    DERIVE_KEY_MATERIAL = 64
};

/* What all nodes of a tree begin with. */
struct mode {
    uint32_t key[8];
    uint32_t flags;
};

static const uint32_t iv[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                               0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/* What is left to do for a node of the tree: whether it is the root shows only later. */
struct node {
    uint32_t cv[8];
    uint32_t block[16];
    uint64_t counter;
    uint32_t block_len;
    uint32_t flags;
};

static uint32_t rotr(uint32_t v, unsigned n)
{
    return v >> n | v << (32 - n);
}

static void mix(uint32_t *s, unsigned a, unsigned b, unsigned c, unsigned d, uint32_t x, uint32_t y)
{
    s[a] += s[b] + x;
    s[d] = rotr(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = rotr(s[b] ^ s[c], 12);
    s[a] += s[b] + y;
    s[d] = rotr(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = rotr(s[b] ^ s[c], 7);
}

static void permute(uint32_t m[16])
{
    static const uint8_t from[16] = {2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8};
    uint32_t old[16];
    memcpy(old, m, sizeof(old));
    for (unsigned i = 0; i < 16; i++) {
        m[i] = old[from[i]];
    }
}

/* The first eight words of the compression function's output: all that 32 bytes need. */
static void compress(uint32_t out[8], const struct node *n)
{
    uint32_t s[16];
    uint32_t m[16];
    memcpy(s, n->cv, sizeof(n->cv));
    memcpy(s + 8, iv, 16);
    s[12] = (uint32_t)n->counter;
    s[13] = (uint32_t)(n->counter >> 32);
    s[14] = n->block_len;
    s[15] = n->flags;
    memcpy(m, n->block, sizeof(m));
    for (unsigned round = 0; round < 7; round++) {
        mix(s, 0, 4, 8, 12, m[0], m[1]);
        mix(s, 1, 5, 9, 13, m[2], m[3]);
        mix(s, 2, 6, 10, 14, m[4], m[5]);
        mix(s, 3, 7, 11, 15, m[6], m[7]);
        mix(s, 0, 5, 10, 15, m[8], m[9]);
        mix(s, 1, 6, 11, 12, m[10], m[11]);
        mix(s, 2, 7, 8, 13, m[12], m[13]);
        mix(s, 3, 4, 9, 14, m[14], m[15]);
        permute(m);
    }
    for (unsigned i = 0; i < 8; i++) {
        out[i] = s[i] ^ s[i + 8];
    }
}

static void load_block(struct node *n, const uint8_t *data, size_t len)
{
    uint8_t padded[BLOCK_BYTES] = {0};
    if (len) {
        memcpy(padded, data, len);
    }
    for (unsigned i = 0; i < 16; i++) {
        n->block[i] = dtt_get_le32(padded + 4 * i);
    }
    n->block_len = (uint32_t)len;
}

/* Compresses all blocks of a chunk (at most 1024 bytes) but its last. */
static struct node chunk_node(const struct mode *mode, struct dtt_slice chunk, uint64_t counter)
{
    struct node n = {.counter = counter, .flags = mode->flags | CHUNK_START};
    memcpy(n.cv, mode->key, sizeof(n.cv));
    while (chunk.len > BLOCK_BYTES) {
        load_block(&n, chunk.data, BLOCK_BYTES);
        compress(n.cv, &n);
        n.flags = mode->flags;
        chunk = dtt_slice(chunk.data + BLOCK_BYTES, chunk.len - BLOCK_BYTES);
    }
    load_block(&n, chunk.data, chunk.len);
    n.flags |= CHUNK_END;
    return n;
}

static struct node parent_node(const struct mode *mode, const uint32_t left[8],
                               const struct node *right)
{
    struct node n = {.block_len = BLOCK_BYTES, .flags = mode->flags | PARENT};
    memcpy(n.cv, mode->key, sizeof(n.cv));
    memcpy(n.block, left, 32);
    compress(n.block + 8, right);
    return n;
}

static void hash(uint8_t out[DTT_BLAKE3_BYTES], const struct mode *mode, struct dtt_slice in)
{
    uint32_t stack[STACK_MAX][8];
    unsigned depth = 0;
    uint64_t counter = 0;
    /* A complete subtree is joined with its left sibling only when more input follows: the last
     * join is the root's. */
    while (in.len > CHUNK_BYTES) {
        struct node n = chunk_node(mode, dtt_slice(in.data, CHUNK_BYTES), counter++);
        for (uint64_t total = counter; (total & 1) == 0; total >>= 1) {
            n = parent_node(mode, stack[--depth], &n);
        }
        compress(stack[depth++], &n);
        in = dtt_slice(in.data + CHUNK_BYTES, in.len - CHUNK_BYTES);
    }
    struct node n = chunk_node(mode, in, counter);
    while (depth > 0) {
        n = parent_node(mode, stack[--depth], &n);
    }
    uint32_t words[8];
    n.flags |= ROOT;
    compress(words, &n);
    for (unsigned i = 0; i < 8; i++) {
        dtt_put_le32(out + 4 * i, words[i]);
    }
}

void dtt_blake3(uint8_t out[DTT_BLAKE3_BYTES], struct dtt_slice in)
{
    struct mode mode = {.flags = 0};
    memcpy(mode.key, iv, sizeof(iv));
    hash(out, &mode, in);
}

void dtt_blake3_derive_key(uint8_t out[DTT_BLAKE3_BYTES], const char *context,
                           struct dtt_slice material)
{
    struct mode mode = {.flags = DERIVE_KEY_CONTEXT};
    uint8_t key[DTT_BLAKE3_BYTES];
    memcpy(mode.key, iv, sizeof(iv));
    hash(key, &mode, dtt_slice(context, strlen(context)));
    mode.flags = DERIVE_KEY_MATERIAL;
    for (unsigned i = 0; i < 8; i++) {
        mode.key[i] = dtt_get_le32(key + 4 * i);
    }
    hash(out, &mode, material);
}
