/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A domain and the software IOMMU as a subject of the harness: two devices that
 * read and write memory through a domain, and a model that is an array of bytes
 * and a list of what is mapped.
 *
 * What was unmapped may be reached until the gather is flushed, and not after.
 * So a page that waits for a flush is asked for first, and both answers will
 * do; any other has one.
 */
#include <inttypes.h>

#include <iomm/soft.h>

#include "model/ranges.h"
#include "model/harness.h"
#include "unit/support.h"

#define PAGE	   UINT64_C(4096)
#define RAM_PA	   UINT64_C(0x100000)
#define DATA_PAGES 64u
#define DATA	   (DATA_PAGES * PAGE)
#define TABLES	   (256 * PAGE)
#define IOVA_PAGES 96u
#define DEVICES	   2u
#define MOST	   (3 * PAGE) /* bytes of one access */

/* Bugs that can be planted. */
#define PLANT_LOST_FLUSH 1u /* a gather is given up, and called flushed */
#define PLANT_WRONG_PROT 2u /* maps more than it was told to allow */

struct subject {
	struct world world;
	struct iomm_soft *soft;
	struct iomm_iommu *iommu;
	struct iomm_device *device[DEVICES];
	struct iomm_domain *domain;
	struct iomm_gather gather;
	bool attached[DEVICES];
	uint64_t iova; /* where the mappings are */

	/* The model: what is mapped, what was until a flush, and the bytes. */
	struct ranges mapped, waiting;
	unsigned char *ram, bytes[DATA];
};

static const uint64_t device_id[DEVICES] = { 0x10, 0x20 };

/* Making */

/* A step of making that cannot fail. */
static void must(struct subject *s, int r, const char *what)
{
	char why[256] = "";

	if (!r)
		return;
	(void)!iomm_error_message(s->world.ctx, why, sizeof(why));
	model_fail("%s: %d, %s", what, r, why);
}

static void make_soft(struct subject *s)
{
	struct iomm_soft_config config = {
		.size = sizeof(config),
		.iotlb_entries = 32, /* few, so that they are reused */
	};
	struct iomm_soft_driver driver = {
		.size = sizeof(driver),
		.node = node_at(s->world.firmware, "/first"),
		.name = "soft",
	};
	struct iomm_table_memory *memory = NULL;

	s->ram = aligned_alloc(PAGE, DATA + TABLES);
	if (!s->ram)
		abort();
	memset(s->ram, 0, DATA + TABLES);
	must(s, iomm_soft_create(s->world.ctx, &config, &s->soft), "create");
	must(s,
	     iomm_soft_add_memory(s->soft, RAM_PA, s->ram, DATA + TABLES, NULL,
				  NULL),
	     "add_memory");
	must(s,
	     iomm_table_memory_create_arena(s->world.ctx, s->ram + DATA,
					    RAM_PA + DATA, TABLES, NULL, NULL,
					    &memory),
	     "arena");
	driver.memory = memory;
	must(s, iomm_soft_register(s->soft, &driver, &s->iommu), "register");
	iomm_table_memory_put(memory);
}

static void *make(struct random *random)
{
	static const char *const name[DEVICES] = { "one", "two" };
	struct subject *s = calloc(1, sizeof(*s));
	uint32_t n;

	if (!s)
		abort();
	world_init(&s->world);
	s->world.config.log_level = IOMM_LOG_ERROR;
	must(s, world_create(&s->world), "context");
	world_small(&s->world);
	make_soft(s);
	for (n = 0; n < DEVICES; n++) {
		s->device[n] = world_device(&s->world, name[n]);
		must(s, iomm_device_probe(s->device[n]), "probe");
	}
	must(s, iomm_domain_create(s->device[0], NULL, &s->domain), "domain");
	/* On the edge between two tables, somewhere. */
	s->iova = ((random_next(random) & UINT64_C(0xffffffff)) << 21) &
		  UINT64_C(0xffffffffffff);
	s->iova = s->iova > IOVA_PAGES * PAGE / 2
			  ? s->iova - IOVA_PAGES * PAGE / 2
			  : s->iova;
	iomm_gather_init(&s->gather);
	return s;
}

static void describe(const void *subject)
{
	const struct subject *s = subject;

	printf("mappings from 0x%" PRIx64 " on", s->iova);
}

static void destroy(void *subject)
{
	struct subject *s = subject;
	uint32_t n;

	model_require(!iomm_gather_flush(&s->gather), "the last flush failed");
	for (n = 0; n < DEVICES; n++) {
		model_require(!iomm_device_remove(s->device[n], 0),
			      "not removed");
		iomm_device_put(s->device[n]);
	}
	iomm_domain_put(s->domain);
	iomm_iommu_put(s->iommu);
	iomm_soft_put(s->soft);
	model_require(world_live(&s->world, IOMM_HANDLE_ANY) == 3,
		      "more is left than context, firmware and bus: %" PRIu32,
		      world_live(&s->world, IOMM_HANDLE_ANY));
	world_end(&s->world);
	ranges_clear(&s->mapped);
	ranges_clear(&s->waiting);
	free(s->ram);
	free(s);
}

static void check(void *subject)
{
	struct subject *s = subject;
	uint64_t n = 0;

	if (memcmp(s->ram, s->bytes, DATA)) {
		while (s->ram[n] == s->bytes[n])
			n++;
		model_fail("byte 0x%" PRIx64 " is 0x%02x, should be 0x%02x", n,
			   s->ram[n], s->bytes[n]);
	}
	model_require(!s->world.nr_misuses, "misuse: %s", s->world.misuse);
}

/* Mapping */

static void
generate_map(const void *subject, struct random *random, uint64_t *arg)
{
	const struct subject *s = subject;
	uint64_t page = random_below(random, IOVA_PAGES);
	uint64_t count = 1 + random_below(random, 4);

	count = page + count > IOVA_PAGES ? 1 : count;
	arg[0] = s->iova + page * PAGE;
	arg[1] = count * PAGE;
	arg[2] = RAM_PA + random_below(random, DATA_PAGES - count + 1) * PAGE;
	arg[3] = IOMM_PROT_READ |
		 (random_percent(random, 80) ? IOMM_PROT_WRITE : 0);
}

static int apply_map(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint64_t last = arg[0] + (arg[1] - 1), mapped = ~UINT64_C(0);
	uint64_t room = ranges_free_bytes(&s->mapped, arg[0], last);
	uint32_t more = model_plant == PLANT_WRONG_PROT ? IOMM_PROT_WRITE : 0;
	int r;

	/* What waits for a flush is not to be mapped again, or both would be
	 * right for as long as it takes. */
	if (ranges_mapped_bytes(&s->waiting, arg[0], last))
		return -IOMM_EAGAIN;
	r = iomm_domain_map(s->domain, arg[0], arg[2], arg[1],
			    (uint32_t)arg[3] | more, 0, &mapped);
	model_require(r == (room == arg[1] ? 0 : -IOMM_EEXIST) &&
			      mapped == room,
		      "%d, 0x%" PRIx64 " mapped, where 0x%" PRIx64 " were free",
		      r, mapped, room);
	if (mapped)
		ranges_add(&s->mapped, arg[0], mapped, arg[2],
			   (uint32_t)arg[3]);
	return r;
}

static void
generate_unmap(const void *subject, struct random *random, uint64_t *arg)
{
	generate_map(subject, random, arg);
	arg[2] = random_below(random, 2);
	arg[3] = 0;
}

static void await_flush(struct subject *s, uint64_t iova, uint64_t last)
{
	uint32_t n = ranges_from(&s->mapped, iova);
	uint64_t from, to;

	for (; n < s->mapped.count && s->mapped.range[n].iova <= last; n++) {
		from = s->mapped.range[n].iova;
		from = from > iova ? from : iova;
		to = s->mapped.range[n].last;
		to = to < last ? to : last;
		ranges_add(&s->waiting, from, to - from + 1,
			   s->mapped.range[n].paddr +
				   (from - s->mapped.range[n].iova),
			   s->mapped.range[n].prot);
	}
}

static int apply_unmap(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	uint64_t last = arg[0] + (arg[1] - 1), unmapped = ~UINT64_C(0);
	uint64_t expected = ranges_mapped_bytes(&s->mapped, arg[0], last);
	int r = iomm_domain_unmap(s->domain, arg[0], arg[1],
				  arg[2] ? &s->gather : NULL, &unmapped);

	model_require(!r && unmapped == expected,
		      "%d, 0x%" PRIx64 " unmapped, where 0x%" PRIx64
		      " were mapped",
		      r, unmapped, expected);
	if (arg[2])
		await_flush(s, arg[0], last);
	(void)ranges_remove(&s->mapped, arg[0], last, expected);
	return r;
}

static int apply_flush(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	int r = 0;

	(void)arg;
	if (model_plant == PLANT_LOST_FLUSH)
		iomm_gather_abandon(&s->gather);
	else
		r = iomm_gather_flush(&s->gather);
	model_require(!r, "flush: %d", r);
	ranges_clear(&s->waiting);
	return r;
}

/* Attaching */

static void
generate_device(const void *subject, struct random *random, uint64_t *arg)
{
	(void)subject;
	arg[0] = random_below(random, DEVICES);
}

static int apply_attach(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	int r = iomm_domain_attach(s->domain, s->device[arg[0]]);

	model_require(r == (s->attached[arg[0]] ? -IOMM_EBUSY : 0),
		      "attach: %d", r);
	s->attached[arg[0]] = true;
	return r;
}

static int apply_detach(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	int r = iomm_domain_detach(s->domain, s->device[arg[0]]);

	model_require(r == (s->attached[arg[0]] ? 0 : -IOMM_ENOENT),
		      "detach: %d", r);
	s->attached[arg[0]] = false;
	return r;
}

/* Devices at work */

static void
generate_dma(const void *subject, struct random *random, uint64_t *arg)
{
	const struct subject *s = subject;

	arg[0] = random_below(random, DEVICES);
	arg[1] = s->iova + random_below(random, IOVA_PAGES * PAGE);
	arg[2] = 1 +
		 random_below(random, random_percent(random, 70) ? 64 : MOST);
	arg[3] = random_next(random);
}

/* Is a page that waits for a flush still reached? Then as before. */
static bool still_reached(struct subject *s, uint64_t n, uint64_t iova,
			  const struct range *was)
{
	struct iomm_translation at = { .size = sizeof(at) };
	int r = iomm_soft_translate(s->soft, device_id[n], 0, iova,
				    IOMM_PROT_READ, &at, NULL);

	if (r == -IOMM_EFAULT)
		return false;
	model_require(!r && at.paddr == was->paddr + (iova - was->iova),
		      "0x%" PRIx64 " leads to 0x%" PRIx64
		      ", and never did before",
		      iova, (uint64_t)at.paddr);
	return true;
}

/* The byte of the model that an access is to meet, or NULL: a fault. */
static unsigned char *
meet(struct subject *s, uint64_t n, uint64_t iova, uint32_t access)
{
	const struct range *range = ranges_at(&s->waiting, iova);

	if (!s->attached[n])
		return NULL;
	if (range && !still_reached(s, n, iova, range))
		return NULL;
	if (!range)
		range = ranges_at(&s->mapped, iova);
	if (!range || (range->prot & access) != access)
		return NULL;
	return s->bytes + (range->paddr - RAM_PA) + (iova - range->iova);
}

/* One access within one page. */
static int dma_page(struct subject *s, const uint64_t *arg, uint64_t iova,
		    uint64_t bytes, bool write)
{
	uint32_t access = write ? IOMM_PROT_WRITE : IOMM_PROT_READ;
	unsigned char *byte = meet(s, arg[0], iova, access);
	unsigned char buf[PAGE];
	struct iomm_fault fault = { .size = sizeof(fault) };
	int r;

	memset(buf, (int)(arg[3] + iova) & 0xff, sizeof(buf));
	r = write ? iomm_soft_write(s->soft, device_id[arg[0]], 0, iova, buf,
				    bytes, &fault)
		  : iomm_soft_read(s->soft, device_id[arg[0]], 0, iova, buf,
				   bytes, &fault);
	if (!byte) {
		model_require(r == -IOMM_EFAULT && fault.iova == iova &&
				      fault.access == access &&
				      fault.id == device_id[arg[0]],
			      "%d at 0x%" PRIx64 ", where a fault is due", r,
			      iova);
		return r;
	}
	model_require(!r, "%d at 0x%" PRIx64 ", which is mapped", r, iova);
	if (write)
		memcpy(byte, buf, (size_t)bytes);
	else
		model_require(!memcmp(byte, buf, (size_t)bytes),
			      "0x%" PRIx64 " reads wrong", iova);
	return r;
}

static int dma(void *subject, const uint64_t *arg, bool write)
{
	uint64_t iova = arg[1], left = arg[2], bytes;
	int r = 0;

	for (; !r && left; left -= bytes, iova += bytes) {
		bytes = PAGE - (iova & (PAGE - 1));
		bytes = bytes < left ? bytes : left;
		r = dma_page(subject, arg, iova, bytes, write);
	}
	return r;
}

static int apply_read(void *subject, const uint64_t *arg)
{
	return dma(subject, arg, false);
}

static int apply_write(void *subject, const uint64_t *arg)
{
	return dma(subject, arg, true);
}

/* One access across pages: when it can only go well, it goes well as a whole.
 */
static int apply_read_all(void *subject, const uint64_t *arg)
{
	struct subject *s = subject;
	const struct range *range = ranges_at(&s->mapped, arg[1]);
	unsigned char buf[MOST];
	int r;

	if (!range || !s->attached[arg[0]] || range->last - arg[1] < arg[2] - 1)
		return -IOMM_EAGAIN;
	r = iomm_soft_read(s->soft, device_id[arg[0]], 0, arg[1], buf, arg[2],
			   NULL);
	model_require(!r && !memcmp(buf,
				    s->bytes + (range->paddr - RAM_PA) +
					    (arg[1] - range->iova),
				    (size_t)arg[2]),
		      "0x%" PRIx64 " bytes at 0x%" PRIx64 ": %d, or wrong",
		      arg[2], arg[1], r);
	return r;
}

static const struct model_kind kinds[] = {
	{ "map", "iova bytes paddr prot", 20, generate_map, apply_map },
	{ "unmap", "iova bytes gather", 14, generate_unmap, apply_unmap },
	{ "flush", "", 5, NULL, apply_flush },
	{ "attach", "device", 4, generate_device, apply_attach },
	{ "detach", "device", 1, generate_device, apply_detach },
	{ "read", "device iova bytes seed", 20, generate_dma, apply_read },
	{ "write", "device iova bytes seed", 20, generate_dma, apply_write },
	{ "read-all", "device iova bytes", 16, generate_dma, apply_read_all },
};

const struct model model_domain = {
	.name = "domain",
	.kinds = kinds,
	.nr_kinds = LENGTH(kinds),
	.life = 5000,
	.check_every = 500,
	.make = make,
	.describe = describe,
	.check = check,
	.destroy = destroy,
};
