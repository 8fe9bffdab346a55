/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the template calls of the library, as a table: a plugin that has an
 * instance of the engine gets it from the loader, and so needs no symbol of the
 * library, which exports none of these. It is as much a part of the template as
 * the structs are: IOMM_ENGINE_VERSION says that they fit.
 *
 *   CALL(result, name, parameters, arguments)
 */
#ifndef IOMM_PGTABLE_ENGINE_TABLE_H
#define IOMM_PGTABLE_ENGINE_TABLE_H

#include "pgtable/check.h"
#include "pgtable/engine_op.h"

#define IOMM_ENGINE_CALLS(CALL)                                                \
	CALL(int, iomm_exists, (struct iomm_pgtable * pgtable, uint64_t iova), \
	     (pgtable, iova))                                                  \
	CALL(int, iomm_pgtable_refuse_hole,                                    \
	     (const struct iomm_pgtable *pgtable, uint64_t iova),              \
	     (pgtable, iova))                                                  \
	CALL(struct iomm_place *, iomm_pgtable_place,                          \
	     (struct iomm_pgtable * pgtable), (pgtable))                       \
	CALL(int, iomm_cursor_map_far,                                         \
	     (struct iomm_cursor * cursor, uint64_t iova, uint64_t paddr,      \
	      uint64_t bytes, uint32_t prot, uint32_t flags,                   \
	      uint64_t * mapped),                                              \
	     (cursor, iova, paddr, bytes, prot, flags, mapped))                \
	CALL(int, iomm_cursor_unmap_far,                                       \
	     (struct iomm_cursor * cursor, uint64_t iova, uint64_t bytes,      \
	      struct iomm_gather * gather, uint64_t * unmapped),               \
	     (cursor, iova, bytes, gather, unmapped))                          \
	CALL(int, iomm_pgtable_translate_far,                                  \
	     (struct iomm_pgtable * pgtable, uint64_t iova,                    \
	      struct iomm_translation * out),                                  \
	     (pgtable, iova, out))                                             \
	CALL(void, iomm_node_wipe,                                             \
	     (const struct iomm_pgtable *pgtable, uint64_t *desc,              \
	      uint64_t count),                                                 \
	     (pgtable, desc, count))                                           \
	CALL(int, iomm_pgtable_adopt_table,                                    \
	     (struct iomm_pgtable * pgtable, uint64_t pa, uint64_t restricts,  \
	      uint32_t level, struct iomm_node * *out),                        \
	     (pgtable, pa, restricts, level, out))                             \
	CALL(bool, iomm_extents_add,                                           \
	     (struct iomm_extents * extents, const struct iomm_extent *more),  \
	     (extents, more))                                                  \
	CALL(bool, iomm_node_lock_slow,                                        \
	     (struct iomm_pgtable * pgtable, struct iomm_node * node),         \
	     (pgtable, node))                                                  \
	CALL(int, iomm_node_make_room,                                         \
	     (struct iomm_pgtable * pgtable, struct iomm_node * node,          \
	      uint32_t slot, uint32_t slots),                                  \
	     (pgtable, node, slot, slots))                                     \
	CALL(void, iomm_node_adopt,                                            \
	     (struct iomm_node * node, uint32_t slot,                          \
	      struct iomm_node * child),                                       \
	     (node, slot, child))                                              \
	CALL(void, iomm_node_disown, (struct iomm_node * node, uint32_t slot), \
	     (node, slot))                                                     \
	CALL(void, iomm_node_revive, (struct iomm_node * node, uint32_t word), \
	     (node, word))                                                     \
	CALL(void, iomm_node_prune,                                            \
	     (struct iomm_pgtable * pgtable, struct iomm_node * node,          \
	      uint64_t iova),                                                  \
	     (pgtable, node, iova))                                            \
	CALL(void, iomm_node_bury,                                             \
	     (struct iomm_pgtable * pgtable, struct iomm_node * node,          \
	      uint32_t slot, struct iomm_node * *chain),                       \
	     (pgtable, node, slot, chain))                                     \
	CALL(void, iomm_node_discard,                                          \
	     (struct iomm_pgtable * pgtable, struct iomm_node_spares * to,     \
	      struct iomm_node * node),                                        \
	     (pgtable, to, node))                                              \
	CALL(void, iomm_op_begin_again, (struct iomm_engine_op * op), (op))    \
	CALL(void, iomm_op_enter_slow, (struct iomm_engine_op * op), (op))     \
	CALL(void, iomm_op_exit_slow, (struct iomm_engine_op * op), (op))      \
	CALL(void, iomm_op_mark_slow,                                          \
	     (struct iomm_engine_op * op, uint32_t level,                      \
	      const struct iomm_node *node, uint32_t first, uint32_t last),    \
	     (op, level, node, first, last))                                   \
	CALL(void, iomm_op_sync_slow, (struct iomm_engine_op * op), (op))      \
	CALL(int, iomm_op_prepare_slow,                                        \
	     (struct iomm_engine_op * op, uint64_t start, uint64_t last,       \
	      uint64_t page_size),                                             \
	     (op, start, last, page_size))                                     \
	CALL(int, iomm_op_flush,                                               \
	     (struct iomm_engine_op * op, uint64_t start, uint64_t last,       \
	      uint64_t page_size, uint32_t flags),                             \
	     (op, start, last, page_size, flags))                              \
	CALL(int, iomm_op_forget_old,                                          \
	     (struct iomm_engine_op * op, const struct iomm_node *node,        \
	      uint32_t level, uint32_t slot, uint64_t iova),                   \
	     (op, node, level, slot, iova))                                    \
	CALL(int, iomm_op_table,                                               \
	     (struct iomm_engine_op * op, uint32_t level,                      \
	      struct iomm_node * *out),                                        \
	     (op, level, out))                                                 \
	CALL(void, iomm_op_discard,                                            \
	     (struct iomm_engine_op * op, struct iomm_node * node),            \
	     (op, node))                                                       \
	CALL(void, iomm_op_sync_table,                                         \
	     (struct iomm_pgtable * pgtable, const struct iomm_node *node,     \
	      uint64_t bytes),                                                 \
	     (pgtable, node, bytes))                                           \
	CALL(void, iomm_op_sync_tree,                                          \
	     (struct iomm_pgtable * pgtable, const struct iomm_node *node,     \
	      uint64_t bytes),                                                 \
	     (pgtable, node, bytes))                                           \
	CALL(void, iomm_op_set_dirty,                                          \
	     (struct iomm_engine_op * op, uint64_t start, uint64_t last),      \
	     (op, start, last))

#define IOMM_ENGINE_POINTER(result, name, parameters, arguments) \
	result(*name) parameters;
struct iomm_engine_table {
	/* iomm_fail(), which is told from the others: a sentence is rendered
	 * when somebody asks for it, and its format may be gone then with the
	 * plugin that it lies in. So this one renders it at once. */
	int (*fail)(struct iomm_ctx *ctx, int code, const uint64_t *text);
	IOMM_ENGINE_CALLS(IOMM_ENGINE_POINTER)
};

/* The library's own; src/plugin/table.c. */
extern const struct iomm_engine_table iomm_engine_table;

#endif
