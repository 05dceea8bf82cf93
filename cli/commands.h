/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "options.h"

/** All of them, up to a NULL. */
extern const struct command *const commands[];

extern const struct command command_chat;
extern const struct command command_pipe;
extern const struct command command_lookup;
extern const struct command command_id;
extern const struct command command_dht_ping;
extern const struct command command_dht_get;
extern const struct command command_dht_put;
extern const struct command command_dht_find;
extern const struct command command_dht_get_immutable;
extern const struct command command_dht_put_immutable;
extern const struct command command_dht_peers;
extern const struct command command_dht_announce;
extern const struct command command_dht_serve;
extern const struct command command_doctor;
extern const struct command command_record_open;
extern const struct command command_record_seal;
extern const struct command command_testnet;
extern const struct command command_demo;
extern const struct command command_sim;

#endif
