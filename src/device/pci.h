/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A PCI topology, as the library sees it. */
#ifndef IOMM_DEVICE_PCI_H
#define IOMM_DEVICE_PCI_H

#include <iomm/pci.h>

#include "base/ctx.h"

/* An index into the functions, plus 1; 0 is a free slot. Open addressing, at
 * most half full. */
struct iomm_pci_table {
	uint32_t *slots;
	uint32_t mask;
};

struct iomm_pci {
	struct iomm_object obj;
	struct iomm_pci_function *functions;
	uint32_t nr_functions;
	uint8_t *aliases; /* all of them, one function's after the other's */
	uint64_t nr_aliases;
	struct iomm_pci_table by_rid;
	struct iomm_pci_table by_bus; /* bridges, by their secondary bus */
};

extern const struct iomm_object_type iomm_pci_type;

/* Is it NULL, or a topology of this context? EINVAL. */
int iomm_pci_check(struct iomm_ctx *ctx, const struct iomm_pci *pci);

/* The function with an ID, and the bridge to a bus; NULL: there is none. */
const struct iomm_pci_function *
iomm_pci_find(const struct iomm_pci *pci, uint32_t segment, uint32_t rid);
const struct iomm_pci_function *
iomm_pci_bridge_to(const struct iomm_pci *pci, uint32_t segment, uint32_t bus);
/* The function with an ID, if that is a bridge; else NULL. */
const struct iomm_pci_function *
iomm_pci_bridge_at(const struct iomm_pci *pci, uint32_t segment, uint32_t rid);

/* The innermost bridge that has the bus below it; NULL: it is a root's. Virtual
 * functions are on buses to which no bridge leads directly. */
const struct iomm_pci_function *
iomm_pci_above(const struct iomm_pci *pci, uint32_t segment, uint32_t bus);

/* The requester IDs of iomm_pci_aliases(), without their segment: fills up to
 * `room`, and answers how many there are. */
uint32_t iomm_pci_inputs(const struct iomm_pci *pci, uint32_t segment,
			 uint32_t rid, uint64_t *inputs, uint32_t room);

/* What is known of a vendor's device that its configuration space does not say;
 * see pci_quirks.c. */
enum {
	/* DMA comes as from this function of the same device. */
	IOMM_PCI_QUIRK_FUNCTION,
	/* DMA comes as from this device and function, too. */
	IOMM_PCI_QUIRK_DEVFN,
	/* DMA comes as from any device of the bus, and its first functions. */
	IOMM_PCI_QUIRK_ANY_DEVICE,
	/* It is a PCIe-to-PCI bridge without a PCI Express capability. */
	IOMM_PCI_QUIRK_PCIE_TO_PCI,
	/* It is above the IOMMU that translates for what is below it. */
	IOMM_PCI_QUIRK_TRANSLATION_ROOT,
};

struct iomm_pci_quirk {
	uint16_t vendor, device;
	uint16_t subsystem_vendor, subsystem; /* 0: any */
	uint8_t what;
	uint8_t value;
};

/* The next quirk of a function after `prev`, the first for NULL. */
const struct iomm_pci_quirk *
iomm_pci_quirk_next(const struct iomm_pci_function *function,
		    const struct iomm_pci_quirk *prev);

#endif
