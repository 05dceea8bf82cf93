/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/state_file.h"

#include "support/vectors.h"

#include <dtt/types.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/dtt-state-XXXXXX";
static char path[64];
static char fresh[72];

static int setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/state", folder);
    snprintf(fresh, sizeof(fresh), "%s.new", path);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    assert_int_equal(rmdir(folder), 0); /* nothing else is left behind */
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    return 0;
}

static int save(const char *where, const char *text)
{
    return dtt_state_file_write(where, dtt_slice(text, strlen(text)), DTT_STATE_FILE_SAVE);
}

static void assert_holds(const char *text)
{
    uint8_t buf[16];
    assert_int_equal(dtt_state_file_read(path, buf, sizeof(buf)), strlen(text));
    assert_memory_equal(buf, text, strlen(text));
}

static void test_round_trip(void **state)
{
    uint8_t buf[16];
    struct stat st;
    (void)state;
    assert_int_equal(dtt_state_file_read(path, buf, sizeof(buf)), 0);
    assert_int_equal(save(path, "first"), 0);
    assert_int_equal(save(path, "second"), 0);
    assert_holds("second");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(save(path, "longer than sixteen"), 0);
    assert_int_equal(dtt_state_file_read(path, buf, sizeof(buf)), DTT_EPROTO); /* no half of it */
}

static void test_a_trial_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(save(path, "old"), 0);
    assert_int_equal(dtt_state_file_write(path, dtt_slice("new", 3), DTT_STATE_FILE_TRY), 0);
    assert_holds("old");
    assert_int_equal(access(fresh, F_OK), -1);
}

static void test_a_failed_write_harms_nothing(void **state)
{
    (void)state;
    assert_int_equal(save(path, "old"), 0);
    assert_int_equal(mkdir(fresh, 0700), 0); /* in the way of the new file */
    assert_int_equal(save(path, "new"), EISDIR);
    assert_holds("old");
    assert_int_equal(rmdir(fresh), 0);
    assert_int_equal(symlink("/dev/full", fresh), 0);
    assert_int_equal(save(path, "new"), ELOOP);
    assert_int_equal(unlink(fresh), 0);
    assert_int_equal(mkfifo(fresh, 0600), 0);
    assert_int_equal(save(path, "new"), ENXIO); /* and it does not wait for a reader */
    assert_int_equal(unlink(fresh), 0);
    assert_int_equal(save(path, "new"), 0);
    assert_holds("new");
}

/* What a node that was killed left behind is used again; what another one writes is left alone. */
static void test_one_writer_at_a_time(void **state)
{
    (void)state;
    int fd = open(fresh, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "longer than what follows", 24), 24);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(save(path, "ours"), EBUSY);
    assert_int_equal(access(fresh, F_OK), 0);
    close(fd);
    assert_int_equal(save(path, "ours"), 0);
    assert_holds("ours");
}

static void assert_fault(const char *where, const char *sentence)
{
    char why[256] = "";
    char wanted[256];
    snprintf(wanted, sizeof(wanted), "state cannot be kept in '%s': %s", where, sentence);
    assert_int_equal(dtt_state_file_check(where, why, sizeof(why)), DTT_EIO);
    assert_string_equal(why, wanted);
    assert_int_equal(dtt_state_file_check(where, NULL, 0), DTT_EIO);
}

static void test_what_cannot_be_a_state_file(void **state)
{
    uint8_t buf[16];
    char other[96];
    char why[256];
    (void)state;
    assert_int_equal(dtt_state_file_check(path, why, sizeof(why)), DTT_OK);
    assert_int_equal(access(path, F_OK), -1); /* nothing was made */
    assert_fault(folder, "it is a folder");
    assert_fault("/dev/full", "it is not a regular file");
    assert_fault("", "it names no file");
    assert_fault("/nonexistent/folder/state", "No such file or directory");
    assert_fault("/dev/null/state", "Not a directory");
    assert_int_equal(symlink("/dev/full", path), 0);
    assert_fault(path, "it is not a regular file");
    assert_int_equal(unlink(path), 0);
    snprintf(other, sizeof(other), "%s/new/", folder);
    assert_fault(other, "it names no file");
    assert_int_equal(dtt_state_file_read(folder, buf, sizeof(buf)), DTT_EIO);
    assert_int_equal(dtt_state_file_read("/dev/zero", buf, sizeof(buf)), DTT_EIO);
    assert_int_equal(dtt_state_file_read("/nonexistent/state", buf, sizeof(buf)), 0);
    assert_int_equal(save("/nonexistent/state", "x"), ENOENT);
    assert_int_equal(save("/dev/full/state", "x"), ENOTDIR);
}

/* A program may change its folder; a link stays a link. */
static void test_it_is_located_once(void **state)
{
    char was[PATH_MAX];
    char link[80];
    char *there;
    (void)state;
    assert_non_null(getcwd(was, sizeof(was)));
    assert_int_equal(chdir(folder), 0);
    there = dtt_state_file_locate("state");
    assert_int_equal(chdir(was), 0);
    assert_string_equal(there, path);
    free(there);
    assert_int_equal(save(path, "x"), 0);
    snprintf(link, sizeof(link), "%s/link", folder);
    assert_int_equal(symlink("state", link), 0);
    there = dtt_state_file_locate(link);
    assert_string_equal(there, path);
    free(there);
    assert_int_equal(unlink(link), 0);
    there = dtt_state_file_locate("/nonexistent/state");
    assert_string_equal(there, "/nonexistent/state");
    free(there);
}

static void link_to(const char *target, const char *name, char *ret, size_t cap)
{
    snprintf(ret, cap, "%s/%s", folder, name);
    assert_int_equal(symlink(target, ret), 0);
}

/* It may lead to another disk, on which the file is not yet: the file is made there. */
static void test_a_link_to_nothing_is_followed(void **state)
{
    char first[96], second[96], third[96], around[96], nowhere[96];
    (void)state;
    link_to("state", "relative", first, sizeof(first));
    link_to(first, "absolute", second, sizeof(second));
    link_to("../no folder/state", "nowhere", nowhere, sizeof(nowhere));
    link_to("around", "around", around, sizeof(around));
    snprintf(third, sizeof(third), "%s/./absolute", folder);
    assert_int_equal(access(path, F_OK), -1);
    for (const char *const *name = (const char *const[]){first, second, third, NULL}; *name;
         name++) {
        char *there = dtt_state_file_locate(*name);
        assert_string_equal(there, path);
        assert_int_equal(dtt_state_file_check(*name, NULL, 0), DTT_OK);
        free(there);
    }
    assert_fault(nowhere, "No such file or directory");
    assert_fault(around, "Too many levels of symbolic links");
    assert_int_equal(unlink(first) | unlink(second) | unlink(nowhere) | unlink(around), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_round_trip),
        TEST(test_a_trial_changes_nothing),
        TEST(test_a_failed_write_harms_nothing),
        TEST(test_one_writer_at_a_time),
        TEST(test_what_cannot_be_a_state_file),
        TEST(test_it_is_located_once),
        TEST(test_a_link_to_nothing_is_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
