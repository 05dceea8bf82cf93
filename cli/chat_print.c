/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "chat.h"
#include "chat_input.h"

#include <stdarg.h>
#include <string.h>

/* Of a head: time, mark, name and colours. */
#define HEAD_MAX 320
/* An older message shows when it was signed, not when it came. */
#define OLD_MS 60000
/* The bell rings at most so often. */
#define RING_MS 2000
#define WHO_MAX 30
#define TIME_OF_DAY_MAX 16

static const char *dim(const struct chat *c)
{
    return c->screen.has_color ? SCREEN_DIM : "";
}

static const char *normal(const struct chat *c)
{
    return c->screen.has_color ? SCREEN_NORMAL : "";
}

static uint64_t unix_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* "HH:MM" of `then`, behind the day where that has changed. */
static void print_time(struct chat *c, time_t then, char time_of_day[TIME_OF_DAY_MAX])
{
    char day[TIMELINE_TEXT_MAX], rule[TIMELINE_TEXT_MAX + 16];
    struct tm local;
    if (timeline_day(&c->timeline, time(NULL), day)) {
        snprintf(rule, sizeof(rule), "---- %s ----", day);
        screen_print(&c->screen, "", rule, dim(c));
    }
    localtime_r(&then, &local);
    strftime(time_of_day, TIME_OF_DAY_MAX, "%H:%M", &local);
}

void chat_remark(struct chat *c, const char *format, ...)
{
    char time_of_day[TIME_OF_DAY_MAX], head[HEAD_MAX], sentence[1024];
    va_list args;
    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): clang-tidy 14 errs in a second file */
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    print_time(c, time(NULL), time_of_day);
    snprintf(head, sizeof(head), "%s%s --%s ", dim(c), time_of_day, normal(c));
    screen_print(&c->screen, head, sentence, dim(c));
}

/* ----------------------------------------------------------------- messages */

/* One of six colours that are legible on dark and light screens, always the same for a member. */
static unsigned color_of(const struct dtt_id *id)
{
    return 31 + id->bytes[0] % 6;
}

struct speaker {
    const char *mark; /* "[MARK] ", or "" */
    const char *via;  /* "via ", or "" */
    char name[NAMES_SHOWN_MAX];
    unsigned color;
};

static void print(struct chat *c, time_t then, const struct speaker *s, const void *data,
                  size_t len, const char *style)
{
    char time_of_day[TIME_OF_DAY_MAX], head[HEAD_MAX], color[16] = "";
    size_t action_len = len;
    const char *action = chat_input_action(data, len, &action_len);
    print_time(c, then, time_of_day);
    if (c->screen.has_color) {
        snprintf(color, sizeof(color), "\033[%um", s->color);
    }
    snprintf(head, sizeof(head), "%s%s%s %s%s%s%s%s%s%s%s%s ", dim(c), time_of_day, normal(c),
             action ? "* " : "", dim(c), s->mark, s->via, normal(c), color, s->name,
             action ? "" : ":", normal(c));
    text_clean_lines(c->text, action ? action : data, action_len);
    screen_print(&c->screen, head, c->text, style);
}

void chat_print_own(struct chat *c, const void *data, size_t len)
{
    struct speaker s = {.mark = "", .via = "", .color = 1};
    names_show(&c->names, dtt_node_id(c->session.node), s.name);
    print(c, time(NULL), &s, data, len, "");
}

/* What is to be known about a message besides its author. */
static const char *mark_of(const struct dtt_event_message *m)
{
    if (m->signature == DTT_SIGNATURE_NONE) {
        return "[unsigned] ";
    }
    if (m->signature == DTT_SIGNATURE_UNDATED) {
        return "[undated] ";
    }
    switch (m->replayed) {
    case DTT_REPLAYED_HEARD: return "[again] ";
    case DTT_REPLAYED_LATE: return "[old] ";
    case DTT_REPLAYED_EARLY: return "[early] ";
    default: return "";
    }
}

/* Our name in it rings the bell; where there are no colours a mark shows it, too. */
static const char *call(struct chat *c, struct speaker *s, const struct dtt_event_message *m)
{
    uint64_t now_ms = timeline_now_ms();
    text_clean_lines(c->text, m->data, m->len);
    if (names_is_own(&c->names, &m->author) || !names_is_mentioned(&c->names, c->text)) {
        return "";
    }
    if (now_ms - c->rung_ms >= RING_MS) {
        c->rung_ms = now_ms;
        screen_ring(&c->screen);
    }
    s->mark = !c->screen.has_color && !*s->mark ? "[you] " : s->mark;
    return c->screen.has_color ? SCREEN_BOLD : "";
}

void chat_print_message(struct chat *c, const struct dtt_event_message *m)
{
    bool has_author = m->signature == DTT_SIGNATURE_DATED || m->signature == DTT_SIGNATURE_UNDATED;
    const struct dtt_id *who = has_author ? &m->author : &m->neighbor;
    struct speaker s = {
        .mark = mark_of(m), .via = has_author ? "" : "via ", .color = color_of(who)};
    bool is_old = m->sent_ms > 0 && m->sent_ms + OLD_MS < unix_ms();
    names_show(&c->names, who, s.name);
    if (m->signature == DTT_SIGNATURE_BAD) {
        chat_remark(c, "a message that came by way of %s has a wrong signature; it is not shown",
                    s.name);
        return;
    }
    const char *style = call(c, &s, m);
    print(c, is_old ? (time_t)(m->sent_ms / 1000) : time(NULL), &s, m->data, m->len, style);
}

/* ------------------------------------------------------------------ members */

static void print_member(struct chat *c, const struct dtt_member *m)
{
    char name[NAMES_SHOWN_MAX], digits[NAMES_ID_DIGITS + 1], how_long[TIMELINE_TEXT_MAX];
    uint64_t now_ms = unix_ms();
    names_show(&c->names, &m->id, name);
    names_id(&m->id, digits);
    timeline_duration(now_ms > m->heard_ms ? now_ms - m->heard_ms : 0, how_long);
    bool has_digits = strstr(name, digits) != NULL;
    chat_remark(c, "%s%s%s%s: %s%s%s", name, has_digits ? "" : " (", has_digits ? "" : digits,
                has_digits ? "" : ")", m->is_neighbor ? "a neighbour" : "heard ",
                m->is_neighbor ? "" : how_long, m->is_neighbor ? "" : " ago");
}

void chat_print_members(struct chat *c)
{
    static struct dtt_member members[NAMES_MAX];
    char id[DTT_ID_TEXT_MAX], addr[DTT_ADDR_TEXT_MAX] = "";
    members[0].size = sizeof(members[0]);
    size_t n = dtt_topic_members(c->session.topic, members, NAMES_MAX), n_here = 0;
    n = n < NAMES_MAX ? n : NAMES_MAX;
    while (n_here < n && members[n_here].is_here) {
        n_here++;
    }
    dtt_id_format(dtt_node_id(c->session.node), id);
    if (c->addr.port > 0) {
        dtt_addr_format(&c->addr, addr);
    }
    chat_remark(c, "%s%s; others can dial '--peer %s%s%s'",
                c->names.entries[0].clean[0] ? "you are "
                                             : "you have no name; '/name NAME' gives you one",
                c->names.entries[0].clean, id, *addr ? "@" : "", addr);
    if (n_here == 0) {
        chat_remark(c, "nobody else is here");
    }
    for (size_t i = 0; i < n_here && i < WHO_MAX; i++) {
        print_member(c, &members[i]);
    }
    if (n_here > WHO_MAX) {
        chat_remark(c, "and %zu more", n_here - WHO_MAX);
    }
}

void chat_print_help(struct chat *c)
{
    static const char *const marks[] = {
        "[unsigned]   nobody knows who wrote it; 'via NAME' passed it on",
        "[undated]    NAME wrote it, in some room, at some time",
        "[again]      it was heard before: somebody has kept it",
        "[old]        signed more than 130 s ago; [early]: ahead of now",
        "NAME#0123456789  a name that could be taken for another, and the id",
    };
    const char *line;
    for (size_t i = 0; (line = chat_input_help(i)) != NULL; i++) {
        screen_print(&c->screen, "", line, "");
    }
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        screen_print(&c->screen, "", marks[i], "");
    }
}
