/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/resolve.h"

#include "support/vectors.h"

#include <netdb.h>
#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/resource.h>

#define DEADLINE_MS 60000
#define HANGS "hangs.test"

static sem_t ended; /* what hangs goes on */
static atomic_int n_hanging, n_asked;

int __real_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **res);
int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **res);

/* A name server is silent for as long as the test likes. */
int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **res)
{
    if (strcmp(node, HANGS) != 0) {
        return __real_getaddrinfo(node, service, hints, res);
    }
    atomic_fetch_add(&n_asked, 1);
    atomic_fetch_add(&n_hanging, 1);
    sem_wait(&ended);
    atomic_fetch_sub(&n_hanging, 1);
    return EAI_AGAIN;
}

/* The first test: a thread that has run leaves its stack to the next one. */
static void want_of_a_thread_is_told_apart(void **state)
{
    struct dtt_resolve *r;
    struct rlimit usual, none;
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* they want memory of their own */
#endif
    assert_int_equal(getrlimit(RLIMIT_AS, &usual), 0);
    none = (struct rlimit){.rlim_cur = 1, .rlim_max = usual.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_AS, &none), 0); /* no room for a stack */
    int err = dtt_resolve_start(&r, "localhost", 1);
    assert_int_equal(setrlimit(RLIMIT_AS, &usual), 0);
    assert_int_equal(err, DTT_EAGAIN);
}

static void localhost_is_found(void **state)
{
    struct dtt_resolve *r;
    struct dtt_addr got[DTT_RESOLVE_ADDRS];
    (void)state;
    assert_int_equal(dtt_resolve_start(&r, "localhost", 6881), DTT_OK);
    struct pollfd p = {.fd = dtt_resolve_fd(r), .events = POLLIN};
    assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
    size_t n = dtt_resolve_take(r, got);
    assert_true(n >= 1);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(dtt_addr_scope(&got[i]), DTT_SCOPE_LOOPBACK);
        assert_int_equal(got[i].port, 6881);
    }
    assert_int_equal(dtt_resolve_take(r, got), 0); /* taken */
    dtt_resolve_free(r);
}

static void an_abandoned_lookup_frees_itself(void **state)
{
    struct dtt_resolve *r;
    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(dtt_resolve_start(&r, "localhost", 1), DTT_OK);
        dtt_resolve_free(r);
    }
    dtt_resolve_free(NULL);
}

static void wait_hanging(int n)
{
    for (int i = 0; i < DEADLINE_MS && atomic_load(&n_hanging) != n; i++) {
        poll(NULL, 0, 1);
    }
    assert_int_equal(atomic_load(&n_hanging), n);
}

/* Whoever asks again and again has a thread at work for each time, up to a bound, and what nobody
 * waits for any more is not asked. */
static void a_silent_name_server_holds_few_threads(void **state)
{
    struct dtt_resolve *list[4 * DTT_RESOLVE_THREADS];
    struct dtt_resolve *kept;
    struct dtt_addr got[DTT_RESOLVE_ADDRS];
    (void)state;
    assert_int_equal(sem_init(&ended, 0, 0), 0);
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        assert_int_equal(dtt_resolve_start(&list[i], HANGS, 1), DTT_OK);
    }
    wait_hanging(DTT_RESOLVE_THREADS);
    poll(NULL, 0, 50); /* others would be there by now */
    assert_int_equal(atomic_load(&n_hanging), DTT_RESOLVE_THREADS);
    assert_int_equal(dtt_resolve_start(&kept, "localhost", 1), DTT_OK);
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        dtt_resolve_free(list[i]);
    }
    struct pollfd p = {.fd = dtt_resolve_fd(kept), .events = POLLIN};
    assert_int_equal(poll(&p, 1, 0), 0);
    sem_post(&ended); /* one is enough for the next in the queue */
    assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
    assert_true(dtt_resolve_take(kept, got) >= 1);
    dtt_resolve_free(kept);
    for (int i = 1; i < DTT_RESOLVE_THREADS; i++) {
        sem_post(&ended);
    }
    wait_hanging(0);
    assert_int_equal(atomic_load(&n_asked), DTT_RESOLVE_THREADS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(want_of_a_thread_is_told_apart),
        cmocka_unit_test(localhost_is_found),
        cmocka_unit_test(an_abandoned_lookup_frees_itself),
        cmocka_unit_test(a_silent_name_server_holds_few_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
