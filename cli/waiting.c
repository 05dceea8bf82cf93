/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "waiting.h"

#include "text.h"

#include <dtt/dht.h>
#include <string.h>

uint64_t waiting_metric(const dtt_node *node, const char *name)
{
    struct dtt_metric m = {.size = sizeof(m)};
    for (size_t i = 0; dtt_node_metric(node, i, &m) == 1; i++) {
        if (strcmp(m.name, name) == 0) {
            return m.value;
        }
        m.size = sizeof(m);
    }
    return 0;
}

static const char *bootstrap_sentence(const dtt_node *node, uint32_t resolving)
{
    if (resolving > 0) {
        return "looking up the addresses of the bootstrap hosts";
    }
    return waiting_metric(node, "names_threadless") > 0
               ? "there is no thread to look up a bootstrap host; raise 'ulimit -u', or the limit "
                 "of the container"
               : "no bootstrap host could be looked up";
}

void waiting_explain(const dtt_node *node, const dtt_topic *topic, uint64_t for_ms,
                     struct dtt_why *ret)
{
    struct dtt_dht_status dht = {.size = sizeof(dht)};
    *ret = (struct dtt_why){.size = sizeof(*ret), .stage = DTT_STAGE_DHT, .for_ms = for_ms};
    (void)dtt_node_dht_status(node, &dht);
    if (topic) {
        (void)dtt_topic_why(topic, ret);
    } else if (dht.bootstraps == 0) {
        snprintf(ret->sentence, sizeof(ret->sentence), "%s",
                 bootstrap_sentence(node, dht.resolving));
    } else {
        snprintf(ret->sentence, sizeof(ret->sentence), "no DHT node has answered yet");
    }
    if (ret->stage == DTT_STAGE_DHT && dht.bootstraps == 0) {
        ret->stage = DTT_STAGE_RESOLVE;
    }
}

/* The hosts at which the search began. */
static void list_tried(const struct options *o, char *out, size_t cap)
{
    const char *hosts[OPTIONS_BOOTSTRAP_MAX];
    size_t n = 0;
    if (o->n_bootstrap) {
        text_join(out, cap, o->bootstrap, o->n_bootstrap);
        return;
    }
    while (n < OPTIONS_BOOTSTRAP_MAX && (hosts[n] = dtt_public_bootstrap(n)) != NULL) {
        n++;
    }
    text_join(out, cap, hosts, n);
}

void waiting_sentence(const struct options *o, const struct dtt_why *why, bool is_over,
                      char sentence[WAITING_SENTENCE_MAX])
{
    char passed[32] = "", tried[512] = "";
    bool has_tried = why->stage <= DTT_STAGE_DHT;
    if (!is_over) {
        snprintf(passed, sizeof(passed), "; %.0f s so far", (double)why->for_ms / 1000);
    }
    if (has_tried) {
        list_tried(o, tried, sizeof(tried));
    }
    snprintf(sentence, WAITING_SENTENCE_MAX, "%s%s%s%s", why->sentence, passed,
             has_tried ? ", tried " : "", tried);
}

const char *waiting_hint(const struct dtt_why *why, bool has_topic)
{
    switch (why->stage) {
    case DTT_STAGE_RESOLVE:
        return "is there a network, and a name server? '--bootstrap' also takes an address, and "
               "'dtt testnet' makes a DHT without the internet";
    case DTT_STAGE_DHT:
        return "is there a network, and does it let UDP through? 'dtt doctor' looks for the reason";
    case DTT_STAGE_ALONE:
        return "others need the same topic and secret, and a clock that is right to a minute; "
               "'dtt lookup' shows whom the DHT knows";
    case DTT_STAGE_DIAL:
        return "one end must let strangers in: '--listen' on a UDP port that is open or forwarded, "
               "or '--relay' at both; 'dtt doctor' tells more";
    default: return has_topic ? NULL : "'dtt doctor' looks for the reason";
    }
}

void waiting_status(const struct dtt_why *why, bool has_hint, bool has_topic,
                    char sentence[WAITING_SENTENCE_MAX])
{
    const char *hint = has_hint ? waiting_hint(why, has_topic) : NULL;
    snprintf(sentence, WAITING_SENTENCE_MAX, "%s; %.0f s%s%s", why->sentence,
             (double)why->for_ms / 1000, hint ? "; " : "", hint ? hint : "");
}
