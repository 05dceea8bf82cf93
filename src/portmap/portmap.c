/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "portmap/portmap.h"

#include <assert.h>

/* ---- life */

void dtt_portmap_init(struct dtt_portmap *p, struct dtt_ctx *ctx,
                      const uint8_t nonce[DTT_PCP_NONCE_BYTES])
{
    *p = (struct dtt_portmap){.ctx = ctx, .due_ns = DTT_NEVER, .asked_ns = DTT_NEVER};
    memcpy(p->pcp.nonce, nonce, sizeof(p->pcp.nonce));
    dtt_rng_init(&p->rng, ctx->seed, "portmap");
}

void dtt_portmap_fini(struct dtt_portmap *p)
{
    dtt_rng_fini(&p->rng);
}

static bool is_held(const struct dtt_portmap *p)
{
    return p->state == DTT_PORTMAP_HOLDING || p->state == DTT_PORTMAP_RENEWING;
}

static void check(const struct dtt_portmap *p)
{
    assert(is_held(p) == (p->held.outcome == DTT_PORTMAP_HELD));
    assert(p->ask.way == DTT_PORTMAP_WAY_NONE || p->state == DTT_PORTMAP_ASKING ||
           p->state == DTT_PORTMAP_RENEWING);
    assert(p->packet_len <= sizeof(p->packet));
    (void)p;
}

static void enter(struct dtt_portmap *p, enum dtt_portmap_state state, uint64_t due_ns)
{
    assert(p->state != DTT_PORTMAP_CLOSED);
    p->state = state;
    p->due_ns = due_ns;
    p->ask.way = DTT_PORTMAP_WAY_NONE;
    if (!is_held(p)) {
        p->held = (struct dtt_portmap_report){0};
    }
}

static bool is_same(const struct dtt_portmap_report *a, const struct dtt_portmap_report *b)
{
    return a->outcome == b->outcome && a->way == b->way && a->code == b->code &&
           a->lifetime_s == b->lifetime_s && dtt_addr_eq(&a->addr, &b->addr);
}

static void tell(struct dtt_portmap *p, const struct dtt_portmap_report *report)
{
    p->is_report_due |= !is_same(&p->report, report);
    p->report = *report;
}

/* ---- what goes out */

/* The address and port that we would like: those held, else our own port. */
static struct dtt_addr wish(const struct dtt_portmap *p)
{
    struct dtt_addr addr = {.family = DTT_FAMILY_V4, .port = p->client.port};
    return is_held(p) ? p->held.addr : addr;
}

static void write_pcp(struct dtt_portmap *p, const struct dtt_addr *external, uint32_t lifetime_s)
{
    p->pcp.client = p->client;
    p->pcp.external = *external;
    p->pcp.lifetime_s = lifetime_s;
    dtt_pcp_write_map(p->packet, &p->pcp);
    p->packet_len = DTT_PCP_MAP_BYTES;
}

static void write_natpmp(struct dtt_portmap *p, uint16_t external_port, uint32_t lifetime_s)
{
    dtt_natpmp_write_map(p->packet, p->client.port, external_port, lifetime_s);
    p->packet_len = DTT_NATPMP_MAP_BYTES;
}

static void send_request(struct dtt_portmap *p)
{
    struct dtt_addr external = wish(p);
    DTT_COUNT(p->ctx, PORTMAP_REQUESTS);
    if (p->ask.way == DTT_PORTMAP_WAY_PCP) {
        write_pcp(p, &external, DTT_PORTMAP_LIFETIME_S);
    } else if (p->ask.op == DTT_NATPMP_OP_ADDRESS) {
        dtt_natpmp_write_address(p->packet);
        p->packet_len = DTT_NATPMP_ADDRESS_BYTES;
    } else {
        write_natpmp(p, external.port, DTT_PORTMAP_LIFETIME_S);
    }
}

static void ask(struct dtt_portmap *p, struct dtt_now now, enum dtt_portmap_way way,
                enum dtt_natpmp_op op)
{
    p->ask = (struct dtt_portmap_ask){.way = way,
                                      .op = op,
                                      .wait_ns = DTT_PORTMAP_RESEND_NS,
                                      .resend_ns = now.mono_ns + DTT_PORTMAP_RESEND_NS,
                                      .until_ns = now.mono_ns + DTT_PORTMAP_PATIENCE_NS};
    send_request(p);
}

static void queue_job(struct dtt_portmap *p, bool is_unmap, uint16_t external_port)
{
    p->upnp.state = DTT_PORTMAP_UPNP_QUEUED;
    p->upnp.due_ns = DTT_NEVER;
    p->upnp.job = (struct dtt_portmap_job){.is_unmap = is_unmap,
                                           .gateway = p->gateway,
                                           .client = p->client,
                                           .external_port = external_port,
                                           .lifetime_s = p->upnp.lifetime_s};
}

/* Asks the router to forget the mapping; nobody waits for an answer. */
static void give_back(struct dtt_portmap *p, enum dtt_portmap_way way, const struct dtt_addr *addr)
{
    switch (way) {
    case DTT_PORTMAP_WAY_PCP: write_pcp(p, addr, 0); break;
    case DTT_PORTMAP_WAY_NATPMP: write_natpmp(p, 0, 0); break;
    case DTT_PORTMAP_WAY_UPNP: queue_job(p, true, addr->port); break;
    case DTT_PORTMAP_WAY_NONE: break;
    }
}

/* ---- an attempt */

static bool can_ask(const struct dtt_portmap *p)
{
    return p->is_wanted && p->gateway.family == DTT_FAMILY_V4 &&
           p->client.family == DTT_FAMILY_V4 && p->client.port != 0;
}

static void start(struct dtt_portmap *p, struct dtt_now now)
{
    enter(p, DTT_PORTMAP_ASKING, DTT_NEVER);
    p->failure = (struct dtt_portmap_report){.outcome = DTT_PORTMAP_ABSENT};
    p->asked_ns = now.mono_ns;
    ask(p, now, DTT_PORTMAP_WAY_PCP, DTT_NATPMP_OP_ADDRESS);
    if (p->upnp.is_there && p->upnp.state == DTT_PORTMAP_UPNP_IDLE && !p->upnp.is_out) {
        p->upnp.state = DTT_PORTMAP_UPNP_WAITING;
        p->upnp.job = (struct dtt_portmap_job){0};
        p->upnp.due_ns = now.mono_ns + DTT_PORTMAP_UPNP_DELAY_NS;
        p->upnp.tries = 0;
        p->upnp.lifetime_s = DTT_PORTMAP_LIFETIME_S;
    }
}

/* As soon as the last attempt is long enough ago. */
static void start_soon(struct dtt_portmap *p, struct dtt_now now)
{
    uint64_t earliest_ns =
        p->asked_ns == DTT_NEVER ? 0 : dtt_add_ns(p->asked_ns, DTT_PORTMAP_SPACING_NS);
    if (now.mono_ns >= earliest_ns) {
        start(p, now);
    } else {
        enter(p, DTT_PORTMAP_RESTING, earliest_ns);
    }
}

static bool is_upnp_busy(const struct dtt_portmap *p)
{
    return p->upnp.state != DTT_PORTMAP_UPNP_IDLE && !p->upnp.job.is_unmap;
}

static void rest(struct dtt_portmap *p, struct dtt_now now, const struct dtt_portmap_report *why)
{
    enter(p, DTT_PORTMAP_RESTING, now.mono_ns + DTT_PORTMAP_REST_NS);
    tell(p, why);
}

/* A way has ended in nothing. The first that says why is remembered. */
static void failed(struct dtt_portmap *p, struct dtt_now now,
                   const struct dtt_portmap_report *failure)
{
    if (p->failure.outcome == DTT_PORTMAP_ABSENT) {
        p->failure = *failure;
    }
    if (p->upnp.state == DTT_PORTMAP_UPNP_WAITING) {
        p->upnp.due_ns = now.mono_ns;
    } else if (p->ask.way == DTT_PORTMAP_WAY_NONE && !is_upnp_busy(p)) {
        rest(p, now, &p->failure);
    }
}

static void refused(struct dtt_portmap *p, struct dtt_now now, enum dtt_portmap_way way,
                    unsigned code)
{
    const struct dtt_portmap_report why = {
        .outcome = DTT_PORTMAP_REFUSED, .way = way, .code = code};
    DTT_COUNT(p->ctx, PORTMAP_REFUSED);
    p->ask.way = DTT_PORTMAP_WAY_NONE;
    if (p->state == DTT_PORTMAP_RENEWING) {
        rest(p, now, &why);
    } else {
        failed(p, now, &why);
    }
}

/* The router's outside address is the one at which others see us. */
static bool is_ours(const struct dtt_portmap *p, const struct dtt_addr *external)
{
    return external->family == DTT_FAMILY_V4 && dtt_addr_scope(external) == DTT_SCOPE_GLOBAL &&
           memcmp(external->ip, p->seen.ip, 4) == 0;
}

static void second_nat(struct dtt_portmap *p, struct dtt_now now, enum dtt_portmap_way way,
                       const struct dtt_addr *external)
{
    struct dtt_portmap_report why = {
        .outcome = DTT_PORTMAP_SECOND_NAT, .way = way, .addr = *external};
    why.addr.port = 0;
    p->ask.way = DTT_PORTMAP_WAY_NONE;
    if (p->state == DTT_PORTMAP_RENEWING) {
        rest(p, now, &why);
    } else {
        failed(p, now, &why);
    }
}

static uint64_t renewal_ns(enum dtt_portmap_way way, uint32_t lifetime_s)
{
    uint64_t half_ns = lifetime_s * DTT_S / 2;
    if (way != DTT_PORTMAP_WAY_UPNP) {
        half_ns = dtt_min_ns(half_ns, DTT_PORTMAP_RENEW_NS);
    }
    return half_ns > DTT_PORTMAP_RENEW_MIN_NS ? half_ns : DTT_PORTMAP_RENEW_MIN_NS;
}

/* The router has granted it. */
static void granted(struct dtt_portmap *p, struct dtt_now now, enum dtt_portmap_way way,
                    const struct dtt_addr *external, uint32_t lifetime_s)
{
    if (lifetime_s < DTT_PORTMAP_LIFE_MIN_S) {
        lifetime_s = DTT_PORTMAP_LIFE_MIN_S;
    } else if (lifetime_s > DTT_PORTMAP_LIFE_MAX_S) {
        lifetime_s = DTT_PORTMAP_LIFE_MAX_S;
    }
    DTT_COUNT(p->ctx, PORTMAP_GRANTED);
    p->held = (struct dtt_portmap_report){
        .outcome = DTT_PORTMAP_HELD, .way = way, .addr = *external, .lifetime_s = lifetime_s};
    p->expires_ns = now.mono_ns + lifetime_s * DTT_S;
    enter(p, DTT_PORTMAP_HOLDING, now.mono_ns + renewal_ns(way, lifetime_s));
    if (p->upnp.state == DTT_PORTMAP_UPNP_WAITING ||
        (p->upnp.state == DTT_PORTMAP_UPNP_QUEUED && !p->upnp.job.is_unmap)) {
        p->upnp.state = DTT_PORTMAP_UPNP_IDLE;
    }
    tell(p, &p->held);
}

/* Nobody has answered in time. */
static void silent(struct dtt_portmap *p, struct dtt_now now)
{
    const struct dtt_portmap_report absent = {.outcome = DTT_PORTMAP_ABSENT};
    p->ask.way = DTT_PORTMAP_WAY_NONE;
    if (p->state == DTT_PORTMAP_RENEWING) {
        enter(p, DTT_PORTMAP_HOLDING, now.mono_ns + DTT_PORTMAP_RENEW_MIN_NS);
    } else {
        failed(p, now, &absent);
    }
}

/* The mapping held is ours no more. */
static void tell_lost(struct dtt_portmap *p)
{
    struct dtt_portmap_report report = p->held;
    assert(is_held(p));
    report.outcome = DTT_PORTMAP_LOST;
    report.lifetime_s = 0;
    tell(p, &report);
}

static void renew(struct dtt_portmap *p, struct dtt_now now)
{
    enum dtt_portmap_way way = p->held.way;
    if (way == DTT_PORTMAP_WAY_UPNP) {
        if (p->upnp.state != DTT_PORTMAP_UPNP_IDLE || p->upnp.is_out) {
            p->due_ns = now.mono_ns + DTT_PORTMAP_RENEW_MIN_NS;
            return;
        }
        enter(p, DTT_PORTMAP_RENEWING, DTT_NEVER);
        queue_job(p, false, p->held.addr.port);
    } else {
        enter(p, DTT_PORTMAP_RENEWING, DTT_NEVER);
        ask(p, now, way, DTT_NATPMP_OP_ADDRESS);
    }
}

/* ---- the outside world */

void dtt_portmap_set_upnp(struct dtt_portmap *p, bool is_there)
{
    p->upnp.is_there = is_there;
}

static void stop(struct dtt_portmap *p)
{
    bool is_planned =
        p->upnp.state == DTT_PORTMAP_UPNP_WAITING || p->upnp.state == DTT_PORTMAP_UPNP_QUEUED;
    if (is_planned && !p->upnp.job.is_unmap) {
        p->upnp.state = DTT_PORTMAP_UPNP_IDLE;
    }
    p->packet_len = 0;
    enter(p, DTT_PORTMAP_IDLE, DTT_NEVER);
}

void dtt_portmap_set_place(struct dtt_portmap *p, struct dtt_now now,
                           const struct dtt_addr *gateway, const struct dtt_addr *client)
{
    struct dtt_addr router = *gateway;
    router.port = DTT_PCP_PORT;
    if (p->state == DTT_PORTMAP_CLOSED ||
        (dtt_addr_eq(&router, &p->gateway) && dtt_addr_eq(client, &p->client))) {
        return;
    }
    if (is_held(p)) {
        tell_lost(p);
    }
    if (p->state != DTT_PORTMAP_IDLE) {
        stop(p);
    }
    p->gateway = router;
    p->client = *client;
    p->epoch_s = 0;
    if (can_ask(p)) {
        start_soon(p, now);
    }
}

void dtt_portmap_want(struct dtt_portmap *p, struct dtt_now now, bool is_wanted,
                      const struct dtt_addr *seen)
{
    bool has_moved = memcmp(p->seen.ip, seen->ip, 4) != 0;
    if (p->state == DTT_PORTMAP_CLOSED) {
        return;
    }
    p->is_wanted = is_wanted;
    p->seen = *seen;
    if (!is_wanted && p->state != DTT_PORTMAP_IDLE) {
        enum dtt_portmap_way way = p->held.way;
        struct dtt_addr addr = p->held.addr;
        stop(p);
        give_back(p, way, &addr);
        p->report = (struct dtt_portmap_report){0};
        p->is_report_due = false;
    } else if (is_wanted && p->state == DTT_PORTMAP_IDLE) {
        if (can_ask(p)) {
            start_soon(p, now);
        }
    } else if (has_moved) {
        dtt_portmap_moved(p, now);
    }
}

void dtt_portmap_moved(struct dtt_portmap *p, struct dtt_now now)
{
    if (p->state == DTT_PORTMAP_HOLDING) {
        renew(p, now);
    } else if (p->state == DTT_PORTMAP_RESTING) {
        start_soon(p, now);
    }
}

/* A router that has forgotten its time has forgotten its mappings (RFC 6886, 3.6). */
static void note_epoch(struct dtt_portmap *p, struct dtt_now now, uint32_t epoch_s)
{
    uint64_t passed_s = (now.mono_ns - p->epoch_ns) / DTT_S;
    bool is_back = p->epoch_s > 0 && (uint64_t)epoch_s + 2 < p->epoch_s + passed_s / 8 * 7;
    DTT_COUNT_N(p->ctx, PORTMAP_ROUTER_RESTARTS, is_back);
    p->epoch_s = epoch_s;
    p->epoch_ns = now.mono_ns;
}

/* It is the answer to what was asked. */
static bool is_natpmp_of(const struct dtt_portmap *p, const struct dtt_natpmp_answer *answer)
{
    return answer->op == (unsigned)p->ask.op &&
           (answer->op == DTT_NATPMP_OP_ADDRESS ||
            (answer->inside_port == p->client.port && answer->lifetime_s > 0));
}

static bool on_natpmp(struct dtt_portmap *p, struct dtt_now now,
                      const struct dtt_natpmp_answer *answer)
{
    if (answer->result != DTT_NATPMP_SUCCESS) {
        refused(p, now, DTT_PORTMAP_WAY_NATPMP, answer->result);
        return true;
    }
    if (!is_natpmp_of(p, answer)) {
        return false;
    }
    note_epoch(p, now, answer->epoch_s);
    if (answer->op == DTT_NATPMP_OP_MAP_UDP) {
        struct dtt_addr external = p->seen;
        external.port = answer->external_port;
        granted(p, now, DTT_PORTMAP_WAY_NATPMP, &external, answer->lifetime_s);
    } else if (is_ours(p, &answer->external)) {
        ask(p, now, DTT_PORTMAP_WAY_NATPMP, DTT_NATPMP_OP_MAP_UDP);
    } else {
        second_nat(p, now, DTT_PORTMAP_WAY_NATPMP, &answer->external);
    }
    return true;
}

static bool on_pcp(struct dtt_portmap *p, struct dtt_now now, const struct dtt_pcp_answer *answer)
{
    if (answer->result == DTT_PCP_UNSUPP_VERSION) {
        ask(p, now, DTT_PORTMAP_WAY_NATPMP, DTT_NATPMP_OP_ADDRESS);
        return true;
    }
    if (answer->result != DTT_PCP_SUCCESS) {
        refused(p, now, DTT_PORTMAP_WAY_PCP, answer->result);
        return true;
    }
    if (answer->lifetime_s == 0) {
        return false; /* of a deletion */
    }
    note_epoch(p, now, answer->epoch_s);
    if (is_ours(p, &answer->external)) {
        granted(p, now, DTT_PORTMAP_WAY_PCP, &answer->external, answer->lifetime_s);
    } else {
        give_back(p, DTT_PORTMAP_WAY_PCP, &answer->external);
        second_nat(p, now, DTT_PORTMAP_WAY_PCP, &answer->external);
    }
    return true;
}

static bool take(struct dtt_portmap *p, struct dtt_now now, struct dtt_slice datagram)
{
    struct dtt_natpmp_answer natpmp;
    struct dtt_pcp_answer pcp;
    if (p->ask.way == DTT_PORTMAP_WAY_NATPMP) {
        return dtt_natpmp_read(datagram, &natpmp) == DTT_OK && on_natpmp(p, now, &natpmp);
    }
    if (p->ask.way != DTT_PORTMAP_WAY_PCP) {
        return false;
    }
    if (dtt_pcp_read_map(datagram, &p->pcp, &pcp) == DTT_OK) {
        return on_pcp(p, now, &pcp);
    }
    /* A router that knows NAT-PMP only says so in its own form (RFC 6887, appendix A). */
    if (dtt_natpmp_read(datagram, &natpmp) == DTT_OK &&
        natpmp.result == DTT_NATPMP_UNSUPP_VERSION) {
        ask(p, now, DTT_PORTMAP_WAY_NATPMP, DTT_NATPMP_OP_ADDRESS);
        return true;
    }
    return false;
}

bool dtt_portmap_recv(struct dtt_portmap *p, struct dtt_now now, const struct dtt_addr *from,
                      struct dtt_slice datagram)
{
    if (from->port != DTT_PCP_PORT || !dtt_addr_eq(from, &p->gateway)) {
        return false;
    }
    if (!take(p, now, datagram)) {
        DTT_COUNT(p->ctx, PORTMAP_RX_DROPPED);
    }
    check(p);
    return true;
}

void dtt_portmap_unreachable(struct dtt_portmap *p, struct dtt_now now,
                             const struct dtt_addr *remote)
{
    if (p->ask.way != DTT_PORTMAP_WAY_NONE && remote->port == DTT_PCP_PORT &&
        dtt_addr_eq(remote, &p->gateway)) {
        silent(p, now);
        check(p);
    }
}

/* ---- UPnP */

static void upnp_failed(struct dtt_portmap *p, struct dtt_now now, unsigned code)
{
    const struct dtt_portmap_report absent = {.outcome = DTT_PORTMAP_ABSENT};
    if (code == DTT_UPNP_ONLY_PERMANENT && p->upnp.lifetime_s != 0) {
        p->upnp.lifetime_s = 0;
        queue_job(p, false, p->upnp.job.external_port);
    } else if (code == DTT_UPNP_CONFLICT && ++p->upnp.tries < DTT_PORTMAP_UPNP_PORTS) {
        queue_job(p, false, (uint16_t)(1024 + dtt_rng_below(&p->rng, UINT16_MAX - 1024)));
    } else if (code != DTT_UPNP_ABSENT && code != DTT_UPNP_BROKEN) {
        refused(p, now, DTT_PORTMAP_WAY_UPNP, code);
    } else if (p->state == DTT_PORTMAP_RENEWING) {
        silent(p, now);
    } else {
        failed(p, now, &absent);
    }
}

/* The attempt that the mapping of `u->job` belongs to is under way still. */
static bool is_upnp_awaited(const struct dtt_portmap *p)
{
    return p->upnp.state == DTT_PORTMAP_UPNP_RUNNING && !p->upnp.job.is_unmap &&
           dtt_addr_eq(&p->upnp.job.gateway, &p->gateway) &&
           (p->state == DTT_PORTMAP_ASKING ||
            (p->state == DTT_PORTMAP_RENEWING && p->held.way == DTT_PORTMAP_WAY_UPNP));
}

void dtt_portmap_upnp_done(struct dtt_portmap *p, struct dtt_now now,
                           const struct dtt_portmap_done *done)
{
    struct dtt_portmap_upnp *u = &p->upnp;
    bool is_mapped = !u->job.is_unmap && done->code == DTT_UPNP_OK;
    bool is_awaited = is_upnp_awaited(p);
    u->is_out = false;
    if (u->state == DTT_PORTMAP_UPNP_QUEUED) {
        return; /* the next job undoes it */
    }
    u->state = DTT_PORTMAP_UPNP_IDLE;
    if (!is_awaited) {
        if (is_mapped && p->state != DTT_PORTMAP_CLOSED) { /* too late */
            u->job.is_unmap = true;
            u->job.external_port = done->external.port;
            u->state = DTT_PORTMAP_UPNP_QUEUED;
        }
        return;
    }
    if (!is_mapped) {
        upnp_failed(p, now, done->code);
    } else if (is_ours(p, &done->external)) {
        granted(p, now, DTT_PORTMAP_WAY_UPNP, &done->external,
                u->lifetime_s ? u->lifetime_s : DTT_PORTMAP_LIFE_MAX_S);
    } else {
        second_nat(p, now, DTT_PORTMAP_WAY_UPNP, &done->external);
        give_back(p, DTT_PORTMAP_WAY_UPNP, &done->external);
    }
    check(p);
}

static void tick_upnp(struct dtt_portmap *p, struct dtt_now now)
{
    if (now.mono_ns < p->upnp.due_ns) {
        return;
    }
    if (p->upnp.state == DTT_PORTMAP_UPNP_WAITING) {
        queue_job(p, false, p->client.port);
    } else if (p->upnp.state == DTT_PORTMAP_UPNP_RUNNING) {
        bool is_awaited = is_upnp_awaited(p);
        p->upnp.state = DTT_PORTMAP_UPNP_IDLE; /* it hangs: no other is given out until it ends */
        if (is_awaited) {
            upnp_failed(p, now, DTT_UPNP_BROKEN);
        }
    }
}

/* ---- time */

void dtt_portmap_close(struct dtt_portmap *p)
{
    /* What has been asked for may be granted after our end. */
    enum dtt_portmap_way way = is_held(p) ? p->held.way : p->ask.way;
    struct dtt_addr addr = wish(p);
    if (p->state != DTT_PORTMAP_IDLE && p->state != DTT_PORTMAP_CLOSED) {
        stop(p);
        give_back(p, way, &addr);
    }
    p->state = DTT_PORTMAP_CLOSED;
}

uint64_t dtt_portmap_deadline(const struct dtt_portmap *p)
{
    uint64_t t = p->due_ns;
    bool has_job = p->upnp.state == DTT_PORTMAP_UPNP_QUEUED && !p->upnp.is_out;
    if (p->is_report_due || p->packet_len > 0 || has_job) {
        return 0;
    }
    if (p->ask.way != DTT_PORTMAP_WAY_NONE) {
        t = dtt_min_ns(t, dtt_min_ns(p->ask.resend_ns, p->ask.until_ns));
    }
    if (p->upnp.state == DTT_PORTMAP_UPNP_WAITING || p->upnp.state == DTT_PORTMAP_UPNP_RUNNING) {
        t = dtt_min_ns(t, p->upnp.due_ns);
    }
    return is_held(p) ? dtt_min_ns(t, p->expires_ns) : t;
}

static void tick_ask(struct dtt_portmap *p, struct dtt_now now)
{
    if (p->ask.way == DTT_PORTMAP_WAY_NONE) {
        return;
    }
    if (now.mono_ns >= p->ask.until_ns) {
        silent(p, now);
    } else if (now.mono_ns >= p->ask.resend_ns) {
        p->ask.wait_ns *= 2;
        p->ask.resend_ns = now.mono_ns + p->ask.wait_ns;
        send_request(p);
    }
}

void dtt_portmap_tick(struct dtt_portmap *p, struct dtt_now now)
{
    tick_ask(p, now);
    tick_upnp(p, now);
    if (is_held(p) && now.mono_ns >= p->expires_ns) {
        tell_lost(p);
        start(p, now);
    } else if (p->state == DTT_PORTMAP_HOLDING && now.mono_ns >= p->due_ns) {
        renew(p, now);
    } else if (p->state == DTT_PORTMAP_RESTING && now.mono_ns >= p->due_ns) {
        start(p, now);
    }
    check(p);
}

/* ---- outputs */

size_t dtt_portmap_next_packet(struct dtt_portmap *p, uint8_t ret[DTT_PORTMAP_PACKET_MAX])
{
    size_t len = p->packet_len;
    memcpy(ret, p->packet, len);
    p->packet_len = 0;
    return len;
}

bool dtt_portmap_next_job(struct dtt_portmap *p, struct dtt_now now, struct dtt_portmap_job *ret)
{
    if (p->upnp.state != DTT_PORTMAP_UPNP_QUEUED || p->upnp.is_out) {
        return false;
    }
    *ret = p->upnp.job;
    p->upnp.is_out = true;
    p->upnp.state = DTT_PORTMAP_UPNP_RUNNING;
    p->upnp.due_ns = now.mono_ns + DTT_PORTMAP_UPNP_PATIENCE_NS;
    return true;
}

bool dtt_portmap_next_report(struct dtt_portmap *p, struct dtt_portmap_report *ret)
{
    bool is_due = p->is_report_due;
    p->is_report_due = false;
    *ret = p->report;
    return is_due;
}

const struct dtt_portmap_report *dtt_portmap_held(const struct dtt_portmap *p)
{
    return is_held(p) ? &p->held : NULL;
}

/* ---- words */

const char *dtt_portmap_way_word(enum dtt_portmap_way way)
{
    static const char *const words[] = {[DTT_PORTMAP_WAY_NONE] = "",
                                        [DTT_PORTMAP_WAY_PCP] = "PCP",
                                        [DTT_PORTMAP_WAY_NATPMP] = "NAT-PMP",
                                        [DTT_PORTMAP_WAY_UPNP] = "UPnP"};
    return words[way];
}

const char *dtt_portmap_outcome_word(enum dtt_portmap_outcome outcome)
{
    static const char *const words[] = {
        [DTT_PORTMAP_NOTHING_YET] = "asking", [DTT_PORTMAP_HELD] = "held",
        [DTT_PORTMAP_LOST] = "lost",          [DTT_PORTMAP_ABSENT] = "absent",
        [DTT_PORTMAP_REFUSED] = "refused",    [DTT_PORTMAP_SECOND_NAT] = "second_nat"};
    return words[outcome];
}

const char *dtt_portmap_reason(const struct dtt_portmap_report *report)
{
    static const char not_allowed[] = "the router does not allow port mappings";
    static const char offline[] = "the router has no address on the internet";
    static const char full[] =
        "the router has no room for another mapping, or no address on the internet";
    static const struct {
        enum dtt_portmap_way way;
        unsigned code;
        const char *text;
    } reasons[] = {
        {DTT_PORTMAP_WAY_PCP, DTT_PCP_NOT_AUTHORIZED, not_allowed},
        {DTT_PORTMAP_WAY_PCP, DTT_PCP_NETWORK_FAILURE, offline},
        {DTT_PORTMAP_WAY_PCP, DTT_PCP_NO_RESOURCES, full},
        {DTT_PORTMAP_WAY_PCP, DTT_PCP_USER_EX_QUOTA, "this machine has all the mappings it may"},
        {DTT_PORTMAP_WAY_PCP, DTT_PCP_CANNOT_PROVIDE_EXTERNAL, full},
        {DTT_PORTMAP_WAY_PCP, DTT_PCP_ADDRESS_MISMATCH,
         "another NAT stands between this machine and the router"},
        {DTT_PORTMAP_WAY_NATPMP, DTT_NATPMP_NOT_AUTHORIZED, not_allowed},
        {DTT_PORTMAP_WAY_NATPMP, DTT_NATPMP_NETWORK_FAILURE, offline},
        {DTT_PORTMAP_WAY_NATPMP, DTT_NATPMP_NO_RESOURCES, full},
        {DTT_PORTMAP_WAY_UPNP, DTT_UPNP_NOT_AUTHORIZED, not_allowed},
        {DTT_PORTMAP_WAY_UPNP, DTT_UPNP_ACTION_FAILED, "the router fails to make the mapping"},
        {DTT_PORTMAP_WAY_UPNP, DTT_UPNP_CONFLICT, "others have the ports at the router"},
    };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].way == report->way && reasons[i].code == report->code) {
            return reasons[i].text;
        }
    }
    return "the router answers with an error";
}
