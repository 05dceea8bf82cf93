/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The state file on a disk that is full, gone, back, or hangs. fsync is ours here. */
#define _DEFAULT_SOURCE
#include "io/state_keeper.h"

#include "io/host.h"
#include "io/state_file.h"
#include "support/vectors.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int __real_fsync(int fd);
int __wrap_fsync(int fd);

/* Writes are made by other processes, which see the disk in memory that is shared with them. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_hanging;
    int fails_with;
    int n_hung;
} * the_disk;

int __wrap_fsync(int fd)
{
    pthread_mutex_lock(&the_disk->lock);
    int error = the_disk->fails_with;
    the_disk->n_hung += the_disk->is_hanging;
    pthread_cond_broadcast(&the_disk->changed);
    while (the_disk->is_hanging) {
        pthread_cond_wait(&the_disk->changed, &the_disk->lock);
    }
    pthread_mutex_unlock(&the_disk->lock);
    errno = error;
    return error ? -1 : __real_fsync(fd);
}

static int make_disk(void **state)
{
    pthread_mutexattr_t lock;
    pthread_condattr_t changed;
    (void)state;
    the_disk =
        mmap(NULL, sizeof(*the_disk), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(the_disk != MAP_FAILED);
    pthread_mutexattr_init(&lock);
    pthread_mutexattr_setpshared(&lock, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&the_disk->lock, &lock);
    pthread_condattr_init(&changed);
    pthread_condattr_setpshared(&changed, PTHREAD_PROCESS_SHARED);
    pthread_cond_init(&the_disk->changed, &changed);
    return 0;
}

static void disk(bool hangs, int error)
{
    pthread_mutex_lock(&the_disk->lock);
    the_disk->is_hanging = hangs;
    the_disk->fails_with = error;
    pthread_cond_broadcast(&the_disk->changed);
    pthread_mutex_unlock(&the_disk->lock);
}

static void wait_until_hung(void)
{
    pthread_mutex_lock(&the_disk->lock);
    while (the_disk->n_hung == 0) {
        pthread_cond_wait(&the_disk->changed, &the_disk->lock);
    }
    pthread_mutex_unlock(&the_disk->lock);
}

struct fixture {
    char folder[32];
    char path[48];
    uv_loop_t loop;
    struct dtt_ctx ctx;
    struct dtt_events events;
    struct dtt_state_keeper *keeper;
};

static struct fixture f;

static void open_keeper(void)
{
    static const uint8_t key[DTT_MAP_HASH_KEY_BYTES];
    assert_int_equal(uv_loop_init(&f.loop), 0);
    dtt_events_init(&f.events, key);
    assert_int_equal(dtt_state_keeper_new(&f.keeper, f.path, &f.loop, &f.ctx, &f.events), DTT_OK);
}

static void close_keeper(const char *bytes)
{
    dtt_state_keeper_close(f.keeper, dtt_host_now(), dtt_slice(bytes, strlen(bytes)));
    uv_run(&f.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f.loop), 0);
    dtt_state_keeper_free(f.keeper);
    dtt_events_fini(&f.events);
}

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof(f));
    strcpy(f.folder, "/tmp/dtt-keeper-XXXXXX");
    assert_non_null(mkdtemp(f.folder));
    snprintf(f.path, sizeof(f.path), "%s/state", f.folder);
    disk(false, 0);
    the_disk->n_hung = 0;
    open_keeper();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(f.path);
    assert_int_equal(rmdir(f.folder), 0);
    return 0;
}

/* The driver's part: starts what is due at that time, and waits for its end. */
static void turn(struct dtt_now now, const char *bytes)
{
    if (dtt_state_keeper_run(f.keeper, now)) {
        dtt_state_keeper_save(f.keeper, now, dtt_slice(bytes, strlen(bytes)));
    }
    uv_run(&f.loop, UV_RUN_DEFAULT);
}

/* The keeper's next deadline. */
static struct dtt_now when_due(void)
{
    return (struct dtt_now){.mono_ns = dtt_state_keeper_deadline(f.keeper)};
}

static void assert_due_in(uint64_t ns)
{
    uint64_t now_ns = dtt_host_now().mono_ns;
    uint64_t due_ns = dtt_state_keeper_deadline(f.keeper);
    assert_in_range(due_ns, now_ns + ns - 4 * DTT_S, now_ns + ns);
}

static const struct dtt_event_state_file *told(void)
{
    const struct dtt_event *ev = dtt_events_next(&f.events);
    if (!ev) {
        return NULL;
    }
    assert_int_equal(ev->type, DTT_EVENT_STATE_FILE);
    return &ev->u.state_file;
}

static void assert_told(int status, const char *reason)
{
    const struct dtt_event_state_file *e = told();
    assert_non_null(e);
    assert_int_equal(e->status, status);
    assert_string_equal(e->reason, reason);
}

static void assert_holds(const char *text)
{
    uint8_t buf[32];
    int n = dtt_state_file_read(f.path, buf, sizeof(buf));
    assert_int_equal(n, strlen(text));
    assert_memory_equal(buf, text, strlen(text));
}

static void it_is_saved_in_silence(void **state)
{
    (void)state;
    turn(dtt_host_now(), "one");
    assert_holds("one");
    assert_due_in(DTT_STATE_KEEPER_FIRST_NS);
    turn(when_due(), "two");
    assert_holds("two");
    assert_due_in(DTT_STATE_KEEPER_EVERY_NS);
    turn(when_due(), ""); /* nothing is known: what was kept is better */
    assert_holds("two");
    assert_null(told());
    close_keeper("three");
    assert_holds("three");
}

/* A folder that is gone is told at once and once, tried again soon, and nothing of it stays. */
static void a_failure_is_told_and_ends(void **state)
{
    (void)state;
    turn(dtt_host_now(), ""); /* the trial of the start */
    assert_int_equal(access(f.path, F_OK), -1);
    assert_int_equal(rmdir(f.folder), 0);
    turn(when_due(), "one");
    assert_told(DTT_EIO, "No such file or directory");
    uint64_t backoff_ns = DTT_STATE_KEEPER_RETRY_NS;
    for (int i = 0; i < 12; i++) {
        assert_due_in(dtt_min_ns(backoff_ns, DTT_STATE_KEEPER_EVERY_NS));
        turn(when_due(), i % 2 ? "one" : "");
        backoff_ns *= 2;
    }
    assert_null(told());
    assert_int_equal(mkdir(f.folder, 0700), 0);
    turn(when_due(), "two");
    assert_told(DTT_OK, "");
    assert_holds("two");
    assert_due_in(DTT_STATE_KEEPER_EVERY_NS);
    turn(when_due(), "three");
    assert_null(told());
    assert_holds("three");
    close_keeper("");
}

/* A disk that is full at the start is told then, although there is nothing to save yet. */
static void the_start_tries_it(void **state)
{
    (void)state;
    disk(false, ENOSPC);
    turn(dtt_host_now(), "");
    const struct dtt_event_state_file *e = told();
    assert_int_equal(e->status, DTT_EIO);
    assert_string_equal(e->reason, "No space left on device");
    assert_in_range(e->retry_ms, 4000, 5000);
    disk(false, 0);
    turn(when_due(), "");
    assert_told(DTT_OK, "");
    assert_int_equal(access(f.path, F_OK), -1);
    close_keeper("");
}

static void a_damaged_file_is_told(void **state)
{
    (void)state;
    dtt_state_keeper_refuse(f.keeper, dtt_host_now(), DTT_EPROTO);
    assert_told(DTT_EPROTO, "");
    turn(dtt_host_now(), "good");
    assert_holds("good");
    assert_null(told());
    close_keeper("");
}

/* Starts a save that hangs in fsync. */
static void start_hanging(const char *bytes)
{
    disk(true, 0);
    struct dtt_now now = dtt_host_now();
    assert_true(dtt_state_keeper_run(f.keeper, now));
    dtt_state_keeper_save(f.keeper, now, dtt_slice(bytes, strlen(bytes)));
    wait_until_hung();
    uv_run(&f.loop, UV_RUN_NOWAIT);
}

static void a_disk_that_hangs_is_told(void **state)
{
    (void)state;
    start_hanging("late");
    assert_null(told());
    assert_false(dtt_state_keeper_run(f.keeper, when_due()));
    assert_told(DTT_ETIMEDOUT, "Connection timed out");
    assert_true(dtt_state_keeper_deadline(f.keeper) == DTT_NEVER);
    disk(false, 0);
    uv_run(&f.loop, UV_RUN_DEFAULT);
    assert_told(DTT_OK, "");
    assert_holds("late");
    close_keeper("last");
    assert_holds("last");
}

static void wait_for_file(const char *text)
{
    uint8_t buf[32];
    for (int i = 0; i < 2000; i++) {
        if (dtt_state_file_read(f.path, buf, sizeof(buf)) == (int)strlen(text)) {
            break;
        }
        usleep(10000);
    }
    assert_holds(text);
}

/* The end waits two seconds; the writer has what it needs when all else is freed. */
static void a_disk_that_hangs_does_not_hold_the_end(void **state)
{
    (void)state;
    start_hanging("late");
    uint64_t start_ns = dtt_host_now().mono_ns;
    close_keeper("never"); /* beside the one that hangs no other is started */
    assert_in_range(dtt_host_now().mono_ns - start_ns, 0, 60 * DTT_S);
    /* The program opens the node again, while the old write still hangs. */
    disk(true, 0);
    open_keeper();
    turn(dtt_host_now(), "again");
    assert_told(DTT_EIO, "another process is writing it");
    disk(false, 0);
    wait_for_file("late");
    turn(when_due(), "again");
    assert_told(DTT_OK, "");
    close_keeper("");
    assert_holds("again");
}

/* One that is known to hang is not waited for at all. */
static void the_end_knows_a_disk_that_hangs(void **state)
{
    (void)state;
    start_hanging("late");
    assert_false(dtt_state_keeper_run(f.keeper, when_due()));
    assert_told(DTT_ETIMEDOUT, "Connection timed out");
    uint64_t start_ns = dtt_host_now().mono_ns;
    dtt_state_keeper_close(f.keeper, dtt_host_now(), dtt_slice("never", 5));
    assert_true(dtt_host_now().mono_ns - start_ns < DTT_STATE_KEEPER_PATIENCE_NS);
    uv_run(&f.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f.loop), 0);
    dtt_state_keeper_free(f.keeper);
    dtt_events_fini(&f.events);
    disk(false, 0);
    wait_for_file("late");
}

static void the_program_asks(void **state)
{
    (void)state;
    turn(dtt_host_now(), "one");
    dtt_state_keeper_ask(f.keeper, dtt_host_now());
    turn(dtt_host_now(), "two");
    assert_told(DTT_OK, "");
    assert_holds("two");
    disk(false, ENOSPC);
    dtt_state_keeper_ask(f.keeper, dtt_host_now());
    turn(dtt_host_now(), "three");
    assert_told(DTT_EIO, "No space left on device");
    dtt_state_keeper_ask(f.keeper, dtt_host_now());
    turn(dtt_host_now(), "three");
    assert_told(DTT_EIO, "No space left on device"); /* an answer, though it is no news */
    disk(false, 0);
    dtt_state_keeper_ask(f.keeper, dtt_host_now());
    turn(dtt_host_now(), "three");
    assert_told(DTT_OK, "");
    close_keeper("four"); /* it was saved this moment: not again */
    assert_holds("three");
}

/* What was under way when the program asked is no answer: another save follows. */
static void the_program_asks_while_it_is_written(void **state)
{
    (void)state;
    start_hanging("one");
    dtt_state_keeper_ask(f.keeper, dtt_host_now());
    disk(false, 0);
    uv_run(&f.loop, UV_RUN_DEFAULT);
    assert_null(told());
    assert_holds("one");
    turn(dtt_host_now(), "two");
    assert_told(DTT_OK, "");
    assert_holds("two");
    close_keeper("");
}

/* The writer is nobody's child, and holds no descriptor of the program: a pipe ends, a port is
 * free. */
static void a_writer_that_hangs_holds_nothing(void **state)
{
    int ends[2];
    uint8_t byte;
    (void)state;
    assert_int_equal(pipe(ends), 0);
    start_hanging("late");
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    close(ends[0]);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    disk(false, 0);
    uv_run(&f.loop, UV_RUN_DEFAULT);
    assert_holds("late");
    close_keeper("");
}

/* A program that waits for its children itself, or for none of them. */
static void a_program_with_children(void **state)
{
    void (*usual)(int) = signal(SIGCHLD, SIG_IGN);
    (void)state;
    turn(dtt_host_now(), "one");
    signal(SIGCHLD, usual);
    assert_holds("one");
    disk(false, ENOSPC);
    signal(SIGCHLD, SIG_IGN);
    turn(when_due(), "two");
    signal(SIGCHLD, usual);
    assert_told(DTT_EIO, "No space left on device");
    disk(false, 0);
    close_keeper("three");
    assert_holds("three");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_saved_in_silence),
        TEST(a_failure_is_told_and_ends),
        TEST(the_start_tries_it),
        TEST(a_damaged_file_is_told),
        TEST(a_disk_that_hangs_is_told),
        TEST(a_disk_that_hangs_does_not_hold_the_end),
        TEST(the_end_knows_a_disk_that_hangs),
        TEST(the_program_asks),
        TEST(the_program_asks_while_it_is_written),
        TEST(a_writer_that_hangs_holds_nothing),
        TEST(a_program_with_children),
    };
    return cmocka_run_group_tests(tests, make_disk, NULL);
}
