/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The table of options: one row for each, however many commands take it. */
#ifndef CLI_OPTION_H
#define CLI_OPTION_H

#include "options.h"

struct option;

enum option_result {
    OPTION_TAKEN,
    OPTION_IS_BAD, /**< the value is not what the option expects */
    OPTION_IS_ONE_TOO_MANY,
    OPTION_SAYS_WHY /**< the sentence is in options.why */
};

/** An option on the command line: its `value` goes into `place`. */
struct option_use {
    struct options *o;
    const struct option *option;
    void *place;
    char *value;
};

struct option {
    enum option_id id;
    const char *name;         /**< without the dashes */
    const char *value;        /**< name of its value in the help; NULL: a flag */
    const char *help;         /**< lines after the first are indented when printed */
    const char *expects;      /**< "... is not EXPECTS" */
    const char *const *words; /**< values it may have, up to a NULL */
    enum option_result (*set)(const struct option_use *use); /**< NULL: a flag */
    size_t field;     /**< offset of the place in struct options; a flag is a bool there */
    int64_t min, max; /**< of a number; `max` also of the length of a text, 0: any */
    size_t count; /**< offset of the size_t that counts an option given more than once; 0: none */
    size_t most;  /**< how often it can be given */
    size_t size;  /**< bytes of each element in `field` then */
};

/** In the order of the help, up to one without a name. A name may stand for two options of
 * different commands. */
extern const struct option option_table[];

/** The words for enum dtt_preset, up to a NULL. */
extern const char *const option_presets[];

#endif
