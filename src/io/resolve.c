/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/resolve.h"

#include "base/list.h"
#include "io/sockaddr.h"
#include "io/thread.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <resolv.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of each name server: an answer that comes later is of no use. */
#define TEXT_TRY_S 1
#define TEXT_TRIES 2

/* Shared by the node and the thread; the last to let go frees it. */
struct dtt_resolve {
    atomic_int refs;
    int fd;
    void (*find)(struct dtt_resolve *r);
    struct dtt_list_link waiting; /* for a thread */
    struct dtt_tls_store *store;  /* to be read; NULL: a name is looked up */
    uint16_t port;
    size_t n;
    struct dtt_addr addrs[DTT_RESOLVE_ADDRS];
    size_t text_len;
    uint8_t text[DTT_RESOLVE_TEXT_MAX];
    char host[DTT_HOST_MAX];
};

static struct {
    pthread_mutex_t mutex;
    struct dtt_list waiting;
    unsigned n_threads;
} pool = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void unref(struct dtt_resolve *r)
{
    if (atomic_fetch_sub(&r->refs, 1) == 1) {
        if (r->fd >= 0) {
            close(r->fd);
        }
        if (r->store) {
            dtt_tls_store_unref(r->store);
        }
        free(r);
    }
}

static void end(struct dtt_resolve *r)
{
    uint64_t one = 1;
    /* The counter of an eventfd cannot overflow by one: this write does not fail. */
    (void)!write(r->fd, &one, sizeof(one));
    unref(r);
}

static void find_text(struct dtt_resolve *r)
{
    int len = -1;
    if (res_init() == 0) { /* of this thread only */
#ifdef __GLIBC__
        int retrans = _res.retrans, retry = _res.retry;
        _res.retrans = TEXT_TRY_S;
        _res.retry = TEXT_TRIES;
#endif
        len = res_query(r->host, ns_c_in, ns_t_txt, r->text, sizeof(r->text));
#ifdef __GLIBC__
        _res.retrans = retrans; /* for the names that the thread looks up later */
        _res.retry = retry;
#endif
    }
    if (len > 0) {
        r->text_len = (size_t)len < sizeof(r->text) ? (size_t)len : sizeof(r->text);
    }
}

static void find_addrs(struct dtt_resolve *r)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *list = NULL;
    if (getaddrinfo(r->host, NULL, &hints, &list) == 0) {
        for (const struct addrinfo *a = list; a && r->n < DTT_RESOLVE_ADDRS; a = a->ai_next) {
            struct dtt_addr addr = dtt_sockaddr_read(a->ai_addr);
            addr.port = r->port;
            if (addr.family != DTT_FAMILY_NONE) {
                r->addrs[r->n++] = addr;
            }
        }
        freeaddrinfo(list);
    }
}

static void read_authorities(struct dtt_resolve *r)
{
    dtt_tls_store_load(r->store);
}

/* NULL: nothing waits, and the thread is none of the pool any more. */
static struct dtt_resolve *next_waiting(void)
{
    pthread_mutex_lock(&pool.mutex);
    struct dtt_list_link *first = pool.waiting.head;
    if (first) {
        dtt_list_remove(first);
    } else {
        pool.n_threads--;
    }
    pthread_mutex_unlock(&pool.mutex);
    return first ? DTT_LIST_OWNER(first, struct dtt_resolve, waiting) : NULL;
}

static void *work(void *arg)
{
    struct dtt_resolve *r;
    (void)arg;
    while ((r = next_waiting()) != NULL) {
        r->find(r);
        end(r);
    }
    return NULL;
}

/* False: there is no thread that could ever do it. */
static bool enqueue(struct dtt_resolve *r)
{
    pthread_mutex_lock(&pool.mutex);
    dtt_list_push(&pool.waiting, &r->waiting);
    if (pool.n_threads < DTT_RESOLVE_THREADS && dtt_thread_start(work, NULL)) {
        pool.n_threads++;
    }
    bool is_hopeless = pool.n_threads == 0;
    if (is_hopeless) {
        dtt_list_remove(&r->waiting);
    }
    pthread_mutex_unlock(&pool.mutex);
    return !is_hopeless;
}

static bool dequeue(struct dtt_resolve *r)
{
    pthread_mutex_lock(&pool.mutex);
    bool is_waiting = r->waiting.list != NULL;
    dtt_list_remove(&r->waiting);
    pthread_mutex_unlock(&pool.mutex);
    return is_waiting;
}

/* NULL: no memory. */
static struct dtt_resolve *new_job(void (*find)(struct dtt_resolve *r))
{
    struct dtt_resolve *r = calloc(1, sizeof(*r));
    if (r) {
        atomic_init(&r->refs, 1);
        r->find = find;
        r->fd = -1;
    }
    return r;
}

static int start(struct dtt_resolve **ret, struct dtt_resolve *r)
{
    int err = DTT_OK;
    r->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    atomic_store(&r->refs, 2);
    if (r->fd < 0) {
        err = DTT_EIO;
    } else if (!enqueue(r)) {
        err = DTT_EAGAIN;
    }
    if (err) {
        atomic_store(&r->refs, 1);
        unref(r);
        return err;
    }
    *ret = r;
    return DTT_OK;
}

static int start_name(struct dtt_resolve **ret, const char *host, uint16_t port,
                      void (*find)(struct dtt_resolve *r))
{
    size_t len = strlen(host);
    if (len >= DTT_HOST_MAX) {
        return DTT_EINVAL;
    }
    struct dtt_resolve *r = new_job(find);
    if (!r) {
        return DTT_ENOMEM;
    }
    memcpy(r->host, host, len + 1);
    r->port = port;
    return start(ret, r);
}

int dtt_resolve_start(struct dtt_resolve **ret, const char *host, uint16_t port)
{
    return start_name(ret, host, port, find_addrs);
}

int dtt_resolve_start_authorities(struct dtt_resolve **ret, struct dtt_tls_store *store)
{
    struct dtt_resolve *r = new_job(read_authorities);
    if (!r) {
        return DTT_ENOMEM;
    }
    r->store = dtt_tls_store_ref(store);
    return start(ret, r);
}

int dtt_resolve_start_text(struct dtt_resolve **ret, const char *name)
{
    return start_name(ret, name, 0, find_text);
}

int dtt_resolve_fd(const struct dtt_resolve *r)
{
    return r->fd;
}

/* Until then the thread may write to what it has found. */
static bool has_ended(const struct dtt_resolve *r)
{
    uint64_t count;
    return read(r->fd, &count, sizeof(count)) == (ssize_t)sizeof(count);
}

size_t dtt_resolve_take(struct dtt_resolve *r, struct dtt_addr ret[DTT_RESOLVE_ADDRS])
{
    if (!has_ended(r)) {
        return 0;
    }
    memcpy(ret, r->addrs, r->n * sizeof(r->addrs[0]));
    return r->n;
}

size_t dtt_resolve_take_text(struct dtt_resolve *r, uint8_t ret[DTT_RESOLVE_TEXT_MAX])
{
    if (!has_ended(r)) {
        return 0;
    }
    memcpy(ret, r->text, r->text_len);
    return r->text_len;
}

void dtt_resolve_free(struct dtt_resolve *r)
{
    if (!r) {
        return;
    }
    if (dequeue(r)) {
        atomic_store(&r->refs, 1); /* no thread will have it */
    }
    unref(r);
}
