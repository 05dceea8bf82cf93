/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "commands.h"
#include "option.h"
#include "output.h"
#include "print.h"
#include "session.h"
#include "sim/plot.h"
#include "sim/sim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Largest resident set of this process so far, in bytes. */
static uint64_t memory(void *user)
{
    struct rusage use;
    (void)user;
    return getrusage(RUSAGE_SELF, &use) == 0 ? (uint64_t)use.ru_maxrss * 1024 : 0;
}

/* A paragraph, indented by four and broken at 78 columns. */
static void print_wrapped(const char *text)
{
    size_t column = 0;
    while (*text) {
        size_t len = strcspn(text, " ");
        if (column > 0 && column + 1 + len > 78) {
            putchar('\n');
            column = 0;
        }
        column += (size_t)printf("%s%.*s", column > 0 ? " " : "    ", (int)len, text);
        text += len + strspn(text + len, " ");
    }
    putchar('\n');
}

static void list(bool is_json)
{
    struct print_line line;
    struct dtt_sim_about about;
    for (size_t i = 0; dtt_sim_about(i, &about); i++) {
        if (is_json) {
            print_begin(&line, "scenario");
            dtt_json_text(&line.json, "scenario", about.name);
            dtt_json_u64(&line.json, "nodes", about.nodes);
            dtt_json_u64(&line.json, "nodes_max", about.nodes_max);
            dtt_json_text(&line.json, "checks", about.checks);
            print_end(&line);
        } else {
            printf("%s%s (%" PRIu32 " members)\n", i > 0 ? "\n" : "", about.name, about.nodes);
            print_wrapped(about.checks);
        }
    }
}

static void print_json(const struct dtt_sim_result *r, const char *preset, uint64_t wall_ms)
{
    struct print_line line;
    struct dtt_json *j = &line.json;
    print_begin(&line, "result");
    dtt_json_text(j, "scenario", r->scenario);
    dtt_json_u64(j, "seed", r->seed);
    dtt_json_u64(j, "nodes", r->nodes);
    dtt_json_bool(j, "passed", r->passed);
    dtt_json_text(j, "trace_hash", r->trace_hash);
    dtt_json_object(j, "metrics");
    for (size_t i = 0; i < r->n_metrics; i++) {
        dtt_json_thousandths(j, r->metrics[i].name, r->metrics[i].thousandths);
    }
    dtt_json_end(j);
    dtt_json_text(j, "preset", preset);
    dtt_json_text(j, "why", r->why);
    dtt_json_u64(j, "wall_ms", wall_ms);
    dtt_json_u64(j, "memory_bytes", memory(NULL));
    print_end(&line);
}

/* A decimal number without needless zeros. */
static void print_metric(const struct dtt_sim_metric *m)
{
    char number[32];
    struct dtt_json j;
    dtt_json_init(&j, number, sizeof(number));
    dtt_json_thousandths(&j, NULL, m->thousandths);
    dtt_json_finish(&j);
    printf("  %-24s%s\n", m->name, number);
}

static void print_text(const struct dtt_sim_result *r, const char *preset, uint64_t wall_ms)
{
    printf("%s: %s\n  seed %" PRIu64 ", %" PRIu32 " nodes, preset %s, trace %s\n", r->scenario,
           r->passed ? "passed" : "FAILED", r->seed, r->nodes, preset, r->trace_hash);
    for (size_t i = 0; i < r->n_metrics; i++) {
        print_metric(&r->metrics[i]);
    }
    printf("  took %" PRIu64 " ms and %" PRIu64 " MiB\n", wall_ms, memory(NULL) >> 20);
}

/* Writes the picture; an exit code. */
static int write_plot(const struct dtt_sim_result *r, const char *file)
{
    char *svg = dtt_sim_plot(r);
    FILE *f = svg ? fopen(file, "w") : NULL;
    bool is_written = f && fputs(svg, f) >= 0;
    if (f && fclose(f) != 0) {
        is_written = false;
    }
    if (!svg) {
        return output_fail(EXIT_INTERNAL, "out of memory: '%s' was not written", file);
    }
    free(svg);
    return is_written ? EXIT_OK
                      : output_fail(EXIT_IO, "cannot write '%s': %s", file, strerror(errno));
}

/* Says what went wrong and which command shows it again. */
static int tell_failure(const struct dtt_sim_result *r, const struct options *o)
{
    output_say("%s failed: %s", r->scenario, r->why);
    return output_fail(
        EXIT_FAILED,
        "to see it again: dtt sim %s --seed %" PRIu64 " --nodes %" PRIu32 " --preset %s%s",
        r->scenario, r->seed, r->nodes, option_presets[o->preset], o->is_real ? " --quic" : "");
}

static int refuse(int err, const struct options *o)
{
    struct dtt_sim_about about;
    for (size_t i = 0; err == DTT_EINVAL && dtt_sim_about(i, &about); i++) {
        if (strcmp(about.name, o->arg) == 0) {
            return output_fail(EXIT_USAGE, "'%s' is for 2 to %" PRIu32 " nodes", about.name,
                               about.nodes_max);
        }
    }
    if (err == DTT_ENOENT) {
        return output_fail(EXIT_USAGE, "there is no scenario '%.40s'; 'dtt sim --list' lists them",
                           o->arg);
    }
    return output_fail(EXIT_INTERNAL, "the simulation broke off: %s", dtt_error_text(err));
}

static int run(struct options *o)
{
    struct dtt_sim_params params = {.scenario = o->arg,
                                    .seed = (uint64_t)o->seed,
                                    .nodes = o->n_members > 0 ? (uint32_t)o->n_members : 0,
                                    .preset = (int)o->preset,
                                    .is_real = o->is_real,
                                    .memory = memory};
    struct dtt_sim_result result;
    uint64_t start_ms = session_now_ms();
    if (o->list) {
        list(o->json);
        return EXIT_OK;
    }
    if (!o->arg) {
        return output_fail(EXIT_USAGE, "'sim' needs a SCENARIO; 'dtt sim --list' lists them");
    }
    int err = dtt_sim_scenario_run(&params, &result);
    if (err != DTT_OK) {
        return refuse(err, o);
    }
    (o->json ? print_json : print_text)(&result, option_presets[o->preset],
                                        session_now_ms() - start_ms);
    int code = output_finish();
    if (code == EXIT_OK && o->plot) {
        code = write_plot(&result, o->plot);
    }
    if (code == EXIT_OK && !result.passed) {
        code = tell_failure(&result, o);
    }
    dtt_sim_result_fini(&result);
    return code;
}

const struct command command_sim = {
    .name = "sim",
    .arg = "SCENARIO",
    .arg_is_optional = true,
    .summary = "run a scenario of the simulator",
    .details = "Runs the library's own code for many members at once, in virtual time on a\n"
               "simulated network, and checks what the scenario promises. Exit code 0 when it\n"
               "holds and 1 when not, with the command that shows the same run again.\n"
               "'--list' tells the scenarios.",
    .options = OPTION_BIT(OPTION_SEED) | OPTION_BIT(OPTION_MEMBERS) | OPTION_BIT(OPTION_PRESET) |
               OPTION_BIT(OPTION_REAL) | OPTION_BIT(OPTION_PLOT) | OPTION_BIT(OPTION_LIST) |
               OPTION_BIT(OPTION_JSON),
    .run = run,
};
