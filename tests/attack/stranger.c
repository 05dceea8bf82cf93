/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "stranger.h"

#include "gossip/stream.h"
#include "quic/demux.h"
#include "record/proof.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

static struct dtt_udp_rx *rx;

_Noreturn void stranger_die(const char *what)
{
    fprintf(stderr, "hostile: %s\n", what);
    exit(2);
}

uint64_t stranger_now_ns(void)
{
    return dtt_host_now().mono_ns;
}

void stranger_open(struct stranger *s, const struct dtt_addr *source, const struct dtt_id *target,
                   const struct dtt_addr *addr, bool is_same)
{
    static const uint8_t none[32];
    const struct stranger before = *s;
    struct dtt_quic_config cfg = {.alpn = DTT_GOSSIP_ALPN,
                                  .exporter = DTT_PROOF_EXPORTER,
                                  .idle_timeout_ns = 60 * DTT_S,
                                  .keep_alive_ns = 3 * DTT_S};
    memset(s, 0, sizeof(*s));
    s->target_id = *target;
    s->target = *addr;
    s->stream = -1;
    if (!rx && !(rx = dtt_udp_rx_new())) {
        stranger_die("no memory");
    }
    s->tx_bytes = before.tx_bytes;
    s->rx_bytes = before.rx_bytes;
    s->on_data = before.on_data;
    s->on_krpc = before.on_krpc;
    if (is_same && memcmp(before.seed, none, sizeof(none)) != 0) {
        memcpy(s->seed, before.seed, sizeof(s->seed));
    } else if (dtt_host_entropy(s->seed, sizeof(s->seed))) {
        stranger_die("no randomness");
    }
    memcpy(cfg.seed, s->seed, sizeof(cfg.seed));
    if (dtt_host_entropy(s->ctx.seed, sizeof(s->ctx.seed)) ||
        dtt_quic_new(&s->quic, &s->ctx, &cfg, dtt_host_now()) || dtt_udp_open(&s->udp, source)) {
        stranger_die("no endpoint");
    }
    if (dtt_quic_dial(s->quic, dtt_host_now(), target, &s->udp.bound, addr, &s->conn)) {
        stranger_die("no dial");
    }
}

void stranger_close(struct stranger *s)
{
    if (s->quic) {
        dtt_quic_free(s->quic);
        dtt_udp_close(&s->udp);
        s->quic = NULL;
    }
}

static void take_events(struct stranger *s)
{
    struct dtt_quic_event ev;
    while (!s->is_mute && dtt_quic_next_event(s->quic, &ev)) {
        if (ev.type == DTT_QUIC_DATA && s->on_data) {
            s->on_data(s, ev.data);
        }
        s->is_connected |= ev.type == DTT_QUIC_CONNECTED;
        s->is_closed |= ev.type == DTT_QUIC_CLOSED;
    }
}

static void add(struct stranger *s, const struct dtt_quic_packet *packet)
{
    s->tx_bytes += packet->data.len;
    if (!dtt_udp_add(&s->udp, &packet->local, &packet->remote, packet->ecn, 0, packet->segment,
                     packet->data)) {
        (void)dtt_udp_flush(&s->udp);
        (void)dtt_udp_add(&s->udp, &packet->local, &packet->remote, packet->ecn, 0, packet->segment,
                          packet->data);
    }
}

static void send_all(struct stranger *s)
{
    struct dtt_quic_packet packet;
    while (dtt_quic_next_packet(s->quic, dtt_host_now(), &packet)) {
        add(s, &packet);
    }
    (void)dtt_udp_flush(&s->udp);
}

void stranger_send(struct stranger *s, const struct dtt_addr *to, struct dtt_slice datagram)
{
    add(s, &(struct dtt_quic_packet){
               .local = s->udp.bound, .remote = *to, .segment = datagram.len, .data = datagram});
    (void)dtt_udp_flush(&s->udp);
}

void stranger_turn(struct stranger *s)
{
    struct dtt_udp_datagram d;
    if (!s->quic) {
        return;
    }
    while (dtt_udp_recv(&s->udp, rx) > 0) {
        while (dtt_udp_next(&s->udp, rx, &d)) {
            s->rx_bytes += d.data.len;
            if (s->on_krpc && dtt_quic_demux_is_krpc(d.data)) {
                s->on_krpc(s, &d.from, d.data);
            } else if (!s->is_deaf || (d.data.data[0] & 0xf0) == 0xf0) {
                dtt_quic_recv(s->quic, dtt_host_now(), &s->udp.bound, &d.from, d.ecn, d.data);
            }
        }
        take_events(s);
    }
    if (dtt_quic_deadline(s->quic) <= stranger_now_ns()) {
        dtt_quic_tick(s->quic, dtt_host_now());
    }
    take_events(s);
    send_all(s);
}

void stranger_run(struct stranger *all, size_t n, unsigned ms)
{
    uint64_t end = stranger_now_ns() + ms * DTT_MS;
    struct pollfd *fds = calloc(n, sizeof(*fds));
    if (!fds) {
        stranger_die("no memory");
    }
    for (size_t i = 0; i < n; i++) {
        stranger_turn(&all[i]);
        fds[i] = (struct pollfd){.fd = all[i].quic ? all[i].udp.fd : -1, .events = POLLIN};
    }
    do {
        poll(fds, n, 2);
        for (size_t i = 0; i < n; i++) {
            if (fds[i].revents || (all[i].quic && dtt_quic_deadline(all[i].quic) <= end)) {
                stranger_turn(&all[i]);
            }
        }
    } while (stranger_now_ns() < end);
    free(fds);
}

bool stranger_connect(struct stranger *s)
{
    while (!s->is_connected && !s->is_closed) {
        stranger_run(s, 1, 1);
    }
    return s->is_connected && !s->is_closed;
}

int stranger_speak(struct stranger *s, const struct dtt_gossip_topic_id *topic)
{
    uint8_t header[DTT_GOSSIP_HEADER_FRAME];
    int err = dtt_quic_open_uni(s->quic, s->conn, &s->stream);
    if (err) {
        s->stream = -1;
        return err;
    }
    dtt_gossip_stream_header(header, topic);
    return dtt_quic_write(s->quic, s->conn, s->stream, dtt_slice(header, sizeof(header)), false);
}

int stranger_say(struct stranger *s, const struct dtt_gossip_message *m)
{
    uint8_t frame[4 + DTT_GOSSIP_PAYLOAD_MAX + 1];
    struct dtt_writer w = dtt_writer(frame + 4, sizeof(frame) - 4);
    dtt_gossip_message_encode(&w, m);
    if (w.failed) {
        stranger_die("the message is too long");
    }
    dtt_put_be32(frame, (uint32_t)w.len);
    return dtt_quic_write(s->quic, s->conn, s->stream, dtt_slice(frame, w.len + 4), false);
}

void stranger_join(struct stranger *s)
{
    const struct dtt_gossip_message join = {.type = DTT_MSG_JOIN, .u.join.data.is_some = true};
    (void)stranger_say(s, &join);
}

void stranger_read_target(const char *word, struct dtt_id *ret_id, struct dtt_addr *ret_addr)
{
    char id[128];
    const char *at = strchr(word, '@');
    if (!at) {
        stranger_die("a target is no target");
    }
    snprintf(id, sizeof(id), "%.*s", (int)(at - word), word);
    if (dtt_id_parse(id, ret_id) != DTT_OK) {
        stranger_die("an id is no id");
    }
    if (dtt_addr_parse(at + 1, ret_addr) != DTT_OK) {
        stranger_die("an address is no address");
    }
}
