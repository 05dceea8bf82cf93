/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "names.h"

#include "codec/text.h"
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#define JOINER 0x200d
#define EMOJI_SELECTOR 0xfe0f
#define BRAILLE_BLANK 0x2800
/* Accents on one letter; a heap of them reaches into other lines. */
#define ACCENTS_MAX 2
/* So many hex digits could be the id of another. */
#define LIKE_ID_DIGITS 6

void names_id(const struct dtt_id *id, char ret[NAMES_ID_DIGITS + 1])
{
    dtt_hex_encode(ret, dtt_slice(id->bytes, NAMES_ID_DIGITS / 2));
}

/* ----------------------------------------------------------------- cleaning */

static bool is_of(uint32_t code, uint32_t categories)
{
    return uc_is_general_category_withtable(code, categories);
}

/* What is put down for a character; 0: nothing. `before` was put down last, 0: nothing yet. */
static uint32_t clean_code(uint32_t code, uint32_t before)
{
    bool is_emoji_part =
        (code == JOINER || code == EMOJI_SELECTOR) && is_of(before, UC_CATEGORY_MASK_S);
    if (is_emoji_part) {
        return code;
    }
    if (code == BRAILLE_BLANK || uc_is_property_default_ignorable_code_point(code)) {
        return 0;
    }
    if (is_of(code, UC_CATEGORY_MASK_Z) || code == '\t') {
        return before && before != ' ' ? ' ' : 0;
    }
    if (is_of(code, UC_CATEGORY_MASK_M)) {
        return before && before != ' ' ? code : 0;
    }
    if (is_of(code, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N | UC_CATEGORY_MASK_So |
                        UC_CATEGORY_MASK_Sk)) {
        return code;
    }
    if (code == '.' || code == '_' || code == '-' || code == '\'') {
        return before ? code : 0;
    }
    return is_of(code, UC_CATEGORY_MASK_P | UC_CATEGORY_MASK_S) && before ? '_' : 0;
}

bool names_clean(const char *told, char ret[NAMES_CLEAN_MAX])
{
    size_t len = strlen(told), n = 0, n_accents = 0;
    uint32_t before = 0;
    for (size_t i = 0; i < len;) {
        uint32_t code = 0;
        size_t step = dtt_utf8_decode(&code, dtt_slice(told + i, len - i));
        i += step > 0 ? step : 1;
        code = step > 0 ? clean_code(code, before) : 0;
        n_accents = is_of(code, UC_CATEGORY_MASK_M) ? n_accents + 1 : 0;
        if (code != 0 && n_accents <= ACCENTS_MAX) {
            n += dtt_utf8_encode(ret + n, code);
            before = code == JOINER ? BRAILLE_BLANK : code; /* it joins a symbol to what follows */
        }
    }
    while (n > 0 && rows_width(ret, n) > NAMES_COLUMNS) {
        n = rows_previous(ret, n, n);
    }
    while (n > 0 && ret[n - 1] == ' ') {
        n--;
    }
    ret[n] = '\0';
    return n > 0;
}

/* ------------------------------------------------------------- looking alike */

/* Letters of Cyrillic and Greek that look Latin, and others that look alike in many fonts. */
static uint32_t latin(uint32_t code)
{
    static const struct {
        uint16_t code;
        char like;
    } pairs[] = {
        {'0', 'o'},   {'1', 'l'},   {'i', 'l'},   {'|', 'l'},   {0x131, 'l'}, {0x430, 'a'},
        {0x432, 'b'}, {0x433, 'r'}, {0x435, 'e'}, {0x43a, 'k'}, {0x43c, 'm'}, {0x43d, 'h'},
        {0x43e, 'o'}, {0x43f, 'n'}, {0x440, 'p'}, {0x441, 'c'}, {0x442, 't'}, {0x443, 'y'},
        {0x445, 'x'}, {0x455, 's'}, {0x456, 'l'}, {0x458, 'j'}, {0x4bb, 'h'}, {0x501, 'd'},
        {0x51b, 'q'}, {0x51d, 'w'}, {0x3b1, 'a'}, {0x3b3, 'y'}, {0x3b5, 'e'}, {0x3b7, 'n'},
        {0x3b9, 'l'}, {0x3ba, 'k'}, {0x3bd, 'v'}, {0x3bf, 'o'}, {0x3c1, 'p'}, {0x3c4, 't'},
        {0x3c5, 'u'}, {0x3c7, 'x'},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (pairs[i].code == code) {
            return (unsigned char)pairs[i].like;
        }
    }
    return code;
}

/* Letters and digits alone, without case, accents and differences that are hard to see. */
static void make_skeleton(const char *clean, char ret[2 * DTT_NAME_MAX])
{
    uint8_t *folded;
    size_t len = 0, n = 0;
    folded = u8_casefold((const uint8_t *)clean, strlen(clean), NULL, UNINORM_NFKD, NULL, &len);
    for (size_t i = 0; folded && i < len;) {
        uint32_t code = 0;
        size_t step = dtt_utf8_decode(&code, dtt_slice(folded + i, len - i));
        i += step > 0 ? step : 1;
        bool counts = is_of(code, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N | UC_CATEGORY_MASK_S);
        if (counts && n + 5 < 2 * DTT_NAME_MAX) {
            n += dtt_utf8_encode(ret + n, latin(code));
        }
    }
    ret[n] = '\0';
    free(folded);
}

static bool looks_like_id(const char *name)
{
    return strspn(name, "0123456789abcdefABCDEF") >= LIKE_ID_DIGITS;
}

/* A word by which the program calls us or itself. */
static bool is_word_of_program(const char *skeleton)
{
    static const char *const words[] = {"me", "you", "dtt"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i], skeleton) == 0) {
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------- members */

static bool is_same(const struct dtt_id *a, const struct dtt_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static void set_entry(struct names_entry *e, const struct dtt_id *id, const char *told)
{
    e->id = *id;
    if (strcmp(e->told, told) == 0 && e->clean[0]) {
        return; /* most names stay */
    }
    snprintf(e->told, sizeof(e->told), "%s", told);
    e->skeleton[0] = '\0';
    if (names_clean(told, e->clean)) {
        make_skeleton(e->clean, e->skeleton);
    }
}

void names_set_own(struct names *n, const struct dtt_id *id, const char *told)
{
    set_entry(&n->entries[0], id, told);
    n->n = n->n > 0 ? n->n : 1;
}

void names_set(struct names *n, const struct dtt_member *members, size_t n_members)
{
    n->n = 1;
    for (size_t i = 0; i < n_members && i < NAMES_MAX; i++) {
        set_entry(&n->entries[n->n++], &members[i].id, members[i].name);
    }
}

void names_refresh(struct names *n, const dtt_topic *topic)
{
    static struct dtt_member members[NAMES_MAX];
    members[0].size = sizeof(members[0]);
    names_set(n, members, dtt_topic_members(topic, members, NAMES_MAX));
}

bool names_is_own(const struct names *n, const struct dtt_id *id)
{
    return is_same(&n->entries[0].id, id);
}

static const struct names_entry *find(const struct names *n, const struct dtt_id *id)
{
    for (size_t i = 0; i < n->n; i++) {
        if (is_same(&n->entries[i].id, id)) {
            return &n->entries[i];
        }
    }
    return NULL;
}

static bool is_ambiguous(const struct names *n, const struct names_entry *e)
{
    if (looks_like_id(e->clean) || is_word_of_program(e->skeleton)) {
        return true;
    }
    for (size_t i = 0; i < n->n; i++) {
        if (&n->entries[i] != e && strcmp(n->entries[i].skeleton, e->skeleton) == 0 &&
            n->entries[i].clean[0]) {
            return true;
        }
    }
    return false;
}

void names_show(const struct names *n, const struct dtt_id *id, char ret[NAMES_SHOWN_MAX])
{
    const struct names_entry *e = find(n, id);
    char digits[NAMES_ID_DIGITS + 1];
    bool is_own = e == &n->entries[0];
    names_id(id, digits);
    if (!e || !e->clean[0]) {
        snprintf(ret, NAMES_SHOWN_MAX, "%s", is_own ? "me" : digits);
    } else if (!is_own && is_ambiguous(n, e)) {
        snprintf(ret, NAMES_SHOWN_MAX, "%s#%s", e->clean, digits);
    } else {
        snprintf(ret, NAMES_SHOWN_MAX, "%s", e->clean);
    }
}

/* ------------------------------------------------------------------ mentions */

/* Whether the text ends here for a word: a letter or a digit would go on with it. */
static bool is_edge(const uint8_t *text, size_t len)
{
    uint32_t code = 0;
    return dtt_utf8_decode(&code, dtt_slice(text, len)) == 0 ||
           !is_of(code, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N);
}

bool names_is_mentioned(const struct names *n, const char *text)
{
    size_t len = 0, name_len = 0;
    const char *own = n->n > 0 ? n->entries[0].clean : "";
    uint8_t *name =
        u8_casefold((const uint8_t *)own, strlen(own), NULL, UNINORM_NFC, NULL, &name_len);
    uint8_t *folded =
        u8_casefold((const uint8_t *)text, strlen(text), NULL, UNINORM_NFC, NULL, &len);
    bool is_found = false, at_edge = true;
    for (size_t i = 0; name && folded && name_len > 0 && i + name_len <= len && !is_found;) {
        uint32_t code = 0;
        size_t step = dtt_utf8_decode(&code, dtt_slice(folded + i, len - i));
        is_found = at_edge && memcmp(folded + i, name, name_len) == 0 &&
                   is_edge(folded + i + name_len, len - i - name_len);
        at_edge = is_edge(folded + i, len - i);
        i += step > 0 ? step : 1;
    }
    free(name);
    free(folded);
    return is_found;
}
