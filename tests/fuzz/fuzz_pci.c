/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The input is a PCI topology, mostly of few buses, and questions. What is
 * refused leaves nothing; of what is taken, every function's IDs obey the rules
 * of iomm/pci.h.
 */
#include "fuzz/fuzz.h"

#define MAX_FUNCTIONS 24u
#define MAX_IDS	      1024u
#define MAX_ALIASES   4u

struct machine {
	struct world w;
	struct input in;
	struct iomm_pci_function functions[MAX_FUNCTIONS];
	uint8_t aliases[MAX_FUNCTIONS][MAX_ALIASES];
	uint32_t count;
	struct iomm_pci *pci;
};

/* Of devices that are known for something, and of one that is not. */
static const uint32_t known[] = { 0x91721b4b, 0xe8321180, 0x02859005,
				  0x22608086, 0x29548086, 0x10801b21,
				  0x900014e4, 0x12345678 };

/* Few buses and devices, so that they meet; and anything. */
static uint32_t take_rid(struct input *in)
{
	uint8_t how = take8(in);

	if (how < 0xf0)
		return (how & 7u) << 8 | (how >> 3 & 3u) << 3 | how >> 7;
	return how < 0xf8 ? take16(in) : (uint32_t)take(in, 4);
}

static void take_function(struct machine *m, uint32_t n)
{
	static const uint8_t types[] = { 0, 4, 5, 6, 7, 8, 0x10, 0x10 };
	struct iomm_pci_function *f = &m->functions[n];
	uint8_t how = take8(&m->in);

	f->flags = how & 0xf;
	f->type = how & 0x80 ? take8(&m->in) : types[how >> 4 & 7];
	f->segment = take8(&m->in) < 0xe0 ? 0 : take8(&m->in);
	f->rid = take_rid(&m->in);
	f->id = known[take8(&m->in) % LENGTH(known)];
	if (f->flags & IOMM_PCI_BRIDGE) {
		f->secondary = take8(&m->in) % 9;
		f->subordinate = f->secondary + take8(&m->in) % 4;
	}
	if (f->flags & IOMM_PCI_REAL_DMA)
		f->real_rid = take_rid(&m->in);
	f->nr_aliases = take8(&m->in) % (MAX_ALIASES + 1);
	take_bytes(&m->in, m->aliases[n], MAX_ALIASES);
	f->aliases = f->nr_aliases ? m->aliases[n] : NULL;
}

/* Each ID once, on the bus of the first or on one above it. */
static void check_ids(const struct iomm_pci_id *ids, uint32_t count)
{
	uint32_t n, k;

	REQUIRE(count);
	for (n = 1; n < count; n++) {
		REQUIRE(ids[n].segment == ids[0].segment);
		REQUIRE(ids[n].rid >> 8 <= ids[0].rid >> 8);
		for (k = 0; k < n; k++)
			REQUIRE(ids[k].rid != ids[n].rid);
	}
}

static const struct iomm_pci_function *
function_at(const struct machine *m, uint32_t segment, uint32_t rid)
{
	uint32_t n;

	for (n = 0; n < m->count; n++)
		if (m->functions[n].segment == segment &&
		    m->functions[n].rid == rid)
			return &m->functions[n];
	return NULL;
}

static void ask(struct machine *m, uint32_t segment, uint32_t rid)
{
	static struct iomm_pci_id ids[MAX_IDS];
	const struct iomm_pci_function *f = function_at(m, segment, rid);
	uint32_t count = 0, all;
	int err;

	err = checked(&m->w,
		      iomm_pci_aliases(m->pci, segment, rid, NULL, 0, &count));
	REQUIRE(err == (rid > 0xffff ? -IOMM_EINVAL : -IOMM_EMSGSIZE));
	if (err == -IOMM_EINVAL)
		return;
	all = count;
	REQUIRE(all <= MAX_IDS);
	REQUIRE(!iomm_pci_aliases(m->pci, segment, rid, ids, sizeof(ids[0]),
				  &count));
	REQUIRE(count == all);
	check_ids(ids, count);
	if (f && f->flags & IOMM_PCI_REAL_DMA) {
		REQUIRE(ids[0].segment == f->real_segment);
		REQUIRE(ids[0].rid == f->real_rid);
	} else {
		REQUIRE(ids[0].segment == segment && ids[0].rid == rid);
	}
	/* The planted mistake: who has three IDs is wrong. */
	REQUIRE(!(FUZZ_PLANTED && count == 3));
}

/* A path is as good as its steps, which are bridges that are there. */
static void follow(struct machine *m)
{
	uint8_t path[4];
	uint32_t bus = take8(&m->in) & 7, steps = take8(&m->in) % 5, n;
	uint32_t rid = UINT32_MAX, at = bus;
	const struct iomm_pci_function *f = NULL;
	int err;

	take_bytes(&m->in, path, sizeof(path));
	err = checked(&m->w, iomm_pci_route(m->pci, 0, bus, path, steps, &rid));
	if (!steps) {
		REQUIRE(err == -IOMM_EINVAL);
		return;
	}
	for (n = 0; n + 1 < steps; n++, at = f->secondary) {
		f = function_at(m, 0, at << 8 | path[n]);
		if (!f || !(f->flags & IOMM_PCI_BRIDGE))
			break;
	}
	REQUIRE(err == (n + 1 < steps ? -IOMM_ENOENT : 0));
	REQUIRE(rid == (err ? UINT32_MAX : (at << 8 | path[n])));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct machine m = { .in = { bytes, size } };
	uint32_t n;
	int err;

	world_begin(&m.w);
	m.count = take8(&m.in) % (MAX_FUNCTIONS + 1);
	for (n = 0; n < m.count; n++)
		take_function(&m, n);
	err = checked(&m.w, iomm_pci_create(m.w.ctx, m.functions, m.count,
					    sizeof(m.functions[0]), &m.pci));
	REQUIRE(!err || err == -IOMM_EINVAL || err == -IOMM_EEXIST);
	if (!err) {
		for (n = 0; n < m.count; n++)
			ask(&m, m.functions[n].segment, m.functions[n].rid);
		for (n = 0; n < 8; n++) {
			ask(&m, 0, take_rid(&m.in));
			follow(&m);
		}
	}
	iomm_pci_put(m.pci);
	world_end(&m.w);
	return 0;
}
