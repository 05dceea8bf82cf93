/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Datagrams of the local network: reading them is total, what a value brings is no longer than a
 * record may be, and whatever is asked there is at most one answer for each minute that has a name.
 */
#include "lan/lan.h"

#include <stdlib.h>

#define TOPIC 7

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_events(struct dtt_lan *lan, struct dtt_now now)
{
    struct dtt_lan_event ev;
    while (dtt_lan_next_event(lan, now, &ev)) {
        if (ev.type == DTT_LAN_PEER) {
            if (ev.peer.n_addrs == 0 || ev.peer.n_addrs > DTT_LAN_IROH_ADDRS) {
                abort();
            }
            continue;
        }
        if (ev.number != TOPIC || ev.value_len > sizeof(ev.value) ||
            (ev.type == DTT_LAN_VALUE && ev.value_len == 0)) {
            abort();
        }
        if (ev.type == DTT_LAN_WANT) {
            dtt_lan_answer(lan, TOPIC, ev.minute, dtt_slice("record", 6));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* The names of topic 00 x 32 and secret "fuzz" in minute 29000000, to which the seeds belong.
     */
    static const uint8_t topic[32];
    struct dtt_now now = {.mono_ns = DTT_S, .wall_ns = (int64_t)(29000000 * 60 * DTT_S)};
    const struct dtt_addr from = dtt_addr_v4(192, 168, 1, 2, DTT_LAN_PORT);
    struct dtt_lan_link link = {.index = 3, .family = DTT_FAMILY_V4, .n_nets = 1};
    struct dtt_ctx ctx = {0};
    struct dtt_secret secret;
    struct dtt_lan *lan;
    struct dtt_lan_packet p;
    struct dtt_lan_iroh_peer us = {.n_addrs = 1};
    unsigned packets = 0;
    link.nets[0].addr = dtt_addr_v4(192, 168, 1, 1, 0);
    link.nets[0].prefix_len = 24;
    dtt_secret_init(&secret, dtt_slice("fuzz", 4), NULL, NULL);
    if (dtt_lan_new(&lan, &ctx, now) != DTT_OK) {
        return 0;
    }
    us.addrs[0] = dtt_addr_v4(192, 168, 1, 1, 7000);
    dtt_lan_set_links(lan, now, &link, 1);
    dtt_lan_set_iroh(lan, now, &us);
    if (dtt_lan_join(lan, now, TOPIC, topic, &secret) == DTT_OK) {
        dtt_lan_recv(lan, now, 3, &from, dtt_slice(data, size));
        take_events(lan, now);
        now.mono_ns += DTT_LAN_WAIT_MAX_NS;
        dtt_lan_tick(lan, now);
        take_events(lan, now);
        while (dtt_lan_next_packet(lan, now, &p)) {
            packets++;
        }
    }
    /* Our question and our answers, and the same of iroh's service. */
    if (packets > 1 + DTT_LAN_ANSWERS_PER_SECOND + 2) {
        abort();
    }
    dtt_lan_free(lan);
    return 0;
}
