/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "commands.h"
#include "room.h"

static int run(struct options *o)
{
    return room_run(o, false);
}

const struct command command_pipe = {
    .name = "pipe",
    .arg = "TOPIC",
    .summary = "connect standard input and output to a topic, line by line",
    .details = "Each line of standard input is sent to all in the room of TOPIC and the secret;\n"
               "each message received is a line on standard output. Lines wait until there is a\n"
               "neighbour. Without '--quit-on-eof' the end of the input does not end the\n"
               "command: it stays until '--for' runs out, SIGINT or SIGTERM.\n"
               "\n"
               "A line holds up to 4057 bytes; a longer one is refused on standard error, and\n"
               "the exit code is 65 then. It is 69 when lines were not sent because no\n"
               "neighbour took them. Empty lines are not sent. Equal lines within 3 minutes\n"
               "count as one in the swarm.\n"
               "\n"
               "With the topic and the address of a member anybody can hear and speak without\n"
               "the secret, but not with '--closed'.",
    .options = OPTIONS_TOPIC | OPTION_BIT(OPTION_QUIT_ON_EOF) | OPTION_BIT(OPTION_NAME) |
               OPTION_BIT(OPTION_SIGNED),
    .run = run,
};
