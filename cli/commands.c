/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "commands.h"

const struct command *const commands[] = {
#define X(name) &command_##name,
#include "commands.def"
#undef X
    NULL};
