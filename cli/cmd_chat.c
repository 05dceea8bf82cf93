/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "chat_input.h"
#include "commands.h"
#include "outbox.h"
#include "output.h"
#include "room.h"
#include "screen.h"
#include "session.h"
#include "text.h"
#include "timeline.h"
#include "waiting.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The prompt shows this much of a long topic. */
#define CHAT_TOPIC_SHOWN 24
/* Neighbours named by /who. */
#define CHAT_WHO_MAX 16
/* What is waited for is shown anew so often. */
#define CHAT_STATUS_MS 1000
/* Of a head: time, name and colours. */
#define CHAT_HEAD_MAX 256

struct chat {
    struct session session;
    struct screen screen;
    struct outbox outbox;
    struct timeline timeline;
    char topic[TEXT_CLEAN_SIZE(CHAT_TOPIC_SHOWN)];
    char waiting[WAITING_SENTENCE_MAX]; /* what is waited for; "": nothing */
    char notice[SCREEN_STATUS_MAX];     /* an answer to the last key; "": none */
    bool had_company;
    uint64_t alone_ms;                      /* since when there is no neighbour; 0: there is one */
    char text[TEXT_CLEAN_SIZE(EDITOR_MAX)]; /* of the line being printed */
};

/* ----------------------------------------------------------------- printing */

/* "HH:MM ", behind the day where that has changed. */
static void print_time(struct chat *c, char time_of_day[16])
{
    char day[TIMELINE_TEXT_MAX], rule[TIMELINE_TEXT_MAX + 16];
    time_t now = time(NULL);
    struct tm local;
    if (timeline_day(&c->timeline, now, day)) {
        snprintf(rule, sizeof(rule), "---- %s ----", day);
        screen_print(&c->screen, "", rule, c->screen.has_color ? SCREEN_DIM : "");
    }
    localtime_r(&now, &local);
    strftime(time_of_day, 16, "%H:%M", &local);
}

static void print_remark(struct chat *c, const char *sentence)
{
    char time_of_day[16], head[CHAT_HEAD_MAX];
    bool has_color = c->screen.has_color;
    print_time(c, time_of_day);
    snprintf(head, sizeof(head), "%s%s --%s ", has_color ? SCREEN_DIM : "", time_of_day,
             has_color ? SCREEN_NORMAL : "");
    screen_print(&c->screen, head, sentence, has_color ? SCREEN_DIM : "");
}

/* Prints a remark of the program itself, set apart from messages. */
OUTPUT_PRINTF(2, 3)
static void remark(struct chat *c, const char *format, ...)
{
    char sentence[1024];
    va_list args;
    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): clang-tidy 14 errs in a second file */
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    print_remark(c, sentence);
}

static void say(void *user, const char *sentence)
{
    print_remark(user, sentence);
}

/* One of six colours that are legible on dark and light screens, always the same for a peer. */
static unsigned color_of(const char *name)
{
    unsigned sum = 0;
    for (; *name; name++) {
        sum = sum * 31 + (unsigned char)*name;
    }
    return 31 + sum % 6;
}

/* `name` is the neighbour that passed the message on; it need not be the author. */
static void print_message(struct chat *c, const char *name, bool is_own, const void *data,
                          size_t len)
{
    char time_of_day[16], head[CHAT_HEAD_MAX];
    size_t action_len = len;
    const char *action = chat_input_action(data, len, &action_len);
    const char *via = is_own ? "" : "via ";
    print_time(c, time_of_day);
    if (c->screen.has_color) {
        snprintf(head, sizeof(head),
                 SCREEN_DIM "%s" SCREEN_NORMAL " %s" SCREEN_DIM "%s" SCREEN_NORMAL
                            "\033[%um%s%s" SCREEN_NORMAL " ",
                 time_of_day, action ? "* " : "", via, is_own ? 1 : color_of(name), name,
                 action ? "" : ":");
    } else {
        snprintf(head, sizeof(head), "%s %s%s%s%s ", time_of_day, action ? "* " : "", via, name,
                 action ? "" : ":");
    }
    text_clean_lines(c->text, action ? action : data, action_len);
    screen_print(&c->screen, head, c->text, "");
}

/* ------------------------------------------------------------------- status */

/* The session tells what it waits for. */
static void show_waiting(void *user, const char *sentence)
{
    struct chat *c = user;
    snprintf(c->waiting, sizeof(c->waiting), "%s", sentence);
}

/* What Enter would do with a text of several lines. */
static bool tell_paste(const struct chat *c, char status[SCREEN_STATUS_MAX])
{
    const struct editor *e = &c->screen.editor;
    size_t n = editor_n_lines(e);
    if (n < 2 || c->screen.is_taken) {
        return false;
    }
    snprintf(status, SCREEN_STATUS_MAX, "%zu lines%s: Enter sends them %s, Ctrl-C throws them away",
             n, e->is_cut ? ", the rest is too long and left out" : "",
             e->len <= DTT_MESSAGE_MAX ? "as one message" : "one by one");
    return true;
}

static void show_status(struct chat *c)
{
    char status[SCREEN_STATUS_MAX] = "";
    size_t n = c->outbox.n_waiting;
    if (c->notice[0]) {
        snprintf(status, sizeof(status), "%s", c->notice);
    } else if (!tell_paste(c, status) && c->waiting[0]) {
        char kept[64] = "";
        if (n > 0) {
            snprintf(kept, sizeof(kept), "%zu line%s kept for whoever comes first; ", n,
                     n == 1 ? " is" : "s are");
        }
        snprintf(status, sizeof(status), "%s%.*s", kept, (int)(sizeof(status) - sizeof(kept) - 1),
                 c->waiting);
    }
    screen_set_status(&c->screen, status);
    screen_show(&c->screen);
}

/* ------------------------------------------------------------------ sending */

static void send_waiting(struct chat *c)
{
    const struct outbox_line *line;
    while ((line = outbox_next(&c->outbox)) != NULL) {
        uint64_t repeated = session_n_repeated(&c->session);
        int err = dtt_topic_send(c->session.topic, line->text, line->len, 0);
        if (err == DTT_EAGAIN) {
            break;
        }
        if (err < 0) {
            remark(c, "a line was not sent: %s", dtt_error_text(err));
            outbox_drop(&c->outbox);
            continue;
        }
        outbox_sent(&c->outbox);
        if (session_n_repeated(&c->session) > repeated) {
            remark(c,
                   "nobody sees that: the same was said within 90 s, and equal lines count once");
        }
    }
    outbox_confirm(&c->outbox, dtt_topic_unsent(c->session.topic));
}

static void send_line(struct chat *c, const char *line, size_t len)
{
    if (len > DTT_MESSAGE_MAX) {
        remark(c, "that line has %zu bytes, more than the %d of a message: not sent", len,
               DTT_MESSAGE_MAX);
        return;
    }
    if (!outbox_add(&c->outbox, line, len)) {
        remark(c, "too many lines are waiting for a peer: the last one was not sent");
        return;
    }
    if (!c->screen.is_plain) { /* there it has been seen */
        print_message(c, "me", true, line, len);
    }
    send_waiting(c);
    if (c->screen.is_plain && c->outbox.n_waiting == 1 && session_is_alone(&c->session)) {
        remark(c, "nobody is here to hear that; it will be sent to whoever comes first");
    }
}

/* A paste that is too long for one message goes line by line. */
static void send_lines(struct chat *c, const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end ? (size_t)(end - text) - at : len - at;
        if (n > 0) {
            send_line(c, text + at, n);
        }
        at += n + 1;
    }
}

static void say_text(struct chat *c, const char *text, size_t len)
{
    if (len > DTT_MESSAGE_MAX && memchr(text, '\n', len)) {
        send_lines(c, text, len);
    } else {
        send_line(c, text, len);
    }
}

/* ----------------------------------------------------------------- commands */

static void show_help(struct chat *c)
{
    const char *line;
    for (size_t i = 0; (line = chat_input_help(i)) != NULL; i++) {
        screen_print(&c->screen, "", line, "");
    }
}

static void show_who(struct chat *c)
{
    struct dtt_id peers[CHAT_WHO_MAX];
    char name[ROOM_NAME_DIGITS + 1];
    char names[CHAT_WHO_MAX * (ROOM_NAME_DIGITS + 2) + 1] = "";
    size_t n = dtt_topic_neighbors(c->session.topic, peers, CHAT_WHO_MAX);
    room_name(dtt_node_id(c->session.node), name);
    remark(c, "you are %s", name);
    if (n == 0) {
        remark(c, "nobody else is here yet");
        return;
    }
    size_t shown = n < CHAT_WHO_MAX ? n : CHAT_WHO_MAX;
    size_t len = 0;
    for (size_t i = 0; i < shown; i++) {
        room_name(&peers[i], name);
        len += (size_t)sprintf(names + len, "%s%s", i > 0 ? ", " : "", name);
    }
    remark(c, "%zu neighbour%s: %s", n, n == 1 ? "" : "s", names);
}

static void enter_line(struct chat *c, const char *line, size_t len)
{
    while (len > 0 && line[len - 1] == '\n') {
        len--; /* of a paste */
    }
    struct chat_input in = chat_input_read(line, len);
    switch (in.verb) {
    case CHAT_NOTHING: break;
    case CHAT_SAY: say_text(c, in.text, in.len); break;
    case CHAT_HELP: show_help(c); break;
    case CHAT_WHO: show_who(c); break;
    case CHAT_ME:
        if (in.len > 0) {
            send_line(c, in.text, in.len);
        } else {
            remark(c, "'/me' needs an action, as in '/me waves'");
        }
        break;
    case CHAT_QUIT: session_end(&c->session, EXIT_OK); break;
    case CHAT_UNKNOWN:
        remark(c,
               "'%.*s' is not a command, and was not sent; '/help' lists them, '//' sends a slash",
               (int)in.len, in.text);
        break;
    }
}

/* ---------------------------------------------------------------- receiving */

/* A mark where there was nobody to hear from, and how long that was. */
static void mark_company(struct chat *c)
{
    bool is_alone = session_is_alone(&c->session);
    if (is_alone && c->alone_ms == 0) {
        c->alone_ms = timeline_now_ms();
    } else if (!is_alone && c->alone_ms > 0) {
        char how_long[TIMELINE_TEXT_MAX];
        uint64_t ms = timeline_now_ms() - c->alone_ms;
        timeline_duration(ms, how_long);
        if (c->had_company && ms >= TIMELINE_AWAY_MS) {
            remark(c, "you were alone for %s: what was said elsewhere meanwhile may be missing",
                   how_long);
        }
        c->alone_ms = 0;
        c->had_company = true;
    }
}

/* And where the computer slept. */
static void mark_away(struct chat *c)
{
    char how_long[TIMELINE_TEXT_MAX];
    uint64_t ms = timeline_away(&c->timeline, timeline_now_ms());
    if (ms > 0) {
        timeline_duration(ms, how_long);
        remark(c, "you were away for %s: what was said meanwhile may be missing", how_long);
    }
}

static void name_lost(struct chat *c, uint64_t n)
{
    struct outbox_line *line;
    for (; n > 0 && c->outbox.n_sent > 0; n--) {
        line = outbox_take(&c->outbox);
        text_clean_lines(c->text, line->text, line->len);
        remark(c, "not sent: %.900s", c->text);
        free(line);
    }
}

static void take_event(struct chat *c, const struct dtt_event *event)
{
    char name[ROOM_NAME_DIGITS + 1];
    char sentence[ROOM_SENTENCE_MAX];
    if (event->type == DTT_EVENT_MESSAGE) {
        room_name(&event->u.message.neighbor, name);
        print_message(c, name, false, event->u.message.data, event->u.message.len);
    } else if (event->type == DTT_EVENT_LAGGED) {
        remark(c, "%llu events were lost: they came faster than they were shown",
               (unsigned long long)event->u.lagged.missed);
    } else if (event->type == DTT_EVENT_LOST) {
        name_lost(c, event->u.lost.messages);
    } else if (room_sentence(event, sentence)) {
        remark(c, "%s", sentence);
    }
    if (event->type == DTT_EVENT_NEIGHBOR_DOWN && session_is_alone(&c->session)) {
        remark(c, "nobody is left; looking for others");
    }
}

static void take_keys(struct chat *c)
{
    const char *line;
    size_t len;
    while (!c->session.is_over) {
        switch (screen_next(&c->screen, &line, &len)) {
        case SCREEN_NONE: return;
        case SCREEN_LINE: enter_line(c, line, len); break;
        case SCREEN_TOO_LONG:
            remark(c, "that line has %zu bytes, more than the %d of a message: not sent", len,
                   DTT_MESSAGE_MAX);
            break;
        case SCREEN_INTERRUPT:
            snprintf(c->notice, sizeof(c->notice),
                     "the line is gone, Ctrl-Y brings it back; Ctrl-C again leaves");
            break;
        case SCREEN_END: session_end(&c->session, EXIT_OK); break;
        }
    }
}

static void turn(struct chat *c)
{
    const struct dtt_event *event;
    struct pollfd fds[SESSION_FDS + 1];
    mark_away(c);
    while ((event = session_event(&c->session)) != NULL) {
        take_event(c, event);
    }
    mark_company(c);
    send_waiting(c);
    show_status(c);
    fds[SESSION_FDS] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    c->session.alarm_ms = session_now_ms() + (c->waiting[0] ? CHAT_STATUS_MS : TIMELINE_STEP_MS);
    session_turn(&c->session, fds, SESSION_FDS + 1);
    if (!c->session.is_over && fds[SESSION_FDS].revents) {
        c->notice[0] = '\0';
        if (!screen_fill(&c->screen)) {
            session_end(&c->session, EXIT_OK); /* the terminal is gone */
        }
        take_keys(c);
    }
}

static void on_signal(void *user, int number)
{
    struct chat *c = user;
    if (number == SIGWINCH) {
        screen_resize(&c->screen);
    } else {
        screen_suspend(&c->screen);
    }
}

static void welcome(struct chat *c)
{
    char name[ROOM_NAME_DIGITS + 1];
    text_clean(c->topic, c->session.options->arg,
               strnlen(c->session.options->arg, CHAT_TOPIC_SHOWN));
    room_name(dtt_node_id(c->session.node), name);
    snprintf(c->text, sizeof(c->text), "%s> ", c->topic);
    screen_set_prompt(&c->screen, c->text);
    remark(c, "'%s': you are %s. Type a line to send it; '/help' lists commands, Ctrl-D leaves.",
           c->topic, name);
    remark(c, "%s", session_kind(&c->session));
}

/* Names what was not sent; returns the exit code. */
static int leave(struct chat *c)
{
    const struct dtt_event *event;
    struct outbox_line *line;
    uint64_t n_lost = 0;
    session_leave(&c->session);
    while ((event = session_event(&c->session)) != NULL) {
        n_lost += event->type == DTT_EVENT_LOST ? event->u.lost.messages : 0;
    }
    outbox_confirm(&c->outbox, n_lost);
    if (c->outbox.n_waiting > 0) {
        output_say("%zu line%s not sent: no neighbour took %s", c->outbox.n_waiting,
                   c->outbox.n_waiting == 1 ? " was" : "s were",
                   c->outbox.n_waiting == 1 ? "it" : "them");
    }
    while ((line = outbox_take(&c->outbox)) != NULL) {
        text_clean(c->text, line->text, line->len);
        output_say("not sent: %s", c->text);
        n_lost++;
        free(line);
    }
    if (c->session.code != EXIT_OK) {
        return c->session.code;
    }
    return n_lost > 0 || c->session.n_lost > 0 ? EXIT_REACH : EXIT_OK;
}

static int run_on_terminal(struct options *o, bool is_plain)
{
    struct chat *c = calloc(1, sizeof(*c));
    if (!c) {
        return output_fail(EXIT_INTERNAL, "out of memory");
    }
    c->session.on_signal = on_signal;
    c->session.user = c;
    int code = session_open(&c->session, o, SESSION_JOIN, 0, 0);
    if (code == EXIT_OK && !screen_open(&c->screen, is_plain)) {
        code = EXIT_INTERNAL;
    } else if (code == EXIT_OK) {
        c->session.say = say;
        c->session.show_waiting = is_plain ? NULL : show_waiting;
        welcome(c);
        while (!c->session.is_over) {
            turn(c);
        }
        screen_close(&c->screen);
        c->session.say = NULL;
        code = leave(c);
    }
    session_close(&c->session);
    outbox_free(&c->outbox);
    free(c);
    return code;
}

static int run(struct options *o)
{
    const char *term = getenv("TERM");
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || o->json) {
        return room_run(o, true);
    }
    return run_on_terminal(o, o->plain || !term || !*term || strcmp(term, "dumb") == 0);
}

const struct command command_chat = {
    .name = "chat",
    .arg = "TOPIC",
    .summary = "talk in the room of a topic and its secret",
    .details = "Type a line to send it; '/help' lists commands. What else begins with a\n"
               "slash is not sent. Lines typed before anybody is there are sent to whoever\n"
               "comes first. A paste of several lines is one message. Ctrl-C clears a line; it\n"
               "leaves when there is none, and so does Ctrl-D.\n"
               "\n"
               "A name is the beginning of an endpoint id. 'via NAME' is the neighbour that\n"
               "passed the message on: in a room of three it need not be the author, whom the\n"
               "swarm does not know. Equal lines within 90 seconds count as one.\n"
               "\n"
               "The secret decides who finds the room. With the topic and the address of one\n"
               "member anybody can hear and speak without it, but not with '--closed'.\n"
               "\n"
               "Without a terminal, or with '--json', lines are read and printed as 'dtt pipe'\n"
               "does, with names.",
    .options = OPTIONS_TOPIC | OPTION_BIT(OPTION_PLAIN) | OPTION_BIT(OPTION_QUIT_ON_EOF),
    .run = run,
};
