/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A plugin that is unloaded while its disk hangs: the thread that waits for it has its code still.
 */
#define _DEFAULT_SOURCE
#include "support/vectors.h"

#include <dlfcn.h>
#include <dtt/dtt.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool is_hung, is_released;

/* Found by the library before that of libc. */
__attribute__((visibility("default"))) int fsync(int fd);

int fsync(int fd)
{
    (void)fd;
    pthread_mutex_lock(&lock);
    is_hung = true;
    pthread_cond_broadcast(&changed);
    while (!is_released) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
    return 0;
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

static void the_library_is_unloaded(void **state)
{
    char folder[] = "/tmp/dtt-unload-XXXXXX";
    char path[64], fresh[80], library[1024];
    const char *listen = "127.0.0.1:0";
    int (*open_node)(dtt_node **, const struct dtt_config *);
    dtt_node *(*close_node)(dtt_node *);
    dtt_node *node;
    (void)state;
    snprintf(library, sizeof(library), "%s/src/api/libdtt.so", getenv("DTT_BUILD"));
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(handle);
    *(void **)&open_node = dlsym(handle, "dtt_node_open");
    *(void **)&close_node = dlsym(handle, "dtt_node_close");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/state", folder);
    snprintf(fresh, sizeof(fresh), "%s.new", path);
    struct dtt_config config = {.size = sizeof(config),
                                .listen = &listen,
                                .n_listen = 1,
                                .flags = DTT_NODE_DHT_ONLY | DTT_NODE_NO_BOOTSTRAP,
                                .state_file = path};
    assert_int_equal(open_node(&node, &config), DTT_OK);
    wait_until_hung();
    assert_null(close_node(node));
    assert_int_equal(dlclose(handle), 0);
    assert_int_equal(access(fresh, F_OK), 0);
    release();
    for (int i = 0; i < 2000 && access(fresh, F_OK) == 0; i++) { /* the thread removes it */
        usleep(10000);
    }
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_library_is_unloaded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
