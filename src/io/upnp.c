/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/upnp.h"

#include "io/thread.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#ifdef DTT_HAS_UPNP
#    include <miniupnpc/miniupnpc.h>
#    include <miniupnpc/upnpcommands.h>
#    include <miniupnpc/upnperrors.h>
#endif

/* Shared by the loop and the thread; the last to let go frees it. */
struct dtt_upnp_work {
    atomic_int refs;
    int fd;
    uv_poll_t poll; /* the loop's */
    struct dtt_portmap_job job;
    struct dtt_portmap_done done;
    struct dtt_upnp_device device;
};

static void unref(struct dtt_upnp_work *w)
{
    if (atomic_fetch_sub(&w->refs, 1) == 1) {
        close(w->fd);
        free(w);
    }
}

bool dtt_upnp_is_at(const char *url, const struct dtt_addr *gateway)
{
    char host[64];
    int len = snprintf(host, sizeof(host), "http://%u.%u.%u.%u", gateway->ip[0], gateway->ip[1],
                       gateway->ip[2], gateway->ip[3]);
    return strncmp(url, host, (size_t)len) == 0 && (url[len] == ':' || url[len] == '/');
}

#ifdef DTT_HAS_UPNP

/* The wait after the last answer to a search, for each kind of device searched for. */
#    define SEARCH_MS 1000
#    define DESCRIPTION "dtt"

bool dtt_upnp_is_there(void)
{
    return true;
}

static bool copy(char *ret, size_t cap, const char *text)
{
    size_t len = text ? strlen(text) : 0;
    if (len == 0 || len >= cap) {
        return false;
    }
    memcpy(ret, text, len + 1);
    return true;
}

/* The first of a device's two connections to the internet that has an address. */
static bool choose(struct dtt_upnp_work *w, const char *url)
{
    struct UPNPUrls urls = {0};
    struct IGDdatas data = {0};
    char own[64], ip[40];
    bool is_found = false;
    if (UPNP_GetIGDFromUrl(url, &urls, &data, own, sizeof(own)) != 1) {
        return false;
    }
    for (int i = 0; i < 2 && !is_found; i++) {
        if (i == 1) {
            data.first = data.second;
            FreeUPNPUrls(&urls);
            memset(&urls, 0, sizeof(urls));
            GetUPNPUrls(&urls, &data, url, 0);
        }
        is_found = copy(w->device.control, sizeof(w->device.control), urls.controlURL) &&
                   copy(w->device.service, sizeof(w->device.service), data.first.servicetype) &&
                   dtt_upnp_is_at(w->device.control, &w->job.gateway) &&
                   UPNP_GetExternalIPAddress(w->device.control, w->device.service, ip) == 0;
    }
    FreeUPNPUrls(&urls);
    return is_found;
}

static unsigned search(struct dtt_upnp_work *w)
{
    static const char *const types[] = {"urn:schemas-upnp-org:device:InternetGatewayDevice:1",
                                        "upnp:rootdevice", NULL};
    char own[24];
    int error = 0;
    unsigned code = DTT_UPNP_ABSENT;
    snprintf(own, sizeof(own), "%u.%u.%u.%u", w->job.client.ip[0], w->job.client.ip[1],
             w->job.client.ip[2], w->job.client.ip[3]);
    struct UPNPDev *list =
        upnpDiscoverDevices(types, SEARCH_MS, own, NULL, UPNP_LOCAL_PORT_ANY, 0, 2, &error, 0);
    for (const struct UPNPDev *d = list; d && code != DTT_UPNP_OK; d = d->pNext) {
        if (d->descURL && dtt_upnp_is_at(d->descURL, &w->job.gateway)) {
            code = choose(w, d->descURL) ? DTT_UPNP_OK : DTT_UPNP_BROKEN;
        }
    }
    freeUPNPDevlist(list);
    return code;
}

/* Errors of the library itself are negative. */
static unsigned code_of(int err)
{
    return err >= 0 ? (unsigned)err : DTT_UPNP_BROKEN;
}

static unsigned map(struct dtt_upnp_work *w)
{
    const struct dtt_portmap_job *job = &w->job;
    struct dtt_addr addr;
    char external[8], inside[8], lifetime[16], client[24], ip[40] = "";
    snprintf(external, sizeof(external), "%u", job->external_port);
    snprintf(inside, sizeof(inside), "%u", job->client.port);
    snprintf(lifetime, sizeof(lifetime), "%lu", (unsigned long)job->lifetime_s);
    snprintf(client, sizeof(client), "%u.%u.%u.%u", job->client.ip[0], job->client.ip[1],
             job->client.ip[2], job->client.ip[3]);
    int err = UPNP_AddPortMapping(w->device.control, w->device.service, external, inside, client,
                                  DESCRIPTION, "UDP", NULL, lifetime);
    if (err == 0) {
        err = UPNP_GetExternalIPAddress(w->device.control, w->device.service, ip);
    }
    if (err != 0) {
        return code_of(err);
    }
    ip[sizeof(ip) - 1] = '\0';
    char text[sizeof(ip) + 8];
    snprintf(text, sizeof(text), "%s:%u", ip, job->external_port);
    if (dtt_addr_parse(text, &addr) != DTT_OK || addr.family != DTT_FAMILY_V4) {
        return DTT_UPNP_BROKEN;
    }
    w->done.external = addr;
    return DTT_UPNP_OK;
}

static unsigned unmap(const struct dtt_upnp_work *w)
{
    char external[8];
    snprintf(external, sizeof(external), "%u", w->job.external_port);
    return code_of(
        UPNP_DeletePortMapping(w->device.control, w->device.service, external, "UDP", NULL));
}

/* A device that is known may be another one meanwhile: then it is searched for. */
static unsigned work(struct dtt_upnp_work *w)
{
    unsigned code = DTT_UPNP_BROKEN;
    bool is_known =
        w->device.control[0] != '\0' && dtt_upnp_is_at(w->device.control, &w->job.gateway);
    if (w->job.is_unmap) {
        return is_known ? unmap(w) : DTT_UPNP_ABSENT;
    }
    if (is_known) {
        code = map(w);
    }
    if (code == DTT_UPNP_BROKEN) {
        code = search(w);
        code = code == DTT_UPNP_OK ? map(w) : code;
    }
    return code;
}

static void *run(void *arg)
{
    struct dtt_upnp_work *w = arg;
    uint64_t one = 1;
    w->done.code = work(w);
    if (w->done.code == DTT_UPNP_ABSENT) {
        w->device = (struct dtt_upnp_device){0};
    }
    /* The counter of an eventfd cannot overflow by one: this write does not fail. */
    (void)!write(w->fd, &one, sizeof(one));
    unref(w);
    return NULL;
}

#else

bool dtt_upnp_is_there(void)
{
    return false;
}

static void *run(void *arg)
{
    unref(arg);
    return NULL;
}

#endif

void dtt_upnp_init(struct dtt_upnp *u, uv_loop_t *loop)
{
    *u = (struct dtt_upnp){.loop = loop};
}

/* That it is readable is enough: the loop comes round, and the result is taken. */
static void on_done(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    uv_poll_stop(handle);
}

bool dtt_upnp_start(struct dtt_upnp *u, const struct dtt_portmap_job *job)
{
    struct dtt_upnp_work *w = dtt_upnp_is_there() && !u->work ? calloc(1, sizeof(*w)) : NULL;
    if (!w) {
        return false;
    }
    w->job = *job;
    w->device = u->device;
    atomic_init(&w->refs, 2);
    w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (w->fd < 0 || uv_poll_init(u->loop, &w->poll, w->fd) != 0) {
        if (w->fd >= 0) {
            close(w->fd);
        }
        free(w);
        return false;
    }
    uv_poll_start(&w->poll, UV_READABLE, on_done);
    w->poll.data = w;
    u->work = w;
    if (!dtt_thread_start(run, w)) {
        atomic_store(&w->refs, 1); /* the loop's */
        dtt_upnp_close(u);
        return false;
    }
    return true;
}

bool dtt_upnp_take(struct dtt_upnp *u, struct dtt_portmap_done *ret)
{
    uint64_t count;
    if (!u->work || read(u->work->fd, &count, sizeof(count)) != (ssize_t)sizeof(count)) {
        return false;
    }
    *ret = u->work->done;
    u->device = u->work->device;
    dtt_upnp_close(u);
    return true;
}

void dtt_upnp_wait_unmapped(struct dtt_upnp *u, int timeout_ms)
{
    struct pollfd p = {.fd = u->work ? u->work->fd : -1, .events = POLLIN};
    if (u->work && u->work->job.is_unmap) {
        (void)poll(&p, 1, timeout_ms);
    }
}

static void on_closed(uv_handle_t *handle)
{
    unref(handle->data);
}

void dtt_upnp_close(struct dtt_upnp *u)
{
    if (u->work) {
        uv_close((uv_handle_t *)&u->work->poll, on_closed);
        u->work = NULL;
    }
}
