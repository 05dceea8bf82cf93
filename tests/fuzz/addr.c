/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Addresses as text and in compact form: what parses says the same again, and parses again. */
#include "base/addr.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char text[DTT_ADDR_TEXT_MAX];
    struct dtt_addr a;
    struct dtt_addr b;
    char *copy = malloc(len + 1);
    if (!copy) {
        return 0;
    }
    memcpy(copy, data, len);
    copy[len] = '\0';
    if (dtt_addr_parse(copy, &a) == DTT_OK) {
        dtt_addr_format(&a, text);
        if (dtt_addr_parse(text, &b) != DTT_OK || !dtt_addr_eq(&a, &b)) {
            abort();
        }
    }
    char host[DTT_HOST_MAX];
    uint16_t port = 0;
    if (dtt_addr_split_host(copy, host, &port) == DTT_OK && (host[0] == '\0' || port == 0)) {
        abort();
    }
    free(copy);
    if (dtt_addr_from_compact(dtt_slice(data, len), &a) == DTT_OK) {
        dtt_addr_format(&a, text);
        if (dtt_addr_parse(text, &b) != DTT_OK || !dtt_addr_eq(&a, &b)) {
            abort();
        }
    }
    return 0;
}
