/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/relay_probe.h"

#include "io/host.h"
#include "io/relay_stream.h"

#include <stdio.h>

#define TURN_MS 100

struct probed {
    struct dtt_relay_stream *relay;
    struct dtt_relay_probe_result *result;
    uint64_t start_ns;
};

struct run {
    uv_loop_t loop;
    uv_timer_t timer;
    struct dtt_ctx ctx;
    struct dtt_tls_trust trust;
    struct probed list[DTT_RELAY_PROBE_MAX];
    size_t n;
};

/* The end of a stream is a sentence of its own. */
static void say_why(const struct dtt_relay_event *e, char ret[DTT_RELAY_PROBE_WHY_MAX])
{
    if (e->end == DTT_RELAY_END_STREAM) {
        snprintf(ret, DTT_RELAY_PROBE_WHY_MAX, "%s", e->why);
    } else {
        snprintf(ret, DTT_RELAY_PROBE_WHY_MAX, "%s%s%s", dtt_relay_end_text(e->end),
                 e->why[0] ? ": " : "", e->why);
    }
}

static void on_event(void *user, struct dtt_now now, const struct dtt_relay_event *e)
{
    struct probed *p = user;
    struct dtt_relay_probe_result *r = p->result;
    if (r->outcome != DTT_RELAY_PROBE_UNKNOWN) {
        return;
    }
    switch (e->type) {
    case DTT_RELAY_EVENT_UP: r->open_us = (now.mono_ns - p->start_ns) / DTT_US; break;
    case DTT_RELAY_EVENT_PONG:
        r->outcome = DTT_RELAY_PROBE_SERVES;
        r->rtt_us = dtt_relay_rtt_ns(dtt_relay_stream_client(p->relay)) / DTT_US;
        break;
    case DTT_RELAY_EVENT_DOWN:
        r->outcome = DTT_RELAY_PROBE_FAILED;
        say_why(e, r->why);
        break;
    default: break;
    }
}

static int start(struct run *run, const struct dtt_relay_probe *probe, const char *url,
                 struct probed *p)
{
    struct dtt_now now = dtt_host_now();
    struct dtt_relay_stream_config cfg = {.ctx = &run->ctx,
                                          .loop = &run->loop,
                                          .seed = probe->seed,
                                          .url = url,
                                          .trust = &run->trust,
                                          .user = p,
                                          .on_event = on_event};
    p->start_ns = now.mono_ns;
    return dtt_relay_stream_new(&p->relay, now, &cfg);
}

static bool is_known(const struct run *run)
{
    for (size_t i = 0; i < run->n; i++) {
        if (run->list[i].result->outcome == DTT_RELAY_PROBE_UNKNOWN) {
            return false;
        }
    }
    return true;
}

static void tick(struct run *run)
{
    for (size_t i = 0; i < run->n; i++) {
        if (run->list[i].result->outcome == DTT_RELAY_PROBE_UNKNOWN) {
            dtt_relay_stream_tick(run->list[i].relay, dtt_host_now());
        }
    }
}

static void on_timer(uv_timer_t *timer)
{
    tick(timer->data);
}

static int run_all(struct run *run, const struct dtt_relay_probe *probe,
                   struct dtt_relay_probe_result *ret)
{
    for (size_t i = 0; i < probe->n; i++) {
        run->list[i].result = &ret[i];
        int err = start(run, probe, probe->urls[i], &run->list[i]);
        if (err) {
            return err;
        }
        run->n++;
    }
    uv_timer_init(&run->loop, &run->timer);
    run->timer.data = run;
    uv_timer_start(&run->timer, on_timer, 0, TURN_MS);
    uint64_t end_ns = dtt_host_now().mono_ns + DTT_RELAY_OPEN_NS + DTT_RELAY_PONG_MAX_NS;
    while (!is_known(run) && dtt_host_now().mono_ns < end_ns && !probe->is_enough(probe->user)) {
        uv_run(&run->loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)&run->timer, NULL);
    return DTT_OK;
}

int dtt_relay_probe_run(const struct dtt_relay_probe *probe, struct dtt_relay_probe_result *ret)
{
    struct run run = {.trust.ca_file = probe->ca_file};
    if (probe->n > DTT_RELAY_PROBE_MAX) {
        return DTT_EINVAL;
    }
    memset(ret, 0, probe->n * sizeof(*ret));
    if (dtt_host_entropy(run.ctx.seed, sizeof(run.ctx.seed)) != DTT_OK ||
        uv_loop_init(&run.loop) != 0) {
        return DTT_EIO;
    }
    int err = run_all(&run, probe, ret);
    for (size_t i = 0; i < run.n; i++) {
        dtt_relay_stream_free(run.list[i].relay);
    }
    uv_run(&run.loop, UV_RUN_DEFAULT);
    uv_loop_close(&run.loop);
    return err;
}
