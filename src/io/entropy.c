/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "io/entropy.h"

#include <dtt/types.h>
#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

int dtt_entropy(void *buf, size_t len)
{
    uint8_t *p = buf;
    while (len > 0) {
        ssize_t n = getrandom(p, len, 0);
        if (n < 0 && errno != EINTR) {
            return DTT_EIO;
        }
        if (n > 0) {
            p += n;
            len -= (size_t)n;
        }
    }
    return DTT_OK;
}
