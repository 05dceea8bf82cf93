/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where files are kept that nobody has named: the folders of the XDG Base Directory Specification.
 */
#ifndef CLI_PLACES_H
#define CLI_PLACES_H

#include <stdbool.h>
#include <stddef.h>

enum place {
    PLACE_DATA, /**< what should not be lost: XDG_DATA_HOME, else ~/.local/share */
    PLACE_STATE /**< what may be lost: XDG_STATE_HOME, else ~/.local/state */
};

#define PLACES_PATH_MAX 4096

/**
 * Writes the path of `name` in the folder "dtt" of that place, which is made with mode 0700, as are
 * those above it. False when no variable says where, with "" in `ret`, or with an errno and the
 * folder in `ret`: EACCES also when it is another user's.
 */
bool places_find(enum place place, const char *name, char ret[PLACES_PATH_MAX]);

#endif
