/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "screen.h"

#include "codec/text.h"

#include <errno.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define HISTORY_LINES 200
#define REPLACEMENT 0xfffd

/* ------------------------------------------------------ where the cursor is */

static unsigned columns(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return 80;
    }
    return size.ws_col;
}

struct place {
    unsigned row, column, columns;
};

/* Advances as libedit does when it draws: ^X and \U+xxxx for what has no form, no wide one cut. */
static void advance(struct place *p, wchar_t c)
{
    int width = wcwidth(c);
    unsigned cell = width == 2 ? 2 : 1;
    unsigned cells = width > 0 ? 1 : 0;
    if (width < 0) {
        cells = c < 0x20 || c == 0x7f ? 2 : sizeof("\\U+ffff") - 1;
    }
    for (; cells > 0; cells--) {
        if (p->column + cell > p->columns) {
            p->row++;
            p->column = 0;
        }
        p->column += cell;
        if (p->column == p->columns) {
            p->row++;
            p->column = 0;
        }
    }
}

static void advance_utf8(struct place *p, const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        uint32_t code = REPLACEMENT;
        size_t step = dtt_utf8_decode(&code, dtt_slice(text + i, len - i));
        advance(p, (wchar_t)code);
        i += step > 0 ? step : 1;
    }
}

/* Moves the cursor from behind `len` characters of `line`, and `below` rows, to the prompt; clears.
 */
static void erase(const struct screen *s, const wchar_t *line, size_t len, unsigned below)
{
    struct place p = {.columns = columns()};
    advance_utf8(&p, s->prompt, strlen(s->prompt));
    for (size_t i = 0; i < len; i++) {
        advance(&p, line[i]);
    }
    fputs("\r", stdout);
    if (p.row + below > 0) {
        printf("\033[%uA", p.row + below);
    }
    fputs("\033[J", stdout);
}

/* Takes the line being edited, if there is one, off the screen. */
static void lift(const struct screen *s)
{
    if (s->is_editing) {
        const LineInfoW *line = el_wline(s->editor);
        erase(s, line->buffer, (size_t)(line->cursor - line->buffer), 0);
    }
}

/* Shows it again. */
static void redraw(const struct screen *s)
{
    fflush(stdout);
    if (s->is_editing) {
        el_set(s->editor, EL_REFRESH);
    }
}

/* ------------------------------------------------------------------ reading */

static struct screen *screen_of(EditLine *editor)
{
    struct screen *s = NULL;
    el_get(editor, EL_CLIENTDATA, &s);
    return s;
}

static char *give_prompt(EditLine *editor)
{
    return screen_of(editor)->prompt;
}

static bool read_byte(struct screen *s, uint8_t *ret)
{
    for (;;) {
        if (!s->wait_key(s->user)) {
            return false;
        }
        ssize_t n = read(STDIN_FILENO, ret, 1);
        if (n == 1) {
            return true;
        }
        if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
            return false;
        }
    }
}

/* libedit asks for a key. Keys are UTF-8 whatever the locale, as messages are. */
static int give_key(EditLine *editor, wchar_t *ret)
{
    struct screen *s = screen_of(editor);
    uint8_t bytes[4];
    uint32_t code = REPLACEMENT;
    size_t n = 0;
    do {
        if (!read_byte(s, &bytes[n])) {
            return 0;
        }
        n++;
    } while (dtt_utf8_decode(&code, dtt_slice(bytes, n)) == 0 && bytes[0] >= 0xc0 &&
             n < sizeof(bytes) && (n == 1 || (bytes[n - 1] & 0xc0) == 0x80));
    /* There is nothing to complete, and a tab has no fixed width. */
    *ret = code == '\t' ? L' ' : (wchar_t)code;
    return 1;
}

bool screen_open(struct screen *s, bool (*wait_key)(void *user), void *user)
{
    HistEvent event;
    /* libedit shows the line by the locale, and the plain C locale only knows ASCII. */
    setlocale(LC_CTYPE, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0) {
        setlocale(LC_CTYPE, "C.UTF-8");
    }
    *s = (struct screen){.wait_key = wait_key, .user = user};
    s->editor = el_init("dtt", stdin, stdout, stderr);
    if (!s->editor) {
        return false;
    }
    el_set(s->editor, EL_CLIENTDATA, s);
    el_set(s->editor, EL_EDITOR, "emacs");
    el_set(s->editor, EL_PROMPT, give_prompt);
    el_set(s->editor, EL_GETCFN, give_key);
    s->history = history_init();
    if (s->history) {
        history(s->history, &event, H_SETSIZE, HISTORY_LINES);
        history(s->history, &event, H_SETUNIQUE, 1);
        el_set(s->editor, EL_HIST, history, s->history);
    }
    el_source(s->editor, NULL);
    /* Between two lines the editor gives the terminal its own line mode, which loses a Ctrl-D. */
    el_set(s->editor, EL_SETTY, "-x", "-icanon", "-echo", NULL);
    el_set(s->editor, EL_PREP_TERM, 1);
    return true;
}

const char *screen_read(struct screen *s, size_t *ret_len)
{
    HistEvent event;
    int count = 0;
    size_t len, n = 0;
    s->is_editing = true;
    const wchar_t *line = el_wgets(s->editor, &count);
    if (!line || count <= 0) {
        /* An empty prompt goes; a line that was being typed stays. */
        const LineInfoW *typed = el_wline(s->editor);
        if (typed->lastchar == typed->buffer) {
            lift(s);
        } else {
            puts("");
        }
        s->is_editing = false;
        return NULL;
    }
    s->is_editing = false;
    len = (size_t)count;
    if (line[len - 1] == L'\n' || line[len - 1] == L'\r') {
        len--;
    }
    /* The editor left the cursor below the line. The line goes, as it is printed as a message. */
    erase(s, line, len, 1);
    fflush(stdout);
    for (size_t i = 0; i < len && n + 5 < sizeof(s->line); i++) {
        n += dtt_utf8_encode(s->line + n, (uint32_t)line[i]);
    }
    s->line[n] = '\0';
    if (n > 0 && s->history) {
        history(s->history, &event, H_ENTER, s->line);
    }
    *ret_len = n;
    return s->line;
}

/* ----------------------------------------------------------------- printing */

void screen_set_prompt(struct screen *s, const char *prompt)
{
    if (strncmp(s->prompt, prompt, sizeof(s->prompt) - 1) == 0) {
        return;
    }
    lift(s);
    snprintf(s->prompt, sizeof(s->prompt), "%s", prompt);
    redraw(s);
}

void screen_print(struct screen *s, const char *text)
{
    lift(s);
    puts(text);
    redraw(s);
}

static unsigned width_of(const char *text, size_t len)
{
    struct place p = {.columns = UINT_MAX};
    advance_utf8(&p, text, len);
    return p.column;
}

void screen_remark(struct screen *s, const char *sentence, bool is_dim)
{
    unsigned column = (unsigned)strlen("--");
    lift(s);
    fputs(is_dim ? "\033[2m--" : "--", stdout);
    for (const char *word = sentence; *word;) {
        size_t len = strcspn(word, " ");
        unsigned width = width_of(word, len);
        bool fits = column + 1 + width <= columns() || column == strlen("--");
        column = (fits ? column : (unsigned)strlen("  ") - 1) + 1 + width;
        printf("%s%.*s", fits ? " " : "\n  ", (int)len, word);
        word += len + (word[len] == ' ');
    }
    puts(is_dim ? "\033[0m" : "");
    redraw(s);
}

void screen_resize(struct screen *s)
{
    lift(s);
    el_resize(s->editor);
    redraw(s);
}

void screen_suspend(struct screen *s)
{
    el_set(s->editor, EL_PREP_TERM, 0);
    kill(getpid(), SIGSTOP);
    el_set(s->editor, EL_PREP_TERM, 1);
    redraw(s);
}

void screen_close(struct screen *s)
{
    if (s->history) {
        history_end(s->history);
    }
    el_end(s->editor);
}
