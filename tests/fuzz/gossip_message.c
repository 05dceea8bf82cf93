/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What decodes is encoded to a form that decodes again and is encoded to the same bytes. */
#include "gossip/addr_info.h"
#include "gossip/message.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_addr_info(struct dtt_slice in)
{
    struct dtt_addr addrs[DTT_ADDR_INFO_ADDRS];
    struct dtt_addr again[DTT_ADDR_INFO_ADDRS];
    uint8_t buf[512];
    size_t n;
    size_t m;
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    char relay[DTT_URL_MAX];
    dtt_addr_info_relay(in, relay);
    if (dtt_addr_info_read(in, addrs, &n)) {
        return;
    }
    dtt_addr_info_write(&w, "", addrs, n);
    if (w.failed || dtt_addr_info_read(dtt_slice(buf, w.len), again, &m) || n != m ||
        memcmp(addrs, again, n * sizeof(addrs[0])) != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct dtt_gossip_message m;
    uint8_t first[DTT_GOSSIP_FRAME_MAX];
    uint8_t second[DTT_GOSSIP_FRAME_MAX];
    check_addr_info(dtt_slice(data, len));
    if (dtt_gossip_message_decode(dtt_slice(data, len), NULL, &m)) {
        return 0;
    }
    struct dtt_writer w = dtt_writer(first, sizeof(first));
    dtt_gossip_message_encode(&w, &m);
    if (w.failed || w.len > len || dtt_gossip_message_decode(dtt_slice(first, w.len), NULL, &m)) {
        abort();
    }
    struct dtt_writer again = dtt_writer(second, sizeof(second));
    dtt_gossip_message_encode(&again, &m);
    if (again.failed || again.len != w.len || memcmp(first, second, w.len) != 0) {
        abort();
    }
    return 0;
}
