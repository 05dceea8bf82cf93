/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "commands.h"

/* In the order of the help. */
const struct command *const commands[] = {
    &command_chat,
    &command_pipe,
    &command_lookup,
    &command_id,
    &command_dht_ping,
    &command_dht_get,
    &command_dht_put,
    &command_dht_find,
    &command_dht_get_immutable,
    &command_dht_put_immutable,
    &command_dht_peers,
    &command_dht_announce,
    &command_dht_serve,
    &command_record_open,
    &command_record_seal,
    &command_testnet,
    &command_demo,
    &command_doctor,
    &command_sim,
    NULL,
};
