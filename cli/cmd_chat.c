/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "chat.h"
#include "chat_input.h"
#include "commands.h"
#include "name_file.h"
#include "room.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is waited for is shown anew so often. */
#define STATUS_MS 1000

/* ------------------------------------------------------------------- status */

/* The session tells what it waits for. */
static void show_waiting(void *user, const char *sentence)
{
    struct chat *c = user;
    snprintf(c->waiting, sizeof(c->waiting), "%s", sentence);
}

static void say(void *user, const char *sentence)
{
    chat_remark(user, "%s", sentence);
}

static bool is_signed(const struct chat *c)
{
    return !c->session.options->is_unsigned;
}

static size_t message_max(const struct chat *c)
{
    return is_signed(c) ? DTT_MESSAGE_SIGNED_MAX : DTT_MESSAGE_MAX;
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
             e->len <= message_max(c) ? "as one message" : "one by one");
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
        int err = dtt_topic_send(c->session.topic, line->text, line->len,
                                 is_signed(c) ? DTT_SEND_SIGNED : 0);
        if (err == DTT_EAGAIN) {
            break;
        }
        if (err < 0) {
            chat_remark(c, "a line was not sent: %s", dtt_error_text(err));
            outbox_drop(&c->outbox);
            continue;
        }
        outbox_sent(&c->outbox);
        if (session_n_repeated(&c->session) > repeated) {
            chat_remark(
                c,
                "nobody sees that: the same was said within 3 minutes, and equal lines count once");
        }
    }
    outbox_confirm(&c->outbox, dtt_topic_unsent(c->session.topic));
}

static void send_line(struct chat *c, const char *line, size_t len)
{
    if (len > message_max(c)) {
        chat_remark(c, "that line has %zu bytes, more than the %zu of a message: not sent", len,
                    message_max(c));
        return;
    }
    if (!outbox_add(&c->outbox, line, len)) {
        chat_remark(c, "too many lines are waiting for a peer: the last one was not sent");
        return;
    }
    if (!c->screen.is_plain) { /* there it has been seen */
        chat_print_own(c, line, len);
    }
    send_waiting(c);
    if (c->screen.is_plain && c->outbox.n_waiting == 1 && session_is_alone(&c->session)) {
        chat_remark(c, "nobody is here to hear that; it will be sent to whoever comes first");
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
    if (len > message_max(c) && memchr(text, '\n', len)) {
        send_lines(c, text, len);
    } else {
        send_line(c, text, len);
    }
}

/* ----------------------------------------------------------------- commands */

/* Others are told; the name stays with the identity if there is one. */
static void change_name(struct chat *c, const char *text, size_t len)
{
    const char *identity = c->session.options->identity;
    char name[DTT_NAME_MAX + 1], clean[NAMES_CLEAN_MAX];
    int error = 0;
    if (len == 0) {
        chat_remark(c, "'/name' needs a name, as in '/name Ann'");
        return;
    }
    if (len > DTT_NAME_MAX) {
        chat_remark(c, "that name has %zu bytes, more than %d: nothing has changed", len,
                    DTT_NAME_MAX);
        return;
    }
    memcpy(name, text, len);
    name[len] = '\0';
    if (memchr(name, '\n', len) || !names_clean(name, clean) ||
        dtt_topic_set_name(c->session.topic, name) != 0) {
        chat_remark(c, "that is no name that others could read: nothing has changed");
        return;
    }
    names_set_own(&c->names, dtt_node_id(c->session.node), name);
    if (identity) {
        error = name_file_write(identity, name);
    }
    if (error) {
        chat_remark(c, "you are %s, but cannot keep that in '%s.name': %s", clean, identity,
                    strerror(error));
    } else {
        chat_remark(c, "you are %s; %s", clean,
                    identity ? "that is kept" : "with '--identity' that would be kept");
    }
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
    case CHAT_HELP: chat_print_help(c); break;
    case CHAT_WHO: chat_print_members(c); break;
    case CHAT_ME:
        if (in.len > 0) {
            send_line(c, in.text, in.len);
        } else {
            chat_remark(c, "'/me' needs an action, as in '/me waves'");
        }
        break;
    case CHAT_NAME: change_name(c, in.text, in.len); break;
    case CHAT_QUIT: session_end(&c->session, EXIT_OK); break;
    case CHAT_UNKNOWN:
        chat_remark(
            c, "'%.*s' is not a command, and was not sent; '/help' lists them, '//' sends a slash",
            (int)in.len, in.text);
        break;
    }
}

/* ---------------------------------------------------------------- receiving */

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
            chat_remark(c,
                        "you were alone for %s: what was said elsewhere meanwhile may be missing",
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
        chat_remark(c, "you were away for %s: what was said meanwhile may be missing", how_long);
    }
}

static void name_lost(struct chat *c, uint64_t n)
{
    struct outbox_line *line;
    for (; n > 0 && c->outbox.n_sent > 0; n--) {
        line = outbox_take(&c->outbox);
        text_clean_lines(c->text, line->text, line->len);
        chat_remark(c, "not sent: %.900s", c->text);
        free(line);
    }
}

static void take_member(struct chat *c, const struct dtt_event_member *m)
{
    char before[NAMES_SHOWN_MAX], now[NAMES_SHOWN_MAX];
    names_show(&c->names, &m->member, before);
    names_refresh(&c->names, c->session.topic);
    names_show(&c->names, &m->member, now);
    switch (m->change) {
    case DTT_MEMBER_APPEARED: chat_remark(c, "%s is here", now); break;
    case DTT_MEMBER_NAMED:
        if (strcmp(before, now) != 0) { /* else it was seen with one of the events before */
            chat_remark(c, "%s is called %s now", before, now);
        }
        break;
    case DTT_MEMBER_GONE: chat_remark(c, "%s has left", before); break;
    default: break;
    }
}

static void take_event(struct chat *c, const struct dtt_event *event)
{
    char name[NAMES_SHOWN_MAX];
    switch (event->type) {
    case DTT_EVENT_MESSAGE: chat_print_message(c, &event->u.message); break;
    case DTT_EVENT_MEMBER: take_member(c, &event->u.member); break;
    case DTT_EVENT_MISSED:
        names_show(&c->names, &event->u.missed.author, name);
        chat_remark(c, "%llu message%s of %s missed", (unsigned long long)event->u.missed.messages,
                    event->u.missed.messages == 1 ? "" : "s", name);
        break;
    case DTT_EVENT_LOST: name_lost(c, event->u.lost.messages); break;
    case DTT_EVENT_LISTENING:
        if (event->u.listening.n_addrs > 0) {
            c->addr = event->u.listening.addrs[0];
        }
        break;
    case DTT_EVENT_EXTERNAL_ADDR: c->addr = event->u.external_addr.addr; break;
    case DTT_EVENT_LAGGED:
        chat_remark(c, "%llu events were lost: they came faster than they were shown",
                    (unsigned long long)event->u.lagged.missed);
        break;
    case DTT_EVENT_JOINED:
        chat_remark(c, "joined after %.2f s", (double)event->u.joined.elapsed_ms / 1000);
        break;
    case DTT_EVENT_NEIGHBOR_DOWN: /* which others are neighbours is of no interest */
        names_show(&c->names, &event->u.neighbor.peer, name);
        if (!session_is_alone(&c->session)) {
            break;
        }
        if (event->u.neighbor.reason != DTT_REASON_DISCONNECT) { /* else MEMBER tells */
            chat_remark(c, "%s %s", name, dtt_reason_text(event->u.neighbor.reason));
        }
        chat_remark(c, "nobody is left; looking for others");
        break;
    default: break;
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
            chat_remark(c, "that line has %zu bytes, more than the %zu of a message: not sent", len,
                        message_max(c));
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
    c->session.alarm_ms = session_now_ms() + (c->waiting[0] ? STATUS_MS : TIMELINE_STEP_MS);
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

/* The name that is asked for, or the one that is kept. */
static void start_name(struct chat *c)
{
    const struct options *o = c->session.options;
    char kept[DTT_NAME_MAX + 1] = "";
    int error = o->identity ? name_file_read(o->identity, kept) : 0;
    names_set_own(&c->names, dtt_node_id(c->session.node), "");
    if (error) {
        chat_remark(c, "cannot read '%s.name': %s", o->identity, strerror(error));
    }
    if (o->name && strcmp(o->name, kept) != 0) {
        change_name(c, o->name, strlen(o->name));
    } else if (kept[0] && dtt_topic_set_name(c->session.topic, kept) == 0) {
        names_set_own(&c->names, dtt_node_id(c->session.node), kept);
    }
}

static void welcome(struct chat *c)
{
    char name[NAMES_SHOWN_MAX], digits[NAMES_ID_DIGITS + 1];
    const struct dtt_id *id = dtt_node_id(c->session.node);
    text_clean(c->topic, c->session.options->arg,
               strnlen(c->session.options->arg, CHAT_TOPIC_SHOWN));
    snprintf(c->text, sizeof(c->text), "%s> ", c->topic);
    screen_set_prompt(&c->screen, c->text);
    start_name(c);
    names_id(id, digits);
    names_show(&c->names, id, name);
    chat_remark(c,
                "'%s': you are %s. Type a line to send it; '/help' lists commands, Ctrl-D leaves.",
                c->topic, c->names.entries[0].clean[0] ? name : digits);
    chat_remark(c, "%s", session_kind(&c->session));
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
               "A name is what the author, who has signed the line, calls itself, or the\n"
               "beginning of its endpoint id, which also stands behind a name that could be\n"
               "taken for another's. Of a line that is not signed nobody knows the author, and\n"
               "'via NAME' is the neighbour that passed it on.\n"
               "\n"
               "The secret decides who finds the room. With the topic and the address of one\n"
               "member anybody can hear and speak without it, but not with '--closed'.\n"
               "\n"
               "Without a terminal, or with '--json', lines are read and printed as 'dtt pipe'\n"
               "does, with names.",
    .options = OPTIONS_TOPIC | OPTION_BIT(OPTION_NAME) | OPTION_BIT(OPTION_UNSIGNED) |
               OPTION_BIT(OPTION_PLAIN) | OPTION_BIT(OPTION_QUIT_ON_EOF),
    .run = run,
};
