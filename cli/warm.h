/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The state file that is kept without being asked for. A node's state has its id, so two programs
 * must not share one: each takes the first of a few files that no other has locked.
 */
#ifndef CLI_WARM_H
#define CLI_WARM_H

#include "places.h"

/** Programs at a time that start warm; the next one starts cold. */
#define WARM_FILES 8

struct warm {
    char path[PLACES_PATH_MAX]; /**< "": none */
    int lock;                   /**< descriptor, while there is a path */
};

/** Takes a file; none where there is no place for it, which is nothing to tell anybody. */
void warm_take(struct warm *w);
void warm_give_back(struct warm *w);

#endif
