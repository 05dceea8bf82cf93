/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "print.h"

#include "output.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Each kind of list of a record as text, for both forms. */
static void format_peer(const struct dtt_record_info *record, size_t i, char *text)
{
    dtt_id_format(&record->active_peers[i], text);
}

static void format_hash(const struct dtt_record_info *record, size_t i, char *text)
{
    text_hex(text, record->message_hashes[i], sizeof(record->message_hashes[i]));
}

static void format_addr(const struct dtt_record_info *record, size_t i, char *text)
{
    dtt_addr_format(&record->addrs[i], text);
}

typedef void (*format_fn)(const struct dtt_record_info *record, size_t i, char *text);

static void print_list(const struct dtt_record_info *record, const char *before, size_t n,
                       format_fn format, const char *quote, const char *between)
{
    char text[DTT_ID_TEXT_MAX];

    fputs(before, stdout);
    for (size_t i = 0; i < n; i++) {
        format(record, i, text);
        printf("%s%s%s%s", i > 0 ? between : "", quote, text, quote);
    }
}

void print_record_json(const struct dtt_record_info *record)
{
    char id[DTT_ID_TEXT_MAX];

    dtt_id_format(&record->publisher, id);
    printf("{\"publisher\":\"%s\",\"minute\":%" PRIu64, id, record->minute);
    print_list(record, ",\"active_peers\":[", record->n_active_peers, format_peer, "\"", ",");
    print_list(record, "],\"message_hashes\":[", record->n_message_hashes, format_hash, "\"", ",");
    print_list(record, "],\"addrs\":[", record->n_addrs, format_addr, "\"", ",");
    puts("]}");
}

static void print_row(const struct dtt_record_info *record, const char *title, size_t n,
                      format_fn format)
{
    print_list(record, title, n, format, "", "\n            ");
    puts(n > 0 ? "" : "none");
}

void print_record(const struct dtt_record_info *record, uint64_t age_ms)
{
    char id[DTT_ID_TEXT_MAX];

    dtt_id_format(&record->publisher, id);
    printf("publisher   %s\n", id);
    printf("age         %" PRIu64 " s (minute %" PRIu64 ")\n", age_ms / 1000, record->minute);
    print_row(record, "addresses   ", record->n_addrs, format_addr);
    print_row(record, "peers       ", record->n_active_peers, format_peer);
    print_row(record, "messages    ", record->n_message_hashes, format_hash);
    puts("");
}

void print_event_json(const struct dtt_event *event)
{
    char *text = malloc(OUTPUT_LINE_MAX);

    if (!text) {
        output_say("out of memory: an event was not printed");
        return;
    }
    dtt_event_json(event, text, OUTPUT_LINE_MAX);
    puts(text);
    fflush(stdout);
    free(text);
}
