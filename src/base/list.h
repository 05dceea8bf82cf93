/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Doubly linked lists whose links lie inside the elements: adding one cannot fail, and an element
 * is in a list at most once by each of its links. Zero the structs to initialise them.
 */
#ifndef DTT_BASE_LIST_H
#define DTT_BASE_LIST_H

#include <assert.h>
#include <stddef.h>

struct dtt_list_link {
    struct dtt_list_link *prev;
    struct dtt_list_link *next;
    struct dtt_list *list; /**< the list it is in, or NULL */
};

struct dtt_list {
    struct dtt_list_link *head;
    struct dtt_list_link *tail;
    size_t count;
};

/** The struct of type `type` whose member `member` is the link `l`, which must not be NULL. */
#define DTT_LIST_OWNER(l, type, member) ((type *)(void *)((char *)(l)-offsetof(type, member)))

/** Appends; nothing happens when `l` is in a list already. */
static inline void dtt_list_push(struct dtt_list *list, struct dtt_list_link *l)
{
    if (l->list) {
        return;
    }
    *l = (struct dtt_list_link){.prev = list->tail, .list = list};
    *(list->tail ? &list->tail->next : &list->head) = l;
    list->tail = l;
    list->count++;
}

/** Takes out of whatever list it is in; fine when it is in none. */
static inline void dtt_list_remove(struct dtt_list_link *l)
{
    struct dtt_list *list = l->list;
    if (!list) {
        return;
    }
    assert(l->prev ? l->prev->next == l : list->head == l);
    assert(l->next ? l->next->prev == l : list->tail == l);
    *(l->prev ? &l->prev->next : &list->head) = l->next;
    *(l->next ? &l->next->prev : &list->tail) = l->prev;
    l->list = NULL;
    list->count--;
}

#endif
