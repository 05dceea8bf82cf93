/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Options as text, NAME=VALUE, a line each: what is refused has a sentence and changes nothing;
 * what the whole comes to is accepted by the checks of the configs, or refused with a sentence.
 */
#include <dtt/options.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool ok)
{
    if (!ok) {
        abort();
    }
}

static void set(dtt_options *o, char *line)
{
    char *value = strchr(line, '=');
    char why[160] = "";
    struct dtt_config node = *dtt_options_node(o);
    struct dtt_topic_config topic = *dtt_options_topic(o);
    if (!value) {
        return;
    }
    *value++ = '\0';
    if (dtt_options_set(o, line, value, why, sizeof(why)) != DTT_OK) {
        require(why[0] != '\0');
        require(memcmp(&node, dtt_options_node(o), sizeof(node)) == 0);
        require(memcmp(&topic, dtt_options_topic(o), sizeof(topic)) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    dtt_options *o = dtt_options_new();
    char *text = calloc(1, len + 1);
    char why[160] = "";
    require(o && text);
    if (len > 0) {
        memcpy(text, data, len);
    }
    for (char *line = text; line;) {
        char *next = strchr(line, '\n');
        if (next) {
            *next++ = '\0';
        }
        set(o, line);
        line = next;
    }
    require(dtt_config_check(dtt_options_node(o), why, sizeof(why)) == DTT_OK || why[0] != '\0');
    why[0] = '\0';
    require(dtt_topic_config_check(dtt_options_topic(o), why, sizeof(why)) == DTT_OK ||
            why[0] != '\0');
    free(text);
    dtt_options_free(o);
    return 0;
}
