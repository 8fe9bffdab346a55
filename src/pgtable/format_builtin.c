/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The formats that are built in, and the subsystem as contexts see it. */
#include "pgtable/engine_version.h"
#include "pgtable/format_registry.h"

#define FORMAT_TYPE(format) &iomm_format_##format,
static const struct iomm_format_type *const builtin[] = { IOMM_FORMATS(
	FORMAT_TYPE) };

#define NR_BUILTIN (sizeof(builtin) / sizeof(builtin[0]))

/* They are registered like any other. */
static int register_builtin(struct iomm_ctx *ctx)
{
	struct iomm_format_ops ops[NR_BUILTIN] = { { 0 } };
	uint32_t n;

	for (n = 0; n < NR_BUILTIN; n++)
		ops[n] = (struct iomm_format_ops){
			.size = sizeof(*ops),
			.abi = IOMM_FORMAT_ABI,
			.engine_version = IOMM_ENGINE_VERSION,
			.name = builtin[n]->name,
			.engine = builtin[n],
		};
	return iomm_format_register_builtin(ctx, ops, NR_BUILTIN);
}

/* Those that could be built in, and were not, come when they are asked for. */
#if __STDC_HOSTED__ && defined(IOMM_FORMAT_PLUGINS)
#define PLUGIN_NAME(format) #format,
static const char *const plugins[] = { IOMM_FORMAT_PLUGINS(PLUGIN_NAME) };

static int announce_plugins(struct iomm_ctx *ctx)
{
	uint32_t n;
	int err = 0;

	for (n = 0; !err && n < sizeof(plugins) / sizeof(plugins[0]); n++)
		err = iomm_plugin_announce_own(ctx, plugins[n]);
	return err;
}
#else
static int announce_plugins(struct iomm_ctx *ctx)
{
	(void)ctx;
	return 0;
}
#endif

static void fini(struct iomm_ctx *ctx)
{
	struct iomm_formats *formats = iomm_formats(ctx);

	/* What failed is remembered no longer, either. */
	formats->closed = true;
	iomm_format_drop_subscriptions(ctx);
	iomm_formats_seal_all(ctx);
	iomm_formats_unregister_all(ctx, true);
	iomm_lock_fini(ctx, &formats->lock);
	iomm_free(ctx, formats, sizeof(*formats));
}

static int init(struct iomm_ctx *ctx)
{
	struct iomm_formats *formats = iomm_alloc(ctx, sizeof(*formats));
	int err;

	if (!formats)
		return -IOMM_ENOMEM;
	err = iomm_lock_init(ctx, &formats->lock);
	if (err) {
		iomm_free(ctx, formats, sizeof(*formats));
		return err;
	}
	iomm_list_init(&formats->impls);
	iomm_list_init(&formats->notices);
	iomm_list_init(&formats->subscriptions);
	ctx->state[IOMM_SUBSYS_FORMAT] = formats;
	err = register_builtin(ctx);
	if (!err)
		err = announce_plugins(ctx);
	if (err)
		fini(ctx);
	return err;
}

/* What registrations tie to the context must not keep it: callers' data may
 * hold a reference on it. */
static int close(struct iomm_ctx *ctx, uint64_t timeout)
{
	struct iomm_formats *formats = iomm_formats(ctx);

	(void)timeout;
	iomm_lock(ctx, &formats->lock);
	formats->closed = true;
	iomm_unlock(ctx, &formats->lock);
	iomm_formats_seal_all(ctx);
	iomm_formats_unregister_all(ctx, false);
	iomm_format_drop_subscriptions(ctx);
	return 0;
}

static bool expects(struct iomm_ctx *ctx)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	uint32_t pending = 0;
	struct iomm_list *pos;

	iomm_lock(ctx, &formats->lock);
	iomm_list_for_each (pos, &formats->notices) {
		uint32_t state =
			iomm_container_of(pos, struct iomm_format_notice, link)
				->state;

		pending += state == IOMM_FORMAT_EXPECTED ||
			   state == IOMM_FORMAT_LOADING;
	}
	iomm_list_for_each (pos, &formats->impls)
		pending += iomm_container_of(pos, struct iomm_format_impl, link)
				   ->state == IOMM_FORMAT_TESTING;
	iomm_unlock(ctx, &formats->lock);
	return pending;
}

const struct iomm_subsys iomm_format_subsys = {
	.id = IOMM_SUBSYS_FORMAT,
	.init = init,
	.fini = fini,
	.run = iomm_formats_run,
	.close = close,
	.next_deadline = iomm_formats_next_deadline,
	.expects = expects,
};
