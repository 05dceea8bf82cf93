/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "secret.h"

#include "output.h"
#include "quiet.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

static char path[] = "/tmp/dtt-test-XXXXXX";

static int setup(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    unsetenv("DTT_SECRET");
    return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
    (void)state;
    unsetenv("DTT_SECRET");
    unlink(path);
    strcpy(path, "/tmp/dtt-test-XXXXXX");
    return 0;
}

static void write_file(const void *data, size_t len)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void file_gives(const char *content, size_t len, const char *secret, size_t secret_len)
{
    struct options o = {.secret_file = path};
    struct secret s;

    write_file(content, len);
    assert_int_equal(secret_get(&s, &o, "room"), EXIT_OK);
    assert_int_equal(s.len, secret_len);
    assert_memory_equal(s.bytes, secret, secret_len);
    secret_wipe(&s);
    assert_int_equal(s.len, 0);
    assert_int_equal(s.bytes[0], 0);
}

static void test_file(void **state)
{
    (void)state;
    file_gives("geheim", 6, "geheim", 6);
    file_gives("geheim\n", 7, "geheim", 6);
    file_gives("geheim\r\n", 8, "geheim", 6);
    /* One newline only, and nothing else is touched; that is said. */
    struct quiet q;
    quiet_begin(&q);
    file_gives("geheim\n\n", 8, "geheim\n", 7);
    assert_non_null(strstr(quiet_end(&q), "ends with white space"));
    quiet_begin(&q);
    file_gives(" ge\nheim\n", 9, " ge\nheim", 8);
    assert_non_null(strstr(quiet_end(&q), "begins with white space"));
    quiet_begin(&q);
    file_gives("\xef\xbb\xbfgeheim\n", 10, "\xef\xbb\xbfgeheim", 9);
    assert_non_null(strstr(quiet_end(&q), "byte order mark"));
    quiet_begin(&q);
    assert_int_equal(chmod(path, 0644), 0);
    file_gives("geheim", 6, "geheim", 6);
    assert_non_null(strstr(quiet_end(&q), "mode 0644"));
    assert_int_equal(chmod(path, 0600), 0);
    file_gives("a\0b\n", 4, "a\0b", 3);
    file_gives("geheim\r", 7, "geheim\r", 7);
}

static void refuses(struct options *o, const char *part)
{
    struct secret s;
    struct quiet q;
    int code;

    quiet_begin(&q);
    code = secret_get(&s, o, "room");
    assert_non_null(strstr(quiet_end(&q), part));
    assert_int_equal(code, EXIT_USAGE);
}

static void test_bad_file(void **state)
{
    static char large[SECRET_MAX + 1];
    struct options o = {.secret_file = path};

    (void)state;
    write_file("", 0);
    refuses(&o, "is empty");
    write_file("\n", 1);
    refuses(&o, "is empty");
    memset(large, 'x', sizeof(large));
    write_file(large, sizeof(large));
    refuses(&o, "is larger than 4096 bytes");
    file_gives(large, SECRET_MAX, large, SECRET_MAX);
    o.secret_file = "/nonexistent/secret";
    refuses(&o, "No such file");
    o.secret_file = "/tmp";
    refuses(&o, "Is a directory");
}

static void test_text_is_wiped(void **state)
{
    char text[] = "geheim";
    struct options o = {.secret = text};
    struct secret s;

    (void)state;
    setenv("DTT_SECRET", "other", 1);
    assert_int_equal(secret_get(&s, &o, "room"), EXIT_OK);
    assert_int_equal(s.len, 6);
    assert_memory_equal(s.bytes, "geheim", 6);
    assert_memory_equal(text, "\0\0\0\0\0\0", 6);
    secret_wipe(&s);
}

static void test_environment(void **state)
{
    struct options o = {0};
    struct secret s;

    (void)state;
    setenv("DTT_SECRET", "geheim", 1);
    assert_int_equal(secret_get(&s, &o, "room"), EXIT_OK);
    assert_int_equal(s.len, 6);
    assert_memory_equal(s.bytes, "geheim", 6);
    secret_wipe(&s);
    setenv("DTT_SECRET", "", 1);
    refuses(&o, "DTT_SECRET is empty");
}

static void test_none_and_two(void **state)
{
    char text[] = "geheim";
    struct options none = {0};
    struct options two = {.secret = text, .secret_file = path};
    int in = dup(STDIN_FILENO);
    int null = open("/dev/null", O_RDONLY);

    (void)state;
    assert_true(null >= 0 && dup2(null, STDIN_FILENO) >= 0);
    refuses(&none, "no secret: give");
    refuses(&two, "not both");
    if (in >= 0) {
        dup2(in, STDIN_FILENO);
        close(in);
    }
    close(null);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_text_is_wiped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_environment, setup, teardown),
        cmocka_unit_test_setup_teardown(test_none_and_two, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
