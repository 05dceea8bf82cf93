/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "options.h"

#include "codec/url.h"
#include "n0.h"
#include "option.h"
#include "output.h"

#include <stdarg.h>
#include <string.h>

static bool is_taken(const struct command *command, const struct option *option)
{
    return option->id == OPTION_HELP || (command->options & OPTION_BIT(option->id)) != 0;
}

static bool is_accepted(const struct command *command, const struct option *option)
{
    return is_taken(command, option) || (command->unlisted & OPTION_BIT(option->id)) != 0;
}

static const struct option *find(const struct command *command, const char *name, size_t len)
{
    for (const struct option *option = option_table; option->name; option++) {
        if (is_accepted(command, option) && strncmp(option->name, name, len) == 0 &&
            option->name[len] == '\0') {
            return option;
        }
    }
    return NULL;
}

/* Writes the sentence and returns false. */
OUTPUT_PRINTF(2, 3)
static bool refuse(char *error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error, OPTIONS_ERROR_MAX, format, args);
    va_end(args);
    return false;
}

static bool set(struct options *o, const struct option *option, char *value, char *error)
{
    const char *command = o->command->name;
    size_t *count = option->count > 0 ? (size_t *)(void *)((char *)o + option->count) : NULL;
    char *place = (char *)o + option->field + (count ? *count * option->size : 0);
    enum option_result result = OPTION_IS_ONE_TOO_MANY;
    size_t bare = dtt_url_bare_len(value); /* behind it there may be a token */
    int shown = (int)(bare < 80 ? bare : 80);
    if (!count || *count < option->most) {
        result = option->set(&(struct option_use){o, option, place, value});
    }
    switch (result) {
    case OPTION_TAKEN:
        if (count) {
            ++*count;
        }
        return true;
    case OPTION_IS_ONE_TOO_MANY:
        return refuse(error,
                      "option '--%s %.*s' is one too many; 'dtt %s --help' says how often it can "
                      "be given",
                      option->name, shown, value, command);
    case OPTION_SAYS_WHY:
        return refuse(error, "option '--%s %.*s': %s; 'dtt %s --tune list' shows the knobs",
                      option->name, shown, value, o->why, command);
    case OPTION_IS_BAD:
    default:
        return refuse(error, "option '--%s': '%.*s' is not %s", option->name, shown, value,
                      option->expects);
    }
}

/* Takes the option at argv[*i] and moves *i to its last word. */
static bool take_option(struct options *o, int argc, char **argv, int *i, char *error)
{
    const char *command = o->command->name;
    char *name = argv[*i] + 2;
    size_t len = strcspn(name, "=");
    char *value = name[len] == '=' ? name + len + 1 : NULL;
    const struct option *option = find(o->command, name, len);
    if (!option) {
        return refuse(error, "unknown option '--%.*s' for '%s'; 'dtt %s --help' lists them",
                      (int)(len < 80 ? len : 80), name, command, command);
    }
    if (!option->set && value) {
        return refuse(error, "option '--%s' takes no value", option->name);
    }
    if (!option->set) {
        *(bool *)((char *)o + option->field) = true;
        return true;
    }
    if (!value && *i + 1 >= argc) {
        return refuse(error, "option '--%s' needs a value: --%s %s", option->name, option->name,
                      option->value);
    }
    return set(o, option, value ? value : argv[++*i], error);
}

static bool take_argument(struct options *o, const char *arg, char *error)
{
    const struct command *c = o->command;
    if (!c->arg) {
        return refuse(error,
                      "'%s' takes no argument, but '%.80s' was given; 'dtt %s --help' explains",
                      c->name, arg, c->name);
    }
    if (!o->arg) {
        o->arg = arg;
    } else if (!c->arg2) {
        return refuse(error,
                      "'%s' takes one %s, and '%.80s' is a second one (quote what has spaces)",
                      c->name, c->arg, arg);
    } else if (!o->arg2) {
        o->arg2 = arg;
    } else {
        return refuse(error,
                      "'%s' takes %s and %s, and '%.80s' is a third argument; 'dtt %s --help' "
                      "explains",
                      c->name, c->arg, c->arg2, arg, c->name);
    }
    return true;
}

/* Whether everything the command needs is there and fits together. */
static bool check(struct options *o, char *error)
{
    const struct command *c = o->command;
    if (o->old_line) {
        o->tuning.old_line_slot = 1;
    }
    if (dtt_tuning_check(&o->tuning, (int)o->preset, o->why, sizeof(o->why)) != 0) {
        return refuse(error, "option '--tune': %s", o->why);
    }
    if (o->no_lan && o->lan == 1) {
        return refuse(error, "'--lan iroh' and '--no-lan' exclude each other");
    }
    if (o->state && o->no_state) {
        return refuse(error, "'--state' and '--no-state' exclude each other");
    }
    if (o->n0 && !n0_add(o)) {
        return refuse(error,
                      "'--n0' has %d relays, a pkarr server and a DNS origin, which is more "
                      "than fits beside those named; 'dtt %s --help' says how many",
                      N0_RELAYS, c->name);
    }
    if (c->arg && !c->arg_is_optional && !o->arg) {
        return refuse(error, "'%s' needs %s %s; 'dtt %s --help' explains", c->name,
                      strchr("AEIOU", c->arg[0]) ? "an" : "a", c->arg, c->name);
    }
    if (c->arg2 && !o->arg2) {
        return refuse(error, "'%s' needs a %s after the %s; 'dtt %s --help' explains", c->name,
                      c->arg2, c->arg, c->name);
    }
    if (o->arg && *o->arg == '\0' && c->query != QUERY_PUT) {
        return refuse(error, "the %s is empty", c->arg);
    }
    return true;
}

bool options_parse(struct options *o, const struct command *command, int argc, char **argv,
                   char error[OPTIONS_ERROR_MAX])
{
    bool only_arguments = false;
    *o = (struct options){.command = command,
                          .tuning = {.size = sizeof(o->tuning)},
                          .join_timeout_ms = -1,
                          .for_ms = -1,
                          .n_nodes = -1,
                          .n_demo_peers = -1,
                          .n_members = -1,
                          .seed = 1,
                          .seq = -1,
                          .cas = -1,
                          .minute = -1};
    for (int i = 0; i < argc && !o->help && !o->wants_knobs; i++) {
        bool is_good = true;
        if (only_arguments || argv[i][0] != '-' || argv[i][1] == '\0') {
            is_good = take_argument(o, argv[i], error);
        } else if (strcmp(argv[i], "--") == 0) {
            only_arguments = true;
        } else if (strcmp(argv[i], "-h") == 0) {
            o->help = true;
        } else if (argv[i][1] != '-') {
            is_good = refuse(error,
                             "unknown option '%.80s' for '%s'; options are words, and 'dtt %s "
                             "--help' lists them",
                             argv[i], command->name, command->name);
        } else {
            is_good = take_option(o, argc, argv, &i, error);
        }
        if (!is_good) {
            return false;
        }
    }
    return o->help || o->wants_knobs || check(o, error);
}

/* Prints `text` with its later lines indented to the column of the first. */
static void print_indented(FILE *out, const char *text, int indent)
{
    for (const char *line = text; line;) {
        size_t len = strcspn(line, "\n");
        fprintf(out, "%.*s\n", (int)len, line);
        line = line[len] ? line + len + 1 : NULL;
        if (line) {
            fprintf(out, "%*s", indent, "");
        }
    }
}

void options_help(FILE *out, const struct command *command)
{
    const int column = 23;
    fprintf(out, "usage: dtt %s [OPTIONS]", command->name);
    if (command->arg) {
        fprintf(out, command->arg_is_optional ? " [%s]" : " %s", command->arg);
    }
    if (command->arg2) {
        fprintf(out, " %s", command->arg2);
    }
    fprintf(out, "\n\n%s\n\noptions:\n", command->details);
    for (const struct option *option = option_table; option->name; option++) {
        char left[40];
        if (!is_taken(command, option)) {
            continue;
        }
        snprintf(left, sizeof(left), "  --%s%s%s", option->name, option->value ? " " : "",
                 option->value ? option->value : "");
        fprintf(out, "%-*s", column, left);
        if (strlen(left) >= (size_t)column) {
            fprintf(out, "\n%*s", column, "");
        }
        print_indented(out, option->help, column);
    }
}
