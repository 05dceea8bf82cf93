/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/reason.h"

#include <assert.h>

const char *dtt_reason_word(int reason)
{
    switch (reason) {
#define WORD(name, word, is_silence, sentence) \
    case name: return word;
        DTT_REASONS(WORD)
#undef WORD
    default: return "?";
    }
}

const char *dtt_reason_text(int reason)
{
    switch (reason) {
#define TEXT(name, word, is_silence, sentence) \
    case name: return sentence;
        DTT_REASONS(TEXT)
#undef TEXT
    default: return "has gone";
    }
}

bool dtt_reason_is_silence(enum dtt_reason reason)
{
    static const bool is_silence[] = {
#define IS_SILENCE(name, word, is_silence, sentence) [name] = (is_silence) != 0,
        DTT_REASONS(IS_SILENCE)
#undef IS_SILENCE
    };
    assert(reason < sizeof(is_silence) / sizeof(is_silence[0]));
    return is_silence[reason];
}
