/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit/format_support.h"

#include "pgtable/engine_version.h"

static int on_test(void *data)
{
	struct bringer *b = data;

	b->tests++;
	if (b->on_test)
		b->on_test(b);
	return b->test_answer;
}

void bringer_release(void *data)
{
	struct bringer *b = data;

	if (b->on_release)
		b->on_release(b);
	b->releases++;
}

void bringer_done(void *data)
{
	struct bringer *b = data;

	b->done++;
}

/* The loader has the bringer without a release, so that releases are those of
 * the registration. */
static int on_load(void *data, struct iomm_ctx *ctx, const char *name)
{
	struct bringer *b = data;
	int err;

	b->loads++;
	if (b->on_load)
		b->on_load(b);
	if (strcmp(name, b->ops.name) != 0)
		return -IOMM_EINVAL;
	if (b->idle)
		return b->load_answer;
	err = iomm_format_register(ctx, &b->ops, b, bringer_release, NULL);
	return b->load_answer ? b->load_answer : err;
}

const struct iomm_format_loader bringer_loader = {
	.size = sizeof(bringer_loader),
	.load = on_load,
};

void bringer_init(struct bringer *b, struct world *w, const char *name)
{
	memset(b, 0, sizeof(*b));
	b->w = w;
	b->type = iomm_format_arm64_s1;
	b->type.name = name;
	b->ops = (struct iomm_format_ops){
		.size = sizeof(b->ops),
		.abi = IOMM_FORMAT_ABI,
		.engine_version = IOMM_ENGINE_VERSION,
		.name = name,
		.engine = &b->type,
		.self_test = on_test,
	};
}

int bringer_register(struct bringer *b, struct iomm_format **out)
{
	return iomm_format_register(b->w->ctx, &b->ops, b, bringer_release,
				    out);
}

int bringer_announce(struct bringer *b, uint64_t timeout)
{
	return iomm_format_announce(b->w->ctx, b->ops.name, timeout,
				    &bringer_loader, b, NULL);
}

void formats_end(struct world *w)
{
	assert_ok(iomm_ctx_close(w->ctx, 0));
}

int format_answer(struct world *w, const char *name)
{
	struct iomm_format *format = NULL;
	int err = iomm_format_request(w->ctx, name, 0, 0, &format);

	iomm_format_put(format);
	return err;
}

int format_await(struct world *w, const char *name, uint64_t timeout)
{
	struct iomm_format *format = NULL;
	int err = iomm_format_request(w->ctx, name, IOMM_FORMAT_WAIT, timeout,
				      &format);

	iomm_format_put(format);
	return err;
}

struct iomm_format_slot format_slot(struct world *w, const char *name)
{
	struct iomm_format_slot slot = { .size = sizeof(slot) };
	char after[IOMM_FORMAT_NAME_MAX] = "";

	while (!iomm_format_next(w->ctx, after, &slot)) {
		if (!strcmp(slot.name, name))
			return slot;
		memcpy(after, slot.name, sizeof(after));
	}
	memset(&slot, 0, sizeof(slot));
	return slot;
}

int format_table(struct world *w, const char *name, struct iomm_pgtable **out)
{
	struct iomm_pgtable_config config = { .size = sizeof(config) };

	return iomm_pgtable_create(w->ctx, name, &config, NULL, NULL, NULL,
				   out);
}
