/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For LD_PRELOAD: a disk that takes DTT_FSYNC_SECONDS for each fsync. */
#include <stdlib.h>
#include <unistd.h>

__attribute__((visibility("default"))) int fsync(int fd);

int fsync(int fd)
{
    const char *seconds = getenv("DTT_FSYNC_SECONDS");
    unsigned left = seconds ? (unsigned)strtoul(seconds, NULL, 10) : 0;
    (void)fd;
    while (left > 0) {
        left = sleep(left);
    }
    return 0;
}
