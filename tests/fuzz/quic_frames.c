/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The guard before ngtcp2's frame parser: any payload, and a second look changes nothing more. */
#include "quic/frames.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t *once = malloc(len + 1);
    uint8_t *twice = malloc(len + 1);
    if (!once || !twice) {
        abort();
    }
    memcpy(once, data, len);
    dtt_qframes_retire_nothing(once, len);
    memcpy(twice, once, len);
    dtt_qframes_retire_nothing(twice, len);
    if (memcmp(once, twice, len) != 0) {
        abort();
    }
    free(once);
    free(twice);
    return 0;
}
