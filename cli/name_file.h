/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The name of an identity, in a file beside it: IDENTITY.name, a line of text. */
#ifndef CLI_NAME_FILE_H
#define CLI_NAME_FILE_H

#include <dtt/dtt.h>

/** "" when there is none. An errno, or 0. */
int name_file_read(const char *identity, char ret_name[DTT_NAME_MAX + 1]);

/** Replaces it as a whole. An errno, or 0. */
int name_file_write(const char *identity, const char *name);

#endif
