/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/topic_config.h"

int dtt_topic_config_read(const struct dtt_topic_config *cfg, uint8_t ret_topic[32],
                          struct dtt_secret *ret_secret)
{
    if (!cfg->secret || cfg->secret_len == 0) {
        return DTT_EINVAL;
    }
    int err = dtt_slot_topic(ret_topic, cfg->name, cfg->topic_hash);
    if (!err) {
        dtt_secret_init(ret_secret, dtt_slice(cfg->secret, cfg->secret_len), cfg->rotation,
                        cfg->rotation_user);
    }
    return err;
}
