/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * Page-table formats as plugins: shared objects that are loaded into the
 * process. For programs, and for whoever writes one (docs/plugins.md).
 *
 * A plugin is opened by its file's path, or by a name without a slash: then
 * NAME.so is looked for in the folders of IOMM_PLUGIN_PATH (absolute ones,
 * between colons; not looked at in set-user-ID programs and their like), and in
 * the folder `iomm` beside the library.
 *
 * It has two symbols: `iomm_plugin_info`, which is looked at before anything of
 * it runs, and `iomm_plugin_init()`.
 */
#ifndef IOMM_PLUGIN_H
#define IOMM_PLUGIN_H

#include <iomm/format_ops.h>
#include <iomm/types.h>

/** What iomm_plugin_info.abi says. Goes up when something changes that a size
 * cannot tell. */
#define IOMM_PLUGIN_ABI 1u

/** Its code stays in the process when it is closed: of a plugin whose run-time
 * library cannot be unloaded, as Rust's. */
#define IOMM_PLUGIN_RESIDENT (1u << 0)

/** What a plugin says of itself. */
struct iomm_plugin_info {
	uint32_t size;	/**< sizeof(struct iomm_plugin_info) */
	uint32_t flags; /**< IOMM_PLUGIN_RESIDENT, or 0 */
	uint32_t abi;	/**< IOMM_PLUGIN_ABI */
	/** IOMM_ENGINE_VERSION, if it was compiled with the library's engine: it
	 * has to be the library's own. Else 0. */
	uint32_t engine_version;
};

#define IOMM_PLUGIN_INFO_SIZE_VER0 16u
IOMM_LAYOUT(sizeof(struct iomm_plugin_info) == IOMM_PLUGIN_INFO_SIZE_VER0,
	    "iomm_plugin_info");

struct iomm_engine_table;

/** What the loader gives a plugin. Valid until iomm_plugin_init() returns, but
 * for `engine`, which stays. */
struct iomm_plugin_api {
	uint32_t size; /**< sizeof(struct iomm_plugin_api) */
	uint32_t abi;  /**< IOMM_PLUGIN_ABI */

	IOMM_PTR(void *, plugin); /**< handed to the functions */
	/** What the engine's template calls; for iomm_engine_connect(). */
	IOMM_PTR(const struct iomm_engine_table *, engine);

	/** Registers a format when iomm_plugin_init() has returned 0: all of
	 * them, or none. `ops` is copied, and what it leads to stays valid until
	 * the release function of `keep` has run. 0; or what is wrong. */
	IOMM_FN(int, add, (void *plugin, const struct iomm_format_ops *ops));
	/** `data` is handed to the self-tests, and `release` takes it back when
	 * the last of the formats has gone, or could not be registered. Once at
	 * most. */
	IOMM_FN(int, keep,
		(void *plugin, void *data, void (*release)(void *data)));
	/** Says why iomm_plugin_init() is about to fail, with an IOMM_E*.
	 * Returns it negated. */
	IOMM_FN(int, fail, (void *plugin, int code, const char *sentence));
};

#define IOMM_PLUGIN_API_SIZE_VER0 48u
IOMM_LAYOUT(sizeof(struct iomm_plugin_api) == IOMM_PLUGIN_API_SIZE_VER0,
	    "iomm_plugin_api");

/** The entry point, `iomm_plugin_init`. It adds formats by the api, and returns
 * 0 or a negated IOMM_E*. It may be called again, for another context. */
typedef int
iomm_plugin_init_fn(struct iomm_ctx *ctx, const struct iomm_plugin_api *api);

/** Both symbols of a plugin in C; the body of iomm_plugin_init() follows, with
 * `ctx` and `api`. */
#define IOMM_PLUGIN(flags_, engine_version_)                                \
	extern IOMM_API const struct iomm_plugin_info iomm_plugin_info;     \
	const struct iomm_plugin_info iomm_plugin_info = {                  \
		sizeof(struct iomm_plugin_info), (flags_), IOMM_PLUGIN_ABI, \
		(engine_version_)                                           \
	};                                                                  \
	extern IOMM_API iomm_plugin_init_fn iomm_plugin_init;               \
	int iomm_plugin_init(struct iomm_ctx *ctx,                          \
			     const struct iomm_plugin_api *api)

IOMM_BEGIN_DECLS

/**
 * Loads a plugin, and registers its formats: all of them, or none.
 *
 * @param ctx the context
 * @param name the plugin: a path, or a name without a slash
 * @param flags 0
 * @param out the plugin
 *
 * Ownership: the caller owns the handle; iomm_plugin_close() takes it back.
 * Thread: any.
 * Context: runs code of the plugin; not in atomic hooks.
 * Errors: EINVAL (malformed; it registers no format); ENOENT: there is no such
 *   plugin; ENOEXEC: it cannot be loaded, lacks one of its symbols, or was made
 *   for another version; what its iomm_plugin_init() answered; EEXIST, ELIBBAD,
 *   ENODEV as iomm_format_register_all(); ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_plugin_open(struct iomm_ctx *ctx, const char *name, uint32_t flags,
		 struct iomm_plugin **out);

/**
 * Says that a format will come from a plugin, which is loaded when somebody asks
 * for the format: see iomm_format_announce().
 *
 * @param ctx the context
 * @param format the format's name
 * @param name the plugin, as for iomm_plugin_open(); looked for when it is
 *        loaded
 * @param timeout how long the format may take to come, nanoseconds from now;
 *        IOMM_FOREVER
 * @param out NULL, or the plugin. Without it, the plugin is not closed, and its
 *        code stays in the process
 *
 * Ownership: the caller owns the handle; iomm_plugin_close() takes it back, and
 *   if it was not loaded by then it never is.
 * Thread: any.
 * Context: may allocate; not in atomic hooks.
 * Errors: EINVAL; ENOMEM; EEXIST, ENODEV as iomm_format_announce(). What
 *   iomm_plugin_open() answers is answered to who asks for the format.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_plugin_announce(struct iomm_ctx *ctx, const char *format, const char *name,
		     uint64_t timeout, struct iomm_plugin **out);

/**
 * Unregisters what is left of a plugin's formats, and unloads it, if it is not
 * resident.
 *
 * @param plugin a plugin, or NULL
 *
 * Ownership: takes the handle on success, and leaves it to the caller on
 *   failure.
 * Thread: any.
 * Context: not in callbacks: the plugin could be the caller.
 * Errors: EBUSY: one of its formats is pinned, or it is being loaded; EDEADLK:
 *   in a callback; EINVAL.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int iomm_plugin_close(struct iomm_plugin *plugin);

/**
 * The file that a plugin was loaded from.
 *
 * @param plugin a plugin
 * @param buf where its path goes; always terminated when `len` is not 0
 * @param len bytes in `buf`; a longer path is cut
 * @return length of the whole path in bytes without the terminator; 0 while it
 *         is not loaded
 *
 * Ownership: copies out.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: EINVAL.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_plugin_path(struct iomm_plugin *plugin, char *buf, uint64_t len);

IOMM_END_DECLS

#endif
