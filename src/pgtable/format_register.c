/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Registering. What is registered takes its name first, is tested then, without
 * a lock, and can be had by others last: all formats of a batch in one step.
 */
#include "pgtable/format_registry.h"

#include "base/abi.h"
#include "pgtable/codec.h"
#include "pgtable/engine_version.h"

/* Making */

static int check_engine(struct iomm_ctx *ctx, const struct iomm_format_ops *ops)
{
	if (ops->engine_version != IOMM_ENGINE_VERSION)
		return IOMM_FAIL(
			ctx, IOMM_ENOEXEC,
			"format %s was compiled with engine %x, and this "
			"library has %x",
			IOMM_STR(ops->name), ops->engine_version,
			(uint64_t)IOMM_ENGINE_VERSION);
	if (!iomm_streq(ops->name, ops->engine->name))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "format %s says in its engine that it is %s",
				 IOMM_STR(ops->name),
				 IOMM_STR(ops->engine->name));
	return 0;
}

static int check_ops(struct iomm_ctx *ctx, const struct iomm_format_ops *ops)
{
	int err = iomm_check_bits(ctx, ops->flags, 0, "iomm_format_ops.flags");

	if (!err)
		err = iomm_format_check_name(ctx, ops->name);
	if (err)
		return err;
	if (ops->abi != IOMM_FORMAT_ABI)
		return IOMM_FAIL(
			ctx, IOMM_ENOEXEC,
			"format %s was made for version %u of formats, "
			"and this library has %u",
			IOMM_STR(ops->name), ops->abi, IOMM_FORMAT_ABI);
	if (!ops->engine == !ops->codec)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "format %s has %s: it needs one of an engine "
				 "and a codec",
				 IOMM_STR(ops->name),
				 IOMM_STR(ops->engine ? "both" : "neither"));
	if (ops->engine)
		return check_engine(ctx, ops);
	if (ops->engine_version)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "format %s has a codec, and a version of the "
				 "engine",
				 IOMM_STR(ops->name));
	return 0;
}

static int make_impl(struct iomm_ctx *ctx, const struct iomm_format_ops *ops,
		     struct iomm_format_batch *batch)
{
	struct iomm_format_impl *impl = iomm_alloc(ctx, sizeof(*impl));
	int err;

	if (!impl)
		return IOMM_FAIL(ctx, IOMM_ENOMEM, "no memory for format %s",
				 IOMM_STR(ops->name));
	iomm_list_init(&impl->link);
	impl->state = IOMM_FORMAT_TESTING;
	(void)iomm_copy_string(impl->name, sizeof(impl->name), ops->name);
	impl->self_test = ops->self_test;
	impl->type = ops->engine;
	impl->batch = batch;
	impl->owner = iomm_callback_owner(ctx);
	if (ops->codec) {
		err = iomm_codec_open(ctx, impl->name, ops->codec, &impl->type);
		if (err) {
			iomm_format_free_impl(ctx, impl);
			return err;
		}
		impl->made = true;
	}
	batch->impl[batch->refs++] = impl;
	return 0;
}

static int make_handle(struct iomm_ctx *ctx, struct iomm_format_impl *impl)
{
	impl->pins = 1;
	return iomm_format_handle(ctx, impl, &impl->first);
}

/* The handle of who registers it comes to nothing. */
static void drop_handle(struct iomm_format_impl *impl)
{
	if (!impl->first)
		return;
	impl->first->impl = NULL;
	iomm_object_drop(impl->first);
	impl->first = NULL;
	impl->pins = 0;
}

/* Before others can see it, and after a failure: nothing is released. */
static void unmake(struct iomm_ctx *ctx, struct iomm_format_batch *batch)
{
	uint32_t n;

	for (n = 0; n < batch->refs; n++) {
		if (!batch->impl[n])
			continue;
		drop_handle(batch->impl[n]);
		iomm_format_free_impl(ctx, batch->impl[n]);
	}
	iomm_free(ctx, batch, iomm_format_batch_bytes(batch->count));
}

struct list {
	const struct iomm_format_ops *ops;
	uint32_t count, stride;
	void *test_data;
};

static const struct iomm_format_ops *at(const struct list *list, uint32_t n)
{
	return (const void *)((const char *)list->ops +
			      (uint64_t)n * list->stride);
}

static int make_one(struct iomm_ctx *ctx, const struct list *list, uint32_t n,
		    struct iomm_format_batch *batch, bool handle)
{
	struct iomm_format_ops ops;
	int err = iomm_struct_in(ctx, &ops, sizeof(ops),
				 IOMM_FORMAT_OPS_SIZE_VER0, at(list, n),
				 "iomm_format_ops");

	if (!err && at(list, n)->size > list->stride)
		err = IOMM_FAIL(
			ctx, IOMM_EINVAL,
			"an iomm_format_ops of %u bytes does not fit in "
			"a stride of %u",
			at(list, n)->size, list->stride);
	if (!err)
		err = check_ops(ctx, &ops);
	if (!err)
		err = make_impl(ctx, &ops, batch);
	if (!err && handle)
		err = make_handle(ctx, batch->impl[n]);
	return err;
}

static int
check_twins(struct iomm_ctx *ctx, const struct iomm_format_batch *batch)
{
	uint32_t n, m;

	for (n = 0; n < batch->count; n++) {
		for (m = 0; m < n; m++) {
			if (iomm_streq(batch->impl[n]->name,
				       batch->impl[m]->name))
				return IOMM_FAIL(ctx, IOMM_EINVAL,
						 "format %s is given twice",
						 IOMM_STR(
							 batch->impl[n]->name));
		}
	}
	return 0;
}

static int
make(struct iomm_ctx *ctx, const struct list *list, void *data,
     void (*release)(void *data), bool handles, struct iomm_format_batch **out)
{
	struct iomm_format_batch *batch =
		iomm_alloc(ctx, iomm_format_batch_bytes(list->count));
	uint32_t n;
	int err = 0;

	if (!batch)
		return IOMM_FAIL(ctx, IOMM_ENOMEM, "no memory for %u formats",
				 list->count);
	batch->count = list->count;
	batch->data = data;
	batch->test_data = list->test_data;
	batch->release = release;
	for (n = 0; !err && n < list->count; n++)
		err = make_one(ctx, list, n, batch, handles);
	if (!err)
		err = check_twins(ctx, batch);
	if (err)
		unmake(ctx, batch);
	else
		*out = batch;
	return err;
}

/* Taking names, testing, publishing */

/* Does this thread register from inside a loader? What that was asked for may
 * come, whatever else it brings. */
static bool in_own_load(struct iomm_ctx *ctx)
{
	const struct iomm_format_notice *loading = iomm_formats(ctx)->loading;

	return loading && loading->thread == iomm_thread(ctx);
}

static int check_closed(struct iomm_ctx *ctx, const char *name)
{
	const struct iomm_formats *formats = iomm_formats(ctx);

	if (formats->closed || (formats->sealed && !in_own_load(ctx)))
		return IOMM_FAIL(ctx, IOMM_ENODEV,
				 "format %s comes too late: %s", IOMM_STR(name),
				 IOMM_STR(formats->closed
						  ? "the context was closed"
						  : "the formats are sealed"));
	return 0;
}

static int check_free(struct iomm_ctx *ctx, const char *name)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	struct iomm_format_view view = iomm_format_look(formats, name);

	if (view.current)
		return IOMM_FAIL(ctx, IOMM_EEXIST,
				 "there is a format %s already%s",
				 IOMM_STR(name),
				 IOMM_STR(view.current->state ==
							  IOMM_FORMAT_LIVE
						  ? ""
						  : ", which is being tested"));
	if (view.notice && view.notice->state == IOMM_FORMAT_LOADING &&
	    !in_own_load(ctx))
		return IOMM_FAIL(ctx, IOMM_EEXIST,
				 "format %s is being loaded by another thread",
				 IOMM_STR(name));
	return 0;
}

static int take_names(struct iomm_ctx *ctx, struct iomm_format_batch *batch)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	int err = 0;
	uint32_t n;

	iomm_lock(ctx, &formats->lock);
	for (n = 0; !err && n < batch->count; n++) {
		err = check_closed(ctx, batch->impl[n]->name);
		if (!err)
			err = check_free(ctx, batch->impl[n]->name);
	}
	for (n = 0; !err && n < batch->count; n++)
		iomm_list_add_tail(&formats->impls, &batch->impl[n]->link);
	iomm_unlock(ctx, &formats->lock);
	return err;
}

static int test(struct iomm_ctx *ctx, const struct iomm_format_impl *impl)
{
	struct iomm_frame frame;
	int r;

	if (!impl->self_test)
		return 0;
	iomm_callback_begin(ctx, &frame, false);
	r = impl->self_test(impl->batch->test_data);
	iomm_callback_end(ctx, &frame);
	if (!r)
		return 0;
	return IOMM_FAIL(ctx, IOMM_ELIBBAD,
			 "format %s failed its self-test: %s",
			 IOMM_STR(impl->name),
			 IOMM_STR(iomm_strerror(iomm_answer(r))));
}

/* Makes of a format that failed its test a reminder: requests are to say so, and
 * others may free it from here on. The notice of a load that is running says so
 * when it ends; else it is to be told now: true. The lock is held. */
static bool
remember(struct iomm_formats *formats, struct iomm_format_impl *failed,
	 struct iomm_format_past *past)
{
	struct iomm_format_view view = iomm_format_look(formats, failed->name);
	bool loading = view.notice && view.notice->state == IOMM_FORMAT_LOADING;

	if (loading)
		view.notice->error = -IOMM_ELIBBAD;
	iomm_format_forget(formats, failed->name, past);
	failed->state = IOMM_FORMAT_FAILED;
	failed->batch = NULL;
	iomm_list_add_tail(&formats->impls, &failed->link);
	return !loading;
}

/* Gives the names back, after the n-th has failed its test; `count`: none has.
 * True: its failure is to be told. */
static bool give_names_back(struct iomm_ctx *ctx,
			    struct iomm_format_batch *batch, uint32_t nth)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	struct iomm_format_impl *failed = NULL;
	struct iomm_format_past past;
	bool tell = false;
	uint32_t n;

	if (nth < batch->count) {
		failed = batch->impl[nth];
		drop_handle(failed);
		iomm_format_close_type(ctx, failed);
	}
	iomm_format_past_init(&past);
	iomm_lock(ctx, &formats->lock);
	for (n = 0; n < batch->count; n++)
		iomm_list_del(&batch->impl[n]->link);
	if (failed && !formats->closed) {
		tell = remember(formats, failed, &past);
		batch->impl[nth] = NULL;
	}
	iomm_formats_changed(ctx);
	iomm_unlock(ctx, &formats->lock);
	iomm_format_past_end(ctx, &past);
	return tell;
}

/* From here on others use the formats, and may unregister them. */
static int publish(struct iomm_ctx *ctx, struct iomm_format_batch *batch,
		   struct iomm_format **out)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	struct iomm_format_view view;
	struct iomm_format_past past;
	uint32_t n;
	int err = 0;

	iomm_format_past_init(&past);
	iomm_lock(ctx, &formats->lock);
	if (formats->closed)
		err = IOMM_FAIL(ctx, IOMM_ENODEV,
				"the context was closed during the test of "
				"format %s",
				IOMM_STR(batch->impl[0]->name));
	for (n = 0; !err && n < batch->count; n++) {
		iomm_format_forget(formats, batch->impl[n]->name, &past);
		view = iomm_format_look(formats, batch->impl[n]->name);
		if (view.notice)
			view.notice->arrived = true;
		batch->impl[n]->state = IOMM_FORMAT_LIVE;
		if (out)
			out[n] = batch->impl[n]->first;
	}
	if (!err)
		iomm_formats_changed(ctx);
	iomm_unlock(ctx, &formats->lock);
	iomm_format_past_end(ctx, &past);
	return err;
}

/* Up to the first that fails, which is `*n`. */
static int
test_all(struct iomm_ctx *ctx, struct iomm_format_batch *batch, uint32_t *n)
{
	int err = 0;

	for (*n = 0; *n < batch->count; ++*n) {
		err = test(ctx, batch->impl[*n]);
		if (err)
			break;
	}
	return err;
}

static void tell_all(struct iomm_ctx *ctx, const struct list *list)
{
	uint32_t n;

	for (n = 0; n < list->count; n++)
		iomm_format_tell(ctx, at(list, n)->name, 0);
	iomm_arrived(ctx);
}

static int establish(struct iomm_ctx *ctx, const struct list *list,
		     struct iomm_format_batch *batch, struct iomm_format **out)
{
	int err = take_names(ctx, batch);
	uint32_t nth;

	if (err) {
		unmake(ctx, batch);
		return err;
	}
	err = test_all(ctx, batch, &nth);
	if (!err)
		err = publish(ctx, batch, out);
	if (!err) {
		tell_all(ctx, list);
		return 0;
	}
	if (give_names_back(ctx, batch, nth))
		iomm_format_tell(ctx, at(list, nth)->name, err);
	unmake(ctx, batch);
	iomm_arrived(ctx);
	return err;
}

static int
register_list(struct iomm_ctx *ctx, const struct list *list, void *data,
	      void (*release)(void *data), struct iomm_format **out)
{
	struct iomm_format_batch *batch;
	int err;

	if (!list->ops)
		return iomm_fail_null(ctx, "iomm_format_register");
	if (!list->count || list->stride < IOMM_FORMAT_OPS_SIZE_VER0)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "%u formats with a stride of %u bytes cannot "
				 "be registered",
				 list->count, list->stride);
	err = make(ctx, list, data, release, out, &batch);
	return err ? err : establish(ctx, list, batch, out);
}

/* Whatever happens, `data` is released. */
static int
enter_and_register(struct iomm_ctx *ctx, const struct list *list, void *data,
		   void (*release)(void *data), struct iomm_format **out)
{
	int err;

	iomm_enter(ctx);
	err = register_list(ctx, list, data, release, out);
	if (err)
		iomm_release(ctx, release, data);
	return iomm_leave(ctx, err);
}

int iomm_format_register_all(struct iomm_ctx *ctx,
			     const struct iomm_format_ops *ops, uint32_t count,
			     uint32_t stride, void *data,
			     void (*release)(void *data),
			     struct iomm_format **out)
{
	const struct list list = {
		.ops = ops, .count = count, .stride = stride, .test_data = data
	};

	if (!ctx) {
		if (release)
			release(data);
		return -IOMM_EINVAL;
	}
	return enter_and_register(ctx, &list, data, release, out);
}

int iomm_format_register_plugin(struct iomm_ctx *ctx,
				const struct iomm_format_ops *ops,
				uint32_t count, void *test_data, void *data,
				void (*release)(void *data))
{
	const struct list list = { .ops = ops,
				   .count = count,
				   .stride = sizeof(*ops),
				   .test_data = test_data };

	return enter_and_register(ctx, &list, data, release, NULL);
}

int iomm_format_register(struct iomm_ctx *ctx,
			 const struct iomm_format_ops *ops, void *data,
			 void (*release)(void *data), struct iomm_format **out)
{
	return iomm_format_register_all(ctx, ops, 1, IOMM_STRUCT_MAX, data,
					release, out);
}

int iomm_format_register_builtin(struct iomm_ctx *ctx,
				 const struct iomm_format_ops *ops,
				 uint32_t count)
{
	const struct list list = { .ops = ops,
				   .count = count,
				   .stride = sizeof(*ops) };
	struct iomm_format_batch *batch;
	int err = make(ctx, &list, NULL, NULL, false, &batch);

	if (err)
		return err;
	batch->builtin = true;
	return establish(ctx, &list, batch, NULL);
}
