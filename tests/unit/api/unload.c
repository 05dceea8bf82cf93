/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A plugin that is unloaded while its name server hangs: the thread that waits has its code still.
 */
#define _DEFAULT_SOURCE
#include "support/vectors.h"

#include <dirent.h>
#include <dlfcn.h>
#include <dtt/dtt.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool is_hung, is_released;

/* Found by the library before that of libc. */
__attribute__((visibility("default"))) int getaddrinfo(const char *host, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **ret);

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret)
{
    (void)host;
    (void)service;
    (void)hints;
    (void)ret;
    pthread_mutex_lock(&lock);
    is_hung = true;
    pthread_cond_broadcast(&changed);
    while (!is_released) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
    return EAI_AGAIN;
}

static void wait_until_hung(void)
{
    pthread_mutex_lock(&lock);
    while (!is_hung) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

static void release(void)
{
    pthread_mutex_lock(&lock);
    is_released = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static int count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int n = 0;
    assert_non_null(tasks);
    for (const struct dirent *d; (d = readdir(tasks)) != NULL;) {
        n += d->d_name[0] != '.';
    }
    closedir(tasks);
    return n;
}

static void the_library_is_unloaded(void **state)
{
    char library[1024];
    const char *listen = "127.0.0.1:0";
    const char *host = "name.invalid:1";
    int (*open_node)(dtt_node **, const struct dtt_config *);
    dtt_node *(*close_node)(dtt_node *);
    dtt_node *node;
    (void)state;
    int n_before = count_threads();
    snprintf(library, sizeof(library), "%s/src/api/libdtt.so", getenv("DTT_BUILD"));
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(handle);
    *(void **)&open_node = dlsym(handle, "dtt_node_open");
    *(void **)&close_node = dlsym(handle, "dtt_node_close");
    struct dtt_config config = {.size = sizeof(config),
                                .listen = &listen,
                                .n_listen = 1,
                                .bootstrap = &host,
                                .n_bootstrap = 1,
                                .flags = DTT_NODE_DHT_ONLY};
    assert_int_equal(open_node(&node, &config), DTT_OK);
    wait_until_hung();
    assert_null(close_node(node));
    assert_int_equal(dlclose(handle), 0);
    assert_true(count_threads() > n_before);
    release();
    for (int i = 0; i < 2000 && count_threads() > n_before; i++) { /* a thread has no event */
        usleep(10000);
    }
    assert_int_equal(count_threads(), n_before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_library_is_unloaded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
