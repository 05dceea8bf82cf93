/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Exit codes of the command; those above 63 are the sysexits.h ones. */
#ifndef CLI_EXIT_CODE_H
#define CLI_EXIT_CODE_H

enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,    /**< `dtt demo` or a scenario of `dtt sim` did not end as it should */
    EXIT_USAGE = 2,     /**< the command line, or a file it names, is wrong */
    EXIT_DATA = 65,     /**< input was refused */
    EXIT_REACH = 69,    /**< no peer or no DHT node in time */
    EXIT_INTERNAL = 70, /**< out of memory, or a defect */
    EXIT_IO = 74        /**< a socket, file or standard output failed */
};

#endif
