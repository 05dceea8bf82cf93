/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "identity.h"

#include "output.h"
#include "quiet.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

struct place {
    char folder[64];
    char path[128];
};

int __real_fsync(int fd);
int __wrap_fsync(int fd);

static int n_folders_synced; /* after their file has its name */
static char synced_path[128];

int __wrap_fsync(int fd)
{
    struct stat st;

    assert_int_equal(fstat(fd, &st), 0);
    n_folders_synced += S_ISDIR(st.st_mode) && access(synced_path, F_OK) == 0;
    return __real_fsync(fd);
}

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof(*p));

    if (!p) {
        return -1;
    }
    strcpy(p->folder, "/tmp/dtt-test-XXXXXX");
    if (!mkdtemp(p->folder)) {
        free(p);
        return -1;
    }
    snprintf(p->path, sizeof(p->path), "%s/identity", p->folder);
    snprintf(synced_path, sizeof(synced_path), "%s", p->path);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;

    unlink(p->path);
    rmdir(p->folder);
    free(p);
    return 0;
}

static void write_file(const char *path, size_t len, mode_t mode)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    for (size_t i = 0; i < len; i++) {
        fputc((int)i, file);
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void refuses(const struct place *p, int code, const char *part)
{
    uint8_t seed[DTT_SEED_BYTES];
    struct quiet q;
    int got;

    quiet_begin(&q);
    got = identity_load(p->path, seed);
    assert_non_null(strstr(quiet_end(&q), part));
    assert_int_equal(got, code);
}

static void test_makes_and_reads(void **state)
{
    const struct place *p = *state;
    uint8_t first[DTT_SEED_BYTES], second[DTT_SEED_BYTES];
    struct dirent *entry;
    struct stat st;
    size_t files = 0;
    DIR *dir;

    assert_int_equal(identity_load(p->path, first), EXIT_OK);
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_size, DTT_SEED_BYTES);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(identity_load(p->path, second), EXIT_OK);
    assert_memory_equal(first, second, sizeof(first));
    /* Nothing is left beside it. */
    dir = opendir(p->folder);
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        files += entry->d_name[0] != '.';
    }
    closedir(dir);
    assert_int_equal(files, 1);
}

/* A fresh identity whose name is not yet on the disk would be another one after a power failure. */
static void test_the_name_is_synced(void **state)
{
    const struct place *p = *state;
    uint8_t seed[DTT_SEED_BYTES];

    n_folders_synced = 0;
    assert_int_equal(identity_load(p->path, seed), EXIT_OK);
    assert_int_equal(n_folders_synced, 1);
    assert_int_equal(identity_load(p->path, seed), EXIT_OK);
    assert_int_equal(n_folders_synced, 1);
}

static void test_two_files_differ(void **state)
{
    struct place *p = *state;
    uint8_t first[DTT_SEED_BYTES], second[DTT_SEED_BYTES];

    assert_int_equal(identity_load(p->path, first), EXIT_OK);
    unlink(p->path);
    assert_int_equal(identity_load(p->path, second), EXIT_OK);
    assert_memory_not_equal(first, second, sizeof(first));
}

static void test_reads_raw_bytes(void **state)
{
    const struct place *p = *state;
    uint8_t seed[DTT_SEED_BYTES];

    write_file(p->path, DTT_SEED_BYTES, 0400);
    assert_int_equal(identity_load(p->path, seed), EXIT_OK);
    for (size_t i = 0; i < sizeof(seed); i++) {
        assert_int_equal(seed[i], i);
    }
}

static void test_mode(void **state)
{
    static const mode_t bad[] = {0604, 0640, 0610, 0602, 0666};
    const struct place *p = *state;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        write_file(p->path, DTT_SEED_BYTES, bad[i]);
        refuses(p, EXIT_USAGE, "'chmod 600 ");
    }
}

static void test_size(void **state)
{
    const struct place *p = *state;

    write_file(p->path, 31, 0600);
    refuses(p, EXIT_USAGE, "has 31 bytes; it should have 32");
    write_file(p->path, 33, 0600);
    refuses(p, EXIT_USAGE, "has 33 bytes; it should have 32");
    write_file(p->path, 0, 0600);
    refuses(p, EXIT_USAGE, "has 0 bytes; it should have 32");
}

static void test_no_place(void **state)
{
    struct place *p = *state;
    struct place elsewhere;

    snprintf(elsewhere.path, sizeof(elsewhere.path), "%s/no/identity", p->folder);
    refuses(&elsewhere, EXIT_IO, "cannot make the identity file");
    snprintf(elsewhere.path, sizeof(elsewhere.path), "%s", p->folder);
    refuses(&elsewhere, EXIT_USAGE, "is not a regular file");
    /* A pipe without a writer must not hang. */
    assert_int_equal(mkfifo(p->path, 0600), 0);
    refuses(p, EXIT_USAGE, "is not a regular file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_makes_and_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_name_is_synced, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_files_differ, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reads_raw_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mode, setup, teardown),
        cmocka_unit_test_setup_teardown(test_size, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_place, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
