/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * ACPI tables that say who stands behind which IOMMU. Each table has a reader;
 * what they have in common is here: nodes, places, sentences.
 *
 * Structure (lengths, offsets, names) is checked once, when a source is made,
 * so that a later look reads nothing beyond its table. Meaning (references,
 * ranges that overlap) is checked when somebody asks: what is wrong with one
 * device is no harm to the others.
 */
#ifndef IOMM_DEVICE_ACPI_ACPI_H
#define IOMM_DEVICE_ACPI_ACPI_H

#include "device/firmware.h"

enum {
	ACPI_IORT,
	ACPI_DMAR,
	ACPI_IVRS,
	ACPI_VIOT,
	ACPI_RIMT,
	ACPI_NR_TABLES
};

/* A copy of a table; `bytes` is NULL when there is none. */
struct acpi_table {
	uint8_t *bytes;
	uint32_t length;
	uint32_t first, end; /* of its structures, once they were checked */
	uint32_t length_at;  /* where in a structure its length is */
};

/* What a table's header is followed by starts here. */
#define ACPI_HEADER    36u
/* The bytes that a table may have. Large machines have tables of 64 KiB. */
#define ACPI_MAX_TABLE (1u << 18)
/* A name, its terminator included. */
#define ACPI_NAME      256u
/* More PCI segments than a machine has. */
#define ACPI_SEGMENTS  256u

/* What a node is. */
enum {
	ACPI_SEGMENT, /* of PCI, in whichever tables; `number` says which */
	ACPI_IOMMU,
	ACPI_DEVICE,  /* with a name of its own */
	ACPI_SPECIAL, /* an interrupt controller or timer; `number` is its ID */
};

struct acpi_node {
	uint8_t kind;
	uint8_t table; /* not for segments */
	uint16_t number;
	uint32_t flags;	 /* IOMM_NODE_* */
	uint32_t offset; /* in the table; not for segments */
	bool incoherent; /* a table says so of the segment */
};

/* A node's key is its place in the array, from 1. */
struct acpi_source {
	struct iomm_ctx *ctx;
	struct iomm_pci *pci; /* the functions that there are, or NULL */
	struct acpi_table tables[ACPI_NR_TABLES];
	struct acpi_node *nodes;
	uint32_t nr_nodes, room;
	uint32_t segments[ACPI_SEGMENTS]; /* keys */
	uint32_t nr_segments;
};

/* Who is asked about: a PCI function, or a node of its own. */
struct acpi_question {
	const struct acpi_source *source;
	const struct acpi_table *table; /* of the reader that is asked */
	struct iomm_fwspec_builder *builder;
	const struct acpi_node *node;
	bool has_input;
	uint32_t input; /* 16 bits for a PCI function */
	bool limited;	/* acpi_limit() was called */
};

struct acpi_reader {
	char signature[5];
	uint8_t first_revision;
	uint8_t header;	   /* bytes before the first structure can be */
	uint8_t structure; /* bytes that each structure has */
	uint8_t length_at; /* where its length is, in 16 bits */
	uint8_t cells;	   /* of a specifier */
	/* Where the structures start, and how many there are. NULL: right
	 * behind the header, and up to the end. */
	void (*structures)(const struct acpi_table *table, uint32_t *first,
			   uint32_t *count);
	/* Is one of them what it should be? It ends within the table. */
	int (*check)(const struct acpi_source *source,
		     const struct acpi_table *table, uint32_t at);
	/* All were checked: adds the nodes that one stands for. */
	int (*add)(struct acpi_source *source, const struct acpi_table *table,
		   uint32_t at);
	/* A node's name; not for segments. The buffer has ACPI_NAME bytes. */
	void (*name)(const struct acpi_source *source,
		     const struct acpi_node *node, char *buf);
	/* An IOMMU's registers, if it has such that the table knows of. */
	void (*registers)(const struct acpi_table *table, uint32_t offset,
			  struct iomm_node_info *info);
	/* What an IOMMU is, in the words of device trees; x86 has no bindings,
	 * and its names are our own. */
	const char *(*compatible)(const struct acpi_table *table,
				  uint32_t offset);
	/* Answers for a PCI function: 1, or 0 when the table is silent. */
	int (*function)(struct acpi_question *q);
	/* Answers for a node that is a device. */
	int (*device)(struct acpi_question *q);
};

extern const struct acpi_reader iomm_acpi_iort;
extern const struct acpi_reader iomm_acpi_dmar;
extern const struct acpi_reader iomm_acpi_ivrs;
extern const struct acpi_reader iomm_acpi_viot;
extern const struct acpi_reader iomm_acpi_rimt;
extern const struct acpi_reader *const iomm_acpi_readers[ACPI_NR_TABLES];

/* Little-endian fields at any address; the caller knows that they are within
 * the table. */
static inline uint8_t acpi_u8(const struct acpi_table *table, uint32_t offset)
{
	return table->bytes[offset];
}

static inline uint16_t acpi_u16(const struct acpi_table *table, uint32_t offset)
{
	const uint8_t *at = table->bytes + offset;

	return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t acpi_u32(const struct acpi_table *table, uint32_t offset)
{
	return acpi_u16(table, offset) | (uint32_t)acpi_u16(table, offset + 2)
						 << 16;
}

static inline uint64_t acpi_u64(const struct acpi_table *table, uint32_t offset)
{
	return acpi_u32(table, offset) | (uint64_t)acpi_u32(table, offset + 4)
						 << 32;
}

static inline uint8_t acpi_revision(const struct acpi_table *table)
{
	return acpi_u8(table, 8);
}

static inline uint32_t
acpi_end(const struct acpi_table *table, uint32_t structure)
{
	return structure + acpi_u16(table, structure + table->length_at);
}

/* The structures one after the other, from offset 0 on; false behind the
 * last. */
static inline bool acpi_next(const struct acpi_table *table, uint32_t *at)
{
	*at = *at ? acpi_end(table, *at) : table->first;
	return *at < table->end;
}

/* What there is at a place, for its text. */
enum {
	ACPI_AT_STRUCTURE,
	ACPI_AT_MAPPING,
	ACPI_AT_MEMORY,
	ACPI_AT_SCOPE,
	ACPI_AT_ENTRY,
	ACPI_AT_KINDS
};

uint64_t
iomm_acpi_place(const struct acpi_source *source,
		const struct acpi_table *table, uint32_t what, uint32_t offset);

/* Formats a failure that names the table and the offset in it. */
#define ACPI_FAIL(source, table, offset, code, ...)         \
	iomm_acpi_fail((source), (table), (offset), (code), \
		       IOMM_TEXT(__VA_ARGS__))
int iomm_acpi_fail(const struct acpi_source *source,
		   const struct acpi_table *table, uint32_t offset, int code,
		   const uint64_t *text);

/* A failure about the one who is asked for. */
#define ACPI_FAIL_FOR(q, code, ...) \
	iomm_acpi_fail_for((q), (code), IOMM_TEXT(__VA_ARGS__))
int iomm_acpi_fail_for(const struct acpi_question *q, int code,
		       const uint64_t *text);

/* Indexing */

/* Checks the structures of a table, and adds its nodes. */
int iomm_acpi_index(struct acpi_source *source, uint32_t table);

int iomm_acpi_add_node(struct acpi_source *source, struct acpi_node node);
/* A segment is coherent when a table says so, and none that it is not. */
enum {
	ACPI_INCOHERENT,
	ACPI_COHERENT,
	ACPI_UNKNOWN /* it is for _CCA to say, which is in no such table */
};
int iomm_acpi_add_segment(struct acpi_source *source, uint16_t segment,
			  int coherence);

/* Are `bytes` there from `offset` on, before `end`? Else a failure. */
int iomm_acpi_room(const struct acpi_source *source,
		   const struct acpi_table *table, uint32_t offset,
		   uint64_t bytes, uint32_t end, const char *what);

/* A terminated name of printable characters between two offsets. */
int iomm_acpi_check_name(const struct acpi_source *source,
			 const struct acpi_table *table, uint32_t offset,
			 uint32_t end);
static inline const char *
acpi_string(const struct acpi_table *table, uint32_t offset)
{
	return (const char *)table->bytes + offset;
}

/* "0001:02:03.4" */
#define ACPI_BDF 13u
void iomm_acpi_bdf(char *buf, uint16_t segment, uint16_t bdf);

/* Answering */

/* The key of the IOMMU at an offset of the table that is asked; 0: there is
 * none. */
uint32_t iomm_acpi_iommu(const struct acpi_question *q, uint32_t offset);

int iomm_acpi_add(struct acpi_question *q, uint32_t offset,
		  const uint32_t *cells, uint32_t nr_cells, uint32_t what,
		  uint32_t place);

/* Adds a region of `bytes` from `first` on; EINVAL when that is none. */
int iomm_acpi_add_region(struct acpi_question *q, uint32_t kind, uint64_t first,
			 uint64_t bytes, uint32_t prot, uint32_t what,
			 uint32_t place);

/* IOMM_FWSPEC_COHERENT, if that is known of the segment that is asked for. */
static inline uint32_t acpi_coherent(const struct acpi_question *q)
{
	return q->node->flags & IOMM_NODE_COHERENT ? IOMM_FWSPEC_COHERENT : 0;
}

/* Notes flags and widths. Of a device with several IDs that differ in them,
 * what is true of all of them stays. */
void iomm_acpi_limit(struct acpi_question *q, uint32_t flags,
		     uint32_t pasid_bits, uint32_t address_bits);

#endif
