/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reads which topic a config means, and its secret. */
#ifndef DTT_NODE_TOPIC_CONFIG_H
#define DTT_NODE_TOPIC_CONFIG_H

#include "record/slot.h"

#include <dtt/dtt.h>

/** DTT_EINVAL without a secret, or unless exactly one of name and hash is given. */
int dtt_topic_config_read(const struct dtt_topic_config *cfg, uint8_t ret_topic[32],
                          struct dtt_secret *ret_secret);

#endif
