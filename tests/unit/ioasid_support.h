/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the tests of ID spaces share: data that counts its releases, and short
 * names for what is expected to succeed. */
#ifndef IOASID_SUPPORT_H
#define IOASID_SUPPORT_H

#include "unit/support.h"

#include <iomm/pasid.h>

/* Private data. A word of it is read by look-ups and written by its release, so
 * that ThreadSanitizer sees whether one overtakes the other. */
struct datum {
	uint64_t value;
	_Atomic uint32_t released;
};
void datum_release(void *datum);

struct iomm_ioasid_space *space_of(struct world *w, uint32_t min, uint32_t max);
/* With datum_release, and a type. */
struct iomm_ioasid_set *
set_of(struct iomm_ioasid_space *space, uint32_t quota, uint64_t type);

uint32_t
id_in(struct iomm_ioasid_set *set, uint32_t min, uint32_t max, void *data);
uint32_t id_of(struct iomm_ioasid_set *set, void *data); /* anywhere */

struct iomm_ioasid_space_info space_info(struct iomm_ioasid_space *space);
struct iomm_ioasid_set_info set_info(struct iomm_ioasid_set *set);
struct iomm_ioasid_info id_info(struct iomm_ioasid_space *space, uint32_t id);

/* What find_with answers; the data goes to *data, which may be NULL. */
int look_up(struct iomm_ioasid_space *space, struct iomm_ioasid_set *set,
	    uint32_t id, void **data);

#endif
