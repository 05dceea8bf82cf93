/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/addr.h"
#include "commands.h"
#include "output.h"
#include "print.h"
#include "session.h"
#include "signals.h"
#include "testnet.h"

#include <stdlib.h>
#include <unistd.h>

#define TESTNET_NODES 20

static int announce(const struct testnet *t, bool is_json)
{
    struct print_line line;
    if (is_json) {
        print_begin(&line, "ready");
        dtt_json_array(&line.json, "bootstrap");
        dtt_json_text(&line.json, NULL, t->bootstrap);
        dtt_json_end(&line.json);
        print_end(&line);
    } else {
        printf("bootstrap %s\n", t->bootstrap);
        if (isatty(STDOUT_FILENO)) {
            output_say("for instance: dtt chat TOPIC --bootstrap %s", t->bootstrap);
        }
    }
    return output_finish();
}

/* Runs until a signal comes or --for is over. */
static int serve(struct testnet *t, struct pollfd *fds, int signals, const struct options *o)
{
    uint64_t end_ms = o->for_ms < 0 ? UINT64_MAX : session_now_ms() + (uint64_t)o->for_ms;
    bool was_ready = false;
    int code = EXIT_OK;
    testnet_poll(t, fds);
    fds[t->n_nodes] = (struct pollfd){.fd = signals, .events = POLLIN};
    while (code == EXIT_OK && signals_next(signals) == 0 && session_ms_until(end_ms) != 0) {
        if (!was_ready && testnet_is_ready(t)) {
            was_ready = true;
            code = announce(t, o->json);
        }
        if (code == EXIT_OK && poll(fds, t->n_nodes + 1, session_ms_until(end_ms)) > 0) {
            code = testnet_process(t, fds);
        }
    }
    return code;
}

/* Other machines are told the address, so they must be able to reach it. */
static bool is_reachable(const char *listen)
{
    struct dtt_addr addr;
    return dtt_addr_parse(listen, &addr) == 0 && !dtt_addr_is_wildcard(&addr);
}

static int run(struct options *o)
{
    size_t n = o->n_nodes > 0 ? (size_t)o->n_nodes : TESTNET_NODES;
    const char *listen = o->n_listen > 0 ? o->listen[0] : NULL;
    struct testnet *t;
    struct pollfd *fds;
    int code;
    if (o->n_listen > 1) {
        return output_fail(EXIT_USAGE, "'testnet' listens on one address");
    }
    if (listen && !is_reachable(listen)) {
        return output_fail(EXIT_USAGE,
                           "'--listen %s' does not say by which address others reach "
                           "this machine; give that one",
                           listen);
    }
    int signals = signals_open(false);
    if (signals < 0) {
        return EXIT_INTERNAL;
    }
    t = calloc(1, sizeof(*t));
    fds = calloc(n + 1, sizeof(*fds));
    if (!t || !fds) {
        code = output_fail(EXIT_INTERNAL, "out of memory");
    } else {
        code = testnet_open(t, n, listen, (int)o->log_level);
        if (code == EXIT_OK) {
            code = serve(t, fds, signals, o);
        }
        testnet_close(t);
    }
    free(fds);
    free(t);
    return code;
}

const struct command command_testnet = {
    .name = "testnet",
    .summary = "run a private DHT in one process",
    .details = "Starts storing DHT nodes (20 unless '--nodes' says otherwise) that know only\n"
               "each other, prints 'bootstrap ADDR:PORT' when they have met, and runs until a\n"
               "signal comes. Give that address to other commands with '--bootstrap'. From\n"
               "another machine ('--listen' on an address that it reaches) the nodes count as\n"
               "one or two, since all have the same address.",
    .options = OPTION_BIT(OPTION_NODES) | OPTION_BIT(OPTION_FIRST_LISTEN) | OPTION_BIT(OPTION_FOR) |
               OPTION_BIT(OPTION_JSON) | OPTION_BIT(OPTION_LOG),
    .run = run,
};
