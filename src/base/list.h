/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Intrusive, circular, doubly linked list. */
#ifndef IOMM_BASE_LIST_H
#define IOMM_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct iomm_list {
	struct iomm_list *next, *prev;
};

#define iomm_container_of(ptr, type, member) \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define iomm_list_for_each(pos, head) \
	for ((pos) = (head)->next; (pos) != (head); (pos) = (pos)->next)

static inline void iomm_list_init(struct iomm_list *list)
{
	list->next = list->prev = list;
}

static inline bool iomm_list_empty(const struct iomm_list *list)
{
	return list->next == list;
}

static inline void
iomm_list_add_tail(struct iomm_list *head, struct iomm_list *item)
{
	item->prev = head->prev;
	item->next = head;
	head->prev->next = item;
	head->prev = item;
}

/* Moves all of another list, which has no head of its own, to the end of this
 * one; `first` is its first item. */
static inline void
iomm_list_join(struct iomm_list *head, struct iomm_list *first)
{
	struct iomm_list *last = first->prev;

	first->prev = head->prev;
	head->prev->next = first;
	last->next = head;
	head->prev = last;
}

/* Leaves the item empty, so that a second removal is harmless. */
static inline void iomm_list_del(struct iomm_list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	iomm_list_init(item);
}

#endif
