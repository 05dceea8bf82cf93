/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "screen.h"

#include "output.h"
#include "rows.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PASTE_ON "\033[?2004h"
#define PASTE_OFF "\033[?2004l"
#define CLEAR_BELOW "\033[J"
/* A newline in the line being edited. */
#define NEWLINE_SIGN "\xe2\x86\xb5"
/* Further rows begin where names do; on a narrow screen almost at once. */
#define INDENT 6
#define INDENT_NARROW 2
#define NARROW 60
/* A head leaves so many columns for the text, or has a row of its own. */
#define BESIDE_HEAD 8
#define COLUMNS_MIN 8
/* Rows that are broken at a time. */
#define PRINT_ROWS 64

/* --------------------------------------------------------- status and line */

static unsigned columns(void)
{
    struct winsize size;
    unsigned n = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    return n < COLUMNS_MIN ? COLUMNS_MIN : n;
}

static unsigned rows_of_terminal(void)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
}

static unsigned at_most(unsigned n, unsigned most)
{
    return n < most ? n : most;
}

/* Rows more than one that the terminal makes of a row which was drawn when it was wider. */
static unsigned extra_rows(unsigned width)
{
    return width > 0 ? (width - 1) / columns() : 0;
}

/* Takes status and line off the screen. */
static void lift(struct screen *s)
{
    if (!s->is_shown) {
        return;
    }
    unsigned up = s->row + extra_rows(s->column);
    for (unsigned i = 0; i < s->row; i++) {
        up += extra_rows(s->widths[i]);
    }
    fputs("\r", stdout);
    if (up > 0) {
        printf("\033[%uA", up);
    }
    fputs(CLEAR_BELOW, stdout);
    s->is_shown = false;
}

static void put_row(const char *text, size_t start, size_t end)
{
    bool has_newline = end > start && text[end - 1] == '\n';
    fwrite(text + start, 1, end - start - has_newline, stdout);
    if (has_newline) {
        fputs(NEWLINE_SIGN, stdout);
    }
}

static unsigned draw_status(struct screen *s)
{
    struct row rows[SCREEN_STATUS_ROWS];
    struct rows_style style = {.columns = columns(), .by_words = true};
    unsigned max = at_most(SCREEN_STATUS_ROWS, rows_of_terminal() / 2);
    size_t n = s->status[0] ? rows_break(&style, s->status, strlen(s->status), 0, rows, max) : 0;
    n = at_most((unsigned)n, max);
    for (size_t i = 0; i < n; i++) {
        fputs(s->has_color ? SCREEN_DIM : "", stdout);
        put_row(s->status, rows[i].start, rows[i].end);
        fputs(s->has_color ? SCREEN_NORMAL "\n" : "\n", stdout);
        s->widths[i] = rows[i].width;
    }
    return (unsigned)n;
}

/*
 * Draws as many rows of prompt and line as fit, down to that of the cursor, and a few below it. The
 * cursor is put back by drawing its row again as far as it: the terminal knows best how wide that
 * is.
 */
static void draw_line(struct screen *s, unsigned n_status)
{
    struct row rows[SCREEN_LINE_ROWS], before;
    struct rows_style style = {.columns = columns()};
    size_t prompt = strlen(s->prompt);
    size_t len = prompt + (s->is_taken ? 0 : s->editor.len);
    size_t cursor = prompt + (s->is_taken ? 0 : s->editor.cursor);
    unsigned room = rows_of_terminal() > n_status + 1 ? rows_of_terminal() - n_status - 1 : 1;
    unsigned max = at_most(SCREEN_LINE_ROWS, room);
    memcpy(s->drawn, s->prompt, prompt);
    memcpy(s->drawn + prompt, s->editor.text, len - prompt);
    size_t at = rows_break(&style, s->drawn, cursor, 0, NULL, 0) - 1;
    size_t top = at < max ? 0 : at - max + 1;
    rows_break(&style, s->drawn, cursor, at, &before, 1);
    size_t n = rows_break(&style, s->drawn, len, top, rows, max) - top;
    n = n < max ? n : max;
    for (size_t i = 0; i < n; i++) {
        fputs(i > 0 ? "\n" : "", stdout);
        put_row(s->drawn, rows[i].start, rows[i].end);
    }
    s->row = n_status + (unsigned)(at - top);
    s->column = before.width;
    for (size_t i = 0; i < at - top; i++) {
        s->widths[n_status + i] = rows[i].width;
    }
    size_t below = n - 1 - (at - top);
    if (below > 0) {
        printf("\033[%zuA", below);
    }
    if (cursor < rows[n - 1].end || below > 0) {
        fputs("\r", stdout);
        put_row(s->drawn, rows[at - top].start, cursor);
    }
}

void screen_show(struct screen *s)
{
    if (!s->is_plain && !s->is_shown) {
        draw_line(s, draw_status(s));
        s->is_shown = true;
    }
    fflush(stdout);
}

static void change(struct screen *s, char *place, size_t size, const char *text)
{
    if (strncmp(place, text, size - 1) != 0) {
        lift(s);
        snprintf(place, size, "%s", text);
    }
}

void screen_set_prompt(struct screen *s, const char *prompt)
{
    change(s, s->prompt, sizeof(s->prompt), prompt);
}

void screen_set_status(struct screen *s, const char *status)
{
    change(s, s->status, sizeof(s->status), status);
}

/* ---------------------------------------------------------------- reading */

/* No line mode, no echo; Ctrl-C, Ctrl-Z, Ctrl-S and Enter are keys. */
static void grab_terminal(struct screen *s)
{
    struct termios t = s->before;
    t.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IXON);
    t.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
    t.c_cc[VINTR] = t.c_cc[VSUSP] = _POSIX_VDISABLE;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &t);
    fputs(PASTE_ON, stdout);
    fflush(stdout);
}

static void release_terminal(struct screen *s)
{
    fputs(PASTE_OFF, stdout);
    fflush(stdout);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &s->before);
}

bool screen_open(struct screen *s, bool is_plain)
{
    s->is_plain = is_plain;
    s->has_color = output_has_color(STDOUT_FILENO) && !is_plain;
    lines_init(&s->lines, STDIN_FILENO);
    if (is_plain) {
        return true;
    }
    if (tcgetattr(STDIN_FILENO, &s->before) != 0) {
        output_say("cannot use the terminal: %s", strerror(errno));
        return false;
    }
    setvbuf(stdout, NULL, _IOFBF, BUFSIZ);
    grab_terminal(s);
    return true;
}

bool screen_fill(struct screen *s)
{
    if (s->is_plain) {
        return lines_fill(&s->lines) == 0;
    }
    ssize_t n = read(STDIN_FILENO, s->keys, sizeof(s->keys));
    s->key = 0;
    s->n_keys = n > 0 ? (size_t)n : 0;
    s->is_ended |= n == 0;
    return n >= 0 || errno == EINTR || errno == EAGAIN;
}

static enum screen_key next_of_plain(struct screen *s, const char **ret_line, size_t *ret_len)
{
    switch (lines_next(&s->lines, ret_line, ret_len)) {
    case LINE_READY: return SCREEN_LINE;
    case LINE_TOO_LONG: return SCREEN_TOO_LONG;
    case LINE_NONE:
    default: return s->lines.is_ended ? SCREEN_END : SCREEN_NONE;
    }
}

enum screen_key screen_next(struct screen *s, const char **ret_line, size_t *ret_len)
{
    if (s->is_plain) {
        return next_of_plain(s, ret_line, ret_len);
    }
    if (s->is_taken) {
        editor_clear(&s->editor);
        s->is_taken = false;
    }
    while (s->key < s->n_keys) {
        lift(s);
        switch (editor_key(&s->editor, (uint8_t)s->keys[s->key++])) {
        case EDITOR_LINE:
            editor_remember(&s->editor);
            s->is_taken = true;
            *ret_line = s->editor.text;
            *ret_len = s->editor.len;
            return SCREEN_LINE;
        case EDITOR_INTERRUPT: return SCREEN_INTERRUPT;
        case EDITOR_LEAVE: return SCREEN_END;
        case EDITOR_SUSPEND: screen_suspend(s); break;
        case EDITOR_REDRAW: fputs("\033[H" CLEAR_BELOW, stdout); break;
        case EDITOR_MORE:
        default: break;
        }
    }
    return s->is_ended ? SCREEN_END : SCREEN_NONE;
}

/* --------------------------------------------------------------- printing */

/* Columns of a head, without its colours. */
static unsigned head_width(const char *head)
{
    unsigned width = 0;
    while (*head) {
        size_t n = strcspn(head, "\033");
        width += rows_width(head, n);
        head += n;
        if (*head) {
            head += strcspn(head, "m");
            head += *head == 'm';
        }
    }
    return width;
}

static void print_plain(const char *head, const char *text)
{
    fputs(head, stdout);
    for (; *text; text++) {
        if (*text == '\n') {
            printf("\n%*s", INDENT, "");
        } else {
            putchar(*text);
        }
    }
    putchar('\n');
}

void screen_print(struct screen *s, const char *head, const char *text, const char *style)
{
    struct row rows[PRINT_ROWS];
    struct rows_style layout = {.columns = columns(), .first = head_width(head), .by_words = true};
    size_t len = strlen(text), done = 0, n = 1;
    if (s->is_plain) {
        print_plain(head, text);
        return;
    }
    lift(s);
    fputs(head, stdout);
    layout.indent = layout.columns < NARROW ? INDENT_NARROW : INDENT;
    if (layout.first + BESIDE_HEAD > layout.columns && len > 0) {
        layout.first = layout.indent;
        printf("\n%*s", (int)layout.indent, "");
    }
    for (; done < n; done += PRINT_ROWS) {
        n = rows_break(&layout, text, len, done, rows, PRINT_ROWS);
        for (size_t i = 0; i < PRINT_ROWS && done + i < n; i++) {
            if (done + i > 0) {
                printf("\n%*s", (int)layout.indent, "");
            }
            fputs(style, stdout);
            put_row(text, rows[i].start, rows[i].end);
            fputs(*style ? SCREEN_NORMAL : "", stdout);
        }
    }
    putchar('\n');
}

void screen_ring(struct screen *s)
{
    (void)s;
    putchar('\a');
}

void screen_resize(struct screen *s)
{
    lift(s);
}

void screen_suspend(struct screen *s)
{
    if (s->is_plain) {
        kill(getpid(), SIGSTOP);
        return;
    }
    lift(s);
    release_terminal(s);
    kill(getpid(), SIGSTOP);
    grab_terminal(s);
}

void screen_close(struct screen *s)
{
    if (!s->is_plain) {
        lift(s);
        if (s->editor.len > 0 && !s->is_taken) {
            screen_set_status(s, "");
            screen_show(s);
            putchar('\n');
        }
        release_terminal(s);
    }
    editor_free(&s->editor);
}
