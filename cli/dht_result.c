/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht_result.h"

#include "codec/text.h"
#include "output.h"
#include "print.h"
#include "text.h"

#include <dtt/dht.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* KRPC errors of BEP 44. */
#define KRPC_CAS_MISMATCH 301
#define KRPC_SEQ_TOO_LOW 302

static void print_value(const struct dtt_event *event)
{
    const struct dtt_event_dht_value *e = &event->u.dht_value;
    const uint8_t *data = e->data ? e->data : e->v;
    size_t len = e->data ? e->data_len : e->v_len;
    char text[TEXT_CLEAN_SIZE(DTT_DHT_VALUE_MAX)];
    text_clean(text, data, len < DTT_DHT_VALUE_MAX ? len : DTT_DHT_VALUE_MAX);
    printf("seq %" PRId64 "  %s\n", e->seq, text);
}

static void print_node(const struct dtt_event *event)
{
    const struct dtt_event_dht_node *e = &event->u.dht_node;
    char id[2 * sizeof(e->id) + 1];
    char addr[DTT_ADDR_TEXT_MAX];
    dtt_hex_encode(id, dtt_slice(e->id, sizeof(e->id)));
    dtt_addr_format(&e->addr, addr);
    printf("%s  %s", id, addr);
    if (e->rtt_us > 0) {
        printf("  %.1f ms", (double)e->rtt_us / 1000);
    }
    puts("");
}

static void print_put(const struct dtt_event_dht_put *e)
{
    char key[2 * sizeof(e->key) + 1];
    char target[2 * sizeof(e->target) + 1];
    dtt_hex_encode(key, dtt_slice(e->key, sizeof(e->key)));
    dtt_hex_encode(target, dtt_slice(e->target, sizeof(e->target)));
    printf("target  %s\n", target);
    /* An immutable item has no key. */
    if (strspn(key, "0") < strlen(key)) {
        printf("key     %s\nseq     %" PRId64 "\n", key, e->seq);
    }
}

static void print_peer(const struct dtt_event *event)
{
    char addr[DTT_ADDR_TEXT_MAX];
    dtt_addr_format(&event->u.dht_peer.addr, addr);
    puts(addr);
}

/* Says why no node answered; an exit code. */
static int report_silence(const struct session *s, unsigned asked)
{
    const struct options *o = s->options;
    if (o->command->query == QUERY_PING) {
        return output_fail(EXIT_REACH, "no answer from %s", o->arg);
    }
    return output_fail(EXIT_REACH, "none of the %u nodes asked has answered; try again", asked);
}

/* What a KRPC error means to whoever stored a value. */
static void describe_refusal(int error, char *text, size_t cap)
{
    switch (error) {
    case KRPC_CAS_MISMATCH:
        snprintf(text, cap, "the stored item has another sequence number than '--cas' says");
        break;
    case KRPC_SEQ_TOO_LOW:
        snprintf(text, cap, "the stored item is newer; give a higher '--seq'");
        break;
    default: snprintf(text, cap, "KRPC error %d", error); break;
    }
}

/* What the nodes said to a value or an announcement. */
struct answers {
    unsigned found, asked, acked, refused;
    int error;
};

/* Says how many nodes took it and why others did not; an exit code. */
static int report_answers(const struct session *s, const struct answers *a)
{
    char why[96];
    describe_refusal(a->error, why, sizeof(why));
    if (a->acked + a->refused == 0 && a->found > 0 && a->asked == 0) {
        return output_fail(EXIT_REACH,
                           "%u node%s answered, none gave a token, without which they "
                           "take nothing",
                           a->found, a->found == 1 ? "" : "s");
    }
    if (a->acked + a->refused == 0) {
        return report_silence(s, a->asked);
    }
    if (a->acked == 0) {
        return output_fail(EXIT_DATA, "refused by all of the %u nodes that answered: %s",
                           a->refused, why);
    }
    if (!s->options->json) {
        output_say("%u of %u nodes said yes", a->acked, a->asked);
    }
    if (a->refused > 0) {
        output_say("%u refused: %s", a->refused, why);
    }
    return a->refused > a->acked ? EXIT_DATA : EXIT_OK;
}

/* The last line of every operation: how many of the nodes asked have answered, and in which time.
 */
static int finish(const struct session *s, const char *what, unsigned answered, unsigned asked,
                  uint64_t elapsed_ms)
{
    if (!s->options->json) {
        output_say("%s%u of %u node%s answered in %" PRIu64 " ms", what, answered, asked,
                   asked == 1 ? "" : "s", elapsed_ms);
    }
    return EXIT_OK;
}

static int finish_put(const struct session *s, const struct dtt_event *event)
{
    const struct dtt_event_dht_put *e = &event->u.dht_put;
    if (e->acked > 0 && !s->options->json) {
        print_put(e);
    }
    int code =
        report_answers(s, &(struct answers){e->found, e->asked, e->acked, e->refused, e->error});
    if (e->acked > 0 && s->options->verify && !s->options->json) {
        output_say("%u nodes return the value", e->verified);
    }
    if (e->acked > 0) {
        finish(s, "", e->acked + e->refused, e->asked, e->elapsed_ms);
    }
    return code;
}

static int finish_announce(const struct session *s, const struct dtt_event *event)
{
    const struct dtt_event_dht_announce *e = &event->u.dht_announce;
    int code =
        report_answers(s, &(struct answers){e->found, e->asked, e->acked, e->refused, e->error});
    if (e->acked > 0) {
        finish(s, "", e->acked + e->refused, e->asked, e->elapsed_ms);
    }
    return code;
}

/* How many nodes returned each value. */
static void say_holders(const struct dtt_event_dht_done *e)
{
    for (uint32_t value = 0; value < e->values; value++) {
        unsigned n = 0;
        for (size_t i = 0; i < e->n_holders; i++) {
            n += e->holders[i].value == value;
        }
        output_say("value %u: returned by %u node%s", value + 1, n, n == 1 ? "" : "s");
    }
}

static int finish_search(const struct session *s, const struct dtt_event *event)
{
    const struct dtt_event_dht_done *e = &event->u.dht_done;
    enum query query = s->options->command->query;
    char what[40] = "";
    if (e->status == DTT_EREFUSED) {
        return output_fail(EXIT_REACH, "%s answered with an error", s->options->arg);
    }
    if (e->answered == 0) {
        return report_silence(s, e->asked);
    }
    if (query != QUERY_PING && query != QUERY_FIND) {
        snprintf(what, sizeof(what), "%u %s%s; ", e->values,
                 query == QUERY_PEERS ? "peer" : "value", e->values == 1 ? "" : "s");
    }
    if (e->n_holders > 0 && !s->options->json) {
        say_holders(e);
    }
    return finish(s, what, e->answered, e->asked, e->elapsed_ms);
}

/* Events of a query: how to print one for people and, for the last one, how the query ended. */
static const struct {
    int type;
    void (*print)(const struct dtt_event *event);
    int (*finish)(const struct session *s, const struct dtt_event *event);
} results[] = {
    {DTT_EVENT_DHT_VALUE, print_value, NULL}, {DTT_EVENT_DHT_NODE, print_node, NULL},
    {DTT_EVENT_DHT_PEER, print_peer, NULL},   {DTT_EVENT_DHT_DONE, NULL, finish_search},
    {DTT_EVENT_DHT_PUT, NULL, finish_put},    {DTT_EVENT_DHT_ANNOUNCE, NULL, finish_announce},
};

/* The last event of a query that nobody has heard. */
static bool is_silent(const struct dtt_event *event)
{
    switch (event->type) {
    case DTT_EVENT_DHT_DONE:
        return event->u.dht_done.answered == 0 && event->u.dht_done.status != DTT_EREFUSED;
    case DTT_EVENT_DHT_PUT: return event->u.dht_put.found == 0 && event->u.dht_put.acked == 0;
    case DTT_EVENT_DHT_ANNOUNCE:
        return event->u.dht_announce.found == 0 && event->u.dht_announce.acked == 0;
    default: return false;
    }
}

void dht_result_take(struct session *s, const struct dtt_event *event)
{
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        if (results[i].type != event->type || (is_silent(event) && session_is_silence(s, event))) {
            continue;
        }
        if (s->options->json) {
            print_event_json(event);
        } else if (results[i].print) {
            results[i].print(event);
        }
        if (results[i].finish) {
            session_end(s, results[i].finish(s, event));
        }
    }
}
