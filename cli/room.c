/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "room.h"

#include "codec/text.h"
#include "lines.h"
#include "names.h"
#include "output.h"
#include "session.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* So long a reader that has stopped reading may delay leaving. */
#define ROOM_LAST_WORDS_MS 500

enum { FD_IN = SESSION_FDS, FD_OUT, N_FDS };

struct room {
    struct session session;
    struct names names;
    bool has_names;
    bool is_start_told, is_end_told; /* to a person at a terminal */
    bool is_clean; /* standard output is a terminal: bytes of strangers are made harmless */
    size_t n_skipped;
    const char *held; /* a line, in in.buffer, that the topic has not taken yet */
    size_t held_len;
    struct lines in;
    struct output_line out;
};

void room_name(const struct dtt_id *id, char name[ROOM_NAME_DIGITS + 1])
{
    dtt_hex_encode(name, dtt_slice(id->bytes, ROOM_NAME_DIGITS / 2));
}

bool room_sentence(const struct dtt_event *event, char sentence[ROOM_SENTENCE_MAX])
{
    char name[ROOM_NAME_DIGITS + 1];
    if (event->type == DTT_EVENT_JOINED) {
        snprintf(sentence, ROOM_SENTENCE_MAX, "joined after %.2f s",
                 (double)event->u.joined.elapsed_ms / 1000);
        return true;
    }
    if (event->type != DTT_EVENT_NEIGHBOR_UP && event->type != DTT_EVENT_NEIGHBOR_DOWN) {
        return false;
    }
    room_name(&event->u.neighbor.peer, name);
    snprintf(sentence, ROOM_SENTENCE_MAX, "%s %s", name,
             event->type == DTT_EVENT_NEIGHBOR_UP ? "is here"
                                                  : dtt_reason_text(event->u.neighbor.reason));
    return true;
}

/* `chat` signs unless it is told not to. */
static bool is_signed(const struct room *r)
{
    return r->session.options->is_signed || (r->has_names && !r->session.options->is_unsigned);
}

static size_t line_max(const struct room *r)
{
    return is_signed(r) ? DTT_MESSAGE_SIGNED_MAX : DTT_MESSAGE_MAX;
}

static void skip_line(struct room *r, size_t len)
{
    output_say("line %zu has %zu bytes, more than the %zu of a %smessage: not sent", r->in.number,
               len, line_max(r), is_signed(r) ? "signed " : "");
    r->n_skipped++;
}

/* Hands lines to the topic until it takes no more; then the line and the input wait. */
static void send_lines(struct room *r)
{
    while (!r->session.is_over) {
        while (!r->held) {
            const char *line;
            size_t len;
            enum line_state state = lines_next(&r->in, &line, &len);
            if (state == LINE_NONE) {
                return;
            }
            if (state == LINE_TOO_LONG || (state != LINE_NONE && len > line_max(r))) {
                skip_line(r, len);
            } else if (len > 0) {
                r->held = line;
                r->held_len = len;
            }
        }
        int err = dtt_topic_send(r->session.topic, r->held, r->held_len,
                                 is_signed(r) ? DTT_SEND_SIGNED : 0);
        if (err == DTT_EAGAIN) {
            return;
        }
        if (err < 0) {
            session_end(&r->session, output_fail(session_exit_code(err), "cannot send line %zu: %s",
                                                 r->in.number, dtt_error_text(err)));
        }
        r->held = NULL;
    }
}

/* The events of `--json`. */
static bool is_public_event(int type)
{
    return type != DTT_EVENT_WRITABLE && type != DTT_EVENT_DHT_READY;
}

/* A message as one line of r->out.text. */
static size_t render_message(struct room *r, const struct dtt_event *event)
{
    const uint8_t *data = event->u.message.data;
    size_t len = event->u.message.len;
    char *out = r->out.text;
    size_t n = 0;
    if (r->has_names) {
        const struct dtt_event_message *m = &event->u.message;
        bool has_author =
            m->signature == DTT_SIGNATURE_DATED || m->signature == DTT_SIGNATURE_UNDATED;
        char name[NAMES_SHOWN_MAX];
        names_show(&r->names, has_author ? &m->author : &m->neighbor, name);
        n = (size_t)sprintf(out, has_author ? "%s: " : "via %s: ", name);
    }
    if (len > DTT_MESSAGE_MAX) {
        len = DTT_MESSAGE_MAX;
    }
    if (len > 0 && data[len - 1] == '\n') {
        len--; /* iroh-gossip's chat example keeps the end of a line */
    }
    if (r->is_clean) {
        return n + text_clean(out + n, data, len);
    }
    for (size_t i = 0; i < len; i++) {
        out[n++] = data[i] == '\n' ? ' ' : (char)data[i];
    }
    return n;
}

/* What people want to know besides the messages. */
static void tell(const struct room *r, const struct dtt_event *event)
{
    char sentence[ROOM_SENTENCE_MAX];
    if (event->type == DTT_EVENT_LAGGED) {
        output_say("%llu events were lost: standard output is read too slowly",
                   (unsigned long long)event->u.lagged.missed);
    }
    if (event->type == DTT_EVENT_MISSED) {
        char name[NAMES_SHOWN_MAX];
        names_show(&r->names, &event->u.missed.author, name);
        output_say("%llu message%s of %s missed", (unsigned long long)event->u.missed.messages,
                   event->u.missed.messages == 1 ? "" : "s", name);
    }
    if ((r->has_names || event->type == DTT_EVENT_JOINED) && room_sentence(event, sentence)) {
        output_say("%s", sentence);
    }
    if (event->type == DTT_EVENT_NEIGHBOR_DOWN && !r->session.is_over &&
        session_is_alone(&r->session)) {
        output_say("no neighbour is left; looking for others");
    }
}

static void take_event(struct room *r, const struct dtt_event *event)
{
    if (r->session.options->json) {
        if (is_public_event(event->type)) {
            output_line_put(&r->out, dtt_event_json(event, r->out.text, OUTPUT_LINE_MAX - 1));
        }
    } else if (event->type == DTT_EVENT_MEMBER) {
        names_refresh(&r->names, r->session.topic);
    } else if (event->type == DTT_EVENT_MESSAGE) {
        output_line_put(&r->out, render_message(r, event));
    } else {
        tell(r, event);
    }
}

/* Prints events as long as standard output takes them. */
static enum output_state print_events(struct room *r)
{
    for (;;) {
        enum output_state state = output_line_flush(&r->out);
        if (state != OUTPUT_IDLE) {
            return state;
        }
        const struct dtt_event *event = session_event(&r->session);
        if (!event) {
            return OUTPUT_IDLE;
        }
        take_event(r, event);
    }
}

static void print_and_check(struct room *r)
{
    switch (print_events(r)) {
    case OUTPUT_GONE: session_end(&r->session, EXIT_OK); break;
    case OUTPUT_FAILED:
        session_end(&r->session,
                    output_fail(EXIT_IO, "cannot write to standard output: %s", strerror(errno)));
        break;
    case OUTPUT_IDLE:
    case OUTPUT_PENDING: break;
    }
}

static void quit_on_eof(struct room *r)
{
    if (r->session.options->quit_on_eof && r->in.is_ended && !r->held &&
        dtt_topic_unsent(r->session.topic) == 0) {
        session_end(&r->session, EXIT_OK);
    }
}

static void read_lines(struct room *r)
{
    int error = lines_fill(&r->in);
    if (error) {
        session_end(&r->session,
                    output_fail(EXIT_IO, "cannot read standard input: %s", strerror(error)));
    }
}

/* At a terminal nothing shows that the input was read, or that it has ended. */
static void tell_typist(struct room *r)
{
    if (!isatty(r->in.fd) || r->session.options->quit_on_eof || r->is_end_told) {
        return;
    }
    if (!r->is_start_told) {
        r->is_start_told = true;
        output_say("lines that you type are sent; Ctrl-C leaves");
    }
    if (r->in.is_ended) {
        r->is_end_told = true;
        output_say("the input has ended; still listening, Ctrl-C leaves");
    }
}

/* Does what can be done now, then waits for more. */
static void turn(struct room *r)
{
    struct pollfd fds[N_FDS];
    print_and_check(r);
    send_lines(r);
    quit_on_eof(r);
    tell_typist(r);
    if (r->session.is_over) {
        return;
    }
    bool wants_input = !r->held && !r->in.is_ended;
    bool is_pending = r->out.done < r->out.len;
    fds[FD_IN] = (struct pollfd){.fd = wants_input ? r->in.fd : -1, .events = POLLIN};
    fds[FD_OUT] = (struct pollfd){.fd = r->out.fd, .events = is_pending ? POLLOUT : 0};
    session_turn(&r->session, fds, N_FDS);
    if (fds[FD_OUT].revents & POLLERR) {
        session_end(&r->session, EXIT_OK);
    }
    if (!r->session.is_over && fds[FD_IN].revents) {
        read_lines(r);
    }
}

static void leave(struct room *r)
{
    uint64_t start_ms = session_now_ms();
    session_leave(&r->session);
    while (print_events(r) == OUTPUT_PENDING && session_now_ms() - start_ms < ROOM_LAST_WORDS_MS) {
        struct pollfd out = {.fd = r->out.fd, .events = POLLOUT};
        poll(&out, 1, ROOM_LAST_WORDS_MS);
    }
    uint64_t repeated = session_n_repeated(&r->session);
    if (repeated > 0) {
        output_say("%llu line%s an equal one of the last 3 minutes: they count as one message",
                   (unsigned long long)repeated, repeated == 1 ? " repeated" : "s repeated");
    }
    if (r->held) {
        output_say("line %zu and what came after it were not sent: no neighbour took them",
                   r->in.number);
    }
}

/* However the session ended: 0 means that all lines were sent. */
static int exit_code(const struct room *r)
{
    if (r->session.code != EXIT_OK) {
        return r->session.code;
    }
    if (r->held || r->session.n_lost > 0) {
        return EXIT_REACH;
    }
    return r->n_skipped > 0 ? EXIT_DATA : EXIT_OK;
}

int room_run(struct options *o, bool has_names)
{
    struct room *r = calloc(1, sizeof(*r));
    if (!r) {
        return output_fail(EXIT_INTERNAL, "out of memory");
    }
    r->has_names = has_names;
    r->is_clean = isatty(STDOUT_FILENO);
    lines_init(&r->in, STDIN_FILENO);
    output_line_init(&r->out, STDOUT_FILENO);
    int code = session_open(&r->session, o, SESSION_JOIN, 0, 0);
    if (code == EXIT_OK && o->name && dtt_topic_set_name(r->session.topic, o->name) != 0) {
        code = output_fail(EXIT_USAGE, "the name '%s' is not UTF-8", o->name);
    }
    if (code == EXIT_OK) {
        output_say("%s", session_kind(&r->session));
        names_set_own(&r->names, dtt_node_id(r->session.node), o->name ? o->name : "");
        while (!r->session.is_over) {
            turn(r);
        }
        leave(r);
        code = exit_code(r);
    }
    session_close(&r->session);
    free(r);
    return code;
}
