/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "session.h"

#include "identity.h"
#include "output.h"
#include "print.h"
#include "secret.h"
#include "signals.h"
#include "text.h"
#include "waiting.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A hint what to do comes with the line of so many, of those that come by time. */
#define HINT_AFTER 2
/* And what is shown all the time has one after so long. */
#define HINT_AFTER_MS 10000
/* So long the end of the command waits for the state file. */
#define STATE_PATIENCE_MS 2000
/* So long a neighbour that acknowledges nothing may delay leaving. */
#define LAST_WORDS_MS 500
#define LAST_WORDS_STEP_MS 5

uint64_t session_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int session_ms_until(uint64_t due_ms)
{
    uint64_t now_ms = session_now_ms();
    if (due_ms == UINT64_MAX) {
        return -1;
    }
    if (due_ms <= now_ms) {
        return 0;
    }
    return due_ms - now_ms > INT_MAX ? INT_MAX : (int)(due_ms - now_ms);
}

int session_exit_code(int err)
{
    switch (err) {
    case 0: return EXIT_OK;
    case DTT_EINVAL:
    case DTT_EADDR:
    case DTT_ETOOBIG: return EXIT_USAGE;
    case DTT_EADDRINUSE:
    case DTT_EADDRNOTAVAIL:
    case DTT_EPERM:
    case DTT_EMFILE:
    case DTT_EIO: return EXIT_IO;
    case DTT_ETIMEDOUT: return EXIT_REACH;
    default: return EXIT_INTERNAL;
    }
}

OUTPUT_PRINTF(2, 3)
static void say(const struct session *s, const char *format, ...)
{
    char sentence[1024];
    va_list args;
    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): clang-tidy 14 errs in a second file */
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    if (s->say) {
        s->say(s->user, sentence);
    } else {
        output_say("%s", sentence);
    }
}

static int report_open(const struct options *o, int err)
{
    static const char *const everything[] = {"all interfaces"};
    char where[160];
    text_join(where, sizeof(where), o->n_listen ? o->listen : everything,
              o->n_listen ? o->n_listen : 1);
    const char *advice = err == DTT_EADDRINUSE
                             ? "; choose another port with '--listen', or port 0 for any"
                         : err == DTT_EADDRNOTAVAIL ? "; 'ip addr' lists those that do"
                         : err == DTT_EPERM         ? "; choose a port above 1023"
                                                    : NULL;
    return output_fail(session_exit_code(err), "cannot %s on %s: %s%s",
                       advice ? "listen" : "start a node", where, dtt_error_text(err),
                       advice ? advice : "");
}

/* The nodes of a private DHT are none of the public one's, so that has no file that others use. */
static const char *state_file(struct session *s, unsigned flags)
{
    const struct options *o = s->options;
    if (!o->state && !o->no_state && o->n_bootstrap == 0 && !(flags & DTT_NODE_NO_BOOTSTRAP)) {
        warm_take(&s->warm);
    }
    return s->warm.path[0] ? s->warm.path : o->state;
}

static int open_node(struct session *s, enum session_kind kind, unsigned flags)
{
    const struct options *o = s->options;
    uint8_t seed[DTT_SEED_BYTES];
    struct dtt_config config = {.size = sizeof(config),
                                .listen = o->listen,
                                .n_listen = o->n_listen,
                                .bootstrap = o->bootstrap,
                                .n_bootstrap = o->n_bootstrap,
                                .flags = flags | (o->no_portmap ? DTT_NODE_NO_PORTMAP : 0u) |
                                         (o->no_lan ? DTT_NODE_NO_LAN : 0u) |
                                         (o->publish_addrs ? DTT_NODE_PUBLISH_ADDRS : 0u),
                                .log_level = (int)o->log_level,
                                .state_file = state_file(s, flags),
                                .pkarr = o->pkarr,
                                .n_pkarr = o->n_pkarr,
                                .dns_origins = o->dns_origins,
                                .n_dns_origins = o->n_dns_origins,
                                .ca_file = o->ca_file,
                                .relays = o->relays,
                                .n_relays = kind == SESSION_JOIN ? o->n_relays : 0};
    char why[1024];
    int err = dtt_config_check(&config, why, sizeof(why));
    if (err != 0) {
        return output_fail(session_exit_code(err), "%s", why);
    }
    if (o->identity) {
        int code = identity_load(o->identity, seed);
        if (code != EXIT_OK) {
            return code;
        }
        config.seed = seed;
        if (kind == SESSION_JOIN) {
            identity_hold(o->identity);
        }
    }
    err = dtt_node_open(&s->node, &config);
    explicit_bzero(seed, sizeof(seed));
    return err == 0 ? EXIT_OK : report_open(o, err);
}

static int start_topic(struct session *s, enum session_kind kind, const struct secret *secret)
{
    const struct options *o = s->options;
    struct dtt_topic_config config = {.size = sizeof(config),
                                      .name = o->arg,
                                      .secret = secret->bytes,
                                      .secret_len = secret->len,
                                      .preset = (int)o->preset,
                                      .tuning = &o->tuning,
                                      .peers = o->peers,
                                      .n_peers = o->n_peers,
                                      .flags = o->closed ? DTT_TOPIC_CLOSED : 0u};
    uint32_t op;
    bool is_lookup = kind == SESSION_LOOKUP;
    int err = is_lookup ? dtt_node_lookup(s->node, &config, &op)
                        : dtt_topic_join(&s->topic, s->node, &config);
    if (err != 0) {
        return output_fail(session_exit_code(err), "cannot %s '%s': %s",
                           is_lookup ? "look up" : "join", o->arg, dtt_error_text(err));
    }
    return EXIT_OK;
}

const char *session_kind(const struct session *s)
{
    return s->options->closed
               ? "a closed room: nobody finds it, hears or speaks here without the secret"
               : "an open room: who knows its name and a member's address can hear and speak "
                 "without the secret; '--closed' keeps strangers out";
}

static void look_up_again(struct session *s)
{
    int code = start_topic(s, SESSION_LOOKUP, &s->secret);
    if (code != EXIT_OK) {
        session_end(s, code);
    }
}

int session_open(struct session *s, struct options *o, enum session_kind kind, unsigned flags,
                 int64_t join_timeout_ms)
{
    int code = EXIT_OK;
    s->options = o;
    s->has_dht = (flags & DTT_NODE_NO_BOOTSTRAP) != 0;
    s->join_timeout_ms = o->join_timeout_ms >= 0 ? o->join_timeout_ms : join_timeout_ms;
    if (kind != SESSION_DHT) {
        code = secret_get(&s->secret, o, o->arg);
    }
    if (code == EXIT_OK) {
        s->signals = signals_open(s->on_signal != NULL);
        code = s->signals < 0 ? EXIT_INTERNAL : EXIT_OK;
    }
    s->start_ms = session_now_ms();
    flags |= kind == SESSION_LOOKUP ? DTT_NODE_NO_LAN : 0u;
    flags |= kind == SESSION_JOIN && o->lan == 1 ? DTT_NODE_LAN_IROH : 0u;
    if (code == EXIT_OK) {
        code = open_node(s, kind, flags);
    }
    if (code == EXIT_OK && kind != SESSION_DHT) {
        code = start_topic(s, kind, &s->secret);
    }
    if (kind == SESSION_LOOKUP) {
        s->ask = look_up_again;
    } else {
        secret_wipe(&s->secret);
    }
    return code;
}

void session_end(struct session *s, int code)
{
    if (!s->is_over) {
        s->code = code;
    }
    s->is_over = true;
}

/* Whoever asked has no answer, which is no success; other sessions may end at any time. */
static void break_off(struct session *s, const char *why)
{
    if (s->ask && !s->is_over) {
        say(s, "there is no answer yet, and %s", why);
    }
    session_end(s, s->ask ? EXIT_REACH : EXIT_OK);
}

static void take_signals(struct session *s)
{
    int number;
    while ((number = signals_next(s->signals)) != 0) {
        if (number == SIGWINCH || number == SIGTSTP) {
            s->on_signal(s->user, number);
        } else {
            break_off(s, "a signal came");
        }
    }
}

bool session_is_alone(const struct session *s)
{
    return !s->topic || dtt_topic_neighbors(s->topic, NULL, 0) == 0;
}

uint64_t session_n_repeated(const struct session *s)
{
    struct dtt_metric m = {.size = sizeof(m)};
    for (size_t i = 0; dtt_node_metric(s->node, i, &m) > 0; i++) {
        if (strcmp(m.name, "gossip_tx_repeated") == 0) {
            return m.value;
        }
    }
    return 0;
}

/* Whether the session waits for a neighbour or, without a topic, for a DHT node. */
static bool is_waiting(const struct session *s)
{
    return s->topic ? session_is_alone(s) : !s->has_dht;
}

/* It has had what '--join-timeout' is about. */
static bool has_arrived(const struct session *s)
{
    return s->topic ? s->has_joined : s->has_dht;
}

static void explain(const struct session *s, struct dtt_why *ret)
{
    waiting_explain(s->node, s->topic, session_now_ms() - s->start_ms, ret);
}

int session_unreached(const struct session *s)
{
    struct dtt_why why;
    char sentence[WAITING_SENTENCE_MAX];
    explain(s, &why);
    waiting_sentence(s->options, &why, true, sentence);
    say(s, "%s", sentence);
    return EXIT_REACH;
}

static void report_waiting(struct session *s, uint64_t now_ms)
{
    struct dtt_why why;
    char sentence[WAITING_SENTENCE_MAX];
    explain(s, &why);
    /* The tracker may know of a neighbour before the swarm does. */
    if (why.stage == DTT_STAGE_JOINED || !progress_is_due(&s->progress, now_ms, why.stage)) {
        return;
    }
    waiting_sentence(s->options, &why, false, sentence);
    say(s, "%s", sentence);
    bool is_told = waiting_metric(s->node, "names_threadless") > 0; /* the sentence says it */
    const char *hint = is_told ? NULL : waiting_hint(&why, s->topic != NULL);
    uint32_t stage = UINT32_C(1) << why.stage;
    if (hint && s->progress.n_waits >= HINT_AFTER && (s->hinted_stages & stage) == 0) {
        s->hinted_stages |= stage;
        say(s, "%s", hint);
    }
}

static void show_waiting(struct session *s)
{
    struct dtt_why why;
    char sentence[WAITING_SENTENCE_MAX];
    explain(s, &why);
    waiting_status(&why, why.for_ms >= HINT_AFTER_MS, s->topic != NULL, sentence);
    s->show_waiting(s->user, why.stage == DTT_STAGE_JOINED ? "" : sentence);
}

/* Without an answer in time, or without a neighbour. */
static void give_up(struct session *s, uint64_t since_ms)
{
    double seconds = (double)since_ms / 1000;
    session_end(s, session_unreached(s));
    if (s->silent.type && s->options->json) {
        print_event_json(&s->silent);
    }
    say(s,
        s->options->join_timeout_ms >= 0
            ? "gave up after %.0f s, as '--join-timeout' says%s"
            : "gave up after %.0f s; '--join-timeout' sets another time%s",
        seconds, s->is_diagnosis ? "" : "; 'dtt doctor' looks for the reason");
}

/* Acts on the time after a turn. */
static void check_clock(struct session *s)
{
    uint64_t now_ms = session_now_ms();
    uint64_t since_ms = now_ms - s->start_ms;
    if (s->options->for_ms >= 0 && since_ms >= (uint64_t)s->options->for_ms) {
        s->is_time_over = true;
        break_off(s, "the time of '--for' is over");
    } else if (!is_waiting(s)) {
        progress_end(&s->progress);
        if (s->show_waiting) {
            s->show_waiting(s->user, "");
        }
    } else if (!has_arrived(s) && s->join_timeout_ms > 0 &&
               since_ms >= (uint64_t)s->join_timeout_ms) {
        give_up(s, since_ms);
    } else if (s->show_waiting) {
        show_waiting(s);
    } else {
        report_waiting(s, now_ms);
    }
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Milliseconds until check_clock has something to do; -1: never. */
static int next_timeout(const struct session *s)
{
    uint64_t due_ms = s->alarm_ms > 0 ? s->alarm_ms : UINT64_MAX;
    if (s->options->for_ms >= 0) {
        due_ms = earlier(due_ms, s->start_ms + (uint64_t)s->options->for_ms);
    }
    if (is_waiting(s)) {
        due_ms = earlier(due_ms, s->progress.is_searching ? s->progress.next_ms : 0);
    }
    if (is_waiting(s) && !has_arrived(s) && s->join_timeout_ms > 0) {
        due_ms = earlier(due_ms, s->start_ms + (uint64_t)s->join_timeout_ms);
    }
    return session_ms_until(due_ms);
}

static void show_log(struct session *s)
{
    static const char *const words[] = {"", "error: ", "warning: ", "info: ", "debug: "};
    const char *line;
    int level;
    while ((line = dtt_node_next_log(s->node, &level)) != NULL) {
        struct timespec now;
        struct tm local;
        char hour[16];
        clock_gettime(CLOCK_REALTIME, &now);
        localtime_r(&now.tv_sec, &local);
        strftime(hour, sizeof(hour), "%H:%M:%S", &local);
        say(s, "%s.%03ld %s%s", hour, now.tv_nsec / 1000000, words[level], line);
    }
}

void session_turn(struct session *s, struct pollfd *fds, nfds_t n)
{
    fds[0] = (struct pollfd){.fd = dtt_node_fd(s->node), .events = POLLIN};
    fds[1] = (struct pollfd){.fd = s->signals, .events = POLLIN};
    int err = poll(fds, n, next_timeout(s));
    if (err < 0 && errno != EINTR) {
        session_end(s, output_fail(EXIT_INTERNAL, "cannot wait for events: %s", strerror(errno)));
        return;
    }
    if (err < 0) {
        for (nfds_t i = 0; i < n; i++) {
            fds[i].revents = 0;
        }
    }
    take_signals(s);
    err = dtt_node_process(s->node);
    show_log(s);
    if (err < 0) {
        session_end(s, output_fail(EXIT_IO, "the network socket failed: %s; start again",
                                   dtt_error_text(err)));
    } else {
        check_clock(s);
    }
}

static void say_state(const struct session *s, const struct dtt_event_state_file *e)
{
    const char *file = s->options->state;
    char again[64] = "when the disk answers";
    if (!file) {
        return; /* nobody has asked for it */
    }
    if (e->retry_ms > 0) {
        snprintf(again, sizeof(again), "in %.0f s", (double)e->retry_ms / 1000);
    }
    switch (e->status) {
    case 0: say(s, "state is kept in '%s' again", file); break;
    case DTT_EPROTO: say(s, "the state in '%s' is damaged; it will be replaced", file); break;
    case DTT_ETIMEDOUT:
        say(s, "the disk takes long to write the state file '%s'; trying again %s", file, again);
        break;
    default:
        say(s, "state is not kept in '%s': %s; trying again %s", file, e->reason, again);
        break;
    }
}

/* One trouble of a relay is said once, however often it comes back; and once that it serves. */
static void say_relay(struct session *s, const struct dtt_event_relay *e)
{
    const char **said = &s->relays_said[e->number];
    uint32_t bit = UINT32_C(1) << e->number;
    if (e->trouble && (!*said || strcmp(*said, e->trouble) != 0)) {
        *said = e->trouble;
        say(s, "relay %s: %s%s%s; %s", e->url, e->trouble, e->detail[0] ? ": " : "", e->detail,
            e->advice);
    } else if (!e->trouble && *said && (s->relays_back & bit) == 0) {
        s->relays_back |= bit;
        say(s, "relay %s serves now", e->url);
    }
}

static void tell_lost(struct session *s)
{
    uint64_t n = s->n_lost - s->n_lost_told;
    s->n_lost_told = s->n_lost;
    if (n > 0) {
        say(s, "%llu line%s not sent: no neighbour has acknowledged %s", (unsigned long long)n,
            n == 1 ? " was" : "s were", n == 1 ? "it" : "them");
    }
}

bool session_is_silence(struct session *s, const struct dtt_event *end)
{
    if (s->has_dht || !s->ask) {
        return false;
    }
    s->silent = *end;
    return true;
}

static void ask_again(struct session *s)
{
    if (s->silent.type) {
        s->silent.type = 0;
        s->ask(s);
    }
}

const struct dtt_event *session_event(struct session *s)
{
    const struct dtt_event *event = dtt_node_next_event(s->node);
    if (event && event->type == DTT_EVENT_STATE_FILE) {
        say_state(s, &event->u.state_file);
    }
    if (event && event->type == DTT_EVENT_RELAY) {
        say_relay(s, &event->u.relay);
    }
    if (event && event->type == DTT_EVENT_DHT_READY) {
        s->has_dht = true;
        ask_again(s);
    }
    if (event && (event->type == DTT_EVENT_CLOCK || event->type == DTT_EVENT_TWIN)) {
        struct dtt_why why;
        explain(s, &why);
        say(s, "%s", why.sentence);
    }
    s->has_joined |= event && event->type == DTT_EVENT_JOINED;
    if (event && event->type == DTT_EVENT_LOST) {
        s->n_lost += event->u.lost.messages;
    } else if ((event && event->type == DTT_EVENT_LEFT) ||
               (!event && s->topic && dtt_topic_unsent(s->topic) == 0)) {
        tell_lost(s); /* what was lost together is told together */
    }
    return event;
}

void session_run(struct session *s,
                 void (*take_event)(struct session *s, const struct dtt_event *event))
{
    while (!s->is_over) {
        struct pollfd fds[SESSION_FDS];
        const struct dtt_event *event;
        while (!s->is_over && (event = session_event(s)) != NULL) {
            take_event(s, event);
        }
        if (s->alarm_ms > 0 && session_now_ms() >= s->alarm_ms) {
            s->alarm_ms = 0;
            s->on_alarm(s);
        }
        if (!s->is_over) {
            session_turn(s, fds, SESSION_FDS);
        }
    }
}

/* Acknowledgements may be on their way. The descriptor is no help: waiting events keep it ready. */
static void await_acknowledgements(struct session *s)
{
    uint64_t until_ms = session_now_ms() + LAST_WORDS_MS;
    while (!session_is_alone(s) && dtt_topic_unsent(s->topic) > 0 && session_now_ms() < until_ms &&
           dtt_node_process(s->node) >= 0) {
        poll(NULL, 0, LAST_WORDS_STEP_MS);
    }
}

void session_leave(struct session *s)
{
    if (!s->topic) {
        return;
    }
    await_acknowledgements(s);
    s->topic = dtt_topic_leave(s->topic);
}

/* The last state of all: only a failure is worth a word. */
static void save_state(struct session *s)
{
    uint64_t end_ms = session_now_ms() + STATE_PATIENCE_MS;
    struct pollfd fd = {.fd = dtt_node_fd(s->node), .events = POLLIN};
    if (dtt_node_save_state(s->node) != 0) {
        return;
    }
    for (int left; (left = session_ms_until(end_ms)) > 0;) {
        const struct dtt_event *event;
        (void)poll(&fd, 1, left);
        (void)dtt_node_process(s->node);
        while ((event = dtt_node_next_event(s->node)) != NULL) {
            if (event->type != DTT_EVENT_STATE_FILE) {
                continue;
            }
            if (event->u.state_file.status != 0 && s->options->state) {
                output_say("the state was not kept in '%s': %s", s->options->state,
                           event->u.state_file.reason);
            }
            return;
        }
    }
    if (s->options->state) {
        output_say("the state was not kept in '%s': the disk does not answer", s->options->state);
    }
}

void session_close(struct session *s)
{
    secret_wipe(&s->secret);
    s->topic = NULL;
    if (s->node) {
        save_state(s);
    }
    s->node = dtt_node_close(s->node);
    warm_give_back(&s->warm);
}
