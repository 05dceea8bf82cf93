/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The first byte chooses the layer that sees the rest: a sealed value, a plain record, or the
 * content that a member with a valid key could sign.
 */
#include "record/record.h"

#include "base/addr.h"
#include "base/reach.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The worked example of the vectors: topic my-iroh-gossip-topic, secret my-initial-secret. */
static const uint8_t topic[32] = {0x63, 0x79, 0xdd, 0x54, 0x45, 0xe0, 0x65, 0x73, 0x4b, 0x71, 0xc8,
                                  0x1a, 0x61, 0x19, 0x08, 0xa0, 0x7a, 0xab, 0x8e, 0xcf, 0x2c, 0x31,
                                  0x48, 0x9d, 0x9f, 0x73, 0xcf, 0xfc, 0x64, 0xab, 0xe8, 0x58};
static const uint8_t enc_seed[32] = {
    0xef, 0xb6, 0x01, 0x9c, 0xd9, 0x80, 0xba, 0x61, 0xca, 0xb4, 0xef, 0xa1, 0xbe, 0x58, 0x11, 0xf4,
    0x7e, 0x9d, 0x93, 0xfb, 0x83, 0xb6, 0x54, 0x6a, 0x41, 0x64, 0x8d, 0x2b, 0x00, 0x02, 0xee, 0xf7};
#define MINUTE 29000000

static void check(bool ok)
{
    if (!ok) {
        abort();
    }
}

static void fuzz_content(struct dtt_slice in)
{
    struct dtt_record_info info = {.size = sizeof(info)};
    struct dtt_record_info second = {.size = sizeof(second)};
    uint8_t bytes[DTT_CONTENT_MAX];
    struct dtt_writer w = dtt_writer(bytes, sizeof(bytes));
    if (dtt_content_read(in, &info) != DTT_OK) {
        check(in.len < DTT_CONTENT_FIXED);
        return;
    }
    check(info.n_active_peers <= DTT_RECORD_PEERS && info.n_message_hashes <= DTT_RECORD_HASHES &&
          info.n_addrs <= DTT_RECORD_ADDRS);
    for (size_t i = 0; i < info.n_addrs; i++) {
        check(dtt_addr_is_usable(&info.addrs[i]));
    }
    check(!info.reach.is_told || dtt_reach_is_sound(&info.reach));
    if (info.n_addrs == 0) {
        info.unix_s = 0; /* neither a time nor a reach is written alone */
        info.reach = (struct dtt_reach){0};
    }
    dtt_content_write(&w, &info);
    check(!w.failed && dtt_content_read(dtt_slice(bytes, w.len), &second) == DTT_OK);
    check(memcmp(&info, &second, sizeof(info)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct dtt_record rec;
    if (len == 0) {
        return 0;
    }
    struct dtt_slice in = dtt_slice(data + 1, len - 1);
    switch (data[0] % 3) {
    case 0:
        if (dtt_record_unseal(in, topic, MINUTE, enc_seed, &rec) == DTT_OK) {
            check(rec.content_len <= DTT_CONTENT_MAX);
        }
        break;
    case 1:
        if (dtt_record_verify(in, topic, MINUTE, &rec) == DTT_OK) {
            check(rec.content_len == in.len - DTT_RECORD_OVERHEAD);
        }
        break;
    default: fuzz_content(in);
    }
    return 0;
}
