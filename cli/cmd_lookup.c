/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "commands.h"
#include "output.h"
#include "print.h"
#include "session.h"

/* A person or script that looks up a topic wants an answer rather than to wait for ever. */
#define LOOKUP_TIMEOUT_MS 10000

static int finish(const struct session *s, const struct dtt_event *event)
{
    unsigned refused = event->u.lookup_done.refused;
    if (event->u.lookup_done.answered == 0) {
        return output_fail(EXIT_REACH, "none of the %u DHT nodes asked has answered; try again",
                           event->u.lookup_done.asked);
    }
    if (event->u.lookup_done.records == 0) {
        output_say("no record of '%s' in the last two minutes: nobody is there%s", s->options->arg,
                   refused > 0 ? ", or the secret is another" : "");
    }
    if (refused > 0) {
        output_say("%u value%s refused: made with another secret, or by a stranger", refused,
                   refused == 1 ? " was" : "s were");
    }
    return EXIT_OK;
}

static void take_event(struct session *s, const struct dtt_event *event)
{
    bool is_done = event->type == DTT_EVENT_LOOKUP_DONE;
    if (!is_done && event->type != DTT_EVENT_RECORD) {
        return;
    }
    if (is_done && event->u.lookup_done.answered == 0 && session_is_silence(s, event)) {
        return;
    }
    if (s->options->json) {
        print_event_json(event);
    } else if (!is_done) {
        print_record(event->u.record.record, event->u.record.age_ms);
    }
    if (is_done) {
        session_end(s, finish(s, event));
    }
}

static int run(struct options *o)
{
    struct session s = {0};
    int code = session_open(&s, o, SESSION_LOOKUP, DTT_NODE_READ_ONLY, LOOKUP_TIMEOUT_MS);
    if (code == EXIT_OK) {
        session_run(&s, take_event);
        code = s.code;
    }
    session_close(&s);
    return code;
}

const struct command command_lookup = {
    .name = "lookup",
    .arg = "TOPIC",
    .summary = "show who has published a record for a topic",
    .details = "Reads the records of the previous and the current minute from the DHT and prints\n"
               "each one that the secret opens and whose signature is right. Joins nothing.\n"
               "Finding nobody is exit code 0 and a sentence.",
    .options = OPTIONS_DHT | OPTIONS_SECRET | OPTION_BIT(OPTION_CLOSED) |
               OPTION_BIT(OPTION_ASK_TIMEOUT) | OPTION_BIT(OPTION_FOR) |
               OPTION_BIT(OPTION_OLD_LINE),
    .unlisted = OPTIONS_TOPIC & ~OPTION_BIT(OPTION_JOIN_TIMEOUT),
    .run = run,
};
