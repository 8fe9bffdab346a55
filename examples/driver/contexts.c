/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Contexts of two drivers, which take their IDs (PASIDs) from one space. */
#include "driver.h"

#include <inttypes.h>
#include <stdio.h>

#define LAST_PASID 0xfffffu
#define KEPT_BACK  2u

/* What a driver keeps of a context. The other's is of another kind. */
struct context {
	const char *user;
};

static struct iomm_ioasid_set *
make_set(struct machine *m, struct iomm_ioasid_space *space, uint32_t quota)
{
	struct iomm_ioasid_set_config config = { .size = sizeof(config),
						 .quota = quota };
	struct iomm_ioasid_set *set;

	/* The contexts outlive the sets, so nothing takes them back. */
	check(m, iomm_ioasid_set_create(space, &config, NULL, &set),
	      "no set of IDs");
	return set;
}

static uint32_t open_context(struct machine *m, struct iomm_ioasid_set *set,
			     const char *driver, struct context *context)
{
	uint32_t id;

	check(m, iomm_ioasid_alloc(set, 1, LAST_PASID, context, &id),
	      "no ID for a context");
	printf("context  %s of driver %s is ID %" PRIu32 "\n", context->user,
	       driver, id);
	return id;
}

/* Called without locks; the context stays until it returns. */
static void see(void *arg, uint32_t id, void *data)
{
	const struct context *context = data;

	(void)id;
	*(const char **)arg = context->user;
}

/* What the handler of a fault with a PASID does. */
static void look_up(struct machine *m, struct iomm_ioasid_space *space,
		    struct iomm_ioasid_set *set, uint32_t id)
{
	const char *user = NULL;

	check(m, iomm_ioasid_find_with(space, set, id, see, &user),
	      "a context is not found");
	printf("found    ID %" PRIu32 " of a fault is %s's\n", id, user);
}

static void expect_error(struct machine *m, int err, int code, const char *name)
{
	expect(m, err == code, "a call on IDs answers something else");
	printf("%s   %s\n", name, sentence(m, err));
}

static void
use_contexts(struct machine *m, struct iomm_ioasid_space *space,
	     struct iomm_ioasid_set *gpu, struct iomm_ioasid_set *media)
{
	static struct context desktop = { "desktop" }, game = { "game" },
			      film = { "film" };
	uint32_t first = open_context(m, gpu, "gpu", &desktop), id;
	uint32_t second = open_context(m, gpu, "gpu", &game);
	void *data;

	(void)open_context(m, media, "media", &film);
	expect_error(m, iomm_ioasid_alloc(gpu, 1, LAST_PASID, &game, &id),
		     -IOMM_ENOSPC, "ENOSPC");
	look_up(m, space, gpu, second);
	expect_error(m, iomm_ioasid_find(space, media, second, &data),
		     -IOMM_EACCES, "EACCES");

	/* Somebody still has to do with a context whose ID is freed. */
	check(m, iomm_ioasid_find(space, gpu, first, &data), "no context");
	check(m, iomm_ioasid_free(gpu, first), "cannot free an ID");
	expect_error(m, iomm_ioasid_get(space, gpu, first), -IOMM_EBUSY,
		     "EBUSY ");
	iomm_ioasid_put(space, first);
	expect_error(m, iomm_ioasid_get(space, gpu, first), -IOMM_ENOENT,
		     "ENOENT");
	expect(m, open_context(m, gpu, "gpu", &desktop) == first,
	       "an ID that is free is not used again");
}

void share_ids(struct machine *m)
{
	struct iomm_ioasid_space *space;
	struct iomm_ioasid_set *gpu, *media;

	check(m, iomm_ioasid_space_create(m->ctx, NULL, &space),
	      "no space of IDs");
	gpu = make_set(m, space, KEPT_BACK);
	media = make_set(m, space, 0);
	printf("ids      1 to %u, of which %u are kept back for driver gpu\n",
	       LAST_PASID, KEPT_BACK);
	use_contexts(m, space, gpu, media);
	/* What is left goes with the sets. */
	iomm_ioasid_set_put(gpu);
	iomm_ioasid_set_put(media);
	iomm_ioasid_space_put(space);
}
