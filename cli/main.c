/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* dtt: programs that share a topic name and a secret find each other and talk. */
#include "commands.h"
#include "knobs.h"
#include "output.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Prints the commands whose names begin with `prefix`. */
static void list(FILE *out, const char *prefix)
{
    for (size_t i = 0; commands[i]; i++) {
        if (strncmp(commands[i]->name, prefix, strlen(prefix)) == 0) {
            fprintf(out, "  %-19s%s\n", commands[i]->name, commands[i]->summary);
        }
    }
}

static void help(void)
{
    puts("usage: dtt COMMAND [OPTIONS] [ARGUMENT]\n"
         "\n"
         "Programs that share a topic name and a secret find each other on the BitTorrent\n"
         "DHT, connect directly and talk. There is no server.\n"
         "\n"
         "commands:");
    list(stdout, "");
    puts("\n"
         "'dtt COMMAND --help' explains a command, 'man dtt' everything.\n"
         "To begin: 'dtt demo', then 'dtt chat TOPIC' on two machines.");
}

/* The number of words of `name` if they are the first of `argv`, else 0. */
static int match(const char *name, int argc, char **argv)
{
    size_t first = strcspn(name, " ");
    if (argc < 1 || strlen(argv[0]) != first || strncmp(name, argv[0], first) != 0) {
        return 0;
    }
    if (name[first] == '\0') {
        return 1;
    }
    return argc > 1 && strcmp(name + first + 1, argv[1]) == 0 ? 2 : 0;
}

/* `word` is the first of a pair like "dht get", but the second does not fit. */
static int run_group(const char *word, int argc, char **argv)
{
    char prefix[32];
    snprintf(prefix, sizeof(prefix), "%s ", word);
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        printf("usage: dtt %s COMMAND [OPTIONS]\n\ncommands:\n", word);
        list(stdout, prefix);
        return EXIT_OK;
    }
    if (argc > 1) {
        return output_fail(EXIT_USAGE, "unknown command '%s%.40s'; 'dtt %s --help' lists them",
                           prefix, argv[1], word);
    }
    return output_fail(EXIT_USAGE, "'%s' needs a second word; 'dtt %s --help' lists them", word,
                       word);
}

static int run(int argc, char **argv)
{
    if (argc < 1) {
        return output_fail(EXIT_USAGE, "a command is missing; 'dtt --help' lists them");
    }
    if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0 ||
        strcmp(argv[0], "help") == 0) {
        help();
        return EXIT_OK;
    }
    if (strcmp(argv[0], "--version") == 0) {
        printf("dtt %s%s\n", dtt_version(), CLI_HAS_UPNP ? "" : " (without UPnP)");
        return EXIT_OK;
    }
    for (size_t i = 0; commands[i]; i++) {
        const struct command *command = commands[i];
        int words = match(command->name, argc, argv);
        char error[OPTIONS_ERROR_MAX];
        struct options o;
        if (words == 0) {
            continue;
        }
        if (!options_parse(&o, command, argc - words, argv + words, error)) {
            return output_fail(EXIT_USAGE, "%s", error);
        }
        if (o.wants_knobs) {
            knobs_print(stdout);
            return EXIT_OK;
        }
        if (!o.help) {
            return command->run(&o);
        }
        options_help(stdout, command);
        return EXIT_OK;
    }
    if (strcmp(argv[0], "dht") == 0 || strcmp(argv[0], "record") == 0) {
        return run_group(argv[0], argc, argv);
    }
    return output_fail(EXIT_USAGE, "unknown %s '%.40s'; 'dtt --help' lists them",
                       argv[0][0] == '-' ? "option" : "command", argv[0]);
}

/* A socket must never get the number of a closed standard stream. */
static void open_standard_streams(void)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO) {
        close(fd);
    }
}

/*
 * A core file would hold the identity and the secret, in copies of GnuTLS too, of which no page can
 * be left out. So there is none, and no other process of the user may look into this one.
 */
static void keep_secrets(void)
{
    const char *wanted = getenv("DTT_CORE_DUMPS");
    if (!wanted || !*wanted) {
        (void)prctl(PR_SET_DUMPABLE, 0);
    }
}

int main(int argc, char **argv)
{
    keep_secrets();
    open_standard_streams();
    signal(SIGPIPE, SIG_IGN);
    int code = run(argc - 1, argv + 1);
    int flushed = output_finish();
    return code == EXIT_OK ? flushed : code;
}
