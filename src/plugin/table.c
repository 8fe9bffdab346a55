/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pgtable/engine_table.h"

static int fail_now(struct iomm_ctx *ctx, int code, const uint64_t *text)
{
	char sentence[IOMM_ERROR_TEXT];

	(void)iomm_text_render(sentence, sizeof(sentence), text);
	return IOMM_FAIL(ctx, code, "%s", IOMM_STR(sentence));
}

#define ENTRY(result, name, parameters, arguments) .name = (name),
const struct iomm_engine_table iomm_engine_table = { .fail = fail_now,
						     IOMM_ENGINE_CALLS(ENTRY) };
