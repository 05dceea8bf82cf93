/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/entropy.h"

#include <dtt/types.h>
#include <unistd.h>

int dtt_entropy(void *buf, size_t len)
{
    return getentropy(buf, len) == 0 ? DTT_OK : DTT_EIO;
}
