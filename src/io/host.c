/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/host.h"

#include <assert.h>
#include <dtt/types.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#ifdef DTT_HAS_MALLOC_TRIM
#    include <malloc.h>
#endif

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

void dtt_host_trim_heap(void)
{
#ifdef DTT_HAS_MALLOC_TRIM
    malloc_trim(0);
#endif
}

int dtt_host_entropy(void *buf, size_t len)
{
    return getentropy(buf, len) == 0 ? DTT_OK : DTT_EIO;
}

int dtt_host_descriptors(size_t n)
{
    int fds[DTT_HOST_DESCRIPTORS_MAX];
    size_t count = 0;
    assert(n <= DTT_HOST_DESCRIPTORS_MAX);
    while (count < n && (fds[count] = eventfd(0, EFD_CLOEXEC)) >= 0) {
        count++;
    }
    int err = count == n ? DTT_OK : DTT_EMFILE;
    while (count > 0) {
        close(fds[--count]);
    }
    return err;
}
