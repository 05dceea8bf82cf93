/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A program with too few descriptors is told so, by its first node and by those after it. */
#include "support/vectors.h"

#include <dtt/dtt.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMITS 40

static int open_node(dtt_node **ret)
{
    static const char *const listen[] = {"127.0.0.1:0"};
    struct dtt_config cfg = {
        .size = sizeof(cfg), .listen = listen, .n_listen = 1, .flags = DTT_NODE_NO_BOOTSTRAP};
    return dtt_node_open(ret, &cfg);
}

static int count_open(void)
{
    int n = 0;
    for (int fd = 0; fd < LIMITS; fd++) {
        n += fcntl(fd, F_GETFD) >= 0;
    }
    return n;
}

/* In a process of its own: libuv makes its first pipe, which stays, once a process. The number of
 * nodes that could be opened. */
static int nodes_under(rlim_t limit)
{
    struct rlimit r = {limit, limit};
    dtt_node *nodes[LIMITS];
    int before = count_open();
    int err, n = 0;
    if (setrlimit(RLIMIT_NOFILE, &r) != 0) {
        return 99;
    }
    while ((err = open_node(&nodes[n])) == DTT_OK) {
        n++;
    }
    for (int i = 0; i < n; i++) {
        dtt_node_close(nodes[i]);
    }
    return err == DTT_EMFILE && count_open() <= before + (n > 0 ? 2 : 0) ? n : 98;
}

static void every_limit_is_an_error(void **state)
{
    int before = 0;
    (void)state;
    for (int limit = 3; limit <= LIMITS; limit++) {
        int status;
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            _exit(nodes_under((rlim_t)limit));
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (!WIFEXITED(status) || WEXITSTATUS(status) >= 98) {
            fail_msg("limit %d: status %#x", limit, (unsigned)status);
        }
        assert_true(WEXITSTATUS(status) >= before);
        before = WEXITSTATUS(status);
    }
    assert_in_range(before, 1, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_limit_is_an_error)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
