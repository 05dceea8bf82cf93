/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "commands.h"
#include "identity.h"
#include "output.h"
#include "print.h"

#include <string.h>

static int run(struct options *o)
{
    uint8_t seed[DTT_SEED_BYTES];
    struct dtt_id id;
    char text[DTT_ID_TEXT_MAX];
    struct print_line line;
    if (!o->identity) {
        return output_fail(EXIT_USAGE,
                           "'id' needs '--identity FILE', or '--identity default' for the "
                           "one in your home; the file is made if missing");
    }
    int code = identity_load(o->identity, seed);
    if (code != EXIT_OK) {
        return code;
    }
    dtt_id_from_seed(seed, &id);
    explicit_bzero(seed, sizeof(seed));
    dtt_id_format(&id, text);
    if (o->json) {
        print_begin(&line, "id");
        dtt_json_text(&line.json, "endpoint_id", text);
        print_end(&line);
    } else {
        puts(text);
    }
    return EXIT_OK;
}

const struct command command_id = {
    .name = "id",
    .summary = "print the endpoint id of an identity, made if missing",
    .details = "Prints the endpoint id (64 hex digits) of the identity that '--identity' names.\n"
               "The file holds the secret key; it is made with mode 0600 if it is missing. Who\n"
               "gives '--identity default' here and to 'chat' is the same to others each time.",
    .options = OPTION_BIT(OPTION_OWN_IDENTITY) | OPTION_BIT(OPTION_JSON),
    .run = run,
};
