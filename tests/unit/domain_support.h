/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the tests of domains share: two instances of one driver, and a device
 * behind one of them and one behind both. */
#ifndef DOMAIN_SUPPORT_H
#define DOMAIN_SUPPORT_H

#include "unit/support.h"

struct pair {
	struct world *w;
	struct mock first, second;
	struct iomm_device *one, *both; /* bound; pair_stop() puts them */
	struct iomm_domain *d1, *d2;	/* the test's; NULL, or it puts them */
};

void pair_start(struct pair *r, struct world *w);
/* Ends the mocks, which assert that each domain was freed. */
void pair_stop(struct pair *r);

/* As the driver likes it. */
struct iomm_domain *domain_for(struct iomm_device *device);
struct iomm_pgtable_info info_for(struct iomm_domain *domain);

#endif
