/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * For LD_PRELOAD: each second the bytes of a dtt process's heap that are in use, in the file
 * DTT_LIVE_HEAP/PID. Private_Dirty also has what was freed and lies between what is in use.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *watch(void *folder)
{
    char at[256];
    char text[32];
    (void)snprintf(at, sizeof at, "%s/%d", (const char *)folder, (int)getpid());
    int file = open(at, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) {
        return NULL;
    }
    for (;;) {
        struct mallinfo2 heap = mallinfo2();
        int n = snprintf(text, sizeof text, "%20zu\n", heap.uordblks + heap.hblkhd);
        if (pwrite(file, text, (size_t)n, 0) != n) {
            return NULL;
        }
        (void)sleep(1);
    }
}

__attribute__((constructor)) static void begin(void)
{
    static const char name[] = "dtt";
    char *folder = getenv("DTT_LIVE_HEAP");
    if (!folder || strcmp(program_invocation_short_name, name) != 0) {
        return;
    }
    /* Signals are the command's own. */
    sigset_t all;
    sigset_t before;
    pthread_t thread;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    if (pthread_create(&thread, NULL, watch, folder) == 0) {
        (void)pthread_detach(thread);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}
