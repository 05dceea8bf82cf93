/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "print.h"

#include "codec/text.h"

#include <inttypes.h>
#include <stdio.h>

void print_begin(struct print_line *l, const char *event)
{
    dtt_json_init(&l->json, l->text, sizeof(l->text));
    dtt_json_object(&l->json, NULL);
    if (event) {
        dtt_json_text(&l->json, "event", event);
    }
}

static void print_text(const char *text, size_t len)
{
    if (len >= OUTPUT_LINE_MAX) {
        output_say("a line of %zu bytes was not printed: too long", len);
        return;
    }
    puts(text);
    fflush(stdout);
}

void print_end(struct print_line *l)
{
    dtt_json_end(&l->json);
    print_text(l->text, dtt_json_finish(&l->json));
}

void print_event_json(const struct dtt_event *event)
{
    char text[OUTPUT_LINE_MAX];
    print_text(text, dtt_event_json(event, text, sizeof(text)));
}

/* Room for an address, the longest kind of item. */
#define ITEM_TEXT_MAX DTT_ADDR_TEXT_MAX

/* Items of the lists of a record as text, for both forms. */
static void format_peer(const struct dtt_record_info *record, size_t i, char *text)
{
    dtt_id_format(&record->active_peers[i], text);
}

static void format_hash(const struct dtt_record_info *record, size_t i, char *text)
{
    dtt_hex_encode(text, dtt_slice(record->message_hashes[i], sizeof(record->message_hashes[i])));
}

static void format_addr(const struct dtt_record_info *record, size_t i, char *text)
{
    dtt_addr_format(&record->addrs[i], text);
}

typedef void (*format_fn)(const struct dtt_record_info *record, size_t i, char *text);

static void put_list(struct dtt_json *j, const struct dtt_record_info *record, const char *name,
                     size_t n, format_fn format)
{
    char text[ITEM_TEXT_MAX];
    dtt_json_array(j, name);
    for (size_t i = 0; i < n; i++) {
        format(record, i, text);
        dtt_json_text(j, NULL, text);
    }
    dtt_json_end(j);
}

void print_record_json(const struct dtt_record_info *record)
{
    struct print_line line;
    print_begin(&line, NULL);
    dtt_json_id(&line.json, "publisher", &record->publisher);
    dtt_json_u64(&line.json, "minute", record->minute);
    put_list(&line.json, record, "active_peers", record->n_active_peers, format_peer);
    put_list(&line.json, record, "message_hashes", record->n_message_hashes, format_hash);
    put_list(&line.json, record, "addrs", record->n_addrs, format_addr);
    print_end(&line);
}

static void print_row(const struct dtt_record_info *record, const char *title, size_t n,
                      format_fn format)
{
    char text[ITEM_TEXT_MAX] = "none";
    for (size_t i = 0; i < n || i == 0; i++) {
        if (n > 0) {
            format(record, i, text);
        }
        printf("%-12s%s\n", i == 0 ? title : "", text);
    }
}

void print_record(const struct dtt_record_info *record, uint64_t age_ms)
{
    char id[DTT_ID_TEXT_MAX];
    dtt_id_format(&record->publisher, id);
    printf("publisher   %s\n", id);
    printf("age         %" PRIu64 " s (minute %" PRIu64 ")\n", age_ms / 1000, record->minute);
    print_row(record, "addresses", record->n_addrs, format_addr);
    print_row(record, "peers", record->n_active_peers, format_peer);
    print_row(record, "messages", record->n_message_hashes, format_hash);
    puts("");
}
