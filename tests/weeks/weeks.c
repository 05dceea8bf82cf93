/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The scenario "weeks" with an allocator that counts. Prints a JSON line for each virtual hour: of
 * each node that lasts, the fewest bytes that it had of each module within that hour; and one at
 * the end. weeks.py judges them.
 *
 * usage: weeks HOURS SEED PER_MESSAGE quic|plain
 *
 * Each member loses PER_MESSAGE bytes with each message it receives: to show that it is seen.
 */
#include "sim/observe.h"
#include "sim/scenario.h"
#include "weeks/heap.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_S 10
#define HOUR_S 3600

struct watched {
    size_t least[HEAP_MODULE_COUNT];
    uint64_t received; /* messages, when looked at last */
};

struct weeks {
    size_t leak;
    uint32_t lasting;
    struct watched hosts[HEAP_HOSTS];
};

static void inside(void *user, uint32_t host)
{
    (void)user;
    heap_enter(host);
}

static void lose(struct weeks *k, const struct dtt_sim_host *h)
{
    struct watched *c = &k->hosts[h->number];
    uint64_t received = h->ctx.counters[DTT_COUNTER_GOSSIP_RECEIVED];
    heap_enter(h->number);
    for (; c->received < received; c->received++) {
        heap_leak(HEAP_gossip, k->leak);
    }
    c->received = received;
}

static void print_node(struct watched *c, const char *kind, uint32_t number, bool is_first)
{
    printf("%s{\"kind\":\"%s\",\"host\":%" PRIu32, is_first ? "" : ",", kind, number);
    for (int m = 0; m < HEAP_MODULE_COUNT; m++) {
        printf(",\"%s\":%zu", heap_module_name(m), c->least[m]);
        c->least[m] = SIZE_MAX;
    }
    printf("}");
}

static void look(void *user, const struct dtt_sim_world *w)
{
    struct weeks *k = user;
    uint64_t s = w->t_ns / DTT_S;
    uint32_t members = 0;
    bool is_hour = s % HOUR_S == 0, is_first = true;
    if (is_hour) {
        printf("{\"hour\":%" PRIu64 ",\"nodes\":[", s / HOUR_S);
    }
    for (uint32_t i = 0; i < w->n_hosts; i++) {
        const struct dtt_sim_host *h = w->hosts[i];
        bool lasts = h->is_member ? members++ < k->lasting : h->core != NULL;
        struct watched *c = &k->hosts[i];
        if (!lasts || !h->core) {
            continue;
        }
        for (int m = 0; s % LOOK_S == 0 && m < HEAP_MODULE_COUNT; m++) {
            size_t live = heap_live(i, m);
            c->least[m] = live < c->least[m] ? live : c->least[m];
        }
        if (h->is_member && k->leak > 0) {
            lose(k, h);
        }
        if (is_hour) {
            print_node(c, h->is_member ? "member" : "server", i, is_first);
            is_first = false;
        }
    }
    if (is_hour) {
        printf("]}\n");
        fflush(stdout);
    }
}

static size_t count_left(void)
{
    size_t left = 0;
    for (uint32_t i = 0; i < HEAP_HOSTS; i++) {
        for (int m = 0; m < HEAP_MODULE_COUNT; m++) {
            left += heap_live(i, m);
        }
    }
    return left;
}

static int play(struct weeks *k, uint32_t hours, uint64_t seed, bool is_real)
{
    struct dtt_sim_scenario s = *dtt_sim_scenario_named("weeks");
    struct dtt_sim_watch watch = {.user = k, .inside = inside, .look = look};
    struct dtt_sim_params params = {.seed = seed, .is_real = is_real, .watch = &watch};
    struct dtt_sim_result r;
    s.end_s = hours * HOUR_S;
    k->lasting = s.lasting;
    int err = dtt_sim_scenario_play(&s, &params, &r);
    if (err != DTT_OK) {
        fprintf(stderr, "weeks: %s\n", dtt_error_text(err));
        return 1;
    }
    printf("{\"passed\":%s,\"why\":\"%s\",\"trace_hash\":\"%s\",\"left\":%zu}\n",
           r.passed ? "true" : "false", r.why, r.trace_hash, count_left());
    dtt_sim_result_fini(&r);
    return 0;
}

int main(int argc, char **argv)
{
    uint32_t hours = argc > 4 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
    if (hours == 0 || hours > 10000) {
        fprintf(stderr, "usage: weeks HOURS SEED PER_MESSAGE quic|plain\n");
        return 2;
    }
    struct weeks *k = calloc(1, sizeof(*k));
    if (!k) {
        return 1;
    }
    k->leak = strtoul(argv[3], NULL, 10);
    for (size_t i = 0; i < HEAP_HOSTS; i++) {
        memset(k->hosts[i].least, 0xff, sizeof(k->hosts[i].least));
    }
    int code = play(k, hours, strtoull(argv[2], NULL, 10), strcmp(argv[4], "quic") == 0);
    free(k);
    return code;
}
