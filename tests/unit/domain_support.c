/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit/domain_support.h"

void pair_start(struct pair *r, struct world *w)
{
	memset(r, 0, sizeof(*r));
	r->w = w;
	world_small(w);
	mock_register(&r->first, w, "first");
	mock_register(&r->second, w, "second");
	r->one = world_device(w, "one");
	r->both = world_device(w, "both");
	assert_ok(iomm_device_probe(r->one));
	assert_ok(iomm_device_probe(r->both));
}

void pair_stop(struct pair *r)
{
	iomm_domain_put(r->d1);
	iomm_domain_put(r->d2);
	iomm_device_put(r->one);
	iomm_device_put(r->both);
	mock_end(&r->first);
	mock_end(&r->second);
}

struct iomm_domain *domain_for(struct iomm_device *device)
{
	struct iomm_domain *domain = NULL;

	assert_ok(iomm_domain_create(device, NULL, &domain));
	return domain;
}

struct iomm_pgtable_info info_for(struct iomm_domain *domain)
{
	struct iomm_pgtable_info info = { .size = sizeof(info) };

	assert_ok(iomm_domain_info(domain, &info));
	return info;
}
