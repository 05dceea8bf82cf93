/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <dtt/types.h>

const char *dtt_error_name(int err)
{
    switch (err) {
    case DTT_OK: return "DTT_OK";
#define NAME(name, number, text) \
    case number: return #name;
        DTT_ERRORS(NAME)
#undef NAME
    default: return "DTT_E?";
    }
}

const char *dtt_error_text(int err)
{
    switch (err) {
    case DTT_OK: return "success";
#define TEXT(name, number, text) \
    case number: return text;
        DTT_ERRORS(TEXT)
#undef TEXT
    default: return "unknown error";
    }
}
