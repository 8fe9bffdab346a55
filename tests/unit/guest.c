/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit/guest.h"

static int fetch(void *data, uint64_t pa, uint64_t *desc)
{
	struct guest *guest = data;

	if (!guest->fetches++)
		guest->first_fetch = pa;
	assert_int_equal(pa & 7, 0);
	if (guest->error)
		return guest->error;
	if (pa >= GUEST_BYTES)
		return -IOMM_EFAULT;
	*desc = guest->words[pa / 8];
	return 0;
}

struct guest *guest_new(struct rig *rig, const char *format)
{
	struct guest *guest = calloc(1, sizeof(*guest));

	guest->words = calloc(1, GUEST_BYTES);
	guest->walker.fetch = fetch;
	guest->walker.data = guest;
	assert_ok(iomm_format_request(rig->ctx, format, 0, 0, &guest->format));
	return guest;
}

void guest_free(struct guest *guest)
{
	iomm_format_put(guest->format);
	free(guest->words);
	free(guest);
}

void guest_walk(struct guest *guest, uint64_t iova)
{
	guest->fetches = 0;
	assert_ok(iomm_raw_walk(guest->format, &guest->walker, iova,
				&guest->got));
}

void guest_faults(struct guest *guest, uint64_t iova, uint32_t fault,
		  int32_t level)
{
	guest_walk(guest, iova);
	assert_int_equal(guest->got.fault, fault);
	assert_int_equal(guest->got.level, level);
}

static uint64_t next(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

void guest_garbage(struct guest *guest, uint32_t reg, uint64_t clear,
		   uint64_t set)
{
	uint64_t random = 0x9e3779b97f4a7c15, iova, i, n;

	for (n = 0; n < 200; n++) {
		for (i = 0; i < GUEST_BYTES / 8; i += 61)
			guest->words[i] = (next(&random) & 0x38fff) | 1;
		guest->walker.regs[reg] = (random & ~clear) | set;
		for (i = 0; i < 200; i++) {
			iova = next(&random) >> (random & 63);
			guest_walk(guest, i & 1 ? iova : ~iova);
			assert_true(guest->fetches <= 5);
			assert_true(guest->got.fault <= IOMM_RAW_REGISTERS);
			assert_in_range(guest->got.level + 1, 0, 4);
		}
	}
}
