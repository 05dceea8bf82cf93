/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sockets of servers that a test plays itself. Include after support/vectors.h. */
#ifndef TESTS_SUPPORT_LOOPBACK_H
#define TESTS_SUPPORT_LOOPBACK_H

#include "io/sockaddr.h"

/* A TCP port of its own on 127.0.0.1, where nobody listens yet. */
static inline int loopback_bind(uint16_t *ret_port)
{
    struct dtt_addr addr = dtt_addr_v4(127, 0, 0, 1, 0);
    union dtt_sockaddr sa;
    socklen_t len = dtt_sockaddr_write(&addr, &sa);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, &sa.sa, len), 0);
    assert_int_equal(getsockname(fd, &sa.sa, &len), 0);
    *ret_port = dtt_sockaddr_read(&sa).port;
    return fd;
}

static inline int loopback_listen(uint16_t *ret_port)
{
    int fd = loopback_bind(ret_port);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

#endif
