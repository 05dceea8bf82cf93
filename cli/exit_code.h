/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Exit codes of the command; those above 63 are the sysexits.h ones. */
#ifndef CLI_EXIT_CODE_H
#define CLI_EXIT_CODE_H

enum exit_code {
    EXIT_OK = 0,
    EXIT_DEMO = 1,      /**< `dtt demo` did not come to its end in time */
    EXIT_USAGE = 2,     /**< the command line, or a file it names, is wrong */
    EXIT_DATA = 65,     /**< input was refused */
    EXIT_REACH = 69,    /**< no peer or no DHT node in time */
    EXIT_INTERNAL = 70, /**< out of memory, or a defect */
    EXIT_IO = 74        /**< a socket, file or standard output failed */
};

#endif
