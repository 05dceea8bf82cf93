/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An internet in one process: it moves packets between TUN devices in the namespaces of hosts, by
 * way of routers that translate and filter exactly as was asked. It reads the lines of control.h on
 * its standard input and ends with it.
 *
 * usage: nat-internet [SEED]
 */
#include "base/time.h"
#include "control.h"
#include "internet.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_LEN 4096
#define BATCH 64 /* packets of one host before the others have their turn */

static struct internet net;

struct input {
    char text[LINE_MAX_LEN];
    size_t len;
};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * DTT_S + (uint64_t)t.tv_nsec;
}

static struct timespec left_until(uint64_t due_ns)
{
    uint64_t t_ns = now_ns();
    uint64_t left = due_ns > t_ns ? due_ns - t_ns : 0;
    left = dtt_min_ns(left, 3600 * DTT_S);
    return (struct timespec){.tv_sec = (time_t)(left / DTT_S), .tv_nsec = (long)(left % DTT_S)};
}

/* False at the end of the input. */
static bool take_input(struct input *in)
{
    ssize_t n = read(STDIN_FILENO, in->text + in->len, sizeof(in->text) - in->len);
    if (n <= 0) {
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    }
    in->len += (size_t)n;
    char *end;
    while ((end = memchr(in->text, '\n', in->len)) != NULL) {
        size_t used = (size_t)(end - in->text) + 1;
        *end = 0;
        control_line(&net, now_ns(), in->text);
        in->len -= used;
        memmove(in->text, in->text + used, in->len);
    }
    return in->len < sizeof(in->text);
}

static void take_packets(struct host *h)
{
    struct packet p;
    for (unsigned i = 0; i < BATCH; i++) {
        ssize_t n = read(h->fd, p.data, sizeof(p.data));
        if (n <= 0) {
            return;
        }
        p.len = (size_t)n;
        internet_take(&net, now_ns(), h, &p);
    }
}

int main(int argc, char **argv)
{
    static struct input in;
    uint8_t seed[DTT_RNG_SEED_BYTES] = {0};
    struct pollfd fds[HOSTS_MAX + 1];
    bool goes_on = true;
    dtt_put_le64(seed, argc > 1 ? strtoull(argv[1], NULL, 10) : 1);
    internet_init(&net, seed);
    while (goes_on) {
        size_t n_hosts = net.n_hosts;
        for (size_t i = 0; i < n_hosts; i++) {
            fds[i] = (struct pollfd){.fd = net.hosts[i].fd, .events = POLLIN};
        }
        fds[n_hosts] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
        struct timespec left = left_until(internet_next(&net));
        if (ppoll(fds, n_hosts + 1, &left, NULL) > 0) {
            for (size_t i = 0; i < n_hosts; i++) {
                if (fds[i].revents) {
                    take_packets(&net.hosts[i]);
                }
            }
            if (fds[n_hosts].revents) {
                goes_on = take_input(&in);
            }
        }
        internet_run(&net, now_ns());
    }
    internet_fini(&net);
    return 0;
}
