/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A router, and a UPnP worker, that say anything at any time. The input is a script: a byte chooses
 * what happens, further ones are its argument. Whatever it is, a mapping held is at our own
 * address, and the router is not flooded.
 */
#include "portmap/portmap.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static uint8_t take_byte(struct dtt_reader *r)
{
    return dtt_reader_left(r) ? dtt_read_u8(r) : 0;
}

/* An answer of the kind that is waited for, with the input's bytes from some place on. */
static struct dtt_slice answer(struct dtt_reader *r, const uint8_t *packet, size_t len,
                               uint8_t buf[64])
{
    size_t at = take_byte(r) % 64;
    size_t n = take_byte(r) % 64;
    memset(buf, 0, 64);
    memcpy(buf, packet, len);
    buf[1] |= 0x80;
    if (len == DTT_PCP_MAP_BYTES) {
        memset(buf + 8, 0, 16);
        memcpy(buf + 56, (const uint8_t[]){81, 10, 1, 1}, 4);
    }
    n = n < 64 - at ? n : 64 - at;
    n = n < dtt_reader_left(r) ? n : dtt_reader_left(r);
    memcpy(buf + at, dtt_read(r, n).data, n);
    return dtt_slice(buf, len == DTT_PCP_MAP_BYTES ? DTT_PCP_MAP_BYTES : len == 2 ? 12 : 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t nonce[DTT_PCP_NONCE_BYTES] = {7};
    struct dtt_ctx ctx = {0};
    struct dtt_portmap p;
    struct dtt_now now = {.mono_ns = 1000 * DTT_S};
    struct dtt_addr gateway = dtt_addr_v4(192, 168, 1, 1, DTT_PCP_PORT);
    struct dtt_addr client = dtt_addr_v4(192, 168, 1, 10, 40003);
    struct dtt_addr seen = dtt_addr_v4(81, 10, 1, 1, 0);
    uint8_t packet[DTT_PORTMAP_PACKET_MAX] = {0}, buf[64];
    size_t len = 2, sent = 0, answered = 0, moves = 0;
    bool has_job = false;
    struct dtt_portmap_job job;
    struct dtt_portmap_report report;
    struct dtt_reader r = dtt_reader(dtt_slice(data, size));
    dtt_portmap_init(&p, &ctx, nonce);
    dtt_portmap_set_upnp(&p, true);
    dtt_portmap_set_place(&p, now, &gateway, &client);
    while (dtt_reader_left(&r)) {
        switch (take_byte(&r) % 9) {
        case 0: now.mono_ns += take_byte(&r) * 10 * DTT_MS; break;
        case 1: now.mono_ns += take_byte(&r) * 30 * DTT_S; break;
        case 2:
            answered++;
            dtt_portmap_recv(&p, now, &gateway, answer(&r, packet, len, buf));
            break;
        case 3: {
            size_t n = take_byte(&r);
            n = n < dtt_reader_left(&r) ? n : dtt_reader_left(&r);
            answered++;
            dtt_portmap_recv(&p, now, &gateway, dtt_read(&r, n));
            break;
        }
        case 4:
            if (has_job) {
                static const uint16_t codes[] = {0, 1, 2, 402, 501, 606, 718, 725};
                struct dtt_portmap_done done = {.code = codes[take_byte(&r) % 8],
                                                .external = dtt_addr_v4(81, 10, 1, 1, 9)};
                done.external.ip[3] = take_byte(&r) % 3;
                has_job = false;
                dtt_portmap_upnp_done(&p, now, &done);
            }
            break;
        case 5:
            moves++;
            dtt_portmap_moved(&p, now);
            break;
        case 6:
            moves++;
            seen.ip[3] = 1 + take_byte(&r) % 2;
            dtt_portmap_want(&p, now, take_byte(&r) % 4 != 0, &seen);
            break;
        case 7:
            moves++;
            client.port = 40000 + take_byte(&r) % 2;
            dtt_portmap_set_place(&p, now, &gateway, &client);
            break;
        default: dtt_portmap_unreachable(&p, now, &gateway); break;
        }
        dtt_portmap_tick(&p, now);
        size_t n = dtt_portmap_next_packet(&p, packet);
        must(n <= sizeof(packet));
        sent += n > 0;
        len = n ? n : len;
        if (dtt_portmap_next_job(&p, now, &job)) {
            must(!has_job && dtt_addr_eq(&job.gateway, &gateway));
            has_job = true;
        }
        (void)dtt_portmap_next_report(&p, &report);
        const struct dtt_portmap_report *held = dtt_portmap_held(&p);
        must(!held || (held->addr.port != 0 && held->addr.family == DTT_FAMILY_V4 &&
                       dtt_addr_scope(&held->addr) == DTT_SCOPE_GLOBAL));
        must(dtt_portmap_deadline(&p) > now.mono_ns);
    }
    /* Each thing that happens lets out one packet at most, and each tick that is due. */
    must(sent <= size);
    dtt_portmap_close(&p);
    (void)dtt_portmap_next_packet(&p, packet);
    must(dtt_portmap_next_packet(&p, packet) == 0 && !dtt_portmap_held(&p));
    dtt_portmap_fini(&p);
    (void)answered;
    (void)moves;
    return 0;
}
