/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/host.h"

#include <dtt/types.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct dtt_now dtt_host_now(void)
{
    struct timespec mono = {0};
    struct timespec wall = {0};
    clock_gettime(CLOCK_BOOTTIME, &mono);
    clock_gettime(CLOCK_REALTIME, &wall);
    return (struct dtt_now){
        .mono_ns = (uint64_t)mono.tv_sec * DTT_S + (uint64_t)mono.tv_nsec,
        .wall_ns = (int64_t)wall.tv_sec * (int64_t)DTT_S + wall.tv_nsec,
    };
}

int dtt_host_entropy(void *buf, size_t len)
{
    return getentropy(buf, len) == 0 ? DTT_OK : DTT_EIO;
}

int dtt_host_descriptors(size_t n)
{
    int fd = eventfd(0, EFD_CLOEXEC);
    if (fd < 0) {
        return DTT_EMFILE;
    }
    int err = n > 1 ? dtt_host_descriptors(n - 1) : DTT_OK;
    close(fd);
    return err;
}
