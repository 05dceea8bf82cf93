/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* In the namespace of the caller. */
static int make_device(void)
{
    struct ifreq request = {.ifr_name = "net0"};
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && ioctl(fd, TUNSETIFF, &request) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

int tun_open(const char *ns_path)
{
    int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    int there = open(ns_path, O_RDONLY | O_CLOEXEC);
    int fd = -1;
    int error;
    if (here >= 0 && there >= 0 && setns(there, CLONE_NEWNET) == 0) {
        fd = make_device();
        error = errno;
        if (setns(here, CLONE_NEWNET) != 0) {
            error = errno;
            fd = -1;
        }
    } else {
        error = errno;
    }
    if (there >= 0) {
        close(there);
    }
    if (here >= 0) {
        close(here);
    }
    errno = error;
    return fd;
}
