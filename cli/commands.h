/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "options.h"

#define X(name) extern const struct command command_##name;
#include "commands.def"
#undef X

/** All of them, up to a NULL. */
extern const struct command *const commands[];

#endif
