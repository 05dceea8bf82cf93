/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How members are called on the screen. They choose their names, so a name is cleaned, and where it
 * could be taken for another's, for ours or for a word of the program, the endpoint id stands
 * behind it.
 */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

#include <dtt/dtt.h>

#include <stdbool.h>
#include <stddef.h>

/** Members that are known by name; others are called by their id. */
#define NAMES_MAX 256
/** Columns that a name takes at most. */
#define NAMES_COLUMNS 20
/** Of an id so many hex digits are shown. */
#define NAMES_ID_DIGITS 10
#define NAMES_CLEAN_MAX (DTT_NAME_MAX + 1)
/** "NAME#0123456789" */
#define NAMES_SHOWN_MAX (NAMES_CLEAN_MAX + NAMES_ID_DIGITS + 1)

struct names_entry {
    struct dtt_id id;
    char told[DTT_NAME_MAX + 1];
    char clean[NAMES_CLEAN_MAX];     /* "": called by the id */
    char skeleton[2 * DTT_NAME_MAX]; /* names that look alike have the same */
};

/** Zero is no name at all; entry 0 is our own. */
struct names {
    size_t n;
    struct names_entry entries[1 + NAMES_MAX];
};

/** The beginning of an id. */
void names_id(const struct dtt_id *id, char ret[NAMES_ID_DIGITS + 1]);

/**
 * Cleans a name: letters, digits, emoji and " ._'-" stay, "_" takes the place of other signs, and
 * what nobody sees goes. False when nothing is left.
 */
bool names_clean(const char *told, char ret[NAMES_CLEAN_MAX]);

/** Ours; "": none. */
void names_set_own(struct names *n, const struct dtt_id *id, const char *told);

/** Those of all others; names_refresh takes them from the topic. */
void names_refresh(struct names *n, const dtt_topic *topic);
void names_set(struct names *n, const struct dtt_member *members, size_t n_members);

/** Writes what a member is called: "me" are we without a name. */
void names_show(const struct names *n, const struct dtt_id *id, char ret[NAMES_SHOWN_MAX]);

bool names_is_own(const struct names *n, const struct dtt_id *id);

/** Whether a text has our name in it, as a word. */
bool names_is_mentioned(const struct names *n, const char *text);

#endif
