/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The layout of every public struct and the value of every public constant, as
 * programs out there have them compiled in: the same on hosts of 32 and of 64
 * bits. Numbers here are added to, and never changed; tools/layout.py holds the
 * list against the headers. Nothing is generated from this file, and it makes
 * no code: compiling it is the test.
 */
#include <stddef.h>

#include <iomm/iomm.h>

#define SIZE(type, bytes, align)                                 \
	_Static_assert(sizeof(struct type) == (bytes) &&         \
			       _Alignof(struct type) == (align), \
		       "size of " #type)

#define FIELD(type, field, offset, bytes)                                    \
	_Static_assert(offsetof(struct type, field) == (offset) &&           \
			       sizeof(((struct type *)0)->field) == (bytes), \
		       #type "." #field)

/* In a slot of 8 bytes, whatever the width of a pointer. */
#define POINTER(type, field, offset)                                \
	_Static_assert(offsetof(struct type, field) == (offset) &&  \
			       sizeof(((struct type *)0)->field) == \
				       sizeof(void *),              \
		       #type "." #field)

#define VALUE(name, value) _Static_assert((name) == (value), #name)

/* <iomm/alloc_type.h> */

SIZE(iomm_alloc_stats, 80, 8);
FIELD(iomm_alloc_stats, size, 0, 4);
FIELD(iomm_alloc_stats, flags, 4, 4);
FIELD(iomm_alloc_stats, allocations, 8, 8);
FIELD(iomm_alloc_stats, asked, 16, 8);
FIELD(iomm_alloc_stats, granted, 24, 8);
FIELD(iomm_alloc_stats, wasted, 32, 8);
FIELD(iomm_alloc_stats, grants, 40, 8);
FIELD(iomm_alloc_stats, largest_hole, 48, 8);
FIELD(iomm_alloc_stats, waiting, 56, 8);
FIELD(iomm_alloc_stats, huge, 64, 8);
FIELD(iomm_alloc_stats, book, 72, 8);

VALUE(IOMM_ALLOC_STATS_SIZE_VER0, 80);

/* <iomm/allocator.h> */

SIZE(iomm_alloc_range, 16, 8);
FIELD(iomm_alloc_range, first, 0, 8);
FIELD(iomm_alloc_range, last, 8, 8);

SIZE(iomm_alloc_desc, 104, 8);
FIELD(iomm_alloc_desc, size, 0, 4);
FIELD(iomm_alloc_desc, type, 4, 4);
FIELD(iomm_alloc_desc, mapto, 8, 4);
FIELD(iomm_alloc_desc, flags, 12, 4);
FIELD(iomm_alloc_desc, prot, 16, 4);
FIELD(iomm_alloc_desc, range_count, 20, 4);
FIELD(iomm_alloc_desc, granularity, 24, 8);
FIELD(iomm_alloc_desc, alignment, 32, 8);
POINTER(iomm_alloc_desc, ranges, 40);
FIELD(iomm_alloc_desc, anchor, 48, 8);
FIELD(iomm_alloc_desc, distance, 56, 8);
POINTER(iomm_alloc_desc, data, 64);
POINTER(iomm_alloc_desc, fill, 72);
POINTER(iomm_alloc_desc, invalidate, 80);
POINTER(iomm_alloc_desc, on_map, 88);
POINTER(iomm_alloc_desc, on_unmap, 96);

SIZE(iomm_allocator_config, 32, 8);
FIELD(iomm_allocator_config, size, 0, 4);
FIELD(iomm_allocator_config, flags, 4, 4);
FIELD(iomm_allocator_config, lanes, 8, 4);
FIELD(iomm_allocator_config, type_count, 12, 4);
FIELD(iomm_allocator_config, type_stride, 16, 4);
FIELD(iomm_allocator_config, reserved, 20, 4);
POINTER(iomm_allocator_config, types, 24);

SIZE(iomm_alloc_grant, 80, 8);
FIELD(iomm_alloc_grant, size, 0, 4);
FIELD(iomm_alloc_grant, flags, 4, 4);
FIELD(iomm_alloc_grant, prot, 8, 4);
FIELD(iomm_alloc_grant, type, 12, 4);
FIELD(iomm_alloc_grant, bytes, 16, 8);
FIELD(iomm_alloc_grant, align, 24, 8);
FIELD(iomm_alloc_grant, first, 32, 8);
FIELD(iomm_alloc_grant, last, 40, 8);
POINTER(iomm_alloc_grant, address, 48);
POINTER(iomm_alloc_grant, alias, 56);
FIELD(iomm_alloc_grant, cookie, 64, 8);
FIELD(iomm_alloc_grant, huge, 72, 8);

SIZE(iomm_alloc_backend_ops, 72, 8);
FIELD(iomm_alloc_backend_ops, size, 0, 4);
FIELD(iomm_alloc_backend_ops, flags, 4, 4);
FIELD(iomm_alloc_backend_ops, page, 8, 8);
FIELD(iomm_alloc_backend_ops, huge, 16, 8);
POINTER(iomm_alloc_backend_ops, alive, 24);
POINTER(iomm_alloc_backend_ops, map, 32);
POINTER(iomm_alloc_backend_ops, unmap, 40);
POINTER(iomm_alloc_backend_ops, protect, 48);
POINTER(iomm_alloc_backend_ops, flush, 56);
POINTER(iomm_alloc_backend_ops, barrier, 64);

SIZE(iomm_alloc_part, 24, 8);
FIELD(iomm_alloc_part, size, 0, 4);
FIELD(iomm_alloc_part, type, 4, 4);
FIELD(iomm_alloc_part, bytes, 8, 8);
POINTER(iomm_alloc_part, address, 16);

SIZE(iomm_allocation, 48, 8);
FIELD(iomm_allocation, size, 0, 4);
FIELD(iomm_allocation, type, 4, 4);
FIELD(iomm_allocation, flags, 8, 4);
FIELD(iomm_allocation, prot, 12, 4);
POINTER(iomm_allocation, address, 16);
FIELD(iomm_allocation, bytes, 24, 8);
POINTER(iomm_allocation, grant, 32);
FIELD(iomm_allocation, grant_bytes, 40, 8);

SIZE(iomm_allocator_info, 24, 8);
FIELD(iomm_allocator_info, size, 0, 4);
FIELD(iomm_allocator_info, flags, 4, 4);
FIELD(iomm_allocator_info, page, 8, 8);
FIELD(iomm_allocator_info, huge, 16, 8);

VALUE(IOMM_ALLOC_TEXT, 1);
VALUE(IOMM_ALLOC_DATA, 2);
VALUE(IOMM_ALLOC_RODATA, 3);
VALUE(IOMM_ALLOC_RODATA_AFTER_INIT, 4);
VALUE(IOMM_ALLOC_INITTEXT, 5);
VALUE(IOMM_ALLOC_INITDATA, 6);
VALUE(IOMM_ALLOC_INITRODATA, 7);
VALUE(IOMM_ALLOC_USER, 64);
VALUE(IOMM_ALLOC_READ, 1);
VALUE(IOMM_ALLOC_WRITE, 2);
VALUE(IOMM_ALLOC_EXEC, 4);
VALUE(IOMM_ALLOC_SHARED_HUGE, 1);
VALUE(IOMM_ALLOC_SECOND_RANGE, 2);
VALUE(IOMM_ALLOC_SEAL_AFTER_INIT, 4);
VALUE(IOMM_ALLOC_ALLOW_WX, 8);
VALUE(IOMM_ALLOC_RANDOMIZE, 16);
VALUE(IOMM_ALLOC_GUARD, 32);
VALUE(IOMM_ALLOC_LAZY_SYNC, 64);
VALUE(IOMM_ALLOC_DESC_SIZE_VER0, 104);
VALUE(IOMM_ALLOCATOR_NO_ALIAS, 1);
VALUE(IOMM_ALLOCATOR_CONFIG_SIZE_VER0, 32);
VALUE(IOMM_ALLOC_GRANT_ALIAS, 1);
VALUE(IOMM_ALLOC_GRANT_HUGE, 2);
VALUE(IOMM_ALLOC_GRANT_GUARD, 4);
VALUE(IOMM_ALLOC_GRANT_RANDOM, 8);
VALUE(IOMM_ALLOC_GRANT_SIZE_VER0, 80);
VALUE(IOMM_ALLOC_BACKEND_ALIAS, 1);
VALUE(IOMM_ALLOC_BACKEND_OPS_SIZE_VER0, 72);
VALUE(IOMM_ALLOC_PART_SIZE_VER0, 24);
VALUE(IOMM_ALLOCATION_SEALED, 1);
VALUE(IOMM_ALLOCATION_HUGE, 2);
VALUE(IOMM_ALLOCATION_SIZE_VER0, 48);
VALUE(IOMM_ALLOCATOR_ALIAS, 1);
VALUE(IOMM_ALLOCATOR_PROTECT, 2);
VALUE(IOMM_ALLOCATOR_BARRIER, 4);
VALUE(IOMM_ALLOCATOR_DEAD, 8);
VALUE(IOMM_ALLOCATOR_INFO_SIZE_VER0, 24);

/* <iomm/codec.h> */

SIZE(iomm_codec, 240, 8);
FIELD(iomm_codec, size, 0, 4);
FIELD(iomm_codec, flags, 4, 4);
FIELD(iomm_codec, page_shift, 8, 4);
FIELD(iomm_codec, levels, 12, 4);
FIELD(iomm_codec, top_level, 16, 4);
FIELD(iomm_codec, concat, 20, 4);
FIELD(iomm_codec, min_root, 24, 4);
FIELD(iomm_codec, min_ias, 28, 4);
FIELD(iomm_codec, max_ias, 32, 4);
FIELD(iomm_codec, max_oas, 36, 4);
FIELD(iomm_codec, ias, 40, 4);
FIELD(iomm_codec, oas, 44, 4);
FIELD(iomm_codec, leaf_levels, 48, 4);
FIELD(iomm_codec, nr_regs, 52, 4);
FIELD(iomm_codec, run_shift, 56, 8);
FIELD(iomm_codec, valid, 64, 8);
FIELD(iomm_codec, run, 72, 8);
FIELD(iomm_codec, attrs, 80, 8);
FIELD(iomm_codec, breaks, 88, 8);
FIELD(iomm_codec, accessed, 96, 8);
FIELD(iomm_codec, dirty_mask, 104, 8);
FIELD(iomm_codec, dirty_value, 112, 8);
FIELD(iomm_codec, dirty, 120, 8);
FIELD(iomm_codec, restricts, 128, 8);
FIELD(iomm_codec, page_step, 136, 8);
FIELD(iomm_codec, prot, 144, 4);
FIELD(iomm_codec, table_flags, 148, 4);
POINTER(iomm_codec, data, 152);
POINTER(iomm_codec, next, 160);
POINTER(iomm_codec, leaf, 168);
POINTER(iomm_codec, link, 176);
POINTER(iomm_codec, kind, 184);
POINTER(iomm_codec, leaf_address, 192);
POINTER(iomm_codec, link_address, 200);
POINTER(iomm_codec, encode, 208);
POINTER(iomm_codec, decode, 216);
POINTER(iomm_codec, registers, 224);
POINTER(iomm_codec, start, 232);

SIZE(iomm_codec_table, 40, 8);
FIELD(iomm_codec_table, size, 0, 4);
FIELD(iomm_codec_table, flags, 4, 4);
FIELD(iomm_codec_table, ias, 8, 4);
FIELD(iomm_codec_table, oas, 12, 4);
FIELD(iomm_codec_table, root, 16, 8);
FIELD(iomm_codec_table, first_iova, 24, 8);
FIELD(iomm_codec_table, start_level, 32, 4);
FIELD(iomm_codec_table, pad, 36, 4);

VALUE(IOMM_CODEC_LEAF, 2);
VALUE(IOMM_CODEC_LEVELS, 8);
VALUE(IOMM_CODEC_NONE, 0);
VALUE(IOMM_CODEC_SIZE_VER0, 240);
VALUE(IOMM_CODEC_TABLE, 1);
VALUE(IOMM_CODEC_TABLE_SIZE_VER0, 40);

/* <iomm/ctx.h> */

SIZE(iomm_ctx_events, 40, 8);
FIELD(iomm_ctx_events, size, 0, 4);
FIELD(iomm_ctx_events, flags, 4, 4);
POINTER(iomm_ctx_events, wakeup, 8);
POINTER(iomm_ctx_events, released, 16);
POINTER(iomm_ctx_events, misuse, 24);
POINTER(iomm_ctx_events, log, 32);

SIZE(iomm_ctx_config, 64, 8);
FIELD(iomm_ctx_config, size, 0, 4);
FIELD(iomm_ctx_config, flags, 4, 4);
FIELD(iomm_ctx_config, log_level, 8, 4);
FIELD(iomm_ctx_config, reserved, 12, 4);
POINTER(iomm_ctx_config, platform, 16);
POINTER(iomm_ctx_config, platform_data, 24);
POINTER(iomm_ctx_config, platform_release, 32);
POINTER(iomm_ctx_config, events, 40);
POINTER(iomm_ctx_config, events_data, 48);
POINTER(iomm_ctx_config, events_release, 56);

VALUE(IOMM_CTX_EVENTS_SIZE_VER0, 40);
VALUE(IOMM_CTX_CONFIG_SIZE_VER0, 64);

/* <iomm/cursor.h> */

SIZE(iomm_cursor, 64, 8);
FIELD(iomm_cursor, size, 0, 4);
FIELD(iomm_cursor, flags, 4, 4);
POINTER(iomm_cursor, pgtable, 8);
POINTER(iomm_cursor, table, 16);
FIELD(iomm_cursor, first, 24, 8);
FIELD(iomm_cursor, span, 32, 8);
FIELD(iomm_cursor, generation, 40, 8);
FIELD(iomm_cursor, reserved, 48, 16);

VALUE(IOMM_CURSOR_SIZE_VER0, 64);

/* <iomm/device.h> */

SIZE(iomm_device_config, 40, 8);
FIELD(iomm_device_config, size, 0, 4);
FIELD(iomm_device_config, flags, 4, 4);
POINTER(iomm_device_config, name, 8);
FIELD(iomm_device_config, address, 16, 8);
FIELD(iomm_device_config, dma_mask, 24, 8);
FIELD(iomm_device_config, probe_timeout, 32, 8);

SIZE(iomm_device_id, 16, 8);
FIELD(iomm_device_id, iommu_node, 0, 8);
FIELD(iomm_device_id, id, 8, 8);

SIZE(iomm_device_guard, 40, 8);
FIELD(iomm_device_guard, size, 0, 4);
FIELD(iomm_device_guard, flags, 4, 4);
POINTER(iomm_device_guard, device, 8);
POINTER(iomm_device_guard, thread, 16);
FIELD(iomm_device_guard, reserved, 24, 16);

VALUE(IOMM_DEVICE_ADDRESS, 1);
VALUE(IOMM_DEVICE_DMA_MASK, 2);
VALUE(IOMM_DEVICE_CONFIG_SIZE_VER0, 40);
VALUE(IOMM_DEVICE_NEW, 0);
VALUE(IOMM_DEVICE_WAITING, 1);
VALUE(IOMM_DEVICE_PROBING, 2);
VALUE(IOMM_DEVICE_BOUND, 3);
VALUE(IOMM_DEVICE_NONE, 4);
VALUE(IOMM_DEVICE_REMOVED, 5);
VALUE(IOMM_DEVICE_ID_SIZE_VER0, 16);
VALUE(IOMM_DEVICE_GUARD_SIZE_VER0, 40);
VALUE(IOMM_DEVICE_GUARDS_PER_THREAD, 16);

/* <iomm/domain.h> */

SIZE(iomm_domain_config, 40, 8);
FIELD(iomm_domain_config, size, 0, 4);
FIELD(iomm_domain_config, flags, 4, 4);
FIELD(iomm_domain_config, type, 8, 4);
FIELD(iomm_domain_config, ias, 12, 4);
FIELD(iomm_domain_config, granule, 16, 8);
FIELD(iomm_domain_config, page_sizes, 24, 8);
POINTER(iomm_domain_config, format, 32);

VALUE(IOMM_DOMAIN_CONFIG_SIZE_VER0, 40);

/* <iomm/dump.h> */

VALUE(IOMM_DUMP_TEXT, 0);
VALUE(IOMM_DUMP_BINARY, 1);

/* <iomm/error.h> */

VALUE(IOMM_ENOENT, 2);
VALUE(IOMM_EIO, 5);
VALUE(IOMM_E2BIG, 7);
VALUE(IOMM_ENOEXEC, 8);
VALUE(IOMM_EAGAIN, 11);
VALUE(IOMM_ENOMEM, 12);
VALUE(IOMM_EACCES, 13);
VALUE(IOMM_EFAULT, 14);
VALUE(IOMM_EBUSY, 16);
VALUE(IOMM_EEXIST, 17);
VALUE(IOMM_ENODEV, 19);
VALUE(IOMM_EINVAL, 22);
VALUE(IOMM_ENOSPC, 28);
VALUE(IOMM_EDEADLK, 35);
VALUE(IOMM_EPROTO, 71);
VALUE(IOMM_EOVERFLOW, 75);
VALUE(IOMM_ELIBBAD, 80);
VALUE(IOMM_EMSGSIZE, 90);
VALUE(IOMM_EOPNOTSUPP, 95);
VALUE(IOMM_ETIMEDOUT, 110);
VALUE(IOMM_EPROBE_DEFER, 517);

/* <iomm/firmware.h> */

SIZE(iomm_node_info, 32, 8);
FIELD(iomm_node_info, size, 0, 4);
FIELD(iomm_node_info, flags, 4, 4);
FIELD(iomm_node_info, iommu_cells, 8, 4);
FIELD(iomm_node_info, reserved, 12, 4);
FIELD(iomm_node_info, reg_base, 16, 8);
FIELD(iomm_node_info, reg_bytes, 24, 8);
SIZE(iomm_acpi_table, 24, 8);
FIELD(iomm_acpi_table, size, 0, 4);
FIELD(iomm_acpi_table, reserved, 4, 4);
POINTER(iomm_acpi_table, table, 8);
FIELD(iomm_acpi_table, bytes, 16, 8);

VALUE(IOMM_NODE_IOMMU, 1);
VALUE(IOMM_NODE_CLIENT, 2);
VALUE(IOMM_NODE_PCI_HOST, 4);
VALUE(IOMM_NODE_MEMORY, 8);
VALUE(IOMM_NODE_AVAILABLE, 16);
VALUE(IOMM_NODE_COHERENT, 32);
VALUE(IOMM_NODE_MAPPED, 64);
VALUE(IOMM_NODE_INFO_SIZE_VER0, 32);
VALUE(IOMM_ACPI_TABLE_SIZE_VER0, 24);
VALUE(IOMM_LINUX_DEVICE_TREE, 1);
VALUE(IOMM_LINUX_ACPI, 2);

/* <iomm/format.h> */

SIZE(iomm_format_info, 32, 8);
FIELD(iomm_format_info, size, 0, 4);
FIELD(iomm_format_info, flags, 4, 4);
FIELD(iomm_format_info, granules, 8, 8);
FIELD(iomm_format_info, max_ias, 16, 4);
FIELD(iomm_format_info, max_oas, 20, 4);
FIELD(iomm_format_info, prot, 24, 4);
FIELD(iomm_format_info, nr_regs, 28, 4);

SIZE(iomm_format_slot, 56, 8);
FIELD(iomm_format_slot, size, 0, 4);
FIELD(iomm_format_slot, flags, 4, 4);
FIELD(iomm_format_slot, name, 8, 24);
FIELD(iomm_format_slot, state, 32, 4);
FIELD(iomm_format_slot, pins, 36, 4);
FIELD(iomm_format_slot, dying_pins, 40, 4);
FIELD(iomm_format_slot, answer, 44, 4);
FIELD(iomm_format_slot, deadline, 48, 8);

VALUE(IOMM_FORMAT_INFO_SIZE_VER0, 32);
VALUE(IOMM_FORMAT_EXPECTED, 1);
VALUE(IOMM_FORMAT_LOADING, 2);
VALUE(IOMM_FORMAT_TESTING, 3);
VALUE(IOMM_FORMAT_LIVE, 4);
VALUE(IOMM_FORMAT_DYING, 5);
VALUE(IOMM_FORMAT_LATE, 6);
VALUE(IOMM_FORMAT_FAILED, 7);
VALUE(IOMM_FORMAT_SLOT_SIZE_VER0, 56);
VALUE(IOMM_FORMAT_WAIT, 1);

/* <iomm/format_ops.h> */

SIZE(iomm_format_ops, 48, 8);
FIELD(iomm_format_ops, size, 0, 4);
FIELD(iomm_format_ops, flags, 4, 4);
FIELD(iomm_format_ops, abi, 8, 4);
FIELD(iomm_format_ops, engine_version, 12, 4);
POINTER(iomm_format_ops, name, 16);
POINTER(iomm_format_ops, engine, 24);
POINTER(iomm_format_ops, codec, 32);
POINTER(iomm_format_ops, self_test, 40);

SIZE(iomm_format_loader, 16, 8);
FIELD(iomm_format_loader, size, 0, 4);
FIELD(iomm_format_loader, flags, 4, 4);
POINTER(iomm_format_loader, load, 8);

VALUE(IOMM_FORMAT_ABI, 1);
VALUE(IOMM_FORMAT_OPS_SIZE_VER0, 48);
VALUE(IOMM_FORMAT_LOADER_SIZE_VER0, 16);
VALUE(IOMM_FORMAT_DEFER, 1);

/* <iomm/fwspec.h> */

SIZE(iomm_fwspec_info, 48, 8);
FIELD(iomm_fwspec_info, size, 0, 4);
FIELD(iomm_fwspec_info, flags, 4, 4);
FIELD(iomm_fwspec_info, nr_iommus, 8, 4);
FIELD(iomm_fwspec_info, nr_regions, 12, 4);
FIELD(iomm_fwspec_info, nr_dma_ranges, 16, 4);
FIELD(iomm_fwspec_info, pasid_bits, 20, 4);
FIELD(iomm_fwspec_info, address_bits, 24, 4);
FIELD(iomm_fwspec_info, numa_node, 28, 4);
FIELD(iomm_fwspec_info, dma_first, 32, 8);
FIELD(iomm_fwspec_info, dma_last, 40, 8);
SIZE(iomm_specifier, 56, 8);
FIELD(iomm_specifier, size, 0, 4);
FIELD(iomm_specifier, nr_cells, 4, 4);
FIELD(iomm_specifier, iommu, 8, 8);
FIELD(iomm_specifier, place, 16, 8);
FIELD(iomm_specifier, cells, 24, 32);
SIZE(iomm_reserved_region, 48, 8);
FIELD(iomm_reserved_region, size, 0, 4);
FIELD(iomm_reserved_region, kind, 4, 4);
FIELD(iomm_reserved_region, first, 8, 8);
FIELD(iomm_reserved_region, last, 16, 8);
FIELD(iomm_reserved_region, paddr, 24, 8);
FIELD(iomm_reserved_region, prot, 32, 4);
FIELD(iomm_reserved_region, flags, 36, 4);
FIELD(iomm_reserved_region, place, 40, 8);
SIZE(iomm_dma_range, 40, 8);
FIELD(iomm_dma_range, size, 0, 4);
FIELD(iomm_dma_range, reserved, 4, 4);
FIELD(iomm_dma_range, first, 8, 8);
FIELD(iomm_dma_range, last, 16, 8);
FIELD(iomm_dma_range, paddr, 24, 8);
FIELD(iomm_dma_range, place, 32, 8);

VALUE(IOMM_FWSPEC_COHERENT, 1);
VALUE(IOMM_FWSPEC_ATS, 2);
VALUE(IOMM_FWSPEC_PRI, 4);
VALUE(IOMM_FWSPEC_STALL, 8);
VALUE(IOMM_FWSPEC_DMA_RANGE, 16);
VALUE(IOMM_FWSPEC_NUMA_NODE, 32);
VALUE(IOMM_FWSPEC_INFO_SIZE_VER0, 48);
VALUE(IOMM_SPECIFIER_CELLS, 8);
VALUE(IOMM_SPECIFIER_SIZE_VER0, 56);
VALUE(IOMM_REGION_DIRECT, 1);
VALUE(IOMM_REGION_DIRECT_RELAXABLE, 2);
VALUE(IOMM_REGION_RESERVED, 3);
VALUE(IOMM_REGION_MSI, 4);
VALUE(IOMM_REGION_SOFTWARE_MSI, 5);
VALUE(IOMM_REGION_MAPPED, 1);
VALUE(IOMM_RESERVED_REGION_SIZE_VER0, 48);
VALUE(IOMM_DMA_RANGE_SIZE_VER0, 40);

/* <iomm/gather.h> */

SIZE(iomm_gather, 64, 8);
FIELD(iomm_gather, size, 0, 4);
FIELD(iomm_gather, flags, 4, 4);
POINTER(iomm_gather, pgtable, 8);
FIELD(iomm_gather, start, 16, 8);
FIELD(iomm_gather, last, 24, 8);
FIELD(iomm_gather, page_size, 32, 8);
POINTER(iomm_gather, tables, 40);
FIELD(iomm_gather, reserved, 48, 16);

VALUE(IOMM_GATHER_SIZE_VER0, 64);

/* <iomm/group.h> */

SIZE(iomm_group_info, 24, 4);
FIELD(iomm_group_info, size, 0, 4);
FIELD(iomm_group_info, number, 4, 4);
FIELD(iomm_group_info, flags, 8, 4);
FIELD(iomm_group_info, nr_devices, 12, 4);
FIELD(iomm_group_info, nr_regions, 16, 4);
FIELD(iomm_group_info, default_type, 20, 4);

VALUE(IOMM_GROUP_CLAIMED, 1);
VALUE(IOMM_GROUP_ATTACHED, 2);
VALUE(IOMM_GROUP_IN_USE, 4);
VALUE(IOMM_GROUP_DEAD, 8);
VALUE(IOMM_GROUP_INFO_SIZE_VER0, 24);

/* <iomm/ioasid.h> */

SIZE(iomm_ioasid_set_config, 24, 8);
FIELD(iomm_ioasid_set_config, size, 0, 4);
FIELD(iomm_ioasid_set_config, flags, 4, 4);
FIELD(iomm_ioasid_set_config, quota, 8, 4);
FIELD(iomm_ioasid_set_config, reserved, 12, 4);
FIELD(iomm_ioasid_set_config, type, 16, 8);

SIZE(iomm_ioasid_set_info, 24, 8);
FIELD(iomm_ioasid_set_info, size, 0, 4);
FIELD(iomm_ioasid_set_info, flags, 4, 4);
FIELD(iomm_ioasid_set_info, quota, 8, 4);
FIELD(iomm_ioasid_set_info, taken, 12, 4);
FIELD(iomm_ioasid_set_info, type, 16, 8);

SIZE(iomm_ioasid_info, 40, 8);
FIELD(iomm_ioasid_info, size, 0, 4);
FIELD(iomm_ioasid_info, flags, 4, 4);
FIELD(iomm_ioasid_info, state, 8, 4);
FIELD(iomm_ioasid_info, refs, 12, 4);
FIELD(iomm_ioasid_info, binds, 16, 4);
FIELD(iomm_ioasid_info, reserved, 20, 4);
FIELD(iomm_ioasid_info, type, 24, 8);
FIELD(iomm_ioasid_info, spid, 32, 8);

VALUE(IOMM_IOASID_SET_CONFIG_SIZE_VER0, 24);
VALUE(IOMM_IOASID_SET_INFO_SIZE_VER0, 24);
VALUE(IOMM_IOASID_DRAIN, 1);
VALUE(IOMM_IOASID_STATE_IDLE, 1);
VALUE(IOMM_IOASID_STATE_ACTIVE, 2);
VALUE(IOMM_IOASID_STATE_PENDING, 3);
VALUE(IOMM_IOASID_HAS_SPID, 1);
VALUE(IOMM_IOASID_INFO_SIZE_VER0, 40);

/* <iomm/ioasid_space.h> */

SIZE(iomm_ioasid_space_config, 16, 4);
FIELD(iomm_ioasid_space_config, size, 0, 4);
FIELD(iomm_ioasid_space_config, flags, 4, 4);
FIELD(iomm_ioasid_space_config, min, 8, 4);
FIELD(iomm_ioasid_space_config, max, 12, 4);

SIZE(iomm_ioasid_space_info, 40, 8);
FIELD(iomm_ioasid_space_info, size, 0, 4);
FIELD(iomm_ioasid_space_info, flags, 4, 4);
FIELD(iomm_ioasid_space_info, min, 8, 4);
FIELD(iomm_ioasid_space_info, max, 12, 4);
FIELD(iomm_ioasid_space_info, taken, 16, 4);
FIELD(iomm_ioasid_space_info, unreserved, 20, 4);
FIELD(iomm_ioasid_space_info, sets, 24, 4);
FIELD(iomm_ioasid_space_info, reserved, 28, 4);
FIELD(iomm_ioasid_space_info, bytes, 32, 8);

SIZE(iomm_ioasid_event, 24, 8);
FIELD(iomm_ioasid_event, size, 0, 4);
FIELD(iomm_ioasid_event, flags, 4, 4);
FIELD(iomm_ioasid_event, event, 8, 4);
FIELD(iomm_ioasid_event, id, 12, 4);
FIELD(iomm_ioasid_event, type, 16, 8);

SIZE(iomm_ioasid_allocator_ops, 32, 8);
FIELD(iomm_ioasid_allocator_ops, size, 0, 4);
FIELD(iomm_ioasid_allocator_ops, flags, 4, 4);
POINTER(iomm_ioasid_allocator_ops, host, 8);
POINTER(iomm_ioasid_allocator_ops, alloc, 16);
POINTER(iomm_ioasid_allocator_ops, free, 24);

VALUE(IOMM_IOASID_INVALID, 0xffffffff);
VALUE(IOMM_IOASID_SPACE_CONFIG_SIZE_VER0, 16);
VALUE(IOMM_IOASID_SPACE_INFO_SIZE_VER0, 40);
VALUE(IOMM_IOASID_ALLOC, 1);
VALUE(IOMM_IOASID_BIND, 2);
VALUE(IOMM_IOASID_UNBIND, 3);
VALUE(IOMM_IOASID_FREE, 4);
VALUE(IOMM_IOASID_CPU, 1);
VALUE(IOMM_IOASID_IOMMU, 2);
VALUE(IOMM_IOASID_DEVICE, 3);
VALUE(IOMM_IOASID_EVENT_SIZE_VER0, 24);
VALUE(IOMM_IOASID_ALLOCATOR_OPS_SIZE_VER0, 32);

/* <iomm/iommu.h> */

SIZE(iomm_probe_info, 56, 8);
FIELD(iomm_probe_info, size, 0, 4);
FIELD(iomm_probe_info, flags, 4, 4);
POINTER(iomm_probe_info, name, 8);
POINTER(iomm_probe_info, ids, 16);
FIELD(iomm_probe_info, nr_ids, 24, 4);
FIELD(iomm_probe_info, coherent, 28, 4);
FIELD(iomm_probe_info, pasid_bits, 32, 4);
FIELD(iomm_probe_info, numa_node, 36, 4);
FIELD(iomm_probe_info, dma_mask, 40, 8);
POINTER(iomm_probe_info, fwspec, 48);

SIZE(iomm_domain_setup, 72, 8);
FIELD(iomm_domain_setup, size, 0, 4);
FIELD(iomm_domain_setup, flags, 4, 4);
FIELD(iomm_domain_setup, format, 8, 24);
FIELD(iomm_domain_setup, granule, 32, 8);
FIELD(iomm_domain_setup, page_sizes, 40, 8);
FIELD(iomm_domain_setup, ias, 48, 4);
FIELD(iomm_domain_setup, oas, 52, 4);
FIELD(iomm_domain_setup, max_table_pa, 56, 8);
POINTER(iomm_domain_setup, memory, 64);

SIZE(iomm_fault, 40, 8);
FIELD(iomm_fault, size, 0, 4);
FIELD(iomm_fault, flags, 4, 4);
FIELD(iomm_fault, id, 8, 8);
FIELD(iomm_fault, iova, 16, 8);
FIELD(iomm_fault, reason, 24, 4);
FIELD(iomm_fault, access, 28, 4);
FIELD(iomm_fault, pasid, 32, 4);
FIELD(iomm_fault, reserved, 36, 4);

SIZE(iomm_attach, 32, 8);
FIELD(iomm_attach, size, 0, 4);
FIELD(iomm_attach, flags, 4, 4);
FIELD(iomm_attach, pasid, 8, 4);
FIELD(iomm_attach, nr_ids, 12, 4);
POINTER(iomm_attach, ids, 16);
POINTER(iomm_attach, table, 24);

SIZE(iomm_iommu_ops, 104, 8);
FIELD(iomm_iommu_ops, size, 0, 4);
FIELD(iomm_iommu_ops, flags, 4, 4);
POINTER(iomm_iommu_ops, translate, 8);
POINTER(iomm_iommu_ops, group, 16);
POINTER(iomm_iommu_ops, probe, 24);
POINTER(iomm_iommu_ops, release, 32);
POINTER(iomm_iommu_ops, default_domain, 40);
POINTER(iomm_iommu_ops, domain_alloc, 48);
POINTER(iomm_iommu_ops, domain_free, 56);
POINTER(iomm_iommu_ops, attach_prepare, 64);
POINTER(iomm_iommu_ops, attach_commit, 72);
POINTER(iomm_iommu_ops, block, 80);
POINTER(iomm_iommu_ops, flush, 88);
POINTER(iomm_iommu_ops, flush_all, 96);

SIZE(iomm_iommu_config, 48, 8);
FIELD(iomm_iommu_config, size, 0, 4);
FIELD(iomm_iommu_config, flags, 4, 4);
FIELD(iomm_iommu_config, node, 8, 8);
POINTER(iomm_iommu_config, name, 16);
POINTER(iomm_iommu_config, driver, 24);
POINTER(iomm_iommu_config, format, 32);
FIELD(iomm_iommu_config, pasid_bits, 40, 4);
FIELD(iomm_iommu_config, reserved, 44, 4);

VALUE(IOMM_PROBE_INFO_SIZE_VER0, 56);
VALUE(IOMM_DOMAIN_SETUP_SIZE_VER0, 72);
VALUE(IOMM_FAULT_SIZE_VER0, 32);
VALUE(IOMM_FAULT_SIZE_VER1, 40);
VALUE(IOMM_ATTACH_SIZE_VER0, 32);
VALUE(IOMM_ATTACH_IDENTITY, 1);
VALUE(IOMM_PROBE_NUMA_NODE, 1);
VALUE(IOMM_IOMMU_IDENTITY, 1);
VALUE(IOMM_PASID_BITS_MAX, 20);
VALUE(IOMM_FAULT_TRANSLATION, 1);
VALUE(IOMM_FAULT_PERMISSION, 2);
VALUE(IOMM_FAULT_ADDRESS, 3);
VALUE(IOMM_FAULT_ACCESS_FLAG, 4);
VALUE(IOMM_FAULT_WALK, 5);
VALUE(IOMM_FAULT_BLOCKED, 6);
VALUE(IOMM_IOMMU_OPS_SIZE_VER0, 104);
VALUE(IOMM_IOMMU_CONFIG_SIZE_VER0, 32);
VALUE(IOMM_IOMMU_CONFIG_SIZE_VER1, 40);
VALUE(IOMM_IOMMU_CONFIG_SIZE_VER2, 48);

/* <iomm/pasid.h> */

SIZE(iomm_pasid_ops, 32, 8);
FIELD(iomm_pasid_ops, size, 0, 4);
FIELD(iomm_pasid_ops, flags, 4, 4);
POINTER(iomm_pasid_ops, limits, 8);
POINTER(iomm_pasid_ops, alloc, 16);
POINTER(iomm_pasid_ops, free, 24);

VALUE(IOMM_PASID_OPS_SIZE_VER0, 32);

/* <iomm/pci.h> */

SIZE(iomm_pci_function, 56, 8);
FIELD(iomm_pci_function, flags, 0, 4);
FIELD(iomm_pci_function, type, 4, 4);
FIELD(iomm_pci_function, segment, 8, 4);
FIELD(iomm_pci_function, rid, 12, 4);
FIELD(iomm_pci_function, secondary, 16, 4);
FIELD(iomm_pci_function, subordinate, 20, 4);
FIELD(iomm_pci_function, real_segment, 24, 4);
FIELD(iomm_pci_function, real_rid, 28, 4);
FIELD(iomm_pci_function, id, 32, 4);
FIELD(iomm_pci_function, subsystem, 36, 4);
POINTER(iomm_pci_function, aliases, 40);
FIELD(iomm_pci_function, nr_aliases, 48, 4);
FIELD(iomm_pci_function, reserved, 52, 4);

SIZE(iomm_pci_id, 8, 4);
FIELD(iomm_pci_id, segment, 0, 4);
FIELD(iomm_pci_id, rid, 4, 4);

VALUE(IOMM_PCI_ENDPOINT, 0x0);
VALUE(IOMM_PCI_LEGACY_ENDPOINT, 0x1);
VALUE(IOMM_PCI_ROOT_PORT, 0x4);
VALUE(IOMM_PCI_UPSTREAM, 0x5);
VALUE(IOMM_PCI_DOWNSTREAM, 0x6);
VALUE(IOMM_PCI_PCIE_TO_PCI, 0x7);
VALUE(IOMM_PCI_PCI_TO_PCIE, 0x8);
VALUE(IOMM_PCI_RC_ENDPOINT, 0x9);
VALUE(IOMM_PCI_RC_COLLECTOR, 0xa);
VALUE(IOMM_PCI_CONVENTIONAL, 0x10);
VALUE(IOMM_PCI_BRIDGE, 1u << 0);
VALUE(IOMM_PCI_REAL_DMA, 1u << 1);
VALUE(IOMM_PCI_TRANSLATION_ROOT, 1u << 2);
VALUE(IOMM_PCI_QUIRKS, 1u << 3);
VALUE(IOMM_PCI_FUNCTION_SIZE_VER0, 56);
VALUE(IOMM_PCI_ID_SIZE_VER0, 8);
VALUE(IOMM_PCI_FUNCTIONS_MAX, 1u << 24);

/* <iomm/pgtable.h> */

SIZE(iomm_pgtable_config, 56, 8);
FIELD(iomm_pgtable_config, size, 0, 4);
FIELD(iomm_pgtable_config, flags, 4, 4);
FIELD(iomm_pgtable_config, granule, 8, 8);
FIELD(iomm_pgtable_config, page_sizes, 16, 8);
FIELD(iomm_pgtable_config, ias, 24, 4);
FIELD(iomm_pgtable_config, oas, 28, 4);
FIELD(iomm_pgtable_config, max_table_pa, 32, 8);
POINTER(iomm_pgtable_config, memory, 40);
FIELD(iomm_pgtable_config, root_pa, 48, 8);

SIZE(iomm_tlb_ops, 24, 8);
FIELD(iomm_tlb_ops, size, 0, 4);
FIELD(iomm_tlb_ops, flags, 4, 4);
POINTER(iomm_tlb_ops, flush, 8);
POINTER(iomm_tlb_ops, flush_all, 16);

SIZE(iomm_pgtable_info, 160, 8);
FIELD(iomm_pgtable_info, size, 0, 4);
FIELD(iomm_pgtable_info, flags, 4, 4);
FIELD(iomm_pgtable_info, granule, 8, 8);
FIELD(iomm_pgtable_info, page_sizes, 16, 8);
FIELD(iomm_pgtable_info, ias, 24, 4);
FIELD(iomm_pgtable_info, oas, 28, 4);
FIELD(iomm_pgtable_info, first_iova, 32, 8);
FIELD(iomm_pgtable_info, last_iova, 40, 8);
FIELD(iomm_pgtable_info, root_pa, 48, 8);
FIELD(iomm_pgtable_info, tables, 56, 8);
FIELD(iomm_pgtable_info, table_bytes, 64, 8);
FIELD(iomm_pgtable_info, quarantined, 72, 8);
FIELD(iomm_pgtable_info, regs, 80, 64);
FIELD(iomm_pgtable_info, spare, 144, 8);
FIELD(iomm_pgtable_info, foreign, 152, 8);

SIZE(iomm_translation, 24, 8);
FIELD(iomm_translation, size, 0, 4);
FIELD(iomm_translation, prot, 4, 4);
FIELD(iomm_translation, paddr, 8, 8);
FIELD(iomm_translation, page_size, 16, 8);

SIZE(iomm_walk_entry, 48, 8);
FIELD(iomm_walk_entry, size, 0, 4);
FIELD(iomm_walk_entry, kind, 4, 4);
FIELD(iomm_walk_entry, level, 8, 4);
FIELD(iomm_walk_entry, prot, 12, 4);
FIELD(iomm_walk_entry, iova, 16, 8);
FIELD(iomm_walk_entry, bytes, 24, 8);
FIELD(iomm_walk_entry, paddr, 32, 8);
FIELD(iomm_walk_entry, raw, 40, 8);

SIZE(iomm_extent, 32, 8);
FIELD(iomm_extent, iova, 0, 8);
FIELD(iomm_extent, bytes, 8, 8);
FIELD(iomm_extent, paddr, 16, 8);
FIELD(iomm_extent, prot, 24, 4);
FIELD(iomm_extent, reserved, 28, 4);

SIZE(iomm_segment, 16, 8);
FIELD(iomm_segment, paddr, 0, 8);
FIELD(iomm_segment, bytes, 8, 8);

VALUE(IOMM_PGTABLE_COHERENT, 1);
VALUE(IOMM_PGTABLE_MAX_TABLE_PA, 2);
VALUE(IOMM_PGTABLE_SHARED, 4);
VALUE(IOMM_PGTABLE_UPPER, 8);
VALUE(IOMM_PGTABLE_DIRTY, 16);
VALUE(IOMM_PGTABLE_HITLESS, 32);
VALUE(IOMM_PGTABLE_NS, 64);
VALUE(IOMM_PGTABLE_S2FWB, 128);
VALUE(IOMM_PGTABLE_ADOPT, 256);
VALUE(IOMM_PGTABLE_CONFIG_SIZE_VER0, 56);
VALUE(IOMM_TLB_TABLES, 1);
VALUE(IOMM_TLB_OPS_SIZE_VER0, 24);
VALUE(IOMM_PGTABLE_REGS, 8);
VALUE(IOMM_ARM64_S1_TTBR0, 0);
VALUE(IOMM_ARM64_S1_TCR, 1);
VALUE(IOMM_ARM64_S1_MAIR, 2);
VALUE(IOMM_ARM64_S2_VTTBR, 0);
VALUE(IOMM_ARM64_S2_VTCR, 1);
VALUE(IOMM_ARM64_S2_HCR, 2);
VALUE(IOMM_PGTABLE_INFO_SIZE_VER0, 160);
VALUE(IOMM_TRANSLATION_SIZE_VER0, 24);
VALUE(IOMM_WALK_TABLE, 1);
VALUE(IOMM_WALK_LEAF, 2);
VALUE(IOMM_WALK_RUN, 3);
VALUE(IOMM_WALK_ENTRY_SIZE_VER0, 48);
VALUE(IOMM_EXTENT_SIZE_VER0, 32);
VALUE(IOMM_SEGMENT_SIZE_VER0, 16);
VALUE(IOMM_MAP_REPEAT, 1);
VALUE(IOMM_MAP_PAGE_MASK, 0xff00);
VALUE(IOMM_DIRTY_KEEP, 1);

/* <iomm/platform.h> */

SIZE(iomm_lock, 64, 8);
FIELD(iomm_lock, opaque, 0, 64);

SIZE(iomm_platform, 104, 8);
FIELD(iomm_platform, size, 0, 4);
FIELD(iomm_platform, flags, 4, 4);
POINTER(iomm_platform, alloc, 8);
POINTER(iomm_platform, free, 16);
POINTER(iomm_platform, lock_init, 24);
POINTER(iomm_platform, lock_fini, 32);
POINTER(iomm_platform, lock, 40);
POINTER(iomm_platform, unlock, 48);
POINTER(iomm_platform, thread, 56);
POINTER(iomm_platform, wait, 64);
POINTER(iomm_platform, wake, 72);
POINTER(iomm_platform, time, 80);
POINTER(iomm_platform, log, 88);
POINTER(iomm_platform, barrier, 96);

VALUE(IOMM_THREAD_SIZE, 1024);
VALUE(IOMM_LOG_ERROR, 1);
VALUE(IOMM_LOG_WARN, 2);
VALUE(IOMM_LOG_INFO, 3);
VALUE(IOMM_LOG_DEBUG, 4);
VALUE(IOMM_PLATFORM_SIZE_VER0, 104);

/* <iomm/plugin.h> */

SIZE(iomm_plugin_api, 48, 8);
FIELD(iomm_plugin_api, size, 0, 4);
FIELD(iomm_plugin_api, abi, 4, 4);
POINTER(iomm_plugin_api, plugin, 8);
POINTER(iomm_plugin_api, engine, 16);
POINTER(iomm_plugin_api, add, 24);
POINTER(iomm_plugin_api, keep, 32);
POINTER(iomm_plugin_api, fail, 40);

SIZE(iomm_plugin_info, 16, 4);
FIELD(iomm_plugin_info, size, 0, 4);
FIELD(iomm_plugin_info, flags, 4, 4);
FIELD(iomm_plugin_info, abi, 8, 4);
FIELD(iomm_plugin_info, engine_version, 12, 4);

VALUE(IOMM_PLUGIN_ABI, 1);
VALUE(IOMM_PLUGIN_API_SIZE_VER0, 48);
VALUE(IOMM_PLUGIN_INFO_SIZE_VER0, 16);
VALUE(IOMM_PLUGIN_RESIDENT, 1);

/* <iomm/soft.h> */

SIZE(iomm_soft_config, 16, 4);
FIELD(iomm_soft_config, size, 0, 4);
FIELD(iomm_soft_config, flags, 4, 4);
FIELD(iomm_soft_config, iotlb_entries, 8, 4);
FIELD(iomm_soft_config, reserved, 12, 4);

SIZE(iomm_soft_context, 88, 8);
FIELD(iomm_soft_context, size, 0, 4);
FIELD(iomm_soft_context, flags, 4, 4);
POINTER(iomm_soft_context, format, 8);
FIELD(iomm_soft_context, tag, 16, 8);
FIELD(iomm_soft_context, regs, 24, 64);

SIZE(iomm_soft_stats, 40, 8);
FIELD(iomm_soft_stats, size, 0, 4);
FIELD(iomm_soft_stats, flags, 4, 4);
FIELD(iomm_soft_stats, iotlb_hits, 8, 8);
FIELD(iomm_soft_stats, iotlb_misses, 16, 8);
FIELD(iomm_soft_stats, invalidations, 24, 8);
FIELD(iomm_soft_stats, faults, 32, 8);

SIZE(iomm_soft_driver, 64, 8);
FIELD(iomm_soft_driver, size, 0, 4);
FIELD(iomm_soft_driver, flags, 4, 4);
FIELD(iomm_soft_driver, node, 8, 8);
POINTER(iomm_soft_driver, name, 16);
POINTER(iomm_soft_driver, format, 24);
FIELD(iomm_soft_driver, granule, 32, 8);
FIELD(iomm_soft_driver, ias, 40, 4);
FIELD(iomm_soft_driver, oas, 44, 4);
POINTER(iomm_soft_driver, memory, 48);
FIELD(iomm_soft_driver, pasid_bits, 56, 4);
FIELD(iomm_soft_driver, reserved, 60, 4);

VALUE(IOMM_SOFT_IDENTITY, 1);
VALUE(IOMM_SOFT_CONFIG_SIZE_VER0, 16);
VALUE(IOMM_SOFT_CONTEXT_SIZE_VER0, 88);
VALUE(IOMM_SOFT_STATS_SIZE_VER0, 40);
VALUE(IOMM_SOFT_DRIVER_SIZE_VER0, 56);
VALUE(IOMM_SOFT_DRIVER_SIZE_VER1, 64);
VALUE(IOMM_SOFT_CONTEXT_IDENTITY, 1);

/* <iomm/static_firmware.h> */

SIZE(iomm_static_node, 64, 8);
FIELD(iomm_static_node, size, 0, 4);
FIELD(iomm_static_node, flags, 4, 4);
POINTER(iomm_static_node, name, 8);
POINTER(iomm_static_node, compatible, 16);
FIELD(iomm_static_node, reg_base, 24, 8);
FIELD(iomm_static_node, reg_bytes, 32, 8);
FIELD(iomm_static_node, iommu_cells, 40, 4);
FIELD(iomm_static_node, limits, 44, 4);
FIELD(iomm_static_node, pasid_bits, 48, 4);
FIELD(iomm_static_node, address_bits, 52, 4);
FIELD(iomm_static_node, numa_node, 56, 4);
FIELD(iomm_static_node, reserved, 60, 4);
SIZE(iomm_static_map, 72, 8);
FIELD(iomm_static_map, size, 0, 4);
FIELD(iomm_static_map, flags, 4, 4);
FIELD(iomm_static_map, node, 8, 4);
FIELD(iomm_static_map, iommu, 12, 4);
FIELD(iomm_static_map, first_input, 16, 8);
FIELD(iomm_static_map, last_input, 24, 8);
FIELD(iomm_static_map, nr_cells, 32, 4);
FIELD(iomm_static_map, reserved, 36, 4);
FIELD(iomm_static_map, cells, 40, 32);
SIZE(iomm_static_region, 48, 8);
FIELD(iomm_static_region, size, 0, 4);
FIELD(iomm_static_region, node, 4, 4);
FIELD(iomm_static_region, kind, 8, 4);
FIELD(iomm_static_region, flags, 12, 4);
FIELD(iomm_static_region, first, 16, 8);
FIELD(iomm_static_region, last, 24, 8);
FIELD(iomm_static_region, paddr, 32, 8);
FIELD(iomm_static_region, prot, 40, 4);
FIELD(iomm_static_region, reserved, 44, 4);
SIZE(iomm_static_range, 32, 8);
FIELD(iomm_static_range, size, 0, 4);
FIELD(iomm_static_range, node, 4, 4);
FIELD(iomm_static_range, first, 8, 8);
FIELD(iomm_static_range, last, 16, 8);
FIELD(iomm_static_range, paddr, 24, 8);
SIZE(iomm_static_config, 72, 8);
FIELD(iomm_static_config, size, 0, 4);
FIELD(iomm_static_config, flags, 4, 4);
POINTER(iomm_static_config, nodes, 8);
FIELD(iomm_static_config, nr_nodes, 16, 4);
FIELD(iomm_static_config, node_stride, 20, 4);
POINTER(iomm_static_config, maps, 24);
FIELD(iomm_static_config, nr_maps, 32, 4);
FIELD(iomm_static_config, map_stride, 36, 4);
POINTER(iomm_static_config, regions, 40);
FIELD(iomm_static_config, nr_regions, 48, 4);
FIELD(iomm_static_config, region_stride, 52, 4);
POINTER(iomm_static_config, ranges, 56);
FIELD(iomm_static_config, nr_ranges, 64, 4);
FIELD(iomm_static_config, range_stride, 68, 4);

VALUE(IOMM_STATIC_MAX, 4096);
VALUE(IOMM_STATIC_NODE_SIZE_VER0, 64);
VALUE(IOMM_STATIC_INPUTS, 1);
VALUE(IOMM_STATIC_MAP_SIZE_VER0, 72);
VALUE(IOMM_STATIC_REGION_SIZE_VER0, 48);
VALUE(IOMM_STATIC_RANGE_SIZE_VER0, 32);
VALUE(IOMM_STATIC_CONFIG_SIZE_VER0, 72);

/* <iomm/table_memory.h> */

SIZE(iomm_table_memory_ops, 48, 8);
FIELD(iomm_table_memory_ops, size, 0, 4);
FIELD(iomm_table_memory_ops, flags, 4, 4);
FIELD(iomm_table_memory_ops, linear_offset, 8, 8);
POINTER(iomm_table_memory_ops, alloc, 16);
POINTER(iomm_table_memory_ops, free, 24);
POINTER(iomm_table_memory_ops, sync, 32);
POINTER(iomm_table_memory_ops, to_virt, 40);

VALUE(IOMM_TABLE_MEMORY_LINEAR, 1);
VALUE(IOMM_TABLE_MEMORY_RAW, 2);
VALUE(IOMM_TABLE_MEMORY_OPS_SIZE_VER0, 48);

/* <iomm/types.h> */

VALUE(IOMM_HANDLE_ANY, 0);
VALUE(IOMM_HANDLE_CTX, 1);
VALUE(IOMM_HANDLE_FIRMWARE, 2);
VALUE(IOMM_HANDLE_BUS, 3);
VALUE(IOMM_HANDLE_DEVICE, 4);
VALUE(IOMM_HANDLE_GROUP, 5);
VALUE(IOMM_HANDLE_IOMMU, 6);
VALUE(IOMM_HANDLE_FORMAT, 7);
VALUE(IOMM_HANDLE_TABLE_MEMORY, 8);
VALUE(IOMM_HANDLE_PGTABLE, 9);
VALUE(IOMM_HANDLE_DOMAIN, 10);
VALUE(IOMM_HANDLE_SOFT, 11);
VALUE(IOMM_HANDLE_RESERVATION, 12);
VALUE(IOMM_HANDLE_ALLOCATOR, 13);
VALUE(IOMM_HANDLE_ALLOC_TYPE, 14);
VALUE(IOMM_HANDLE_IOASID_SPACE, 15);
VALUE(IOMM_HANDLE_IOASID_SET, 16);
VALUE(IOMM_HANDLE_PASID, 17);
VALUE(IOMM_HANDLE_FWSPEC, 18);
VALUE(IOMM_HANDLE_PCI, 19);
VALUE(IOMM_HANDLE_PLUGIN, 20);
VALUE(IOMM_DOMAIN_ANY, 0);
VALUE(IOMM_DOMAIN_PAGING, 1);
VALUE(IOMM_DOMAIN_BLOCKED, 2);
VALUE(IOMM_DOMAIN_IDENTITY, 3);
VALUE(IOMM_FORMAT_NAME_MAX, 24);
VALUE(IOMM_FOREVER, UINT64_MAX);
VALUE(IOMM_PROT_READ, 1);
VALUE(IOMM_PROT_WRITE, 2);
VALUE(IOMM_PROT_EXEC, 4);
VALUE(IOMM_PROT_CACHE, 8);
VALUE(IOMM_PROT_MMIO, 16);
VALUE(IOMM_PROT_PRIV, 32);
