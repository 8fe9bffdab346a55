/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Registering and unregistering. What is registered takes its name first, is
 * tested then, without a lock, and can be had by others last: all formats of a
 * batch in one step.
 */
#include "pgtable/format_registry.h"

#include "base/abi.h"
#include "pgtable/codec.h"
#include "pgtable/engine_version.h"

static struct iomm_format_impl *from_link(struct iomm_list *link)
{
	return iomm_container_of(link, struct iomm_format_impl, link);
}

/* Going */

/* Without the batch's release; the impl is in no list. */
static void free_impl(struct iomm_ctx *ctx, struct iomm_format_impl *impl)
{
	if (impl->made)
		iomm_codec_close(ctx, impl->type);
	iomm_free(ctx, impl, sizeof(*impl));
}

static uint64_t batch_bytes(uint32_t count)
{
	return sizeof(struct iomm_format_batch) +
	       (uint64_t)count * sizeof(struct iomm_format_impl *);
}

static void leave_batch(struct iomm_ctx *ctx, struct iomm_format_batch *batch)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	bool last;

	iomm_lock(ctx, &formats->lock);
	last = !--batch->refs;
	iomm_unlock(ctx, &formats->lock);
	if (!last)
		return;
	iomm_release(ctx, batch->release, batch->data);
	iomm_free(ctx, batch, batch_bytes(batch->count));
}

/* It is dying, and has no pins. It stays in the list until its release has
 * returned, so that its owner is not taken for idle before. */
static void finish(struct iomm_ctx *ctx, struct iomm_format_impl *impl)
{
	struct iomm_formats *formats = iomm_formats(ctx);

	if (impl->made)
		iomm_codec_close(ctx, impl->type);
	impl->made = false;
	if (impl->batch)
		leave_batch(ctx, impl->batch);
	iomm_lock(ctx, &formats->lock);
	iomm_list_del(&impl->link);
	iomm_unlock(ctx, &formats->lock);
	iomm_release(ctx, impl->done, impl->done_data);
	free_impl(ctx, impl);
}

void iomm_format_unpin(struct iomm_ctx *ctx, struct iomm_format_impl *impl)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	bool last;

	iomm_lock(ctx, &formats->lock);
	last = !--impl->pins && impl->state == IOMM_FORMAT_DYING;
	iomm_unlock(ctx, &formats->lock);
	if (last)
		finish(ctx, impl);
}

static int do_unregister(struct iomm_format *format, uint32_t flags,
			 void (*done)(void *data), void *data)
{
	struct iomm_ctx *ctx = format->object.ctx;
	struct iomm_format_impl *impl = format->impl;
	struct iomm_formats *formats = iomm_formats(ctx);
	uint32_t refs = atomic_load(&format->object.refs), pins;
	int err = 0;

	iomm_lock(ctx, &formats->lock);
	pins = impl->pins;
	if (impl->state != IOMM_FORMAT_LIVE)
		err = -IOMM_ENODEV;
	else if (!(flags & IOMM_FORMAT_DEFER) && (pins > 1 || refs > 1))
		err = -IOMM_EBUSY;
	if (!err) {
		impl->state = IOMM_FORMAT_DYING;
		impl->done = done;
		impl->done_data = data;
	}
	iomm_unlock(ctx, &formats->lock);
	if (err == -IOMM_ENODEV)
		return IOMM_FAIL(ctx, IOMM_ENODEV,
				 "this format %s was unregistered already",
				 IOMM_STR(impl->name));
	if (err)
		return IOMM_FAIL(ctx, IOMM_EBUSY,
				 "format %s has %u pins beside this one, which "
				 "has %u references",
				 IOMM_STR(impl->name), pins - 1, refs);
	/* With this pin, or a later one, it goes. */
	iomm_object_drop(format);
	return 0;
}

int iomm_format_unregister(struct iomm_format *format, uint32_t flags,
			   void (*done)(void *data), void *data)
{
	struct iomm_ctx *ctx;
	int err;

	if (!iomm_handle_ok(format, &iomm_format_object))
		return -IOMM_EINVAL;
	ctx = format->object.ctx;
	iomm_enter(ctx);
	err = iomm_check_bits(ctx, flags, IOMM_FORMAT_DEFER,
			      "flags of iomm_format_unregister");
	if (!err && done && !(flags & IOMM_FORMAT_DEFER))
		err = IOMM_FAIL(ctx, IOMM_EINVAL,
				"iomm_format_unregister calls back only with "
				"IOMM_FORMAT_DEFER");
	if (!err)
		err = do_unregister(format, flags, done, data);
	return iomm_leave(ctx, err);
}

/* Unregistering many: each is retired, with a pin of who does it. The lock is
 * held. */
static void retire(struct iomm_format_impl *impl, const void *by)
{
	impl->state = IOMM_FORMAT_DYING;
	impl->pins++;
	impl->retired_by = by;
}

static struct iomm_format_impl *
take_retired(struct iomm_formats *formats, const void *by)
{
	struct iomm_list *pos;

	iomm_list_for_each (pos, &formats->impls) {
		if (from_link(pos)->retired_by != by)
			continue;
		from_link(pos)->retired_by = NULL;
		return from_link(pos);
	}
	return NULL;
}

static void unpin_retired(struct iomm_ctx *ctx, const void *by)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	struct iomm_format_impl *impl;

	do {
		iomm_lock(ctx, &formats->lock);
		impl = take_retired(formats, by);
		iomm_unlock(ctx, &formats->lock);
		if (impl)
			iomm_format_unpin(ctx, impl);
	} while (impl);
}

void iomm_formats_unregister_all(struct iomm_ctx *ctx, bool builtin)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	struct iomm_format_impl *impl;
	struct iomm_list *pos;

	iomm_lock(ctx, &formats->lock);
	iomm_list_for_each (pos, &formats->impls) {
		impl = from_link(pos);
		if (impl->state == IOMM_FORMAT_FAILED ||
		    (impl->state == IOMM_FORMAT_LIVE &&
		     (builtin || !impl->batch->builtin)))
			retire(impl, &pos);
	}
	iomm_unlock(ctx, &formats->lock);
	unpin_retired(ctx, &pos);
}

/* The lock is held. */
static const struct iomm_format_impl *
busy_one(struct iomm_formats *formats, const void *owner)
{
	const struct iomm_format_impl *impl;
	struct iomm_list *pos;

	iomm_list_for_each (pos, &formats->impls) {
		impl = from_link(pos);
		if (impl->owner == owner && impl->state != IOMM_FORMAT_FAILED &&
		    (impl->pins || impl->state != IOMM_FORMAT_LIVE))
			return impl;
	}
	return NULL;
}

int iomm_format_drop_owner(struct iomm_ctx *ctx, const void *owner)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	const struct iomm_format_impl *busy;
	struct iomm_list *pos;
	int err = 0;

	iomm_lock(ctx, &formats->lock);
	busy = busy_one(formats, owner);
	if (busy)
		err = IOMM_FAIL(ctx, IOMM_EBUSY,
				"format %s is in use: it has %u pins",
				IOMM_STR(busy->name), busy->pins);
	else
		iomm_list_for_each (pos, &formats->impls)
			if (from_link(pos)->owner == owner)
				retire(from_link(pos), &pos);
	iomm_unlock(ctx, &formats->lock);
	if (!err)
		unpin_retired(ctx, &pos);
	return err;
}

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
			free_impl(ctx, impl);
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

/* Before others can see it, and after a failure: nothing is released. */
static void unmake(struct iomm_ctx *ctx, struct iomm_format_batch *batch)
{
	uint32_t n;

	for (n = 0; n < batch->refs; n++) {
		if (batch->impl[n]->first)
			batch->impl[n]->first->impl = NULL;
		iomm_object_drop(batch->impl[n]->first);
		/* One that failed its test stays, as a reminder. */
		if (batch->impl[n]->state == IOMM_FORMAT_TESTING)
			free_impl(ctx, batch->impl[n]);
	}
	iomm_free(ctx, batch, batch_bytes(batch->count));
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
		iomm_alloc(ctx, batch_bytes(list->count));
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

/* Gives the names back. `failed` is who failed its test: requests are to say so.
 * The notice of a load that is running says so when it ends. True: it is to be
 * told now. */
static bool
give_names_back(struct iomm_ctx *ctx, struct iomm_format_batch *batch,
		struct iomm_format_impl *failed)
{
	struct iomm_formats *formats = iomm_formats(ctx);
	struct iomm_format_view view;
	struct iomm_format_past past;
	bool tell = false;
	uint32_t n;

	iomm_format_past_init(&past);
	if (failed && failed->made)
		iomm_codec_close(ctx, failed->type);
	iomm_lock(ctx, &formats->lock);
	for (n = 0; n < batch->count; n++)
		iomm_list_del(&batch->impl[n]->link);
	if (failed)
		failed->made = false;
	if (failed && !formats->closed) {
		view = iomm_format_look(formats, failed->name);
		if (view.notice && view.notice->state == IOMM_FORMAT_LOADING)
			view.notice->error = -IOMM_ELIBBAD;
		else
			tell = true;
		iomm_format_forget(formats, failed->name, &past);
		failed->state = IOMM_FORMAT_FAILED;
		failed->batch = NULL;
		iomm_list_add_tail(&formats->impls, &failed->link);
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

static int test_all(struct iomm_ctx *ctx, struct iomm_format_batch *batch,
		    struct iomm_format_impl **failed)
{
	uint32_t n;
	int err = 0;

	*failed = NULL;
	for (n = 0; !err && n < batch->count; n++) {
		err = test(ctx, batch->impl[n]);
		if (err)
			*failed = batch->impl[n];
	}
	return err;
}

static int establish(struct iomm_ctx *ctx, const struct list *list,
		     struct iomm_format_batch *batch, struct iomm_format **out)
{
	struct iomm_format_impl *failed;
	char name[IOMM_FORMAT_NAME_MAX];
	uint32_t n;
	bool tell;
	int err = take_names(ctx, batch);

	if (err) {
		unmake(ctx, batch);
		return err;
	}
	err = test_all(ctx, batch, &failed);
	if (!err)
		err = publish(ctx, batch, out);
	if (!err) {
		for (n = 0; n < list->count; n++)
			iomm_format_tell(ctx, at(list, n)->name, 0);
		iomm_arrived(ctx);
		return 0;
	}
	if (failed)
		(void)iomm_copy_string(name, sizeof(name), failed->name);
	tell = give_names_back(ctx, batch, failed);
	unmake(ctx, batch);
	if (tell)
		iomm_format_tell(ctx, name, err);
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
