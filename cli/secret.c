/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "secret.h"

#include "output.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

void secret_wipe(struct secret *s)
{
    explicit_bzero(s, sizeof(*s));
}

/* One more read: the bytes got, 0 at the end, or minus an errno. */
static ssize_t read_more(struct secret *s, int fd)
{
    bool is_full = s->len == SECRET_MAX;
    char extra;
    ssize_t n = is_full ? read(fd, &extra, 1) : read(fd, s->bytes + s->len, SECRET_MAX - s->len);
    if (n < 0) {
        return -errno;
    }
    if (is_full && n > 0) {
        return -EFBIG;
    }
    s->len += (size_t)n;
    return n;
}

static void strip_newline(struct secret *s)
{
    if (s->len > 0 && s->bytes[s->len - 1] == '\n') {
        s->len--;
        if (s->len > 0 && s->bytes[s->len - 1] == '\r') {
            s->len--;
        }
    }
}

/* What is read as part of the secret, and surely was not meant. */
static void warn_of_edges(const struct secret *s, const char *path)
{
    static const char mark[] = "\xef\xbb\xbf";
    const char *what = NULL;
    if (s->len >= 3 && memcmp(s->bytes, mark, 3) == 0) {
        what = "begins with a byte order mark";
    } else if (strchr(" \t\r\n", s->bytes[s->len - 1])) {
        what = "ends with white space";
    } else if (strchr(" \t\r\n", s->bytes[0])) {
        what = "begins with white space";
    }
    if (what) {
        output_say("the secret in '%s' %s, which is part of it", path, what);
    }
}

static void warn_of_readers(int fd, const char *path)
{
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & (S_IRGRP | S_IROTH))) {
        output_say("secret file '%s' has mode %04o, so others can read it; 'chmod 600 %s'", path,
                   (unsigned)(st.st_mode & 07777), path);
    }
}

static int from_file(struct secret *s, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -errno : 1;
    if (fd < 0 && strcmp(path, "-") == 0) {
        return output_fail(EXIT_USAGE, "there is no file '-'; '/dev/stdin' is standard input");
    }
    if (fd >= 0) {
        warn_of_readers(fd, path);
    }
    while (n > 0) {
        n = read_more(s, fd);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (n == -EFBIG) {
        return output_fail(EXIT_USAGE, "secret file '%s' is larger than %d bytes", path,
                           SECRET_MAX);
    }
    if (n < 0) {
        return output_fail(EXIT_USAGE, "cannot read the secret file '%s': %s", path,
                           strerror((int)-n));
    }
    strip_newline(s);
    if (s->len == 0) {
        return output_fail(EXIT_USAGE, "secret file '%s' is empty; put the shared secret into it",
                           path);
    }
    warn_of_edges(s, path);
    return EXIT_OK;
}

static int from_text(struct secret *s, const char *text, const char *source)
{
    size_t len = strlen(text);
    if (len == 0) {
        return output_fail(EXIT_USAGE, "%s is empty; it should hold the shared secret", source);
    }
    if (len > SECRET_MAX) {
        return output_fail(EXIT_USAGE, "%s is longer than %d bytes", source, SECRET_MAX);
    }
    memcpy(s->bytes, text, len);
    s->len = len;
    return EXIT_OK;
}

/* Keys that end or stop the program are off meanwhile, so that echo is always restored. */
static int from_terminal(struct secret *s, const char *topic)
{
    const char interrupt = 3;
    char shown[TEXT_CLEAN_SIZE(64)];
    struct termios usual;
    ssize_t n;
    if (tcgetattr(STDIN_FILENO, &usual) != 0) {
        return output_fail(EXIT_IO, "cannot ask for the secret: %s", strerror(errno));
    }
    struct termios quiet = usual;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    quiet.c_lflag |= ICANON;
    quiet.c_cc[VEOL] = (cc_t)interrupt;
    text_clean(shown, topic, strnlen(topic, 64));
    fprintf(stderr, "Secret of '%s' (nothing is shown while you type): ", shown);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    do {
        n = read_more(s, STDIN_FILENO);
    } while (n > 0 && s->bytes[s->len - 1] != '\n' && s->bytes[s->len - 1] != interrupt);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual);
    fputc('\n', stderr);
    if (n < 0) {
        return output_fail(EXIT_USAGE, "cannot read the secret: %s", strerror((int)-n));
    }
    strip_newline(s);
    if (s->len == 0 || s->bytes[s->len - 1] == interrupt) {
        return output_fail(EXIT_USAGE, "no secret was given");
    }
    return EXIT_OK;
}

int secret_get(struct secret *ret, struct options *o, const char *topic)
{
    const char *environment = getenv("DTT_SECRET");
    ret->len = 0;
    if (o->secret && o->secret_file) {
        return output_fail(EXIT_USAGE, "give either '--secret-file' or '--secret', not both");
    }
    if (o->secret_file) {
        return from_file(ret, o->secret_file);
    }
    if (o->secret) {
        int code = from_text(ret, o->secret, "'--secret'");
        explicit_bzero(o->secret, strlen(o->secret));
        o->secret = NULL;
        return code;
    }
    if (environment) {
        return from_text(ret, environment, "the environment variable DTT_SECRET");
    }
    if (isatty(STDIN_FILENO)) {
        return from_terminal(ret, topic);
    }
    return output_fail(EXIT_USAGE, "no secret: give '--secret-file FILE' or set DTT_SECRET");
}
