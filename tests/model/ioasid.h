/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the files of the model of ID spaces share. */
#ifndef MODEL_IOASID_H
#define MODEL_IOASID_H

#include <inttypes.h>

#include "model/harness.h"
#include "unit/ioasid_support.h"

#define IDS   700u /* three leaves, the last one in part */
#define SETS  3u
#define HOSTS 3u
#define SPIDS 24u
#define REFS  4u /* the most that operations take */

struct number {
	uint32_t set; /* 1 and up; 0: not an ID */
	bool pending;
	uint32_t gets, binds;
	uint32_t spid; /* 1 and up; 0: none */
	uint32_t host; /* that made it, 1 and up; 0: the space */
	void *data;
	uint32_t parked; /* data that was replaced, and may still be seen */
};

struct host { /* a custom allocator */
	struct subject *subject;
	uint32_t number, released;
	bool registered;
};

struct subject {
	struct world world;
	struct iomm_ioasid_space *space;
	struct iomm_ioasid_set *set[SETS + 1];
	uint32_t quota[SETS + 1], taken[SETS + 1];
	struct number id[IDS + 1];

	struct host host[HOSTS + 1];
	uint32_t order[HOSTS], nr_hosts; /* registered, the active one first */
	uint32_t out;			 /* of custom allocators */
	uint32_t events[5], told[5];

	uint64_t data_out, data_released; /* handed over; back */
};

#define AGREE(result, expected)                                             \
	model_require((result) == (expected), "%d, should be %d", (result), \
		      (expected))

/* What a look through a set is due, which may be 0: any; and when the ID must
 * not be pending. */
int ioasid_due(const struct subject *s, uint32_t set, uint32_t id);
int ioasid_due_live(const struct subject *s, uint32_t set, uint32_t id);

/* The model's side of a free, events included. */
void ioasid_free(struct subject *s, uint32_t id);

/* ioasid_rest.c: set-private IDs, walks, custom allocators */
int ioasid_attach(void *subject, const uint64_t *arg);
int ioasid_detach(void *subject, const uint64_t *arg);
int ioasid_walk(void *subject, const uint64_t *arg);
void ioasid_generate_host(const void *subject, struct random *random,
			  uint64_t *arg);
int ioasid_register(void *subject, const uint64_t *arg);
int ioasid_unregister(void *subject, const uint64_t *arg);

#endif
