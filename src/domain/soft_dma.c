/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The software IOMMU at work: translating, reading and writing for devices. */
#include "base/abi.h"
#include "base/mem.h"
#include "device/iommu.h"
#include "domain/soft.h"
#include "pgtable/desc.h"

/* The grain in which the IOTLB is looked up and accesses are cut: no format has
 * a smaller page, and the lock is held for no longer than a copy of this. */
#define GRAIN 4096u

/* A pointer to memory that the hardware has, and how many of `*bytes` are there
 * in one piece; NULL when not even the first is. */
static void *
host_pointer(const struct iomm_soft *soft, uint64_t paddr, uint64_t *bytes)
{
	const struct iomm_soft_region *r;

	for (r = soft->regions; r; r = r->next) {
		if (paddr < r->paddr || paddr > r->last)
			continue;
		if (*bytes - 1 > r->last - paddr)
			*bytes = r->last - paddr + 1;
		return r->memory + (paddr - r->paddr);
	}
	if (soft->flags & IOMM_SOFT_IDENTITY && paddr <= UINTPTR_MAX)
		return (void *)(uintptr_t)paddr;
	return NULL;
}

static int fetch(void *data, uint64_t paddr, uint64_t *desc)
{
	uint64_t bytes = sizeof(*desc), copy;
	const uint64_t *at = host_pointer(data, paddr, &bytes);

	if (!at || bytes != sizeof(*desc))
		return -IOMM_EFAULT;
	/* A region need not be aligned; then the guest cannot have stored the
	 * descriptor in one piece either. */
	if ((uintptr_t)at & (sizeof(*desc) - 1)) {
		memcpy(&copy, at, sizeof(copy));
		*desc = IOMM_LE64(copy);
	} else {
		/* The domain may be linking a new table meanwhile: seen at all,
		 * it is to be seen cleared. */
		*desc = iomm_desc_acquire(at);
	}
	return 0;
}

static struct iomm_soft_tlb_entry *
slot(struct iomm_soft *soft, uint64_t tag, uint64_t iova)
{
	uint64_t page = iova / GRAIN;
	uint32_t hash = (uint32_t)(page ^ (page >> 9) ^ tag * 0x9e3779b1u);

	return &soft->tlb[hash & soft->tlb_mask];
}

static uint32_t walk_fault(uint32_t fault)
{
	switch (fault) {
	case IOMM_RAW_ADDRESS_SIZE:
		return IOMM_FAULT_ADDRESS;
	case IOMM_RAW_ACCESS_FLAG:
		return IOMM_FAULT_ACCESS_FLAG;
	case IOMM_RAW_EXTERNAL:
		return IOMM_FAULT_WALK;
	case IOMM_RAW_TRANSLATION:
	default:
		return IOMM_FAULT_TRANSLATION;
	}
}

static uint32_t walk(struct iomm_soft *soft, const struct iomm_soft_setup *at,
		     uint64_t iova, struct iomm_soft_tlb_entry *fill)
{
	struct iomm_raw_walker walker = { .fetch = fetch, .data = soft };
	struct iomm_raw_result result;

	memcpy(walker.regs, at->regs, sizeof(walker.regs));
	if (iomm_raw_walk(at->format, &walker, iova, &result) ||
	    result.fault == IOMM_RAW_REGISTERS)
		return IOMM_FAULT_WALK;
	if (result.fault)
		return walk_fault(result.fault);
	*fill = (struct iomm_soft_tlb_entry){
		.valid = true,
		.prot = result.prot,
		.tag = at->tag,
		.page = iova / GRAIN,
		.iova = iova & ~(result.page_size - 1),
		.page_size = result.page_size,
		.paddr = result.paddr & ~(result.page_size - 1),
	};
	return 0;
}

/* Through the IOTLB. */
static uint32_t
look_up(struct iomm_soft *soft, const struct iomm_soft_setup *at, uint64_t iova,
	struct iomm_soft_tlb_entry *out)
{
	struct iomm_soft_tlb_entry *entry;
	uint32_t fault;

	entry = slot(soft, at->tag, iova);
	if (entry->valid && entry->tag == at->tag &&
	    entry->page == iova / GRAIN) {
		soft->stats.iotlb_hits++;
	} else {
		soft->stats.iotlb_misses++;
		fault = walk(soft, at, iova, entry);
		if (fault)
			return fault;
	}
	*out = *entry;
	return 0;
}

/* Answers an IOMM_FAULT_*, or 0 and where it comes out. The lock is held. */
static uint32_t
translate(struct iomm_soft *soft, struct iomm_soft_at at, uint64_t iova,
	  uint32_t access, struct iomm_soft_tlb_entry *out)
{
	const struct iomm_soft_entry *entry = iomm_soft_find(soft, at);
	uint32_t fault;

	if (entry && entry->setup.identity) {
		*out = (struct iomm_soft_tlb_entry){
			.prot = IOMM_PROT_READ | IOMM_PROT_WRITE,
			.iova = iova & ~(uint64_t)(GRAIN - 1),
			.page_size = GRAIN,
			.paddr = iova & ~(uint64_t)(GRAIN - 1),
		};
		return 0;
	}
	if (!entry || !entry->setup.format)
		return IOMM_FAULT_BLOCKED;
	fault = look_up(soft, &entry->setup, iova, out);
	if (fault)
		return fault;
	/* A device's accesses are unprivileged. */
	if ((out->prot & access) != access || out->prot & IOMM_PROT_PRIV)
		return IOMM_FAULT_PERMISSION;
	return 0;
}

/* One access that stays within a grain. */
struct access {
	struct iomm_soft_at at;
	uint64_t iova;
	uint32_t kind; /* IOMM_PROT_READ or _WRITE; the buffer is the other */
	unsigned char *buf;
	uint64_t bytes;
};

/*
 * Copying to and from memory that others may be using at the same time, as DMA
 * does: in words where the memory is aligned, each accessed once.
 */
static void
copy_in(unsigned char *to, const unsigned char *from, uint64_t bytes)
{
	uintptr_t word;

	while (bytes) {
		if (bytes < sizeof(word) || (uintptr_t)to % sizeof(word)) {
			__atomic_store_n(to++, *from++, __ATOMIC_RELAXED);
			bytes--;
			continue;
		}
		memcpy(&word, from, sizeof(word));
		__atomic_store_n((uintptr_t *)(void *)to, word,
				 __ATOMIC_RELAXED);
		to += sizeof(word);
		from += sizeof(word);
		bytes -= sizeof(word);
	}
}

static void copy_out(unsigned char *to, unsigned char *from, uint64_t bytes)
{
	uintptr_t word;

	while (bytes) {
		if (bytes < sizeof(word) || (uintptr_t)from % sizeof(word)) {
			*to++ = __atomic_load_n(from++, __ATOMIC_RELAXED);
			bytes--;
			continue;
		}
		word = __atomic_load_n((uintptr_t *)(void *)from,
				       __ATOMIC_RELAXED);
		memcpy(to, &word, sizeof(word));
		to += sizeof(word);
		from += sizeof(word);
		bytes -= sizeof(word);
	}
}

/* Does what lies in one piece of memory, which may be less than was asked for.
 * The lock is held. */
static uint32_t access_piece(struct iomm_soft *soft, struct access *a)
{
	struct iomm_soft_tlb_entry entry;
	unsigned char *memory;
	uint32_t fault = translate(soft, a->at, a->iova, a->kind, &entry);

	if (fault)
		return fault;
	memory = host_pointer(soft, entry.paddr + (a->iova - entry.iova),
			      &a->bytes);
	if (!memory)
		return IOMM_FAULT_ADDRESS;
	if (a->kind == IOMM_PROT_WRITE)
		copy_in(memory, a->buf, a->bytes);
	else
		copy_out(a->buf, memory, a->bytes);
	return 0;
}

/* Faults */

/* The instance to report to, with a reference; or NULL. Counts the fault. The
 * lock is held. */
static struct iomm_iommu *note_fault(struct iomm_soft *soft)
{
	struct iomm_iommu *instance = soft->instance;

	soft->stats.faults++;
	if (instance && iomm_object_get_unless_zero(&instance->obj))
		return instance;
	return NULL;
}

static const char *reason_name(uint32_t reason)
{
	static const char *const name[] = {
		[IOMM_FAULT_TRANSLATION] = "nothing is mapped there",
		[IOMM_FAULT_PERMISSION] = "the mapping does not allow it",
		[IOMM_FAULT_ADDRESS] = "there is no memory at the output",
		[IOMM_FAULT_ACCESS_FLAG] = "the access flag is clear",
		[IOMM_FAULT_WALK] = "a table could not be fetched",
		[IOMM_FAULT_BLOCKED] = "the ID is blocked",
	};

	return name[reason];
}

/* Tells the instance, then the caller. No lock is held. */
static int answer_fault(struct iomm_soft *soft, struct iomm_iommu *instance,
			const struct iomm_fault *fault, struct iomm_fault *out)
{
	const char *tried = fault->access & IOMM_PROT_WRITE ? "write" : "read";
	struct iomm_ctx *ctx = soft->obj.ctx;
	int err;

	/* A fault that nobody handles is logged there. */
	if (instance)
		(void)!iomm_iommu_report_fault(instance, fault);
	iomm_object_drop(instance);
	if (out) {
		err = iomm_struct_out(ctx, out, fault, sizeof(*fault),
				      IOMM_FAULT_SIZE_VER0, "iomm_fault");
		if (err)
			return err;
	}
	if (fault->pasid)
		return IOMM_FAIL(ctx, IOMM_EFAULT,
				 "ID %x cannot %s I/O address %x of PASID %u: "
				 "%s",
				 fault->id, IOMM_STR(tried), fault->iova,
				 fault->pasid,
				 IOMM_STR(reason_name(fault->reason)));
	return IOMM_FAIL(ctx, IOMM_EFAULT, "ID %x cannot %s I/O address %x: %s",
			 fault->id, IOMM_STR(tried), fault->iova,
			 IOMM_STR(reason_name(fault->reason)));
}

/* Before the access is made, since it cannot be unmade. */
static int check_fault(struct iomm_soft *soft, const struct iomm_fault *out)
{
	return out ? iomm_check_size(soft->obj.ctx, out->size,
				     IOMM_FAULT_SIZE_VER0, "iomm_fault")
		   : 0;
}

/* The calls */

static int access_all(struct iomm_soft *soft, struct access *a, uint64_t bytes,
		      struct iomm_fault *out)
{
	struct iomm_iommu *instance = NULL;
	struct iomm_fault fault = { .size = sizeof(fault) };

	for (; bytes;
	     bytes -= a->bytes, a->buf += a->bytes, a->iova += a->bytes) {
		a->bytes = GRAIN - (a->iova & (GRAIN - 1));
		a->bytes = bytes < a->bytes ? bytes : a->bytes;
		iomm_lock(soft->obj.ctx, &soft->lock);
		fault.reason = access_piece(soft, a);
		if (fault.reason)
			instance = note_fault(soft);
		iomm_unlock(soft->obj.ctx, &soft->lock);
		if (!fault.reason)
			continue;
		fault.id = a->at.id;
		fault.pasid = a->at.pasid;
		fault.iova = a->iova;
		fault.access = a->kind;
		return answer_fault(soft, instance, &fault, out);
	}
	return 0;
}

static int check_access(struct iomm_soft *soft, const struct access *a,
			uint64_t bytes, const struct iomm_fault *fault)
{
	if (!a->buf || !bytes || bytes > SIZE_MAX ||
	    a->iova + (bytes - 1) < a->iova)
		return IOMM_FAIL(soft->obj.ctx, IOMM_EINVAL,
				 "an access of %u bytes at I/O address %x: no "
				 "buffer, empty, or it wraps",
				 bytes, a->iova);
	return check_fault(soft, fault);
}

static int do_access(struct iomm_soft *soft, struct access *a, uint64_t bytes,
		     struct iomm_fault *fault)
{
	int err;

	if (!iomm_handle_ok(soft, &iomm_soft_type))
		return -IOMM_EINVAL;
	iomm_enter(soft->obj.ctx);
	err = check_access(soft, a, bytes, fault);
	if (!err)
		err = access_all(soft, a, bytes, fault);
	return iomm_leave(soft->obj.ctx, err);
}

int iomm_soft_read(struct iomm_soft *soft, uint64_t id, uint32_t pasid,
		   uint64_t iova, void *buf, uint64_t bytes,
		   struct iomm_fault *fault)
{
	struct access a = { .at = { id, pasid },
			    .iova = iova,
			    .kind = IOMM_PROT_READ,
			    .buf = buf };

	return do_access(soft, &a, bytes, fault);
}

int iomm_soft_write(struct iomm_soft *soft, uint64_t id, uint32_t pasid,
		    uint64_t iova, const void *buf, uint64_t bytes,
		    struct iomm_fault *fault)
{
	/* A write only reads the buffer. */
	struct access a = { .at = { id, pasid },
			    .iova = iova,
			    .kind = IOMM_PROT_WRITE,
			    .buf = (unsigned char *)(uintptr_t)buf };

	return do_access(soft, &a, bytes, fault);
}

static int
do_translate(struct iomm_soft *soft, struct iomm_soft_at at, uint64_t iova,
	     uint32_t access, struct iomm_translation *out,
	     struct iomm_fault *fault_out)
{
	struct iomm_fault fault = { .size = sizeof(fault),
				    .id = at.id,
				    .pasid = at.pasid,
				    .iova = iova,
				    .access = access };
	struct iomm_translation answer = { .size = sizeof(answer) };
	struct iomm_soft_tlb_entry entry;
	struct iomm_iommu *instance = NULL;

	iomm_lock(soft->obj.ctx, &soft->lock);
	fault.reason = translate(soft, at, iova, access, &entry);
	if (fault.reason) {
		instance = note_fault(soft);
	} else {
		answer.prot = entry.prot;
		answer.paddr = entry.paddr + (iova - entry.iova);
		answer.page_size = entry.page_size;
	}
	iomm_unlock(soft->obj.ctx, &soft->lock);
	if (fault.reason)
		return answer_fault(soft, instance, &fault, fault_out);
	return iomm_struct_out(soft->obj.ctx, out, &answer, sizeof(answer),
			       IOMM_TRANSLATION_SIZE_VER0, "iomm_translation");
}

int iomm_soft_translate(struct iomm_soft *soft, uint64_t id, uint32_t pasid,
			uint64_t iova, uint32_t access,
			struct iomm_translation *out, struct iomm_fault *fault)
{
	struct iomm_soft_at at = { id, pasid };
	struct iomm_ctx *ctx;
	int err;

	if (!iomm_handle_ok(soft, &iomm_soft_type))
		return -IOMM_EINVAL;
	ctx = soft->obj.ctx;
	if (!out)
		return iomm_fail_null(ctx, "iomm_soft_translate");
	if (!access)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "a translation asks for READ, WRITE, or both");
	err = iomm_check_bits(ctx, access, IOMM_PROT_READ | IOMM_PROT_WRITE,
			      "the access of iomm_soft_translate");
	if (!err)
		err = iomm_check_size(ctx, out->size,
				      IOMM_TRANSLATION_SIZE_VER0,
				      "iomm_translation");
	if (!err)
		err = check_fault(soft, fault);
	if (err)
		return err;
	iomm_enter(ctx);
	return iomm_leave(ctx,
			  do_translate(soft, at, iova, access, out, fault));
}
