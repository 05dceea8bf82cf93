/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * For LD_PRELOAD: a network on loopback. Each UDP datagram to 127.0.0.0/8 is delayed by what its
 * pair of endpoints has (the same in both directions, log-uniform), plus jitter, or lost. Works for
 * any program that sends with sendto, sendmsg or sendmmsg; runs the same for both sides of a
 * comparison where the kernel has no netem.
 *
 *     NETSIM_MIN_MS (13.3), NETSIM_MAX_MS (120): one-way delay; median 40, a round trip of 80
 *     NETSIM_JITTER_MS (5), NETSIM_LOSS (0): probability for each datagram
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define DATAGRAM 2048
#define IN_FLIGHT 65536
#define NOT_OURS (-2)
#define PORT_SALTS 65536u

struct datagram {
    double at;
    int fd;
    struct sockaddr_in to;
    size_t len;
    uint8_t data[];
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t earlier;
    bool is_running;
    double min_s, max_s, jitter_s, loss;
    uint64_t random;
    struct datagram *heap[IN_FLIGHT];
    size_t n;
} sim = {.lock = PTHREAD_MUTEX_INITIALIZER};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* splitmix64's finalizer. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static double unit(uint64_t x)
{
    return (double)(x >> 11) / 9007199254740992.0;
}

static double draw(void)
{
    sim.random += UINT64_C(0x9e3779b97f4a7c15);
    return unit(mix(sim.random));
}

/* ---- datagrams in flight: a heap by time */

static void push(struct datagram *d)
{
    size_t i = sim.n++;
    while (i > 0 && sim.heap[(i - 1) / 2]->at > d->at) {
        sim.heap[i] = sim.heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    sim.heap[i] = d;
}

static struct datagram *pop(void)
{
    struct datagram *first = sim.heap[0];
    struct datagram *last = sim.heap[--sim.n];
    size_t i = 0;
    for (size_t child = 1; child < sim.n; child = 2 * i + 1) {
        if (child + 1 < sim.n && sim.heap[child + 1]->at < sim.heap[child]->at) {
            child++;
        }
        if (sim.heap[child]->at >= last->at) {
            break;
        }
        sim.heap[i] = sim.heap[child];
        i = child;
    }
    sim.heap[i] = last;
    return first;
}

static void wait_until(double at)
{
    struct timespec t = {.tv_sec = (time_t)at};
    t.tv_nsec = (long)((at - (double)t.tv_sec) * 1e9);
    pthread_cond_timedwait(&sim.earlier, &sim.lock, &t);
}

static void *deliver(void *arg)
{
    pthread_mutex_lock(&sim.lock);
    for (;;) {
        if (sim.n == 0) {
            pthread_cond_wait(&sim.earlier, &sim.lock);
        } else if (sim.heap[0]->at > now_s()) {
            wait_until(sim.heap[0]->at);
        } else {
            struct datagram *d = pop();
            pthread_mutex_unlock(&sim.lock);
            syscall(SYS_sendto, d->fd, d->data, d->len, MSG_DONTWAIT, &d->to, sizeof(d->to));
            free(d);
            pthread_mutex_lock(&sim.lock);
        }
    }
    return arg;
}

static double setting(const char *name, double otherwise)
{
    const char *text = getenv(name);
    return text ? atof(text) : otherwise;
}

/* With the lock held. */
static void start(void)
{
    pthread_condattr_t attr;
    pthread_t thread;
    sim.min_s = setting("NETSIM_MIN_MS", 13.3) * 1e-3;
    sim.max_s = setting("NETSIM_MAX_MS", 120) * 1e-3;
    sim.jitter_s = setting("NETSIM_JITTER_MS", 5) * 1e-3;
    sim.loss = setting("NETSIM_LOSS", 0);
    sim.random = mix((uint64_t)getpid());
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&sim.earlier, &attr);
    sim.is_running = pthread_create(&thread, NULL, deliver, NULL) == 0;
}

/* Of a pair of ports, in either order. */
static double delay(uint16_t a, uint16_t b)
{
    uint64_t low = a < b ? a : b, high = a < b ? b : a;
    double u = unit(mix(low * PORT_SALTS + high + 1));
    return sim.min_s * pow(sim.max_s / sim.min_s, u) + sim.jitter_s * draw();
}

/* Takes a datagram; its length, or NOT_OURS. */
static ssize_t take(int fd, const struct sockaddr *to, const struct iovec *iov, size_t n_iov)
{
    struct sockaddr_in remote, local;
    socklen_t local_len = sizeof(local);
    int type = 0;
    socklen_t type_len = sizeof(type);
    size_t len = 0;
    if (!to || to->sa_family != AF_INET) {
        return NOT_OURS;
    }
    memcpy(&remote, to, sizeof(remote));
    if (ntohl(remote.sin_addr.s_addr) >> 24 != 127 ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) != 0 || type != SOCK_DGRAM ||
        getsockname(fd, (struct sockaddr *)&local, &local_len) != 0) {
        return NOT_OURS;
    }
    for (size_t i = 0; i < n_iov; i++) {
        len += iov[i].iov_len;
    }
    struct datagram *d = len <= DATAGRAM ? malloc(sizeof(*d) + len) : NULL;
    if (!d) {
        errno = EMSGSIZE;
        return -1;
    }
    *d = (struct datagram){.fd = fd, .to = remote};
    for (size_t i = 0; i < n_iov; i++) {
        memcpy(d->data + d->len, iov[i].iov_base, iov[i].iov_len);
        d->len += iov[i].iov_len;
    }
    pthread_mutex_lock(&sim.lock);
    if (!sim.is_running) {
        start();
    }
    if (draw() < sim.loss || sim.n == IN_FLIGHT) {
        free(d);
    } else {
        d->at = now_s() + delay(ntohs(local.sin_port), ntohs(remote.sin_port));
        push(d);
        pthread_cond_signal(&sim.earlier);
    }
    pthread_mutex_unlock(&sim.lock);
    return (ssize_t)len;
}

/* ---- what programs call */

/* glibc declares the address as a union of pointers. */
EXPORT ssize_t sendto(int fd, const void *data, size_t len, int flags, __CONST_SOCKADDR_ARG to,
                      socklen_t to_len)
{
    struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
    ssize_t n = take(fd, to.__sockaddr__, &iov, 1);
    return n != NOT_OURS ? n : syscall(SYS_sendto, fd, data, len, flags, to.__sockaddr__, to_len);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    ssize_t n = take(fd, m->msg_name, m->msg_iov, m->msg_iovlen);
    return n != NOT_OURS ? n : syscall(SYS_sendmsg, fd, m, flags);
}

EXPORT int sendmmsg(int fd, struct mmsghdr *m, unsigned n, int flags)
{
    unsigned done = 0;
    while (done < n) {
        ssize_t len = sendmsg(fd, &m[done].msg_hdr, flags);
        if (len < 0) {
            return done > 0 ? (int)done : -1;
        }
        m[done++].msg_len = (unsigned)len;
    }
    return (int)done;
}
