/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pgtable/format.h"

#include "base/abi.h"
#include "pgtable/raw_walk.h"

#define FORMAT_TYPE(name) &iomm_format_##name,
static const struct iomm_format_type *const builtin[] = { IOMM_FORMATS(
	FORMAT_TYPE) };

#define NR_BUILTIN (sizeof(builtin) / sizeof(builtin[0]))

/* Built-in formats are static: a handle has nothing to take down. */
static void destroy_format(struct iomm_object *object)
{
	(void)object;
}

static const struct iomm_object_type format_object = {
	.kind = IOMM_HANDLE_FORMAT,
	.bytes = sizeof(struct iomm_format),
	.name = "format",
	.destroy = destroy_format,
};

static const struct iomm_format_type *find_format(const char *name)
{
	uint32_t i;

	for (i = 0; i < NR_BUILTIN; i++)
		if (iomm_streq(builtin[i]->name, name))
			return builtin[i];
	return NULL;
}

int iomm_format_pin(struct iomm_ctx *ctx, const char *name,
		    struct iomm_format **out)
{
	const struct iomm_format_type *type = find_format(name);
	struct iomm_format *format;

	if (!type)
		return IOMM_FAIL(ctx, IOMM_ENOENT,
				 "there is no page-table format \"%s\"",
				 IOMM_STR(name));
	format = iomm_object_create(ctx, &format_object);
	if (!format)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for a handle on format %s",
				 IOMM_STR(type->name));
	format->type = type;
	*out = format;
	return 0;
}

static int request(struct iomm_ctx *ctx, const char *name, uint32_t flags,
		   struct iomm_format **out)
{
	int r;

	if (!name || !out)
		return iomm_fail_null(ctx, "iomm_format_request");
	r = iomm_check_bits(ctx, flags, 0, "flags of iomm_format_request");
	return r ? r : iomm_format_pin(ctx, name, out);
}

int iomm_format_request(struct iomm_ctx *ctx, const char *name, uint32_t flags,
			struct iomm_format **out)
{
	if (!ctx)
		return -IOMM_EINVAL;
	iomm_enter(ctx);
	return iomm_leave(ctx, request(ctx, name, flags, out));
}

int iomm_format_info(struct iomm_format *format, struct iomm_format_info *info)
{
	struct iomm_format_info known = { .size = sizeof(known) };
	const struct iomm_engine_ops *const *engine;

	if (!iomm_handle_ok(format, &format_object))
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

struct iomm_format *iomm_format_get(struct iomm_format *format)
{
	return iomm_handle_get(format, &format_object);
}

void iomm_format_put(struct iomm_format *format)
{
	iomm_handle_put(format, &format_object);
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

/* Nothing is kept in the context yet: what can be registered at run time will
 * be. */
static int init_formats(struct iomm_ctx *ctx)
{
	(void)ctx;
	return 0;
}

const struct iomm_subsys iomm_format_subsys = {
	.id = IOMM_SUBSYS_FORMAT,
	.init = init_formats,
};
