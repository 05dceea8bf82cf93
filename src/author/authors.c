/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "author/authors.h"

#include "codec/text.h"

#include <stdlib.h>

#define OWNER(link) DTT_LIST_OWNER(link, struct dtt_author, order)

void dtt_authors_init(struct dtt_authors *a, struct dtt_ctx *ctx,
                      const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES])
{
    *a = (struct dtt_authors){.ctx = ctx, .turn_ns = DTT_NEVER};
    dtt_map_init(&a->map, sizeof(struct dtt_id), DTT_AUTHORS_MAX, hash_key);
}

void dtt_authors_fini(struct dtt_authors *a)
{
    for (size_t i = 0; i < dtt_map_count(&a->map); i++) {
        free(dtt_map_value_at(&a->map, i));
    }
    dtt_map_fini(&a->map);
}

uint64_t dtt_authors_now_ms(const struct dtt_authors *a, struct dtt_now now)
{
    int64_t ms = now.wall_ns / (int64_t)DTT_MS - a->ahead_ms;
    return ms < 0 ? 0 : (uint64_t)ms;
}

static bool id_eq(const struct dtt_id *a, const struct dtt_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* ---- room */

struct share {
    const struct dtt_id *via;
    size_t n;
    struct dtt_author *oldest;
};

/*
 * The one that makes room: whoever is gone first, then the one heard longest ago of the neighbour
 * that has brought the most. Neighbours stay, of which there are few.
 */
static struct dtt_author *victim(struct dtt_authors *a)
{
    struct share shares[DTT_AUTHORS_MAX];
    size_t n = 0;
    if (a->gone.head) {
        return OWNER(a->gone.head);
    }
    for (struct dtt_list_link *l = a->here.head; l; l = l->next) {
        struct dtt_author *e = OWNER(l);
        size_t i = 0;
        if (e->is_neighbor) {
            continue;
        }
        while (i < n && !id_eq(shares[i].via, &e->via)) {
            i++;
        }
        if (i == n) {
            shares[n++] = (struct share){.via = &e->via, .oldest = e};
        }
        shares[i].n++;
    }
    size_t largest = 0;
    for (size_t i = 1; i < n; i++) {
        largest = shares[i].n > shares[largest].n ? i : largest;
    }
    return n > 0 ? shares[largest].oldest : NULL;
}

static void forget(struct dtt_authors *a, struct dtt_author *e)
{
    if (e->is_dated && e->heard_ms > a->forgotten_ms) {
        a->forgotten_ms = e->heard_ms;
    }
    DTT_COUNT(a->ctx, AUTHOR_FORGOTTEN);
    dtt_list_remove(&e->order);
    dtt_map_take(&a->map, &e->id);
    free(e);
}

static struct dtt_author *make(struct dtt_authors *a, const struct dtt_id *id,
                               const struct dtt_id *via)
{
    if (dtt_map_count(&a->map) == DTT_AUTHORS_MAX) {
        struct dtt_author *old = victim(a);
        if (!old) {
            return NULL;
        }
        forget(a, old);
    }
    struct dtt_author *e = calloc(1, sizeof(*e));
    if (!e || dtt_map_put(&a->map, id, e) != DTT_OK) {
        free(e);
        return NULL;
    }
    e->id = *id;
    e->via = *via;
    return e;
}

/* ---- what happens */

static void heard(struct dtt_authors *a, struct dtt_now now, struct dtt_author *e,
                  struct dtt_author_news *news)
{
    if (e->order.list != &a->here) {
        news->change = DTT_MEMBER_APPEARED;
        news->author = e;
    }
    dtt_list_remove(&e->order);
    dtt_list_push(&a->here, &e->order);
    e->heard_ns = now.mono_ns;
    e->heard_ms = dtt_authors_now_ms(a, now);
}

/* The longest beginning of a name that has room and ends with a whole character. */
static size_t cut(struct dtt_slice name)
{
    size_t len = 0;
    uint32_t code;
    while (len < name.len) {
        size_t n = dtt_utf8_decode(&code, dtt_slice(name.data + len, name.len - len));
        if (n == 0 || len + n > DTT_NAME_MAX) {
            break;
        }
        len += n;
    }
    return len;
}

static void take_name(struct dtt_author *e, struct dtt_slice name, struct dtt_author_news *news)
{
    size_t len = cut(name);
    if (len == e->name_len && (len == 0 || memcmp(e->name, name.data, len) == 0)) {
        return;
    }
    if (news->change == 0) {
        *news = (struct dtt_author_news){.change = DTT_MEMBER_NAMED, .author = e};
        memcpy(news->was, e->name, sizeof(news->was));
    }
    memset(e->name, 0, sizeof(e->name));
    if (len > 0) {
        memcpy(e->name, name.data, len);
    }
    e->name_len = len;
}

int dtt_authors_judge_time(const struct dtt_authors *a, struct dtt_now now, uint64_t sent_ms)
{
    uint64_t now_ms = dtt_authors_now_ms(a, now);
    if (sent_ms < now_ms && now_ms - sent_ms > DTT_AUTHORS_WINDOW_NS / DTT_MS) {
        return DTT_REPLAYED_LATE;
    }
    return sent_ms > now_ms && sent_ms - now_ms > DTT_AUTHORS_WINDOW_NS / DTT_MS
               ? DTT_REPLAYED_EARLY
               : DTT_REPLAYED_NOT;
}

static void take_number(struct dtt_authors *a, struct dtt_now now, struct dtt_author *e,
                        uint64_t seq)
{
    bool was_open = dtt_gaps_is_open(&e->gaps);
    dtt_gaps_take(&e->gaps, seq);
    if (dtt_gaps_is_open(&e->gaps) && !was_open) {
        e->turn_ns = dtt_add_ns(now.mono_ns, DTT_AUTHORS_TURN_NS);
        a->turn_ns = dtt_min_ns(a->turn_ns, e->turn_ns);
    }
}

int dtt_authors_hear(struct dtt_authors *a, struct dtt_now now, const struct dtt_envelope *e,
                     const struct dtt_id *via, bool is_once, struct dtt_author_news *ret)
{
    struct dtt_author *author = dtt_map_get(&a->map, &e->author);
    *ret = (struct dtt_author_news){.change = 0};
    int replayed = e->is_dated ? dtt_authors_judge_time(a, now, e->sent_ms) : DTT_REPLAYED_NOT;
    if (replayed != DTT_REPLAYED_NOT) {
        return replayed;
    }
    if (e->is_dated && (!author || !author->is_dated) && e->sent_ms <= a->forgotten_ms) {
        return DTT_REPLAYED_HEARD;
    }
    author = author ? author : make(a, &e->author, via);
    if (!author) {
        return DTT_REPLAYED_NOT;
    }
    if (e->is_dated && !dtt_replay_take(&author->replay, now, e->seq, is_once)) {
        return DTT_REPLAYED_HEARD;
    }
    if (e->is_dated) {
        take_number(a, now, author, e->seq);
    }
    bool is_latest = e->is_dated || !author->is_dated;
    author->is_dated |= e->is_dated;
    heard(a, now, author, ret);
    if (e->kind == DTT_ENVELOPE_NAME && is_latest) {
        take_name(author, e->content, ret);
    }
    return DTT_REPLAYED_NOT;
}

void dtt_authors_neighbor_up(struct dtt_authors *a, struct dtt_now now, const struct dtt_id *peer,
                             struct dtt_author_news *ret)
{
    struct dtt_author *e = dtt_map_get(&a->map, peer);
    *ret = (struct dtt_author_news){.change = 0};
    e = e ? e : make(a, peer, peer);
    if (e) {
        e->is_neighbor = true;
        heard(a, now, e, ret);
    }
}

static void leave(struct dtt_authors *a, struct dtt_author *e, struct dtt_author_news *ret)
{
    dtt_list_remove(&e->order);
    dtt_list_push(&a->gone, &e->order);
    *ret = (struct dtt_author_news){.change = DTT_MEMBER_GONE, .author = e};
}

void dtt_authors_neighbor_down(struct dtt_authors *a, struct dtt_now now, const struct dtt_id *peer,
                               bool has_left, struct dtt_author_news *ret)
{
    struct dtt_author *e = dtt_map_get(&a->map, peer);
    *ret = (struct dtt_author_news){.change = 0};
    if (!e || !e->is_neighbor) {
        return;
    }
    e->is_neighbor = false;
    if (has_left) {
        leave(a, e, ret);
    } else {
        heard(a, now, e, ret);
    }
}

size_t dtt_authors_list(const struct dtt_authors *a, const struct dtt_author **ret, size_t cap)
{
    const struct dtt_list *const lists[] = {&a->here, &a->gone};
    size_t n = 0;
    for (size_t i = 0; i < 2; i++) {
        for (struct dtt_list_link *l = lists[i]->tail; l && n < cap; l = l->prev) {
            ret[n++] = OWNER(l);
        }
    }
    return dtt_map_count(&a->map);
}

bool dtt_authors_is_here(const struct dtt_authors *a, const struct dtt_author *author)
{
    return author->order.list == &a->here;
}

/* ---- time */

static uint64_t gone_at(const struct dtt_authors *a)
{
    return a->here.head ? dtt_add_ns(OWNER(a->here.head)->heard_ns, DTT_AUTHORS_GONE_NS)
                        : DTT_NEVER;
}

uint64_t dtt_authors_deadline(const struct dtt_authors *a)
{
    return dtt_min_ns(gone_at(a), a->turn_ns);
}

void dtt_authors_tick(struct dtt_authors *a, struct dtt_now now, struct dtt_author_news *ret)
{
    *ret = (struct dtt_author_news){.change = 0};
    while (ret->change == 0 && gone_at(a) <= now.mono_ns) {
        struct dtt_author *e = OWNER(a->here.head);
        if (e->is_neighbor) {
            heard(a, now, e, ret);
        } else {
            leave(a, e, ret);
        }
    }
}

const struct dtt_author *dtt_authors_missed(struct dtt_authors *a, struct dtt_now now,
                                            uint64_t *ret_messages)
{
    if (a->turn_ns > now.mono_ns) {
        return NULL;
    }
    a->turn_ns = DTT_NEVER;
    for (size_t i = 0; i < dtt_map_count(&a->map); i++) {
        struct dtt_author *e = dtt_map_value_at(&a->map, i);
        if (dtt_gaps_is_open(&e->gaps) && e->turn_ns <= now.mono_ns) {
            *ret_messages = dtt_gaps_turn(&e->gaps);
            e->turn_ns = dtt_add_ns(now.mono_ns, DTT_AUTHORS_TURN_NS);
            if (*ret_messages > 0) {
                a->turn_ns = now.mono_ns; /* others may have theirs now */
                return e;
            }
        }
        if (dtt_gaps_is_open(&e->gaps)) {
            a->turn_ns = dtt_min_ns(a->turn_ns, e->turn_ns);
        }
    }
    return NULL;
}
