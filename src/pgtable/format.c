/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Handles on formats, and what they are good for. */
#include "pgtable/format.h"

#include "base/abi.h"
#include "pgtable/format_registry.h"
#include "pgtable/raw_walk.h"

/* Handles */

static void destroy_format(struct iomm_object *object)
{
	struct iomm_format *format = (struct iomm_format *)(void *)object;

	if (format->impl)
		iomm_format_unpin(object->ctx, format->impl);
}

const struct iomm_object_type iomm_format_object = {
	.kind = IOMM_HANDLE_FORMAT,
	.bytes = sizeof(struct iomm_format),
	.name = "format",
	.destroy = destroy_format,
};

int iomm_format_handle(struct iomm_ctx *ctx, struct iomm_format_impl *impl,
		       struct iomm_format **out)
{
	struct iomm_format *format =
		iomm_object_create(ctx, &iomm_format_object);

	if (!format) {
		iomm_format_unpin(ctx, impl);
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for a handle on a format");
	}
	format->type = impl->type;
	format->impl = impl;
	*out = format;
	return 0;
}

struct iomm_format *iomm_format_get(struct iomm_format *format)
{
	return iomm_handle_get(format, &iomm_format_object);
}

void iomm_format_put(struct iomm_format *format)
{
	iomm_handle_put(format, &iomm_format_object);
}

/* Use */

int iomm_format_info(struct iomm_format *format, struct iomm_format_info *info)
{
	struct iomm_format_info known = { .size = sizeof(known) };
	const struct iomm_engine_ops *const *engine;

	if (!iomm_handle_ok(format, &iomm_format_object))
		return -IOMM_EINVAL;
	if (!info)
		return iomm_fail_null(format->object.ctx, "iomm_format_info");
	for (engine = format->type->engines; *engine; engine++) {
		known.granules |= (*engine)->granule;
		if ((*engine)->max_ias > known.max_ias)
			known.max_ias = (*engine)->max_ias;
		if ((*engine)->max_oas > known.max_oas)
			known.max_oas = (*engine)->max_oas;
	}
	known.prot = format->type->prot;
	known.nr_regs = format->type->nr_regs;
	return iomm_struct_out(format->object.ctx, info, &known, sizeof(known),
			       IOMM_FORMAT_INFO_SIZE_VER0, "iomm_format_info");
}

const struct iomm_engine_ops *
iomm_format_engine(const struct iomm_format_type *type, uint64_t granule,
		   uint32_t ias, uint32_t oas)
{
	const struct iomm_engine_ops *const *engine = type->engines;
	const struct iomm_engine_ops *found = NULL;

	if (!granule)
		granule = (*engine)->granule;
	for (; *engine; engine++) {
		if ((*engine)->granule != granule)
			continue;
		found = *engine;
		if (found->max_ias >= ias && found->max_oas >= oas)
			break;
	}
	return found;
}

int iomm_raw_walk(const struct iomm_format *format,
		  const struct iomm_raw_walker *walker, uint64_t iova,
		  struct iomm_raw_result *out)
{
	const struct iomm_engine_ops *engine;

	*out = (struct iomm_raw_result){ .fault = IOMM_RAW_REGISTERS };
	if (!format->type->select)
		return IOMM_FAIL(format->object.ctx, IOMM_EOPNOTSUPP,
				 "tables of format %s cannot be walked from "
				 "their registers",
				 IOMM_STR(format->type->name));
	engine = format->type->select(format->type, walker->regs);
	if (engine)
		engine->raw_walk(engine, walker, iova, out);
	return 0;
}
