/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/state_file.h"

#include "support/vectors.h"

#include <dtt/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/dtt-state-XXXXXX";
static char path[64];

static int setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/state", folder);
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

static int save(struct dtt_state_file *f, const char *text)
{
    int err = dtt_state_file_write(f, dtt_slice(text, strlen(text)));
    return err ? err : dtt_state_file_wait(f);
}

static void test_round_trip(void **state)
{
    struct dtt_state_file *f = dtt_state_file_new(path);
    uint8_t buf[16];
    struct stat st;
    (void)state;
    assert_int_equal(dtt_state_file_read(f, buf, sizeof(buf)), 0);
    assert_int_equal(save(f, "first"), DTT_OK);
    assert_int_equal(save(f, "second"), DTT_OK);
    assert_int_equal(dtt_state_file_read(f, buf, sizeof(buf)), 6);
    assert_memory_equal(buf, "second", 6);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(save(f, "longer than sixteen"), DTT_OK);
    assert_int_equal(dtt_state_file_read(f, buf, sizeof(buf)), 0); /* never half of it */
    dtt_state_file_free(f);
}

/* A write that fails leaves what was there; one under way is finished by free. */
static void test_a_failed_write_harms_nothing(void **state)
{
    struct dtt_state_file *f = dtt_state_file_new(path);
    char fresh[80];
    uint8_t buf[16];
    (void)state;
    assert_int_equal(save(f, "old"), DTT_OK);
    snprintf(fresh, sizeof(fresh), "%s.new", path);
    assert_int_equal(mkdir(fresh, 0700), 0); /* in the way of the new file */
    assert_int_equal(save(f, "new"), DTT_EIO);
    assert_int_equal(dtt_state_file_read(f, buf, sizeof(buf)), 3);
    assert_memory_equal(buf, "old", 3);
    assert_int_equal(rmdir(fresh), 0);
    assert_int_equal(dtt_state_file_write(f, dtt_slice("last", 4)), DTT_OK);
    dtt_state_file_free(f);
    f = dtt_state_file_new(path);
    assert_int_equal(dtt_state_file_read(f, buf, sizeof(buf)), 4);
    dtt_state_file_free(f);
}

static void test_what_is_no_file(void **state)
{
    struct dtt_state_file *f = dtt_state_file_new(folder);
    uint8_t buf[16];
    (void)state;
    assert_int_equal(dtt_state_file_read(f, buf, sizeof(buf)), DTT_EIO);
    assert_int_equal(save(f, "x"), DTT_EIO);
    dtt_state_file_free(f);
    f = dtt_state_file_new("/nonexistent/folder/state");
    assert_int_equal(dtt_state_file_read(f, buf, sizeof(buf)), 0);
    assert_int_equal(save(f, "x"), DTT_EIO);
    dtt_state_file_free(f);
    f = dtt_state_file_new("/dev/zero");
    assert_int_equal(dtt_state_file_read(f, buf, sizeof(buf)), DTT_EIO);
    dtt_state_file_free(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_round_trip),
        TEST(test_a_failed_write_harms_nothing),
        TEST(test_what_is_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
