/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The course of every command with a node: it opens the node from the options, joins, waits for
 * whatever comes first, watches the clock and the signals, says what it waits for, and leaves.
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "options.h"
#include "progress.h"
#include "secret.h"
#include "warm.h"

#include <poll.h>

/** Descriptors that session_turn adds in front of the caller's. */
#define SESSION_FDS 2

struct session {
    const struct options *options;
    dtt_node *node;
    dtt_topic *topic; /**< NULL for commands that do not join */
    int signals;      /**< descriptor of signals.h */
    uint64_t start_ms;
    int64_t join_timeout_ms; /**< 0: none */
    struct progress progress;
    uint64_t alarm_ms; /**< session_turn ends at this time of session_now_ms; 0: no alarm */
    void (*on_alarm)(struct session *s); /**< called by session_run, which has reset alarm_ms */
    bool has_dht;                        /**< a DHT node has answered, or none is asked */
    bool has_joined;                     /**< there has been a neighbour */
    uint64_t n_lost;                     /**< own messages that nobody is known to have */
    uint64_t n_lost_told;                /**< as many of them were told */
    uint32_t hinted_stages;              /**< those of which a hint what to do was given, as bits */
    const char *relays_said[OPTIONS_RELAYS_MAX]; /**< their last troubles that were said, or NULL */
    uint32_t relays_back;                        /**< of which was said that they serve, as bits */
    bool is_diagnosis;                           /**< of `doctor`: it need not be recommended */
    struct dtt_event silent;        /**< the end of a question that nobody heard; type 0: none */
    struct warm warm;               /**< the state file, unless one was named */
    struct secret secret;           /**< of a lookup, which may be asked again */
    void (*ask)(struct session *s); /**< asks it again, once a DHT node has answered; or NULL */
    bool is_time_over;              /**< '--for' says so */
    bool is_over;                   /**< time to leave, with this exit code: */
    int code;

    /** Shows a sentence; NULL: output_say. */
    void (*say)(void *user, const char *sentence);
    /**
     * Shows what is waited for and, after a while, what helps, "" when there is company: after each
     * turn, in place of a sentence now and then. May be NULL.
     */
    void (*show_waiting)(void *user, const char *sentence);
    /** Takes a signal that does not mean leaving (SIGWINCH, SIGTSTP); may be NULL. */
    void (*on_signal)(void *user, int number);
    void *user;
};

/** Milliseconds of a clock that never jumps. */
uint64_t session_now_ms(void);

/** Milliseconds from now until `due_ms` of that clock, for poll; -1 (never) for UINT64_MAX. */
int session_ms_until(uint64_t due_ms);

enum session_kind {
    SESSION_DHT,    /**< no topic */
    SESSION_LOOKUP, /**< reads the records of the topic in options.arg */
    SESSION_JOIN    /**< joins it */
};

/**
 * Gets the secret if the kind needs one, opens a node with these dtt_node_flags and starts.
 * `join_timeout_ms` is the default of the command. *s is zero but for the callbacks. Returns an
 * exit code; call session_close in any case.
 */
int session_open(struct session *s, struct options *o, enum session_kind kind, unsigned flags,
                 int64_t join_timeout_ms);

/**
 * One turn: waits for the node, a signal, a deadline or one of `fds` (n in all, the caller's start
 * at SESSION_FDS) and lets the node work. Sets is_over and code when it is time to leave.
 */
void session_turn(struct session *s, struct pollfd *fds, nfds_t n);

/**
 * A question has ended with `end` and no answer: true when that is because no DHT node has been
 * heard yet. Then it is asked again when one is, unless '--join-timeout' comes first.
 */
bool session_is_silence(struct session *s, const struct dtt_event *end);

/** The next event, as dtt_node_next_event. */
const struct dtt_event *session_event(struct session *s);

/** Turns until the session is over, for commands with nothing else to wait for than events. */
void session_run(struct session *s,
                 void (*take_event)(struct session *s, const struct dtt_event *event));

/** Ends the session with this exit code. */
void session_end(struct session *s, int code);

/** What people may take the secret for, and what it is. */
const char *session_kind(const struct session *s);

/** Whether there is no neighbour at this moment. */
bool session_is_alone(const struct session *s);

/** Own messages that were not sent, because the same was said in the last 3 minutes. */
uint64_t session_n_repeated(const struct session *s);

/** Says that no DHT node has answered and which hosts were tried. Returns EXIT_REACH. */
int session_unreached(const struct session *s);

/**
 * Leaves the topic, once the neighbours have what was sent or half a second has passed; afterwards
 * there are events to fetch, of which LEFT is the last.
 */
void session_leave(struct session *s);

void session_close(struct session *s);

/** The exit code for an error of the library. */
int session_exit_code(int err);

#endif
