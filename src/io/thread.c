/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/thread.h"

#include <pthread.h>
#include <signal.h>

#define STACK_BYTES (256 * 1024)

bool dtt_thread_start(void *(*fn)(void *), void *arg)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all, usual;
    if (pthread_attr_init(&attr) != 0) {
        return false;
    }
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    /* The program's signal handlers run in threads of the program. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &usual);
    bool is_started = pthread_create(&thread, &attr, fn, arg) == 0;
    pthread_sigmask(SIG_SETMASK, &usual, NULL);
    pthread_attr_destroy(&attr);
    return is_started;
}
