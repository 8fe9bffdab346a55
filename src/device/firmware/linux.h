/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What Linux shows of firmware below /sys. */
#ifndef IOMM_DEVICE_FIRMWARE_LINUX_H
#define IOMM_DEVICE_FIRMWARE_LINUX_H

#include <iomm/firmware.h>

#include "base/ctx.h"

/* Bytes from the context's hooks. */
struct iomm_bytes {
	void *at;
	uint64_t bytes, room;
};

void iomm_bytes_free(struct iomm_ctx *ctx, struct iomm_bytes *bytes);

/* No file of firmware, and no device tree, is larger: what goes on for ever is
 * not what it says it is. */
#define IOMM_LINUX_MAX_BYTES (UINT64_C(64) << 20)

/* Reads a whole file. Errors come with a sentence that has the path; what was
 * read is to be freed in any case. */
int iomm_linux_read(struct iomm_ctx *ctx, const char *path,
		    struct iomm_bytes *out);

/* The error of a system call on a path, with a sentence. */
int iomm_linux_fail(struct iomm_ctx *ctx, const char *path, const char *what,
		    int code);

/* Makes a flattened device tree of a folder in which nodes are folders and
 * properties are files. */
int iomm_linux_flatten(struct iomm_ctx *ctx, const char *path,
		       struct iomm_bytes *out);

#endif
