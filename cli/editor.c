/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "editor.h"

#include "codec/text.h"
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#define REPLACEMENT 0xfffd
#define CTRL(letter) ((letter)&0x1f)
#define KEY_ESCAPE 0x1b
#define KEY_DELETE 0x7f

/* ------------------------------------------------------------------- the text */

static void insert(struct editor *e, const char *text, size_t len)
{
    if (e->len + len > EDITOR_MAX) {
        e->is_cut = true;
        return;
    }
    memmove(e->text + e->cursor + len, e->text + e->cursor, e->len - e->cursor);
    memcpy(e->text + e->cursor, text, len);
    e->len += len;
    e->cursor += len;
}

static void cut(struct editor *e, size_t from, size_t to)
{
    memmove(e->text + from, e->text + to, e->len - to);
    e->len -= to - from;
    e->cursor = from;
}

/* Cuts and remembers for Ctrl-Y. */
static void kill_text(struct editor *e, size_t from, size_t to)
{
    char *killed = to > from ? strndup(e->text + from, to - from) : NULL;
    if (killed) {
        free(e->killed);
        e->killed = killed;
        cut(e, from, to);
    }
}

static size_t next(const struct editor *e)
{
    return e->cursor < e->len ? rows_next(e->text, e->len, e->cursor) : e->len;
}

static size_t previous(const struct editor *e)
{
    return rows_previous(e->text, e->len, e->cursor);
}

static bool is_between_words(char c)
{
    return c == ' ' || c == '\n';
}

static size_t next_word(const struct editor *e)
{
    size_t at = e->cursor;
    while (at < e->len && is_between_words(e->text[at])) {
        at++;
    }
    while (at < e->len && !is_between_words(e->text[at])) {
        at++;
    }
    return at;
}

static size_t previous_word(const struct editor *e)
{
    size_t at = e->cursor;
    while (at > 0 && is_between_words(e->text[at - 1])) {
        at--;
    }
    while (at > 0 && !is_between_words(e->text[at - 1])) {
        at--;
    }
    return at;
}

void editor_clear(struct editor *e)
{
    e->len = e->cursor = 0;
    e->is_cut = false;
    e->at_history = e->n_history;
}

size_t editor_n_lines(const struct editor *e)
{
    size_t n = 1;
    for (size_t i = 0; i + 1 < e->len; i++) {
        n += e->text[i] == '\n';
    }
    return n;
}

/* ------------------------------------------------------------------- history */

void editor_remember(struct editor *e)
{
    char *line = strndup(e->text, e->len);
    size_t last = e->n_history - 1;
    if (!line || (e->n_history > 0 && strcmp(e->history[last], line) == 0)) {
        free(line);
        return;
    }
    if (e->n_history == EDITOR_HISTORY) {
        free(e->history[0]);
        memmove(e->history, e->history + 1, last * sizeof(e->history[0]));
        e->n_history--;
    }
    e->history[e->n_history++] = line;
    e->at_history = e->n_history;
}

static void show_history(struct editor *e, size_t at)
{
    if (at > e->n_history) {
        return;
    }
    if (e->at_history == e->n_history) {
        free(e->draft);
        e->draft = strndup(e->text, e->len);
    }
    const char *line = at < e->n_history ? e->history[at] : e->draft;
    e->len = e->cursor = 0;
    insert(e, line ? line : "", line ? strlen(line) : 0);
    e->at_history = at;
}

/* ---------------------------------------------------------------------- keys */

static enum editor_result control_key(struct editor *e, uint8_t key)
{
    switch (key) {
    case '\r':
    case '\n': return EDITOR_LINE;
    case CTRL('A'): e->cursor = 0; break;
    case CTRL('B'): e->cursor = previous(e); break;
    case CTRL('C'):
        if (e->len == 0) {
            return EDITOR_LEAVE;
        }
        kill_text(e, 0, e->len);
        editor_clear(e);
        return EDITOR_INTERRUPT;
    case CTRL('D'):
        if (e->len == 0) {
            return EDITOR_LEAVE;
        }
        cut(e, e->cursor, next(e));
        break;
    case CTRL('E'): e->cursor = e->len; break;
    case CTRL('F'): e->cursor = next(e); break;
    case CTRL('H'):
    case KEY_DELETE: cut(e, previous(e), e->cursor); break;
    case CTRL('K'): kill_text(e, e->cursor, e->len); break;
    case CTRL('L'): return EDITOR_REDRAW;
    case CTRL('N'): show_history(e, e->at_history + 1); break;
    case CTRL('P'): show_history(e, e->at_history - 1); break;
    case CTRL('U'): kill_text(e, 0, e->cursor); break;
    case CTRL('W'): kill_text(e, previous_word(e), e->cursor); break;
    case CTRL('Y'):
        if (e->killed) {
            insert(e, e->killed, strlen(e->killed));
        }
        break;
    case CTRL('Z'): return EDITOR_SUSPEND;
    case '\t': insert(e, " ", 1); break; /* a tab has no fixed width, and nothing is completed */
    default: break;
    }
    return EDITOR_MORE;
}

/* ESC and this key, which is Alt and this key. */
static void alt_key(struct editor *e, uint8_t key)
{
    switch (key) {
    case 'b': e->cursor = previous_word(e); break;
    case 'f': e->cursor = next_word(e); break;
    case 'd': kill_text(e, e->cursor, next_word(e)); break;
    case CTRL('H'):
    case KEY_DELETE: kill_text(e, previous_word(e), e->cursor); break;
    default: break;
    }
}

/* An escape sequence that ends with this byte: a key with a name, or one end of a paste. */
static void named_key(struct editor *e, uint8_t last)
{
    const char *p = e->parameters;
    bool with_ctrl = strcmp(p, "1;5") == 0 || strcmp(p, "1;3") == 0;
    if (last == '~' && (strcmp(p, "200") == 0 || strcmp(p, "201") == 0)) {
        e->pasting = p[2] == '0';
    }
    if (e->pasting) {
        return;
    }
    switch (last) {
    case 'A': show_history(e, e->at_history - 1); break;
    case 'B': show_history(e, e->at_history + 1); break;
    case 'C': e->cursor = with_ctrl ? next_word(e) : next(e); break;
    case 'D': e->cursor = with_ctrl ? previous_word(e) : previous(e); break;
    case 'H': e->cursor = 0; break;
    case 'F': e->cursor = e->len; break;
    case '~':
        if (strcmp(p, "1") == 0 || strcmp(p, "7") == 0) {
            e->cursor = 0;
        } else if (strcmp(p, "4") == 0 || strcmp(p, "8") == 0) {
            e->cursor = e->len;
        } else if (strcmp(p, "3") == 0) {
            cut(e, e->cursor, next(e));
        }
        break;
    default: break;
    }
}

/* Characters come in pieces; what is no UTF-8, or controls a terminal, becomes U+FFFD. */
static void insert_code(struct editor *e, uint32_t code)
{
    char text[4];
    e->n_partial = 0;
    insert(e, text, dtt_utf8_encode(text, code >= 0x80 && code < 0xa0 ? REPLACEMENT : code));
}

static void take_character(struct editor *e, uint8_t byte)
{
    uint32_t code = REPLACEMENT;
    bool goes_on = (byte & 0xc0) == 0x80;
    if (e->n_partial > 0 && !goes_on) {
        insert_code(e, REPLACEMENT);
    }
    e->partial[e->n_partial++] = byte;
    if (dtt_utf8_decode(&code, dtt_slice(e->partial, e->n_partial)) > 0) {
        insert_code(e, code);
    } else if (e->partial[0] < 0xc2 || e->partial[0] > 0xf4 || e->n_partial == 4) {
        insert_code(e, REPLACEMENT);
    }
}

/* In a paste a line ends with CR, LF or both. */
static void paste_control(struct editor *e, uint8_t byte)
{
    bool is_second = byte == '\n' && e->after_return;
    e->after_return = byte == '\r';
    if (byte == '\t') {
        insert(e, " ", 1);
    } else if (byte == '\r' || (byte == '\n' && !is_second)) {
        insert(e, "\n", 1);
    }
}

static enum editor_result plain_key(struct editor *e, uint8_t byte)
{
    bool is_control = byte < 0x20 || byte == KEY_DELETE;
    if (is_control && !e->pasting) {
        return control_key(e, byte);
    }
    if (is_control) {
        paste_control(e, byte);
    } else {
        e->after_return = false;
        take_character(e, byte);
    }
    return EDITOR_MORE;
}

enum editor_result editor_key(struct editor *e, uint8_t byte)
{
    enum editor_state state = e->state;
    e->state = EDITOR_PLAIN;
    if (byte == KEY_ESCAPE) {
        e->state = EDITOR_ESCAPE;
    } else if (state == EDITOR_ESCAPE && (byte == '[' || byte == 'O')) {
        e->state = EDITOR_PARAMETERS;
        e->n_parameters = 0;
    } else if (state == EDITOR_ESCAPE && !e->pasting) {
        alt_key(e, byte);
    } else if (state == EDITOR_PARAMETERS && byte >= 0x20 && byte < 0x40) {
        e->state = EDITOR_PARAMETERS;
        if (e->n_parameters < EDITOR_PARAMETERS_MAX) {
            e->parameters[e->n_parameters++] = (char)byte;
        }
    } else if (state == EDITOR_PARAMETERS) {
        e->parameters[e->n_parameters] = '\0';
        named_key(e, byte);
    } else {
        return plain_key(e, byte);
    }
    return EDITOR_MORE;
}

void editor_free(struct editor *e)
{
    while (e->n_history > 0) {
        free(e->history[--e->n_history]);
    }
    free(e->killed);
    free(e->draft);
    e->killed = e->draft = NULL;
}
