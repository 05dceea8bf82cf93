/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "chat_input.h"
#include "commands.h"
#include "output.h"
#include "room.h"
#include "screen.h"
#include "session.h"
#include "text.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Lines that may wait for a peer to send them to. */
#define CHAT_WAITING_MAX 64
/* The prompt shows this much of a long topic. */
#define CHAT_TOPIC_SHOWN 24
/* Neighbours named by /who. */
#define CHAT_WHO_MAX 16

struct waiting_line {
    size_t len;
    char *text;
};

struct chat {
    struct session session;
    struct screen screen;
    bool has_color;
    char topic[TEXT_CLEAN_SIZE(CHAT_TOPIC_SHOWN)];
    struct waiting_line waiting[CHAT_WAITING_MAX]; /* a ring */
    size_t first_waiting, n_waiting;
    char text[TEXT_CLEAN_SIZE(SCREEN_LINE_MAX)]; /* of the line being printed */
};

/* ----------------------------------------------------------------- printing */

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
    screen_remark(&c->screen, sentence, c->has_color);
}

static void say(void *user, const char *sentence)
{
    remark(user, "%s", sentence);
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
    time_t now = time(NULL);
    struct tm local;
    char hour[8];
    int n;
    size_t action_len = len;
    const char *action = chat_input_action(data, len, &action_len);
    const char *via = is_own ? "" : "via ";
    localtime_r(&now, &local);
    strftime(hour, sizeof(hour), "%H:%M", &local);
    if (c->has_color) {
        n = sprintf(c->text, "\033[2m%s\033[0m %s\033[2m%s\033[0m\033[%um%s%s\033[0m ", hour,
                    action ? "* " : "", via, is_own ? 1 : color_of(name), name, action ? "" : ":");
    } else {
        n = sprintf(c->text, "%s %s%s%s%s ", hour, action ? "* " : "", via, name,
                    action ? "" : ":");
    }
    text_clean(c->text + n, action ? action : data, action_len);
    screen_print(&c->screen, c->text);
}

static void show_state(struct chat *c)
{
    char prompt[SCREEN_PROMPT_MAX];
    snprintf(prompt, sizeof(prompt),
             session_is_alone(&c->session) ? "%s (looking for peers)> " : "%s> ", c->topic);
    screen_set_prompt(&c->screen, prompt);
}

/* ------------------------------------------------------------------ sending */

static void send_waiting(struct chat *c)
{
    while (c->n_waiting > 0) {
        struct waiting_line *w = &c->waiting[c->first_waiting];
        uint64_t repeated = session_n_repeated(&c->session);
        int err = dtt_topic_send(c->session.topic, w->text, w->len, 0);
        if (err == DTT_EAGAIN) {
            return;
        }
        if (err < 0) {
            remark(c, "a line was not sent: %s", dtt_error_text(err));
        } else if (session_n_repeated(&c->session) > repeated) {
            remark(c,
                   "nobody sees that: the same was said within 90 s, and equal lines count once");
        }
        free(w->text);
        c->first_waiting = (c->first_waiting + 1) % CHAT_WAITING_MAX;
        c->n_waiting--;
    }
}

static void send_line(struct chat *c, const char *line, size_t len)
{
    if (len > DTT_MESSAGE_MAX) {
        remark(c, "that line has %zu bytes, more than the %d of a message: not sent", len,
               DTT_MESSAGE_MAX);
        return;
    }
    struct waiting_line *w = &c->waiting[(c->first_waiting + c->n_waiting) % CHAT_WAITING_MAX];
    if (c->n_waiting == CHAT_WAITING_MAX || !(w->text = malloc(len))) {
        remark(c, "too many lines are waiting for a peer: the last one was not sent");
        return;
    }
    memcpy(w->text, line, len);
    w->len = len;
    c->n_waiting++;
    print_message(c, "me", true, line, len);
    send_waiting(c);
    if (c->n_waiting == 1 && session_is_alone(&c->session)) {
        remark(c, "nobody is here to hear that; it will be sent to whoever comes first");
    }
}

static void show_help(struct chat *c)
{
    const char *line;
    for (size_t i = 0; (line = chat_input_help(i)) != NULL; i++) {
        screen_print(&c->screen, line);
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
    struct chat_input in = chat_input_read(line, len);
    switch (in.verb) {
    case CHAT_NOTHING: break;
    case CHAT_SAY: send_line(c, in.text, in.len); break;
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
    } else if (room_sentence(event, sentence)) {
        remark(c, "%s", sentence);
    }
    if (event->type == DTT_EVENT_NEIGHBOR_DOWN && session_is_alone(&c->session)) {
        remark(c, "nobody is left; looking for others");
    }
}

/* Everything but editing happens here, while the line editor waits for a key. */
static bool wait_key(void *user)
{
    struct chat *c = user;
    const struct dtt_event *event;
    struct pollfd fds[SESSION_FDS + 1];
    for (;;) {
        while ((event = session_event(&c->session)) != NULL) {
            take_event(c, event);
        }
        send_waiting(c);
        show_state(c);
        if (c->session.is_over) {
            return false;
        }
        fds[SESSION_FDS] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
        session_turn(&c->session, fds, SESSION_FDS + 1);
        if (!c->session.is_over && fds[SESSION_FDS].revents) {
            return true;
        }
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
    remark(c, "'%s': you are %s. Type a line to send it; '/help' lists commands, Ctrl-D leaves.",
           c->topic, name);
}

/* Says what was not sent; returns the exit code. */
static int leave(struct chat *c)
{
    session_leave(&c->session);
    while (session_event(&c->session) != NULL) {
    }
    if (c->n_waiting > 0) {
        output_say("%zu line%s not sent: no neighbour took %s", c->n_waiting,
                   c->n_waiting == 1 ? " was" : "s were", c->n_waiting == 1 ? "it" : "them");
    }
    if (c->session.code != EXIT_OK) {
        return c->session.code;
    }
    return c->n_waiting > 0 || c->session.n_lost > 0 ? EXIT_REACH : EXIT_OK;
}

static int run_on_terminal(struct options *o)
{
    struct chat *c = calloc(1, sizeof(*c));
    const char *line;
    size_t len;
    if (!c) {
        return output_fail(EXIT_INTERNAL, "out of memory");
    }
    c->session.on_signal = on_signal;
    c->session.user = c;
    c->has_color = output_has_color(STDOUT_FILENO);
    int code = session_open(&c->session, o, SESSION_JOIN, 0, 0);
    if (code == EXIT_OK && !screen_open(&c->screen, wait_key, c)) {
        code = output_fail(EXIT_INTERNAL, "the line editor did not start");
    } else if (code == EXIT_OK) {
        c->session.say = say;
        welcome(c);
        while (!c->session.is_over && (line = screen_read(&c->screen, &len)) != NULL) {
            enter_line(c, line, len);
        }
        screen_close(&c->screen);
        c->session.say = NULL;
        code = leave(c);
    }
    session_close(&c->session);
    while (c->n_waiting > 0) {
        free(c->waiting[(c->first_waiting + --c->n_waiting) % CHAT_WAITING_MAX].text);
    }
    free(c);
    return code;
}

static int run(struct options *o)
{
    const char *term = getenv("TERM");
    bool can_edit =
        isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
    return can_edit && !o->json ? run_on_terminal(o) : room_run(o, true);
}

const struct command command_chat = {
    .name = "chat",
    .arg = "TOPIC",
    .summary = "talk in the room of a topic and its secret",
    .details =
        "Type a line to send it. Lines typed before anybody is there are sent to whoever\n"
        "comes first. '/help' lists commands, as '/who' and '/me ACTION'; an unknown one is\n"
        "not sent. Ctrl-D or Ctrl-C leaves.\n"
        "\n"
        "A name is the beginning of an endpoint id. 'via NAME' is the neighbour that\n"
        "passed the message on: in a room of three it need not be the author, whom the\n"
        "swarm does not know. Equal lines within 90 seconds count as one.\n"
        "\n"
        "The secret decides who finds the room. With the topic and the address of one\n"
        "member anybody can hear and speak without it: encrypt what must stay private.\n"
        "\n"
        "Without a terminal, or with '--json', lines are read and printed as 'dtt pipe'\n"
        "does, with names.",
    .options = OPTIONS_TOPIC | OPTION_BIT(OPTION_QUIT_ON_EOF),
    .run = run,
};
