/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The input is a guest that means harm: it writes page tables as it likes,
 * while the software IOMMU walks them with registers of its choice.
 */
#include "fuzz/fuzz.h"

/* Room for two tables of the largest granule. */
#define RAM_BYTES 0x20000u
/* A second piece, whose address and place are aligned to nothing. */
#define ODD_BYTES 1003u
#define ODD_PADDR 0x100003u
#define MAX_STEPS 128u
#define MAX_DMA	  0x2400u

struct machine {
	struct world w;
	struct input in;
	struct iomm_soft *soft;
	uint8_t *ram, *odd;
	uint64_t oas; /* of the context that was set last, bits */
};

/* What the guest does */

static void poke(struct machine *m)
{
	uint64_t slot = take16(&m->in) % (RAM_BYTES / 8);
	uint64_t desc = take(&m->in, 8);

	memcpy(m->ram + slot * 8, &desc, sizeof(desc));
}

/* A descriptor that is valid more often than eight random bytes are: an address
 * in memory, and a few of the bits that mean something. */
static void poke_likely(struct machine *m)
{
	static const uint64_t page[] = { 0,	  0x1000,  0x4000,
					 0x10000, 0x11000, 0x100000 };
	uint64_t slot = take8(&m->in);
	uint8_t where = take8(&m->in), bits = take8(&m->in);
	uint64_t desc = page[where % LENGTH(page)] | (bits & 3);

	/* Slots at the start of a page, since addresses are mostly low. */
	slot = slot % 8 + (slot / 8) * 512;
	if (slot >= RAM_BYTES / 8)
		return;
	desc |= bits & 4 ? 0 : 1u << 10;
	desc |= (uint64_t)(bits >> 3 & 3) << 6;
	desc |= (uint64_t)(bits >> 5) << 59;
	memcpy(m->ram + slot * 8, &desc, sizeof(desc));
}

static void write_odd(struct machine *m)
{
	uint32_t offset = take16(&m->in) % ODD_BYTES;
	uint32_t bytes = take8(&m->in);

	if (bytes > ODD_BYTES - offset)
		bytes = ODD_BYTES - offset;
	take_bytes(&m->in, m->odd + offset, bytes);
}

static void set_context(struct machine *m)
{
	static const uint8_t oas[] = { 32, 36, 40, 42, 44, 48, 52, 0 };
	struct iomm_soft_context c = { .size = sizeof(c),
				       .format = "arm64-s1" };
	uint8_t id = take8(&m->in);
	int err;

	c.tag = id >> 4;
	c.regs[IOMM_ARM64_S1_TTBR0] = take(&m->in, 4);
	/* Few values of 64 bits are registers; so TCR is made of its fields:
	 * T0SZ with EPD0, TG0, IPS. */
	c.regs[IOMM_ARM64_S1_TCR] = take8(&m->in);
	c.regs[IOMM_ARM64_S1_TCR] |= (uint64_t)(take8(&m->in) & 3) << 14;
	c.regs[IOMM_ARM64_S1_TCR] |= take(&m->in, 2) << 32;
	c.regs[IOMM_ARM64_S1_MAIR] = take(&m->in, 8);
	err = checked(&m->w, iomm_soft_set_context(m->soft, id & 3, 0, &c));
	REQUIRE(!err || err == -IOMM_EINVAL);
	if (err)
		return;
	m->oas = oas[c.regs[IOMM_ARM64_S1_TCR] >> 32 & 7];
	REQUIRE(m->oas != 0);
	/* 52 bits are in descriptors with 64 KiB only; DS is not set here. */
	if (m->oas == 52 && (c.regs[IOMM_ARM64_S1_TCR] >> 14 & 3) != 1)
		m->oas = 48;
	/* Contexts of one tag have the same registers, but here they have not:
	 * all that is cached goes. */
	REQUIRE(!iomm_soft_invalidate(m->soft, c.tag, 0, UINT64_MAX));
}

/* What the devices do */

static uint64_t take_iova(struct machine *m)
{
	uint8_t high = take8(&m->in);
	uint64_t iova = take(&m->in, 3);

	/* Low, at the top of some width, or anywhere. */
	if (high >= 0xf0)
		return take(&m->in, 8);
	return high & 0x40 ? iova | (1ull << (high & 0x3f)) : iova;
}

static void check_fault(const struct iomm_fault *fault)
{
	REQUIRE(fault->size == sizeof(*fault) && !fault->flags);
	REQUIRE(fault->reason >= IOMM_FAULT_TRANSLATION &&
		fault->reason <= IOMM_FAULT_BLOCKED);
}

/* What is read where a translation says is what is there. */
static void
check_memory(struct machine *m, uint64_t id, uint64_t iova, uint64_t paddr)
{
	uint8_t byte, expected;
	int err = checked(&m->w,
			  iomm_soft_read(m->soft, id, 0, iova, &byte, 1, NULL));

	if (paddr < RAM_BYTES)
		expected = m->ram[paddr];
	else if (paddr >= ODD_PADDR && paddr - ODD_PADDR < ODD_BYTES)
		expected = m->odd[paddr - ODD_PADDR];
	else
		expected = 0;
	if (paddr < RAM_BYTES ||
	    (paddr >= ODD_PADDR && paddr - ODD_PADDR < ODD_BYTES))
		REQUIRE(!err && byte == expected);
	else
		REQUIRE(err == -IOMM_EFAULT);
}

static void translate(struct machine *m)
{
	static const uint64_t sizes = 1ull << 12 | 1ull << 14 | 1ull << 16 |
				      1ull << 21 | 1ull << 25 | 1ull << 29 |
				      1ull << 30 | 1ull << 42;
	struct iomm_translation out = { .size = sizeof(out) };
	struct iomm_fault fault = { .size = sizeof(fault) };
	uint64_t id = take8(&m->in) & 3, iova = take_iova(m);
	int err;

	err = checked(&m->w, iomm_soft_translate(m->soft, id, 0, iova,
						 IOMM_PROT_READ, &out, &fault));
	REQUIRE(!err || err == -IOMM_EFAULT);
	if (err) {
		check_fault(&fault);
		REQUIRE(fault.iova == iova && fault.id == id);
		return;
	}
	REQUIRE(out.page_size & sizes);
	REQUIRE((out.page_size & (out.page_size - 1)) == 0);
	REQUIRE((out.paddr ^ iova) % out.page_size == 0);
	REQUIRE(out.paddr >> 52 == 0 && out.prot & IOMM_PROT_READ);
	check_memory(m, id, iova, out.paddr);
}

static void dma(struct machine *m, bool write)
{
	struct iomm_fault fault = { .size = sizeof(fault) };
	uint64_t id = take8(&m->in) & 3, iova = take_iova(m);
	uint32_t bytes = take16(&m->in) % MAX_DMA;
	uint8_t fill = take8(&m->in);
	uint8_t *buf = allocate(bytes);
	int err;

	memset(buf, fill, bytes);
	err = write ? iomm_soft_write(m->soft, id, 0, iova, buf, bytes, &fault)
		    : iomm_soft_read(m->soft, id, 0, iova, buf, bytes, &fault);
	(void)checked(&m->w, err);
	REQUIRE(!err || err == -IOMM_EFAULT || err == -IOMM_EINVAL);
	if (err == -IOMM_EINVAL)
		REQUIRE(!bytes || iova + bytes - 1 < iova);
	if (err == -IOMM_EFAULT)
		check_fault(&fault);
	free(buf);
}

static void invalidate(struct machine *m)
{
	uint64_t tag = take8(&m->in) >> 4, iova = take_iova(m);
	uint64_t last = iova + take16(&m->in);
	int err =
		checked(&m->w, iomm_soft_invalidate(m->soft, tag, iova, last));

	REQUIRE(err == (last < iova ? -IOMM_EINVAL : 0));
}

static void step(struct machine *m)
{
	switch (take8(&m->in) % 16) {
	case 0 ... 4:
		poke_likely(m);
		break;
	case 5:
		poke(m);
		break;
	case 6:
		write_odd(m);
		break;
	case 7 ... 8:
		set_context(m);
		break;
	case 9 ... 11:
		translate(m);
		break;
	case 12:
		dma(m, false);
		break;
	case 13:
		dma(m, true);
		break;
	case 14:
		invalidate(m);
		break;
	default:
		REQUIRE(!iomm_soft_clear_context(m->soft, take8(&m->in) & 3,
						 0));
	}
}

static void begin(struct machine *m)
{
	struct iomm_soft_config config = { .size = sizeof(config),
					   .iotlb_entries = 16 };
	/* The planted mistake: memory that is longer than it is, by so much that
	 * inputs of the corpus reach it. */
	uint32_t claimed = FUZZ_PLANTED ? 8 * RAM_BYTES : RAM_BYTES;

	m->ram = allocate(RAM_BYTES);
	m->odd = allocate(ODD_BYTES);
	memset(m->ram, 0, RAM_BYTES);
	memset(m->odd, 0, ODD_BYTES);
	REQUIRE(!iomm_soft_create(m->w.ctx, &config, &m->soft));
	m->w.handed = 2;
	REQUIRE(!iomm_soft_add_memory(m->soft, 0, m->ram, claimed, m,
				      release_world));
	REQUIRE(!iomm_soft_add_memory(m->soft, ODD_PADDR, m->odd, ODD_BYTES, m,
				      release_world));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct machine m = { .in = { bytes, size } };
	struct iomm_soft_stats stats = { .size = sizeof(stats) };
	uint32_t n;

	world_begin(&m.w);
	begin(&m);
	for (n = 0; n < MAX_STEPS && m.in.left; n++)
		step(&m);
	REQUIRE(!iomm_soft_stats(m.soft, &stats));
	iomm_soft_put(m.soft);
	world_end(&m.w);
	free(m.ram);
	free(m.odd);
	return 0;
}
