/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The least that a program outside the tree can do with the library. */
#include <iomm/iomm.h>

#include <stdio.h>

int main(void)
{
	struct iomm_ctx *ctx;
	uint32_t version = iomm_version();
	int ret;

	ret = iomm_ctx_create(NULL, &ctx);
	if (ret) {
		fprintf(stderr, "no context: %s\n", iomm_strerror(ret));
		return 1;
	}
	iomm_ctx_put(ctx);

	if (version >> 16 != IOMM_VERSION_MAJOR ||
	    (version & 0xffff) != IOMM_VERSION_MINOR) {
		fprintf(stderr, "headers %d.%d, library %u.%u\n",
			IOMM_VERSION_MAJOR, IOMM_VERSION_MINOR, version >> 16,
			version & 0xffff);
		return 1;
	}
	return 0;
}
