/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <iomm/error.h>

#include "base/ctx.h"

const char *iomm_strerror(int code)
{
	/* Not -code, which INT_MIN has not. */
	switch (code < 0 ? 0 - (uint32_t)code : (uint32_t)code) {
	case 0:
		return "success";
	case IOMM_ENOENT:
		return "no such object";
	case IOMM_EIO:
		return "hardware error";
	case IOMM_E2BIG:
		return "a struct has a tail that this library does not know";
	case IOMM_ENOEXEC:
		return "made for another version of the library";
	case IOMM_EAGAIN:
		return "try again";
	case IOMM_ENOMEM:
		return "out of memory";
	case IOMM_EACCES:
		return "it belongs to somebody else";
	case IOMM_EFAULT:
		return "the access was not translated";
	case IOMM_EBUSY:
		return "in use";
	case IOMM_EEXIST:
		return "it exists already";
	case IOMM_ENODEV:
		return "no such device, or it is gone";
	case IOMM_EINVAL:
		return "malformed argument";
	case IOMM_ENOSPC:
		return "nothing free in the range";
	case IOMM_EDEADLK:
		return "it would wait for itself, or in a callback";
	case IOMM_EPROTO:
		return "a callback broke its contract";
	case IOMM_EOVERFLOW:
		return "the value does not fit";
	case IOMM_ELIBBAD:
		return "the format failed its self-test";
	case IOMM_EMSGSIZE:
		return "the array is too small";
	case IOMM_EOPNOTSUPP:
		return "not supported here";
	case IOMM_ETIMEDOUT:
		return "the deadline passed";
	case IOMM_EPROBE_DEFER:
		return "not yet: something is still to arrive";
	default:
		return "unknown error";
	}
}

/* Copies the strings among the arguments into the record, since what they are
 * names of may be gone when the sentence is rendered. */
static void keep_strings(struct iomm_thread *thread)
{
	char *free = thread->error.strings;
	uint64_t room = IOMM_ERROR_TEXT;
	uint64_t *text = thread->error.text;
	const char *f = (const char *)(uintptr_t)text[0];
	uint32_t n = 0, len;

	for (; *f; f++) {
		if (*f != '%')
			continue;
		n++;
		if (*++f != 's')
			continue;
		len = iomm_text_render(free, room, IOMM_TEXT("%s", text[n]));
		len = len + 1 < room ? len + 1 : (uint32_t)room;
		text[n] = IOMM_STR(free);
		/* A last byte stays: it terminates what no longer fits. */
		if (len == room) {
			free += len - 1;
			room = 1;
		} else {
			free += len;
			room -= len;
		}
	}
}

int iomm_fail(struct iomm_ctx *ctx, int code, const uint64_t *text)
{
	struct iomm_thread *thread;
	uint32_t n;

	if (!ctx)
		return -code;
	thread = iomm_thread(ctx);
	thread->error.ctx = ctx;
	thread->error.born = ctx->born;
	for (n = 0; n <= IOMM_TEXT_ARGS; n++)
		thread->error.text[n] = text[n];
	keep_strings(thread);
	return -code;
}

int iomm_fail_null(struct iomm_ctx *ctx, const char *call)
{
	return IOMM_FAIL(ctx, IOMM_EINVAL,
			 "%s: a required argument is NULL or not a handle of "
			 "the right kind",
			 IOMM_STR(call));
}

int iomm_error_message(struct iomm_ctx *ctx, char *buf, uint64_t len)
{
	struct iomm_thread *thread;

	if (!ctx || (!buf && len))
		return -IOMM_EINVAL;
	thread = iomm_thread(ctx);
	if (thread->error.ctx != ctx || thread->error.born != ctx->born)
		return iomm_copy_string(buf, len, "");
	return (int)iomm_text_render(buf, len, thread->error.text);
}

#define LOG_LINE 512u

void iomm_log(struct iomm_ctx *ctx, uint32_t level, const char *tag,
	      const uint64_t *text)
{
	char line[LOG_LINE];

	if (level > ctx->log_level || (!ctx->events.log && !ctx->platform.log))
		return;
	(void)iomm_text_render(line, sizeof(line), text);
	if (ctx->events.log)
		ctx->events.log(ctx->events_data, level, tag, line);
	else
		ctx->platform.log(ctx->platform_data, level, tag, line);
}

void iomm_misuse(struct iomm_ctx *ctx, const uint64_t *text)
{
	char line[LOG_LINE];

	(void)iomm_text_render(line, sizeof(line), text);
	if (ctx->events.misuse) {
		ctx->events.misuse(ctx->events_data, line);
		return;
	}
	iomm_log(ctx, IOMM_LOG_ERROR, "misuse", text);
	__builtin_trap();
}
